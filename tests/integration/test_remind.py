"""催办: who is reminded and when, once for each step whatever happens, and never anybody who has signed."""

import datetime as dt
import random
from pathlib import Path

import pytest

from distributor.bulletin.reading import read_bulletin
from distributor.delivery.breaker import Standing
from distributor.delivery.evidence import Kind
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.dispatch.acknowledge import Word, note_call, send_back, sign
from distributor.dispatch.remind import Planned, due_today
from distributor.dispatch.reminder_round import REST
from distributor.receipts.tokens import Purpose
from distributor.rendering.email_check import check_reminder
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.service.office import Office
from distributor.service.reminding import Reminding
from distributor.settings import Reminders
from distributor.store import breakers
from distributor.store.database import Database
from distributor.store.pauses import pause
from distributor.store.receipts import add_receipt
from distributor.store.withdrawals import withdraw
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.debtors import ZONE, Debtors, Line, Switchboard
from tests.integration.reading import correct


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
    days = tuple(step.day for step in debtors.owed()[0].steps)
    assert days == (dt.date(2026, 11, 24), dt.date(2026, 11, 25), dt.date(2026, 11, 26))
    assert due_today(debtors.owed(), dt.date(2026, 11, 23)) == ()
    assert len(due_today(debtors.owed(), dt.date(2026, 11, 26))) == 3


async def test_a_reminder_goes_out_once_with_the_reader_s_own_link(debtors: Debtors) -> None:
    line = Line()
    assert debtors.plan() == Planned(3, ())
    assert await debtors.send(line) == {"sent": 3}
    assert sorted(line.to) == ["lisi@example.gov.cn", "sunliu@example.gov.cn", "wangwu@example.gov.cn"]
    assert debtors.plan() == Planned(0, ())
    assert await debtors.send(line) == {}
    letter = next(letter for letter in line.taken if letter["To"].addresses[0].addr_spec == "sunliu@example.gov.cn")
    first = debtors.bureau.key.token(Purpose.MESSAGE, debtors.copy("孙六").id)
    assert letter["Subject"] == "【催办】请签收《云岭区巡河工作快报 第7期》"
    assert letter["In-Reply-To"] == f"<{first}@example.gov.cn>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"
    part = letter.get_body(("plain",))
    assert part is not None
    text = part.get_content()
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
        (Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT), "due"),
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
    choices = (
        Outcome(Verdict.ACCEPTED),
        Outcome(Verdict.UNKNOWN),
        Outcome(Verdict.DEFERRED, Fault.NETWORK, Stage.BODY),
        None,
    )
    for _ in range(20):
        line.answers = [chance.choice(choices) for _ in range(3)]
        debtors.plan()
        try:
            await debtors.send(line)
        except RuntimeError:
            continue
        finally:
            debtors.bureau.clock.forward(minutes=16)  # what was tried in vain rests until then
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
    monkeypatch.setattr("distributor.service.reminding.Lines", lambda: Switchboard(line))
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


async def test_the_html_of_a_reminder_keeps_to_the_rules_of_mail_programs(debtors: Debtors) -> None:
    debtors.plan()
    line = Line()
    await debtors.send(line)
    subject, letter = str(line.taken[0]["Subject"]), line.taken[0]
    text, page = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    rendition = Rendition("", "", "email", subject=subject, text=text.get_content(), html=page.get_content())
    bulletin = read_bulletin(debtors.bureau.office.folder / "by-hand-7.md").bulletin
    assert check_reminder(rendition, bulletin, templates=Templates()) == ()
    for said in ("云岭区巡河工作快报", "第7期", f"　{line.names[0]}：", "请于2026年11月25日前签收"):
        assert said in rendition.html


def test_who_does_not_have_it_yet_and_whose_text_was_corrected_is_not_asked(debtors: Debtors) -> None:
    first, debtors.record = debtors.record, debtors.bureau.release(8)
    assert debtors.names() == []
    debtors.record = first
    correct(debtors.bureau)
    assert debtors.names() == []


async def test_another_account_takes_over_when_the_first_cannot(debtors: Debtors) -> None:
    debtors.add_account("spare")
    debtors.plan()
    shut, spare = Line(), Line()
    shut.shut = Outcome(Verdict.DEFERRED, Fault.ACCOUNT, Stage.AUTH, Reply(535, "5.7.8", "authentication failed"))
    assert await debtors.send(shut, spare=spare) == {"sent": 3}
    assert len(spare.to) == 3
    assert {one.account for one in debtors.reminders()} == {"spare"}
    with debtors.bureau.database.read() as conn:
        (trouble,) = breakers.breakers(conn)
    assert (trouble.account, trouble.standing) == ("main", Standing.OPEN)


async def test_an_account_that_is_full_or_rests_leaves_it_to_the_next(debtors: Debtors) -> None:
    debtors.add_account("spare", limits=("1/hour",))
    debtors.plan()
    with debtors.bureau.database.write() as conn:
        pause(conn, "account:main", "", "test", debtors.bureau.clock())
    main, spare = Line(), Line()
    assert await debtors.send(main, spare=spare) == {"sent": 1}
    assert (len(main.to), len(spare.to)) == (0, 1)
    with debtors.bureau.database.write() as conn:
        pause(conn, f"bulletin:{debtors.record.id}", "", "test", debtors.bureau.clock())
    assert await debtors.send(main, spare=Line()) == {}


async def test_what_was_put_off_rests_and_gives_way_to_the_next_day(debtors: Debtors) -> None:
    debtors.plan()
    later = Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT, Reply(450, "4.2.0", "greylisted"))
    assert await debtors.send(Line(later, later, later)) == {"due": 3}
    assert await debtors.send(Line()) == {}
    debtors.bureau.clock.forward(seconds=REST.total_seconds())
    assert await debtors.send(Line(later, later)) == {"due": 2, "sent": 1}
    debtors.on("2026-11-25")
    assert debtors.plan() == Planned(3, ())
    line = Line()
    assert await debtors.send(line) == {"sent": 3}
    assert sorted(row[1:] for row in debtors.rows()) == [("email", "moot")] * 2 + [("email", "sent")] * 4


async def test_who_has_no_way_left_is_on_a_list_for_the_editors(debtors: Debtors) -> None:
    no = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT, Reply(550, "5.1.1", "no such user"))
    debtors.plan()
    await debtors.send(Line(no))
    (told,) = debtors.told()
    first = debtors.reminders()[0]
    name = next(copy.name for copy in debtors.bureau.copies() if copy.id == first.delivery_id)
    assert name in told
    assert "call" in told
    assert {debt.copy.name for debt in debtors.owed() if debt.to_call} == {name}
    debtors.on("2026-11-24")
    assert debtors.ways()[name] == "phone"
    assert [debt.copy.name for debt in debtors.plan().calls] == [name]
    assert len(debtors.told()) == 2
