"""A bulletin says the same whether it was written in Markdown or in Word."""

import re
import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.bulletin.markdown import read_markdown
from distributor.bulletin.model import Block, BulletList, Paragraph, Picture, Quote, Span, Table
from distributor.bulletin.parts import Part, PartKind
from distributor.bulletin.reading import parse_bulletin, read_bulletin
from tests.docx_builder import Word, cell, paragraph, picture, run, table
from tests.unit.test_docx_reading import png

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RULE = '<w:pBdr><w:bottom w:val="single" w:sz="24" w:space="1" w:color="C00000"/></w:pBdr>'


def as_word(markdown: str, pictures: Path | None = None) -> bytes:
    """The bulletin as somebody types it in Word: styles for headings, Word's own lists, tables and borders.

    Pictures come from their folder; without one, a blank picture stands for each.
    """
    word = Word()
    for part in read_markdown(markdown).parts:
        word.add(*list(_part(word, part, pictures)))
    return word.build()


def _part(word: Word, part: Part, pictures: Path | None) -> Iterator[str]:
    if part.kind is PartKind.RULE:
        yield paragraph("", shape=RULE)
    elif part.kind is PartKind.HEADING:
        yield paragraph(*_runs(part.lines[0].spans), style=str(min(part.level, 3)))
    elif part.kind is PartKind.TEXT:
        yield from (paragraph("　　", *_runs(line.spans)) for line in part.lines)
    else:
        for block in part.blocks:
            yield from _block(word, block, pictures)


def _block(word: Word, block: Block, pictures: Path | None, depth: int = 0) -> Iterator[str]:
    match block:
        case Paragraph():
            yield paragraph(*_runs(block.spans))
        case Table():
            rows = [tuple(cell(paragraph(*_runs(each))) for each in row) for row in block.rows]
            yield table(*rows, heading=bool(block.header_rows))
        case BulletList():
            # Word counts a list on until it is told to begin anew, as every list of Markdown does.
            kind = 20 + len(set(re.findall(r'numId w:val="(\d\d)', "".join(word.body)))) if block.ordered else 1
            for first, *rest in block.entries:
                assert isinstance(first, Paragraph)
                yield paragraph(*_runs(first.spans), style="a4", number=(kind, depth))
                for each in rest:
                    yield from _block(word, each, pictures, depth + 1)
        case Quote():
            for each in block.blocks:
                assert isinstance(each, Paragraph)
                yield paragraph(*_runs(each.spans, upright=True), style="a5")
        case Picture():
            content = (pictures / block.source).read_bytes() if pictures else png()
            yield paragraph(picture(word.media(content, Path(block.source).name), block.alt))


def _runs(spans: tuple[Span, ...], *, upright: bool = False) -> Iterator[str]:
    for span in spans:
        yield run(span.text, bold=span.bold, italic=span.italic, look='<w:i w:val="0"/>' if upright else "")


def placeless(value: Any) -> Any:
    """A model without lines, and with pictures by their file names alone."""
    if isinstance(value, Picture):
        return replace(value, source=Path(value.source).name)
    if isinstance(value, tuple):
        return tuple(placeless(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(
            **{each.name: 0 if each.name == "line" else placeless(getattr(value, each.name)) for each in fields(value)}
        )
    return value


@pytest.mark.parametrize("name", ["river-12", "supplement-2", "exchange-3", "draft-with-findings"])
def test_an_example_typed_in_word_gives_the_same_bulletin(tmp_path: Path, name: str) -> None:
    source = EXAMPLES / f"{name}.md"
    path = tmp_path / "a.docx"
    path.write_bytes(as_word(source.read_text("utf-8"), EXAMPLES))
    written, typed = read_bulletin(source), read_bulletin(path)
    assert placeless(typed.bulletin) == placeless(written.bulletin)
    assert sorted(typed.assets.values()) == sorted(written.assets.values())
    assert {each.code for each in typed.findings} == {each.code for each in written.findings}
    assert all(each.place.line == 0 for each in typed.findings)


HANZI = "春夏秋冬山水林田湖草路桥街巷人民政府工作会议安排部署检查落实"
SOME = st.text(HANZI, min_size=2, max_size=12)
SENTENCE = st.lists(st.text(HANZI + string.digits, min_size=3, max_size=20), min_size=1, max_size=3).map(
    lambda clauses: "，".join(clauses) + "。"
)
LOOKS = st.tuples(SENTENCE, SOME, SENTENCE).map(lambda three: f"{three[0]}**{three[1]}**{three[2]}")
TEXT = st.one_of(SENTENCE, LOOKS)
ENTRIES = st.lists(SENTENCE, min_size=1, max_size=4)
ROWS = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(SOME, min_size=width, max_size=width), min_size=2, max_size=4)
)
BLOCKS = st.one_of(
    TEXT,
    ENTRIES.map(lambda entries: "\n".join(f"- {entry}" for entry in entries)),
    ENTRIES.map(lambda entries: "\n".join(f"{at}. {entry}" for at, entry in enumerate(entries, 1))),
    ROWS.map(
        lambda rows: "\n".join(
            ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
            + ["| " + " | ".join(row) + " |" for row in rows[1:]]
        )
    ),
)
ITEMS = st.tuples(SOME, TEXT, st.lists(BLOCKS, max_size=2), SOME).map(
    lambda item: "\n\n".join([f"**{item[0]}** {item[1]}", *_apart(item[2]), f"（{item[3]}局）"])
)
SECTIONS = st.tuples(SOME, st.lists(ITEMS, min_size=1, max_size=3)).map(
    lambda section: "\n\n".join([f"## 【{section[0]}】", *section[1]])
)


def _apart(blocks: list[str]) -> Iterator[str]:
    """Two lists that touch are one list in either form; a sentence keeps them apart."""
    for block in blocks:
        yield block
        yield "以上情况请各单位知悉。"


@settings(max_examples=15, deadline=None)
@given(st.lists(SECTIONS, min_size=1, max_size=3), st.integers(1, 99))
def test_any_bulletin_is_the_same_in_both_forms(
    tmp_path_factory: pytest.TempPathFactory, sections: list[str], number: int
) -> None:
    text = "\n\n".join(
        [
            "# 松溪县林业简报",
            f"第{number}期",
            "松溪县林业局　2026年3月12日",
            "---",
            *sections,
            "编辑：林一木　核签：高远山",
            "---",
            "报：县委",
            "发：各林场",
            "电话：0599-5550101",
        ]
    )
    path = tmp_path_factory.mktemp("word") / "a.docx"
    path.write_bytes(as_word(text))
    assert placeless(read_bulletin(path).bulletin) == placeless(parse_bulletin(text, "a.md").bulletin)
