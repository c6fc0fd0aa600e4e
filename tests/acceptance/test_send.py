"""The main job: a bulletin reaches its 报 and 发 lists through a real SMTP server, and every copy is on record."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.cli.mailbox import Mailbox
from distributor.resources import shipped
from tests.acceptance.letterbox import Letter, by_address, read, squeezed
from tests.acceptance.office import Office
from tests.channels.server import ScriptedServer
from tests.samples import samples

UP = ("尊敬的", "呈上，请审阅")
DOWN = ("印发给你们，请认真组织学习",)


@dataclass(frozen=True)
class Issue:
    """A bulletin, and what its readers must find in it."""

    file: Path
    subject: str
    parts: Sequence[str]
    up: Sequence[str]
    down: Sequence[str]


RIVER = Issue(
    file=shipped("examples") / "river-12.md",
    subject="云岭区河湖保护工作简报 第12期（总第87期）（2026年9月18日）",
    parts=(
        "【工作部署】",
        "河湖管护一张图平台上线试运行",
        "沿河排水户普查完成过半",
        "（区水务局、区市场监管局）",
        "【基层动态】",
        "柳河镇“一渠一户”请村民认养门前水渠",
        "云台街道“河畔议事角 邻里共护水”活动走进六个社区",
        "【巡河一线】",
        "【护水课堂】",
        "【经验借鉴】",
        "望川县“三本账”让巡河见实效",
        "编校：许知远",
        "核签：顾明川",
        "报：区委、区人大、区政府、区政协领导同志",
        "发：各镇人民政府、各街道办事处、区河长制成员单位",
    ),
    up=("区委", "区人大", "区政府", "区政协"),
    down=("各镇人民政府", "各街道办事处", "区河长制成员单位"),
)


def sample_350() -> list[Issue]:
    """The house's sample, when it lies beside the project."""
    folder = samples()
    if folder is None:
        return []
    told = json.loads((folder / "bulletins" / "350.expected.json").read_text(encoding="utf-8"))
    parts = [f"【{section['heading']}】" for section in told["sections"]]
    parts += [item["title"] for section in told["sections"] for item in section["items"]]
    year, month, day = (int(part) for part in told["date"].split("-"))
    return [
        Issue(
            file=folder / "bulletins" / "350.md",
            subject=f"{told['title']} 第{told['issue_no']}期（{year}年{month}月{day}日）",
            parts=[
                *parts,
                "报：" + "、".join(told["report_to"]),
                "发：" + "、".join(told["distribute_to"]),
                told["editor"],
                told["approver"],
                told["contact"]["email"],
            ],
            up=told["report_to"],
            down=told["distribute_to"],
        )
    ]


ISSUES = [pytest.param(issue, id=issue.file.stem) for issue in (RIVER, *sample_350())]


def lists_for(office: Office, issue: Issue) -> str:
    """Three 报 and thirty 发 recipients who answer to the names on the bulletin's lines. Returns its file name."""
    office.recipients(leaders=3, units=30)
    text = (office.folder / "recipients.yaml").read_text(encoding="utf-8")
    text = text.replace("covers: [区委, 区政府领导同志]", f"covers: [{', '.join(issue.up)}]")
    text = text.replace("covers: [各镇人民政府, 各街道办事处]", f"covers: [{', '.join(issue.down)}]")
    office.write("recipients.yaml", text.replace("direction: 发", "direction: 发\n    acknowledge: required"))
    office.write(issue.file.name, issue.file.read_text(encoding="utf-8"))
    return issue.file.name


def assert_everybody_has_it(letters: dict[str, Letter], issue: Issue) -> None:
    wanted = {f"leader{n}@example.gov.cn": f"领导{n}" for n in range(1, 4)}
    wanted |= {f"unit{n}@example.gov.cn": f"联络员{n}" for n in range(1, 31)}
    assert {address: letter.to for address, letter in letters.items()} == {
        address: (name, address) for address, name in wanted.items()
    }
    assert {letter.subject for letter in letters.values()} == {issue.subject}
    assert {letter.sender for letter in letters.values()} == {("云岭区河长办", "hzb@example.gov.cn")}
    assert len({letter.message_id for letter in letters.values()}) == 33
    for address, letter in letters.items():
        missing = [part for part in issue.parts if squeezed(part) not in letter.plain]
        assert not missing, f"{address}: not in the text"
        missing = [part for part in issue.parts if squeezed(part) not in letter.shown]
        assert not missing, f"{address}: not in the HTML"


