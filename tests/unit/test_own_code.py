"""A reader's own code in a paper that was set once: read back as PDF programs do, and in the letters that carry it."""

import dataclasses
import email.policy
import io
import re
import time
import zlib
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cache
from pathlib import Path

import pytest
import segno
from PIL import Image

from distributor.bulletin.model import Bulletin, Item, Reading, Section
from distributor.dispatch.paper import pdf_of
from distributor.errors import Refused
from distributor.rendering.mime import CompiledLetter, compile_letter
from distributor.rendering.pdf import own_code
from distributor.rendering.pdf.document import Paper, render_pdf
from distributor.rendering.pdf.own_code import place_of, with_code
from distributor.rendering.rendition import Attachment, Rendition, from_document
from distributor.rendering.templates import Templates
from tests.renditions.sample import OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block, letter, paragraph, personal

LINK = "https://bulletin.example.gov.cn/b/aaaabbbbccccddddeeeeffffgggghhhh"
OTHER = LINK.replace("hhhh", "jjjj")
READING = Reading(Bulletin("云岭简报", issue_no=3, sections=(Section(None, (Item("", body=(paragraph("正文"),)),)),)))


@cache
def paper() -> bytes:
    return render_pdf(Paper(every_block(), PICTURES, room=True), TEMPLATES)


@cache
def attached() -> Attachment:
    return pdf_of(READING, TEMPLATES, file="bulletin.md", code=True)


