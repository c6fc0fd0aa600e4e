"""Looks at every letter of a prepared bulletin with the rules of mail programs. Nothing is stored or sent."""

from dataclasses import dataclass

from distributor.dispatch.intake import Prepared, PreparedLetter
from distributor.errors import Problem
from distributor.rendering.email_check import check_letter


@dataclass(frozen=True, slots=True)
class CheckedLetter:
    """One group's letter and everything that some mail program would do wrong with it."""

    letter: PreparedLetter
    problems: tuple[Problem, ...]


def checked_letters(prepared: Prepared) -> tuple[CheckedLetter, ...]:
    """Every letter with its problems; a fault in a template that several groups share stands with the first."""
    templates = prepared.templates
    told: set[str] = set()
    checked = []
    for letter in (letter for letter in prepared.letters if letter.rendition.channel == "email"):
        found = check_letter(letter.rendition, prepared.bulletin, templates=templates, template=letter.group.template)
        checked.append(CheckedLetter(letter, tuple(problem for problem in found if str(problem) not in told)))
        told.update(map(str, found))
    return tuple(checked)
