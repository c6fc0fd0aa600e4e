"""The short forms of a bulletin: what stands on a card, what a robot says, and what one copy has of its own."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from distributor.bulletin.model import Bulletin
from distributor.bulletin.reading import read_bulletin
from distributor.errors import BadInput
from distributor.rendering.card import ROBOT, WECOM, fill_card, render_card
from distributor.rendering.email import GroupView, OfficeView
from distributor.rendering.personal import sample_copy
from distributor.rendering.templates import Templates
from distributor.simulators.wecom.forms import app_form, robot_form
from tests.renditions.sample import GROUPS, OFFICE, OFFICE_WITH_PAGE

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.md"))
TEMPLATES = Templates()


@pytest.fixture(scope="module")
def bulletin() -> Bulletin:
    return read_bulletin(EXAMPLES[0].with_name("river-12.md")).bulletin


def document(
    bulletin: Bulletin,
    group: str = "发",
    *,
    office: OfficeView = OFFICE_WITH_PAGE,
    channel: str = WECOM,
    prefix: str = "",
    templates: Templates = TEMPLATES,
) -> dict[str, Any]:
    rendition = render_card(bulletin, group=GROUPS[group], office=office, templates=templates, channel=channel)
    copy = dataclasses.replace(sample_copy("李四"), subject_prefix=prefix)
    address = {"touser": "lisi", "agentid": 1000002} if channel == WECOM else {}
    found: dict[str, Any] = json.loads(fill_card(rendition, copy, address=address))
    return found


def test_whoever_owes_a_receipt_gets_a_card_with_a_button(bulletin: Bulletin) -> None:
    message = document(bulletin)
    card = message["template_card"]
    assert message["msgtype"] == "template_card"
    assert card["card_type"] == "button_interaction"
    assert card["main_title"]["title"] == "云岭区河湖保护工作简报 第12期（总第87期）"
    assert [button["text"] for button in card["button_list"]] == ["签收", "查看全文"]
    assert card["card_action"]["url"] == "https://example.invalid/r/sample?a=1&b=2"
    assert "请于收到之日起2个工作日内签收" in card["sub_title_text"]


def test_superiors_get_a_card_without_a_button(bulletin: Bulletin) -> None:
    card = document(bulletin, "报")["template_card"]
    assert card["card_type"] == "text_notice"
    assert "button_list" not in card
    assert "签收" not in json.dumps(card, ensure_ascii=False)


def test_without_a_page_and_without_a_receipt_the_words_go_as_text(bulletin: Bulletin) -> None:
    message = document(bulletin, "报", office=OFFICE)
    assert message["msgtype"] == "text"
    assert message["text"]["content"].startswith("云岭区河湖保护工作简报 第12期（总第87期）\n1. ")


def test_without_a_page_a_card_still_has_its_button(bulletin: Bulletin) -> None:
    card = document(bulletin, office=OFFICE)["template_card"]
    assert [button["text"] for button in card["button_list"]] == ["签收"]
    assert "card_action" not in card


@pytest.mark.parametrize("office", [OFFICE, OFFICE_WITH_PAGE], ids=["no_page", "page"])
@pytest.mark.parametrize("group", ["报", "送", "发"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_fits_the_platform_uncut(path: Path, group: str, office: OfficeView) -> None:
    bulletin = read_bulletin(path).bulletin
    message = document(bulletin, group, office=office)
    content = message[message["msgtype"]] | {"task_id": "bulletin-1"}
    assert app_form(message["msgtype"], content) is False
    said = document(bulletin, group, office=office, channel=ROBOT)
    assert robot_form(said["msgtype"], said["markdown_v2"]) is False


def test_a_robot_says_the_headlines_and_where_to_read_on(bulletin: Bulletin) -> None:
    lines = document(bulletin, channel=ROBOT)["markdown_v2"]["content"].splitlines()
    assert lines[0] == "# 云岭区河湖保护工作简报 第12期（总第87期）"
    assert lines[-1] == "[阅读全文并签收](https://example.invalid/r/sample?a=1&b=2)"
    assert sum(line.startswith("- ") for line in lines) == sum(
        1 for section in bulletin.sections for item in section.items if item.title
    )


@pytest.mark.parametrize(
    ("group", "office", "channel"),
    [("发", OFFICE_WITH_PAGE, WECOM), ("报", OFFICE, WECOM), ("发", OFFICE_WITH_PAGE, ROBOT)],
    ids=["card", "text", "robot"],
)
def test_a_mark_stands_before_the_title_in_every_form(
    bulletin: Bulletin, group: str, office: OfficeView, channel: str
) -> None:
    message = document(bulletin, group, office=office, channel=channel, prefix="【更正】")
    content = message[message["msgtype"]]
    title = content["main_title"]["title"] if "main_title" in content else content["content"].splitlines()[0]
    assert title.removeprefix("# ") == "【更正】云岭区河湖保护工作简报 第12期（总第87期）"


def test_one_copy_has_the_same_bytes_on_every_attempt(bulletin: Bulletin) -> None:
    rendition = render_card(bulletin, group=GROUPS["发"], office=OFFICE_WITH_PAGE, templates=TEMPLATES, channel=WECOM)
    once, again = (fill_card(rendition, sample_copy("李四"), address={"touser": "lisi"}) for _ in range(2))
    assert once == again
    assert "\\u" not in once.decode()


HOSTILE = 'x"}],"touser":"@all\\" <a href=x>{{ 7*7 }} [x](javascript:1)'


def test_nothing_that_a_bulletin_says_becomes_part_of_the_document(bulletin: Bulletin) -> None:
    message = document(dataclasses.replace(bulletin, title=HOSTILE))
    assert message["touser"] == "lisi"
    assert message["template_card"]["main_title"]["title"].startswith(HOSTILE)


def test_what_a_robot_would_refuse_is_told_before_it_is_sent(bulletin: Bulletin) -> None:
    long = dataclasses.replace(bulletin, title="简" * 1366)
    with pytest.raises(BadInput) as refusal:
        document(long, channel=ROBOT)
    assert refusal.value.do


def test_an_office_says_it_in_its_own_words(bulletin: Bulletin, tmp_path: Path) -> None:
    (tmp_path / "wecom").mkdir()
    (tmp_path / "wecom" / "lead.txt").write_text("请各单位阅处。", encoding="utf-8")
    card = document(bulletin, templates=Templates(tmp_path))["template_card"]
    assert card["sub_title_text"] == "请各单位阅处。"


def test_a_group_whose_view_asks_for_nothing_has_no_word_of_receipts(bulletin: Bulletin) -> None:
    group: GroupView = GROUPS["送"]
    rendition = render_card(bulletin, group=group, office=OFFICE_WITH_PAGE, templates=TEMPLATES, channel=ROBOT)
    assert "签收" not in rendition.text
