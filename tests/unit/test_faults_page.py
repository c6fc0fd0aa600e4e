"""docs/faults.md names every fault of sending, of the hour and of the reader's page, and only tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = {
    int(number): [cell.strip() for cell in rest.split("|")]
    for number, rest in re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
}
NUMBERS = (*range(1, 43), *range(67, 76), *range(81, 86))


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the test functions in a file, those in classes included."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in found if node.name.startswith("test_"))


def test_every_fault_has_one_row_in_the_order_of_its_number() -> None:
    assert tuple(ROWS) == NUMBERS
    assert len(re.findall(r"^\| \d+ \|", PAGE, re.MULTILINE)) == len(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_names_in_a_fault_are_there(number: int) -> None:
    what, does, shown = ROWS[number]
    named = re.findall(r"`([^`:]+\.py)::([^`]+)`", shown)
    assert what
    assert does
    assert named
    assert shown.count("`") == 2 * len(named)
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []
