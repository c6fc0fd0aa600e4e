"""Sends a released bulletin from this process: takes the sender's place, cleans up after a crash, runs the worker."""

import asyncio
import contextlib
import datetime as dt
import os
import random
import signal
import socket
import uuid
from collections.abc import Callable, Collection, Iterator

from distributor.channels.base import Channel
from distributor.channels.smtp.channel import SmtpChannel
from distributor.delivery.outcome import Outcome
from distributor.dispatch.holds import HOUR, lift
from distributor.dispatch.letters import Letters
from distributor.dispatch.plan import ChangedSince, Plan
from distributor.dispatch.reconcile import resend_unknown
from distributor.dispatch.turnstile import Turnstile
from distributor.dispatch.worker import Worker
from distributor.settings import Settings
from distributor.store import audit
from distributor.store.bulletins import get_bulletin
from distributor.store.claims import recover, sweep
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of, hasten, release
from distributor.store.ledger import Ledger
from distributor.store.sender_lock import SenderBusy, acquire
from distributor.store.senders import signs_of_life
from distributor.words import words

Clock = Callable[[], dt.datetime]

#: A person who watches a send waits for so long for a limit to have room again.
PATIENCE = dt.timedelta(minutes=2)


def utc_now() -> dt.datetime:
    """The real clock, in UTC; everything else takes it as an argument."""
    return dt.datetime.now(dt.UTC)


def new_owner() -> str:
    """A name for this sender that no other process, before or after, will have."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:12]}"


def open_lines(settings: Settings, count: int, *, name: str | None = None) -> tuple[Channel, ...]:
    """Lines to one account's relay, not yet connected; no more than it may have, nor than there are letters.

    Without a name, the first account's. Raises `BadInput` when there is none or its password cannot be read.
    """
    account = settings.smtp[name].found_from(settings.home) if name else settings.account()[1]
    password = account.secret()
    return tuple(SmtpChannel(account, password=password) for _ in range(min(account.connections, max(count, 1))))


def turnstile_of(
    ledger: Ledger,
    database: Database,
    settings: Settings,
    name: str,
    *,
    owner: str,
    clock: Clock,
    bulletin_ids: Collection[int] | None,
    delivery_ids: Collection[str] | None = None,
) -> Turnstile:
    """What lets the letters of one account through, within the account's limits."""
    account = settings.smtp[name]
    return Turnstile(
        ledger,
        database,
        account=name,
        limits=account.limits,
        domain_limits=account.domain_limits,
        owner=owner,
        clock=clock,
        bulletin_ids=bulletin_ids,
        delivery_ids=delivery_ids,
    )


def release_plan(
    database: Database, plan: Plan, settings: Settings, *, at: dt.datetime, now: dt.datetime, actor: str
) -> int:
    """Makes the planned rows due at `at` (UTC) and books the decision. Returns how many rows were released.

    Raises `ChangedSince` when the bulletin was finalised again after the plan was shown.
    """
    with database.write() as conn:
        present = get_bulletin(conn, plan.record.id)
        if (present.digest, present.directory_digest) != (plan.record.digest, plan.record.directory_digest):
            raise ChangedSince(
                words("{label} was finalised again in the meantime.", label=present.title),
                do=words("Look at the new plan; nothing was sent."),
            )
        released = release(
            conn,
            plan.record.id,
            at=at,
            valid_until=at + settings.send.valid_for,
            delivery_ids=plan.delivery_ids,
        )
        released += hasten(conn, plan.delivery_ids, at=at)
        freed = {group.group for group in plan.groups if not group.hold}
        held = [one for one in dispatches_of(conn, plan.record.id) if one.hold == HOUR and one.group in freed]
        lift(conn, held, now=now, actor=actor)
        audit.append(
            conn,
            action="bulletin.released",
            subject=f"bulletin:{plan.record.id}",
            details={"released": released, "groups": [group.group for group in plan.groups], "at": at},
            actor=actor,
            now=now,
        )
    return released


@contextlib.contextmanager
def sender(database: Database, bulletin_ids: Collection[int], *, owner: str, clock: Clock = utc_now) -> Iterator[None]:
    """The one sender's place, with everything that a dead sender left behind put right first.

    Its claims go back to the queue, letters it was handing over become unknown, answers it could not
    book are booked, and only then unknown letters are queued again where the group says so.
    Raises `SenderBusy` when another process holds the place.
    """
    with acquire(database, owner):
        with database.write() as conn:
            if database.dialect == "sqlite":  # the lock says that every other sender is dead
                recover(conn, now=clock())
            sweep(conn, now=clock())
        ledger = Ledger(database, clock=clock)
        ledger.start()
        ledger.close()
        _resend(database, bulletin_ids, now=clock())
        with signs_of_life(database, owner):
            yield


def somebody_sends(database: Database) -> bool:
    """Whether another process holds the sender's place now; never so on PostgreSQL, which has no such place."""
    try:
        acquire(database, new_owner()).release()
    except SenderBusy:
        return True
    return False


async def send_due(
    database: Database,
    settings: Settings,
    letters: Letters,
    *,
    bulletin_ids: Collection[int],
    delivery_ids: Collection[str] | None,
    lines: Collection[Channel],
    owner: str,
    clock: Clock = utc_now,
) -> Outcome | None:
    """Sends what is due of these bulletins, or of these deliveries alone when they are given.

    Ends when nothing is due, when the relay cannot be used, or when a limit has no room for longer than
    `PATIENCE`; returns the outcome that stopped it early, if one did. SIGINT and SIGTERM end it gently:
    nothing more is claimed, letters in flight are finished. The caller holds the sender's place.
    """
    ledger = Ledger(database, clock=clock)
    ledger.start()
    try:
        source = turnstile_of(
            ledger,
            database,
            settings,
            settings.account()[0],
            owner=owner,
            clock=clock,
            bulletin_ids=bulletin_ids,
            delivery_ids=delivery_ids,
        )
        worker = Worker(
            ledger,
            source,
            tuple(lines),
            letters.message,
            clock=clock,
            chance=random.random,
            patience=PATIENCE,
            refusals=settings.send.content_refusals,
        )
        with _stopping_gently(worker):
            stopped = await worker.run()
    finally:
        await asyncio.to_thread(ledger.close)
    _resend(database, bulletin_ids, now=clock())
    return stopped.outcome


def _resend(database: Database, bulletin_ids: Collection[int], *, now: dt.datetime) -> None:
    with database.write() as conn:
        resend_unknown(conn, bulletin_ids, now=now)


@contextlib.contextmanager
def _stopping_gently(worker: Worker) -> Iterator[None]:
    """The first signal asks the worker to stop; a second one interrupts as usual."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        worker.stop()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
