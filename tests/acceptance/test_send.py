"""The main job: a bulletin reaches its 报 and 发 lists through a real SMTP server, and every copy is on record."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.cli.mailbox import Mailbox
from distributor.resources import shipped
from tests.acceptance.letterbox import Letter, by_address, squeezed
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
