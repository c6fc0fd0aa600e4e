"""Reading a bulletin from disk: encodings, pictures, the digest, and files that cannot be read."""

import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from distributor.bulletin.model import Reading
from distributor.bulletin.reading import MOST_BYTES, read_bulletin
from distributor.errors import BadInput
from tests.unit.test_bulletin_findings import GOOD

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def write(folder: Path, text: str) -> Path:
    path = folder / "bulletin.md"
    path.write_text(text, "utf-8")
    return path


def with_picture(folder: Path, source: str, alt: str = "水质图") -> Reading:
    return read_bulletin(write(folder, GOOD.replace("完成了。", f"完成了。\n\n![{alt}]({source})\n\n")))


def codes(reading: Reading) -> list[str]:
    return [finding.code for finding in reading.findings]


def png(width: int = 4, height: int = 3) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(stream, "PNG")
    return stream.getvalue()


ENCODED = {
    "utf-8": GOOD.encode(),
    "byte-order mark": GOOD.encode("utf-8-sig"),
    "gb18030": GOOD.encode("gb18030"),
    "utf-16": GOOD.encode("utf-16"),
    "crlf": GOOD.replace("\n", "\r\n").encode(),
    "cr": GOOD.replace("\n", "\r").encode(),
    "zero-width": GOOD.replace("春季", "春\u200b季\ufeff").encode(),
}


@pytest.mark.parametrize("source", ENCODED.values(), ids=ENCODED)
def test_every_encoding_gives_the_same_bulletin(tmp_path: Path, source: bytes) -> None:
    (tmp_path / "a.md").write_bytes(source)
    plain = read_bulletin(write(tmp_path, GOOD))
    read = read_bulletin(tmp_path / "a.md")
    assert read.bulletin == plain.bulletin
    assert read.findings == ()
    assert read.source == source


def test_bytes_that_are_no_text_are_named_by_offset_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes("# 简报\n".encode() + b"\xff\xff")
    (finding,) = read_bulletin(path).findings
    assert (finding.code, finding.grade, finding.place.line) == ("undecodable", "error", 2)
    assert "Byte 9 " in str(finding)


def test_a_nul_byte_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"# a\n\n\0")
    assert [(f.code, f.place.line) for f in read_bulletin(path).findings] == [("undecodable", 3)]


def test_a_missing_file_a_folder_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.md"
    huge.write_bytes(b"a" * (MOST_BYTES + 1))
    for path in (tmp_path / "none.md", tmp_path, huge, Path("a\0b")):
        with pytest.raises(BadInput):
            read_bulletin(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_a_picture_beside_the_bulletin_is_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "图 片").mkdir()
    Image.new("RGB", (4, 3), "white").save(tmp_path / "图 片" / "水质.dat", kind)
    reading = with_picture(tmp_path, "<图 片/水质.dat>")
    assert reading.findings == ()
    assert reading.assets == {"图 片/水质.dat": (tmp_path / "图 片" / "水质.dat").read_bytes()}


def test_the_digest_covers_text_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    first = with_picture(tmp_path, "a.png").digest
    assert first == with_picture(tmp_path, "a.png").digest
    (tmp_path / "a.png").write_bytes(png(5))
    second = with_picture(tmp_path, "a.png").digest
    assert len({first, second, with_picture(tmp_path, "a.png", "别的图").digest}) == 3


REFUSED = {
    "missing": ("none.png", "picture_missing"),
    "folder": ("folder", "picture_missing"),
    "pipe": ("pipe", "picture_missing"),
    "above": ("../outside.png", "picture_outside"),
    "above, escaped": ("%2e%2e/outside.png", "picture_outside"),
    "absolute": ("/etc/passwd", "picture_outside"),
    "link out": ("link.png", "picture_outside"),
    "loop": ("loop.png", "picture_"),
    "windows": ("..\\\\outside.png", "picture_outside"),
    "http": ("http://169.254.169.254/a.png", "picture_remote"),
    "https": ("https://a.example/a.png", "picture_remote"),
    "no scheme": ("//a.example/a.png", "picture_remote"),
    "file": ("file:///etc/passwd", "picture_remote"),
    "data": ("data:image/png;base64,AAAA", "picture_remote"),
    "svg": ("a.svg", "picture_kind"),
    "disguised": ("svg.png", "picture_kind"),
    "webp": ("a.webp", "picture_kind"),
    "broken": ("broken.png", "picture_kind"),
    "bomb": ("bomb.png", "picture_bomb"),
    "huge bomb": ("huge.png", "picture_bomb"),
    "too big": ("big.png", "picture_too_big"),
}


@pytest.fixture
def bad_pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "issue"
    (folder / "folder").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    (tmp_path / "outside.png").write_bytes(png())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    for name in ("a.svg", "svg.png"):
        (folder / name).write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')
    Image.new("RGB", (4, 3)).save(folder / "a.webp", "WEBP")
    (folder / "broken.png").write_bytes(png()[:40] + b"....")
    (folder / "bomb.png").write_bytes(bomb(8000, 8000))
    (folder / "huge.png").write_bytes(bomb(60000, 60000))
    (folder / "big.png").write_bytes(png() + bytes(5_000_000))
    return folder


def bomb(width: int, height: int) -> bytes:
    """A few bytes whose header promises a picture of this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 0) + b"IDAT"
    return b"\x89PNG\r\n\x1a\n" + chunks + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize(("source", "code"), REFUSED.values(), ids=REFUSED)
def test_a_picture_that_cannot_be_trusted_is_refused(bad_pictures: Path, source: str, code: str) -> None:
    reading = with_picture(bad_pictures, source)
    assert [finding.code.startswith(code) for finding in reading.errors] == [True]
    assert reading.errors[0].place.line == 15
    assert reading.assets == {}


def test_more_than_fifty_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    assert codes(with_picture(tmp_path, ")\n\n![水质图](".join(["a.png"] * 51))) == ["pictures_too_many"]


def test_a_picture_without_words_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    assert codes(with_picture(tmp_path, "a.png", "")) == ["picture_without_words"]


@pytest.mark.parametrize("name", ["river-12", "supplement-2", "exchange-3"])
def test_the_examples_have_no_findings(name: str) -> None:
    assert read_bulletin(EXAMPLES / f"{name}.md").findings == ()


def test_the_example_draft_shows_its_faults() -> None:
    found = codes(read_bulletin(EXAMPLES / "draft-with-findings.md"))
    assert {
        "approver_blank",
        "date_differs",
        "year_differs",
        "latin_conjunction",
        "section_empty",
        "unbalanced",
    } <= set(found)


def test_the_supplement_carries_its_table_and_picture() -> None:
    reading = read_bulletin(EXAMPLES / "supplement-2.md")
    assert list(reading.assets) == ["pictures/water-quality.png"]
    assert len(reading.assets["pictures/water-quality.png"]) < 100_000
    assert len([block for item in reading.bulletin.sections[1].items for block in item.body]) == 6
