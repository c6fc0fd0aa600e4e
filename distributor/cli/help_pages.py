"""The words of the help pages that the library for the command line brings along, in the reader's language.

It has them in English only: the titles of the boxes, what stands behind an option, the line of `--help`.
"""

from typing import Any

from typer.core import TyperGroup

from distributor.words import say


class Group(TyperGroup):
    """A group of commands that explains `--help`, its own and that of its commands.

    The library keeps the classes of its contexts and options to itself, so they cannot be named here.
    """

    def get_help_option(self, ctx: Any) -> Any:
        return _explained(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _speak()
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if "--help" in args:
            _speak()
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _explained(command.get_help_option(ctx))
        return command


def _explained(option: Any) -> Any:
    if option is not None:
        option.help = say("Show this page and stop.")
    return option


def _speak() -> None:
    from typer import rich_utils  # only pages need it, and the service none

    rich_utils.OPTIONS_PANEL_TITLE = say("Options")
    rich_utils.ARGUMENTS_PANEL_TITLE = say("Arguments")
    rich_utils.COMMANDS_PANEL_TITLE = say("Commands")
    rich_utils.REQUIRED_LONG_STRING = say("[required]")
    # The library fills in the value itself.
    rich_utils.DEFAULT_STRING = say("[default: {value}]", value="{}")
