"""The rules about servers' refusals: the shipped ones, and the office's own when there are any."""

from collections.abc import Iterator

from distributor.channels.smtp.rules_file import load_rules, shipped_rules
from distributor.doctor.diagnosis import Context, Diagnosis, ok
from distributor.words import words

NAME = "replies"


def check_replies(context: Context) -> Iterator[Diagnosis]:
    """How many rules there are. Raises `BadFile` for a file with faults."""
    settings = context.settings
    shipped = len(shipped_rules().rules)
    own = len(load_rules(settings.path(settings.folders.replies)).rules) - shipped
    what = words("{shipped} rules about refusals come with the program, {own} are your own.", shipped=shipped, own=own)
    yield ok(NAME, what)
