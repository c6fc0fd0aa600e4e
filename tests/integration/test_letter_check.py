"""`check --email` looks at every group's letter, as it would go out."""

from pathlib import Path

from distributor.cli import main
from distributor.dispatch.intake import prepare
from distributor.dispatch.letter_check import checked_letters, distinct_problems
from distributor.settings.file import load_settings
from tests.acceptance.office import Office


def test_a_fault_that_all_letters_share_is_told_once_and_stands_with_each(tmp_path: Path) -> None:
    office = Office(tmp_path)
    own = tmp_path / "own"
    shipped = Path(__file__).resolve().parents[2] / "templates/email/_base/look.css"
    css = shipped.read_text(encoding="utf-8") + ".p { float: left; }\n"
    office.write("own/email/_base/look.css", css)
    settings = load_settings(tmp_path / "distributor.toml", environ={"DISTRIBUTOR_FOLDERS__TEMPLATES": str(own)})
    letters = checked_letters(prepare(tmp_path / "bulletin.md", settings))
    assert [[problem.code for problem in letter.problems] for letter in letters] == [["property"], ["property"]]
    (problem,) = distinct_problems(letters)
    assert problem.place.file == str(own / "email/_base/look.css")
    assert problem.place.line == len(css.splitlines())
    assert (
        main(["--config", str(tmp_path / "distributor.toml"), "check", str(tmp_path / "bulletin.md"), "--email"]) == 0
    )


def test_a_broken_theme_is_a_finding_with_its_line_and_no_letter_is_made(tmp_path: Path) -> None:
    office = Office(tmp_path)
    theme = office.write("own/theme.yaml", "above: 云岭区\ncolour: red\n")
    settings = load_settings(
        tmp_path / "distributor.toml", environ={"DISTRIBUTOR_FOLDERS__TEMPLATES": str(tmp_path / "own")}
    )
    prepared = prepare(tmp_path / "bulletin.md", settings)
    assert prepared.letters == ()
    assert [(problem.code, str(problem.place)) for problem in prepared.letter_problems] == [("colour", f"{theme}:2:9")]
