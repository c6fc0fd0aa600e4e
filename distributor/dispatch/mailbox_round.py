"""Reads what has come into the mailbox since the last time: one mail, one transaction, then the server is told.

A crash between the two leaves the mail unsettled and it is settled at the next round; a mail that breaks its
taking-in is tried three times and then put aside, and the mails behind it do not wait for that. When the server
begins a new UIDVALIDITY, everything is looked at again and nothing counts twice.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from distributor.dispatch.mailroom import Booked, Unreadable, take_in
from distributor.errors import Unavailable
from distributor.log import log
from distributor.receipts.mailbox import Folder, MailboxTrouble, MailGone
from distributor.receipts.tokens import TokenKey
from distributor.settings import MailboxSettings
from distributor.store import mailboxes
from distributor.store.database import Connection, Database

_log = log("mailbox")

#: Settled mails are remembered for so long, for people who look.
REMEMBERED = dt.timedelta(days=30)

#: Mails of one round; the rest comes in the next one, so that a stop is never far.
AT_ONCE = 200


@dataclass(slots=True)
class Round:
    """What one round came to."""

    seen: int = 0
    booked: list[Booked] = field(default_factory=list)
    quarantined: list[int] = field(default_factory=list)
    #: Mails that the server does not let us mark or move, with its words.
    stuck: str = ""
    more: bool = False


def read_round(
    database: Database,
    folder: Folder,
    settings: MailboxSettings,
    key: TokenKey,
    *,
    clock: Callable[[], dt.datetime],
    stop: Callable[[], bool] = lambda: False,
) -> Round:
    """Reads what is new. Raises `MailboxTrouble` when the line fails and `Unavailable` when the database does."""
    done = Round()
    _settle(database, folder, settings.name, done)
    for uid in _uids(database, folder, settings, done, now=clock()):
        if stop():
            break
        _read_one(database, folder, settings.name, key, uid, done, clock=clock)
    _settle(database, folder, settings.name, done)
    now = clock()
    with database.write() as conn:
        cursor = mailboxes.cursor_of(conn, settings.name)
        last = cursor.last_uid if cursor.validity == folder.validity else 0
        mailboxes.advance_cursor(conn, settings.name, validity=folder.validity, last_uid=last, now=now)
        mailboxes.forget_mails(conn, settings.name, validity=folder.validity, before=now - REMEMBERED)
    return done


def _uids(
    database: Database, folder: Folder, settings: MailboxSettings, done: Round, *, now: dt.datetime
) -> Iterator[int]:
    """Those that failed before, then those above the cursor."""
    with database.read() as conn:
        cursor = mailboxes.cursor_of(conn, settings.name)
        again = mailboxes.failed_mails(conn, settings.name, folder.validity)
    same = cursor.validity == folder.validity
    since = None if same else (now - settings.history).date()
    new = folder.uids_after(cursor.last_uid if same else 0, since=since)
    done.more = len(new) > AT_ONCE
    yield from again
    yield from new[:AT_ONCE]


def _read_one(
    database: Database,
    folder: Folder,
    name: str,
    key: TokenKey,
    uid: int,
    done: Round,
    *,
    clock: Callable[[], dt.datetime],
) -> None:
    """Takes one mail in and moves the cursor over it, in one transaction."""
    done.seen += 1
    now = clock()
    try:
        mail = folder.fetch(uid)
        with database.write() as conn:
            booked = take_in(conn, mail.raw, key, arrived_at=mail.arrived_at, now=now)
            if booked.ours:
                mailboxes.take_mail(conn, name, folder.validity, uid, now=now)
            else:
                mailboxes.drop_mail(conn, name, folder.validity, uid)
            _pass_over(conn, name, folder.validity, uid, now)
    except MailGone:
        with database.write() as conn:
            mailboxes.drop_mail(conn, name, folder.validity, uid)
            _pass_over(conn, name, folder.validity, uid, now)
    except (MailboxTrouble, Unavailable):
        raise
    except Exception as error:  # one mail, from anybody, must not keep the others waiting
        _failed(database, name, folder.validity, uid, error, done, now=now)
    else:
        if booked.ours:
            done.booked.append(booked)


def _failed(
    database: Database, name: str, validity: int, uid: int, error: Exception, done: Round, *, now: dt.datetime
) -> None:
    what = "unreadable" if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
    with database.write() as conn:
        tries = mailboxes.fail_mail(conn, name, validity, uid, what, now=now)
        _pass_over(conn, name, validity, uid, now)
    _log.warning("mailbox.failed", uid=uid, tries=tries, what=what)
    if tries >= mailboxes.TRIES:
        done.quarantined.append(uid)


def _pass_over(conn: Connection, name: str, validity: int, uid: int, now: dt.datetime) -> None:
    cursor = mailboxes.cursor_of(conn, name)
    last = cursor.last_uid if cursor.validity == validity else 0
    mailboxes.advance_cursor(conn, name, validity=validity, last_uid=max(last, uid), now=now)


def _settle(database: Database, folder: Folder, name: str, done: Round) -> None:
    """Tells the server what became of mails. When it refuses (a full mailbox), they stay and are told of later."""
    with database.read() as conn:
        waiting = mailboxes.unsettled(conn, name, folder.validity)
    for mail in waiting:
        try:
            if mail.fate == "taken":
                folder.mark_done(mail.uid)
            else:
                folder.quarantine(mail.uid)
        except MailboxTrouble as trouble:
            if trouble.is_line:
                raise
            done.stuck = trouble.text
            return
        with database.write() as conn:
            mailboxes.settle_mail(conn, name, folder.validity, mail.uid)
