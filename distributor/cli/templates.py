"""`distributor templates check`: whether every template can be made into letters, pages, articles and PDFs."""

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.help_pages import Group
from distributor.cli.problem_documents import problem_document
from distributor.dispatch.intake import templates_of
from distributor.dispatch.template_check import Tried, try_templates
from distributor.errors import BadInput
from distributor.rendering.templates import Templates
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the noun and its verb."""
    noun = typer.Typer(cls=Group, help=say("Look after the templates of letters and pages."), no_args_is_help=True)
    app.add_typer(noun, name="templates")

    @noun.callback()
    def _noun() -> None:
        """One verb so far; without this, typer would take it for the noun."""

    @noun.command(help=say("Try every template and the theme on all example bulletins; nothing is stored or sent."))
    def check(
        context: typer.Context,
        folder: Annotated[
            Path | None, typer.Argument(help=say("A folder of templates; otherwise the one in distributor.toml."))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _check(desk, folder)


def _check(desk: Desk, folder: Path | None) -> int:
    if folder is not None and not folder.is_dir():
        raise BadInput(words("There is no folder {path}.", path=folder), do=words("Check the name."))
    tried = try_templates(Templates(folder) if folder else templates_of(desk.settings))
    errors = sum(problem.grade == "error" for problem in tried.problems)
    desk.problems(tried.problems)
    _say(desk, tried, errors)
    desk.answer(
        {
            "templates": list(tried.templates),
            "examples": list(tried.examples),
            "made": tried.made,
            "findings": [problem_document(problem) for problem in tried.problems],
            "errors": errors,
            "warnings": len(tried.problems) - errors,
        }
    )
    return Exit.REFUSED if errors else Exit.DONE


def _say(desk: Desk, tried: Tried, errors: int) -> None:
    gaps = {"made": tried.made, "templates": len(tried.templates), "examples": len(tried.examples)}
    desk.say(words("Tried {made} letters and pages: {templates} letter template(s), {examples} example(s).", **gaps))
    if tried.problems:
        gaps = {"errors": errors, "warnings": len(tried.problems) - errors}
        desk.say(words("{errors} error(s), {warnings} warning(s).", **gaps), style="red" if errors else "yellow")
    else:
        desk.say(words("Nothing looks wrong."), style="green")
