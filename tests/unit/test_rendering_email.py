"""The three letters differ in manners; nothing a bulletin says can act in them."""

import dataclasses
import datetime as dt
import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from distributor.bulletin.model import Block, Bulletin, Contact, Item, Kind, Paragraph, Picture, Section, Span
from distributor.errors import BadInput, Refused
from distributor.recipients.model import Acknowledge
from distributor.rendering.email import (
    HTML_LIMIT,
    GroupView,
    OfficeView,
    RenditionTooLarge,
    html_size,
    issue_title,
    number_line,
    render_email,
)
from distributor.rendering.email_check import check_letter
from distributor.rendering.pictures import MAX_BYTES, MAX_PICTURES, place_pictures
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from tests.renditions.rules import elements
from tests.renditions.sample import GROUPS, OFFICE, OFFICE_WITH_PAGE, PICTURES, every_block, letter, paragraph, png

TEMPLATES = Templates()


def _bulletin(*blocks: Block, headline: str = "石桥镇推动河长制落实", **changes: Any) -> Bulletin:
    item = Item(title=headline, body=blocks)
    known: dict[str, Any] = {"title": "云岭河长制工作简报", "issue_no": 12, "sections": (Section("动态", (item,)),)}
    return Bulletin(**(known | changes))


def _letter(bulletin: Bulletin, pictures: dict[str, bytes] | None = None, office: OfficeView = OFFICE) -> Rendition:
    return render_email(bulletin, group=GROUPS["发"], office=office, templates=TEMPLATES, pictures=pictures or {})


def test_each_direction_has_its_own_manners() -> None:
    notes = {direction: letter(direction).text.split("====")[0] for direction in GROUPS}
    assert "呈上，请审阅" in notes["报"]
    assert "供工作参考" in notes["送"]
    assert "印发给你们" in notes["发"]
    assert len(set(notes.values())) == 3


@pytest.mark.parametrize("office", [OFFICE, OFFICE_WITH_PAGE], ids=["no-page", "with-page"])
def test_a_superior_is_never_tracked_or_asked_to_sign(office: OfficeView) -> None:
    rendition = letter("报", office=office)
    assert "签收" not in rendition.text + rendition.html
    assert not [name for name in rendition.fields if name.startswith("links.")]


def test_a_unit_is_asked_to_sign_on_the_page_when_there_is_one() -> None:
    rendition = letter("发", office=OFFICE_WITH_PAGE)
    assert "links.acknowledge" in rendition.fields
    for part in (rendition.text, rendition.html):
        assert "查看并签收" in part
        assert "收到之日起2个工作日内" in part


def test_without_a_page_a_unit_signs_by_reply_or_by_phone() -> None:
    rendition = letter("发")
    assert rendition.fields == {"recipient.name", "recipient.unit", "recipient.role"}
    for part in (rendition.text.replace("\n", ""), rendition.html):
        assert "已收到＋单位＋姓名" in part
        assert OFFICE.phone in part


def test_a_group_that_need_not_sign_is_not_asked() -> None:
    group = dataclasses.replace(GROUPS["发"], acknowledge=Acknowledge.NEVER)
    rendition = render_email(
        every_block(), group=group, office=OFFICE_WITH_PAGE, templates=TEMPLATES, pictures=PICTURES
    )
    assert "签收" not in rendition.text + rendition.html


@pytest.mark.parametrize(
    ("due", "printed"),
    [
        ("2 working days", "请于收到之日起2个工作日内签收"),
        ("1 day", "请于收到之日起1天内签收"),
        ("48 hours", "请于收到之日起48小时内签收"),
        ("3月10日前", "请于3月10日前签收"),
        (None, "请于收到后及时签收"),
    ],
)
def test_the_time_to_sign_is_said_in_chinese(due: str | None, printed: str) -> None:
    group = dataclasses.replace(GROUPS["发"], due=due)
    rendition = render_email(every_block(), group=group, office=OFFICE, templates=TEMPLATES, pictures=PICTURES)
    assert printed in rendition.text.replace("\n", "")
    assert printed in rendition.html


def test_an_office_without_phone_or_reply_address_leaves_no_gap() -> None:
    rendition = _letter(_bulletin(paragraph("正文")), office=OfficeView(name="河长办"))
    assert "致电" not in rendition.text + rendition.html
    assert "联系：" not in rendition.text + rendition.html


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        pytest.param({"date": dt.date(2020, 1, 17)}, "云岭河长制工作简报 第12期（2020年1月17日）", id="ordinary"),
        pytest.param({}, "云岭河长制工作简报 第12期", id="no-date"),
        pytest.param({"issue_line": "（第 12 期）"}, "云岭河长制工作简报 第 12 期", id="number-in-brackets"),
        pytest.param(
            {"issue_line": "2023年第12期（总第412期）"}, "云岭河长制工作简报 2023年第12期（总第412期）", id="total"
        ),
        pytest.param({"issue_line": "第58期 (2018-9-3)"}, "云岭河长制工作简报 第58期", id="date-beside-it"),
        pytest.param({"issue_line": "第5期　2018年9月3日"}, "云岭河长制工作简报 第5期", id="chinese-date-beside-it"),
        pytest.param({"kind": Kind.SUPPLEMENT, "issue_no": 2}, "云岭河长制工作简报 增刊第2期", id="supplement"),
        pytest.param({"kind": Kind.TRIAL, "issue_no": None}, "云岭河长制工作简报 试刊", id="trial"),
        pytest.param(
            {"title": "简报\r\nBcc: x@evil.example", "issue_no": None}, "简报 Bcc: x@evil.example", id="line-end"
        ),
    ],
)
def test_the_subject_names_the_number_and_stays_one_line(changes: dict[str, Any], subject: str) -> None:
    assert _letter(_bulletin(paragraph("正文"), **changes)).subject == subject


