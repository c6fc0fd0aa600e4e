"""What comes back in a demo, because nobody else is there to answer: a delivery report, a read report and a 签收.

The two reports are mails in wire form that go the way of real ones; the 签收 is pressed over HTTP on the page that a
letter leads to. All three say in words that they are simulated (模拟).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from distributor.cli.demo.browser import Visited, link_in, sign_at
from distributor.cli.desk import Desk
from distributor.cli.progress import state_name
from distributor.cli.tables import plain_table
from distributor.delivery.evidence import evidence_of
from distributor.dispatch.mailroom import take_in
from distributor.errors import Unavailable
from distributor.receipts.simulated import simulated_dsn, simulated_mdn
from distributor.receipts.tokens import Purpose
from distributor.recipients.model import Acknowledge
from distributor.reports.evidence_words import RUNGS
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import dispatches_of
from distributor.store.receipt_records import receipts_of_bulletin, signs_of
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.words import Words, say, words

#: Stands wherever something of a demo might be taken for real.
SIMULATED = "模拟"

REPORT = words("模拟: the recipient's mail server reports arrival (DSN)")
READING = words("模拟: the recipient's mail program reports reading (MDN)")
PRESSED = words("模拟: 签收 was pressed on the reader's page")


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answered how, by delivery id, and what the reader saw."""

    how: Mapping[str, Words]
    visited: Visited | None


def answer_letters(
    desk: Desk, database: Database, record: BulletinRecord, letters: Mapping[str, bytes], folder: Path
) -> Answered:
    """Answers three of the letters, named by address; the reports are kept under the folder as .eml files."""
    with database.read() as conn:
        copies = [copy for copy in deliveries_of(conn, record.id) if copy.address in letters]
        asked = {one.id for one in dispatches_of(conn, record.id) if one.manners.acknowledge is not Acknowledge.NEVER}
    signers = [copy for copy in copies if copy.dispatch_id in asked and link_in(letters[copy.address])]
    others = [copy for copy in copies if copy not in signers[:1]]
    how: dict[str, Words] = {}
    for name, what in (("dsn", REPORT), ("mdn", READING)):
        # Superiors' mail programs are not asked whether somebody has read.
        copy = next((one for one in others if name == "dsn" or one.direction != "报"), None)
        if copy is None:
            continue
        others.remove(copy)
        report = _report(desk, name, copy, letters[copy.address])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.eml").write_bytes(report)
        with database.write() as conn:
            take_in(conn, report, desk.key, arrived_at=desk.now, now=desk.now)
        how[copy.id] = what
    visited = None
    for copy in signers[:1]:
        visited = _sign(link_in(letters[copy.address]), f"{copy.name}（{SIMULATED}）")
        how[copy.id] = PRESSED
    return Answered(how, visited)


def show_answers(desk: Desk, database: Database, record: BulletinRecord, answered: Answered) -> None:
    """Who answered how, and the rung of the ladder that it proves."""
    with database.read() as conn:
        copies = [copy for copy in deliveries_of(conn, record.id) if copy.id in answered.how]
        receipts = receipts_of_bulletin(conn, record.id)
    desk.say(words("Nobody else is here to answer, so the demo does; this is simulated (模拟):"), style="bold")
    table = plain_table(say("unit"), say("name"), say("group"), say("state"), say("evidence"), say("what came back"))
    for copy in copies:
        rung = evidence_of(copy.state, copy.reason, (sign.kind for sign in signs_of(receipts.get(copy.id, ()))))
        cells = (copy.unit, copy.name, copy.group, state_name(copy.state), str(RUNGS[rung]), str(answered.how[copy.id]))
        table.add_row(*map(escape, cells))
    desk.console.print(table)


def _report(desk: Desk, name: str, copy: DeliveryRecord, letter: bytes) -> bytes:
    if name == "dsn":
        return simulated_dsn(letter, envid=desk.key.token(Purpose.ENVELOPE, copy.id), now=desk.now)
    return simulated_mdn(letter, now=desk.now)


def _sign(link: str, name: str) -> Visited:
    try:
        return sign_at(link, name)
    except OSError as error:
        raise Unavailable(
            words("The demo's own page did not take the 签收: {reason}.", reason=error),
            do=words("The letters have gone out. `distributor demo --fresh` starts over."),
        ) from error
