"""催办: who is reminded and when, once for each step whatever happens, and never anybody who has signed."""

import datetime as dt
import random
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from distributor.channels.base import Checkpoint, Message
from distributor.delivery.evidence import Kind
from distributor.delivery.outcome import Fault, Outcome, Reply, Verdict
from distributor.delivery.state import Fact
from distributor.dispatch.acknowledge import Word, note_call, send_back, sign
from distributor.dispatch.intake import templates_of
from distributor.dispatch.remind import Carrier, Debt, due_today, owed_for, plan, send_reminders
from distributor.receipts.tokens import Purpose
from distributor.service.office import Office
from distributor.service.reminding import Reminding
from distributor.settings import Reminders
from distributor.store.database import Database
from distributor.store.moves import Move, apply_moves
from distributor.store.receipts import add_receipt
from distributor.store.records import DeliveryRecord
from distributor.store.reminders import Reminder, due_reminders, reminders_of
from distributor.store.withdrawals import withdraw
from distributor.workdays.calendar import Workdays
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

ZONE = ZoneInfo("Asia/Shanghai")

DIRECTORY = """\
groups:
  区领导:
    direction: 报
    acknowledge: required
    members:
      - unit: 区委办公室
        people: [{name: 赵一, email: zhaoyi@example.gov.cn}]
  各镇:
    direction: 发
    acknowledge: required
    due: 2 working days
    remind: [1 working day before, on the day, 1 working day after]
    members:
      - unit: 石桥镇
        people:
          - {name: 李四, email: lisi@example.gov.cn}
          - {name: 王五, email: wangwu@example.gov.cn}
      - unit: 柳河镇
        people: [{name: 孙六, email: sunliu@example.gov.cn}]
"""