def test_line_ends_of_any_kind_become_one_kind() -> None:
    text = _letter(_bulletin(paragraph("甲\r\n乙\r丙\n丁"))).text
    assert "\r" not in text
    assert "　　甲\n乙\n丙\n丁\n" in text


def test_a_letter_without_a_subject_is_refused() -> None:
    with pytest.raises(BadInput, match="no subject"):
        _letter(Bulletin(title=" "))


def test_the_address_for_answers_is_printed_without_its_name() -> None:
    office = dataclasses.replace(OFFICE, reply_address="河长办 <hzb@example.gov.cn>")
    assert "联系：hzb@example.gov.cn，" in _letter(_bulletin(paragraph("正文")), office=office).html


def test_a_bulletin_with_hardly_anything_still_makes_a_letter() -> None:
    bulletin = Bulletin(title="简报")
    rendition = _letter(bulletin)
    assert rendition.subject == "简报"
    assert check_letter(rendition, bulletin, templates=TEMPLATES, template="报") == ()
    assert issue_title(Bulletin(title="简报")) == "简报"
    assert number_line(Bulletin(title="简报")) == ""


HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param("<img src=x onerror=alert(1)>", id="onerror"),
    pytest.param("<style>@import url(http://evil.example/a.css)</style>", id="style-import"),
    pytest.param('<form action="http://evil.example"><input></form>', id="form"),
    pytest.param('<base href="http://evil.example/">', id="base"),
    pytest.param('<meta http-equiv="refresh" content="0;url=http://evil.example">', id="meta-refresh"),
    pytest.param('<svg onload="alert(1)"><math><mi xlink:href="x">', id="svg-and-mathml"),
    pytest.param("<!--[if mso]><table><![endif]--><!-- <!-- -->", id="nested-comments"),
    pytest.param("</td></tr></table></body>", id="closing-tags"),
    pytest.param('" onmouseover="alert(1)', id="out-of-an-attribute"),
    pytest.param("{{7*7}}{% for a in b %}{{ recipient.name }}", id="template"),
    pytest.param("&lt;script&gt; &amp; &#60;", id="entities"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_bulletin_is_text(text: str) -> None:
    """Faults 52 and 54: whatever the bulletin says stands in the letter as its characters."""

    def saying(what: str) -> Rendition:
        head, contact = (what, "简报"), Contact(raw=what)
        return _letter(_bulletin(paragraph(what), headline=what, masthead=head, issuer=what, contact=contact))

    tame, wild = saying("甲"), saying(text)
    assert _skeleton(wild.html) == _skeleton(tame.html)
    assert "".join(text.split()) in "".join(wild.text.split())


def _skeleton(page: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(sorted(attributes))) for tag, attributes in elements(page)]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "cid:x",
        " javascript:x",
    ],
)
def test_a_link_that_could_act_is_only_text(link: str) -> None:
    rendition = _letter(_bulletin(paragraph(Span("通报", link=link))))
    assert [attributes for tag, attributes in elements(rendition.html) if tag == "a" and attributes.get("href")] == []
    assert "通报" in rendition.html


def test_an_ordinary_link_works() -> None:
    rendition = _letter(_bulletin(paragraph(Span("通报", link="https://example.gov.cn/?a=1&b=2"))))
    assert ("a", "https://example.gov.cn/?a=1&b=2") in [
        (tag, found.get("href")) for tag, found in elements(rendition.html)
    ]
    assert "通报［1］" in rendition.text
    assert "文中链接：\n［1］https://example.gov.cn/?a=1&b=2\n" in rendition.text


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x08", "\x85", "\ufdd0", "\ufdd1", "\ud800"])
def test_a_character_that_no_letter_can_carry_is_refused_by_its_code(char: str) -> None:
    """Among them the marks of personal fields: a bulletin cannot forge one."""
    with pytest.raises(BadInput, match=f"U\\+{ord(char):04X}"):
        _letter(_bulletin(paragraph(f"正文{char}recipient.name\ufdd1")))


def test_rare_hanzi_and_emoji_come_through() -> None:
    rendition = _letter(_bulletin(paragraph("𠮷𬭸喆旻㛃👍🏽é")))
    assert "𠮷𬭸喆旻㛃👍🏽é" in rendition.html
    assert "𠮷𬭸喆旻㛃👍🏽é" in rendition.text


