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
from distributor.dispatch.letters import Letters
from distributor.dispatch.plan import Plan
from distributor.dispatch.reconcile import resend_unknown
from distributor.dispatch.worker import Worker
from distributor.settings import Settings
from distributor.store import audit
from distributor.store.claims import recover, sweep
from distributor.store.database import Database
from distributor.store.dispatches import release
from distributor.store.ledger import Ledger
from distributor.store.sender_lock import SenderBusy, acquire

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """The real clock, in UTC; everything else takes it as an argument."""
    return dt.datetime.now(dt.UTC)


def new_owner() -> str:
    """A name for this sender that no other process, before or after, will have."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:12]}"


def open_lines(settings: Settings, count: int) -> tuple[Channel, ...]:
    """Lines to the relay, not yet connected; no more than the account may have, nor than there are letters.

    Raises `BadInput` when no account is configured or its password file cannot be read.
    """
    _name, account = settings.account()
    password = account.secret()
    return tuple(SmtpChannel(account, password=password) for _ in range(min(account.connections, max(count, 1))))


def release_plan(database: Database, plan: Plan, settings: Settings, *, now: dt.datetime, actor: str) -> int:
    """Makes the planned rows due and books the decision. Returns how many rows were released."""
    with database.write() as conn:
        released = release(
            conn,
            plan.record.id,
            at=now,
            valid_until=now + settings.send.valid_for,
            groups=None,
            delivery_ids=plan.delivery_ids,
        )
        audit.append(
            conn,
            action="bulletin.released",
            subject=f"bulletin:{plan.record.id}",
            details={"released": released, "groups": [group.group for group in plan.groups]},
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
    letters: Letters,
    *,
    bulletin_ids: Collection[int],
    delivery_ids: Collection[str] | None,
    lines: Collection[Channel],
    owner: str,
    clock: Clock = utc_now,
) -> Outcome | None:
    """Sends what is due of these bulletins, or of these deliveries alone when they are given.

    Ends when nothing is due, or when the relay cannot be used; returns the outcome that stopped it
    early, if one did. SIGINT and SIGTERM end it gently: nothing more is claimed, letters in flight are
    finished. The caller holds the sender's place.
    """
    with database.read() as conn:
        letters.load(conn, bulletin_ids, now=clock())
    ledger = Ledger(database, clock=clock)
    ledger.start()
    try:
        worker = Worker(
            ledger,
            tuple(lines),
            letters.message,
            owner=owner,
            clock=clock,
            chance=random.random,
            bulletin_ids=bulletin_ids,
            delivery_ids=delivery_ids,
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