def newest(pdf: bytes, number: int) -> bytes:
    """An object of a PDF, found as a reader finds it: from the end through the tables, the newest first."""
    at = int(re.findall(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", pdf)[0])
    while True:
        table = pdf[at:]
        opened = re.match(rb"xref\r?\n(\d+) (\d+)\r?\n", table)
        assert opened, table[:40]
        first, count = int(opened[1]), int(opened[2])
        if first <= number < first + count:
            line = table[opened.end() + 20 * (number - first) :][:20]
            found = pdf[int(line[:10]) :]
            assert found.startswith(b"%d 0 obj" % number)
            return found[: found.index(b"endobj")]
        trailer = re.search(rb"trailer\s*<<(.*?)>>\s*startxref", table, re.DOTALL)
        assert trailer
        at = int(re.findall(rb"/Prev (\d+)", trailer[1])[0])


def modules(picture: bytes) -> list[list[bool]]:
    """The code of a picture: one sample from the middle of each module."""
    head, _, rest = picture.partition(b"stream\n")
    width, height, length = (
        int(re.findall(rb"/%s (\d+)" % name, head)[0]) for name in (b"Width", b"Height", b"Length")
    )
    stride = (width + 7) // 8
    assert (length, rest[length : length + 11]) == (stride * height, b"\nendstream\n")
    rows = [rest[at : at + stride] for at in range(0, length, stride)]
    return [[not rows[y][x // 8] >> (7 - x % 8) & 1 for x in range(2, width, 4)] for y in range(2, height, 4)]


@pytest.mark.parametrize(
    "link", [LINK, OTHER, "https://a.cn/b/c", LINK.replace("bulletin.", "bulletin-" + "x" * 60 + ".")]
)
def test_a_reader_of_pdf_finds_the_code_of_the_link(link: str) -> None:
    place = place_of(paper())
    assert place is not None

    made = with_code(paper(), link)

    expected = [list(map(bool, row)) for row in segno.make(link, error="m", micro=False).matrix_iter(border=4)]
    assert modules(newest(made, place.number)) == expected
    # Everything else is found where it was.
    assert newest(made, 1) == newest(paper(), 1)


def test_what_was_set_for_all_stays_as_it_was() -> None:
    one, again, other = with_code(paper(), LINK), with_code(paper(), LINK), with_code(paper(), OTHER)

    assert one == again != other
    assert one.startswith(paper())
    assert other.startswith(paper())
    assert len(one) - len(paper()) < 8192
    identifiers = [re.findall(rb"/ID\s*\[(.*?)\]", each)[-1] for each in (one, other)]
    first = [re.findall(rb"\(.*?\)", each)[0] for each in identifiers]
    assert first[0] == first[1]
    assert identifiers[0] != identifiers[1]


def test_a_picture_that_speaks_of_another_object_does_not_lead_the_code_there() -> None:
    """JPEG files stand in a paper as they are, and what somebody hid in one must not take away a page's text."""
    photo = io.BytesIO()
    Image.effect_noise((400, 300), 60).save(photo, "JPEG")
    square = zlib.compress(Image.open(io.BytesIO(own_code.square())).tobytes())
    head = b"5 0 obj\n<</Subtype/Image/ColorSpace/DeviceGray/Length %d>>\nstream\n" % len(square)
    hidden, content = head + square, photo.getvalue()
    middle = len(content) // 2
    (source,) = PICTURES
    pictures = {source: content[:middle] + hidden + content[middle + len(hidden) :]}

    made = render_pdf(Paper(every_block(), pictures, room=True), TEMPLATES)

    place = place_of(made)
    assert hidden in made
    assert place is not None
    assert place.number != 5
    assert newest(with_code(made, LINK), 5) == newest(made, 5)


@pytest.mark.parametrize(
    "filling", [b"7" * 400_000, b"7 0 obj<<" + b"/Subtype/Image" * 30_000], ids=["digits", "words"]
)
def test_a_photo_full_of_what_is_looked_for_does_not_keep_the_search_busy(filling: bytes) -> None:
    content = filling + paper()[len(b"%PDF-1.7") :]
    begun = time.process_time()  # of the processor, so that a busy machine does not decide

    assert place_of(content) is None

    assert time.process_time() - begun < 5


def test_a_paper_without_room_has_no_code() -> None:
    shared = render_pdf(Paper(every_block(), PICTURES), TEMPLATES)

    assert place_of(shared) is None
    assert with_code(shared, LINK) == shared


@pytest.mark.parametrize(
    "paper", [b"", b"%PDF-1.7\n", b"trailer\n<</Size 1>>\nstartxref\n9\n%%EOF"], ids=["empty", "cut", "bare"]
)
def test_what_is_no_paper_has_no_place(paper: bytes) -> None:
    assert place_of(paper) is None


def test_an_offices_own_template_may_leave_the_code_out(tmp_path: Path) -> None:
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf" / "tail.typ").write_text("#let tail(paper) = [简短的版记]", encoding="utf-8")

    made = pdf_of(READING, Templates(tmp_path), file="bulletin.md", code=True)

    assert made.code == ""
    assert place_of(made.content) is None


def test_only_a_paper_with_room_asks_for_a_link() -> None:
    assert attached().code == "links.read"
    assert pdf_of(READING, TEMPLATES, file="bulletin.md").code == ""
    assert attached().file_name == "云岭简报第3期.pdf"


# ── In letters ────────────────────────────────────────────────────────────────────────────────────


def carrying(*files: Attachment) -> Rendition:
    return dataclasses.replace(letter("报", office=OFFICE_WITH_PAGE), attachments=files)


def compiled(rendition: Rendition) -> CompiledLetter:
    return compile_letter(rendition, sender="hzb@example.gov.cn", list_id="bulletin.example.gov.cn")


def files_of(raw: bytes) -> list[bytes]:
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    assert [part for part in message.walk() if part.defects] == []
    return [part.get_content() for part in message.iter_attachments()]


def test_each_copy_carries_its_own_code_and_is_the_same_at_every_try() -> None:
    table = Attachment("表.bin", "application/octet-stream", b"1,2")
    ready = compiled(carrying(attached(), table))
    one, other = personal(links={"read": LINK}), personal(links={"read": OTHER})

    assert files_of(ready.message(one)) == [with_code(attached().content, LINK), table.content]
    assert files_of(ready.message(other)) == [with_code(attached().content, OTHER), table.content]
    assert ready.message(one) == compiled(carrying(attached(), table)).message(one)


def test_a_copy_costs_no_more_than_its_code() -> None:
    ready = compiled(carrying(dataclasses.replace(attached(), content=paper())))

    one, other = (ready.parts(personal(links={"read": link})) for link in (LINK, OTHER))

    own = [part for part in one if not any(part is shared for shared in other)]
    assert sum(map(len, own)) < 16_384 < len(paper())


def test_a_copy_without_its_link_is_refused_as_for_any_other_field() -> None:
    with pytest.raises(Refused, match=r"links\.read"):
        compiled(carrying(attached())).message(personal(links={}))


def test_the_document_of_a_letter_keeps_what_its_file_says() -> None:
    with_one, plain = carrying(attached()), carrying(dataclasses.replace(attached(), code=""))

    assert from_document(with_one.to_document()) == with_one
    assert '"code"' not in plain.to_document()  # as letters of earlier versions were written
    assert with_one.digest != plain.digest
