"""Tables and summaries for people."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from rich.markup import escape

from distributor.cli.article_show import show_standing
from distributor.cli.desk import Desk
from distributor.cli.progress import counted, in_hand, state_name
from distributor.cli.tables import plain_table
from distributor.delivery.evidence import evidence_of
from distributor.delivery.state import State
from distributor.reports.evidence_words import RUNGS
from distributor.reports.persons import Person, persons
from distributor.reports.progress import Standing
from distributor.reports.resting import LeftAlone, Resting, left_alone_words, resting_words
from distributor.reports.story import hold_words, reason_words
from distributor.store.receipt_records import Receipt, signs_of
from distributor.store.records import BulletinRecord, DeliveryRecord, not_taken_over
from distributor.words import say, words

#: More rows than this are not listed one by one unless they need a person.
LONG = 60

#: What was given up longer ago than this is not news.
RECENTLY = dt.timedelta(days=2)

_COLOURS = {
    State.ACCEPTED: "green",
    State.DELIVERED: "green",
    State.FAILED: "red",
    State.BOUNCED: "red",
    State.UNKNOWN: "magenta",
    State.DEFERRED: "yellow",
}


def show_rule(desk: Desk, record: BulletinRecord) -> None:
    """The send rule of a bulletin's own, which counts before the office's."""
    if record.send_rule:
        desk.say(words("It goes out by its own rule: {rule}.", rule=record.send_rule))


def show_persons(desk: Desk, deliveries: Collection[DeliveryRecord], receipts: Mapping[str, Sequence[Receipt]]) -> None:
    """Each person once, with a line for each channel. A long list shows only what needs somebody."""
    everybody = persons(deliveries, receipts)
    shown = [one for one in everybody if len(everybody) <= LONG or not _has_arrived(one)]
    table = plain_table(say("unit"), say("name"), say("group"), say("address"), say("state"), say("remark"))
    for person in shown:
        for copy in person.copies:
            table.add_row(*_who(person, copy), *_what(desk, person, copy, receipts.get(copy.id, ())))
    if shown:
        desk.console.print(table)
    if len(shown) < len(everybody):
        desk.say(words("Accepted and not listed: {count}.", count=len(everybody) - len(shown)))


def _has_arrived(person: Person) -> bool:
    return all(copy.state in (State.ACCEPTED, State.DELIVERED) for copy in not_taken_over(person.copies))


def _who(person: Person, copy: DeliveryRecord) -> tuple[str, str, str]:
    """The person, on the first line alone."""
    if copy is not person.copies[0]:
        return "", "", ""
    return escape(copy.unit), escape(copy.name), escape(copy.group)


def _what(desk: Desk, person: Person, copy: DeliveryRecord, receipts: Sequence[Receipt]) -> tuple[str, str, str]:
    """The address on one channel, and where its copy stands."""
    colour = _COLOURS.get(copy.state, "")
    state = state_name(copy.state)
    address = copy.address if len(person.copies) == 1 else f"{copy.channel}: {copy.address}"
    return escape(address), f"[{colour}]{state}[/]" if colour else state, escape(_remark(desk, copy, receipts))


def show_summary(desk: Desk, standing: Standing) -> None:
    """The books in one line, and what remains to be done."""
    if desk.as_json:
        return
    count = standing.books
    desk.say(
        words(
            "{label}: {planned} planned = {parts}",
            label=standing.record.title,
            planned=count.planned,
            parts=" + ".join(counted(count)) or "0",
        ),
        style="bold",
    )
    if count.open:
        show_rule(desk, standing.record)
    for dispatch, _share in standing.dispatches:
        if dispatch.hold:
            reason = hold_words(dispatch.hold, standing.name)
            desk.say(words("{group} is on hold: {reason}", group=dispatch.group, reason=reason))
    if standing.next_due and standing.next_due > desk.now:
        when = desk.local(standing.next_due)
        by_hand = words(
            "The next attempt is due at {when}: run `distributor send {bulletin}` then.",
            when=when,
            bulletin=standing.name,
        )
        by_itself = words("The service makes the next attempt at {when}.", when=when)
        desk.say(by_itself if standing.served else by_hand)
    if count.unknown:
        desk.say(words("In doubt: {count}. `distributor resolve` settles them.", count=count.unknown), style="magenta")
    if count.missed:
        desk.say(
            words("Not reached: {count}. `distributor why` says why and what to do.", count=count.missed), style="red"
        )
    elif count.finished:
        desk.say(words("The books balance; nothing is open."), style="green")
    for article in standing.articles:
        show_standing(desk, article)
    _show_others(desk, standing)


def show_idle(desk: Desk, standing: Standing) -> None:
    """What to do when copies wait and nothing is going to send them by itself."""
    count, due = standing.books, standing.next_due
    if not count.open or in_hand(count) or all(one.hold for one, share in standing.dispatches if share.open):
        return
    if due is None and standing.record.released_at is None:
        what = words("It waits for a person to let it go: `distributor send {bulletin}`.", bulletin=standing.name)
        desk.say(what, style="yellow")
    elif due is not None and due <= desk.now and not standing.served:
        what = words(
            "Copies are due and no service runs: run `distributor send {bulletin}`, or start `distributor serve`.",
            bulletin=standing.name,
        )
        desk.say(what, style="yellow")


def show_resting(desk: Desk, rests: Sequence[Resting], alone: Sequence[LeftAlone]) -> None:
    """What is paused, and the accounts that are left alone after trouble: why a letter does not leave."""
    for rest in rests:
        desk.say(resting_words(rest, desk.local(rest.pause.at)), style="yellow")
    for one in alone:
        desk.say(left_alone_words(one, desk.local(one.until)), style="yellow")


def _show_others(desk: Desk, standing: Standing) -> None:
    """One line about other bulletins that need somebody: a person who sends one easily forgets the other."""
    due = [other.record.title for other in standing.others if other.due and other.due <= desk.now]
    late = [other.record.title for other in standing.others if other.expired and other.expired > desk.now - RECENTLY]
    parts = []
    if due:
        parts.append(say("due and not sent yet: {titles}", titles="、".join(due)))
    if late:
        parts.append(say("given up as too late: {titles}", titles="、".join(late)))
    if parts:
        what = words("Other bulletins: {parts}. `distributor status` lists them.", parts="; ".join(parts))
        desk.say(what, style="yellow")


def _evidence(delivery: DeliveryRecord, receipts: Sequence[Receipt]) -> str:
    """The highest rung that receipts prove; nothing where they prove no more than the state says."""
    kinds = [sign.kind for sign in signs_of(receipts)]
    rung = evidence_of(delivery.state, delivery.reason, kinds)
    return str(RUNGS[rung]) if rung is not evidence_of(delivery.state, delivery.reason) else ""


def _remark(desk: Desk, delivery: DeliveryRecord, receipts: Sequence[Receipt]) -> str:
    parts = [_evidence(delivery, receipts)]
    parts += [str(reason_words(delivery))] if delivery.reason or delivery.history else []
    if delivery.state is State.DEFERRED and delivery.next_attempt_at:
        parts.append(desk.local(delivery.next_attempt_at))
    if delivery.credited:
        parts.append(say("also for {groups}", groups="、".join(delivery.credited)))
    return " ".join(part for part in parts if part)
