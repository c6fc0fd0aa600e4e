"""`distributor forget PERSON`: takes a person out of the record on their wish, and says what it cannot reach."""

from typing import Annotated

import typer

from distributor.address import same
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.dispatch.forgetting import Person, find_person, forget
from distributor.errors import DistributorError
from distributor.recipients.file import load_directory
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("forget", help=say("Take a person's name, address and words out of the record; the books stay."))
    def forget_(
        context: typer.Context,
        person: Annotated[str, typer.Argument(help=say("A name or an address."))],
        dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Only say what would be forgotten."))] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _forget(desk, person, dry_run=dry_run, yes=yes)


def _forget(desk: Desk, wanted: str, *, dry_run: bool, yes: bool) -> int:
    with desk.database() as database:
        with database.read() as conn:
            person = find_person(conn, wanted)
        still = _still_listed(desk, person)
        _show(desk, person, still=still)
        if dry_run:
            desk.answer({"dry_run": True, "copies": _count(person), "still_listed": list(still)})
            return Exit.DONE
        question = words("Forget this person for good? Nobody can bring the name back.")
        desk.confirm(question, yes=yes)
        done = forget(database, desk.key, wanted, actor=desk.actor, now=desk.now)
    desk.say(words("Forgotten. In the record stands {pseudonym}.", pseudonym=done.pseudonym), style="green")
    desk.answer(
        {
            "dry_run": False,
            "pseudonym": done.pseudonym,
            "copies": done.copies,
            "elsewhere": done.elsewhere,
            "audit_entries": done.audit_entries,
            "still_listed": list(still),
        }
    )
    return Exit.DONE


def _show(desk: Desk, person: Person, *, still: tuple[str, ...]) -> None:
    for one in (*person.copies, *person.shared):
        desk.say(f"  {one.unit} {one.name} <{one.address}>")
    desk.say(words("Copies that lose name, address and what was said: {count}.", count=len(person.copies)))
    if person.shared:
        desk.say(words("Copies that others share, which lose the name only: {count}.", count=len(person.shared)))
    for place in still:
        what = words("{place} still lists them: the next bulletin goes there.", place=place)
        desk.say(what, style="yellow")
    desk.say(words("Not reached from here: backups made so far, the mailbox, logs, and the letters themselves."))


def _still_listed(desk: Desk, person: Person) -> tuple[str, ...]:
    """Where the directory still has an address of theirs; a file that cannot be read says nothing."""
    try:
        directory = load_directory(desk.settings.path(desk.settings.folders.recipients)).directory
    except DistributorError:
        return ()
    known = {address for _, address in person.addresses}
    people = (one for group in directory.groups for unit in group.units for one in unit.people)
    return tuple(
        str(one.place) if getattr(one, "place", None) else directory.file
        for one in people
        if known & {same(address) for address in one.addresses.values()}
    )


def _count(person: Person) -> int:
    return len(person.copies) + len(person.shared)
