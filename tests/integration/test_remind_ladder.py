"""The ladder of reminders over real channels: a card in 企业微信 first, then a letter, then a call; each once."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact
from distributor.delivery.throttle import Scope, parse_limit
from distributor.dispatch.acknowledge import Word, press, sign
from distributor.dispatch.remind import Planned
from distributor.receipts.tokens import Purpose
from distributor.service.reminding import Reminding
from distributor.simulators.faults import LostAfter, Refuse
from distributor.store.database import Database
from distributor.store.moves import Move, apply_moves
from distributor.store.reminders import Wanted, plan_reminders
from distributor.store.suppressed import suppress_address
from distributor.store.windows import usage
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.debtors import Debtors, Line, Switchboard
from tests.simulators.running import Running, running_wecom

DIRECTORY = """\
groups:
  各镇:
    direction: 发
    channels: [wecom, wecom_robot, email]
    acknowledge: required
    satisfied_by: all
    due: 2 working days
    remind: [1 working day before, on the day, 1 working day after by phone]
    members:
      - unit: 石桥镇
        people:
          - {name: 李四, wecom: lisi, email: lisi@example.gov.cn}
          - {name: 王五, wecom: wangwu, wecom_robot: 石桥镇群, email: wangwu@example.gov.cn}
          - {name: 工作群, wecom_robot: 石桥镇群}
"""

#: The deadline is Wednesday the 25th: a reminder the day before, one on the day, and a call the day after.
FIRST, SECOND, THIRD = "2026-11-24", "2026-11-25", "2026-11-26"


@dataclass
class Town:
    """The people who owe, and the platform that shows them cards."""

    debtors: Debtors
    running: Running

    def cards(self, member: str) -> list[str]:
        """The titles of what a member has before his eyes."""
        return [
            shown.content.get("main_title", {}).get("title") or shown.content["content"].splitlines()[0]
            for shown in self.running.platform.company.before(member)
        ]


@pytest.fixture
async def town(tmp_path: Path, sqlite: Database, clock: Clock) -> AsyncIterator[Town]:
    async with running_wecom("lisi", "wangwu") as running:
        bureau = Bureau(tmp_path / "office", sqlite, clock)
        yield Town(Debtors(bureau, DIRECTORY, platform=running.base_url), running)


async def test_a_card_comes_first_then_a_letter_then_a_call(town: Town) -> None:
    debtors, line = town.debtors, Line()
    debtors.on(FIRST)
    assert debtors.ways() == {"李四": "wecom", "王五": "wecom", "工作群": "wecom_robot"}
    debtors.plan()
    assert await debtors.send(line) == {"sent": 3}
    (shown,) = town.running.platform.company.before("lisi")
    card = shown.content
    token = debtors.bureau.key.token(Purpose.LINK, debtors.copy("李四").id)
    assert card["main_title"]["title"] == "【催办】云岭区巡河工作快报 第7期"
    assert card["card_action"]["url"] == f"https://bulletin.example.gov.cn/b/{token}#acknowledge"
    assert "请于2026年11月25日前签收" in card["sub_title_text"]
    assert "button_list" not in card
    assert town.cards("robot-key") == ["# 【催办】云岭区巡河工作快报 第7期"]

    debtors.on(SECOND)
    assert debtors.ways() == {"李四": "email", "王五": "email", "工作群": "wecom_robot"}
    debtors.plan()
    assert await debtors.send(line) == {"sent": 3}
    assert sorted(line.to) == ["lisi@example.gov.cn", "wangwu@example.gov.cn"]
    text = line.taken[0].get_body(("plain",))
    assert text is not None
    assert token in text.get_content() or line.to[0].startswith("wangwu")

    debtors.on(THIRD)
    assert set(debtors.ways().values()) == {"phone"}
    planned = debtors.plan()
    assert (planned.count, [debt.copy.name for debt in planned.calls]) == (0, ["李四", "王五", "工作群"])
    (told,) = debtors.told()
    assert "石桥镇 李四；石桥镇 王五；石桥镇 工作群" in told
    assert debtors.plan() == Planned(0, ())
    assert await debtors.send(line) == {}
    assert [copy.state.value for copy in debtors.bureau.copies()] == ["accepted"] * 3  # no second delivery


async def test_whom_the_platform_does_not_know_gets_a_letter_the_same_day(town: Town) -> None:
    del town.running.platform.company.members["lisi"]
    debtors, line = town.debtors, Line()
    debtors.on(FIRST)
    debtors.plan()
    assert await debtors.send(line) == {"sent": 3}
    assert line.to == ["lisi@example.gov.cn"]
    assert (FIRST, "email", "sent") in debtors.rows()
    assert debtors.told() == []


async def test_an_answer_that_was_lost_shows_one_card_and_no_letter_that_day(town: Town) -> None:
    debtors, line = town.debtors, Line()
    town.running.platform.faults.script("/cgi-bin/message/send", LostAfter(), to="lisi")
    debtors.on(FIRST)
    debtors.plan()
    await debtors.send(line)
    await debtors.send(line)
    assert len(town.cards("lisi")) == 1
    assert line.to == []


async def test_trouble_with_the_app_leaves_the_reminder_waiting_and_the_others_going(town: Town) -> None:
    debtors = town.debtors
    town.running.platform.faults.script("/cgi-bin/message/send", Refuse(60020))
    debtors.on(FIRST)
    debtors.plan()
    assert await debtors.send(Line()) == {"sent": 1}
    assert sorted(debtors.standings()) == ["due", "due", "sent"]


async def test_cards_count_in_the_limits_and_who_signed_on_the_page_gets_none(town: Town) -> None:
    debtors = town.debtors
    debtors.on(FIRST)
    debtors.plan()
    with debtors.bureau.database.write() as conn:
        sign(conn, debtors.copy("王五").id, Word(), now=debtors.bureau.clock())
    assert await debtors.send(Line()) == {"sent": 2, "moot": 1}
    assert (len(town.cards("lisi")), town.cards("wangwu")) == (1, [])
    names = ("account:wecom.main", "address:wecom.main:lisi")
    scopes = [Scope(name, (parse_limit("600/hour"),)) for name in names]
    with debtors.bureau.database.read() as conn:
        assert [one.used for one in usage(conn, scopes)] == [1, 1]


async def test_a_button_pressed_in_wecom_keeps_the_letter_back_that_waits(town: Town) -> None:
    debtors, line = town.debtors, Line()
    debtors.on(FIRST)
    debtors.plan()
    await debtors.send(line)
    debtors.on(SECOND)
    debtors.plan()

    def meanwhile() -> None:
        """While the first letter goes, the other reader presses the button of his card."""
        other = debtors.copy("王五" if line.to == ["lisi@example.gov.cn"] else "李四")
        with debtors.bureau.database.write() as conn:
            press(conn, other.id, other.address, now=debtors.bureau.clock())

    line.upon = meanwhile
    assert await debtors.send(line) == {"sent": 2, "moot": 1}
    assert len(line.to) == 1


def test_a_channel_where_the_letter_failed_or_the_address_rests_is_left_out(town: Town) -> None:
    debtors, now = town.debtors, town.debtors.bureau.clock()
    with debtors.bureau.database.write() as conn:
        apply_moves(conn, [Move(debtors.copy("李四").id, Fact.BOUNCE, None)], now=now)
        suppress_address(conn, "wecom", "wangwu", reason="", source="test", now=now)
    assert debtors.ways() == {"王五": "email", "工作群": "wecom_robot"}


async def test_the_service_tells_the_editors_whom_to_call(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    debtors, line = town.debtors, Line()
    lines = Switchboard(line)
    monkeypatch.setattr("distributor.service.reminding.Lines", lambda: lines)
    office = debtors.bureau.service()
    for day in (FIRST, FIRST, SECOND, THIRD, THIRD):
        debtors.on(day)
        office.looked_at = debtors.bureau.clock()
        await Reminding(office).once()
    await lines.close()
    assert [row[0] for row in debtors.rows()] == [FIRST] * 3 + [SECOND] * 3 + [THIRD] * 3
    assert {row[1:] for row in debtors.rows()[6:]} == {("phone", "sent")}
    assert len(debtors.told()) == 1


def test_the_command_shows_who_why_by_which_way_and_whom_to_call(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    debtors = town.debtors
    office = debtors.bureau.office
    office.write(
        "distributor.toml",
        (office.folder / "distributor.toml").read_text(encoding="utf-8")
        + f"""
