"""`distributor explain-reply "550 …"`: what a server's refusal means, what the program does, and which rule says so."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from distributor.channels.smtp.classify import Ruling, ruling
from distributor.channels.smtp.replies import read_reply
from distributor.channels.smtp.rules import Rules
from distributor.channels.smtp.rules_file import load_rules
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.delivery.breaker import RULES
from distributor.delivery.judgement import Judgement, judge
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage
from distributor.delivery.state import Fact
from distributor.errors import BadInput
from distributor.misfit import shortened, suggestion
from distributor.words import Words, say, words

#: The stages of a conversation with a mail server, in its order.
_SMTP = (
    Stage.CONNECT,
    Stage.GREETING,
    Stage.EHLO,
    Stage.STARTTLS,
    Stage.AUTH,
    Stage.MAIL,
    Stage.RCPT,
    Stage.DATA,
    Stage.BODY,
    Stage.DOT,
)

_CLASSES = {Fault.NONE: "temporary"}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a reply means at some stages."""

    stages: tuple[Stage, ...]
    ruling: Ruling
    judgement: Judgement


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("explain-reply", help=say("Tell what a server's refusal means and which rule says so."))
    def explain_reply(
        context: typer.Context,
        reply: Annotated[str, typer.Argument(help=say('The refusal as the server gave it: "550 5.1.1 No such user".'))],
        stage: Annotated[
            str | None, typer.Option(help=say("Only at this stage: greeting, auth, mail, rcpt, data, dot …"))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _explain(desk, _refusal(reply), _stages(stage))


def _explain(desk: Desk, reply: Reply, stages: Sequence[Stage]) -> int:
    settings = desk.settings
    rules = load_rules(settings.path(settings.folders.replies))
    answers = _answers(reply, stages, rules, refusals=settings.send.content_refusals)
    if not desk.as_json:
        desk.say(str(reply), style="bold")
        for answer in answers:
            _show(desk, answer, alone=len(answers) == 1)
    desk.answer({"reply": str(reply), "answers": [_document(answer) for answer in answers]})
    return Exit.DONE


def _refusal(text: str) -> Reply:
    """The reply of one or more lines. Raises `BadInput` for what is not a refusal."""
    lines = [re.fullmatch(r"([2-5]\d\d)(?:[ -](.*))?", line.strip()) for line in text.strip().splitlines()]
    found = [(int(line[1]), line[2] or "") for line in lines if line]
    if not found or len(found) < len(lines) or len({code for code, _ in found}) > 1:
        what = words("{text} is not a reply of a mail server.", text=shortened(text))
        raise BadInput(what, do=words('Begin with the three digits, in quotes: "550 5.1.1 No such user".'))
    if found[0][0] < 400:
        what = words("{code} is no refusal: the server took what it was given.", code=found[0][0])
        raise BadInput(what, do=words("Only replies that begin with 4 or 5 are refusals."))
    return read_reply(found[0][0], [line for _, line in found])


def _stages(name: str | None) -> tuple[Stage, ...]:
    if name is None:
        return _SMTP
    known = {stage.value: stage for stage in _SMTP}
    if name.lower() not in known:
        raise BadInput(words("{value} is not a stage.", value=shortened(name)), do=suggestion(name, list(known)))
    return (known[name.lower()],)


def _answers(reply: Reply, stages: Sequence[Stage], rules: Rules, *, refusals: int) -> list[_Answer]:
    """Stages at which the reply means the same, by the same rule, are told together."""
    together: dict[tuple[object, ...], list[Stage]] = {}
    rulings: dict[tuple[object, ...], Ruling] = {}
    for stage in stages:
        found = ruling(stage, reply, rules)
        key = (found.outcome.verdict, found.outcome.fault, found.rule and found.rule.place)
        together.setdefault(key, []).append(stage)
        rulings.setdefault(key, found)
    return [
        _Answer(tuple(same), rulings[key], _judged(rulings[key].outcome, refusals)) for key, same in together.items()
    ]


def _judged(outcome: Outcome, refusals: int) -> Judgement:
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    end = begin + dt.timedelta(days=3650)
    return judge(outcome, attempts=0, now=begin, valid_until=end, chance=0.0, refusals=refusals)


def _class_of(outcome: Outcome) -> str:
    return _CLASSES.get(outcome.fault, outcome.fault.value)


def _does(answer: _Answer) -> Words:
    """What the program does about it, in one sentence or two."""
    outcome, judgement = answer.ruling.outcome, answer.judgement
    if outcome.stops_the_account:
        pause = max(RULES[outcome.fault].pauses[0], outcome.wait or dt.timedelta())
        return words(
            "The account is left alone for {minutes} minutes or more, and the editors are told. The copy goes by the "
            "next account, or waits; nobody is charged.",
            minutes=_minutes(pause),
        )
    if judgement.hold:
        return words(
            "The copy waits for a person, uncharged. After {count} of them, or when all copies were refused, the "
            "letter of the group waits too, and the editors are told.",
            count=judgement.hold,
        )
    if judgement.suppress:
        return words("The copy fails, and the address is offered for suppression.")
    if judgement.fact is Fact.REJECT:
        return words("The copy fails; the address is tried again with the next bulletin.")
    wait = _minutes(_retry_after(judgement) or dt.timedelta())
    if outcome.fault is Fault.THROTTLE:
        return words(
            "The copy is tried again after {minutes} minutes or more; nobody is charged. After {count} in a row the "
            "account pauses.",
            minutes=wait,
            count=RULES[Fault.THROTTLE].tolerance,
        )
    return words("The copy is tried again after {minutes} minutes, then at longer and longer intervals.", minutes=wait)


def _retry_after(judgement: Judgement) -> dt.timedelta | None:
    if judgement.fact is not Fact.DEFER or judgement.next_attempt_at is None:
        return None
    return judgement.next_attempt_at - dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _minutes(span: dt.timedelta) -> int:
    return -(-span // dt.timedelta(minutes=1))


def _show(desk: Desk, answer: _Answer, *, alone: bool) -> None:
    rule = answer.ruling.rule
    stages = ", ".join(answer.stages)
    meant = words("At {stages}: {what}", stages=stages, what=_class_of(answer.ruling.outcome))
    desk.say(meant if not alone or len(answer.stages) < len(_SMTP) else _class_of(answer.ruling.outcome))
    desk.say(f"  {_does(answer)}")
    if rule:
        note = f" ({rule.note})" if rule.note else ""
        where = words("The rule is at {place}{note}.", place=rule.place, note=note)
        desk.say(f"  {where}")
        if rule.source:
            source = words("Source: {source}", source=rule.source)
            desk.say(f"  {source}")


def _document(answer: _Answer) -> dict[str, object]:
    outcome, judgement, rule = answer.ruling.outcome, answer.judgement, answer.ruling.rule
    after = _retry_after(judgement)
    return {
        "stages": [stage.value for stage in answer.stages],
        "class": _class_of(outcome),
        "verdict": outcome.verdict.value,
        "fact": judgement.fact.value,
        "charged": judgement.charged,
        "stops_the_account": outcome.stops_the_account,
        "holds_after": judgement.hold or None,
        "suppresses": judgement.suppress,
        "retry_after_seconds": int(after.total_seconds()) if after else None,
        "does": str(_does(answer)),
        "rule": {
            "file": rule.place.file,
            "line": rule.place.line,
            "note": rule.note or None,
            "source": rule.source or None,
        }
        if rule
        else None,
    }
