"""催办: who still owes a 签收 and is to be asked again, and by which way.

Only what a person did ends it: a 签收 on any channel, or a 退回. Opened pages and read reports do not count.
Superiors are reminded only when the directory names days for their group. By itself it happens on the days that the
group names, in office hours of working days; by hand on any day, once a day. A reminder is a message of its own and
changes nothing about the delivery that it is about.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from distributor.address import is_forgotten, same
from distributor.bulletin.model import Direction
from distributor.delivery.state import State
from distributor.dispatch.reminder_ladder import Reach, is_usable, ladder_of, next_reach
from distributor.recipients.manners import PHONE, ReminderStep
from distributor.reports.receipt_table import GroupTable, PersonRow, ReceiptTable, Standing, receipt_table
from distributor.settings import Settings
from distributor.store import alerts
from distributor.store.database import Connection
from distributor.store.editions import corrected
from distributor.store.next_channels import NextChannel, next_channels
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.store.reminders import Reminder, Wanted, drop_unsent, plan_reminders, reminders_of
from distributor.store.suppressions import is_suppressed
from distributor.store.withdrawals import withdrawal_of
from distributor.words import words
from distributor.workdays.calendar import Workdays

_OWES = (Standing.MISSING, Standing.OVERDUE)

#: The person has the letter, or may have it: who waits for it is not asked to sign for it.
_THERE = frozenset({State.SENDING, State.ACCEPTED, State.DELIVERED, State.UNKNOWN})

#: So many people are named in one word to the editors.
_MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class Debt:
    """A person who owes a 签收. `deadline` is UTC; `ladder`: the ways to remind them; `earlier`: what was done already.

    `copies` are the person's on all channels. Reminders are booked on the first of them, whatever way they go.
    """

    group: str
    direction: str
    unit: str
    copies: tuple[DeliveryRecord, ...]
    deadline: dt.datetime | None
    overdue: bool
    steps: tuple[ReminderStep, ...]  # when the group's people are reminded by themselves
    ladder: tuple[Reach, ...]
    earlier: tuple[Reminder, ...]

    @property
    def copy(self) -> DeliveryRecord:
        """The copy that the reminders are booked on."""
        return self.copies[0]

    @property
    def reachable(self) -> bool:
        """Whether there is a way that needs no call."""
        return bool(self.ladder)

    @property
    def to_call(self) -> bool:
        """Whether the editors were told to call, or every way refused."""
        return any(one.standing == "refused" or _is_call(one) for one in self.earlier)

    def reminder_of(self, today: dt.date) -> Reminder | None:
        """What was planned for a day, if anything."""
        return next((one for one in self.earlier if one.step == f"{today}"), None)

    def way(self, today: dt.date) -> Reach | None:
        """By which way the person is reminded on a day; None: by a call."""
        if planned := self.reminder_of(today):
            return self.on(planned.channel)
        by = next((step.by for step in self.steps if step.day == today), "")
        return next_reach(self.ladder, [one for one in self.earlier if one.step < f"{today}"], by)

    def on(self, channel: str) -> Reach | None:
        """The way on a channel."""
        return next((each for each in self.ladder if each.channel == channel), None)

    def letter_on(self, channel: str) -> DeliveryRecord:
        """The copy that a reminder by this channel is about: the one there, else one that the person has."""
        there = [copy for copy in self.copies if copy.state in _THERE] or list(self.copies)
        return next((copy for copy in there if copy.channel == channel), there[-1])


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan came to: how many reminders are to be sent, and who is to be called."""

    count: int
    calls: tuple[Debt, ...]


def debtors(table: ReceiptTable) -> Iterator[tuple[GroupTable, str, PersonRow]]:
    """Whom the table lets be reminded, with group and unit, in its order."""
    for group in table.groups:
        if group.direction != Direction.REPORT or group.manners.remind:
            for unit in group.units:
                if unit.standing in _OWES:
                    yield from ((group, unit.unit, person) for person in unit.people if _owes(person))


def due_today(owed: Collection[Debt], today: dt.date) -> tuple[Debt, ...]:
    """Those whose group names this day."""
    return tuple(debt for debt in owed if any(step.day == today for step in debt.steps))


