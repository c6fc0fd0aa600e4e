"""The doors of the letters that do not count: `send --test-to` and `send --dry-run`."""

import asyncio
from pathlib import Path

from distributor.address import read_address
from distributor.channels.smtp.rules_file import load_rules
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.plan_documents import plan_document
from distributor.cli.plan_show import show_plan
from distributor.delivery.outcome import Verdict
from distributor.dispatch.intake import prepare
from distributor.dispatch.letters import Letters
from distributor.dispatch.lines import open_lines
from distributor.dispatch.locate import locate
from distributor.dispatch.plan import Selection, make_plan
from distributor.dispatch.signoff import require_testable
from distributor.dispatch.trial import rehearse, send_trials
from distributor.errors import BadInput
from distributor.misfit import Misfit
from distributor.rendering.rendition import Rendition, from_document
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import dispatches_of
from distributor.store.records import BulletinRecord
from distributor.words import say, words


def send_trial(desk: Desk, database: Database, issue: str | None, selection: Selection, *, address: str) -> int:
    """Sends each group's letter to one address. Returns the exit code."""
    renditions = [
        rendition
        for rendition in _renditions(desk, database, issue)
        if not selection.groups or rendition.group in selection.groups
    ]
    settings = desk.settings
    (line,) = open_lines(settings, 1, rules=load_rules(settings.path(settings.folders.replies)))
    trials = asyncio.run(
        send_trials(
            database,
            letters_of(desk, database),
            renditions,
            line,
            address=_checked(address),
            now=desk.now,
            actor=desk.actor,
        )
    )
    for trial in trials:
        desk.say(
            f"【测试】{trial.rendition.subject} ({trial.rendition.group}): "
            f"{_verdict_name(trial.outcome.verdict)} {trial.outcome.reply}"
        )
    desk.say(words("Test letters count nowhere: `distributor status` does not show them."))
    desk.answer(
        {
            "trials": [
                {
                    "group": trial.rendition.group,
                    "subject": trial.rendition.subject,
                    "verdict": trial.outcome.verdict.value,
                    "reply": str(trial.outcome.reply),
                }
                for trial in trials
            ]
        }
    )
    good = sum(trial.outcome.verdict is Verdict.ACCEPTED for trial in trials)
    if good == len(renditions):
        return Exit.DONE if renditions else Exit.NOTHING
    return Exit.PARTLY if good else Exit.UNAVAILABLE


def _verdict_name(verdict: Verdict) -> str:
    """A verdict in the reader's language, in the words that `status` uses for what comes of it."""
    names = {
        Verdict.ACCEPTED: say("accepted"),
        Verdict.DEFERRED: say("deferred"),
        Verdict.REJECTED: say("failed"),
        Verdict.UNKNOWN: say("unknown"),
    }
    return names[verdict]


def rehearse_send(desk: Desk, database: Database, record: BulletinRecord, selection: Selection) -> int:
    """Makes and checks every letter of a send without handing one over. Returns the exit code."""
    letters = letters_of(desk, database)
    with database.read() as conn:
        plan = make_plan(conn, record, selection, now=desk.now)
        meant = [delivery for delivery in deliveries_of(conn, record.id) if delivery.id in plan.delivery_ids]
    show_plan(desk, plan)
    rehearsal = asyncio.run(rehearse(letters, meant, now=desk.now))
    desk.say(
        words(
            "{count} letter(s) were made and checked, the largest of {largest} bytes. Nothing was sent.",
            count=rehearsal.count,
            largest=rehearsal.largest,
        )
    )
    desk.answer(
        {
            "dry_run": True,
            "plan": plan_document(plan),
            "letters": rehearsal.count,
            "largest_bytes": rehearsal.largest,
            "total_bytes": rehearsal.total,
        }
    )
    return Exit.DONE if meant else Exit.NOTHING


def letters_of(desk: Desk, database: Database) -> Letters:
    """The maker of letters for this office."""
    return Letters(database, desk.settings, desk.key)


def _renditions(desk: Desk, database: Database, issue: str | None) -> list[Rendition]:
    """The frozen letters of a finalised bulletin, or those of a file as it stands now."""
    if issue is not None and Path(issue).is_file():
        prepared = prepare(Path(issue), desk.settings)
        desk.problems(require_testable(prepared, desk.settings.send))
        return [letter.rendition for letter in prepared.letters]
    with database.read() as conn:
        record = locate(conn, issue, today=desk.today)
        assert record is not None, "only a file can be without a record"
        current = (dispatch for dispatch in dispatches_of(conn, record.id) if not dispatch.replaced)
        return [from_document(dispatch.rendition) for dispatch in current]


def _checked(address: str) -> str:
    try:
        return read_address(address).text
    except Misfit as misfit:
        raise BadInput(misfit.what, do=misfit.do) from misfit
