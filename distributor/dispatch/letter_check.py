"""Looks at every letter of a prepared bulletin with the rules of mail programs. Nothing is stored or sent."""

from collections.abc import Iterable
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
    """Every letter that goes by mail, with its problems."""
    return tuple(
        CheckedLetter(
            letter,
            check_letter(
                letter.rendition, prepared.bulletin, templates=prepared.templates, template=letter.group.template
            ),
        )
        for letter in prepared.letters
        if letter.rendition.channel == "email"
    )


def distinct_problems(letters: Iterable[CheckedLetter]) -> tuple[Problem, ...]:
    """The problems of all letters, each once: letters share templates, and with them their faults."""
    return tuple({str(problem): problem for letter in letters for problem in letter.problems}.values())