def owed_for(
    conn: Connection, record: BulletinRecord, *, settings: Settings, calendar: Workdays, now: dt.datetime
) -> tuple[Debt, ...]:
    """Who owes a 签收 for a bulletin at `now` (UTC); nobody for one that was withdrawn or corrected."""
    if withdrawal_of(conn, record.id) is not None or corrected(conn, record.id):
        return ()
    table = receipt_table(conn, record, calendar=calendar, zone=settings.zone, now=now)
    found = list(debtors(table))
    links = next_channels(conn, record.id)
    stopped = _stopped(conn, found, links)
    reminders: dict[str, list[Reminder]] = {}
    for one in reminders_of(conn, record.id):
        reminders.setdefault(one.delivery_id, []).append(one)
    by_key: dict[str, list[NextChannel]] = {}
    for link in links:
        by_key.setdefault(link.key, []).append(link)

    def usable(reach: Reach) -> bool:
        return is_usable(settings, reach) and (reach.channel, same(reach.address)) not in stopped

    def debt(group: GroupTable, unit: str, person: PersonRow) -> Debt:
        copies = _first_first(person.copies)
        return Debt(
            group=group.group,
            direction=group.direction,
            unit=unit,
            copies=copies,
            deadline=group.deadline,
            overdue=person.standing is Standing.OVERDUE,
            steps=_steps(group, calendar, settings.zone),
            ladder=ladder_of(copies, by_key.get(copies[0].key, ()), usable),
            earlier=tuple(one for copy in copies for one in reminders.get(copy.id, ())),
        )

    return tuple(debt(*each) for each in found)


def plan(
    conn: Connection,
    record: BulletinRecord,
    owed: Collection[Debt],
    today: dt.date,
    *,
    actor: str,
    now: dt.datetime,
) -> Planned:
    """Books today's reminder for each who owes and has none yet, and tells the editors whom to call.

    A reminder of an earlier day that never left gives way to today's.
    """
    step = f"{today}"
    open_ones = [debt for debt in owed if debt.reminder_of(today) is None and not is_forgotten(debt.copy.address)]
    ways = {debt.copy.id: debt.way(today) for debt in open_ones}
    drop_unsent(conn, [copy.id for debt in open_ones for copy in debt.copies], before=step, now=now)
    wanted = partial(plan_reminders, conn, actor=actor, now=now)
    sent = wanted(Wanted(key, step, way.channel) for key, way in ways.items() if way is not None)
    calls = tuple(
        debt
        for debt in open_ones
        if ways[debt.copy.id] is None and wanted([Wanted(debt.copy.id, step, PHONE, told=True)])
    )
    if calls:
        tell_whom_to_call(conn, record, calls, cause=f"calls:{record.id}:{step}:{calls[0].copy.id}", now=now)
    return Planned(len(sent), calls)


def tell_whom_to_call(
    conn: Connection, record: BulletinRecord, calls: Collection[Debt], *, cause: str, now: dt.datetime
) -> None:
    """Notes for the editors, once for each cause, whom no other reminder reaches."""
    named = [f"{debt.unit} {'、'.join(debt.copy.people) or debt.copy.name}" for debt in calls]
    more = len(named) - _MOST_NAMED
    people = "；".join([*named[:_MOST_NAMED], *([f"… +{more}"] if more > 0 else [])])
    what = words(
        "{label}: please call these people, who have not signed: {people}. "
        "Note their 签收 with: distributor acknowledge UNIT --by-phone",
        label=record.title,
        people=people,
    )
    alerts.note(conn, cause, str(what), now=now, repeats=False)


def _owes(person: PersonRow) -> bool:
    return person.standing in _OWES and any(copy.state in _THERE for copy in person.copies)


def _is_call(reminder: Reminder) -> bool:
    return reminder.channel == PHONE


def _first_first(copies: Iterable[DeliveryRecord]) -> tuple[DeliveryRecord, ...]:
    """The copy that was planned first before those that took over for it: it stays the first whatever follows."""
    return tuple(sorted(copies, key=lambda copy: bool(copy.follows)))


def _steps(group: GroupTable, calendar: Workdays, zone: dt.tzinfo) -> tuple[ReminderStep, ...]:
    if group.deadline is None:
        return ()
    return group.manners.reminder_steps(group.deadline.astimezone(zone).date(), calendar)


def _stopped(
    conn: Connection, found: Collection[tuple[GroupTable, str, PersonRow]], links: Collection[NextChannel]
) -> frozenset[tuple[str, str]]:
    """The addresses of these people that are not tried."""
    by_channel: dict[str, set[str]] = {}
    for copy in (copy for _, _, person in found for copy in person.copies):
        by_channel.setdefault(copy.channel, set()).add(same(copy.address))
    for link in links:
        by_channel.setdefault(link.channel, set()).add(same(link.address))
    return frozenset(
        (channel, address)
        for channel, addresses in by_channel.items()
        for address in is_suppressed(conn, channel, addresses)
    )
