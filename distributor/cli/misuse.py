"""A command line that cannot be understood, said as this program says things.

The library that reads the command line has English sentences only; the values it looks at, pydantic's. What is not
listed here still comes through, with the library's sentence inside ours.
"""

import re
from collections.abc import Sequence
from typing import Final

from distributor.errors import BadInput
from distributor.misfit import suggestion
from distributor.words import Words, words

_INVALID: Final = r"Invalid value for '?(?P<name>.*?)'?: "

#: The library's sentence, and ours with the same gaps. The first that fits is taken.
_SAYINGS: Sequence[tuple[str, Words]] = (
    # Empty: a page of help has been shown instead.
    (r"(?:Missing command\.)?", words("Which command?")),
    (r"No such command '(?P<name>.*?)'\.?.*", words("There is no command {name}.")),
    (r"No such option: (?P<name>\S+).*", words("There is no option {name}.")),
    (r"Missing (?:argument|option|parameter) '(?P<name>.*?)'\.?.*", words("{name} is missing.")),
    (r"Got unexpected extra argument(?:s|\(s\))? \((?P<name>.*)\)", words("{name} is too much.")),
    (r"Option '(?P<name>.*?)' requires .*", words("{name} needs a value.")),
    (r"Option '(?P<name>.*?)' does not take a value\.?", words("{name} takes no value.")),
    (_INVALID + r".*(?:valid integer|valid int\b).*", words("{name} needs a whole number.")),
    (_INVALID + r".*(?:valid number|valid float).*", words("{name} needs a number.")),
    (_INVALID + r".*(?:greater|less) than.*", words("The number of {name} is out of range.")),
    (_INVALID + r".*?'(?P<value>.*?)' is not one of .*", words("{value} is not possible for {name}.")),
    (_INVALID + r".* '(?P<value>.*?)' does not exist\.", words("{value} is not there.")),
    (_INVALID + r"(?P<reason>.*)", words("The value of {name} cannot be understood: {reason}")),
)

_CHOICES = re.compile(r"is not one of (?P<choices>.*?)\.?$", re.DOTALL)


class Misused(BadInput):
    """The command line itself cannot be understood. `reason` is the library's sentence."""

    code = "usage"

    def __init__(self, reason: str) -> None:
        super().__init__(_said(reason), do=_advice(reason))


def _said(reason: str) -> Words:
    for pattern, sentence in _SAYINGS:
        if match := re.fullmatch(pattern, reason, re.DOTALL):
            return Words(sentence.english, match.groupdict())
    return words("The command cannot be understood: {reason}", reason=reason)


def _advice(reason: str) -> Words:
    found = _CHOICES.search(reason)
    if found is None:
        return words("`distributor --help` shows what can be said.")
    wrong = re.search(r"'([^']*)' is not one of", reason)
    return suggestion(wrong[1] if wrong else "", re.findall(r"'([^']*)'", found["choices"]))
