"""Findings by grade: an error blocks a bulletin, a warning needs a person's yes."""

from distributor.errors import Place, Problem
from distributor.words import Words


def error(place: Place, code: str, what: Words, do: Words) -> Problem:
    """A finding that blocks."""
    return Problem(place, code, what, do)


def warning(place: Place, code: str, what: Words, do: Words) -> Problem:
    """A finding that a person may wave through."""
    return Problem(place, code, what, do, "warning")
