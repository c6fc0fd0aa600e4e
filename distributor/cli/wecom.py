"""`distributor wecom lookup`: accounts in 企业微信 for people of whom a number or an address is known."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.help_pages import Group
from distributor.dispatch.intake import load_recipients, templates_of
from distributor.dispatch.lines import Lines
from distributor.dispatch.look_up import Found, budget, look_up, wanted
from distributor.dispatch.send import utc_now
from distributor.recipients.model import Directory
from distributor.settings.channels import WECOM, accounts_of, require_account
from distributor.words import say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]


def register(app: typer.Typer) -> None:
    """Adds the noun and its verb."""
    noun = typer.Typer(cls=Group, help=say("企业微信 (WeCom)."), no_args_is_help=True)
    app.add_typer(noun, name="wecom")

    @noun.callback()
    def _noun() -> None:
        """A noun with one verb so far keeps its verb."""

    @noun.command(help=say("Find people's accounts by mobile or mail address; recipients.yaml is not touched."))
    def lookup(context: typer.Context, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        require_account(desk.settings, WECOM)
        return _lookup(desk, load_recipients(desk.settings, templates_of(desk.settings))[0].directory)


def _lookup(desk: Desk, directory: Directory) -> int:
    found = asyncio.run(_ask(desk, directory))
    unasked = [one for one in found if one.userid is None]
    for one in found:
        who = f"{one.unit.name} {one.person.name}"
        if one.userid:
            desk.say(words("{who}: write wecom: {userid}", who=who, userid=one.userid))
        elif one.userid == "":
            desk.say(words("{who}: nobody in 企业微信 has this number or address.", who=who), style="yellow")
    if unasked:
        what = words(
            "Not asked for: {count}. Too many were not found; the platform would lock us out. Correct them, and ask "
            "again tomorrow.",
            count=len(unasked),
        )
        desk.say(what, style="yellow")
    if not found:
        desk.say(words("Everybody who is to be reached by 企业微信 has an account in recipients.yaml."))
    people = [{"unit": one.unit.name, "name": one.person.name, "wecom": one.userid} for one in found]
    desk.answer({"people": people, "unasked": len(unasked)})
    if not found:
        return Exit.NOTHING
    return Exit.DONE if all(one.userid for one in found) else Exit.PARTLY


async def _ask(desk: Desk, directory: Directory) -> Sequence[Found]:
    people = wanted(directory)
    lines, account = Lines(), accounts_of(desk.settings, WECOM)[0]
    corp_id = next(iter(desk.settings.wecom.values())).corp_id
    if not people:
        return ()
    with desk.database() as database:
        try:
            app = lines.app(desk.settings, account)
            return await look_up(database, app, corp_id, people, most=budget(directory), clock=utc_now)
        finally:
            await lines.close()
