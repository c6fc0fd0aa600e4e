"""`distributor serve`, `pause` and `resume`: the background service, and how people hold it and let it go."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from distributor.channels.smtp.rules_file import load_rules
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.discretion import keep_secret
from distributor.dispatch.going_on import go_on
from distributor.dispatch.locate import locate
from distributor.dispatch.send import new_owner, utc_now
from distributor.errors import BadInput
from distributor.log import chosen, configure
from distributor.misfit import suggestion
from distributor.reports.resting import resting, resting_words, scope_name
from distributor.service.office import Office
from distributor.service.run import Role, run
from distributor.settings import Settings
from distributor.settings.apprise import secrets_in
from distributor.settings.channels import every_account
from distributor.settings.file import FILE_NAME
from distributor.settings.table import read_secret
from distributor.store.database import Database
from distributor.store.pauses import ALL, pause
from distributor.store.records import BulletinRecord
from distributor.words import say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]
Scope = Annotated[str | None, typer.Argument(help=say("A bulletin, `account:NAME`, or nothing for everything."))]


def register(app: typer.Typer) -> None:
    """Adds the three commands."""

    @app.command(help=say("Run the background service: the drop folder, the hours, the sending, the health page."))
    def serve(
        context: typer.Context,
        role: Annotated[
            list[Role] | None, typer.Option(help=say("Only this part; may be repeated. Needs PostgreSQL."))
        ] = None,
    ) -> int:
        desk: Desk = context.obj
        settings = desk.settings
        configure(*chosen(settings.log.format, settings.log.level))
        keep_secret(*_secrets(settings))
        with desk.database() as database:
            office = Office(
                file=settings.home / (desk.config or Path(os.environ.get("DISTRIBUTOR_CONFIG") or FILE_NAME)).name,
                settings=settings,
                database=database,
                key=desk.key,
                owner=new_owner(),
                clock=utc_now,
                rules=load_rules(settings.path(settings.folders.replies)),
            )
            asyncio.run(run(office, role or list(Role)))
        return Exit.DONE

    @app.command("pause", help=say("Hold everything, one account or one bulletin; a running service obeys at once."))
    def pause_(
        context: typer.Context,
        scope: Scope = None,
        reason: Annotated[str, typer.Option(help=say("Why, for those who look later."))] = "",
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _pause(desk, scope, reason)

    @app.command("resume", help=say("Let go on what was paused or is on hold, or an account that had trouble."))
    def resume_(context: typer.Context, scope: Scope = None, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _resume(desk, scope)


def _secrets(settings: Settings) -> Iterator[str]:
    """What the log must never show."""
    for account in settings.smtp.values():
        with contextlib.suppress(BadInput):
            yield account.found_from(settings.home).secret()
    for app in settings.wecom.values():
        here = app.found_from(settings.home)
        with contextlib.suppress(BadInput):
            yield here.app_secret()
        for file in (here.callback_token_file, here.aes_key_file):
            if file:
                with contextlib.suppress(BadInput):
                    yield read_secret(file)
    for robot in settings.wecom_robot.values():
        with contextlib.suppress(BadInput):
            yield robot.found_from(settings.home).robot_key()
    for chat in settings.apprise.values():
        with contextlib.suppress(BadInput):
            yield from secrets_in(chat.found_from(settings.home).chat_url())
    with contextlib.suppress(BadInput):
        yield settings.mailbox.found_from(settings.home).secret()
    yield unquote(urlsplit(settings.database_url).password or "")


def _pause(desk: Desk, scope: str | None, reason: str) -> int:
    _require_account(desk, scope)
    with desk.database() as database:
        name = _scope_name(scope, _bulletin(desk, database, scope))
        with database.write() as conn:
            new = pause(conn, name, reason, desk.actor, desk.now)
            shown, rests = scope_name(conn, name), resting(conn)
    desk.say(words("{scope} is paused.", scope=shown) if new else words("{scope} was paused already.", scope=shown))
    desk.answer({"paused": [rest.pause.scope for rest in rests], "changed": new})
    return Exit.DONE if new else Exit.NOTHING


def _resume(desk: Desk, scope: str | None) -> int:
    _require_account(desk, scope)
    with desk.database() as database:
        record = _bulletin(desk, database, scope)
        name = _scope_name(scope, record)
        with database.write() as conn:
            went = go_on(conn, name, record, desk.settings, now=desk.now, actor=desk.actor)
            shown, rests = scope_name(conn, name), resting(conn)
    desk.say(words("{scope} goes on.", scope=shown) if went.anything else words("Nothing was paused or on hold there."))
    if went.refused:
        desk.say(words("Copies that were refused for their content and go again: {count}.", count=went.refused))
    for rest in rests:
        desk.say(resting_words(rest, desk.local(rest.pause.at)), style="yellow")
    desk.answer(
        {
            "paused": [rest.pause.scope for rest in rests],
            "changed": went.changed,
            "tried_again": went.tried_again,
            "holds_lifted": went.lifted,
            "refused_taken_up": went.refused,
        }
    )
    return Exit.DONE if went.anything else Exit.NOTHING


def _require_account(desk: Desk, scope: str | None) -> None:
    """Raises `BadInput` for an account that is not in the settings: it would rest in name only."""
    kind, _, account = (scope or "").partition(":")
    known = every_account(desk.settings)
    if kind == "account" and account not in known:
        raise BadInput(words("There is no account {account}.", account=account), do=suggestion(account, known))


def _bulletin(desk: Desk, database: Database, scope: str | None) -> BulletinRecord | None:
    """The bulletin that is meant, or None when it is everything or an account."""
    if scope is None or scope == ALL or scope.startswith("account:"):
        return None
    with database.read() as conn:
        record = locate(conn, scope, today=desk.today)
    if record is None:
        raise BadInput(words("{file} has not been finalised.", file=scope), do=words("Finalise it first."))
    return record


def _scope_name(scope: str | None, record: BulletinRecord | None) -> str:
    return f"bulletin:{record.id}" if record else scope or ALL
