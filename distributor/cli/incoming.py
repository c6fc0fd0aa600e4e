"""`distributor mailbox explain|status|alias`: how a mail is understood, and how the mailbox is doing."""

from pathlib import Path
from typing import Annotated

import typer

from distributor.address import read_address
from distributor.cli.desk import Desk, existing_file
from distributor.cli.exits import Exit
from distributor.cli.help_pages import Group
from distributor.dispatch.correlate import Ground, Match, correlate
from distributor.errors import BadInput, DistributorError
from distributor.misfit import Misfit
from distributor.receipts.mail import LARGEST
from distributor.receipts.understand import Kind, Understanding, understand
from distributor.store import audit
from distributor.store.letter_names import add_alias
from distributor.store.mailboxes import Cursor, cursors
from distributor.words import Words, say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]

_KINDS = {
    Kind.DSN: words("a delivery report"),
    Kind.MDN: words("a read report"),
    Kind.AUTO_REPLY: words("an automatic reply"),
    Kind.COMPLAINT: words("a complaint"),
    Kind.REPLY: words("a reply"),
    Kind.UNCLASSIFIED: words("a receipt that nobody can read for sure"),
    Kind.UNRELATED: words("unrelated mail"),
}

_GROUNDS = {
    Ground.MATCHED: words("its token and its recipient name this letter"),
    Ground.ALIAS: words("its token names this letter, and its recipient is a confirmed alias"),
    Ground.OTHER_RECIPIENT: words("its token names this letter, but it speaks of another address: a person must look"),
    Ground.NOT_OURS: words("its token names no letter of ours"),
    Ground.ADDRESS_ONLY: words("it names no letter; this one went to the same address: only a suggestion"),
    Ground.NO_TRACE: words("nothing in it points to a letter of ours"),
}


