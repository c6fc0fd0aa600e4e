"""What the reader's page says of one copy: open, signed, closed; by when; and what was written beside it.

The page is for readers of the bulletin, so its words are Chinese like those of the letters.
"""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from distributor.delivery.evidence import ACKNOWLEDGEMENTS, Kind
from distributor.delivery.state import State
from distributor.errors import DistributorError
from distributor.recipients.model import Acknowledge, Remark
from distributor.settings import Settings
from distributor.store.receipt_records import Receipt
from distributor.store.visits import Visit
from distributor.workdays.calendar import Workdays
from distributor.workdays.file import load_calendar

_HOW = {
    Kind.PHONED: "电话签收，由办公室登记。",
    Kind.SIGNED: "通过邮件链接签收，未核验身份。",
    Kind.IDENTIFIED: "登录后签收，已核验身份。",
}

#: The order in which a 签收 is shown: the surest first.
_SUREST = (Kind.IDENTIFIED, Kind.SIGNED, Kind.PHONED)


@dataclass(frozen=True, slots=True)
class Signed:
    """A 签收 as the page shows it."""

    name: str
    at: str
    how: str
    remark: str = ""
    for_whom: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """A 退回 as the page shows it."""

    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Given:
    """What a reader had filled in when something was missing."""

    name: str = ""
    remark: str = ""
    reason: str = ""
    on_behalf: bool = False

    def values(self) -> Mapping[str, object]:
        """By the names of the form's fields."""
        return {"name": self.name, "remark": self.remark, "reason": self.reason, "for": self.on_behalf}


NOTHING = Given()


@dataclass(frozen=True, slots=True)
class View:
    """Where a copy stands for its reader. `closed` says why there is no 签收; `notice` stands above the bulletin."""

    visit: Visit
    signed: Signed | None
    returned: Returned | None
    closed: str
    notice: str
    due: str
    shows_body: bool = True

    @property
    def open(self) -> bool:
        """Whether a 签收 is asked for and may be given."""
        return not self.closed and self.visit.manners.acknowledge is not Acknowledge.NEVER

    @property
    def shows_paper(self) -> bool:
        """Whether the PDF may be taken along: a page tells that its bulletin was corrected, paper does not."""
        return self.shows_body and not self.visit.replaced

    @property
    def remark_label(self) -> str:
        """What a remark is called: superiors give instructions."""
        return "批示意见" if self.visit.direction == "报" else "备注"

    def values(self) -> Mapping[str, object]:
        """What the template prints."""
        return {
            "title": self.visit.title,
            "unit": self.visit.unit,
            "name": "、".join(self.visit.people) or self.visit.name,
            "signed": self.signed,
            "returned": self.returned,
            "closed": self.closed,
            "notice": self.notice,
            "open": self.open,
            "due": self.due,
            "remark": self.visit.manners.remark is Remark.OPTIONAL,
            "remark_label": self.remark_label,
        }


def view_of(visit: Visit, settings: Settings, *, due: str, now: dt.datetime) -> View:
    """How a copy stands at `now` (UTC). `due` is its deadline as `Deadlines` says it."""
    closed, notice, shows_body = _closure(visit, settings, now)
    return View(
        visit=visit,
        signed=_signed(visit, settings.zone),
        returned=_returned(visit, settings.zone),
        closed=closed,
        notice=notice,
        due=due,
        shows_body=shows_body,
    )


class Deadlines:
    """Until when copies are to be signed, in the words of the page; the calendar is read again when it was edited."""

    #: A letter's copies share one deadline, so few are ever needed at once.
    _MOST = 1000

    #: Seconds between two looks at the file.
    _EVERY = 1.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked_at = -self._EVERY
        self._stamp = -1
        self._calendar = Workdays()
        self._said: dict[tuple[str | None, dt.datetime], str] = {}

    def of(self, visit: Visit, settings: Settings) -> str:
        """The day by which a copy is to be signed; empty when there is none, or the calendar does not know it."""
        if visit.released_at is None or visit.manners.due is None:
            return ""
        self._reload(settings)
        key = (visit.manners.due, visit.released_at)
        if key not in self._said:
            if len(self._said) >= self._MOST:
                self._said.clear()
            self._said[key] = self._say(visit, visit.released_at, settings.zone)
        return self._said[key]

    def _say(self, visit: Visit, since: dt.datetime, zone: dt.tzinfo) -> str:
        try:
            deadline = visit.manners.deadline(since, self._calendar, zone)
        except DistributorError:
            return ""  # the year's working days are not known; the letter names the time in words
        assert deadline is not None
        day = deadline.astimezone(zone)
        return f"{day.year}年{day.month}月{day.day}日前"

    def _reload(self, settings: Settings) -> None:
        if self._clock() - self._looked_at < self._EVERY:
            return
        self._looked_at = self._clock()
        path = settings.path(settings.folders.calendar)
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            stamp = 0
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._said.clear()
        try:
            self._calendar = load_calendar(path).workdays
        except DistributorError:
            self._calendar = Workdays()  # `doctor` and the duties say what is wrong with the office's own


def local_time(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """A time as readers write it."""
    here = moment.astimezone(zone)
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"


def _closure(visit: Visit, settings: Settings, now: dt.datetime) -> tuple[str, str, bool]:
    """Why the 签收 is closed, the notice above the bulletin, and whether the bulletin may still be read."""
    if visit.withdrawn_at is not None or visit.state is State.CANCELLED:
        return "本期已撤回", "本期简报已由发出单位撤回，请以后续来件为准。", False
    if visit.replaced:
        return "本期已更正", "本期简报已更正，请以更正版为准；更正版另行发送。", True
    if visit.released_at is not None and now - visit.released_at > settings.web.readable_for:
        return "本页已过期", "本页已超过保存期限。", False
    return "", "", True


def _signed(visit: Visit, zone: dt.tzinfo) -> Signed | None:
    found = [receipt for receipt in visit.receipts if receipt.kind in ACKNOWLEDGEMENTS]
    if not found:
        return None
    receipt = min(found, key=lambda one: (_SUREST.index(one.kind), one.id))
    return Signed(
        name=_text(receipt, "name") or "、".join(visit.people) or visit.name,
        at=local_time(receipt.at, zone),
        how=_HOW[receipt.kind],
        remark=_text(receipt, "remark"),
        for_whom=_text(receipt, "for"),
    )


def _returned(visit: Visit, zone: dt.tzinfo) -> Returned | None:
    found = [receipt for receipt in visit.receipts if receipt.kind is Kind.RETURNED]
    return Returned(local_time(found[-1].at, zone), _text(found[-1], "reason")) if found else None


def _text(receipt: Receipt, name: str) -> str:
    return str(receipt.details.get(name, ""))
