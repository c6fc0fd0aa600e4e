"""A letter asks for a read report where its group wants one, at the address it comes from (RFC 8098 2.1)."""

from dataclasses import replace
from email.parser import BytesParser

import pytest

from distributor.errors import BadInput
from distributor.rendering.mime import compile_letter, verify
from distributor.rendering.personal import sample_copy
from distributor.rendering.rendition import Rendition

RETURN = "hzb+k3vqz7m4tn2xw5ryb6ucd3fghajelops@example.gov.cn"


@pytest.fixture(scope="module")
def rendition() -> Rendition:
    return Rendition("各单位", "发", "email", "快报", "正文\n", "<p>正文</p>\n")


def test_a_letter_asks_at_the_address_it_comes_from(rendition: Rendition) -> None:
    letter = compile_letter(rendition, sender="河长办 <hzb@example.gov.cn>", list_id="bulletin.example.gov.cn")
    copy = replace(sample_copy("李四"), read_report_to=RETURN)

    raw = letter.message(copy)

    verify(raw, letter.expected(copy))
    headers = BytesParser().parsebytes(raw)
    assert headers["Disposition-Notification-To"] == f"<{RETURN}>"


def test_a_letter_of_a_group_that_wants_none_asks_for_none(rendition: Rendition) -> None:
    letter = compile_letter(rendition, sender="河长办 <hzb@example.gov.cn>", list_id="bulletin.example.gov.cn")

    assert b"Disposition-Notification-To" not in letter.message(sample_copy("李四"))


def test_a_return_address_that_is_none_is_refused(rendition: Rendition) -> None:
    letter = compile_letter(rendition, sender="河长办 <hzb@example.gov.cn>", list_id="bulletin.example.gov.cn")

    with pytest.raises(BadInput):
        letter.message(replace(sample_copy("李四"), read_report_to="a@b>\r\nBcc: <x@y"))
