"""What the editors hear of bulletins: letters on hold, copies in doubt, people who were not reached."""

import datetime as dt
from collections.abc import Collection

from distributor.dispatch.reconcile import resend_unknown
from distributor.log import log
from distributor.service.office import Office
from distributor.store.bulletins import get_bulletin
from distributor.store.deliveries import books, bulletins_in_doubt
from distributor.store.dispatches import dispatches_of
from distributor.store.records import Books
from distributor.words import words

_log = log("sending")


def settle_doubts(office: Office, *, now: dt.datetime) -> None:
    """Queues copies in doubt again where the group says so, and tells of the others. For the end of a stop."""
    with office.database.read() as conn:
        doubtful = bulletins_in_doubt(conn)
    if not doubtful:
        return
    with office.database.write() as conn:
        resend_unknown(conn, doubtful, now=now)
    tell_of_losses(office, doubtful)


def report(office: Office, bulletin_id: int) -> None:
    """Logs where a bulletin stands after a round, and tells what of it needs a person."""
    with office.database.read() as conn:
        title = get_bulletin(conn, bulletin_id).title
        count = books(conn, bulletin_id)
        holds = [(one.group, one.hold) for one in dispatches_of(conn, bulletin_id) if one.hold]
    states = {state.value: number for state, number in count.by_state.items()}
    _log.info("send.ended", bulletin=bulletin_id, planned=count.planned, finished=count.finished, **states)
    for group, reason in holds:
        office.tell(
            f"hold:{bulletin_id}:{group}",
            words("{label}: the letter to {group} is on hold ({reason}).", label=title, group=group, reason=reason),
        )
    _tell(office, bulletin_id, title, count)


def tell_of_losses(office: Office, bulletin_ids: Collection[int]) -> None:
    """Tells of copies in doubt and of people who were not reached; each count once."""
    for bulletin_id in bulletin_ids:
        with office.database.read() as conn:
            title, count = get_bulletin(conn, bulletin_id).title, books(conn, bulletin_id)
        _tell(office, bulletin_id, title, count)


def _tell(office: Office, bulletin_id: int, title: str, count: Books) -> None:
    if count.unknown:
        what = words("{label}: {count} in doubt. `distributor resolve` settles them.", label=title, count=count.unknown)
        office.tell(f"unknown:{bulletin_id}:{count.unknown}", what, repeats=False)
    if count.missed:
        what = words("{label}: {count} not reached. `distributor status` shows them.", label=title, count=count.missed)
        office.tell(f"missed:{bulletin_id}:{count.missed}", what, repeats=False)
