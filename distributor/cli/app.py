"""Puts the commands together and turns every error into words and an exit code."""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from distributor import __version__
from distributor.cli.commands import MODULES, modules_for
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit, exit_of
from distributor.cli.help_pages import Group
from distributor.cli.misuse import Misused
from distributor.cli.problem_documents import error_document
from distributor.errors import DistributorError
from distributor.words import say


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"distributor {__version__}")
        raise typer.Exit


def options(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help=say("The settings file; otherwise ./distributor.toml."))] = None,
    lang: Annotated[str | None, typer.Option(help=say("The language of messages: zh or en."))] = None,
    version: Annotated[
        bool, typer.Option("--version", help=say("Show the version and stop."), is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """The options before the command; `--lang` has been read already."""
    context.obj = Desk(config=config)


def build_app(modules: Iterable[str] = MODULES) -> typer.Typer:
    """The command line with the commands of these modules."""
    app = typer.Typer(
        name="distributor",
        cls=Group,
        help=say(
            "Carries a finalised bulletin (简报) to its 报, 送 and 发 lists and proves what happened to each copy."
        ),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    app.callback()(options)
    for module in modules:
        importlib.import_module(f"distributor.cli.{module}").register(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Runs one command. This is the one place where an error meets the person."""
    as_json = "--json" in arguments
    try:
        result = build_app(modules_for(arguments))(args=list(arguments), standalone_mode=False)
    except DistributorError as error:
        _show(error, as_json=as_json)
        return exit_of(error)
    except (typer.Abort, KeyboardInterrupt):
        return _stopped()
    except typer.TyperException as error:
        _show(Misused(error.format_message()), as_json=as_json)
        return Exit.BAD_INPUT
    return _stopped() if result == _INTERRUPTED else int(result or 0)


#: What the library that reads the command line makes of Ctrl-C.
_INTERRUPTED = 130


def _stopped() -> int:
    sentence = say("Stopped. Nothing is lost: `distributor status` shows where things stand.")
    Console(stderr=True).print(f"\n{sentence}")
    return Exit.REFUSED


def _show(error: DistributorError, *, as_json: bool) -> None:
    if as_json:
        Desk(as_json=True).answer({"error": error_document(error)})
        return
    desk = Desk(to_errors=True)
    place = f"{error.place}: " if error.place and not error.problems else ""
    desk.say(f"{place}{error.what}", style="red")
    desk.problems(error.problems)
    if error.do:
        desk.say(f"→ {error.do}")
