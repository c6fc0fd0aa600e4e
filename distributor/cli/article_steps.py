"""The steps that an editor asked for, one after the other, each said when it is done."""

import datetime as dt
from typing import TYPE_CHECKING

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import PlatformRefused
from distributor.cli.desk import Desk
from distributor.dispatch.article.drafting import draft, preview
from distributor.dispatch.article.going_out import mass_send, publish
from distributor.dispatch.article.looking import look
from distributor.dispatch.article.manuscript import manuscript, own_id, require_open
from distributor.dispatch.article.press import NotNow, Press, at_work
from distributor.dispatch.article.trouble import said_no, silent
from distributor.dispatch.send import new_owner, utc_now
from distributor.store.articles import ArticleRecord, find_article
from distributor.store.database import Database
from distributor.store.records import BulletinRecord
from distributor.words import words

if TYPE_CHECKING:
    from distributor.cli.article import Wish

#: A running service looks at the platform now and then; its place is free again within seconds.
_PATIENCE = dt.timedelta(seconds=20)


async def take_steps(desk: Desk, database: Database, record: BulletinRecord, account: str, wish: "Wish") -> None:
    """Does what is wished for, in the order of the command's help. Raises what the first step raises that fails."""
    async with at_work(database, desk.settings, account, owner=new_owner(), clock=utc_now, patience=_PATIENCE) as press:
        if wish.draft:
            await press.read(lambda conn: require_open(conn, record))
            text = await press.read(lambda conn: manuscript(conn, record, desk.settings, press.settings))
            known = own_id(desk.key, record, press.name)
            await draft(press, record, text, own_id=known, actor=desk.actor)
            desk.say(words("The draft of {label} is in the box of {account}.", label=record.title, account=press.name))
        if wish.preview:
            await preview(press, await _present(press, record), actor=desk.actor)
            reader = press.settings.preview_to
            desk.say(words("{reader} was shown the draft.", reader=reader))
        if wish.publish:
            await publish(press, await _present(press, record), actor=desk.actor)
            desk.say(words("The platform took the article and looks at it before it is published."))
        if wish.mass_send:
            await mass_send(press, await _present(press, record), actor=desk.actor)
            desk.say(words("The platform took the mass send."))
            desk.say(words("With 群发保护, an administrator confirms it on the phone within 30 minutes."))
        if wish.look:
            await _look(desk, press, await _present(press, record))


async def _present(press: Press, record: BulletinRecord) -> ArticleRecord:
    found = await press.read(lambda conn: find_article(conn, record.id, press.name))
    if found is None:
        raise NotNow(words("There is no draft yet."), do=words("Make one with --draft."))
    return found


async def _look(desk: Desk, press: Press, article: ArticleRecord) -> None:
    try:
        await look(press, article, desk.settings)
    except PlatformRefused as refusal:
        raise said_no(refusal) from None
    except Unanswered as trouble:
        raise silent(trouble) from None
