"""催办: who still owes a 签收 and is to be asked again, and the sending of it.

Only what a person did ends it: a 签收 on any channel, or a 退回. Opened pages and read reports do not count.
Superiors are reminded only when the directory names days for their group. By itself it happens on the days that the
group names, in office hours of working days; by hand on any day, once a day. A reminder is a letter of its own and
changes nothing about the delivery that it is about.
"""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass

from distributor.address import is_forgotten
from distributor.bulletin.model import Direction
from distributor.channels.base import Channel, ClaimLost, OpenFailed
from distributor.delivery.outcome import Outcome, Verdict
from distributor.delivery.throttle import Scope, Want
from distributor.dispatch.reminder_letter import About, reminder_letter
from distributor.receipts.tokens import TokenKey
from distributor.rendering.templates import Templates
from distributor.reports.receipt_table import GroupTable, PersonRow, ReceiptTable, Standing, receipt_table
from distributor.settings import Settings
from distributor.store import windows
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection, Database
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.store.reminders import Reminder, move_reminder, plan_reminders
from distributor.store.withdrawals import withdrawal_of
from distributor.workdays.calendar import Workdays

_OWES = (Standing.MISSING, Standing.OVERDUE)


@dataclass(frozen=True, slots=True)
class Debt:
    """A person who owes a 签收. `deadline` is UTC; `reachable`: a reminder can go by mail to `copy`."""

    group: str
    direction: str
    unit: str
    copy: DeliveryRecord
    deadline: dt.datetime | None
    overdue: bool
    days: tuple[dt.date, ...]  # on which the group's people are reminded by themselves

    @property
    def reachable(self) -> bool:
        """Whether there is a mail address to write to."""
        return self.copy.channel == "email" and not is_forgotten(self.copy.address)


def debts(table: ReceiptTable, *, calendar: Workdays, zone: dt.tzinfo) -> tuple[Debt, ...]:
    """Who owes a 签收 and may be reminded of it, in the order of the table. Raises `UnknownYear`."""
    return tuple(
        _debt(group, unit.unit, person, calendar, zone)
        for group in table.groups
        if group.direction != Direction.REPORT or group.manners.remind
        for unit in group.units
        if unit.standing in _OWES
        for person in unit.people
        if person.standing in _OWES
    )


def due_today(owed: Collection[Debt], today: dt.date) -> tuple[Debt, ...]:
    """Those whose group names this day."""
    return tuple(debt for debt in owed if today in debt.days)


def owed_for(
    conn: Connection, record: BulletinRecord, *, calendar: Workdays, zone: dt.tzinfo, now: dt.datetime
) -> tuple[Debt, ...]:
    """Who owes a 签收 for a bulletin at `now` (UTC); nobody for one that was withdrawn. Raises `UnknownYear`."""
    if withdrawal_of(conn, record.id) is not None:
        return ()
    table = receipt_table(conn, record, calendar=calendar, zone=zone, now=now)
    return debts(table, calendar=calendar, zone=zone)


def plan(conn: Connection, owed: Collection[Debt], step: str, *, actor: str, now: dt.datetime) -> tuple[int, ...]:
    """Books a reminder of this step for each who owes and has an address; who has it already is left out."""
    return plan_reminders(conn, ((debt.copy.id, step) for debt in owed if debt.reachable), actor=actor, now=now)


@dataclass(frozen=True, slots=True)
class Carrier:
    """What reminders are sent with: one account's line."""

    database: Database
    settings: Settings
    key: TokenKey
    templates: Templates
    account: str
    line: Channel
    clock: Callable[[], dt.datetime]


async def send_reminders(carrier: Carrier, waiting: Collection[Reminder], owed: Collection[Debt]) -> dict[str, int]:
    """Sends what waits, as far as the account's limits have room; returns how many came to which end.

    Who no longer owes is not reminded (`moot`). Ends early when the account itself is in trouble.
    """
    by_copy = {debt.copy.id: debt for debt in owed}
    ends: dict[str, int] = {}
    try:
        for reminder in waiting:
            debt = by_copy.get(reminder.delivery_id)
            end = await _send(carrier, reminder, debt) if debt else _drop(carrier, reminder)
            if end == "":
                break
            ends[end] = ends.get(end, 0) + 1
    except OpenFailed:
        return ends
    finally:
        await carrier.line.close()
    return ends


async def _send(carrier: Carrier, reminder: Reminder, debt: Debt) -> str:
    """Sends one reminder; returns where it stands now, empty when the account can send no more for now."""
    if not _has_room(carrier, debt):
        return ""
    with carrier.database.read() as conn:
        title = get_bulletin(conn, reminder.bulletin_id).title
    about = About(title, debt.deadline, debt.overdue)
    message = reminder_letter(
        carrier.settings, carrier.key, carrier.templates, reminder, debt.copy, about, now=carrier.clock()
    )

    async def mark() -> bool:
        return _move(carrier, reminder, "due", "sending")

    await carrier.line.open()
    try:
        outcome = await carrier.line.send(message, mark)
    except ClaimLost:
        return "taken"
    return _book(carrier, reminder, outcome)


def _book(carrier: Carrier, reminder: Reminder, outcome: Outcome) -> str:
    reply = str(outcome.reply)
    if outcome.verdict is Verdict.ACCEPTED:
        _move(carrier, reminder, "sending", "sent", reply)
        return "sent"
    if outcome.verdict is Verdict.UNKNOWN:
        return "sending"  # it may be there: it stays marked, and is not repeated
    if outcome.verdict is Verdict.REJECTED:
        if not _move(carrier, reminder, "sending", "refused", reply):
            _move(carrier, reminder, "due", "refused", reply)
        return "refused"
    _move(carrier, reminder, "sending", "due", reply)
    return "" if outcome.stops_the_account else "due"


def _drop(carrier: Carrier, reminder: Reminder) -> str:
    _move(carrier, reminder, "due", "moot")
    return "moot"


def _move(carrier: Carrier, reminder: Reminder, origin: str, target: str, reply: str = "") -> bool:
    with carrier.database.write() as conn:
        return move_reminder(conn, reminder.id, origin, target, now=carrier.clock(), reply=reply)


def _has_room(carrier: Carrier, debt: Debt) -> bool:
    """Whether the account's limits let one more letter go; it counts among the bulletins'."""
    account = carrier.settings.smtp[carrier.account]
    domain = debt.copy.address.rpartition("@")[2]
    scopes = [Scope(f"account:{carrier.account}", tuple(account.limits))]
    if limits := account.domain_limits.get(domain):
        scopes.append(Scope(f"domain:{carrier.account}:{domain}", tuple(limits)))
    with carrier.database.write() as conn:
        return bool(windows.grant(conn, [Want(debt.copy.id, tuple(scopes))]).granted)


def _debt(group: GroupTable, unit: str, person: PersonRow, calendar: Workdays, zone: dt.tzinfo) -> Debt:
    days: tuple[dt.date, ...] = ()
    if group.deadline is not None:
        days = group.manners.reminder_days(group.deadline.astimezone(zone).date(), calendar)
    by_mail = [copy for copy in person.copies if copy.channel == "email"]
    return Debt(
        group=group.group,
        direction=group.direction,
        unit=unit,
        copy=by_mail[-1] if by_mail else person.copy,
        deadline=group.deadline,
        overdue=person.standing is Standing.OVERDUE,
        days=days,
    )
