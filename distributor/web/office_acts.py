"""What an editor decides on the office's pages: the same decisions as by command, with the name of the login booked.

Looking at a decision says what it would come to and changes nothing; only the form of that page, posted by whoever
was shown it, decides. Whatever has moved meanwhile is found out again when it is decided.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from distributor.delivery.decision import Decision
from distributor.dispatch.decisions import Decided, Meant, decide, meant
from distributor.dispatch.going_on import go_on
from distributor.dispatch.hours import hour_of
from distributor.dispatch.plan import Selection
from distributor.dispatch.remind import Debt, owed_for, plan
from distributor.errors import BadInput
from distributor.reports.resting import scope_name
from distributor.settings import Settings
from distributor.settings.channels import every_account
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection, Database
from distributor.store.deliveries import get_delivery
from distributor.store.pauses import pause
from distributor.store.receipt_records import get_receipt
from distributor.store.receipts import assign, dismiss
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.web.office_words import hold_reason
from distributor.words import Words, words
from distributor.workdays.file import load_calendar

#: The decisions about a copy in doubt, with what stands on their buttons.
RESOLVES = {
    Decision.ARRIVED: words("It arrived"),
    Decision.LOST: words("It did not arrive; do not send it again"),
    Decision.RESEND: words("Send it again; they may get it twice"),
}

_QUESTIONS = {
    Decision.RETRY: words("Make these copies of {label} due again ({count})?"),
    Decision.CANCEL: words("Withdraw what has not been sent of {label} ({count})?"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a decision would come to. `choices` are the buttons: the value that each sends, and what stands on it."""

    ask: Words
    lines: tuple[Words | str, ...]
    choices: tuple[tuple[str, Words], ...]

    @property
    def possible(self) -> bool:
        """Whether there is anything to decide."""
        return bool(self.choices)


