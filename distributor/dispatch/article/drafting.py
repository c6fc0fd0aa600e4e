"""The steps that may be repeated: pictures and draft, and the preview for the editor.

A draft stays the same draft when its text changes (draft/update), because the platform lets each draft go out once
only: that is what keeps a late request of a frozen process from becoming a second article. After a crash an equal
draft that lies in the box is taken over instead of leaving two.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from distributor.channels.wechat.draft import Draft
from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import GONE, UNAUTHORIZED, PlatformRefused
from distributor.delivery.article import OUT, ArticleFact, ArticleState, allows
from distributor.dispatch.article.manuscript import Manuscript, require_open
from distributor.dispatch.article.press import NotNow, Press
from distributor.dispatch.article.trouble import PlatformSaidNo, said_no, silent
from distributor.errors import BadInput
from distributor.store import article_extras, articles, audit
from distributor.store.articles import ArticleRecord
from distributor.store.database import Connection
from distributor.store.records import BulletinRecord
from distributor.words import words

CONTENT, COVER = "content", "cover"


async def draft(press: Press, record: BulletinRecord, text: Manuscript, *, own_id: str, actor: str) -> ArticleRecord:
    """Puts the edition into the box of drafts, or its newer text into its draft. Can be repeated at any time.

    Raises `NotNow` when it is out or may be, `WithdrawnEdition`, `PlatformSaidNo`, `PlatformSilent`, `InDoubt`.
    """

    def begin(conn: Connection) -> tuple[ArticleRecord, int]:
        require_open(conn, record)
        made = articles.make_article(conn, record.id, press.name, own_id, now=press.clock())
        require(made, ArticleFact.DRAFT)
        moved = articles.move(conn, made, ArticleFact.DRAFT, now=press.clock())
        return moved, articles.begin_step(conn, moved, "draft", actor=actor, now=press.clock())

    article, step = await press.write(begin)
    try:
        article, media_id = await _into_the_box(press, article, text)
    except PlatformRefused as refusal:
        await _end(press, article, step, "refused", code=refusal.errcode, text=refusal.outcome.reply.text)
        raise said_no(refusal) from None
    except Unanswered as trouble:
        await _end(press, article, step, "lost", text=trouble.reason)
        raise silent(trouble) from None
    except NotNow as gone:
        await _end(press, article, step, "lost", text=str(gone.what))
        raise

    def done(conn: Connection) -> ArticleRecord:
        now = press.clock()
        articles.end_step(conn, step, "done", now=now, media_id=media_id)
        ids = {"media_id": media_id, "digest": text.digest}
        moved = articles.move(conn, article, ArticleFact.DRAFTED, now=now, ids=ids)
        book(conn, moved, "article.drafted", actor=actor, press=press)
        return moved

    return await press.write(done)


async def preview(press: Press, article: ArticleRecord, *, actor: str) -> ArticleRecord:
    """Shows the draft to the editor, on the phone.

    Raises `NotNow`, `BadInput` when no editor is named, `PlatformSaidNo`, `PlatformSilent`.
    """
    require(article, ArticleFact.SHOW)
    reader = press.settings.preview_to
    if not reader:
        what = words("Nobody is named who is to see the article first.")
        raise BadInput(what, do=words("Set preview_to in [official_account.…] to the editor's 微信号."))

    def begin(conn: Connection) -> int:
        return articles.begin_step(conn, article, "preview", actor=actor, now=press.clock())

    step = await press.write(begin)
    try:
        await press.ask(press.platform.preview(article.media_id, reader))
    except PlatformRefused as refusal:
        await _end(press, article, step, "refused", code=refusal.errcode, text=refusal.outcome.reply.text)
        raise said_no(refusal) from None
    except Unanswered as trouble:
        await _end(press, article, step, "lost", text=trouble.reason)
        raise silent(trouble) from None

    def done(conn: Connection) -> ArticleRecord:
        now = press.clock()
        articles.end_step(conn, step, "done", now=now)
        moved = articles.move(conn, article, ArticleFact.SHOW, now=now)
        book(conn, moved, "article.previewed", actor=actor, press=press)
        return moved

    return await press.write(done)


def require(article: ArticleRecord, fact: ArticleFact) -> None:
    """Raises `NotNow`, with what to do instead, when the law has no such step from where the article stands."""
    if allows(article.state, fact):
        return
    if article.state in OUT:
        what = words("This edition is out already: {address}.", address=article.address or article.state)
        raise NotNow(what, do=words("A correction (finalise --correction) is a new article."))
    if article.state in (ArticleState.NEW, ArticleState.DRAFTING, ArticleState.FAILED):
        raise NotNow(words("There is no draft yet."), do=words("Make one with --draft."))
    if article.state is ArticleState.UNKNOWN:
        what = words("Nobody knows whether this edition is out.")
        raise NotNow(what, do=words("Look at mp.weixin.qq.com, then say it with --arrived or --lost."))
    what = words("The article is on its way; nothing more can be done now.")
    raise NotNow(what, do=words("See how it goes with: distributor article --look"))


def book(conn: Connection, article: ArticleRecord, action: str, *, actor: str, press: Press, **more: object) -> None:
    """An entry of the audit log about an article."""
    details = {"account": article.account, "state": article.state, "media_id": article.media_id, **more}
    subject = f"article:{article.id}"
    audit.append(conn, action, subject, details, actor, press.clock(), bulletin_id=article.bulletin_id)


async def _into_the_box(press: Press, article: ArticleRecord, text: Manuscript) -> tuple[ArticleRecord, str]:
    """Uploads what is missing and makes or changes the draft; its media id."""
    if article.media_id and not await press.ask(press.platform.has_draft(article.media_id)):
        article = await _without_draft(press, article)
    content = text.article.with_pictures(await _addresses(press, text))
    for is_last in (False, True):
        cover = await _cover(press, text)
        made = text.article
        draft = Draft(made.title, made.author, made.digest, content, cover, press.settings.source_url)
        try:
            return article, await _placed(press, article, draft)
        except PlatformRefused as refusal:
            if refusal.errcode != GONE or is_last:
                raise
            # Somebody has deleted the lasting picture at mp.weixin.qq.com.
            await _forget_cover(press, text)
    raise AssertionError("unreachable")


async def _placed(press: Press, article: ArticleRecord, draft: Draft) -> str:
    if article.media_id:
        await press.ask(press.platform.update_draft(article.media_id, draft))
        return article.media_id
    await _require_unpublished(press, draft)
    others = await press.read(lambda conn: articles.drafts_of_others(conn, article))
    found = await press.ask(press.platform.find_draft(draft, others))
    return found or await press.ask(press.platform.add_draft(draft))


async def _require_unpublished(press: Press, draft: Draft) -> None:
    """After a restored backup, or an editor's own hand at mp.weixin.qq.com, these words may be out already."""
    try:
        found = await press.ask(press.platform.find_published(draft.title, draft.content))
    except PlatformRefused as refusal:
        if refusal.errcode != UNAUTHORIZED:
            raise
        return  # an account that may not publish has published nothing
    if found is not None:
        what = words("The account has published this very article already: {address}.", address=found.address)
        raise NotNow(what, do=words("If it should appear anew, delete it at mp.weixin.qq.com first."))


