"""The steps that cannot be taken back: publishing and mass sending, each on an editor's word.

The begun mark is on the disk before the request. A refusal puts the article back; silence leaves the mark, and from
then on the platform is only looked at (`looking`): no program makes the request again, an editor does.
"""

import datetime as dt
from collections.abc import Awaitable
from functools import partial

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import BUSY, GONE, TOO_SOON, PlatformRefused, Submitted
from distributor.delivery.article import MEMORY, SETTLE, ArticleFact
from distributor.dispatch.article.drafting import book, require
from distributor.dispatch.article.manuscript import require_open
from distributor.dispatch.article.press import NotNow, Press
from distributor.dispatch.article.trouble import InDoubt, in_doubt, said_no, silent
from distributor.dispatch.plan import ChangedSince
from distributor.store import articles
from distributor.store.articles import ArticleRecord, Overtaken
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.words import words

#: Answers that say nothing of whether the draft went: busy, the same a moment ago, the draft is not there.
_SAY_NOTHING = frozenset({BUSY, TOO_SOON, GONE})

#: The first look at what the platform took.
_SOON = dt.timedelta(seconds=10)


async def publish(press: Press, article: ArticleRecord, *, actor: str) -> ArticleRecord:
    """Publishes the draft, which tells no reader and costs no quota.

    Raises `NotNow`, `ChangedSince`, `WithdrawnEdition` and the like before the request; `PlatformSaidNo` when nothing
    went; `InDoubt` when it may have gone.
    """
    article, step = await _begin(press, article, ArticleFact.PUBLISH, "publish", actor)
    submitted = await _request(press, article, step, press.platform.publish(article.media_id))

    def taken(conn: Connection) -> ArticleRecord:
        ids = {"publish_id": submitted.task_id, "statistics_id": submitted.statistics_id}
        return _taken(conn, press, article, step, ArticleFact.PUBLISH_TAKEN, ids)

    return await press.book(taken)


async def mass_send(press: Press, article: ArticleRecord, *, actor: str) -> ArticleRecord:
    """Sends the draft to all readers of the account, which costs quota. Raises as `publish` does."""
    _require_forgotten(press, article)
    article, step = await _begin(press, article, ArticleFact.SEND, "mass_send", actor)
    submitted = await _request(press, article, step, press.platform.mass_send(article.media_id, article.own_id))
    return await press.book(lambda conn: send_taken(conn, press, article, step, submitted))


def send_taken(
    conn: Connection, press: Press, article: ArticleRecord, step: int, submitted: Submitted
) -> ArticleRecord:
    """Books the name of a mass send that the platform took."""
    ids = {"msg_id": submitted.task_id}
    if submitted.statistics_id:
        ids["statistics_id"] = submitted.statistics_id
    return _taken(conn, press, article, step, ArticleFact.SEND_TAKEN, ids)


async def _begin(
    press: Press, article: ArticleRecord, fact: ArticleFact, name: str, actor: str
) -> tuple[ArticleRecord, int]:
    """The mark: on the disk before anything leaves."""
    require(article, fact)
    await _require_draft(press, article)

    def begin(conn: Connection) -> tuple[ArticleRecord, int]:
        require(article, fact)
        record, now = get_bulletin(conn, article.bulletin_id), press.clock()
        require_open(conn, record)
        if record.digest != article.digest:
            what = words("{label} was finalised again since it was drafted.", label=record.title)
            raise ChangedSince(what, do=words("Make a draft of the present text with --draft, and look at it."))
        step = articles.begin_step(conn, article, name, actor=actor, now=now)
        moved = articles.move(conn, article, fact, now=now, look_at=now + SETTLE)
        book(conn, moved, f"article.{name}", actor=actor, press=press)
        return moved, step

    return await press.write(begin)


async def _require_draft(press: Press, article: ArticleRecord) -> None:
    """Without its draft a request could only end in doubt."""
    try:
        if await press.ask(press.platform.has_draft(article.media_id)):
            return
    except PlatformRefused as refusal:
        raise said_no(refusal) from None
    except Unanswered as trouble:
        raise silent(trouble) from None
    what = words("The draft is not in the box any more: somebody deleted it, or sent it from mp.weixin.qq.com.")
    raise NotNow(what, do=words("Look there; if the article is not out, make a new draft with --draft."))


async def _request(press: Press, article: ArticleRecord, step: int, request: Awaitable[Submitted]) -> Submitted:
    """The request. Raises `PlatformSaidNo` when the draft stays, `InDoubt` when nobody knows."""
    try:
        submitted = await press.ask(request)
    except PlatformRefused as refusal:
        if refusal.errcode in _SAY_NOTHING:
            raise await _doubt(press, article, step, str(refusal.outcome.reply)) from None
        await press.book(partial(_not_taken, press=press, article=article, step=step, trouble=refusal))
        raise said_no(refusal) from None
    except Unanswered as trouble:
        if trouble.sent:
            raise await _doubt(press, article, step, trouble.reason) from None
        await press.book(partial(_not_taken, press=press, article=article, step=step, trouble=trouble))
        raise silent(trouble) from None
    if not submitted.task_id:
        raise await _doubt(press, article, step, "no id")
    return submitted


def _taken(
    conn: Connection, press: Press, article: ArticleRecord, step: int, fact: ArticleFact, ids: dict[str, str]
) -> ArticleRecord:
    now = press.clock()
    articles.end_step(conn, step, "done", now=now, text=" ".join(ids.values()))
    try:
        moved = articles.move(conn, article, fact, now=now, look_at=now + _SOON, ids=ids)
    except Overtaken:  # somebody has looked meanwhile and knows more already
        return articles.get_article(conn, article.id)
    book(conn, moved, f"article.{fact}", actor="distributor", press=press, **ids)
    return moved


async def _doubt(press: Press, article: ArticleRecord, step: int, reason: str) -> InDoubt:
    """No answer: the mark stays, and a minute from now somebody looks."""

    def lost(conn: Connection) -> None:
        now = press.clock()
        articles.end_step(conn, step, "lost", now=now, text=reason)
        articles.look_again(conn, article, now + SETTLE, trouble=reason)

    await press.book(lost)
    return in_doubt(reason)


def _not_taken(
    conn: Connection, *, press: Press, article: ArticleRecord, step: int, trouble: PlatformRefused | Unanswered
) -> None:
    code = trouble.errcode if isinstance(trouble, PlatformRefused) else 0
    text = trouble.outcome.reply.text if isinstance(trouble, PlatformRefused) else trouble.reason
    articles.end_step(conn, step, "refused", now=press.clock(), code=code, text=text)
    reply = f"{code} {text}" if code else text
    try:
        moved = articles.move(conn, article, ArticleFact.NOT_TAKEN, now=press.clock(), trouble=reply)
    except Overtaken:  # this process was away for long, and somebody has looked meanwhile
        return
    book(conn, moved, "article.refused", actor="distributor", press=press, reply=reply)


def _require_forgotten(press: Press, article: ArticleRecord) -> None:
    """The platform takes one edition for one mass send for a day, also when that one came to nothing."""
    before = article.last("mass_send")
    if before and before.result == "failed" and press.clock() - before.begun_at < MEMORY:
        again = f"{(before.begun_at + MEMORY).astimezone(dt.timezone(dt.timedelta(hours=8))):%Y-%m-%d %H:%M}"
        what = words("The platform remembers the mass send that failed, and would name it again.")
        raise NotNow(what, do=words("Try again after {when} (Beijing time), or use --publish.", when=again))
