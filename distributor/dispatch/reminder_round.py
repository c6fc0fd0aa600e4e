"""One go over the reminders that wait: each by its channel's first account that is well and has room.

Another account takes a reminder only before the dot, another channel only after a certain no. Whether somebody still
owes is looked at when their turn comes, and what may have left is never repeated (ADR 0022).
"""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from distributor.bulletin.model import Bulletin
from distributor.channels.base import ClaimLost, Message, OpenFailed
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.dispatch.lines import Lines
from distributor.dispatch.remind import Debt, owed_for, tell_whom_to_call
from distributor.dispatch.reminder_accounts import Account, Accounts
from distributor.dispatch.reminder_ladder import Reach, reach_beyond
from distributor.dispatch.reminder_letter import Stationery
from distributor.dispatch.reopen import reopen
from distributor.errors import BadInput, Refused
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Database
from distributor.store.pauses import paused
from distributor.store.reminders import Reminder, due_reminders, move_reminder, said_so_far
from distributor.store.withdrawals import withdrawal_of
from distributor.workdays.calendar import Workdays

#: One that came to nothing is tried again after so long: greylisting asks for five minutes or more.
REST = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Carrier:
    """What reminders are sent with. `told` hears of an account that is left alone from now on; it may block."""

    database: Database
    stationery: Stationery
    calendar: Workdays
    lines: Lines
    clock: Callable[[], dt.datetime]
    told: Callable[[str, Outcome], None] | None = None


@dataclass(slots=True)
class _Errand:
    """One reminder on its way by one channel. `marked`: its row says that it may leave any moment."""

    reminder: Reminder
    debt: Debt
    reach: Reach
    marked: bool = False
    reply: str = ""

    @property
    def stands(self) -> str:
        """Where its row stands."""
        return "sending" if self.marked else "due"


@dataclass(frozen=True, slots=True)
class _Owing:
    """Who owed for a bulletin when so much had been said, by the ids of their copies."""

    said: tuple[int, int]
    by_copy: dict[str, Debt]


async def send_reminders(carrier: Carrier, bulletin_id: int | None = None) -> dict[str, int]:
    """Sends what waits, of one bulletin or of all that do not rest; returns how many came to which end.

    `moot`: no longer owed. `refused`: by every channel of the person, and the editors are told to call. What no
    account can carry now waits. Raises `Unavailable`; what was marked by then is never repeated.
    """
    with carrier.database.read() as conn:
        waiting = due_reminders(conn, rested=carrier.clock() - REST)
        resting = {rest.scope for rest in paused(conn)}
    wanted = [one for one in waiting if bulletin_id in (None, one.bulletin_id)]
    return await _Round(carrier).run([one for one in wanted if f"bulletin:{one.bulletin_id}" not in resting])


