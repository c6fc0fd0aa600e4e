"""Addresses as admins write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.address import header_safe, read_address, same
from distributor.misfit import Misfit


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("zhangsan@example.gov.cn", "zhangsan@example.gov.cn", id="plain"),
        pytest.param("Zhang.San@EXAMPLE.Gov.cn", "Zhang.San@example.gov.cn", id="the domain in lower case only"),
        pytest.param("a@例子.中国", "a@xn--fsqu00a.xn--fiqs8s", id="a Chinese domain as A-labels"),
        pytest.param("a@XN--FSQU00A.xn--fiqs8s", "a@xn--fsqu00a.xn--fiqs8s", id="the same domain as A-labels"),
        pytest.param("o'brien+x_1@example.org", "o'brien+x_1@example.org", id="signs that RFC 5322 allows"),
        pytest.param("a@example.com", "a@example.com", id="example domains"),
    ],
)
def test_an_address_is_read_into_one_form(written: str, read: str) -> None:
    address = read_address(written)

    assert (address.text, address.oddity) == (read, None)


@pytest.mark.parametrize("written", ["a@oa", "a@localhost", "a@mail.local", "a@relay.test", "a@例子"])
def test_an_intranet_address_passes_with_a_remark(written: str) -> None:
    assert read_address(written).oddity is not None


@pytest.mark.parametrize(
    ("written", "code", "advice"),
    [
        pytest.param("zs＠example.cn", "address_fullwidth", "zs@example.cn", id="full-width at"),
        pytest.param("zs@example．cn", "address_fullwidth", "zs@example.cn", id="full-width dot"),
        pytest.param("zs@example。cn", "address_fullwidth", "zs@example.cn", id="Chinese full stop"),
        pytest.param("zs１２@example.cn", "address_fullwidth", "zs12@example.cn", id="full-width digits"),
        pytest.param("张三＠example.cn", "address_local", "ASCII", id="full-width at after a Chinese name"),
        pytest.param("张三@example.cn", "address_local", "ASCII", id="Chinese local part"),
        pytest.param("zhang san@example.cn", "address_space", "zhangsan@example.cn", id="space"),
        pytest.param(" zs@example.cn", "address_space", "zs@example.cn", id="leading space"),
        pytest.param("a@b.cn,c@d.cn", "address_several", "one address", id="two with a comma"),
        pytest.param("a@b.cn、c@d.cn", "address_several", "one address", id="two with an enumeration comma"),
        pytest.param("a@b@c.cn", "address_several", "one address", id="two ats"),
        pytest.param("张三 <zs@example.cn>", "address_named", "zs@example.cn", id="with a name"),
        pytest.param("example.cn", "address_invalid", "name@", id="no at"),
        pytest.param("", "address_invalid", "name@", id="nothing"),
        pytest.param("@example.cn", "address_local", "letters", id="nothing before the at"),
        pytest.param("a@", "address_invalid", "name@", id="nothing after the at"),
        pytest.param("a..b@example.cn", "address_local", "letters", id="two dots"),
        pytest.param('"a"@example.cn', "address_local", "letters", id="quoted local part"),
        pytest.param("a@[10.0.0.1]", "address_invalid", "name@", id="domain literal"),
        pytest.param("a@example.cn.", "address_invalid", "name@", id="dot at the end"),
        pytest.param("a@x.invalid", "address_invalid", "name@", id="a name that never resolves"),
        pytest.param("a@b>", "address_invalid", "name@", id="angle bracket"),
        pytest.param("a@b>\r\nRCPT TO:<x@y.cn", "address_control", "type it again", id="SMTP command injection"),
        pytest.param("a\x00@b.cn", "address_control", "type it again", id="NUL"),
        pytest.param("a@\u202eb.cn", "address_control", "type it again", id="bidirectional control"),
        pytest.param("a@b\u200b.cn", "address_control", "type it again", id="zero-width space"),
        pytest.param("=?utf-8?q?x?=@b.cn", "text_encoded", "without it", id="encoded-word"),
        pytest.param("a" * 65 + "@b.cn", "address_long", "64", id="long local part"),
        pytest.param("a@" + "b." * 126 + "cn", "address_long", "254", id="long in all"),
        pytest.param("a" * 300 + "@b.cn", "address_long", "254", id="300 characters"),
        pytest.param("a" * 100_000, "address_long", "254", id="100,000 characters"),
    ],
)
def test_a_bad_address_is_refused_with_advice(written: str, code: str, advice: str) -> None:
    with pytest.raises(Misfit) as caught:
        read_address(written)

    assert caught.value.code == code
    assert advice in str(caught.value.do)


def test_dots_in_a_local_part_make_two_addresses() -> None:
    """Only one foreign provider ignores dots; a Chinese office's server does not."""
    assert same(read_address("zhang.san@example.cn").text) != same(read_address("zhangsan@example.cn").text)


def test_case_does_not_make_two_addresses() -> None:
    assert same(read_address("ZhangSan@Example.cn").text) == same(read_address("zhangsan@example.CN").text)


@given(st.one_of(st.text(), st.tuples(st.text(), st.text()).map("@".join), st.emails()))
def test_an_address_is_either_refused_or_safe_in_a_header_and_an_smtp_command(text: str) -> None:
    try:
        address = read_address(text).text
    except Misfit:
        return

    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>,;:\\"()[]\r\n')
    assert address.count("@") == 1
    assert read_address(address).text == address


@pytest.mark.parametrize(
    "text",
    ["张\n三", "张\r三", "a\u2028b", "a\u202eb", "x =?UTF-8?Q?=0A?=Bcc: e@x", "a\x7f", "a\ud800", "a\ufdd0", "a\uffff"],
)
def test_a_text_that_could_change_headers_is_refused(text: str) -> None:
    with pytest.raises(Misfit):
        header_safe(text)


@pytest.mark.parametrize("text", ["张三", "王　芳", "李四（代）", 'O\'Brien, "Bob"', "𠮷野", "🐉"])
def test_an_ordinary_name_is_safe(text: str) -> None:
    assert header_safe(text) == text