class Line:
    """A line to a relay that answers as it is told, and dies when it is told to."""

    name = "test"

    def __init__(self, *answers: Outcome | None) -> None:
        self.answers = list(answers)
        self.taken: list[EmailMessage] = []

    async def open(self) -> None:
        return

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        answer = self.answers.pop(0) if self.answers else Outcome(Verdict.ACCEPTED, reply=Reply(250, "2.0.0", "ok"))
        assert await checkpoint()
        if answer is None:
            raise RuntimeError("killed after the mark")
        if answer.verdict is Verdict.ACCEPTED:
            letter = message_from_bytes(b"".join(message.parts), policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.taken.append(letter)
        return answer

    async def close(self) -> None:
        return

    @property
    def to(self) -> list[str]:
        """Who was written to."""
        return [str(letter["To"].addresses[0].addr_spec) for letter in self.taken]


class Debtors:
    """A bulletin that went out on Monday the 23rd, 17:00, to the directory above."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        bureau.office.write("recipients.yaml", DIRECTORY)
        self.record = bureau.release()
        with bureau.database.write() as conn:
            for copy in bureau.copies():
                for fact in (Fact.CLAIM, Fact.MARK, Fact.ACCEPT):
                    apply_moves(conn, [Move(copy.id, fact, None)], now=bureau.clock())

    def copy(self, name: str) -> DeliveryRecord:
        return next(copy for copy in self.bureau.copies() if copy.name == name)

    def owed(self) -> tuple[Debt, ...]:
        with self.bureau.database.read() as conn:
            return owed_for(conn, self.record, calendar=Workdays(), zone=ZONE, now=self.bureau.clock())

    def names(self) -> list[str]:
        return [debt.copy.name for debt in self.owed()]

    def plan(self, step: str = "2026-11-25") -> tuple[Reminder, ...]:
        with self.bureau.database.write() as conn:
            plan(conn, self.owed(), step, actor="test", now=self.bureau.clock())
            return due_reminders(conn)

    async def send(self, line: Line) -> dict[str, int]:
        settings = self.bureau.settings
        with self.bureau.database.read() as conn:
            waiting = due_reminders(conn)
        carrier = Carrier(
            self.bureau.database, settings, self.bureau.key, templates_of(settings), "main", line, self.bureau.clock
        )
        return await send_reminders(carrier, waiting, self.owed())

    def standings(self) -> list[str]:
        with self.bureau.database.read() as conn:
            return [one.standing for one in reminders_of(conn, self.record.id)]


@pytest.fixture
def debtors(tmp_path: Path, sqlite: Database, clock: Clock) -> Debtors:
    return Debtors(Bureau(tmp_path / "office", sqlite, clock))


def test_who_owes_is_reminded_and_superiors_only_when_the_directory_names_days(debtors: Debtors) -> None:
    assert debtors.names() == ["李四", "王五", "孙六"]


def test_a_签收_on_any_channel_ends_it_for_the_unit_and_machines_do_not(debtors: Debtors) -> None:
    now = debtors.bureau.clock()
    with debtors.bureau.database.write() as conn:
        for number, kind in enumerate((Kind.OPENED, Kind.FETCHED, Kind.READ, Kind.AUTO_REPLIED)):
            add_receipt(
                conn, kind, delivery_id=debtors.copy("孙六").id, source="x", digest=f"{number:064d}", at=now, now=now
            )
    assert debtors.names() == ["李四", "王五", "孙六"]
    with debtors.bureau.database.write() as conn:
        sign(conn, debtors.copy("王五").id, Word(), now=now)
    assert debtors.names() == ["孙六"]
    with debtors.bureau.database.write() as conn:
        note_call(conn, debtors.copy("孙六").id, Word(), actor="cli", now=now)
    assert debtors.names() == []


def test_who_sent_it_back_and_who_has_a_withdrawn_bulletin_is_left_alone(debtors: Debtors) -> None:
    with debtors.bureau.database.write() as conn:
        send_back(conn, debtors.copy("孙六").id, "不属于本单位", Word(), press="x", now=debtors.bureau.clock())
    assert debtors.names() == ["李四", "王五"]
    with debtors.bureau.database.write() as conn:
        withdraw(conn, debtors.record.id, "", actor="test", now=debtors.bureau.clock())
    assert debtors.names() == []


def test_the_days_are_counted_from_the_deadline(debtors: Debtors) -> None:
    days = debtors.owed()[0].days
    assert days == (dt.date(2026, 11, 24), dt.date(2026, 11, 25), dt.date(2026, 11, 26))
    assert due_today(debtors.owed(), dt.date(2026, 11, 23)) == ()
    assert len(due_today(debtors.owed(), dt.date(2026, 11, 26))) == 3


async def test_a_reminder_goes_out_once_with_the_reader_s_own_link(debtors: Debtors) -> None:
    line = Line()
    assert len(debtors.plan()) == 3
    assert await debtors.send(line) == {"sent": 3}
    assert sorted(line.to) == ["lisi@example.gov.cn", "sunliu@example.gov.cn", "wangwu@example.gov.cn"]
    assert debtors.plan() == ()
    assert await debtors.send(line) == {}
    letter = next(letter for letter in line.taken if letter["To"].addresses[0].addr_spec == "sunliu@example.gov.cn")
    first = debtors.bureau.key.token(Purpose.MESSAGE, debtors.copy("孙六").id)
    assert letter["Subject"] == "【催办】请签收《云岭区巡河工作快报 第7期》"
    assert letter["In-Reply-To"] == f"<{first}@example.gov.cn>"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = letter.get_content()
    assert "柳河镇　孙六：" in text
    assert "请于2026年11月25日前签收" in text
    assert "直接回复本邮件" in text  # this office has no public page


async def test_who_signs_before_the_reminder_leaves_gets_none(debtors: Debtors) -> None:
    debtors.plan()
    with debtors.bureau.database.write() as conn:
        sign(conn, debtors.copy("李四").id, Word(), now=debtors.bureau.clock())
    line = Line()
    assert await debtors.send(line) == {"sent": 1, "moot": 2}
    assert line.to == ["sunliu@example.gov.cn"]


async def test_a_crash_after_the_mark_reminds_nobody_twice(debtors: Debtors) -> None:
    debtors.plan()
    with pytest.raises(RuntimeError):
        await debtors.send(Line(Outcome(Verdict.ACCEPTED), None))
    assert debtors.standings() == ["sent", "sending", "due"]
    line = Line()
    assert await debtors.send(line) == {"sent": 1}
    assert debtors.standings() == ["sent", "sending", "sent"]


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        (Outcome(Verdict.UNKNOWN), "sending"),
        (Outcome(Verdict.REJECTED, Fault.RECIPIENT, reply=Reply(550, "5.1.1", "no such user")), "refused"),
        (Outcome(Verdict.DEFERRED, Fault.RECIPIENT), "due"),
        (Outcome(Verdict.DEFERRED, Fault.ACCOUNT), "due"),
    ],
    ids=["unknown", "refused", "later", "account"],
)
async def test_what_an_answer_makes_of_a_reminder(debtors: Debtors, answer: Outcome, standing: str) -> None:
    debtors.plan()
    await debtors.send(Line(answer))
    assert debtors.standings()[0] == standing
    assert debtors.standings()[1:] == (["due", "due"] if answer.fault is Fault.ACCOUNT else ["sent", "sent"])


async def test_reminders_in_any_order_of_trouble_reach_nobody_twice(debtors: Debtors) -> None:
    chance = random.Random(7)
    line = Line()
    choices = (Outcome(Verdict.ACCEPTED), Outcome(Verdict.UNKNOWN), Outcome(Verdict.DEFERRED, Fault.NETWORK), None)
    for _ in range(20):
        line.answers = [chance.choice(choices) for _ in range(3)]
        debtors.plan()
        try:
            await debtors.send(line)
        except RuntimeError:
            continue
    assert len(line.to) == len(set(line.to))


@pytest.mark.parametrize(
    ("hour", "reminded"),
    [("2026-11-25 08:59", 0), ("2026-11-25 09:00", 3), ("2026-11-25 17:00", 0), ("2026-11-28 10:00", 0)],
    ids=["before the hours", "in the hours", "after the hours", "on a Saturday"],
)
async def test_the_service_reminds_in_office_hours_of_working_days(
    debtors: Debtors, monkeypatch: pytest.MonkeyPatch, hour: str, reminded: int
) -> None:
    bureau = debtors.bureau
    bureau.clock.now = dt.datetime.fromisoformat(hour).replace(tzinfo=ZONE).astimezone(dt.UTC)
    line = Line()
    monkeypatch.setattr("distributor.service.reminding.open_lines", lambda *_, **__: (line,))
    office = Office(
        bureau.office.folder / "distributor.toml", bureau.settings, bureau.database, bureau.key, "w1", bureau.clock
    )
    office.looked_at = bureau.clock()
    for _ in range(2):
        await Reminding(office).once()
    assert len(line.taken) == reminded


@pytest.mark.parametrize("written", ["9-17", "17:00-09:00", "09:00-25:00", "09:00", "09:00-09:00", ""])
def test_hours_that_are_none_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        Reminders(hours=written)
