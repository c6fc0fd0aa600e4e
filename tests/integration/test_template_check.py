"""`templates check` finds a fault wherever it hides, and names file, line and field."""

from pathlib import Path

import pytest

from distributor.dispatch.template_check import Tried, try_templates
from distributor.rendering.templates import Templates


def _tried(folder: Path, file: str, content: str) -> Tried:
    path = folder / file
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    return try_templates(Templates(folder))


def test_the_shipped_templates_have_no_fault() -> None:
    tried = try_templates(Templates())
    assert tried.problems == []
    assert tried.templates == ("发", "报", "送")
    assert tried.made > 100


@pytest.mark.parametrize(
    ("file", "content", "line", "told"),
    [
        ("email/报/subject.txt", "\n{{ bulletin.titel }}", 2, "bulletin.titel. Did you mean title?"),
        ("email/送/subject.txt", "{{ titel }}", 1, "titel. Did you mean title?"),
        ("email/报/subject.txt", "{{ office.fone }}", 1, "office.fone. Did you mean phone?"),
        ("email/报/subject.txt", "{{ recipient.nam }}", 1, "recipient.nam. Did you mean name?"),
        # Only a group that signs, on a page of the office, takes this branch.
        (
            "email/_base/receipt.html",
            "{% macro receipt() %}\n{% if office.base_url %}{{ links.acknowlege }}{% endif %}{% endmacro %}",
            2,
            "links.acknowlege. Did you mean acknowledge?",
        ),
        # Only somebody whose deadline is over takes this one.
        (
            "reminder/body.html",
            "\n{% if overdue %}{{ deadlin }}{% endif %}",
            2,
            "deadlin. Did you mean deadline?",
        ),
        ("reminder/card.txt", "{{ nmae }}", 1, "nmae. Did you mean name?"),
        (
            "wecom/read_on.txt",
            "{% if group.acknowledge == 'optional' %}\n{{ deu }}{% endif %}",
            2,
            "deu. Did you mean due?",
        ),
        ("web/_blocks.html", "{% macro blocks() %}\n{% endif %}", 2, "cannot be understood"),
        ("article/title.txt", "{{ bulletin.nummer }}", 1, "bulletin.nummer"),
        ("web/page.css", ".p { color: {{ colour.red }}; }", 1, "red"),
    ],
)
def test_a_fault_is_found_with_file_line_and_field(
    tmp_path: Path, file: str, content: str, line: int, told: str
) -> None:
    problems = _tried(tmp_path, file, content).problems
    at = [problem for problem in problems if problem.place.file == str(tmp_path / file)]
    assert [problem.place.line for problem in at] == [line]
    assert told in str(at[0])


def test_a_theme_with_faults_is_told_once(tmp_path: Path) -> None:
    problems = _tried(tmp_path / "own", "theme.yaml", "colour: blue\n").problems
    assert [(problem.code, problem.place.line) for problem in problems] == [("colour", 1)]
