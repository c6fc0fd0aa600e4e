"""`distributor office add|list|password|remove`: who may log in on the office's own pages."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.desk import Desk, NotConfirmed
from distributor.cli.exits import Exit
from distributor.cli.help_pages import Group
from distributor.errors import BadInput
from distributor.passwords import hash_password, require_good
from distributor.settings.table import read_secret
from distributor.store.logins import Login, Role, add_login, list_logins, remove_login, require_login, set_password
from distributor.store.sessions import forget_tries
from distributor.words import Words, say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]
Name = Annotated[str, typer.Argument(help=say("The name of the login."))]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help=say("A file with the password, instead of asking for it."))
]

_ROLES = {Role.VIEWER: words("viewer"), Role.EDITOR: words("editor")}


def register(app: typer.Typer) -> None:
    """Adds the noun and its verbs."""
    noun = typer.Typer(
        cls=Group, help=say("The logins of the office's own pages under /office/."), no_args_is_help=True
    )
    app.add_typer(noun, name="office")

    @noun.command(help=say("Add a login and ask for its password. An editor may decide, a viewer may only look."))
    def add(
        context: typer.Context,
        name: Name,
        role: Annotated[Role, typer.Option(help=say("What the login may do."))] = Role.VIEWER,
        password_file: PasswordFile = None,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _add(desk, name, role, password_file)

    @noun.command("list", help=say("List all logins."))
    def list_(context: typer.Context, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.read() as conn:
            found = list_logins(conn)
        for login in found:
            since = words("password of {when}", when=desk.local(login.password_at))
            desk.say(f"{login.name}  {_ROLES[login.role]}  {since}")
        if not found:
            desk.say(words("There is no login, so there are no office pages: `distributor office add NAME` makes one."))
        desk.answer({"logins": [_document(login) for login in found]})
        return Exit.DONE if found else Exit.NOTHING

    @noun.command(help=say("Set a login's password anew and end its sessions."))
    def password(
        context: typer.Context, name: Name, password_file: PasswordFile = None, as_json: AsJson = False
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _password(desk, name, password_file)

    @noun.command(help=say("Remove a login and end its sessions."))
    def remove(context: typer.Context, name: Name, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.write() as conn:
            login = remove_login(conn, name, actor=desk.actor, now=desk.now)
        _tell(desk, words("{name} cannot log in any more.", name=login.name), login)
        return Exit.DONE


def _add(desk: Desk, name: str, role: Role, file: Path | None) -> int:
    with desk.database() as database:
        hashed = hash_password(_asked(name, file))
        with database.write() as conn:
            login = add_login(conn, name, role, hashed, actor=desk.actor, now=desk.now)
    page = f"{desk.settings.office.base_url or 'http://' + desk.settings.web.bind}/office/"
    _tell(desk, words("{name} can log in at {page} now.", name=login.name, page=page), login)
    return Exit.DONE


def _password(desk: Desk, name: str, file: Path | None) -> int:
    with desk.database() as database:
        with database.read() as conn:
            require_login(conn, name)
        hashed = hash_password(_asked(name, file))
        with database.write() as conn:
            login = set_password(conn, name, hashed, actor=desk.actor, now=desk.now)
            forget_tries(conn, login.key)
    _tell(desk, words("The password of {name} is set; earlier sessions have ended.", name=login.name), login)
    return Exit.DONE


def _asked(name: str, file: Path | None) -> str:
    """A good password: from its file, or typed twice without being shown. Raises `BadInput` and `NotConfirmed`."""
    if file is not None:
        typed = read_secret(file)
        require_good(typed, name)
        return typed
    if not sys.stdin.isatty():
        raise NotConfirmed(
            words("A password must be typed, and nobody is there to ask."),
            do=words("Run it in a terminal, or give --password-file."),
        )
    typed = getpass.getpass(say("Password for {name}: ", name=name))
    require_good(typed, name)
    if getpass.getpass(say("Once more: ")) != typed:
        raise BadInput(words("The two passwords differ."), do=words("Nothing was changed; try again."))
    return typed


def _tell(desk: Desk, what: Words, login: Login) -> None:
    desk.say(what)
    desk.answer({"login": _document(login)})


def _document(login: Login) -> dict[str, object]:
    return {
        "name": login.name,
        "role": login.role,
        "made_at": login.made_at.isoformat(),
        "password_at": login.password_at.isoformat(),
    }