class _Round:
    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._accounts = Accounts(carrier.database, carrier.stationery.settings, carrier.lines)
        self._owing: dict[int, _Owing] = {}
        self._bulletins: dict[int, Bulletin] = {}

    async def run(self, waiting: Collection[Reminder]) -> dict[str, int]:
        """See `send_reminders`."""
        ends: Counter[str] = Counter()
        try:
            for reminder in waiting:
                if not self._accounts.is_over(reminder.channel):
                    ends[await self._remind(reminder)] += 1
        finally:
            await self._accounts.close()
            await asyncio.to_thread(self._accounts.tell_breakers, self._carrier.told)
        ends.pop("", None)
        return dict(ends)

    async def _remind(self, reminder: Reminder) -> str:
        """Where one reminder stands afterwards; empty when it waits untried."""
        debt = await asyncio.to_thread(self._debt, reminder)
        if debt is None:
            await self._move(reminder, "due", "moot")
            return "moot"
        refused: set[str] = set()
        reach = debt.on(reminder.channel) or reach_beyond(debt.ladder, refused)
        errand = None
        while reach is not None:
            errand = _Errand(reminder, debt, reach)
            end = await self._carry(errand)
            if end != "refused":
                return end
            refused.add(reach.channel)
            reach = reach_beyond(debt.ladder, refused)
            if reach is not None:
                await self._move(reminder, errand.stands, "due", reply=errand.reply, channel=reach.channel)
        await asyncio.to_thread(self._give_up, reminder, debt, errand)
        return "refused"

    async def _carry(self, errand: _Errand) -> str:
        """Takes a reminder to an account that can have it. Where it stands then; empty when none can now."""
        key = f"reminder-{errand.reminder.id}"
        while (chosen := await asyncio.to_thread(self._accounts.choose, key, errand.reach)) is not None:
            account, grant = chosen
            account.tried = True
            outcome = await self._try(account, errand)
            if grant is not None and not errand.marked:
                await asyncio.to_thread(self._accounts.give_back, grant)
            if outcome is None:
                return "taken"
            if end := await self._book(account, errand, outcome):
                return end
        return ""

    async def _try(self, account: Account, errand: _Errand) -> Outcome | None:
        """What one account made of it; None when another process has taken the reminder."""

        async def mark() -> bool:
            errand.marked = await self._move(errand.reminder, "due", "sending", account=account.name)
            return errand.marked

        try:
            message = await asyncio.to_thread(self._message, account, errand)
        except (BadInput, Refused) as error:
            return Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.MAIL, Reply(text=str(error)))
        try:
            line = self._accounts.line(account)
            await line.open()
            return await line.send(message, mark)
        except ClaimLost:
            return None
        except OpenFailed as failed:
            return failed.outcome
        except BadInput as error:  # its password cannot be read
            return Outcome(Verdict.DEFERRED, Fault.CONFIGURATION, Stage.AUTH, Reply(text=str(error)))

    async def _book(self, account: Account, errand: _Errand, outcome: Outcome) -> str:
        """Writes down what came of it; empty when another account may have it."""
        errand.reply = str(outcome.reply) or outcome.verdict
        account.judge(outcome)
        if outcome.verdict is Verdict.ACCEPTED:
            await self._move(errand.reminder, "sending", "sent", reply=errand.reply, channel=errand.reach.channel)
            return "sent"
        if outcome.verdict is Verdict.UNKNOWN:
            return "sending"  # it may be there: it stays marked, and is not repeated
        if outcome.verdict is Verdict.REJECTED:
            return "refused"
        if errand.marked or account.trouble is None:
            await self._move(errand.reminder, errand.stands, "due", reply=errand.reply)
            errand.marked = False
        return "" if account.trouble else "due"

    def _message(self, account: Account, errand: _Errand) -> Message:
        carrier, number = self._carrier, errand.reminder.bulletin_id
        if number not in self._bulletins:
            with carrier.database.read() as conn:
                self._bulletins[number] = reopen(conn, number).bulletin
        of = (errand.reminder, errand.debt, errand.reach, self._bulletins[number])
        return carrier.stationery.message(*of, account=account.name, now=carrier.clock())

    def _debt(self, reminder: Reminder) -> Debt | None:
        """Who owes, as things stand this moment: read anew whenever somebody has signed or sent back meanwhile."""
        carrier, number = self._carrier, reminder.bulletin_id
        with carrier.database.read() as conn:
            if withdrawal_of(conn, number) is not None:
                return None
            said, known = said_so_far(conn, number), self._owing.get(number)
            if known is None or known.said != said:
                record, settings = get_bulletin(conn, number), carrier.stationery.settings
                owed = owed_for(conn, record, settings=settings, calendar=carrier.calendar, now=carrier.clock())
                known = _Owing(said, {copy.id: debt for debt in owed for copy in debt.copies})
                self._owing[number] = known
        return known.by_copy.get(reminder.delivery_id)

    def _give_up(self, reminder: Reminder, debt: Debt, errand: _Errand | None) -> None:
        """No channel takes it: the editors are told to call."""
        stands, reply = (errand.stands, errand.reply) if errand else ("due", "")
        now = self._carrier.clock()
        with self._carrier.database.write() as conn:
            if move_reminder(conn, reminder.id, stands, "refused", now=now, reply=reply):
                record = get_bulletin(conn, reminder.bulletin_id)
                tell_whom_to_call(conn, record, [debt], cause=f"calls:{reminder.id}", now=now)

    async def _move(
        self, reminder: Reminder, origin: str, target: str, *, reply: str = "", account: str = "", channel: str = ""
    ) -> bool:
        change = partial(move_reminder, reply=reply, account=account, channel=channel)

        def write() -> bool:
            with self._carrier.database.write() as conn:
                return change(conn, reminder.id, origin, target, now=self._carrier.clock())

        return await asyncio.to_thread(write)
