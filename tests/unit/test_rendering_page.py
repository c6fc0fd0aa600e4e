"""The reader's page and the article: whatever a bulletin says is text there, and the platforms' limits are kept."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from distributor.bulletin.model import Bulletin, Contact, Item, Paragraph, Picture, Section, Span, Table
from distributor.errors import BadInput
from distributor.rendering.article import CONTENT_LIMIT, DIGEST_LIMIT, TITLE_LIMIT, ArticleTooLong, render_article
from distributor.rendering.email_check.markup import read_elements
from distributor.rendering.page import page_css, render_page_body
from tests.renditions.rules import elements
from tests.renditions.sample import PICTURES, TEMPLATES, every_block, paragraph, png
from tests.unit.test_rendering_email import HOSTILE


def _page(bulletin: Bulletin) -> str:
    return str(render_page_body(bulletin, templates=TEMPLATES, picture_url=lambda source: "/p/1"))


def _article(bulletin: Bulletin) -> str:
    pictures = {picture.source: png() for picture in bulletin.pictures()}
    return render_article(bulletin, templates=TEMPLATES, pictures=pictures).content


FORMS = pytest.mark.parametrize("form", [pytest.param(_page, id="page"), pytest.param(_article, id="article")])
Form = Callable[[Bulletin], str]


def _saying(what: str) -> Bulletin:
    table = Table((((Span(what),), (Span(what),)),), header_rows=1)
    body = (paragraph(what, Span(what, bold=True)), table, Picture("a.png", what))
    return Bulletin(
        title=what,
        masthead=(what, "简报"),
        issuer=what,
        marking=what,
        sections=(Section(what, (Item(what, attribution=what, body=body),), note=(paragraph(what),)),),
        extra=(what,),
        contact=Contact(raw=what),
    )


@FORMS
@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_bulletin_is_text(form: Form, text: str) -> None:
    """Faults 52 and 54: whatever the bulletin says stands on the page as its characters."""
    tame, wild = form(_saying("甲")), form(_saying(text))
    assert [tag for tag, _ in elements(wild)] == [tag for tag, _ in elements(tame)]
    assert {name for _, found in elements(wild) for name in found} == {n for _, found in elements(tame) for n in found}
    shown = read_elements(f"<body>{wild}</body>")[0].text
    assert "".join(text.split()) in "".join(shown.split())


@FORMS
@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "x:y"])
def test_a_link_that_could_act_is_only_text(form: Form, link: str) -> None:
    body = paragraph(Span("通报", link=link))
    content = form(Bulletin(title="简报", sections=(Section(None, (Item("题", body=(body,)),)),)))
    assert [found["href"] for tag, found in elements(content) if "href" in found] == []
    assert "通报" in content


@FORMS
@pytest.mark.parametrize("char", ["\x00", "\x1b", "\ufdd0", "\ud800", "\u202e"])
def test_a_character_that_no_page_can_carry_is_refused(form: Form, char: str) -> None:
    with pytest.raises(BadInput, match=f"U\\+{ord(char):04X}"):
        form(_saying(f"正文{char}"))


def test_a_page_shows_only_the_pictures_it_was_given() -> None:
    assert [found["src"] for tag, found in elements(_page(every_block())) if tag == "img"] == ["/p/1"]


def test_a_page_needs_no_inline_style_and_no_script() -> None:
    """It stands under `default-src 'none'; style-src 'self'`."""
    page = _page(every_block())
    assert not re.search(r"style=|<style|<script|\son\w+=", page)
    css = page_css(TEMPLATES)
    assert "url(" not in css
    assert "@import" not in css


def test_every_class_of_the_page_is_known_to_its_style_sheet_or_to_nobody() -> None:
    """A class that only one of the two knows is a slip of the pen, but for those that carry no look of their own."""
    css = page_css(TEMPLATES)
    used = {name for _, found in elements(_page(every_block())) for name in found.get("class", "").split()}
    assert {name for name in used if f".{name}" not in css} <= {"section", "item", "by", "note", "flat", "point"}


def test_a_page_has_one_main_heading_and_the_sections_below_it() -> None:
    headings = [tag for tag, _ in elements(_page(every_block())) if re.fullmatch(r"h\d", tag)]
    assert headings == ["h1", "h2", "h2", "h3", "h3"]


def test_an_article_has_inline_styles_alone() -> None:
    for _, found in elements(_article(every_block())):
        assert set(found) <= {"style", "src", "alt", "width", "href"}


def test_links_of_an_article_become_notes_but_those_of_its_own_platform_stay() -> None:
    own = Span("往期", link="https://mp.weixin.qq.com/s/abc")
    body = paragraph(
        own, Span("通报", link="https://example.gov.cn/tb"), Span("同上", link="https://example.gov.cn/tb")
    )
    content = _article(Bulletin(title="简报", sections=(Section(None, (Item("题", body=(body,)),)),)))
    assert [found["href"] for tag, found in elements(content) if tag == "a"] == [own.link]
    assert "通报［1］同上［1］" in content
    assert content.count("https://example.gov.cn/tb") == 1


def test_the_pictures_of_an_article_wait_for_the_platforms_addresses() -> None:
    article = render_article(every_block(), templates=TEMPLATES, pictures=PICTURES)
    (picture,) = article.pictures
    assert f'src="picture:{picture.cid}"' in article.content
    shown = article.with_pictures({picture.cid: "https://mmbiz.qpic.cn/a?b=1&c=2"})
    assert 'src="https://mmbiz.qpic.cn/a?b=1&amp;c=2"' in shown
    assert "picture:" not in shown
    with pytest.raises(KeyError):
        article.with_pictures({})


@pytest.mark.parametrize(
    ("title", "number", "told"),
    [
        ("工作快报", 12, "工作快报 第12期"),
        ("长" * 26, 12, "长" * 26 + " 第12期"),
        ("长" * 40, 12, "长" * 26 + "… 第12期"),
        ("长" * 40, None, "长" * 31 + "…"),
    ],
)
def test_a_long_title_is_cut_before_its_number(title: str, number: int | None, told: str) -> None:
    article = render_article(Bulletin(title=title, issue_no=number), templates=TEMPLATES, pictures={})
    assert article.title == told
    assert len(article.title) <= TITLE_LIMIT


def test_a_digest_holds_whole_headlines_as_far_as_they_fit() -> None:
    items = tuple(Item(f"第{number}条，" + "字" * 40) for number in range(5))
    article = render_article(
        Bulletin(title="简报", issuer="云岭区全面推行河长制工作领导小组办公室", sections=(Section(None, items),)),
        templates=TEMPLATES,
        pictures={},
    )
    assert article.digest == "；".join(item.title for item in items[:2])
    assert len(article.digest) <= DIGEST_LIMIT
    assert article.author == "云岭区全面推行河长制工作领导小…"


def test_an_article_over_the_limit_is_refused_with_its_size() -> None:
    text = Paragraph((Span("河" * 1000),))
    bulletin = dataclasses.replace(every_block(), sections=(Section(None, (Item("题", body=(text,) * 20),)),))
    with pytest.raises(ArticleTooLong, match=str(CONTENT_LIMIT)):
        render_article(bulletin, templates=TEMPLATES, pictures=PICTURES)
