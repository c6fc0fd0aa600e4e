"""What a person says of an article whose fate nobody knows: it is out, or it is not."""

import datetime as dt

from distributor.delivery.article import ArticleFact, ArticleState
from distributor.dispatch.article.press import NotNow
from distributor.store import articles, audit
from distributor.store.articles import ArticleRecord, Overtaken
from distributor.store.database import Database
from distributor.words import words


def settle(database: Database, article: ArticleRecord, *, arrived: bool, now: dt.datetime, actor: str) -> ArticleRecord:
    """Books that an article is out, or that it is not and may be drafted anew. Raises `NotNow` when it is not in doubt.

    Whoever says that it is not out has looked at mp.weixin.qq.com: a second article is drafted on that word.
    """
    step = article.last("publish", "mass_send")
    if article.state is not ArticleState.UNKNOWN or step is None:
        raise NotNow(words("Nothing about this article is in doubt."))
    out = ArticleFact.SENT if step.step == "mass_send" else ArticleFact.PUBLISHED
    fact = out if arrived else ArticleFact.FAIL
    try:
        with database.write() as conn:
            moved = articles.move(conn, article, fact, now=now, trouble="" if arrived else f"{actor}: not out")
            if not arrived:
                articles.fail_step(conn, step.id, actor, now=now)
                moved = articles.forget_draft(conn, moved)
            details = {"account": article.account, "state": moved.state, "arrived": arrived}
            subject = f"article:{article.id}"
            audit.append(conn, "article.settled", subject, details, actor, now, bulletin_id=article.bulletin_id)
            return moved
    except Overtaken:
        raise NotNow(words("The article was moved by somebody else meanwhile.")) from None
