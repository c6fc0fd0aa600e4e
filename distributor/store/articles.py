"""Articles (公众号) as stored: moved along the law by compare-and-set, every step opened before its request."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, insert, select, update

from distributor.delivery.article import LATE, OUT, UNDER_WAY, ArticleFact, ArticleState, advance, allows
from distributor.store.article_schema import article, article_readers, article_step
from distributor.store.attempts import plain
from distributor.store.turns import take_turns


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step: `result` is empty while its answer is not known, then done, refused, lost, not_taken
    or failed."""

    id: int
    step: str
    actor: str
    media_id: str
    begun_at: dt.datetime
    ended_at: dt.datetime | None
    result: str
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """One edition at one account. `readers` counts by the platform's days; the same person may read on two of them."""

    id: int
    bulletin_id: int
    account: str
    state: ArticleState
    epoch: int
    own_id: str
    digest: str
    media_id: str
    publish_id: str
    msg_id: str
    statistics_id: str
    address: str
    trouble: str
    changed_at: dt.datetime
    out_at: dt.datetime | None
    look_at: dt.datetime | None
    steps: tuple[StepRecord, ...] = ()
    readers: tuple[tuple[dt.date, int], ...] = ()

    def last(self, *steps: str) -> StepRecord | None:
        """The newest step of these kinds."""
        return next((one for one in reversed(self.steps) if one.step in steps), None)


class Overtaken(Exception):
    """The article was moved by somebody else meanwhile, or the law has no such arrow; nothing was changed."""


def get_article(conn: Connection, article_id: int) -> ArticleRecord:
    """The article with this id, which must be there."""
    return _many(conn, select(article).where(article.c.id == article_id))[0]


def find_article(conn: Connection, bulletin_id: int, account: str) -> ArticleRecord | None:
    """The article of one edition at one account; None when nobody has asked for it."""
    wanted = select(article).where(article.c.bulletin_id == bulletin_id, article.c.account == account)
    return next(iter(_many(conn, wanted)), None)


def articles_of(conn: Connection, bulletin_id: int) -> tuple[ArticleRecord, ...]:
    """The articles of one edition, by account."""
    return _many(conn, select(article).where(article.c.bulletin_id == bulletin_id).order_by(article.c.account))


def articles_to_look_at(conn: Connection, account: str, *, now: dt.datetime) -> tuple[ArticleRecord, ...]:
    """The articles that are under way and whose time to be looked at has come, the longest waiting first."""
    due = select(article).where(article.c.account == account, article.c.look_at <= now)
    return _many(conn, due.where(article.c.state.in_(sorted(UNDER_WAY))).order_by(article.c.look_at))


def articles_out_since(conn: Connection, account: str, since: dt.datetime) -> tuple[ArticleRecord, ...]:
    """The articles that went out since then and whose readers can be counted."""
    out = select(article).where(article.c.account == account, article.c.out_at >= since)
    return _many(conn, out.where(article.c.statistics_id != "").order_by(article.c.id))


def has_gone_out(conn: Connection, bulletin_id: int) -> bool:
    """Whether an article of this edition is out, or may be."""
    maybe = article.c.state.in_(sorted(UNDER_WAY | OUT | {ArticleState.UNKNOWN}))
    return conn.execute(select(exists().where(article.c.bulletin_id == bulletin_id, maybe))).scalar_one()


def drafts_of_others(conn: Connection, record: ArticleRecord) -> frozenset[str]:
    """Drafts that belong to other editions at the same account."""
    others = select(article.c.media_id).where(article.c.account == record.account, article.c.id != record.id)
    return frozenset(conn.execute(others).scalars())


def make_article(conn: Connection, bulletin_id: int, account: str, own_id: str, *, now: dt.datetime) -> ArticleRecord:
    """The article of one edition at one account, made when there is none yet."""
    take_turns(conn, [f"article:{bulletin_id}:{account}"])
    found = find_article(conn, bulletin_id, account)
    if found is not None:
        return found
    texts = dict.fromkeys(("digest", "media_id", "publish_id", "msg_id", "statistics_id", "address", "trouble"), "")
    row = {"bulletin_id": bulletin_id, "account": account, "state": ArticleState.NEW, "epoch": 0, "own_id": own_id}
    conn.execute(insert(article).values(**row, **texts, changed_at=now))
    made = find_article(conn, bulletin_id, account)
    assert made is not None
    return made


def move(
    conn: Connection,
    record: ArticleRecord,
    fact: ArticleFact,
    *,
    now: dt.datetime,
    look_at: dt.datetime | None = None,
    trouble: str = "",
    ids: Mapping[str, str] | None = None,
) -> ArticleRecord:
    """Moves an article by a fact about what `record` shows, and books the platform's ids, by their columns.

    Raises `Overtaken` when the row is not as `record` says any more, unless the fact is true whenever it comes, or
    when the law has no such arrow.
    """
    present = _locked(conn, record)
    if (present.epoch != record.epoch and fact not in LATE) or not allows(present.state, fact):
        raise Overtaken
    state = advance(present.state, fact)
    out_at = now if fact in (ArticleFact.PUBLISHED, ArticleFact.SENT) else present.out_at
    values = {"state": state, "epoch": present.epoch + 1, "look_at": look_at, "trouble": plain(trouble)}
    conn.execute(
        update(article).where(article.c.id == record.id).values(**values, out_at=out_at, changed_at=now, **(ids or {}))
    )
    return get_article(conn, record.id)


