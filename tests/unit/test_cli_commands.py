"""Which module a command line loads: its command's own, and every one where all commands are shown."""

import importlib

import pytest
import typer

from distributor.cli.commands import COMMANDS, MODULES, modules_for


@pytest.mark.parametrize("module", MODULES)
def test_a_module_holds_the_commands_that_the_table_says(module: str) -> None:
    app = typer.Typer()
    importlib.import_module(f"distributor.cli.{module}").register(app)
    names = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    names |= {group.name or group.typer_instance.info.name for group in app.registered_groups if group.typer_instance}
    assert names == {name for name, where in COMMANDS.items() if where == module}


@pytest.mark.parametrize(
    ("line", "modules"),
    [
        ("status --json", ("status",)),
        ("--config office.toml --lang zh resume account:main", ("serve",)),
        ("--lang=en mailbox explain one.eml", ("incoming",)),
        ("--version", ()),
        ("--help", MODULES),
        ("", MODULES),
        ("--lang", MODULES),
        ("stauts", MODULES),
    ],
)
def test_a_command_line_loads_what_it_needs(line: str, modules: tuple[str, ...]) -> None:
    assert modules_for(line.split()) == modules
