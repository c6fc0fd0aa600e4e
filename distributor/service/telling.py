"""What the log tells of a bulletin on its way, and what the editors hear: holds, copies in doubt, people not reached.

The story of a bulletin is five lines: `inbox.taken`, `bulletin.due`, `send.begun`, `send.ended`, `bulletin.finished`.
Where a limit or trouble makes it wait, it begins and ends more than once; due and finished stay one line each.
"""

import datetime as dt
from collections.abc import Collection

from distributor.delivery.outcome import Outcome
from distributor.dispatch.reconcile import resend_unknown
from distributor.log import log
from distributor.reports.naming import short_name
from distributor.service.memory import give_back
from distributor.service.office import Office
from distributor.service.stumbling import AGAIN
from distributor.settings.channels import every_account
from distributor.store.bulletins import get_bulletin
from distributor.store.counts import due_by_group, refused_by_group, was_begun
from distributor.store.deliveries import books, books_by_dispatch, bulletins_in_doubt
from distributor.store.dispatches import dispatches_of
from distributor.store.records import Books, BulletinRecord
from distributor.web.health import NO_ACCOUNT
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


def announce(office: Office, bulletin_ids: Collection[int], *, account: str) -> None:
    """Logs that the hour of bulletins has come, when none of their copies was ever claimed, and that sending begins."""
    for bulletin_id in bulletin_ids:
        with office.database.read() as conn:
            record = get_bulletin(conn, bulletin_id)
            groups = due_by_group(conn, bulletin_id, now=office.clock())
            begun = was_begun(conn, bulletin_id)
        if not begun:
            due = record.released_at and record.released_at.astimezone(office.settings.zone)
            _log.info(
                "bulletin.due", bulletin=bulletin_id, label=record.title, due=due and due.isoformat(timespec="seconds")
            )
        _log.info("send.begun", bulletin=bulletin_id, account=account, due=groups)


def tell_left_alone(office: Office, account: str, outcome: Outcome) -> None:
    """Tells of an account that nothing goes by for a while, after trouble with it."""
    what = words("The mail account {account} is left alone for a while: {reply}", account=account, reply=outcome.reply)
    office.tell(f"account:{account}", what)


def miss_account(office: Office) -> None:
    """Tells when there is no mail account, once for each reading of the settings: nothing can be sent then."""
    if office.searched is office.settings:
        return
    office.searched = office.settings
    if not every_account(office.settings):
        what = words(
            "{trouble} Write one into distributor.toml, under [smtp.main]; until then letters wait.", trouble=NO_ACCOUNT
        )
        _log.warning("service.no_account", file=str(office.file))
        office.tell("no_account", what, repeats=False)


def tell_of_stumble(office: Office) -> None:
    """Tells of duties that could not be done for a while, now that they can be: nobody could be told before."""
    over = office.stumbling.went_well()
    if over is None or over.length < AGAIN:
        return
    since, until = (f"{at.astimezone(office.settings.zone):%Y-%m-%d %H:%M:%S}" for at in (over.since, over.until))
    _log.info("tick.recovered", since=over.since.isoformat(), until=over.until.isoformat())
    what = words(
        "From {since} to {until} the service could take nothing in and send nothing: {error}",
        since=since,
        until=until,
        error=over.what,
    )
    office.tell("stumbled", what)


def report(office: Office, bulletin_id: int) -> None:
    """Logs where a bulletin stands after a round, and tells what of it needs a person."""
    with office.database.read() as conn:
        record = get_bulletin(conn, bulletin_id)
        title, name = record.title, short_name(conn, record)
        count = books(conn, bulletin_id)
        letters = dispatches_of(conn, bulletin_id)
        by_letter = books_by_dispatch(conn, bulletin_id)
        refused = refused_by_group(conn, bulletin_id)
    holds = [(one.group, one.hold) for one in letters if one.hold]
    states = {state.value: number for state, number in count.by_state.items()}
    reached = {one.group: f"{by_letter[one.id].reached}/{by_letter[one.id].planned}" for one in letters}
    _log.info(
        "send.ended",
        bulletin=bulletin_id,
        planned=count.planned,
        finished=count.finished,
        **states,
        reached=reached,
    )
    if count.finished:
        give_back()
        _log.info("bulletin.finished", bulletin=bulletin_id, label=title, planned=count.planned, **states)
    for group, reason in holds:
        office.tell(
            f"hold:{bulletin_id}:{group}",
            words("{label}: the letter to {group} is on hold ({reason}).", label=title, group=group, reason=reason),
        )
    for group, copies in refused.items():
        if group not in dict(holds):
            what = words(
                "{label}: copies of the letter to {group} that were refused for their content and wait: {count}. "
                "`distributor status` shows the replies; if they should go: distributor resume #{id}",
                label=title,
                count=copies,
                group=group,
                id=bulletin_id,
            )
            office.tell(f"refused:{bulletin_id}:{group}:{copies}", what, repeats=False)
    _tell(office, record, name, count)


def tell_of_losses(office: Office, bulletin_ids: Collection[int]) -> None:
    """Tells of copies in doubt and of people who were not reached; each count once."""
    for bulletin_id in bulletin_ids:
        with office.database.read() as conn:
            record, count = get_bulletin(conn, bulletin_id), books(conn, bulletin_id)
            name = short_name(conn, record)
        _tell(office, record, name, count)


def _tell(office: Office, record: BulletinRecord, name: str, count: Books) -> None:
    if count.unknown:
        what = words(
            "{label}: {count} in doubt. `distributor status {bulletin}` shows who; "
            "ask them, then `distributor resolve`.",
            label=record.title,
            count=count.unknown,
            bulletin=name,
        )
        office.tell(f"unknown:{record.id}:{count.unknown}", what, repeats=False)
    if count.missed:
        what = words(
            "{label}: {count} not reached. `distributor status {bulletin}` shows who and why.",
            label=record.title,
            count=count.missed,
            bulletin=name,
        )
        office.tell(f"missed:{record.id}:{count.missed}", what, repeats=False)