class Acts:
    """Decides. Everything here asks the database, so it is to be called from a thread."""

    def __init__(self, database: Database, settings: Callable[[], Settings], clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    def ask_about_bulletin(self, bulletin_id: int, decision: Decision) -> Question:
        """What `retry` or `cancel` of a whole bulletin would come to."""
        with self._database.read() as conn:
            record = get_bulletin(conn, bulletin_id)
            found = meant(conn, decision, record, Selection())
        return _question(decision, found, record.title, _yes(decision))

    def ask_about_copy(self, delivery_id: str, decision: Decision) -> Question:
        """What `retry` or `cancel` of one copy would come to; `ARRIVED` stands for settling a doubt in any way."""
        with self._database.read() as conn:
            record, selection = _copy(conn, delivery_id)
            found = meant(conn, decision, record, selection)
        if decision is Decision.ARRIVED:
            choices = tuple((each.value, said) for each, said in RESOLVES.items()) if found.movable else ()
            ask = words("Nobody knows whether this copy of {label} arrived. Have you asked?", label=record.title)
            return Question(ask, _names(found), choices)
        return _question(decision, found, record.title, _yes(decision))

    def ask_to_go_on(self, scope: str) -> Question:
        """What letting a scope go on would come to."""
        with self._database.read() as conn:
            require_scope(conn, scope, self._settings())
            name = scope_name(conn, scope)
        return Question(words("Let {scope} go on?", scope=name), (), (("yes", words("Let it go on")),))

    def ask_to_remind(self, bulletin_id: int) -> Question:
        """Who would be reminded (催办) of a bulletin."""
        with self._database.read() as conn:
            record = get_bulletin(conn, bulletin_id)
            owed = self._owed(conn, record)
        ask = words("Remind these people of {label} ({count})?", label=record.title, count=len(owed))
        note = words("The service sends reminders in office hours, to nobody twice a day.")
        choices = (("yes", words("Remind")),) if owed else ()
        return Question(ask, (note, *_shortened([_way(debt, self._today()) for debt in owed])), choices)

    def remind(self, bulletin_id: int, actor: str) -> Words:
        """Books a reminder for each who owes a 签收 and was not reminded today; the service sends it."""
        with self._database.write() as conn:
            record = get_bulletin(conn, bulletin_id)
            planned = plan(conn, record, self._owed(conn, record), self._today(), actor=actor, now=self._clock())
        if not planned.calls:
            return words("Reminders that the service sends now: {count}.", count=planned.count)
        calls = len(planned.calls)
        return words(
            "The service sends {count} reminder(s) now; to be called: {calls}.", count=planned.count, calls=calls
        )

    def _today(self) -> dt.date:
        return self._clock().astimezone(self._settings().zone).date()

    def _owed(self, conn: Connection, record: BulletinRecord) -> tuple[Debt, ...]:
        settings = self._settings()
        calendar = load_calendar(settings.path(settings.folders.calendar)).workdays
        return owed_for(conn, record, settings=settings, calendar=calendar, now=self._clock())

    def decide_about_bulletin(self, bulletin_id: int, decision: Decision, actor: str) -> Words:
        """Decides about a whole bulletin; says what came of it."""
        with self._database.read() as conn:
            record = get_bulletin(conn, bulletin_id)
        return self._decide(decision, record, Selection(), actor)

    def decide_about_copy(self, delivery_id: str, decision: Decision, actor: str) -> Words:
        """Decides about one copy; says what came of it."""
        with self._database.read() as conn:
            record, selection = _copy(conn, delivery_id)
        return self._decide(decision, record, selection, actor)

    def let_rest(self, scope: str, reason: str, actor: str) -> Words:
        """Lets a scope rest; what is in flight is finished."""
        with self._database.write() as conn:
            require_scope(conn, scope, self._settings())
            new = pause(conn, scope, reason, actor, self._clock())
            name = scope_name(conn, scope)
        return words("{scope} is paused.", scope=name) if new else words("{scope} was paused already.", scope=name)

    def let_go_on(self, scope: str, actor: str) -> Words:
        """Lets a scope go on, and lifts the holds of a bulletin."""
        with self._database.write() as conn:
            record = require_scope(conn, scope, self._settings())
            went = go_on(conn, scope, record, self._settings(), now=self._clock(), actor=actor)
            name = scope_name(conn, scope)
        return words("{scope} goes on.", scope=name) if went.anything else words("Nothing was paused or on hold there.")

    def settle_receipt(self, receipt_id: int, *, belongs: bool, actor: str) -> Words:
        """A receipt belongs to the copy that was suggested for it, or means nothing here."""
        with self._database.write() as conn:
            if not belongs:
                dismiss(conn, receipt_id, actor=actor, now=self._clock())
                return words("Receipt {number} is put aside.", number=receipt_id)
            receipt = get_receipt(conn, receipt_id)
            suggested = str(receipt.details.get("suggested") or receipt.delivery_id or "") if receipt else ""
            copy = get_delivery(conn, suggested)
            assign(conn, receipt_id, copy.id, actor=actor, now=self._clock())
        return words("Receipt {number} belongs to {unit} {name}.", number=receipt_id, unit=copy.unit, name=copy.name)

    def _decide(self, decision: Decision, record: BulletinRecord, selection: Selection, actor: str) -> Words:
        settings = self._settings()
        done = decide(
            self._database,
            decision,
            record,
            selection,
            now=self._clock(),
            hour=lambda after: hour_of(settings, record, after),
            valid_for=settings.send.valid_for,
            actor=actor,
        )
        return _answer(decision, done)


def require_scope(conn: Connection, scope: str, settings: Settings) -> BulletinRecord | None:
    """The bulletin of a scope, None when it is another. Raises `BadInput` for what is not there."""
    kind, _, name = scope.partition(":")
    if kind == "bulletin" and name.isascii() and name.isdecimal() and len(name) < 10:
        return get_bulletin(conn, int(name))
    if kind == "account" and name not in every_account(settings):
        raise BadInput(words("There is no account {account}.", account=name))
    if kind not in ("all", "account"):
        raise BadInput(words("{scope} cannot be paused.", scope=scope))
    return None


def copy_name(copy: DeliveryRecord) -> str:
    """Whose copy it is, and where it goes."""
    return f"{copy.unit} {'、'.join(copy.people) or copy.name} <{copy.address}>"


def _copy(conn: Connection, delivery_id: str) -> tuple[BulletinRecord, Selection]:
    copy = get_delivery(conn, delivery_id)
    return get_bulletin(conn, copy.bulletin_id), Selection(ids=frozenset({copy.id}))


def _yes(decision: Decision) -> Words:
    return words("Withdraw") if decision is Decision.CANCEL else words("Try again")


def _question(decision: Decision, found: Meant, label: str, yes: Words) -> Question:
    ask = _QUESTIONS[decision]
    lines: list[Words | str] = [
        words("{group} is on hold: {reason}", group=one.group, reason=hold_reason(one.hold or "")) for one in found.held
    ]
    if decision is Decision.CANCEL and found.left:
        lines.append(words("Already left, and stays out: {count}.", count=found.left))
    choices = (("yes", yes),) if found.movable or found.held else ()
    gaps = {"label": label, "count": len(found.movable)}
    return Question(Words(ask.english, gaps), (*lines, *_names(found)), choices)


def _names(found: Meant) -> tuple[Words | str, ...]:
    """Who it is about, unless there are too many."""
    return _shortened([copy_name(one) for one in found.movable])


def _way(debt: Debt, today: dt.date) -> Words | str:
    """Who would be reminded, and where; or that somebody has to call."""
    who, way = f"{debt.unit} {'、'.join(debt.copy.people) or debt.copy.name}", debt.way(today)
    return words("{who}: to be called", who=who) if way is None else f"{who} <{way.address}>"


def _shortened(names: Sequence[Words | str], most: int = 20) -> tuple[Words | str, ...]:
    more = (words("and {count} more", count=len(names) - most),) if len(names) > most else ()
    return (*names[:most], *more)


def _answer(decision: Decision, done: Decided) -> Words:
    count = len(done.moved)
    if not count and not done.holds_lifted:
        return words("Nothing changed: the copies have moved on meanwhile.")
    if decision is Decision.CANCEL:
        return words("Withdrawn: {count}. Already left: {left}.", count=count, left=done.left)
    if decision in (Decision.RETRY, Decision.RESEND):
        return words("Due again: {count}. Holds lifted: {holds}.", count=count, holds=done.holds_lifted)
    return words("The doubt is settled.")


def texts_of(question: Question) -> Mapping[str, object]:
    """What the page of a question prints."""
    return {
        "ask": question.ask,
        "lines": question.lines,
        "choices": [{"value": value, "said": said} for value, said in question.choices],
        "possible": question.possible,
    }
