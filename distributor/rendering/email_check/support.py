"""What mail clients show of HTML and CSS: the table that `tools/email_support.py` writes from caniemail.

The table covers Outlook, Gmail and Apple Mail. QQ邮箱, 163 and Foxmail publish nothing, so what a letter
uses beyond it is held to rules of our own that assume the worst.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("support.json")

#: CSS1 that caniemail does not list because every client shows it, and Outlook's own corrections.
_BASIC = frozenset({"color", "font-family", "font-style", "mso-line-height-rule", "mso-generic-font-family"})
_SIDES = ("-top", "-right", "-bottom", "-left")


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


def clients() -> tuple[str, ...]:
    """The clients that the table covers."""
    return tuple(_table()["clients"])


def without_property(name: str) -> tuple[str, ...] | None:
    """The clients that do not show a CSS property; None for one that nobody has tested."""
    if name in _BASIC:
        return ()
    verdict = _table()["properties"].get(_whole(name))
    return None if verdict is None else tuple(verdict["no"])


def without_element(name: str) -> tuple[str, ...]:
    """The clients that do not show an HTML element; empty for one that all show or nobody has tested."""
    verdict = _table()["elements"].get(name)
    return tuple(verdict["no"]) if verdict else ()


def _whole(name: str) -> str:
    """`padding-left` and `border-top-color` stand and fall with `padding` and `border`."""
    head = name.split("-")[0]
    sided = any(f"{head}{side}" == name or name.startswith(f"{head}{side}-") for side in _SIDES)
    return head if sided or name in ("border-width", "border-style", "border-color") else name
