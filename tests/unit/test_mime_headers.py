"""Headers say what was meant; what could say more is refused."""

from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.address import header_safe
from distributor.errors import BadInput, Refused
from distributor.misfit import Misfit
from distributor.rendering import headers
from distributor.words import words

WHAT = words("The subject")
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp", "Cn"]), min_size=1, max_size=250
)


def _fine(value: str) -> bool:
    try:
        headers.checked(value, WHAT)
    except BadInput:
        return False
    return bool(value)


@given(NAMES.map(str.strip).filter(_fine))
def test_any_name_comes_back_from_the_standard_library(name: str) -> None:
    block = headers.mailbox_line("To", name, "a@b.example") + headers.text_line("Subject", name)
    headers.compare(block, [("To", f"{name} <a@b.example>"), ("Subject", name)])
    message = BytesHeaderParser().parsebytes(block + b"\r\n")
    assert str(make_header(decode_header(message["Subject"].replace("\r\n", "")))) == name
    display_name, address = parseaddr(message["To"].replace("\r\n", ""))
    assert (str(make_header(decode_header(display_name))), address) == (name, "a@b.example")


@given(NAMES)
def test_words_and_lines_stay_within_rfc_2047(name: str) -> None:
    for line in (headers.mailbox_line("To", name, "a@b.example"), headers.text_line("Subject", name)):
        assert max(map(len, line.split(b"\r\n"))) <= 78
        words_found = [word for part in line.split() for word in [part] if word.startswith(b"=?")]
        assert all(len(word) <= 75 for word in words_found)
        assert line.endswith(b"\r\n")
        assert line.isascii()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Li Si", b"To: Li Si <a@b.example>\r\n"),
        ("", b"To: <a@b.example>\r\n"),
        ("李四", b"To: =?utf-8?b?5p2O5Zub?= <a@b.example>\r\n"),
    ],
)
def test_plain_names_stay_plain(name: str, line: bytes) -> None:
    assert headers.mailbox_line("To", name, "a@b.example") == line


def test_a_long_address_stands_on_its_own_line() -> None:
    address = "a" * 60 + "@example.gov.cn"
    line = headers.mailbox_line("To", "李四", address)
    assert line.split(b"\r\n ") == [b"To: =?utf-8?b?5p2O5Zub?=", f"<{address}>\r\n".encode()]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("A\r\nBcc: evil@x.example", id="line-end"),
        pytest.param("A\nBcc: evil@x.example", id="line-feed"),
        pytest.param("A\rB", id="carriage-return"),
        pytest.param("A\x00B", id="nul"),
        pytest.param("A\x85B", id="next-line"),
        pytest.param("A\u2028B", id="line-separator"),
        pytest.param("A\u2029B", id="paragraph-separator"),
        pytest.param("A\u202egnp.exe", id="turned-around"),
        pytest.param("A\u2066B", id="isolate"),
        pytest.param("A\u200bB", id="zero-width"),
        pytest.param("A\uffff", id="no-character"),
        pytest.param("A\u200fB", id="right-to-left-mark"),
        pytest.param("A =?UTF-8?Q?=0A?=Bcc: evil@x.example", id="encoded-line-end"),
        pytest.param("=?gb2312?B?uOY=?=", id="encoded-word"),
        pytest.param("A\ufdd0recipient.name\ufdd1", id="mark-of-a-field"),
        pytest.param("A\ud800", id="half-a-character"),
        pytest.param("河" * 5000, id="5000-characters"),
    ],
)
def test_a_value_that_could_say_more_than_it_shows_is_refused(value: str) -> None:
    with pytest.raises(BadInput, match="The subject") as caught:
        headers.checked(value, WHAT)
    assert caught.value.do is not None
    assert len(str(caught.value)) < 200


@given(st.text(max_size=12))
def test_what_the_directory_takes_for_a_name_a_header_takes_too(name: str) -> None:
    try:
        header_safe(name)
        safe = True
    except Misfit:
        safe = False
    try:
        headers.checked(name, WHAT)
    except BadInput:
        assert not safe
    else:
        assert safe


@pytest.mark.parametrize("value", ["“妙峰山”", "a\u200db 👩‍👩‍👧", "王　芳", 'O\'Neil, "Bob" <x@y>', "（所）", "=a?b"])
def test_ordinary_names_are_not_refused(value: str) -> None:
    assert headers.checked(value, WHAT) == value


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b",
        "a b@c.example",
        "a@b>\r\nRCPT TO:<c@d",
        "李@b.example",
        "a@县.example",
        '"a"@b',
        "a" * 300 + "@b",
        "a,b@c",
        "a@b\n",
    ],
)
def test_an_address_that_could_break_out_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="not an address"):
        headers.checked_address(address)


MEANT = [("Subject", "简报 第12期")]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(b"Subject: A\r\nBcc: evil@x.example\r\n", id="another-header"),
        pytest.param(b"Subject: other\r\n", id="another-value"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"Subject: A\nBcc: x\r\n", id="bare-line-feed"),
        pytest.param("Subject: 简报 第12期\r\n".encode(), id="8-bit"),
        pytest.param(b"Subject: " + b"a" * 1000 + b"\r\n", id="too-long"),
        pytest.param(b"Subject: =?utf-8?b?!!?=\r\n", id="broken-word"),
        pytest.param(b"Subject\r\n", id="no-colon"),
    ],
)
def test_a_block_that_reads_back_otherwise_is_refused(block: bytes) -> None:
    with pytest.raises(Refused):
        headers.compare(block, MEANT)


@pytest.mark.parametrize("text", ["Bcc: evil@x.example", "简报"])
def test_the_standard_library_is_asked_too(text: str) -> None:
    good = headers.text_line("Subject", "简报 第12期")
    headers.compare_independently(good, MEANT)
    with pytest.raises(Refused, match=r"Subject|\?"):
        headers.compare_independently(headers.text_line("Subject", text), MEANT)
    with pytest.raises(Refused):
        headers.compare_independently(good + b"Bcc: evil@x.example\r\n", MEANT)
