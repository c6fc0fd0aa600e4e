"""A reminder in each of its forms: what it says, what the platforms take, and what cannot become markup."""

import dataclasses
import itertools
import json
from email.message import EmailMessage
from typing import Any

import pytest

from distributor.channels.apprise.spoken import spoken
from distributor.errors import BadInput
from distributor.rendering.email_check import check_reminder
from distributor.rendering.email_check.markup import read_elements
from distributor.rendering.reminder import (
    ReminderView,
    reminder_card,
    reminder_letter,
    reminder_values,
    reminder_words,
    wired,
)
from distributor.rendering.views import OfficeView
from distributor.simulators.wecom.forms import app_form, robot_form
from tests.renditions.sample import TEMPLATES, every_block

BULLETIN = every_block()
TITLE = "云岭区河长制 工作快报 第12期"
OFFICE = OfficeView("云岭区河长制办公室", "010-55550100")
LINK = "https://bulletin.example.gov.cn/b/abc#acknowledge"
VIEW = ReminderView("石桥镇", "李四", "2026年11月25日", link=LINK)


def values(view: ReminderView = VIEW, office: OfficeView = OFFICE) -> dict[str, Any]:
    return reminder_values(BULLETIN, view, office, theme=TEMPLATES.theme)


@pytest.mark.parametrize(
    ("deadline", "overdue", "link"), list(itertools.product(("", "2026年11月25日"), (False, True), ("", LINK)))
)
def test_every_letter_keeps_to_the_rules_of_mail_programs_and_says_the_same_twice(
    deadline: str, overdue: bool, link: str
) -> None:
    letter = reminder_letter(
        values(dataclasses.replace(VIEW, deadline=deadline, overdue=overdue, link=link)), TEMPLATES
    )
    assert check_reminder(letter, BULLETIN, templates=TEMPLATES) == ()
    seen = next(element.text for element in read_elements(letter.html) if element.tag == "body")
    for form in (letter.text, seen):
        assert "石桥镇　李四：" in form
        assert "至今尚未收到你单位的签收" in form
        assert ("已超过，请尽快签收" in form) == bool(deadline and overdue)
        assert ("请于2026年11月25日前签收" in form) == bool(deadline and not overdue)
        assert ("直接回复本邮件" in form) == (not link)
    assert (LINK in letter.text, f'href="{LINK}"' in letter.html) == (bool(link), bool(link))


def test_a_card_leads_to_the_page_and_the_platform_shows_it_whole() -> None:
    card = reminder_card(values(), TEMPLATES)
    content = card["template_card"]
    assert app_form(card["msgtype"], content) is False
    assert content["main_title"]["title"] == f"【催办】{TITLE}"
    assert content["card_action"] == {"type": 1, "url": LINK}
    assert {"keyname": "期限", "value": "2026年11月25日"} in content["horizontal_content_list"]


@pytest.mark.parametrize(
    ("has_card", "phone", "said"),
    [
        (True, "010-55550100", "请在原消息上点“签收”；或致电010-55550100。"),
        (True, "", "请在原消息上点“签收”。"),
        (False, "010-55550100", "签收请致电010-55550100。"),
    ],
)
def test_without_a_page_plain_words_say_how_to_sign(has_card: bool, phone: str, said: str) -> None:
    view = dataclasses.replace(VIEW, link="", has_card=has_card)
    message = reminder_card(values(view, dataclasses.replace(OFFICE, phone=phone)), TEMPLATES)
    assert app_form(message["msgtype"], message["text"]) is False
    assert said in message["text"]["content"]


def test_a_chat_is_told_which_unit_it_is_about_on_every_platform() -> None:
    message = reminder_words(values(), TEMPLATES)
    assert robot_form(message["msgtype"], message["markdown_v2"]) is False
    said = spoken(wired(message, {}))
    assert said.title == f"【催办】{TITLE}"
    assert said.text.splitlines()[0] == "石桥镇：至今尚未收到你单位的签收。"
    assert f"阅读全文并签收：{LINK}" in said.text


def test_what_people_are_called_never_becomes_markup_or_a_header() -> None:
    view = dataclasses.replace(VIEW, unit="<b onclick=x>镇</b>", name='李"四')
    letter = reminder_letter(values(view), TEMPLATES)
    assert "&lt;b onclick=x&gt;镇&lt;/b&gt;" in letter.html
    assert json.loads(wired(reminder_card(values(view), TEMPLATES), {"touser": "lisi"}))["touser"] == "lisi"
    for broken in ("李\r\nBcc: x@example.com", "李\u202e四", "李\x00四"):
        with pytest.raises(BadInput):
            values(dataclasses.replace(VIEW, name=broken))


def test_a_letter_without_any_phone_or_day_prints_no_gap() -> None:
    letter = reminder_letter(values(ReminderView("石桥镇", "李四"), OfficeView("办公室")), TEMPLATES)
    assert "电话" not in letter.text + letter.html
    assert "\n\n\n" not in letter.text
    message = EmailMessage()
    message["Subject"] = letter.subject
    assert message["Subject"] == f"【催办】请签收《{TITLE}》"
