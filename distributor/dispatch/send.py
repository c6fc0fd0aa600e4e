"""Sends a released bulletin from this process: takes the sender's place, cleans up after a crash, runs the worker."""

import asyncio
import contextlib
import datetime as dt
import os
import signal
import socket
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from distributor.channels.smtp.rules import Rules
from distributor.delivery.outcome import Outcome
from distributor.dispatch.failover import Crew, Turn, Used, admitted
from distributor.dispatch.holds import HOUR, lift
from distributor.dispatch.letters import Letters
from distributor.dispatch.lines import Lines
from distributor.dispatch.plan import ChangedSince, Plan
from distributor.dispatch.reconcile import resend_unknown
from distributor.dispatch.uploads import KeptUploads
from distributor.errors import Refused
from distributor.settings import Settings
from distributor.settings.channels import EMAIL, account_of, accounts_of, require_account
from distributor.store import audit, breakers
from distributor.store.breakers import Passage
from distributor.store.bulletins import get_bulletin
from distributor.store.claims import due_channels, end_leases, expire, recover, withdraw_unowed
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of, hasten, release
from distributor.store.ledger import Ledger
from distributor.store.pauses import ALL, account_rests, paused
from distributor.store.sender_lock import acquire
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
    book are booked, and only then unknown letters are queued again where the group says so. Copies of these
    bulletins that are out of date are given up; of other bulletins the service decides.
    Raises `SenderBusy` when another process holds the place.
    """
    with acquire(database, owner):
        with database.write() as conn:
            if database.dialect == "sqlite":  # the lock says that every other sender is dead
                recover(conn, now=clock())
            end_leases(conn, now=clock())
            withdraw_unowed(conn, now=clock())
            expire(conn, now=clock(), bulletin_ids=bulletin_ids)
        ledger = Ledger(database, clock=clock)
        ledger.start()
        ledger.close()
        _resend(database, bulletin_ids, now=clock())
        with signs_of_life(database, owner):
            yield


def require_accounts(settings: Settings, channels: Iterable[str]) -> None:
    """Raises `BadInput` when one of these channels has no account, or none whose secret can be read."""
    for channel in channels:
        require_account(settings, channel)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a send came to: what each account did, in the order of the turns, and what stopped the last turn."""

    used: tuple[Used, ...]
    stopped: Outcome | None = None


async def send_due(
    database: Database,
    settings: Settings,
    letters: Letters,
    *,
    bulletin_ids: Collection[int],
    delivery_ids: Collection[str] | None,
    owner: str,
    actor: str = "send",
    rules: Rules | None = None,
    clock: Clock = utc_now,
) -> Sent:
    """Sends what is due of these bulletins, or of these deliveries alone when they are given.

    Ends when nothing is due, when no account can be used, or when limits have no room for longer than `PATIENCE`.
    An account that was left alone is tried again when there is no other: a person asks for it. SIGINT and SIGTERM
    end it gently: nothing more is claimed, letters in flight are finished. The caller holds the sender's place.
    """
    ledger = Ledger(database, clock=clock)
    ledger.start()
    lines = Lines(rules, memory=KeptUploads(database, clock))
    used: list[Used] = []
    tried: Collection[str] = ()

    def due() -> tuple[str, ...]:
        with database.read() as conn:
            return due_channels(conn, now=clock(), bulletin_ids=bulletin_ids, delivery_ids=delivery_ids)

    try:
        with _stopping_gently() as stopping:
            turn = Turn((), again=True)
            while not stopping.is_asked:
                channels = await asyncio.to_thread(due)
                if not turn.again and not _new_work(turn, channels, tried):
                    break
                tried = channels
                passages = await asyncio.to_thread(_passages, database, settings, channels, actor, clock())
                crew = Crew(
                    ledger,
                    database,
                    settings,
                    letters,
                    passages,
                    owner=owner,
                    clock=clock,
                    lines=lines,
                    patience=PATIENCE,
                    bulletin_ids=bulletin_ids,
                    delivery_ids=delivery_ids,
                )
                turn = await stopping.run(crew)
                used += turn.used
    finally:
        await lines.close()
        await asyncio.to_thread(ledger.close)
    _resend(database, bulletin_ids, now=clock())
    return Sent(tuple(used), turn.stopped)


def _new_work(turn: Turn, due: Collection[str], tried: Collection[str]) -> bool:
    """Whether something is due that the turn could not see: a copy that failed brought one on another channel."""
    open_channels = {account_of(one.account)[0] for one in turn.used if not (one.stopped.outcome or one.wait)}
    return turn.tried > 0 and any(channel in open_channels or channel not in tried for channel in due)


def _passages(
    database: Database, settings: Settings, channels: Iterable[str], actor: str, now: dt.datetime
) -> tuple[Passage, ...]:
    """The accounts that may be used; where a channel's were all left alone, the first one that nobody lets rest.

    Raises `Refused` when a person lets every account of every channel rest.
    """
    found = {channel: _passages_of(database, settings, channel, actor, now) for channel in channels}
    if found and all(passages is None for passages in found.values()):
        what = words("Every mail account is paused.") if list(found) == [EMAIL] else words("Every account is paused.")
        raise Refused(what, do=words("Let one go on with: distributor resume account:NAME"))
    return tuple(passage for passages in found.values() for passage in passages or ())


def _passages_of(
    database: Database, settings: Settings, channel: str, actor: str, now: dt.datetime
) -> tuple[Passage, ...] | None:
    """The same for one channel; None when a person lets every account of it rest."""
    if passages := admitted(database, settings, [channel]):
        return passages
    with database.read() as conn:
        rests = paused(conn)
    if any(rest.scope == ALL for rest in rests):
        return ()
    free = [name for name in accounts_of(settings, channel) if not account_rests(rests, name)]
    if not free:
        return None if accounts_of(settings, channel) else ()
    with database.write() as conn:
        breakers.close_breaker(conn, free[0], actor, now)
    return admitted(database, settings, [channel])[:1]


def _resend(database: Database, bulletin_ids: Collection[int], *, now: dt.datetime) -> None:
    with database.write() as conn:
        resend_unknown(conn, bulletin_ids, now=now)


class _Stopping:
    """Passes a signal on to the crew that is at work. The first one asks it to stop; a second interrupts as usual."""

    def __init__(self) -> None:
        self.is_asked = False
        self._crew: Crew | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self, crew: Crew) -> Turn:
        """One turn, ended early when a signal asks for it."""
        self._crew = crew
        return await crew.run()

    def ask(self) -> None:
        """Nothing more is claimed from here on."""
        self.is_asked = True
        if self._crew:
            self._task = asyncio.get_running_loop().create_task(self._crew.stop())


@contextlib.contextmanager
def _stopping_gently() -> Iterator[_Stopping]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    stopping = _Stopping()

    def stop() -> None:
        stopping.ask()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop)
    try:
        yield stopping
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
