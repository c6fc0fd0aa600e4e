"""The directory of recipients: readable, without errors, and what an admin should know about it."""

from collections.abc import Iterator

from distributor.dispatch.intake import load_recipients, templates_of
from distributor.doctor.diagnosis import Context, Diagnosis, of_problem, ok
from distributor.words import words

NAME = "recipients"


def check_recipients(context: Context) -> Iterator[Diagnosis]:
    """Loads and resolves the directory. Raises `BadFile` with all its errors."""
    loaded, resolved = load_recipients(context.settings, templates_of(context.settings))
    yield from (of_problem(NAME, problem) for problem in (*loaded.warnings, *resolved.warnings))
    gaps = {"groups": len(loaded.directory.groups), "count": len(resolved.recipients)}
    yield ok(NAME, words("{groups} group(s), {count} recipient(s).", **gaps))