def assert_manners_differ(letters: dict[str, Letter]) -> None:
    for address, letter in letters.items():
        number = address.split("@")[0].removeprefix("leader").removeprefix("unit")
        ours, theirs = (UP, DOWN) if address.startswith("leader") else (DOWN, UP)
        unit, name = ("区委办公室", f"领导{number}") if ours is UP else (f"单位{number}", f"联络员{number}")
        for body in (letter.plain, letter.shown):
            assert f"{unit}{name}：" in body
            assert all(phrase in body for phrase in ours)
            assert not any(phrase in body for phrase in theirs)
            assert ("签收" in body) == (ours is DOWN)


def assert_on_record(office: Office, number: str) -> None:
    assert list(office.states().values()) == ["accepted"] * 33
    assert office.books().finished
    told = office.ask("status", number, "--json")
    assert told.code == 0
    assert told.json["books"] == {
        "planned": 33,
        "by_state": {"accepted": 33},
        "open": 0,
        "unknown": 0,
        "balanced": True,
        "finished": True,
    }
    assert {
        (copy["direction"], copy["state"], copy["attempts"][0]["reply"]["code"]) for copy in told.json["deliveries"]
    } == {
        ("报", "accepted", 250),
        ("发", "accepted", 250),
    }
    assert all(len(copy["attempts"]) == 1 for copy in told.json["deliveries"])


@pytest.mark.parametrize("issue", ISSUES)
def test_a_bulletin_reaches_three_leaders_and_thirty_units_once(office: Office, mailbox: Mailbox, issue: Issue) -> None:
    file = lists_for(office, issue)
    sent = office.run("send", file, "--yes")
    assert sent.code == 0, sent.err
    letters = by_address(mailbox)
    assert_everybody_has_it(letters, issue)
    assert_manners_differ(letters)
    number = file.removesuffix(".md").removeprefix("river-")
    assert_on_record(office, number)

    again = office.ask("send", file, "--yes")
    assert again.code == 4
    assert "already been distributed" in again.out
    assert len(mailbox.received) == 33


@pytest.mark.parametrize("issue", ISSUES)
async def test_a_server_that_pipelines_gets_the_same(tmp_path: Path, issue: Issue) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        file = lists_for(office, issue)
        sent = await asyncio.to_thread(office.run, "send", file, "--yes", "--json")
        assert sent.code == 0, sent.err
        assert sent.json["books"]["by_state"] == {"accepted": 33}
        assert_everybody_has_it(by_address(server), issue)
        assert_on_record(office, file.removesuffix(".md").removeprefix("river-"))


