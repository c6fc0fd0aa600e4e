"""Reads `replies.yaml`: the rules that ship with the program, and the office's own, which are asked first.

A file with any fault is refused as a whole, each fault with line, column and advice. A rule that would fit
every refusal is refused, and so is one that can never be reached because an earlier one says the same.
"""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from distributor.channels.smtp.rules import NO_ENHANCED, Phrase, Rule, Rules
from distributor.delivery.outcome import Fault, Stage
from distributor.errors import BadInput, Problem
from distributor.misfit import Misfit, shortened, suggestion
from distributor.resources import shipped
from distributor.settings.table import Duration
from distributor.words import words
from distributor.yaml.document import Kind, bad_file, read_document, validated
from distributor.yaml.layout import Layout
from distributor.yaml.scalars import bare, one_or_more, truth
from distributor.yaml.source import LARGEST

#: Every refusal is held against every rule; more of them nobody has written by hand.
MOST_RULES = 1000

_GROUPS = {
    "opening": (Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH),
    "letter": (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT),
}
_STAGES = {**_GROUPS, **{stage.value: (stage,) for stage in Stage}}

_CLASSES = {
    "recipient": Fault.RECIPIENT,
    "content": Fault.CONTENT,
    "throttle": Fault.THROTTLE,
    "account": Fault.ACCOUNT,
    "configuration": Fault.CONFIGURATION,
    "temporary": Fault.NONE,
}


def _phrase(value: str) -> str:
    text = " ".join(value.split())
    if len(text.replace("*", "").replace(" ", "")) < 2:
        what = words("{value} is too short: it would be found in nearly every reply.", value=shortened(value))
        raise Misfit("text_short", what, words("Write some words of the reply; * stands for anything between them."))
    if len(text) > 200:
        what = words("{text} is too long.", text=shortened(value))
        raise Misfit("text_long", what, words("At most {limit} characters are possible.", limit=200))
    return text


def _code(value: str) -> str:
    if not re.fullmatch(r"[45]([0-9][0-9x]|xx)", value.lower()):
        what = words("{value} is not the code of a refusal.", value=shortened(value))
        raise Misfit("code", what, words("Write a number such as 550, or 4xx or 5xx for all of a class."))
    return value.lower()


def _enhanced(value: str) -> str:
    text = value.lower()
    if text != NO_ENHANCED and not re.fullmatch(r"[45x](\.(\d{1,3}|x)){2}", text, re.ASCII):
        what = words("{value} is not an enhanced code.", value=shortened(value))
        raise Misfit("enhanced", what, words("Write it as 5.7.1, as x.7.x for a group, or none for replies without."))
    return text


def _stage(value: str) -> str:
    if value.lower() not in _STAGES:
        what = words("{value} is not a stage.", value=shortened(value))
        raise Misfit("stage", what, suggestion(value, list(_STAGES)))
    return value.lower()


_Many = BeforeValidator(one_or_more)


class ReplyRule(BaseModel):
    """`rules:` entries: replies that fit every condition that is given mean `class`. The first rule decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[tuple[Annotated[str, AfterValidator(_phrase)], ...], _Many] = Field(
        (),
        description="Words of the reply, or a list of which one is enough. They are found as whole words, in capitals "
        "or not; `*` stands for anything between.",
    )
    code: Annotated[tuple[Annotated[str, BeforeValidator(bare), AfterValidator(_code)], ...], _Many] = Field(
        (), description="`550`, or `4xx` or `5xx` for a whole class, or a list."
    )
    enhanced: Annotated[tuple[Annotated[str, BeforeValidator(bare), AfterValidator(_enhanced)], ...], _Many] = Field(
        (), description="`5.7.1`, `x.7.x` for a group, `none` for replies without one, or a list."
    )
    stage: Annotated[tuple[Annotated[str, AfterValidator(_stage)], ...], _Many] = Field(
        (),
        description="Where in the conversation: `connect`, `greeting`, `ehlo`, `starttls`, `auth` (together: "
        "`opening`), `mail`, `rcpt`, `data`, `body`, `dot` (together: `letter`), or a list. Empty: anywhere.",
    )
    fault: Literal["recipient", "content", "throttle", "account", "configuration", "temporary"] = Field(
        alias="class",
        description="`recipient`: this address; a 5xx fails the copy. `content`: this letter; the copy waits for a "
        "person. `throttle`: too fast; the account pauses after three in a row. `account`, `configuration`: our login "
        "or settings; the account is left at once. `temporary`: nobody's fault; tried again.",
    )
    final: Annotated[bool, BeforeValidator(truth)] = Field(
        True, description="`false`: even a 5xx is tried again later. Only for `recipient` and `content`."
    )
    wait: Duration | None = Field(None, description="The shortest pause before the next try, such as `15 minutes`.")
    note: str = Field("", description="What it means, for whoever reads `distributor explain-reply`.")
    source: str = Field("", description="Where that is written.")

    @model_validator(mode="after")
    def _narrow(self) -> Self:
        if not (self.text or self.code or self.enhanced):
            what = words("The rule has no condition and would fit every refusal.")
            raise Misfit("no_condition", what, words("Add text, code or enhanced."))
        return self


class RepliesEntry(BaseModel):
    """What stands at the left edge."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[ReplyRule, ...] = Field(description="The rules, in the order in which they are asked.")


