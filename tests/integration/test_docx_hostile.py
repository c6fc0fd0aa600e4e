"""Files that are no Word document, or one made to do harm, are refused with words about what to do."""

import contextlib
import io
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.bulletin.docx import package
from distributor.bulletin.reading import READABLE, UNREADABLE, read_bulletin
from distributor.errors import BadInput, DistributorError, Refused
from tests.docx_builder import NAMESPACES, Word, paragraph, picture, table, zipped
from tests.unit.test_docx_reading import HEAD, TAIL


def good() -> Word:
    return Word().add(*HEAD, paragraph("（一队）"), *TAIL)


def with_document(xml: str) -> bytes:
    return zipped({**good().files(), "word/document.xml": xml})


def document(body: str, doctype: str = "") -> str:
    return f'<?xml version="1.0"?>{doctype}<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>'


SCHEMAS = "http://schemas.openxmlformats.org"
LAUGHS = "<!DOCTYPE w [<!ENTITY a '哈哈哈哈哈哈哈哈'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)

REFUSED: dict[str, tuple[str, Callable[[], bytes], type[DistributorError], str]] = {
    "old Word": ("a.doc", lambda: OLE, BadInput, "old Word"),
    "WPS": ("a.wps", lambda: OLE, BadInput, "WPS"),
    "old Word renamed": ("a.docx", lambda: OLE, BadInput, "old Word"),
    "old Word as Markdown": ("a.md", lambda: OLE, BadInput, "old Word"),
    "password": ("a.docx", lambda: OLE + "EncryptedPackage".encode("utf-16-le"), BadInput, "password"),
    "RTF": ("a.docx", lambda: b"{\\rtf1\\ansi ...}", BadInput, "RTF"),
    "web page": ("a.docx", lambda: b"\xef\xbb\xbf\r\n<html><body>...</body></html>", BadInput, "web page"),
    "PDF": ("a.pdf", lambda: b"%PDF-1.7 ...", BadInput, "PDF"),
    "text": ("a.docx", lambda: "# 简报".encode(), BadInput, "not a Word document"),
    "empty": ("a.docx", lambda: b"", BadInput, "not a Word document"),
    "spreadsheet": ("a.docx", lambda: zipped({"xl/workbook.xml": "<a/>"}), BadInput, "zip file"),
    "cut short": ("a.docx", lambda: good().build()[:-200], BadInput, "damaged"),
    "broken part": ("a.docx", lambda: good().build().replace(b"PK\x03\x04", b"PK\x03\x05", 4)[2:], BadInput, "Word"),
    "no XML": ("a.docx", lambda: with_document("{}"), BadInput, "damaged"),
    "no body": ("a.docx", lambda: with_document(f"<w:document {NAMESPACES}/>"), BadInput, "damaged"),
    "macros": (
        "a.docm",
        lambda: Word(main_type="application/vnd.ms-word.document.macroEnabled.main+xml").build(),
        Refused,
        "macros",
    ),
    "macros under another name": (
        "a.docx",
        lambda: zipped({**good().files(), "word/vbaProject.bin": b"x"}),
        Refused,
        "macros",
    ),
    "entity bomb": ("a.docx", lambda: with_document(document("<w:p>&i;</w:p>", LAUGHS + "]>")), Refused, "entities"),
    "external entity": (
        "a.docx",
        lambda: with_document(document("<w:p>&x;</w:p>", '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>')),
        Refused,
        "entities",
    ),
    "zip bomb": ("a.docx", lambda: with_document(document(" " * 60_000_000)), Refused, "more than"),
    "deep": ("a.docx", lambda: with_document(document("<w:sdt>" * 5_000 + "</w:sdt>" * 5_000)), Refused, "more than"),
    "wide": ("a.docx", lambda: with_document(document("<w:p/>" * 300_000)), Refused, "more than"),
    "many entries": ("a.docx", lambda: zipped({f"{at}": b"" for at in range(4_000)}), Refused, "more than"),
    "two of a name": ("a.docx", lambda: twice(good().files()), BadInput, "damaged"),
    "strange compression": ("a.docx", lambda: zipped(good().files(), zipfile.ZIP_BZIP2), BadInput, "damaged"),
    "encrypted entry": ("a.docx", lambda: encrypted(good().build()), BadInput, "damaged"),
    "declared size": ("a.docx", lambda: lying(good().build()), BadInput, "damaged"),
}


def twice(files: dict[str, bytes | str]) -> bytes:
    """A zip with two documents: which one a program shows is anybody's guess."""
    stream = io.BytesIO(zipped(files))
    with zipfile.ZipFile(stream, "a") as archive:
        entry = zipfile.ZipInfo("word/documenu.xml")
        archive.writestr(entry, files["word/document.xml"])
    return stream.getvalue().replace(b"word/documenu.xml", b"word/document.xml")


def encrypted(source: bytes) -> bytes:
    """Sets the bit of every entry that says it is encrypted (APPNOTE 4.4.4)."""
    return _changed(source, b"PK\x01\x02", 8, struct.pack("<H", 1))


