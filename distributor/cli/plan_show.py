"""How a plan is shown to people: what a send would do, and what changed against the last bulletin."""

from rich.markup import escape

from distributor.cli.desk import Desk
from distributor.cli.tables import plain_table
from distributor.dispatch.plan import Plan
from distributor.recipients.changes import Changes
from distributor.reports.story import hold_words
from distributor.words import say, words


def show_plan(desk: Desk, plan: Plan) -> None:
    """What a send would do: counts per group, and what changed against the last bulletin."""
    if desk.as_json:
        return
    desk.say(plan.record.title, style="bold red")
    table = plain_table(say("group"), say("direction"), say("to send"), say("waiting"), say("settled"), say("unknown"))
    for group in plan.groups:
        table.add_row(
            escape(group.group),
            group.direction,
            *(str(n) for n in (group.to_send, group.waiting, group.settled, group.unknown)),
        )
    desk.console.print(table)
    for group in plan.groups:
        if group.hold:
            desk.say(words("{group} is on hold: {reason}", group=group.group, reason=hold_words(group.hold, plan.name)))
    if plan.previous and plan.changes:
        _show_changes(desk, plan.previous.title, plan.changes)


def _show_changes(desk: Desk, before: str, changes: Changes) -> None:
    if changes.nothing:
        desk.say(words("The recipients are the same as for {label}.", label=before))
        return
    desk.say(words("Against {label}:", label=before))
    rows = (
        ("+", [f"{r.unit} {r.name} <{r.address}>" for r in changes.added]),
        ("−", [f"{r.unit} {r.name} <{r.address}>" for r in changes.removed]),
        ("→", [f"{c.after.name}: {c.before.group} → {c.after.group}" for c in changes.moved]),
        ("@", [f"{c.after.name}: {c.before.address} → {c.after.address}" for c in changes.readdressed]),
    )
    for mark, lines in rows:
        for line in lines:
            desk.say(f"  {mark} {line}")
