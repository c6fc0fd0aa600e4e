"""What works in `distributor.toml` but is unsafe or unusual. A file that cannot be read ends the command before."""

from collections.abc import Iterator

from distributor.doctor.diagnosis import Context, Diagnosis, of_problem, ok, warning
from distributor.words import words


def check_settings(context: Context) -> Iterator[Diagnosis]:
    """The settings' own warnings, and whether somebody is told when something needs a person."""
    settings = context.settings
    problems = settings.warnings()
    yield from (of_problem("settings", problem) for problem in problems)
    if not settings.office.editors:
        what = words("Nobody is told when something needs a person: office.editors is empty.")
        yield warning("settings", what, words("Write at least one address into [office] editors."))
    elif not problems:
        yield ok("settings", words("Nothing looks wrong."))