def look_again(conn: Connection, record: ArticleRecord, at: dt.datetime, *, trouble: str = "") -> None:
    """Puts the next look off. Does nothing when the article was moved meanwhile."""
    same = (article.c.id == record.id, article.c.epoch == record.epoch)
    conn.execute(update(article).where(*same).values(look_at=at, trouble=plain(trouble)))


def forget_draft(conn: Connection, record: ArticleRecord) -> ArticleRecord:
    """The draft is gone and no request of ours took it. Raises `Overtaken`."""
    present = _locked(conn, record)
    if present.epoch != record.epoch:
        raise Overtaken
    conn.execute(update(article).where(article.c.id == record.id).values(media_id=""))
    return get_article(conn, record.id)


def wake(conn: Connection, account: str, *, now: dt.datetime) -> int:
    """Makes everything that the platform has taken at this account due for a look; how many there are."""
    taken = (ArticleState.PUBLISH_TAKEN, ArticleState.SEND_TAKEN)
    waiting = (article.c.account == account, article.c.state.in_(taken), article.c.look_at > now)
    return conn.execute(update(article).where(*waiting).values(look_at=now)).rowcount


def begin_step(conn: Connection, record: ArticleRecord, step: str, *, actor: str, now: dt.datetime) -> int:
    """Opens a step, before its request; returns its id."""
    texts = {"step": step, "actor": actor, "media_id": record.media_id, "result": "", "code": 0, "text": ""}
    opened = insert(article_step).values(article_id=record.id, begun_at=now, **texts).returning(article_step.c.id)
    number: int = conn.execute(opened).scalar_one()
    return number


def end_step(
    conn: Connection, step_id: int, result: str, *, now: dt.datetime, code: int = 0, text: str = "", media_id: str = ""
) -> None:
    """Closes a step with what came of it; a step that is closed stays as it is."""
    values = {"ended_at": now, "result": result, "code": code, "text": plain(text)}
    if media_id:
        values["media_id"] = media_id
    open_one = (article_step.c.id == step_id, article_step.c.ended_at.is_(None))
    conn.execute(update(article_step).where(*open_one).values(**values))


def fail_step(conn: Connection, step_id: int, text: str, *, now: dt.datetime) -> None:
    """What a step began came to nothing, as the platform or a person says afterwards."""
    values = {"ended_at": now, "result": "failed", "text": plain(text)}
    conn.execute(update(article_step).where(article_step.c.id == step_id).values(**values))


def note_trouble(conn: Connection, record: ArticleRecord, trouble: str) -> None:
    """Books why a step came to nothing, where nobody moved the article meanwhile."""
    same = (article.c.id == record.id, article.c.epoch == record.epoch)
    conn.execute(update(article).where(*same).values(trouble=plain(trouble)))


def _locked(conn: Connection, record: ArticleRecord) -> ArticleRecord:
    """The row as it is now; nobody else moves it before this transaction ends."""
    conn.execute(select(article.c.id).where(article.c.id == record.id).with_for_update())
    return get_article(conn, record.id)


def _many(conn: Connection, query: Select[Any]) -> tuple[ArticleRecord, ...]:
    rows = conn.execute(query).all()
    steps, readers = _steps(conn, [row.id for row in rows]), _readers(conn, [row.id for row in rows])
    return tuple(_record(row, steps.get(row.id, ()), readers.get(row.id, ())) for row in rows)


def _steps(conn: Connection, ids: Collection[int]) -> dict[int, tuple[StepRecord, ...]]:
    query = select(article_step).where(article_step.c.article_id.in_(ids)).order_by(article_step.c.id)
    found: dict[int, tuple[StepRecord, ...]] = {}
    for row in conn.execute(query):
        found[row.article_id] = (*found.get(row.article_id, ()), _step(row))
    return found


def _step(row: Row[Any]) -> StepRecord:
    return StepRecord(
        id=row.id,
        step=row.step,
        actor=row.actor,
        media_id=row.media_id,
        begun_at=row.begun_at,
        ended_at=row.ended_at,
        result=row.result,
        code=row.code,
        text=row.text,
    )


def _readers(conn: Connection, ids: Collection[int]) -> dict[int, tuple[tuple[dt.date, int], ...]]:
    query = select(article_readers).where(article_readers.c.article_id.in_(ids)).order_by(article_readers.c.day)
    found: dict[int, tuple[tuple[dt.date, int], ...]] = {}
    for row in conn.execute(query):
        found[row.article_id] = (*found.get(row.article_id, ()), (row.day, row.readers))
    return found


def _record(row: Row[Any], steps: tuple[StepRecord, ...], readers: tuple[tuple[dt.date, int], ...]) -> ArticleRecord:
    return ArticleRecord(
        id=row.id,
        bulletin_id=row.bulletin_id,
        account=row.account,
        state=ArticleState(row.state),
        epoch=row.epoch,
        own_id=row.own_id,
        digest=row.digest,
        media_id=row.media_id,
        publish_id=row.publish_id,
        msg_id=row.msg_id,
        statistics_id=row.statistics_id,
        address=row.address,
        trouble=row.trouble,
        changed_at=row.changed_at,
        out_at=row.out_at,
        look_at=row.look_at,
        steps=steps,
        readers=readers,
    )
