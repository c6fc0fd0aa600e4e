"""`distributor office add|list|password|link|unlink|remove`: who may log in on the office's own pages."""

import getpass
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from distributor.address import read_address
from distributor.cli.desk import Desk, NotConfirmed
from distributor.cli.exits import Exit
from distributor.cli.help_pages import Group
from distributor.doctor.diagnosis import Diagnosis, Verdict
from distributor.doctor.office import who_enters
from distributor.errors import BadInput
from distributor.misfit import Misfit, shortened
from distributor.passwords import hash_password, require_good
from distributor.settings.table import read_secret
from distributor.store.database import Connection
from distributor.store.identities import LONGEST_SUBJECT, Identity, identities, link_login, unlink_login
from distributor.store.logins import Login, Role, add_login, list_logins, remove_login, require_login, set_password
from distributor.store.sessions import forget_tries
from distributor.words import Words, say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]
Name = Annotated[str, typer.Argument(help=say("The name of the login."))]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help=say("A file with the password, instead of asking for it."))
]

Account = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT",
        help=say("Who it is at the identity provider: an e-mail address, or a subject (`sub:…` when it holds an @)."),
    ),
]

_ROLES = {Role.VIEWER: words("viewer"), Role.EDITOR: words("editor")}


def register(app: typer.Typer) -> None:
    """Adds the noun and its verbs."""
    noun = typer.Typer(
        cls=Group, help=say("The logins of the office's own pages under /office/."), no_args_is_help=True
    )
    app.add_typer(noun, name="office")

    @noun.command(
        help=say(
            "Add a login and ask for its password; with --oidc, link it to the identity provider instead. "
            "An editor may decide, a viewer may only look."
        )
    )
    def add(
        context: typer.Context,
        name: Name,
        role: Annotated[Role, typer.Option(help=say("What the login may do."))] = Role.VIEWER,
        oidc: Annotated[
            str, typer.Option("--oidc", metavar="ACCOUNT", help=say("Who it is at the identity provider."))
        ] = "",
        password_file: PasswordFile = None,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _add(desk, name, role, oidc, password_file)

    @noun.command("list", help=say("List all logins."))
    def list_(context: typer.Context, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.read() as conn:
            found, linked = list_logins(conn), identities(conn)
        for login in found:
            parts = (login.name, _ROLES[login.role], *_ways(desk, login, linked.get(login.key)))
            line = "  ".join(map(str, parts))
            desk.say(line)
        if not found:
            desk.say(words("There is no login, so there are no office pages: `distributor office add NAME` makes one."))
        desk.answer({"logins": [_document(login, linked.get(login.key)) for login in found]})
        return Exit.DONE if found else Exit.NOTHING

    @noun.command(help=say("Set a login's password anew and end its sessions."))
    def password(
        context: typer.Context, name: Name, password_file: PasswordFile = None, as_json: AsJson = False
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _password(desk, name, password_file)

    @noun.command(help=say("Link a login to an account of the identity provider and end its sessions."))
    def link(context: typer.Context, name: Name, account: Account, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _link(desk, name, account)

    @noun.command(help=say("Take a login's link to the identity provider away and end its sessions."))
    def unlink(context: typer.Context, name: Name, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.write() as conn:
            login = unlink_login(conn, name, actor=desk.actor, now=desk.now)
            seen = _seen(desk, conn, login)
        _tell(desk, words("{name} cannot come in by the identity provider any more.", name=login.name), seen)
        return Exit.DONE

    @noun.command(help=say("Remove a login and end its sessions."))
    def remove(context: typer.Context, name: Name, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.write() as conn:
            login = remove_login(conn, name, actor=desk.actor, now=desk.now)
            seen = _seen(desk, conn, login)
        _tell(desk, words("{name} cannot log in any more.", name=login.name), seen)
        return Exit.DONE


def _add(desk: Desk, name: str, role: Role, account: str, file: Path | None) -> int:
    known = _account(desk, account) if account else None
    with desk.database() as database:
        hashed = hash_password(_asked(name, file)) if file or not known else ""
        with database.write() as conn:
            login = add_login(conn, name, role, hashed, actor=desk.actor, now=desk.now)
            if known:
                link_login(conn, name, actor=desk.actor, now=desk.now, **known)
            seen = _seen(desk, conn, login)
    page = f"{desk.settings.office.base_url or 'http://' + desk.settings.web.bind}/office/"
    _tell(desk, words("{name} can log in at {page} now.", name=login.name, page=page), seen)
    return Exit.DONE


def _link(desk: Desk, name: str, account: str) -> int:
    known = _account(desk, account)
    with desk.database() as database, database.write() as conn:
        login = link_login(conn, name, actor=desk.actor, now=desk.now, **known)
        seen = _seen(desk, conn, login)
    gaps = {"name": login.name, "account": known.get("email") or known["subject"]}
    _tell(desk, words("{name} comes in as {account} of the identity provider.", **gaps), seen)
    return Exit.DONE


def _account(desk: Desk, text: str) -> dict[str, str]:
    """What links a login, by the provider of the settings. Raises `BadInput`."""
    issuer, subject = desk.settings.oidc.issuer, text.strip().removeprefix("sub:").strip()
    if not issuer:
        do = words("Set issuer and client_id in [oidc] of distributor.toml.")
        raise BadInput(words("There is no identity provider in the settings."), do=do)
    if text.strip().startswith("sub:") or "@" not in subject:
        if not subject or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
            do = words("Write the subject as the provider's console shows it, or an e-mail address.")
            raise BadInput(words("{value} names no account.", value=shortened(text)), do=do)
        return {"issuer": issuer, "subject": subject}
    try:
        return {"issuer": issuer, "email": read_address(subject).text}
    except Misfit as error:
        raise BadInput(error.what, do=error.do) from error


def _password(desk: Desk, name: str, file: Path | None) -> int:
    with desk.database() as database:
        with database.read() as conn:
            require_login(conn, name)
        hashed = hash_password(_asked(name, file))
        with database.write() as conn:
            login = set_password(conn, name, hashed, actor=desk.actor, now=desk.now)
            forget_tries(conn, login.key)
            seen = _seen(desk, conn, login)
    _tell(desk, words("The password of {name} is set; earlier sessions have ended.", name=login.name), seen)
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


def _ways(desk: Desk, login: Login, identity: Identity | None) -> list[Words]:
    """The ways in which somebody can come in."""
    ways = []
    if login.password_at:
        ways += [words("password of {when}", when=desk.local(login.password_at))]
    if identity:
        ways += [words("{account} at {issuer}", account=identity.email or identity.subject, issuer=identity.issuer)]
    return ways


@dataclass(frozen=True, slots=True)
class _Seen:
    """A login as it stands after a command, and whom the settings do not let in by what there is then."""

    document: dict[str, object]
    warnings: tuple[Diagnosis, ...]


def _seen(desk: Desk, conn: Connection, login: Login) -> _Seen:
    found = tuple(one for one in who_enters(conn, desk.settings) if one.verdict is not Verdict.OK)
    return _Seen(_document(login, identities(conn).get(login.key)), found)


def _tell(desk: Desk, what: Words, seen: _Seen) -> None:
    desk.say(what)
    for one in seen.warnings:
        desk.say(f"{one.what} {one.do}", style="yellow")
    desk.answer({"login": seen.document, "warnings": [str(one.what) for one in seen.warnings]})


def _document(login: Login, identity: Identity | None) -> dict[str, object]:
    return {
        "name": login.name,
        "role": login.role,
        "made_at": login.made_at.isoformat(),
        "password_at": login.password_at.isoformat() if login.password_at else None,
        "oidc": {"issuer": identity.issuer, "subject": identity.subject, "email": identity.email} if identity else None,
    }
