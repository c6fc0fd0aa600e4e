"""The house's sample bulletins, when they lie beside the project, typed in Word: they say the same."""

from pathlib import Path

import pytest

from distributor.bulletin.as_json import model_as_json
from distributor.bulletin.reading import parse_bulletin, read_bulletin
from distributor.bulletin.source import decode, normal_lines
from tests.samples import samples
from tests.unit.test_docx_same import as_word

#: Where each says a line or a paragraph, or shows bold in a heading, which in Word is the style's.
_OTHER = frozenset(("addressees", "raw_headings", "body"))


def _sources() -> list[Path]:
    folder = samples()
    return sorted(folder.glob("bulletins/*.md")) if folder else []


if _sources():

    @pytest.mark.samples
    @pytest.mark.parametrize("source", _sources(), ids=lambda path: path.stem)
    def test_a_sample_typed_in_word_says_the_same(tmp_path: Path, source: Path) -> None:
        text = normal_lines(decode(source.read_bytes()))
        path = tmp_path / "a.docx"
        path.write_bytes(as_word(text))
        typed, written = read_bulletin(path), parse_bulletin(text, source.name)
        models = [model_as_json(reading.bulletin) for reading in (typed, written)]
        first, second = ({key: each[key] for key in each if key not in _OTHER} for each in models)
        assert first == second
        assert {each.code for each in typed.findings} - {each.code for each in written.findings} <= {
            "picture_without_words"
        }
