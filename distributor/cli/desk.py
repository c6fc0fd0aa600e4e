"""What every command works with: the settings, the database, the clock, and where to write."""

import datetime as dt
import getpass
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from distributor.errors import BadInput, Problem, Refused
from distributor.words import Words, say, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributor.receipts.tokens import TokenKey
    from distributor.settings import Settings
    from distributor.store.database import Database


#: Columns of output that goes into a file or another program.
PIPED_WIDTH = 240


@dataclass
class Desk:
    """One command's surroundings. Settings and database are opened when first asked for."""

    config: Path | None = None
    as_json: bool = False
    to_errors: bool = False
    given_settings: "Settings | None" = None

    @cached_property
    def console(self) -> Console:
        """Where sentences and tables go: standard output, or standard error when stdout carries JSON."""
        # Without `emoji=False` the place recipients.yaml:100:15 would be shown with a picture in its middle.
        return Console(
            stderr=self.as_json or self.to_errors,
            highlight=False,
            emoji=False,
            soft_wrap=not sys.stdout.isatty(),
            # Piped tables are not folded: an address must stay in one piece.
            width=None if sys.stdout.isatty() else PIPED_WIDTH,
        )

    @cached_property
    def settings(self) -> "Settings":
        from distributor.settings.file import load_settings

        return self.given_settings or load_settings(self.config, environ=os.environ)

    @property
    def key(self) -> "TokenKey":
        """The key that tokens are made with; made on first use."""
        from distributor.receipts.tokens import load_key

        return load_key(self.settings.path(self.settings.folders.key))

    @contextmanager
    def database(self) -> "Iterator[Database]":
        """Opens the database for one command."""
        from distributor.store.database import Database

        database = Database.open(self.settings.database_url)
        try:
            yield database
        finally:
            database.close()

    @property
    def now(self) -> dt.datetime:
        """The time, in UTC."""
        return dt.datetime.now(dt.UTC)

    @property
    def today(self) -> dt.date:
        """The date at the office."""
        return self.now.astimezone(self.settings.zone).date()

    @property
    def actor(self) -> str:
        """Who gives this command, for the audit log."""
        try:
            return f"cli:{getpass.getuser()}"
        except (KeyError, OSError):
            return "cli"

    def say(self, what: str | Words, *, style: str = "") -> None:
        """Says a sentence to the person."""
        text = escape(str(what))
        self.console.print(f"[{style}]{text}[/]" if style else text)

    def answer(self, document: Mapping[str, object]) -> None:
        """Writes the JSON answer, when one was asked for."""
        if self.as_json:
            json.dump(document, sys.stdout, ensure_ascii=False, indent=2, default=str)
            sys.stdout.write("\n")

    def problems(self, problems: Iterable[Problem]) -> None:
        """Shows findings, one by one, with their place."""
        for problem in problems:
            colour = "red" if problem.grade == "error" else "yellow"
            grade = say("error") if problem.grade == "error" else say("warning")
            self.console.print(
                f"[bold]{escape(str(problem.place))}[/] [{colour}]{grade}[/] {escape(str(problem.what))}"
            )
            if problem.do:
                self.console.print(f"    → {escape(str(problem.do))}")

    def confirm(self, question: Words, *, yes: bool) -> None:
        """Asks for a yes. Raises `Refused` when the answer is no, or when nobody is there to ask."""
        if yes:
            return
        if self.as_json or not sys.stdin.isatty():
            raise NotConfirmed(
                words("This needs a yes, and nobody is there to ask."),
                do=words("Look at it first; then give --yes."),
            )
        answer = self.console.input(f"{escape(str(question))} \\[y/N] ")
        if answer.strip().lower() not in ("y", "yes", "是", "好"):
            raise NotConfirmed(words("Nothing was done."))

    def local(self, moment: dt.datetime | None) -> str:
        """A time as people at the office read it."""
        return f"{moment.astimezone(self.settings.zone):%Y-%m-%d %H:%M}" if moment else ""


class NotConfirmed(Refused):
    """The person did not say yes."""

    code = "not_confirmed"


def existing_file(text: str) -> Path:
    """The path of a file that must be there. Raises `BadInput`."""
    path = Path(text)
    if not path.is_file():
        raise BadInput(words("There is no file {path}.", path=text), do=words("Check the name, or give the full path."))
    return path