def register(app: typer.Typer) -> None:
    """Adds the noun and its verbs."""
    noun = typer.Typer(cls=Group, help=say("The mailbox that reports and answers come to."), no_args_is_help=True)
    app.add_typer(noun, name="mailbox")

    @noun.command(help=say("Show how a mail is understood and which letter it belongs to. Changes nothing."))
    def explain(
        context: typer.Context,
        file: Annotated[str, typer.Argument(help=say("The mail as a file (.eml)."))],
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _explain(desk, existing_file(file))

    @noun.command(help=say("Show when the mailbox was last read, and what keeps it from being read."))
    def status(context: typer.Context, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.read() as conn:
            found = cursors(conn)
        for one in found:
            _tell_cursor(desk, one)
        if not found:
            desk.say(words("No mailbox has been read yet."))
        desk.answer({"mailboxes": [_cursor_document(one) for one in found]})
        return Exit.DONE if found else Exit.NOTHING

    @noun.command(help=say("Record that reports about another address speak of this one (forwarding, a new domain)."))
    def alias(
        context: typer.Context,
        address: Annotated[str, typer.Argument(help=say("The address, as recipients.yaml has it."))],
        other: Annotated[str, typer.Argument(help=say("The address that reports name instead."))],
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _alias(desk, address, other)


def _alias(desk: Desk, address: str, other: str) -> int:
    try:
        ours, theirs = read_address(address).text, read_address(other).text
    except Misfit as error:
        raise BadInput(error.what, do=error.do) from error
    with desk.database() as database, database.write() as conn:
        new = add_alias(conn, ours, theirs, actor=desk.actor, now=desk.now)
        if new:
            details = {"address": ours, "alias": theirs}
            audit.append(conn, "alias.added", f"address:{ours}", details, desk.actor, desk.now)
    desk.say(words("Reports about {alias} count for {address}.", alias=theirs, address=ours))
    desk.answer({"address": ours, "alias": theirs, "new": new})
    return Exit.DONE if new else Exit.NOTHING


def _explain(desk: Desk, path: Path) -> int:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(words("{file} cannot be read: {reason}.", file=path, reason=error.strerror or error)) from error
    found = understand(raw)
    matches, known = _matches(desk, found)
    _tell(desk, found, matches, known=known)
    desk.answer(document(found, matches, known=known))
    return Exit.DONE


def _matches(desk: Desk, found: Understanding) -> tuple[tuple[Match, ...], bool]:
    """The deliveries, when there is an office here with a database; otherwise none, and False."""
    try:
        if not _has_database(desk):
            return (), False
        # Letters may be given their names on the way, as the mailbox itself does it.
        with desk.database() as database, database.write() as conn:
            return correlate(conn, desk.key, found, now=desk.now), True
    except DistributorError:
        return (), False


def _has_database(desk: Desk) -> bool:
    """Whether there is one already: looking at a mail must not make it."""
    url = desk.settings.database_url
    return not url.startswith("sqlite") or Path(url.partition(":///")[2].partition("?")[0]).exists()


def document(found: Understanding, matches: tuple[Match, ...], *, known: bool) -> dict[str, object]:
    """The machine-readable answer; its keys are part of the contract."""
    sure = next((match for match in matches if match.is_sure and match.delivery), None)
    return {
        "kind": found.kind.value,
        "because": [*found.because, *_why(sure)],
        "recipients": [
            {
                "address": report.address,
                "original": report.original,
                "action": report.action,
                "status": report.status,
                "class": report.class_.value,
                "reason": report.reason,
                "mode": report.mode,
                "text": report.text,
            }
            for report in found.recipients
        ],
        "candidates": [{"by": candidate.by.value, "token": candidate.token} for candidate in found.candidates],
        "delivery": sure.delivery.id if sure and sure.delivery else None,
        "matches": [_match_document(match) for match in matches],
        "looked_up": known,
        "sender": found.sender,
        "subject": found.subject,
        "truncated": found.truncated,
    }


def _why(sure: Match | None) -> tuple[str, ...]:
    """Why the mail belongs to its delivery: the trace that named it, and on what ground that counts."""
    return (*((sure.by.value,) if sure.by else ()), sure.ground.value) if sure else ()


def _match_document(match: Match) -> dict[str, object]:
    return {
        "address": match.report.address,
        "delivery": match.delivery.id if match.delivery else None,
        "recipient": match.delivery.address if match.delivery else None,
        "ground": match.ground.value,
        "by": match.by.value if match.by else None,
        "sure": match.is_sure,
    }


def _tell(desk: Desk, found: Understanding, matches: tuple[Match, ...], *, known: bool) -> None:
    signs = ", ".join(found.because)
    desk.say(words("This is {kind} ({signs}).", kind=_KINDS[found.kind], signs=signs), style="bold")
    for report in found.recipients:
        parts = (report.action, report.status, report.reason, report.mode, report.class_.value)
        desk.say(f"  {report.address or '?'}: {' · '.join(part for part in parts if part)}")
        if report.text:
            desk.say(f"    {report.text[:200]}")
    for candidate in found.candidates:
        desk.say(f"  {candidate.by.value}: {candidate.token}")
    for match in matches:
        desk.say(f"  → {_belongs(match)}")
    if not known:
        desk.say(words("There is no database here to look the traces up in."))


def _belongs(match: Match) -> Words:
    if match.delivery is None:
        return words("No letter: {ground}.", ground=_GROUNDS[match.ground])
    return words(
        "{unit} {name} <{address}>: {ground}.",
        unit=match.delivery.unit,
        name=match.delivery.name,
        address=match.delivery.address,
        ground=_GROUNDS[match.ground],
    )


def _tell_cursor(desk: Desk, one: Cursor) -> None:
    desk.say(words("{name}: last read {when}.", name=one.name, when=desk.local(one.read_at) or say("never")))
    if one.trouble:
        since = desk.local(one.trouble_since)
        desk.say(words("It cannot be read since {since}: {reason}", since=since, reason=one.trouble), style="red")


def _cursor_document(one: Cursor) -> dict[str, object]:
    return {
        "name": one.name,
        "read_at": one.read_at,
        "last_uid": one.last_uid,
        "trouble": one.trouble,
        "trouble_since": one.trouble_since,
    }
