"""Looks at the platform until it has said its last word. Looking never sends: only an editor's word does.

A begun step without an answer is settled by the box of drafts: a draft that went out, in either way, is not there any
more (developers.weixin.qq.com, draft/add). One that is there did not go; for one that is gone, the task or the
article is looked for, for a day. Asking again for a mass send whose draft is gone cannot send anything: the platform
answers with the id of the first (45065).
"""

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import PlatformRefused, Progress, Standing
from distributor.delivery.article import BEGUN, MEMORY, SETTLE, UNDER_WAY, ArticleFact, ArticleState, next_look
from distributor.dispatch.article.drafting import book
from distributor.dispatch.article.going_out import send_taken
from distributor.dispatch.article.manuscript import manuscript
from distributor.dispatch.article.press import Press
from distributor.settings import Settings
from distributor.store import articles
from distributor.store.articles import ArticleRecord, Overtaken, StepRecord
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection

PROGRAM = "distributor"


async def look(press: Press, article: ArticleRecord, settings: Settings) -> ArticleRecord:
    """One look at an article that is under way; where it stands then.

    Raises `PlatformRefused` and `Unanswered` when the platform cannot be asked; the next look is booked then.
    """
    if article.state not in UNDER_WAY | {ArticleState.UNKNOWN}:
        return article
    try:
        if article.state is ArticleState.UNKNOWN:
            return await _find(press, article, settings) or article
        if article.state in BEGUN:
            return await _settle(press, article, settings)
        return await _poll(press, article)
    except Overtaken:  # a late answer was booked by whoever had made the request
        return await press.read(lambda conn: articles.get_article(conn, article.id))
    except (PlatformRefused, Unanswered) as trouble:
        await _put_off(press, article, str(trouble))
        raise


async def _poll(press: Press, article: ArticleRecord) -> ArticleRecord:
    """The platform has a task of ours."""
    publishing = article.state is ArticleState.PUBLISH_TAKEN
    if publishing:
        progress = await press.ask(press.platform.published(article.publish_id))
    else:
        progress = await press.ask(press.platform.mass_sent(article.msg_id))
    if progress.standing is Standing.UNDER_WAY:
        return await _put_off(press, article, "")
    done = ArticleFact.PUBLISHED if publishing else ArticleFact.SENT
    fact = done if progress.standing is Standing.DONE else ArticleFact.FAIL
    return await press.book(lambda conn: _ended(conn, press, article, fact, progress))


async def _settle(press: Press, article: ArticleRecord, settings: Settings) -> ArticleRecord:
    """A request was begun and nobody has its answer."""
    if press.clock() < _begun(article).begun_at + SETTLE:
        return article  # it may still be on its way
    if await press.ask(press.platform.has_draft(article.media_id)):
        return await press.book(lambda conn: _never_went(conn, press, article))
    if article.state is ArticleState.PUBLISHING:
        if (found := await _find(press, article, settings)) is not None:
            return found
    elif press.clock() < _begun(article).begun_at + MEMORY:
        try:
            known = await press.ask(press.platform.mass_send(article.media_id, article.own_id))
        except PlatformRefused as refusal:
            return await _put_off(press, article, str(refusal))
        if known.task_id:
            return await press.book(lambda conn: send_taken(conn, press, article, _begun(article).id, known))
    if press.clock() < _begun(article).begun_at + MEMORY:
        return await _put_off(press, article, article.trouble)
    return await press.book(lambda conn: _lost_for_good(conn, press, article))


async def _find(press: Press, article: ArticleRecord, settings: Settings) -> ArticleRecord | None:
    """Looks for the article among the published ones, by its words; None when it is not there."""

    def wanted(conn: Connection) -> tuple[str, str]:
        text = manuscript(conn, get_bulletin(conn, article.bulletin_id), settings, press.settings).article
        return text.title, text.content

    found = await press.ask(press.platform.find_published(*await press.read(wanted)))
    if found is None:
        return None
    progress = Progress(Standing.DONE, found.address)
    return await press.book(lambda conn: _ended(conn, press, article, ArticleFact.PUBLISHED, progress))


async def _put_off(press: Press, article: ArticleRecord, trouble: str) -> ArticleRecord:
    def put_off(conn: Connection) -> ArticleRecord:
        now = press.clock()
        articles.look_again(conn, article, next_look(_begun(article).begun_at, now), trouble=trouble)
        return articles.get_article(conn, article.id)

    return await press.book(put_off)


def _ended(
    conn: Connection, press: Press, article: ArticleRecord, fact: ArticleFact, progress: Progress
) -> ArticleRecord:
    address = {"address": progress.address} if progress.address else {}
    moved = articles.move(conn, article, fact, now=press.clock(), trouble=progress.detail, ids=address)
    if fact is ArticleFact.FAIL:
        articles.fail_step(conn, _begun(article).id, progress.detail, now=press.clock())
    book(conn, moved, f"article.{moved.state}", actor=PROGRAM, press=press, address=progress.address)
    return moved


def _never_went(conn: Connection, press: Press, article: ArticleRecord) -> ArticleRecord:
    articles.end_step(conn, _begun(article).id, "not_taken", now=press.clock())
    what = "it did not go: the draft is still in the box"
    moved = articles.move(conn, article, ArticleFact.NOT_TAKEN, now=press.clock(), trouble=what)
    book(conn, moved, "article.not_taken", actor=PROGRAM, press=press)
    return moved


def _lost_for_good(conn: Connection, press: Press, article: ArticleRecord) -> ArticleRecord:
    articles.end_step(conn, _begun(article).id, "lost", now=press.clock())
    moved = articles.move(conn, article, ArticleFact.LOSE, now=press.clock(), trouble="no trace after a day")
    book(conn, moved, "article.unknown", actor=PROGRAM, press=press)
    return moved


def _begun(article: ArticleRecord) -> StepRecord:
    """The step that cannot be taken back and is under way."""
    step = article.last("publish", "mass_send")
    assert step is not None
    return step
