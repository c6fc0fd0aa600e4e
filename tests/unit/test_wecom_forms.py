"""The forms without a button: what stands in them, how long it may be, and what they refuse."""

import dataclasses
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.bulletin.model import Bulletin, Item, Paragraph, Section, Span
from distributor.bulletin.reading import read_bulletin
from distributor.recipients.model import Acknowledge, WeComForm
from distributor.rendering.card import WECOM, fill_card, render_card
from distributor.rendering.email import GroupView, OfficeView
from distributor.rendering.fitting import octets
from distributor.rendering.personal import sample_copy
from distributor.rendering.rendition import Rendition, from_document
from distributor.rendering.templates import Templates
from distributor.rendering.wecom_forms import COVER, FormUnfit, fit, news, textcard
from distributor.simulators.wecom.forms import app_form, as_shown
from tests.renditions.sample import GROUPS, OFFICE, OFFICE_WITH_PAGE, PICTURES, every_block

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.md"))
TEMPLATES = Templates()
PAGE = "https://example.invalid/r/sample?a=1&b=2"


def rendered(
    form: WeComForm,
    *,
    bulletin: Bulletin | None = None,
    group: GroupView = GROUPS["发"],
    office: OfficeView = OFFICE_WITH_PAGE,
    pictures: Any = PICTURES,
    edition: int = 1,
) -> Rendition:
    return render_card(
        bulletin or every_block(),
        group=group,
        office=office,
        templates=TEMPLATES,
        channel=WECOM,
        form=form,
        pictures=pictures,
        edition=edition,
    )


def message(form: WeComForm, *, prefix: str = "", **more: Any) -> dict[str, Any]:
    copy = dataclasses.replace(sample_copy("李四"), subject_prefix=prefix)
    found: dict[str, Any] = json.loads(fill_card(rendered(form, **more), copy, address={"touser": "lisi"}))
    return found


def article(form: WeComForm, **more: Any) -> dict[str, Any]:
    document = message(form, **more)
    (found,) = document[document["msgtype"]]["articles"]
    return dict(found)


def long_bulletin() -> Bulletin:
    """A title, an issuer and headlines far over every limit."""
    items = tuple(Item(f"石桥镇推行“四查四改”第{number}阶段" * 9) for number in range(12))
    title, issuer = "云岭区全面推行河长制工作快报" * 5, "领导小组办公室" * 9
    return dataclasses.replace(every_block(), title=title, issuer=issuer, sections=(Section("动态", items),))


def test_a_textcard_says_who_when_what_and_where() -> None:
    card = message(WeComForm.TEXTCARD)["textcard"]
    assert card["title"] == "云岭区河长制 工作快报 第12期"
    dated, lines = card["description"].split("</div>")
    assert dated == '<div class="gray">云岭区全面推行河长制工作领导小组办公室　2026年3月6日'
    assert lines.split("<br>")[0] == "1. 石桥镇“四查 四改”推动河长制落细落实"
    assert lines.split("<br>")[-1] == "请于收到之日起2个工作日内签收。"
    assert (card["url"], card["btntxt"]) == (PAGE, "阅读签收")


def test_superiors_are_asked_for_nothing() -> None:
    for form in WeComForm:
        said = rendered(form, group=GROUPS["报"]).text
        assert "签收" not in said, form


def test_news_have_their_cover_beside_the_readers_page() -> None:
    news = article(WeComForm.NEWS)
    assert (news["url"], news["picurl"]) == (PAGE, "https://example.invalid/cover.png")
    assert news["description"].splitlines()[-1] == "请于收到之日起2个工作日内签收。"


def test_an_mpnews_holds_the_whole_text_and_leads_to_the_page() -> None:
    made = rendered(WeComForm.MPNEWS)
    news = article(WeComForm.MPNEWS)
    assert news["author"] == "云岭区全面推行河长制工作领导小组办公室"
    assert news["content_source_url"] == PAGE
    for words in ("石桥镇“四查 四改”推动河长制落细落实", "补齐防汛物资", "核签"):
        assert words in html.unescape(news["content"])
    assert "点击下方“阅读原文”签收" in news["content"]
    assert made.pictures[0].cid == COVER
    marks = re.findall("\ufdd2([^\ufdd3]+)\ufdd3", news["thumb_media_id"] + news["content"])
    assert marks == [picture.cid for picture in made.pictures]
    assert "picture:" not in news["content"]


def test_a_bulletin_with_a_marking_stays_inside_the_enterprise() -> None:
    assert message(WeComForm.MPNEWS)["safe"] == 2
    assert "safe" not in message(WeComForm.MPNEWS, bulletin=dataclasses.replace(every_block(), marking=""))


@pytest.mark.parametrize("form", [WeComForm.TEXTCARD, WeComForm.MPNEWS], ids=str)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_goes_uncut(path: Path, form: WeComForm) -> None:
    reading = read_bulletin(path)
    group = dataclasses.replace(GROUPS["发"], acknowledge=Acknowledge.NEVER)
    found = message(form, bulletin=reading.bulletin, pictures=reading.assets, group=group)
    assert app_form(found["msgtype"], found[found["msgtype"]]) is False