_KIND = Kind(
    RepliesEntry,
    empty=words("The file is empty: it has no rules."),
    empty_do=words("Write {example} when there is nothing to correct.", example="rules: []"),
    other=words("The file is not a list of rules about replies."),
    other_do=words("Begin it with the key rules:."),
)


def load_rules(own: Path) -> Rules:
    """The office's rules from a file, if it is there, and behind them the shipped ones.

    Raises `BadFile` with every problem, or `BadInput` when the file cannot be opened.
    """
    return Rules((*_read(own), *shipped_rules().rules)) if own.exists() else shipped_rules()


@cache
def shipped_rules() -> Rules:
    """The rules that come with the program."""
    return Rules(_read(shipped("providers/replies.yaml")))


def parse_rules(source: bytes, *, file: str = "replies.yaml") -> tuple[Rule, ...]:
    """Reads rules from bytes; pure. `file` is the name that problems and rules give. Raises `BadFile`."""
    layout, problems = read_document(source, _KIND, file=file)
    entry, faults = validated(layout, _KIND)
    problems += faults
    if entry is None or problems:
        raise bad_file(file, problems)
    rules = tuple(_rule(at, rule, layout) for at, rule in enumerate(entry.rules))
    problems = [*_too_many(rules), *_never_reached(rules)]
    if problems:
        raise bad_file(file, problems)
    return rules


def _read(path: Path) -> tuple[Rule, ...]:
    try:
        with path.open("rb") as stream:
            source = stream.read(LARGEST + 1)
    except OSError as error:
        what = words("The rules about replies {file} cannot be read: {reason}.", file=path, reason=error.strerror)
        raise BadInput(what, do=words("Check the path and its permissions.")) from error
    return parse_rules(source, file=str(path))


def _rule(at: int, entry: ReplyRule, layout: Layout) -> Rule:
    stages = frozenset(stage for name in entry.stage for stage in _STAGES[name])
    return Rule(
        fault=_CLASSES[entry.fault],
        place=layout.place(("rules", at)),
        phrases=tuple(map(Phrase, entry.text)),
        codes=entry.code,
        enhanced=entry.enhanced,
        stages=stages or frozenset(Stage),
        final=entry.final,
        wait=entry.wait,
        note=entry.note,
        source=entry.source,
    )


def _too_many(rules: tuple[Rule, ...]) -> list[Problem]:
    if len(rules) <= MOST_RULES:
        return []
    what = words("There are more than {limit} rules.", limit=MOST_RULES)
    return [Problem(rules[MOST_RULES].place, "too_many", what, words("Put texts that mean the same into one rule."))]


def _never_reached(rules: tuple[Rule, ...]) -> list[Problem]:
    known: dict[tuple[object, ...], Rule] = {}
    problems = []
    for rule in rules:
        first = known.setdefault(rule.conditions, rule)
        if first is not rule:
            what = words("The rule at {place} speaks of the same replies and comes first.", place=first.place)
            problems.append(Problem(rule.place, "never_reached", what, words("Keep one of the two.")))
    return problems
