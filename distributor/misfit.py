"""What is wrong with one value of a file that people edit, and the nearest right spelling.

Used with pydantic: a validator raises `Misfit`, and `explain` puts any error that pydantic
reports into sentences for people. It never repeats the value of a secret.
"""

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from distributor.words import Words, words


class Misfit(ValueError):
    """A value that cannot stand where it stands: a stable code, what is wrong and what to do."""

    def __init__(self, code: str, what: Words, do: Words | None = None) -> None:
        super().__init__(what.english)
        self.code = code
        self.what = what
        self.do = do


@dataclass(frozen=True, slots=True)
class Unquoted:
    """A YAML scalar without quotes that readers of YAML take for a number, a truth value, a time or a date."""

    text: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One error in words. `at_key`: the fault is the key, not its value."""

    code: str
    what: Words
    do: Words | None = None
    at_key: bool = False


def nearest(word: str, choices: Collection[str]) -> str | None:
    """The choice that is spelt most like `word`, or None when none is near."""
    found = difflib.get_close_matches(word.strip().lower(), list(choices), n=1, cutoff=0.5)
    return found[0] if found else None


def suggestion(word: str, choices: Collection[str]) -> Words:
    """Advice for a word that is not one of `choices`: the nearest one, or all of them."""
    near = nearest(word, choices)
    if near is not None:
        return words("Did you mean {word}?", word=near)
    return words("Possible are: {choices}.", choices=", ".join(choices))


def shortened(value: object, limit: int = 60) -> str:
    """A value as a message may show it: one line, control characters made visible, cut at `limit`."""
    text = value.text if isinstance(value, Unquoted) else str(value)
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[: limit + 1])
    return shown if len(text) <= limit else f"{shown[:limit]}…"


def keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that the table at `loc` may have, as they are written in the file."""
    kind: Any = model
    for part in loc:
        kind = _inside(kind, part)
    kind = _required(kind)
    return tuple(f.alias or n for n, f in kind.model_fields.items()) if _is_model(kind) else ()


def explain(error: ErrorDetails, model: type[BaseModel]) -> Explained:
    """Puts one error of pydantic into words."""
    # An entry of a list has no name of its own: the list's is said.
    key = next((part for part in reversed(error["loc"]) if isinstance(part, str)), "")
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    misfit = context.get("error")
    if isinstance(misfit, Misfit):
        return Explained(misfit.code, misfit.what, misfit.do)
    if kind == "missing":
        return Explained("missing", words("{key} is missing.", key=key), words("Add the key {key}.", key=key))
    if kind == "extra_forbidden":
        return Explained(
            "unknown_key", words("{key} is not a known key.", key=shortened(key)), _for_key(error, model), True
        )
    if kind in ("enum", "literal_error"):
        return _choice(value, context.get("expected", ""))
    if isinstance(value, Unquoted):
        return Explained(
            "unquoted",
            words("{value} without quotes is not a text: it may be read as something else.", value=shortened(value)),
            words('Put it in quotes: "{value}".', value=shortened(value)),
        )
    if value is None:
        return Explained("missing", words("{key} has no value.", key=key), words("Write a value or remove the key."))
    return _by_type(kind, key, value, context)


def _choice(value: object, expected: str) -> Explained:
    choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
    what = words("{value} is not possible here.", value=shortened(value))
    return Explained("not_a_choice", what, suggestion(shortened(value), choices))


def _by_type(kind: str, key: str, value: object, context: dict[str, Any]) -> Explained:
    if kind == "too_short":
        return Explained("empty", words("{key} is empty.", key=key), words("Add at least one entry, or remove it."))
    if kind.startswith(("greater_than", "less_than")):
        (limit,) = [bound for name, bound in context.items() if name in ("ge", "gt", "le", "lt")]
        low = kind.startswith("greater")
        do = words("The least is {limit}.", limit=limit) if low else words("The most is {limit}.", limit=limit)
        return Explained("out_of_range", words("{value} is out of range.", value=shortened(value)), do)
    what = words("{key} has a value of the wrong kind: {value}.", key=key, value=shortened(value))
    return Explained("wrong_type", what, _EXPECTED.get(kind, _EXPECTED["string_type"]))


_EXPECTED = {
    "string_type": words("Write a text, in quotes when in doubt."),
    "int_type": words("Write a whole number without quotes."),
    "int_parsing": words("Write a whole number without quotes."),
    "int_from_float": words("Write a whole number without quotes."),
    "bool_type": words("Write true or false without quotes."),
    "bool_parsing": words("Write true or false without quotes."),
    "time_delta_type": words('Write a time span such as "3 days" or "2 hours".'),
    "time_delta_parsing": words('Write a time span such as "3 days" or "2 hours".'),
    "tuple_type": words("Write a list."),
    "dict_type": words("Write keys with values below it."),
    "model_type": words("Write keys with values below it."),
    "path_type": words("Write the path of a file as a text."),
}


def _for_key(error: ErrorDetails, model: type[BaseModel]) -> Words:
    key, known = str(error["loc"][-1]), keys_at(model, error["loc"][:-1])
    head = key.replace("：", ":").split(":")[0].strip()
    if head != key and head in known:
        return words("Write a half-width colon and a space after {key}.", key=head)
    return suggestion(key, known)


def _required(kind: Any) -> Any:
    """The type behind `X | None` and `Annotated[X, …]`."""
    while not isinstance(kind, type):
        arguments = [argument for argument in get_args(kind) if argument is not type(None)]
        if not arguments or getattr(kind, "__origin__", None) in (dict, tuple, list):
            break
        kind = arguments[0]
    return kind


def _inside(kind: Any, part: str | int) -> Any:
    kind = _required(kind)
    if _is_model(kind):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return fields.get(str(part), str)
    arguments = get_args(kind)
    if not arguments:
        return str
    return arguments[1] if getattr(kind, "__origin__", None) is dict else arguments[0]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def is_secret(error: ErrorDetails, model: type[BaseModel]) -> bool:
    """Whether the value of an error must not be shown."""
    kind: Any = model
    for part in error["loc"]:
        kind = _inside(kind, part)
    return _required(kind) is SecretStr
