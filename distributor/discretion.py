"""What must not be written down, taken out of any value: secrets, tokens of links, and whole mail addresses.

Secrets are found by the key they stand under, by the words before them in a text (`password=…`), and by being known:
whoever reads one from a file or the environment says so with `keep_secret`. Shortened addresses still let an admin
recognise a person whom they know. What was shortened once is not changed again.
"""

import base64
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

HIDDEN = "…"

#: A secret shorter than this is hidden only where it is the whole value: in a text it would be any word.
_SHORTEST = 4
_DEEPEST = 6
_LONGEST = 20_000

_NAMES = r"password|passwd|pwd|secret|token|authorization|api_?key|cookie|credential|授权码|密码"
_KEY = re.compile(_NAMES, re.IGNORECASE)
_SAID = re.compile(
    rf"((?:{_NAMES})\w{{0,20}}[\"']?\s{{0,3}}[=:：]\s{{0,3}})(?:(?:basic|bearer)\s)?[^\s,;&]+", re.IGNORECASE
)
_LOGIN = re.compile(r"(://[^\s:/@]{0,100}):\S{0,300}@")
#: Begins only where a word begins, or a long word without an @ would be read again from each of its letters.
_ADDRESS = re.compile(r"(?<![^\s<>\"(),:;\[\]\\])[^\s<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\[\]\\]+")
#: Tokens are 160 bits in lower-case base32; ids are hexadecimal and hold no letter after f.
_TOKEN = re.compile(r"(?<![a-z0-9])(?=[a-z2-7]*[g-z])[a-z2-7]{32}(?![a-z0-9])")

_secrets: set[str] = set()


def keep_secret(*secrets: str) -> None:
    """Makes secrets known, so that they are written nowhere, plain or in base64. Empty ones are passed over."""
    for secret in filter(None, secrets):
        _secrets.update((secret, base64.b64encode(secret.encode()).decode()))


def shortened_address(address: str) -> str:
    """An address in a form that is no address any more: `zh…n@example.gov.cn`."""
    local, _, domain = address.rpartition("@")
    if len(local) > 3:
        return f"{local[:2]}{HIDDEN}{local[-1]}@{domain}"
    return f"{local[:1] if len(local) > 1 else ''}{HIDDEN}@{domain}"


def discreet(value: Any, *, key: object = "", depth: int = 0) -> Any:
    """The value without what must not be written; texts, numbers, lists and tables stay such, others become texts."""
    if value and isinstance(key, str) and _KEY.search(key):
        return HIDDEN
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return HIDDEN if str(value) in _secrets else value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {discreet_text(str(inner)): discreet(each, key=inner, depth=depth + 1) for inner, each in value.items()}
    if depth < _DEEPEST and isinstance(value, Sequence | Set) and not isinstance(value, str | bytes | bytearray):
        return [discreet(each, depth=depth + 1) for each in value]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    return discreet_text(text)


def discreet_text(text: str) -> str:
    """A text without what must not be written, cut where it is endless."""
    if text in _secrets:
        return HIDDEN
    for secret in sorted(_secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}{HIDDEN}"
    text = _LOGIN.sub(rf"\1:{HIDDEN}@", text)
    text = _SAID.sub(rf"\1{HIDDEN}", text)
    text = _TOKEN.sub(HIDDEN, text)
    return _ADDRESS.sub(lambda found: shortened_address(found[0]), text)


def visible(text: str) -> str:
    """A text in one line: what does not print is written as its code."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def one_line(value: object) -> str:
    """A value in one line, in quotes where a reader could not see its end."""
    text = visible(str(value))
    return f'"{text}"' if not text or " " in text or "=" in text else text
