"""`distributor send`: shows the plan, asks, sends what is due, and says what remains."""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated

import typer

from distributor.channels.smtp.rules import Rules
from distributor.channels.smtp.rules_file import load_rules
from distributor.cli.desk import Desk
from distributor.cli.documents import status_document
from distributor.cli.exits import Exit
from distributor.cli.finalise import finalise_file
from distributor.cli.plan_documents import plan_document
from distributor.cli.plan_show import show_plan
from distributor.cli.progress import follow, in_hand, watching
from distributor.cli.show import show_persons, show_resting, show_summary
from distributor.cli.trial import letters_of, rehearse_send, send_trial
from distributor.delivery.outcome import Fault, Outcome
from distributor.delivery.state import State
from distributor.dispatch.failover import Used
from distributor.dispatch.hours import hour_of
from distributor.dispatch.locate import locate
from distributor.dispatch.plan import Plan, Selection, make_plan, require_unchanged
from distributor.dispatch.send import (
    Sent,
    new_owner,
    release_plan,
    require_accounts,
    send_due,
    sender,
)
from distributor.errors import Refused
from distributor.reports.progress import Standing, standing
from distributor.reports.resting import left_alone, resting
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.store.records import BulletinRecord, DeliveryRecord, not_taken_over
from distributor.store.sender_lock import SenderBusy, somebody_sends
from distributor.words import say, words


