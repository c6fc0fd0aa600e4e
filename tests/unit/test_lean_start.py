"""The service stays small: it loads no library that it can do without, and gives back what it no longer needs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import distributor
from distributor.service import memory

#: What only some commands, or other processes, need.
HEAVY = (
    "aiosmtpd",
    "alembic",
    "apprise",
    "cryptography",
    "httpx2",
    "joserfc",
    "mammoth",
    "requests",
    "typer.rich_utils",
    "typst",
)


def test_starting_the_program_loads_nothing_that_few_need() -> None:
    rooms = "distributor.cli.app, distributor.service.run"
    look = f"import sys, {rooms}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_what_reads_signed_tokens_is_loaded_only_when_somebody_logs_in_that_way() -> None:
    heavy = {"joserfc", "distributor.oidc.id_token", "distributor.oidc.provider"}
    loaders = set()
    for path in Path(str(distributor.__file__)).parent.rglob("*.py"):
        # What stands in a function, or under TYPE_CHECKING, is not loaded with its module.
        text = path.read_text(encoding="utf-8")
        for statement in ast.parse(text).body if any(name in text for name in heavy) else ():
            if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith(tuple(heavy)):
                loaders.add(f"{path.parent.name}/{path.name}")
    assert loaders == {"oidc/id_token.py", "oidc/provider.py"}


def test_memory_is_given_back_by_the_c_library_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(memory, "_function", lambda name: lambda *given: asked.append((name, given)))
    memory.keep_small()
    memory.give_back()
    assert asked == [("mallopt", (-8, 1)), ("malloc_trim", (0,))]


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_function", lambda name: None)
    memory.keep_small()
    memory.give_back()


def test_the_functions_are_found_on_this_system() -> None:
    memory.give_back()
    assert memory._function("no_such_function_in_any_library") is None
