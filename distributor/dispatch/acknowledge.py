"""签收, 退回 and 签收 by phone: what people say about a copy, kept as receipts with an entry in the audit log.

Only a person's own doing comes here; whoever calls has made sure of that. The first 签收 of a copy counts, and every
later one gives it back.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

from distributor.delivery.evidence import Kind
from distributor.store import audit
from distributor.store.database import Connection
from distributor.store.receipts import Added, add_receipt

PAGE = "page"
PHONE = "phone"
WECOM = "wecom"


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said beside the 签收. `name` is who signed; `for_whom` the person for whom that one signed.

    `reader` is another member's account, whom WeCom recognised on the page (代阅).
    """

    name: str = ""
    remark: str = ""
    for_whom: str = ""
    reader: str = ""

    def details(self) -> dict[str, object]:
        """As a receipt keeps it; empty fields are left out."""
        given = {"name": self.name, "remark": self.remark, "for": self.for_whom, "reader": self.reader}
        return {key: value for key, value in given.items() if value}


def sign(conn: Connection, delivery_id: str, word: Word, *, now: dt.datetime) -> Added:
    """签收 on the page. The second time changes nothing and gives the first."""
    return _add(conn, Kind.SIGNED, delivery_id, "", word.details(), source=PAGE, actor=PAGE, now=now)


def sign_as(conn: Connection, delivery_id: str, member: str, word: Word, *, now: dt.datetime) -> Added:
    """签收 on the page by the member whom WeCom has recognised as the one it was sent to. The first time counts."""
    details = {**word.details(), "member": member}
    return _add(conn, Kind.IDENTIFIED, delivery_id, "", details, source=PAGE, actor=PAGE, now=now)


def press(conn: Connection, delivery_id: str, member: str, *, now: dt.datetime) -> Added:
    """签收 by the button of a WeCom card; the platform names the `member` who pressed it. The first time counts."""
    return _add(conn, Kind.IDENTIFIED, delivery_id, "", {"member": member}, source=WECOM, actor=WECOM, now=now)


def send_back(conn: Connection, delivery_id: str, reason: str, word: Word, *, press: str, now: dt.datetime) -> Added:
    """退回 with a reason; `press` tells one press of the button from the next."""
    details = {**word.details(), "reason": reason}
    return _add(conn, Kind.RETURNED, delivery_id, press, details, source=PAGE, actor=PAGE, now=now)


def note_call(conn: Connection, delivery_id: str, word: Word, *, actor: str, now: dt.datetime) -> Added:
    """签收 by phone, as `actor` noted it; on a rung of its own."""
    details = {**word.details(), "noted_by": actor}
    return _add(conn, Kind.PHONED, delivery_id, "", details, source=PHONE, actor=actor, now=now)


def _add(
    conn: Connection,
    kind: Kind,
    delivery_id: str,
    press: str,
    details: dict[str, object],
    *,
    source: str,
    actor: str,
    now: dt.datetime,
) -> Added:
    digest = hashlib.sha256(f"{kind}|{delivery_id}|{press}".encode()).hexdigest()
    added = add_receipt(
        conn, kind, delivery_id=delivery_id, source=source, digest=digest, at=now, now=now, details=details
    )
    if added.new:
        audit.append(conn, f"receipt.{kind}", f"delivery:{delivery_id}", details, actor, now)
    return added