class NotFinalised(Refused):
    """The file was never finalised, and this command may not do it."""

    code = "not_finalised"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Send a finalised bulletin (or finalise a file and send it), and follow it to the end."))
    def send(
        context: typer.Context,
        issue: Annotated[
            str | None, typer.Argument(help=say("Number, title, #id or file; otherwise the newest bulletin."))
        ] = None,
        now: Annotated[bool, typer.Option("--now", help=say("Send at once, whatever the hour."))] = False,
        group: Annotated[list[str] | None, typer.Option(help=say("Only this group; may be repeated."))] = None,
        only: Annotated[
            list[str] | None, typer.Option(help=say("Only this person, unit or address; may be repeated."))
        ] = None,
        test_to: Annotated[
            str | None, typer.Option(help=say("Send each letter, marked 【测试】, to this address; it counts nowhere."))
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help=say("Make every letter and check it, but hand none over."))
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask; the plan has been read."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        selection = Selection(frozenset(group or ()), frozenset(only or ()))
        with desk.database() as database:
            if test_to:
                return send_trial(desk, database, issue, selection, address=test_to)
            record = _finalised(desk, database, issue, yes=yes, may_store=not dry_run)
            if dry_run:
                return rehearse_send(desk, database, record, selection)
            return send_record(desk, database, record, selection, at_once=now, yes=yes)


def _finalised(desk: Desk, database: Database, issue: str | None, *, yes: bool, may_store: bool) -> BulletinRecord:
    with database.read() as conn:
        record = locate(conn, issue, today=desk.today)
    if record is not None:
        return record
    assert issue is not None, "only a file can be without a record"
    if not may_store:
        raise NotFinalised(
            words("{file} has not been finalised.", file=Path(issue).name),
            do=words("Finalise it first; --dry-run stores nothing."),
        )
    _prepared, done = finalise_file(desk, database, Path(issue), correction=False, yes=yes)
    return done.record


def send_record(
    desk: Desk,
    database: Database,
    record: BulletinRecord,
    selection: Selection,
    *,
    at_once: bool,
    yes: bool,
    sent_now: Callable[[], None] = lambda: None,
) -> int:
    """Sends one finalised bulletin at its hour: now, or later by the running service. Returns the exit code.

    `sent_now` is called when letters were handed over, before anything is said of them.
    """
    owner = new_owner()
    with contextlib.suppress(SenderBusy), sender(database, [record.id], owner=owner):
        pass  # what a dead sender left behind is part of what there is to send
    with database.read() as conn:
        plan = make_plan(conn, record, selection, now=desk.now, at_once=at_once)
        if plan.to_send:
            require_unchanged(conn, record, desk.settings)
        elsewhere = in_hand(books(conn, record.id)) and somebody_sends(database)
        rests, alone = resting(conn, bulletin_id=record.id), left_alone(conn)
    if plan.to_send == 0:
        if elsewhere:
            desk.say(words("Another process is handing these letters over; this command follows it."))
            asyncio.run(follow(desk, database, record))
            with database.read() as conn:
                return _report(desk, plan, standing(conn, record), selection, Sent(()))
        return _nothing(desk, database, plan)
    require_accounts(desk.settings, plan.channels)
    rules = load_rules(desk.settings.path(desk.settings.folders.replies))
    desk.problems(desk.settings.warnings())
    show_plan(desk, plan)
    show_resting(desk, rests, alone)
    now = desk.now
    at = hour_of(desk.settings, record, now) if plan.waits_for_its_hour and not at_once else now
    when = desk.local(at)
    question = words("Send {count} letter(s) at {when}?", count=plan.to_send, when=when)
    desk.confirm(words("Send {count} letter(s) now?", count=plan.to_send) if at <= now else question, yes=yes)
    release_plan(database, plan, desk.settings, at=at, now=now, actor=desk.actor)
    if at > now:
        desk.say(words("They go out at {when}; `distributor serve` must be running then. At once: --now", when=when))
        with database.read() as conn:
            desk.answer({"sent": False, "plan": plan_document(plan), **status_document(standing(conn, record))})
        return Exit.DONE
    delivery_ids = plan.delivery_ids if selection.is_narrow else None
    sent = _send_or_follow(desk, database, record, delivery_ids=delivery_ids, rules=rules, owner=owner)
    sent_now()
    with database.read() as conn:
        after = standing(conn, record)
    return _report(desk, plan, after, selection, sent)


def _send_or_follow(
    desk: Desk,
    database: Database,
    record: BulletinRecord,
    *,
    delivery_ids: Collection[str] | None,
    rules: Rules,
    owner: str,
) -> Sent:
    """Sends; or, while another process does, follows it, and then sends what that one left due."""
    said = False
    while True:
        try:
            with sender(database, [record.id], owner=owner):
                work = send_due(
                    database,
                    desk.settings,
                    letters_of(desk, database),
                    bulletin_ids=[record.id],
                    delivery_ids=delivery_ids,
                    rules=rules,
                    owner=owner,
                    actor=desk.actor,
                )
                return asyncio.run(watching(desk, database, record, work))
        except SenderBusy as busy:
            if not said:
                desk.say(busy.what, style="yellow")
                desk.say(words("The letters are due now and that process sends them; this command follows it."))
            said = True
            asyncio.run(follow(desk, database, record))
            with database.read() as conn:
                if books(conn, record.id).open == 0:
                    return Sent(())


def _nothing(desk: Desk, database: Database, plan: Plan) -> int:
    with database.read() as conn:
        now_standing = standing(conn, plan.record)
    done = not plan.waiting and not plan.unknown and not now_standing.books.missed
    if done and now_standing.books.reached:
        desk.say(words("{label} has already been distributed; nothing is sent a second time.", label=plan.record.title))
    elif done:
        desk.say(words("{label} was withdrawn before it was sent; nothing is left to send.", label=plan.record.title))
    show_summary(desk, now_standing)
    desk.answer({"sent": False, "plan": plan_document(plan), **status_document(now_standing)})
    return Exit.NOTHING if done else Exit.PARTLY


def _report(desk: Desk, plan: Plan, after: Standing, selection: Selection, sent: Sent) -> int:
    stopped = sent.stopped
    meant = not_taken_over([delivery for delivery in after.deliveries if selection.covers(delivery)])
    if not desk.as_json:
        show_persons(desk, meant, after.receipts)
        show_summary(desk, after)
    _tell_of_accounts(desk, sent)
    if stopped:
        _explain(desk, stopped, after.name)
    desk.answer(
        {
            "sent": True,
            "plan": plan_document(plan),
            "stopped_by": _outcome_document(stopped),
            "accounts": [_account_document(one) for one in sent.used],
            **status_document(after),
        }
    )
    return _exit_of(meant, stopped)


def _tell_of_accounts(desk: Desk, sent: Sent) -> None:
    """Says which accounts had trouble while others carried on."""
    if sent.stopped:
        return
    for one in sent.used:
        if outcome := one.stopped.outcome:
            gaps = {"account": one.account, "reply": outcome.reply}
            desk.say(words("The mail account {account} could not go on: {reply}", **gaps), style="yellow")


def _outcome_document(outcome: Outcome | None) -> dict[str, object] | None:
    return {"fault": outcome.fault, "stage": outcome.stage, "reply": str(outcome.reply)} if outcome else None


def _account_document(one: Used) -> dict[str, object]:
    outcome = one.stopped.outcome
    return {
        "account": one.account,
        "tried": one.stopped.tried,
        "stopped_by": _outcome_document(outcome),
        "full_for_seconds": int(one.wait.total_seconds()) if one.wait else None,
    }


def _explain(desk: Desk, stopped: Outcome, name: str) -> None:
    desk.say(words("The mail server stopped the sending: {reply}", reply=stopped.reply), style="red")
    if stopped.stops_the_account:
        what = words(
            "No recipient was charged. Correct the account in distributor.toml, then: distributor send {bulletin}",
            bulletin=name,
        )
        desk.say(what)
    else:
        what = words(
            "Nothing is lost. When the server answers: `distributor retry {bulletin}`, "
            "then `distributor send {bulletin}`.",
            bulletin=name,
        )
        desk.say(what)


def _exit_of(meant: list[DeliveryRecord], stopped: Outcome | None) -> int:
    good = sum(delivery.state in (State.ACCEPTED, State.DELIVERED) for delivery in meant)
    bad = sum(delivery.state not in (State.ACCEPTED, State.DELIVERED, State.CANCELLED) for delivery in meant)
    if not bad:
        return Exit.DONE
    if good or not stopped:
        return Exit.PARTLY
    return Exit.UNAVAILABLE if stopped.fault in (Fault.NETWORK, Fault.THROTTLE) else Exit.REFUSED
