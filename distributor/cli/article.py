"""`distributor article ISSUE`: the edition as an article of an Official Account (公众号), one step on each word."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from distributor.cli.article_documents import article_document
from distributor.cli.article_show import show_article, went
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.errors import BadInput
from distributor.words import Words, say, words


@dataclass(frozen=True, slots=True)
class Wish:
    """What the editor wants done, in this order."""

    draft: bool = False
    preview: bool = False
    publish: bool = False
    mass_send: bool = False
    look: bool = False
    arrived: bool = False
    lost: bool = False

    @property
    def at_platform(self) -> bool:
        """Whether the platform is asked for anything."""
        return self.draft or self.preview or self.publish or self.mass_send or self.look

    @property
    def settles(self) -> bool:
        """Whether a doubt is to be settled."""
        return self.arrived or self.lost


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(
        help=say("Show or take the steps of a bulletin's article (公众号): draft, preview, publish, mass send.")
    )
    def article(
        context: typer.Context,
        issue: Annotated[
            str | None, typer.Argument(help=say("Number, title, #id or file; otherwise the newest bulletin."))
        ] = None,
        draft: Annotated[bool, typer.Option("--draft", help=say("Put it into the box of drafts."))] = False,
        preview: Annotated[bool, typer.Option("--preview", help=say("Show the draft to the editor's phone."))] = False,
        publish: Annotated[
            bool, typer.Option("--publish", help=say("Publish it: it gets an address, no reader is told."))
        ] = False,
        mass_send: Annotated[
            bool, typer.Option("--mass-send", help=say("Send it to all readers of the account; costs quota."))
        ] = False,
        look: Annotated[bool, typer.Option("--look", help=say("Ask the platform how far it is."))] = False,
        arrived: Annotated[bool, typer.Option("--arrived", help=say("In doubt: I see that it is out."))] = False,
        lost: Annotated[bool, typer.Option("--lost", help=say("In doubt: I see that it is not out."))] = False,
        account: Annotated[str | None, typer.Option(help=say("The account, if there are several."))] = None,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        wish = Wish(draft, preview, publish, mass_send, look, arrived, lost)
        return _article(desk, issue, account, _sensible(wish), yes=yes)


def _sensible(wish: Wish) -> Wish:
    if wish.publish and wish.mass_send:
        raise BadInput(
            words("A draft goes out once: give either --publish or --mass-send."),
            do=words("A mass send tells all readers and costs quota; publishing does neither."),
        )
    if wish.arrived and wish.lost:
        raise BadInput(words("Give either --arrived or --lost."))
    if wish.settles and wish.at_platform:
        raise BadInput(words("Settle the doubt first, by itself."))
    return wish


def _article(desk: Desk, issue: str | None, name: str | None, wish: Wish, *, yes: bool) -> int:
    from distributor.dispatch.article.press import account_of
    from distributor.dispatch.article.settling import settle
    from distributor.dispatch.locate import locate
    from distributor.store.articles import articles_of, find_article

    with desk.database() as database:
        with database.read() as conn:
            record = locate(conn, issue, today=desk.today, older=True)
            if record is None:
                raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
        if wish.at_platform or wish.settles:
            chosen, _ = account_of(desk.settings, name)
            for question in _questions(wish, record.title, chosen):
                desk.confirm(question, yes=yes)
        if wish.settles:
            with database.read() as conn:
                found = find_article(conn, record.id, chosen)
            if found is None:
                raise BadInput(words("There is no article of {label} yet.", label=record.title))
            settle(database, found, arrived=wish.arrived, now=desk.now, actor=desk.actor)
        if wish.at_platform:
            from distributor.cli.article_steps import take_steps

            asyncio.run(take_steps(desk, database, record, chosen, wish))
        with database.read() as conn:
            articles = [one for one in articles_of(conn, record.id) if name in (None, one.account)]
    for one in articles:
        show_article(desk, one)
    if not articles:
        desk.say(words("There is no article of {label} yet.", label=record.title))
        desk.say(words("→ `distributor article --draft` makes a draft; nobody but the account's editors sees it."))
    desk.answer({"bulletin": record.id, "title": record.title, "articles": [article_document(one) for one in articles]})
    return _exit([went(one) for one in articles])


def _questions(wish: Wish, label: str, account: str) -> Sequence[Words]:
    if wish.publish:
        return [
            words(
                "Publish {label} by the account {account}? Everybody can read it then; no reader is told.",
                label=label,
                account=account,
            )
        ]
    if wish.mass_send:
        return [
            words(
                "Send {label} to ALL readers of the account {account}? It cannot be taken back and costs one mass send "
                "of the quota (one a day for a 订阅号, four a month for a 服务号).",
                label=label,
                account=account,
            )
        ]
    if wish.lost:
        return [
            words("Did you see at mp.weixin.qq.com that {label} is not out? It may then be sent anew.", label=label)
        ]
    return []


def _exit(standing: Sequence[bool | None]) -> int:
    """Done when nothing is left to look after; partly while something is under way, failed or in doubt."""
    if not standing:
        return Exit.NOTHING
    return Exit.DONE if all(one is not None and one for one in standing) else Exit.PARTLY
