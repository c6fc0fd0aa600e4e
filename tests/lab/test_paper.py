"""The PDF as other programs see it: Poppler reads its words, fonts and pages, zbar its QR code."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from distributor.bulletin.model import Bulletin
from distributor.bulletin.reading import read_bulletin
from distributor.rendering.pdf.document import PICTURE_WIDTH, Paper, render_pdf
from distributor.rendering.pdf.own_code import with_code
from distributor.rendering.pdf.paper import paper_values
from distributor.rendering.pictures import place_pictures
from distributor.rendering.templates import Templates
from distributor.resources import shipped
from tests.renditions.sample import every_block, paragraph, png, table
from tests.samples import samples
from tests.unit.test_rendering_pdf import HOSTILE, with_body

LINK = "https://bulletin.example.gov.cn/b/mfrggzdfmztwq2lkmfrggzdfmztwq2lk"
HOUSE = samples()
FILES = [*sorted(shipped("examples").glob("*.md")), *(sorted(HOUSE.glob("*/*.md")) if HOUSE else [])]
TEMPLATES = Templates()


def every_picture(bulletin: Bulletin) -> dict[str, bytes]:
    """A stand-in for each picture: the samples do not carry theirs."""
    return {picture.source: png() for picture in bulletin.pictures()}


def read_file(path: Path) -> Paper:
    bulletin = read_bulletin(path).bulletin
    return Paper(bulletin, every_picture(bulletin))


def ask(*command: str | Path) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    # Poppler 22 wants another type than the standard says (ISO 32000-1, table 321: boolean).
    complaints = done.stderr.replace("Syntax Error: Suspects object is wrong type (boolean)", "")
    assert not complaints.strip(), complaints
    return done.stdout


def written(folder: Path, paper: Paper) -> Path:
    path = folder / "paper.pdf"
    path.write_bytes(render_pdf(paper, TEMPLATES))
    return path


def squeezed(text: str) -> str:
    # A hyphen that may be shown, breaks that may be taken, and marks that nobody sees are not words.
    return re.sub(r"[\s\u00ad\u200b\u2060\ufeff]", "", text)


def shown(path: Path) -> str:
    """The words of the pages in the order in which they are written, without page numbers."""
    pages = ask("pdftotext", "-raw", "-enc", "UTF-8", path, "-").removesuffix("\f").split("\f")
    assert [pages[at - 1].rstrip().endswith(f"— {at} —") for at in range(1, len(pages) + 1)] == [True] * len(pages)
    return squeezed("".join(re.sub(r"— \d+ —\s*$", "", page) for page in pages))


def meant(paper: Paper) -> str:
    """The words of the bulletin in the order of the paper."""
    placed = place_pictures(paper.bulletin, paper.pictures, widest=PICTURE_WIDTH)
    return squeezed("".join(_words(paper_values(paper.bulletin, theme=TEMPLATES.theme, placed=placed))))


def _words(paper: Mapping[str, Any]) -> Iterator[str]:
    yield from (paper["classification"], paper["marking"], paper["above"], *paper["masthead"])
    yield from (paper["number"], paper["issuer"], paper["date"])
    yield from (paper["contents"]["heading"], *paper["contents"]["entries"])
    for section in paper["sections"]:
        yield f"【{section['heading']}】" if section["heading"] else ""
        yield from _blocks(section["note"])
        for item in section["items"]:
            yield item["heading"]
            yield from (f"{digest['unit']}：{digest['text']}" for digest in item["digests"])
            yield from _blocks(item["blocks"])
            yield f"（{item['attribution']}）" if item["attribution"] else ""
    yield from (f"{role['label']}：{'、'.join(role['names'])}" for role in paper["roles"])
    for line in paper["addressees"]:
        yield from (line["label"], *line["lines"])
    yield from (*paper["contact"], paper["copies"], *paper["extra"])


def _blocks(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        if block["kind"] == "paragraph":
            yield from (span["text"] for span in block["spans"])
        elif block["kind"] == "table":
            yield from (span["text"] for row in block["rows"] for cell in row for span in cell)
        elif block["kind"] == "picture":
            yield block["caption"]
        elif block["kind"] == "quote":
            yield from _blocks(block["blocks"])
        else:
            for number, entry in enumerate(block["entries"], 1):
                yield f"{number}." if block["ordered"] else "•"
                yield from _blocks(entry)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_words_are_read_back_in_order(path: Path, tmp_path: Path) -> None:
    paper = read_file(path)

    assert shown(written(tmp_path, paper)) == meant(paper)


def test_every_kind_of_block_is_read_back_in_order(tmp_path: Path) -> None:
    paper = Paper(every_block(), every_picture(every_block()))

    assert shown(written(tmp_path, paper)) == meant(paper)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_hostile_text_is_read_back_as_it_was_written(text: str, tmp_path: Path) -> None:
    # A cell that runs over a page is written page by page, and what stands beside it in between.
    paper = Paper(with_body(paragraph(text), table((text[:200], "乙"))), {})

    assert shown(written(tmp_path, paper)) == meant(paper)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_font_is_embedded(path: Path, tmp_path: Path) -> None:
    _, _, *fonts = ask("pdffonts", written(tmp_path, read_file(path))).splitlines()

    assert fonts
    # Columns from the right: object and its generation, to Unicode, subset, embedded.
    assert [font.split()[-5:-2] for font in fonts] == [["yes", "yes", "yes"]] * len(fonts)


def test_the_page_holds_twenty_two_lines_of_twenty_eight_characters(tmp_path: Path) -> None:
    path = written(tmp_path, Paper(with_body(paragraph("中" * 5000)), {}))

    lines = ask("pdftotext", "-f", "3", "-l", "3", "-raw", path, "-").split("\n")

    assert [len(line) for line in lines if "中" in line] == [28] * 22


def test_the_type_area_is_where_the_standard_puts_it(tmp_path: Path) -> None:
    """GB/T 9704-2012 5.1.2: 37 mm above, 28 mm at the binding, 156 × 225 mm, give or take a millimetre."""
    path = written(tmp_path, Paper(with_body(paragraph("中" * 5000)), {}))

    page = ask("pdftotext", "-f", "3", "-l", "3", "-bbox", path, "-")
    words = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">中', page)
    left, top, right, bottom = ([float(word[at]) / 72 * 25.4 for word in words] for at in range(4))

    assert abs(min(left) - 28) < 1
    assert abs(max(right) - 184) < 1
    # A word's box is taller than its character: the font's own ascent and descent.
    assert 37 - 3 < min(top) < 37 + 1
    assert 262 - 6 < max(bottom) < 262 + 3


def test_the_document_says_what_it_is(tmp_path: Path) -> None:
    told = ask("pdfinfo", "-isodates", written(tmp_path, read_file(shipped("examples") / "river-12.md")))
    facts = {key.strip(): value.strip() for key, value in (line.split(":", 1) for line in told.splitlines())}

    assert facts["Title"] == "云岭区河湖保护工作简报 第12期（总第87期）"
    assert facts["Author"] == "云岭区河长制办公室"
    assert facts["Keywords"] == "云岭区河湖保护工作简报, 工作部署, 基层动态, 经验借鉴"
    assert facts["CreationDate"].startswith("2026-09-18")
    assert (facts["Tagged"], facts["JavaScript"], facts["Encrypted"]) == ("yes", "no", "no")
    assert facts["Page size"] == "595.276 x 841.89 pts (A4)"


def test_the_sections_and_reports_are_bookmarks(tmp_path: Path) -> None:
    path = written(tmp_path, read_file(shipped("examples") / "river-12.md"))

    told = ask("pdftohtml", "-xml", "-stdout", "-i", path)

    outline = re.findall(r"<item page=\"\d+\">(.*?)</item>", told)
    assert outline[:3] == ["【工作部署】", "河湖管护一张图平台上线试运行", "沿河排水户普查完成过半"]
    assert outline.count("【经验借鉴】") == 1
    assert "云台街道“河畔议事角 邻里共护水”活动走进六个社区" in outline


def test_a_font_of_the_office_is_used_and_embedded(tmp_path: Path) -> None:
    fonts = tmp_path / "templates" / "pdf" / "fonts"
    fonts.mkdir(parents=True)
    shutil.copyfile("/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc", fonts / "own.ttc")
    path = tmp_path / "paper.pdf"

    path.write_bytes(render_pdf(read_file(shipped("examples") / "river-12.md"), Templates(tmp_path / "templates")))

    # The theme names it for titles.
    told = ask("pdffonts", path)
    assert "NotoSerifCJK" in told
    assert "NotoSerifSC" in told


def test_a_phone_reads_the_code_on_a_readers_own_paper(tmp_path: Path) -> None:
    paper = read_file(shipped("examples") / "river-12.md")
    path = written(tmp_path, Paper(paper.bulletin, paper.pictures, room=True))
    path.write_bytes(with_code(path.read_bytes(), LINK))
    ask("pdftoppm", "-r", "150", "-png", path, tmp_path / "page")

    found = [
        subprocess.run(["zbarimg", "--quiet", "--raw", page], capture_output=True, text=True).stdout.strip()
        for page in sorted(tmp_path.glob("page-*.png"))
    ]

    assert [code for code in found if code] == [LINK]
