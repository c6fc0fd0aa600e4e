"""Each copy of a letter, read back by parsers that share no code with what wrote it."""

import dataclasses
import datetime as dt
import email.policy
import html
import itertools
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr
from typing import Any

import fast_mail_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.errors import BadInput, Refused
from distributor.rendering.mime import CompiledLetter, Personal, compile_letter, verify
from distributor.rendering.rendition import Rendition, filled
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, PICTURES, letter, personal

SENDER = "云岭区河长办 <hzb@example.gov.cn>"
LETTERS = {direction: letter(direction, office=OFFICE_WITH_PAGE) for direction in GROUPS}
HARMLESS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp", "Cn", "Cs"])
VALUES = st.text(HARMLESS, max_size=60).filter(lambda text: "=?" not in text)


def compiled(rendition: Rendition = LETTERS["发"], **changes: Any) -> CompiledLetter:
    known: dict[str, Any] = {"sender": SENDER, "list_id": "bulletin.example.gov.cn"}
    return compile_letter(rendition, **(known | changes))


COMPILED = compiled()


def _parsed(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    assert [part for part in message.walk() if part.defects] == []
    return message


def _content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("direction", GROUPS)
def test_a_copy_is_read_back_by_two_parsers(direction: str) -> None:
    rendition = LETTERS[direction]
    copy = personal()
    raw = compiled(rendition).message(copy)
    text = filled(rendition.text, copy.values())
    page = filled(rendition.html, copy.values(), escape=True)

    message = _parsed(raw)
    assert str(message["Subject"]) == rendition.subject
    assert (_content(message, "plain"), _content(message, "html")) == (text, page)

    other = fast_mail_parser.parse_email(raw)
    assert other.subject == rendition.subject
    assert [part.replace("\r\n", "\n") for part in other.text_plain] == [text]
    assert [part.replace("\r\n", "\n") for part in other.text_html] == [page]
    assert [found.content for found in other.attachments] == list(PICTURES.values())


def test_the_headers_are_these_and_no_others() -> None:
    message = _parsed(COMPILED.message(personal()))
    found = {name: str(value) for name, value in message.items()}
    content_type = found.pop("Content-Type")
    assert found == {
        "To": "李四 <lisi@example.gov.cn>",
        "Subject": "云岭区河长制 工作快报 第12期（2026年3月6日）",
        "Date": "Fri, 06 Mar 2026 17:00:00 +0800",
        "Message-ID": "<2a3b4c.d1@example.gov.cn>",
        "X-Bulletin-Delivery": "mfrggzdfmztwq2lk",
        "From": "云岭区河长办 <hzb@example.gov.cn>",
        "List-Id": "<bulletin.example.gov.cn>",
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "MIME-Version": "1.0",
    }
    assert content_type.startswith("multipart/alternative")


def test_the_optional_headers_stand_when_asked_for() -> None:
    raw = compiled(reply_to="reply@example.gov.cn", organization="云岭区河长制办公室").message(personal())
    message = _parsed(raw)
    assert message["Reply-To"].addresses[0].addr_spec == "reply@example.gov.cn"
    assert str(message["Organization"]) == "云岭区河长制办公室"


def test_the_date_is_written_in_the_office_zone_whatever_the_clock_says() -> None:
    utc = personal(date=dt.datetime(2026, 12, 31, 20, 0, tzinfo=dt.UTC))
    assert str(_parsed(COMPILED.message(utc))["Date"]) == "Fri, 01 Jan 2027 04:00:00 +0800"


def test_the_parts_stand_as_mail_clients_expect() -> None:
    message = _parsed(COMPILED.message(personal()))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    picture = list(message.walk())[-1]
    cid = str(picture["Content-ID"]).strip("<>")
    assert f'src="cid:{cid}"' in _content(message, "html")
    assert picture.get_content_disposition() == "inline"


def test_a_letter_without_pictures_has_no_related_part() -> None:
    plain = dataclasses.replace(LETTERS["报"], pictures=())
    message = _parsed(compiled(plain).message(personal()))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_a_copy_is_fit_for_the_wire() -> None:
    raw = COMPILED.message(personal())
    assert raw.isascii()
    assert raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.endswith(b"--\r\n")
    assert COMPILED.size(personal()) == len(raw)


@pytest.mark.parametrize(
    "name",
    [
        "李四",
        "“河长办”值班室",
        "王　芳",
        "𠮷𬭸喆旻㛃",
        "👍🏽 值班",
        'O\'Neil, "Bob" <x@y.example>; \\',
        "&<b>'\"",
        "a" * 200,
        "Li Si",
        "河" * 100,
    ],
)
def test_any_honest_name_arrives_as_it_is(name: str) -> None:
    copy = personal(to_name=name, unit=name, role=name)
    message = _parsed(COMPILED.message(copy))
    # The library's structured reading of To puts a blank between two encoded words; its plain one is right.
    to = BytesHeaderParser().parsebytes(COMPILED.message(copy))["To"].replace("\r\n", "")
    display_name, address = parseaddr(to)
    assert (str(make_header(decode_header(display_name))), address) == (name, "lisi@example.gov.cn")
    assert name in _content(message, "plain")
    assert name in html.unescape(_content(message, "html"))
    assert "<b>'" not in _content(message, "html")


@given(VALUES, VALUES, VALUES)
@settings(max_examples=60, deadline=None)
def test_splicing_a_copy_equals_rendering_it_alone(name: str, unit: str, role: str) -> None:
    copy = personal(to_name=name, unit=unit, role=role)
    raw = COMPILED.message(copy)
    message = _parsed(raw)
    naive = EmailMessage(policy=email.policy.SMTP)
    naive.set_content(filled(LETTERS["发"].text, copy.values()), cte="base64")
    naive.add_alternative(filled(LETTERS["发"].html, copy.values(), escape=True), subtype="html", cte="base64")
    again = _parsed(naive.as_bytes())
    for kind in ("plain", "html"):
        assert _content(message, kind) == _content(again, kind)
    verify(raw, COMPILED.expected(copy))


def test_every_length_of_name_cuts_the_body_right() -> None:
    for length in range(13):
        COMPILED.prove(personal(to_name="a" * length, unit="b" * (12 - length)))


def test_copies_differ_in_their_own_fields_alone() -> None:
    one, other = (COMPILED.message(personal(to_name=name)).split(b"\r\n") for name in ("甲乙", "丙丁"))
    changed = [pair for pair in itertools.zip_longest(one, other) if pair[0] != pair[1]]
    assert 0 < len(changed) < 12
    assert COMPILED.message(personal()) == COMPILED.message(personal())


def test_a_test_letter_says_so_in_its_subject() -> None:
    raw = COMPILED.message(personal(subject_prefix="【测试】"))
    assert str(_parsed(raw)["Subject"]).startswith("【测试】云岭区河长制")


HOSTILE = [
    "A\r\nBcc: evil@x.example",
    "A\n.\r\nMAIL FROM:<x>",
    "\x00",
    "a\u202eb",
    "a\u2028b",
    "=?UTF-8?Q?=0A?=Bcc: x",
    "\ufdd1",
    "\ud800",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["to_name", "unit", "role", "subject_prefix"])
def test_a_personal_value_cannot_inject_anything(field: str, value: str) -> None:
    with pytest.raises(BadInput):
        COMPILED.message(personal(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to_address", "a@b>\r\nRCPT TO:<c@d.example"),
        ("to_address", "李四@example.gov.cn"),
        ("message_id", "<a@b>\r\nBcc: x@y"),
        ("message_id", "a@b"),
        ("message_id", "<a@b> <c@d>"),
        ("delivery_token", "a\r\nb"),
        ("delivery_token", ""),
        ("links", {"acknowledge": "javascript:alert(1)"}),
        ("links", {"acknowledge": 'https://a.example/" onclick="x'}),
        ("links", {"acknowledge": "https://a.example/\r\nBcc: x"}),
    ],
)
def test_what_the_program_fills_in_is_checked_as_well(field: str, value: object) -> None:
    with pytest.raises(BadInput):
        COMPILED.message(personal(**{field: value}))


@pytest.mark.parametrize("value", [value for value in HOSTILE if value != "\ud800"])  # a rendition is UTF-8
def test_a_title_cannot_inject_anything(value: str) -> None:
    """Fault 50. A line end in a title is closed up before it comes here; one that remains is refused."""
    with pytest.raises(BadInput):
        compiled(dataclasses.replace(LETTERS["发"], subject=f"简报{value}"))


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "河长办 <hzb@example.gov.cn>\r\nBcc: x@y.example"},
        {"sender": "no address"},
        {"sender": "=?utf-8?q?=0A?= <hzb@example.gov.cn>"},
        {"list_id": "a\r\nb"},
        {"list_id": "<a.b>"},
        {"organization": "a\nb"},
        {"reply_to": "x"},
    ],
)
def test_the_office_settings_cannot_inject_anything(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        compiled(**changes)


def test_a_letter_that_prints_a_link_needs_it() -> None:
    with pytest.raises(Refused, match=r"links\.acknowledge"):
        COMPILED.message(personal(links={}))


def test_a_superior_needs_no_link() -> None:
    assert compiled(LETTERS["报"]).message(personal(links={}))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda raw: raw.replace(b"\r\n\r\n", b"\r\nBcc: evil@x.example\r\n\r\n", 1), id="another-header"),
        pytest.param(lambda raw: raw.replace(b"Precedence", b"X-Precedence", 1), id="another-name"),
        pytest.param(lambda raw: raw.replace(b"\r\n", b"\n"), id="bare-line-feeds"),
        pytest.param(lambda raw: raw + b"a" * 999 + b"\r\n", id="a-line-too-long"),
        pytest.param(lambda raw: raw + "河".encode(), id="8-bit"),
        pytest.param(lambda raw: raw.partition(b"\r\n\r\n")[0], id="no-body"),
    ],
)
def test_a_damaged_copy_is_never_sent(damage: Any) -> None:
    raw = COMPILED.message(personal())
    verify(raw, COMPILED.expected(personal()))
    with pytest.raises(Refused):
        verify(damage(raw), COMPILED.expected(personal()))


def test_the_people_of_a_copy_are_not_kept() -> None:
    letter_ = compiled()
    before = _reachable(letter_)
    letter_.message(Personal(**{**dataclasses.asdict(personal()), "to_name": "只此一人"}))
    assert _reachable(letter_) == before


def _reachable(letter_: CompiledLetter) -> dict[str, str]:
    return {name: repr(value) for name, value in vars(letter_).items()}
