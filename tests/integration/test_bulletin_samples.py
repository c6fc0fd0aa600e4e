"""The house's sample bulletins, when they lie beside the project: each matches what people expect of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from distributor.bulletin.as_json import model_as_json
from distributor.bulletin.reading import read_bulletin
from tests.samples import samples

_UNSCORED = frozenset(("kind", "notes", "unscored", "expected_warnings"))
#: A layout's own notes call these readings ambiguous.
_LENIENT = {"t1-cppcc-duty-daily": frozenset(("sections", "send_to"))}


def _sources() -> list[Path]:
    folder = samples()
    return sorted(folder.glob("*/*.md")) if folder else []


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


if _sources():

    @pytest.mark.samples
    @pytest.mark.parametrize("path", _sources(), ids=lambda path: path.stem)
    def test_a_sample_matches_every_scored_field(path: Path) -> None:
        expected = json.loads(path.with_name(f"{path.stem}.expected.json").read_text("utf-8"))
        names = _UNSCORED | frozenset(expected.get("unscored", ())) | _LENIENT.get(path.stem, frozenset())
        model = model_as_json(read_bulletin(path).bulletin)
        scored = _without(expected, names)
        assert {key: _without(model[key], names) for key in scored} == scored

    @pytest.mark.samples
    @pytest.mark.parametrize("path", _sources(), ids=lambda path: path.stem)
    def test_no_text_of_a_sample_is_lost(path: Path) -> None:
        assert "text_lost" not in {finding.code for finding in read_bulletin(path).findings}

    @pytest.mark.samples
    def test_the_unfinished_sample_names_each_of_its_problems() -> None:
        (path,) = (path for path in _sources() if path.stem.startswith("s18"))
        codes = [finding.code for finding in read_bulletin(path).findings]
        assert {"number_placeholder", "date_impossible", "approver_blank", "editor_blank", "contact_missing"} <= set(
            codes
        )
        assert codes.count("addressees_empty") == 2