# ── Who is meant ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        pytest.param(("--group", "区领导"), {"leader1"}, id="a group"),
        pytest.param(("--group", "区领导", "--group", "各单位"), {"leader1", "unit1", "unit2"}, id="two groups"),
        pytest.param(("--only", "联络员2"), {"unit2"}, id="a name"),
        pytest.param(("--only", "单位1", "--only", "区委办公室"), {"unit1", "leader1"}, id="two units"),
        pytest.param(("--only", "unit2@example.gov.cn"), {"unit2"}, id="an address"),
    ],
)
def test_a_part_of_the_recipients_can_be_sent_to_and_the_rest_later(
    office: Office, mailbox: Mailbox, options: Sequence[str], reached: set[str]
) -> None:
    assert office.ask("send", "bulletin.md", "--yes", *options).code == 0
    assert {address.split("@")[0] for address in by_address(mailbox)} == reached

    rest = office.ask("send", "7", "--yes")
    assert rest.code == (4 if len(reached) == 3 else 0)
    assert len(by_address(mailbox)) == 3


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        pytest.param(("--only", "联络员22"), "Did you mean 联络员2?", id="a name"),
        pytest.param(("--only", "unit2@example.gov.com"), "Did you mean unit2@example.gov.cn?", id="an address"),
        pytest.param(("--group", "区领倒"), "Did you mean 区领导?", id="a group"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(
    office: Office, mailbox: Mailbox, options: Sequence[str], advice: str
) -> None:
    assert office.ask("finalise", "bulletin.md", "--yes").code == 0
    refused = office.ask("send", "7", "--yes", *options)
    assert refused.code == 2
    assert advice in refused.err
    assert not mailbox.received


# ── Nothing is sent ───────────────────────────────────────────────────────────────────────────────


def refused_by(office: Office, mailbox: Mailbox, *arguments: str, code: int = 5) -> str:
    """Runs a command that must be refused and send nothing. Returns what it says."""
    before = len(mailbox.received)
    ran = office.ask(*arguments)
    assert ran.code == code, ran
    assert len(mailbox.received) == before
    return ran.err


def test_without_a_yes_and_without_a_terminal_nothing_is_sent(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    assert "nobody is there to ask" in refused_by(office, mailbox, "send", "7")
    assert set(office.states().values()) == {"queued"}
    assert all(copy.next_attempt_at is None for copy in office.deliveries()), "something was released"


def test_a_rehearsal_sends_nothing_and_changes_no_row(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    before = office.deliveries()
    rehearsed = office.ask("send", "7", "--dry-run", "--json")
    assert rehearsed.code == 0
    assert (rehearsed.json["letters"], rehearsed.json["plan"]["to_send"]) == (3, 3)
    assert not mailbox.received
    assert office.deliveries() == before


def test_a_rehearsal_stores_no_file(office: Office, mailbox: Mailbox) -> None:
    assert "has not been finalised" in refused_by(office, mailbox, "send", "bulletin.md", "--dry-run")
    assert office.ask("status").code == 4


def test_a_test_letter_is_marked_and_counts_nowhere(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    before = office.deliveries()
    tried = office.ask("send", "7", "--test-to", "editor@example.gov.cn")
    assert tried.code == 0
    letters = [path.read_bytes() for path in mailbox.received]
    assert len(letters) == 2
    assert {path.name.split(".")[0][:6] for path in mailbox.received} == {"editor"}
    subjects = {read(raw).subject for raw in letters}
    assert subjects == {"【测试】云岭区巡河工作快报 第7期（2026年11月20日）"}
    assert office.deliveries() == before
    assert [entry.action for entry in office.audit()] == ["bulletin.finalised", "trial.sent"]
    assert office.audit()[-1].details["address"] == "editor@example.gov.cn"

    assert office.ask("send", "7", "--yes").code == 0, "the test letter was taken for the real one"
    assert len(mailbox.received) == 5


# ── What was finalised is what goes out ───────────────────────────────────────────────────────────


def edited(office: Office, before: str, after: str, file: str = "bulletin.md") -> None:
    text = (office.folder / file).read_text(encoding="utf-8")
    assert before in text
    office.write(file, text.replace(before, after))


@pytest.mark.parametrize("how", ["7", "bulletin.md"])
def test_text_edited_after_finalising_is_not_sent(office: Office, mailbox: Mailbox, how: str) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    edited(office, "整改问题6处", "整改问题9处")
    said = refused_by(office, mailbox, "send", how, "--yes")
    assert "bulletin.md" in said
    assert "Finalise it again, or bring back the finalised text" in said

    edited(office, "整改问题9处", "整改问题6处")
    assert office.ask("send", how, "--yes").code == 0
    assert len(by_address(mailbox)) == 3


def test_recipients_edited_after_finalising_are_not_sent_to_until_finalised_again(
    office: Office, mailbox: Mailbox
) -> None:
    office.recipients(leaders=1, units=6)
    assert office.ask("finalise", "bulletin.md").code == 0
    assert office.ask("send", "7", "--only", "单位1", "--yes").code == 0
    office.recipients(leaders=1, units=6)
    edited(office, "联络员6, email: unit6@", "联络员7, email: unit7@", "recipients.yaml")
    edited(office, "unit: 单位6", "unit: 单位7", "recipients.yaml")
    edited(office, "leader1@", "leader9@", "recipients.yaml")
    said = refused_by(office, mailbox, "send", "7", "--yes")
    assert "recipients.yaml" in said
    assert "1 added, 1 removed, 0 moved to another group, 1 with another address" in said
    assert "Finalise the bulletin again" in said

    again = office.ask("finalise", "bulletin.md", "--json")
    assert again.code == 0
    assert again.json["recipients"] == {"added": 2, "cancelled": 2, "kept": 5}
    assert office.ask("send", "7", "--yes").code == 0
    letters = by_address(mailbox)
    assert sorted(letters) == sorted(
        ["leader9@example.gov.cn", *(f"unit{n}@example.gov.cn" for n in (1, 2, 3, 4, 5, 7))]
    )
    assert {copy.address for copy in office.deliveries() if copy.state.value == "cancelled"} == {
        "leader1@example.gov.cn",
        "unit6@example.gov.cn",
    }


def test_a_blank_approver_is_refused_unless_the_office_says_otherwise(
    office: Office, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(office, "核签：陆建", "核签：")
    said = refused_by(office, mailbox, "send", "bulletin.md", "--yes")
    assert "bulletin.md:15" in said
    assert "核签 is blank" in said
    assert "Add the name of who approved it" in said
    assert office.ask("status").code == 4, "it was stored"

    monkeypatch.setenv("DISTRIBUTOR_SEND__REQUIRE_APPROVER", "false")
    assert "nobody is there to ask" in refused_by(office, mailbox, "send", "bulletin.md"), "it is a doubt still"
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    assert len(by_address(mailbox)) == 3


@pytest.mark.parametrize("marking", ["秘密", "机密★1年", "绝密"])
def test_a_classified_text_is_refused_whatever_is_said(office: Office, mailbox: Mailbox, marking: str) -> None:
    edited(office, "# 云岭区", f"{marking}\n\n# 云岭区")
    for command in ("finalise", "send"):
        said = refused_by(office, mailbox, command, "bulletin.md", "--yes")
        assert "bulletin.md:1:1" in said
        assert "must not be mailed" in said
    assert office.ask("status").code == 4, "it was stored"


def test_a_correction_is_a_new_edition_that_everybody_gets_once(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    edited(office, "整改问题6处", "整改问题9处")
    said = refused_by(office, mailbox, "finalise", "bulletin.md", "--yes")
    assert "already sent with other content" in said
    assert "`distributor finalise FILE --correction`" in said
    refused_by(office, mailbox, "send", "bulletin.md", "--yes")
    refused_by(office, mailbox, "send", "7", "--yes", code=4)

    corrected = office.ask("finalise", "bulletin.md", "--correction", "--json")
    assert corrected.code == 0
    assert (corrected.json["bulletin"]["edition"], corrected.json["recipients"]["added"]) == (2, 3)
    for path in mailbox.received:
        path.unlink()
    mailbox.received.clear()
    assert office.ask("send", "7", "--yes").code == 0
    letters = by_address(mailbox)
    assert sorted(letters) == ["leader1@example.gov.cn", "unit1@example.gov.cn", "unit2@example.gov.cn"]
    assert {letter.subject for letter in letters.values()} == {"【更正】云岭区巡河工作快报 第7期（2026年11月20日）"}
    assert all("整改问题9处" in letter.plain for letter in letters.values())
    assert office.ask("send", "7", "--yes").code == 4


def test_the_plan_says_what_changed_against_the_last_bulletin(office: Office, mailbox: Mailbox) -> None:
    office.recipients(leaders=1, units=6)
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    rows = (office.folder / "recipients.yaml").read_text(encoding="utf-8").split("\n      - unit: 单位5\n")
    moved = rows[1].split("\n      - unit: 单位6\n")[0].strip()  # 联络员5 goes up to the leaders
    text = rows[0].replace("  各单位:", f"      - unit: 单位5\n        {moved}\n  各单位:", 1)
    text += "\n      - unit: 单位8\n        people:\n          - {name: 联络员8, email: unit8@example.gov.cn}\n"
    office.write("recipients.yaml", text)
    office.write("next.md", (office.folder / "bulletin.md").read_text(encoding="utf-8").replace("第7期", "第8期"))
    assert office.ask("finalise", "next.md", "--yes").code == 0
    shown = office.ask("send", "8", "--dry-run")
    assert "Against 云岭区巡河工作快报 第7期:" in shown.out
    assert "+ 单位8 联络员8 <unit8@example.gov.cn>" in shown.out
    assert "− 单位6 联络员6 <unit6@example.gov.cn>" in shown.out
    assert "→ 联络员5: 各单位 → 区领导" in shown.out

    told = office.ask("send", "8", "--yes", "--json").json["plan"]
    assert told["previous"]["number"] == "7"
    assert told["changes"]["added"] == ["unit8@example.gov.cn"]
    assert told["changes"]["removed"] == ["unit6@example.gov.cn"]
    assert told["changes"]["moved"] == ["unit5@example.gov.cn"]


def test_a_picture_arrives_inside_the_letter(office: Office, mailbox: Mailbox) -> None:
    examples = shipped("examples")
    picture = (examples / "pictures" / "water-quality.png").read_bytes()
    (office.folder / "pictures").mkdir()
    (office.folder / "pictures" / "water-quality.png").write_bytes(picture)
    office.write("supplement-2.md", (examples / "supplement-2.md").read_text(encoding="utf-8"))
    assert office.ask("send", "supplement-2.md", "--yes").code == 0
    letters = by_address(mailbox)
    assert len(letters) == 3
    for letter in letters.values():
        ((cid, content),) = letter.pictures.items()
        assert content == picture
        assert f'src="cid:{cid}"' in letter.page
        assert "［图：前三季度优良断面数量" in letter.text
        assert "<td" in letter.page
        assert "达到或优于Ⅲ类的断面增加2个" in letter.plain