def test_html_that_would_be_cut_off_is_refused() -> None:
    text = "河" * 1000
    fits = _letter(_bulletin(*[paragraph(text)] * 20))
    assert html_size(fits) == len(fits.html.encode()) < HTML_LIMIT
    with pytest.raises(RenditionTooLarge, match="100 KB") as caught:
        _letter(_bulletin(*[paragraph(text)] * 40))
    assert caught.value.do is not None


def _photo(width: int, height: int, kind: str = "JPEG") -> bytes:
    noise = random.Random(1).randbytes(width * height * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(file, kind)
    return file.getvalue()


def test_a_picture_travels_in_the_letter_and_is_never_fetched() -> None:
    rendition = _letter(_bulletin(Picture("图/a.png", "巡河")), {"图/a.png": png(300, 100)})
    (picture,) = rendition.pictures
    assert (picture.media_type, picture.file_name, picture.content) == ("image/png", "picture-1.png", png(300, 100))
    (shown,) = [attributes for tag, attributes in elements(rendition.html) if tag == "img"]
    assert (shown["src"], shown["alt"], shown["width"]) == (f"cid:{picture.cid}", "巡河", "300")
    assert "［图：巡河］" in rendition.text


def test_a_picture_used_twice_travels_once() -> None:
    assert len(_letter(_bulletin(Picture("a.png"), Picture("a.png")), {"a.png": png()}).pictures) == 1


def test_a_picture_of_any_name_gets_a_harmless_one() -> None:
    """Fault 51: paths, line ends, quotes and marks that turn text around cannot reach a header."""
    source = '../../etc/pass"wd\r\nBcc: x\u202e.png'
    (picture,) = _letter(_bulletin(Picture(source, "图")), {source: png()}).pictures
    assert picture.file_name == "picture-1.png"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_photo_is_made_small_enough(kind: str) -> None:
    photo = _photo(1500, 900, kind)
    assert len(photo) > MAX_BYTES
    (picture,) = _letter(_bulletin(Picture("大.jpg", "现场")), {"大.jpg": photo}).pictures
    assert picture.media_type == "image/jpeg"
    assert len(picture.content) <= MAX_BYTES
    with Image.open(io.BytesIO(picture.content)) as image:
        assert image.width / image.height == pytest.approx(1500 / 900, rel=0.02)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not a picture", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(png()[:60], id="cut-short"),
        pytest.param(b"RIFF\x00\x00\x00\x00WEBPVP8 ", id="webp"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_named(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"现场\.png"):
        _letter(_bulletin(Picture("现场.png")), {"现场.png": content})


def test_a_decompression_bomb_is_refused_unopened() -> None:
    size = struct.pack(">II", 30_000, 30_000)
    head = b"IHDR" + size + b"\x08\x02\x00\x00\x00"
    bomb = png(1, 1)[:8] + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + png(1, 1)[33:]
    with pytest.raises(BadInput, match="million pixels"):
        _letter(_bulletin(Picture("bomb.png")), {"bomb.png": bomb})


def test_a_missing_picture_is_named() -> None:
    with pytest.raises(BadInput, match=r"图/缺\.png"):
        _letter(_bulletin(Picture("图/缺.png")))


def test_too_many_pictures_are_refused() -> None:
    bulletin = _bulletin(*[Picture(f"{number}.png") for number in range(MAX_PICTURES + 1)])
    with pytest.raises(Refused, match=str(MAX_PICTURES + 1)):
        place_pictures(bulletin, {}, widest=576)


def test_the_office_can_change_one_word_of_one_letter(tmp_path: Path) -> None:
    file = tmp_path / "email/报/subject.txt"
    file.parent.mkdir(parents=True)
    file.write_text("呈报：{{ title }}\n", encoding="utf-8")
    assert letter("报", templates=Templates(tmp_path)).subject == "呈报：云岭区河长制 工作快报 第12期"
    assert letter("送", templates=Templates(tmp_path)).subject == letter("送").subject


def test_a_template_that_prints_a_link_without_a_page_is_told(tmp_path: Path) -> None:
    file = tmp_path / "email/报/subject.txt"
    file.parent.mkdir(parents=True)
    file.write_text("{{ links.read }}", encoding="utf-8")
    with pytest.raises(BadInput, match="links"):
        letter("报", templates=Templates(tmp_path))


def test_an_unknown_group_template_is_told() -> None:
    group = GroupView(name="区领导", direction=GROUPS["报"].direction, template="呈报")
    with pytest.raises(BadInput, match="呈报"):
        render_email(every_block(), group=group, office=OFFICE, templates=TEMPLATES, pictures=PICTURES)


def test_the_same_bulletin_gives_the_same_letter() -> None:
    assert letter().digest == letter().digest != letter("报").digest


def test_paragraphs_keep_their_bold_words() -> None:
    assert "<b>重点</b>" in _letter(_bulletin(Paragraph((Span("一是"), Span("重点", bold=True))))).html
