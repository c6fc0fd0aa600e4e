"""The send rule of one bulletin: `send_at:` or `发送时间:` in its front matter, before the office's `[send] rule`.

A rule that is not understood is a finding that blocks: a bulletin must not leave at an hour nobody meant.
"""

import re
from collections.abc import Mapping

from distributor.bulletin.findings import error, warning
from distributor.errors import Place, Problem
from distributor.misfit import Misfit
from distributor.schedule.parse import parse_rule
from distributor.schedule.rule import Rule
from distributor.words import words

#: The keys, as front matter is read: in small letters. `send` and `发` are addressee lines.
KEYS = ("send_at", "send at", "send-at", "发送时间", "定时发送")

_LINE = re.compile(rf"[ \t]*(?:{'|'.join(KEYS)})[ \t]*[:：][ \t]*(?=\S)", re.IGNORECASE)
_FRONT_LINES = 110


def send_rule(entries: Mapping[str, tuple[str, ...]]) -> Rule | Misfit | None:
    """The rule that front matter names, why it is none, or None where it is silent or left blank."""
    text = next(("，".join(entries[key]) for key in KEYS if entries.get(key)), "")
    if not text:
        return None
    try:
        return parse_rule(text)
    except Misfit as misfit:
        return misfit


def check_send_rule(rule: Rule | Misfit | None, text: str, file: str) -> tuple[Problem, ...]:
    """What is wrong: the rule is not understood, or it stands where nothing but print is read."""
    if rule is None and (place := send_rule_place(text, file)).line:
        what = words("This line is printed as text; it does not say when the bulletin goes out.")
        do = words(
            "Put it between two lines of --- above the title, as {example}.", example="发送时间: 2026-12-01 09:00"
        )
        return (warning(place, "send_rule_printed", what, do),)
    if not isinstance(rule, Misfit):
        return ()
    what = words("The bulletin's own send rule is not understood: {reason}", reason=rule.what)
    do = rule.do or words("Write the date and the hour alone.")
    return (error(send_rule_place(text, file), "send_rule", what, do),)


def send_rule_place(text: str, file: str) -> Place:
    """Where the rule stands in the text; the file alone where it has none."""
    for number, line in enumerate(text.split("\n", _FRONT_LINES)[:_FRONT_LINES], 1):
        if found := _LINE.match(line):
            return Place(file, number, found.end() + 1)
    return Place(file)
