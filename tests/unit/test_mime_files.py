"""Files that travel with a letter, read back by two parsers, and the document a letter with files is kept as."""

import dataclasses
import email.policy
import json
from email.message import EmailMessage
from email.parser import BytesParser

import fast_mail_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.rendering.mime import compile_letter
from distributor.rendering.rendition import Attachment, Rendition, from_document
from tests.renditions.sample import OFFICE_WITH_PAGE, letter, personal

CONTENT = bytes(range(256)) * 40
LETTER = letter("报", office=OFFICE_WITH_PAGE)
PDF = Attachment("云岭河长制工作简报第12期.pdf", "application/pdf", CONTENT)


def with_files(*files: Attachment, rendition: Rendition = LETTER) -> Rendition:
    return dataclasses.replace(rendition, attachments=files)


def written(rendition: Rendition) -> bytes:
    compiled = compile_letter(rendition, sender="hzb@example.gov.cn", list_id="bulletin.example.gov.cn")
    return compiled.message(personal())


def parsed(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    assert [part for part in message.walk() if part.defects] == []
    return message


def test_a_file_stands_beside_the_whole_letter() -> None:
    message = parsed(written(with_files(PDF)))

    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content_disposition()) == (PDF.file_name, "attachment")
    # For programs that do not know RFC 2231.
    assert dict(file["Content-Type"].params) == {"name": "bulletin.pdf"}


@pytest.mark.parametrize(
    "name",
    [
        "云岭河长制工作简报第12期.pdf",
        "plain.pdf",
        "题" * 80 + ".pdf",
        "𠮷🙂 'a' % \"b\" (c); d=*.pdf",
        "a'b''c%41.pdf",
        "é.pdf",
    ],
)
def test_a_file_arrives_under_its_name_and_whole(name: str) -> None:
    raw = written(with_files(dataclasses.replace(PDF, file_name=name)))

    (file,) = parsed(raw).iter_attachments()
    assert (file.get_filename(), file.get_content()) == (name, CONTENT)
    other = [found for found in fast_mail_parser.parse_email(raw).attachments if found.disposition == "attachment"]
    assert [(found.filename, found.content) for found in other] == [(name, CONTENT)]


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp", "Cn", "Cs"]), min_size=1))
def test_no_name_breaks_out_of_its_line(name: str) -> None:
    name = f"{name}.pdf".strip()  # as the paper is named
    raw = written(with_files(dataclasses.replace(PDF, file_name=name)))

    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    (file,) = parsed(raw).iter_attachments()
    assert file.get_filename() == name


def test_several_files_and_a_letter_without_pictures() -> None:
    files = (PDF, Attachment("表.csv", "text/csv", "甲,乙".encode("gb18030")))

    message = parsed(written(with_files(*files, rendition=dataclasses.replace(LETTER, pictures=()))))

    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
        "text/csv",
    ]
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [file.content for file in files]


def test_a_file_costs_each_copy_its_bytes_and_no_more_memory() -> None:
    compiled = compile_letter(with_files(PDF), sender="hzb@example.gov.cn", list_id="bulletin.example.gov.cn")

    one, other = (compiled.parts(personal(to_name=name)) for name in ("李四", "王五"))

    assert one[-1] is other[-1]
    assert len(one[-1]) > len(CONTENT)


def test_a_letter_with_files_is_kept_and_read_back() -> None:
    rendition = with_files(PDF)

    assert from_document(rendition.to_document()) == rendition
    assert rendition.digest != LETTER.digest


def test_a_letter_without_files_is_kept_as_it_always_was() -> None:
    """What was frozen by an earlier version is the same letter, under the same digest."""
    document = LETTER.to_document()

    assert "attachments" not in json.loads(document)
    assert from_document(document) == LETTER
