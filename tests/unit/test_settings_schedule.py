"""The keys of distributor.toml that say when bulletins go out."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.errors import BadFile
from distributor.schedule.rule import AT_ONCE
from distributor.settings import Settings
from distributor.settings.file import load_settings

OFFICE = '[office]\nname = "云岭区河长制办公室"\nfrom = "hzb@example.gov.cn"\n'


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    path = folder / "distributor.toml"
    path.write_text(OFFICE + text, encoding="utf-8")
    return load_settings(path, environ=environ or {})


def test_unless_told_otherwise_bulletins_go_out_at_once(tmp_path: Path) -> None:
    settings = load(tmp_path, "")

    assert settings.send.rule == AT_ONCE
    assert settings.send.grace == dt.timedelta(hours=2)
    assert settings.path(settings.folders.inbox) == tmp_path / "inbox"
    assert settings.path(settings.folders.calendar) == tmp_path / "calendar.yaml"


def test_a_rule_is_written_in_either_language(tmp_path: Path) -> None:
    english = load(tmp_path, '[send]\nrule = "17:00 on working days"')
    chinese = load(tmp_path, "", {"DISTRIBUTOR_SEND__RULE": "工作日17:00"})

    assert english.send.rule == chinese.send.rule


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param('"17.00"', "Did you mean 17:00?", id="a dot"),
        pytest.param('"2027-02-29 09:00"', "There is no day 2027-02-29.", id="29 February"),
        pytest.param("17:00:00", 'Put it in quotes: "17:00".', id="an hour without quotes"),
        pytest.param("2026-12-01 09:00:00", 'Put it in quotes: "2026-12-01 09:00".', id="a date without quotes"),
        pytest.param("1700", "Did you mean 17:00?", id="a number"),
        pytest.param("true", "is not a send rule", id="a truth value"),
        pytest.param('["17:00"]', "is not a send rule", id="a list"),
    ],
)
def test_a_rule_that_is_none_names_its_line_and_what_to_write(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(BadFile) as caught:
        load(tmp_path, f"[send]\nrule = {value}")

    (problem,) = caught.value.problems
    assert (problem.code in ("rule", "no_such_day"), problem.place.line) == (True, 5)
    assert said in str(problem)