@pytest.mark.parametrize("form", [WeComForm.TEXTCARD, WeComForm.MPNEWS], ids=str)
def test_what_is_too_long_is_cut_by_us_and_not_by_the_platform(form: WeComForm) -> None:
    found = message(form, bulletin=long_bulletin(), prefix="【更正】")
    content = found[found["msgtype"]]
    assert app_form(found["msgtype"], content) is False
    assert as_shown(found["msgtype"], content) == content
    said = content if form is WeComForm.TEXTCARD else content["articles"][0]
    assert said["title"].startswith("【更正】云岭区")
    assert said["title"].endswith("… 第12期")
    assert 100 < octets(said["title"]) <= 128
    described = said.get("description") or said["digest"]
    assert "�" not in described
    assert described.endswith("请于收到之日起2个工作日内签收。")


#: What a bulletin or an office's template may say: anything but what no form can carry.
lines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), max_size=400)


@given(lines.filter(str.strip), lines, st.lists(lines, max_size=20), st.sampled_from(["", "【更正】", "【测试】"]))
def test_whatever_is_said_the_platform_has_nothing_to_cut(
    title: str, dated: str, headlines: list[str], prefix: str
) -> None:
    said = "\n".join(headlines)
    card = textcard(title, said, f"甲{dated}", page=PAGE, signs=True)
    article = news(title, said, page=PAGE, cover=PAGE)
    for document in (card, article):
        fit(document, prefix)
        content = document[document["msgtype"]]
        assert app_form(document["msgtype"], content) is False
        assert as_shown(document["msgtype"], content) == content


@pytest.mark.parametrize(
    ("form", "group", "office"),
    [
        (WeComForm.TEXTCARD, "报", OFFICE),
        (WeComForm.NEWS, "报", OFFICE),
        (WeComForm.MPNEWS, "发", OFFICE),
        (WeComForm.FILE, "发", OFFICE_WITH_PAGE),
    ],
    ids=["textcard_without_a_page", "news_without_a_page", "nothing_to_sign_mpnews", "nothing_to_sign_file"],
)
def test_a_form_that_cannot_carry_what_is_asked_is_refused_with_advice(
    form: WeComForm, group: str, office: OfficeView
) -> None:
    with pytest.raises(FormUnfit) as refusal:
        rendered(form, group=GROUPS[group], office=office)
    assert form.value in str(refusal.value.what)
    assert refusal.value.do


def test_without_a_page_an_mpnews_and_a_file_still_go() -> None:
    assert "content_source_url" not in article(WeComForm.MPNEWS, group=GROUPS["报"], office=OFFICE)
    assert message(WeComForm.FILE, group=GROUPS["报"], office=OFFICE)["msgtype"] == "file"


def test_a_text_that_no_mpnews_holds_is_refused_before_it_is_sent() -> None:
    body = tuple(Paragraph((Span("简" * 9_000),)) for _ in range(26))
    endless = dataclasses.replace(every_block(), sections=(Section("动态", (Item("长文", body=body),)),))
    with pytest.raises(FormUnfit) as refusal:
        rendered(WeComForm.MPNEWS, bulletin=endless)
    assert "666000" in str(refusal.value.what).replace(",", "")


HOSTILE = '<div class="highlight">x</div><a href="javascript:1">y</a> src="picture:cover" {{ 7*7 }} "},"touser":"@all'


@pytest.mark.parametrize("form", [WeComForm.TEXTCARD, WeComForm.MPNEWS, WeComForm.CARD], ids=str)
def test_nothing_that_a_bulletin_says_becomes_part_of_the_message(form: WeComForm) -> None:
    item = Item(HOSTILE, body=(Paragraph((Span(HOSTILE),)),))
    group = dataclasses.replace(GROUPS["发"], acknowledge=Acknowledge.NEVER)
    bulletin = dataclasses.replace(every_block(), issuer=HOSTILE, sections=(Section("动态", (item,)),))
    found = message(form, bulletin=bulletin, group=group)
    assert found["touser"] == "lisi"
    if form is WeComForm.TEXTCARD:
        described = found["textcard"]["description"].removeprefix('<div class="gray">').replace("</div>", "", 1)
        assert "<" not in described.replace("<br>", "")
        assert "＜div" in described
    if form is WeComForm.MPNEWS:
        content = found["mpnews"]["articles"][0]["content"]
        assert "<div" not in content
        assert "<a " not in content
        assert re.search("\ufdd2cover", content) is None


def test_a_frozen_form_is_read_back_as_it_was() -> None:
    for form in WeComForm:
        group = dataclasses.replace(GROUPS["发"], acknowledge=Acknowledge.NEVER)
        made = rendered(form, group=group)
        assert from_document(made.to_document()) == made


def test_one_copy_has_the_same_bytes_on_every_attempt() -> None:
    made = rendered(WeComForm.MPNEWS)
    once, again = (fill_card(made, sample_copy("李四"), address={"touser": "lisi"}) for _ in range(2))
    assert once == again
    assert b"\\u" not in once