[database]
url = "{debtors.bureau.database.url}"
""",
    )
    for day, ways in ((FIRST, ["wecom", "wecom", "wecom_robot"]), (THIRD, ["phone"] * 3)):
        debtors.on(day)
        monkeypatch.setattr("distributor.cli.desk.Desk.now", debtors.bureau.clock.now)
        shown = office.ask("remind", "7", "--dry-run", "--json")
        assert [one["by"] for one in shown.json["owed"]] == ways
        assert [one["name"] for one in shown.json["calls"]] == (["李四", "王五", "工作群"] if day == THIRD else [])
    entry = shown.json["owed"][0]
    assert (entry["overdue"], entry["address"], entry["reachable"]) == (True, "", True)
    assert entry["steps"] == [{"day": FIRST, "by": ""}, {"day": SECOND, "by": ""}, {"day": THIRD, "by": "phone"}]
    said = office.ask("remind", "7", "--dry-run").out
    assert "overdue since 2026-11-25 23:59" in said
    assert "Please call: 石桥镇 李四；石桥镇 王五；石桥镇 工作群." in said
    done = office.ask("remind", "7", "--yes", "--json")
    assert (done.code, done.json["ends"], len(done.json["calls"])) == (0, {}, 3)
    assert office.ask("remind", "7", "--yes", "--json").code == 4


async def test_rows_are_booked_once_and_move_alike_on_both_engines(
    tmp_path: Path, database: Database, clock: Clock
) -> None:
    debtors = Debtors(Bureau(tmp_path / "office", database, clock))
    debtors.on(FIRST)
    with ThreadPoolExecutor(4) as pool:  # as the service, the office's pages and a command may
        planned = list(pool.map(lambda _: debtors.plan().count, range(4)))
    assert sorted(planned) == [0, 0, 0, 3]
    assert debtors.rows() == [(FIRST, "email", "due")] * 3
    no = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT, Reply(550, "5.1.1", "no such user"))
    later = Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT, Reply(450, "4.2.0", "come again"))
    assert await debtors.send(Line(no, later)) == {"refused": 1, "due": 1, "sent": 1}
    copy = debtors.owed()[0].copy
    with database.write() as conn:
        twice = [Wanted(copy.id, FIRST, "wecom"), Wanted(copy.id, SECOND, "phone", told=True)]
        assert len(plan_reminders(conn, twice, actor="test", now=clock())) == 1
        for debt in debtors.owed():
            sign(conn, debt.copy.id, Word(), now=clock())
    assert debtors.rows()[-1] == (SECOND, "phone", "sent")
    clock.forward(hours=1)
    assert await debtors.send(Line()) == {"moot": 1}
    assert len(debtors.told()) == 1
