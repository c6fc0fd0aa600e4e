"""The working days: this year known, and from November on the next one too. Nobody can compute 调休."""

from collections.abc import Iterator

from distributor.doctor.diagnosis import Context, Diagnosis, of_problem, ok
from distributor.words import words
from distributor.workdays.file import load_calendar

NAME = "calendar"


def check_calendar(context: Context) -> Iterator[Diagnosis]:
    """The calendar file's own warnings and the years that are missing. Raises `BadFile` for a file with faults."""
    settings = context.settings
    loaded = load_calendar(settings.path(settings.folders.calendar))
    today = context.now.astimezone(settings.zone).date()
    problems = (*loaded.warnings, *loaded.workdays.warnings(today))
    yield from (of_problem(NAME, problem) for problem in problems)
    if not problems:
        years = [year for year in range(today.year, today.year + 3) if loaded.workdays.knows(year)]
        yield ok(NAME, words("The working days of {years} are known.", years=", ".join(map(str, years))))