async def _without_draft(press: Press, article: ArticleRecord) -> ArticleRecord:
    """The draft is gone: deleted by a person, or taken by a request of ours that nobody had an answer to."""
    tried = [one for one in article.steps if one.step in ("publish", "mass_send") and one.media_id == article.media_id]
    if any(one.result not in ("refused", "failed") for one in tried):

        def lose(conn: Connection) -> ArticleRecord:
            what = "the draft is gone"
            moved = articles.move(conn, article, ArticleFact.LOSE, now=press.clock(), trouble=what)
            book(conn, moved, "article.unknown", actor="distributor", press=press)
            return moved

        require(await press.write(lose), ArticleFact.DRAFT)
    return await press.write(lambda conn: articles.forget_draft(conn, article))


async def _addresses(press: Press, text: Manuscript) -> Mapping[str, str]:
    """The platform's address of each picture, by its cid; what it has is not uploaded again."""
    found = {}
    for picture in text.article.pictures:
        upload = partial(press.platform.picture, picture.file_name, picture.content, picture.media_type)
        found[picture.cid] = await _uploaded(press, CONTENT, picture.content, upload)
    return found


async def _cover(press: Press, text: Manuscript) -> str:
    cover = text.cover
    upload = partial(press.platform.cover, cover.file_name, cover.content, cover.media_type)
    return await _uploaded(press, COVER, cover.content, upload)


async def _uploaded(press: Press, place: str, content: bytes, upload: Callable[[], Awaitable[str]]) -> str:
    digest = _digest(content)
    known = await press.read(lambda conn: article_extras.picture_name(conn, press.name, place, digest))
    return known or await _kept(press, place, digest, await press.ask(upload()))


async def _forget_cover(press: Press, text: Manuscript) -> None:
    digest = _digest(text.cover.content)
    await press.write(lambda conn: article_extras.forget_picture(conn, press.name, COVER, digest))


async def _kept(press: Press, place: str, digest: str, name: str) -> str:
    if not name:
        raise PlatformSaidNo(words("The platform took a picture and gave it no name."), do=words("Try again."))
    await press.book(lambda conn: article_extras.keep_picture(conn, press.name, place, digest, name, now=press.clock()))
    return name


async def _end(press: Press, article: ArticleRecord, step: int, result: str, *, code: int = 0, text: str = "") -> None:
    """Closes a step that came to nothing; the article says why, where nobody moved it meanwhile."""

    def end(conn: Connection) -> None:
        articles.end_step(conn, step, result, now=press.clock(), code=code, text=text)
        articles.note_trouble(conn, article, f"{code} {text}".strip() if code else text)

    await press.book(end)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
