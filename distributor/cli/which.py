"""Which bulletin a command is about, when it also names a person: as the last word, or after `--issue`."""

from typing import Annotated

import typer

from distributor.errors import BadInput
from distributor.words import say, words

#: The same as the argument of this name, written out.
NamedIssue = Annotated[str | None, typer.Option("--issue", help=say("Number, title, #id or file."))]


def one_issue(given: str | None, named: str | None) -> str | None:
    """The bulletin that is meant, None when none is named. Raises `BadInput` when two are."""
    if given is not None and named is not None and given != named:
        what = words("Two bulletins are named: {given} and {named}.", given=given, named=named)
        raise BadInput(what, do=words("Name one of them."))
    return named if given is None else given