def lying(source: bytes) -> bytes:
    """Lets every entry claim to unpack to four bytes."""
    return _changed(source, b"PK\x01\x02", 24, struct.pack("<I", 4))


def _changed(source: bytes, mark: bytes, offset: int, new: bytes) -> bytes:
    changed = bytearray(source)
    at = source.find(mark)
    while at >= 0:
        changed[at + offset : at + offset + len(new)] = new
        at = source.find(mark, at + 4)
    return bytes(changed)


@pytest.mark.parametrize(("name", "source", "kind", "word"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_or_must_not_be_read_is_refused(
    tmp_path: Path, name: str, source: Callable[[], bytes], kind: type[DistributorError], word: str
) -> None:
    path = tmp_path / name
    path.write_bytes(source())
    started = time.monotonic()
    with pytest.raises(kind, match=word) as refusal:
        read_bulletin(path)
    assert refusal.value.do is not None
    assert str(path) in str(refusal.value)
    assert time.monotonic() - started < 10


def test_a_huge_document_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MOST_BYTES", 2_000)
    (tmp_path / "a.docx").write_bytes(good().build())
    with pytest.raises(BadInput, match="2000 bytes"):
        read_bulletin(tmp_path / "a.docx")


def test_a_document_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(good().build())
    assert read_bulletin(tmp_path / "a.md").bulletin.issue_no == 5


def test_no_ending_is_both_readable_and_not() -> None:
    assert not READABLE & UNREADABLE
    assert all(ending == ending.lower() and ending.startswith(".") for ending in READABLE | UNREADABLE)


def test_names_that_leave_the_folder_write_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    word = good()
    word.parts["../../evil.md"] = "x"
    word.parts["/etc/evil"] = "x"
    by_id = word.relate("image", "../../../evil.png")
    word.body.insert(5, paragraph(picture(by_id, "图")))
    (folder / "a.docx").write_bytes(word.build())
    reading = read_bulletin(folder / "a.docx")
    assert [each.code for each in reading.findings] == ["picture_missing"]
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["a.docx", "in"]


def test_a_document_in_the_strict_form_is_read(tmp_path: Path) -> None:
    files = good().files()
    strict = {
        name: str(content)
        .replace(
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
        .replace(
            f"{SCHEMAS}/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
        for name, content in files.items()
    }
    (tmp_path / "a.docx").write_bytes(zipped({**strict}))
    reading = read_bulletin(tmp_path / "a.docx")
    assert reading.findings == ()
    assert reading.bulletin.sections[0].heading == "要闻"


def test_the_digest_covers_everything_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(good().build())
    first = read_bulletin(path).digest
    assert read_bulletin(path).digest == first
    path.write_bytes(zipped({**good().files(), "docProps/core.xml": "<a/>"}))
    assert read_bulletin(path).digest != first


def test_a_long_document_is_read_in_bounded_time(tmp_path: Path) -> None:
    rows = [("一", "二", "三")] * 500
    long = [paragraph(f"第{at}段，区水务局安排巡查，办结事项若干。") for at in range(2_000)]
    path = tmp_path / "a.docx"
    path.write_bytes(Word().add(*HEAD, *long, table(*rows), *TAIL).build())
    started = time.process_time()
    assert read_bulletin(path).bulletin.issue_no == 5
    assert time.process_time() - started < 10


def test_tables_as_deep_as_is_allowed_are_read(tmp_path: Path) -> None:
    nest = paragraph("最里面。")
    for _ in range(18):
        nest = f"<w:tbl><w:tr><w:tc>{nest}</w:tc><w:tc>{paragraph('旁边。')}</w:tc></w:tr></w:tbl>"
    (tmp_path / "a.docx").write_bytes(Word().add(*HEAD, nest, *TAIL).build())
    reading = read_bulletin(tmp_path / "a.docx")
    assert [each.code for each in reading.findings] == ["table_in_table"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_document_is_read_or_refused_and_never_crashes(tmp_path: Path, data: st.DataObject) -> None:
    source = bytearray(good().build())
    for _ in range(data.draw(st.integers(1, 5))):
        source[data.draw(st.integers(4, len(source) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.docx"
    path.write_bytes(bytes(source))
    with contextlib.suppress(BadInput, Refused):
        assert read_bulletin(path).digest


NAMES = (
    "p r t tbl tr tc pPr rPr numPr ins del hyperlink drawing pict txbxContent tab br sym fldChar vMerge gridSpan"
).split()
TREES = st.recursive(
    st.sampled_from(["字", "<w:t>文字</w:t>", '<w:gridSpan w:val="x"/>', '<w:sym w:char="zz"/>', "<w:vMerge/>"]),
    lambda inner: st.tuples(st.sampled_from(NAMES), st.lists(inner, max_size=3)).map(
        lambda node: f'<w:{node[0]} w:val="1" w:fldCharType="end">{"".join(node[1])}</w:{node[0]}>'
    ),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TREES, max_size=4))
def test_any_order_of_words_elements_is_read_or_refused(tmp_path: Path, trees: list[str]) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(with_document(document("".join(trees))))
    with contextlib.suppress(BadInput, Refused):
        assert read_bulletin(path).digest
