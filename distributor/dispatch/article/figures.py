"""How many people read an article on each day, as the platform counts them: never who (datacube/getarticleread).

The platform has a day's figure on the day after. The same person may be counted on two days.
"""

import datetime as dt
from collections import defaultdict
from functools import partial
from zoneinfo import ZoneInfo

from distributor.delivery.article import days_to_ask
from distributor.dispatch.article.press import Press
from distributor.store import article_extras, articles
from distributor.store.articles import ArticleRecord
from distributor.store.database import Connection

#: The platform's days, whatever the office's zone is.
PLATFORM_ZONE = ZoneInfo("Asia/Shanghai")

_LONGEST = dt.timedelta(days=32)


def wanted_days(found: tuple[ArticleRecord, ...], now: dt.datetime) -> dict[dt.date, list[ArticleRecord]]:
    """The days to ask for at `now` (UTC), oldest first, and the articles that lack them."""
    today = now.astimezone(PLATFORM_ZONE).date()
    days: defaultdict[dt.date, list[ArticleRecord]] = defaultdict(list)
    for one in found:
        out_on = one.out_at.astimezone(PLATFORM_ZONE).date() if one.out_at else today
        for day in days_to_ask(out_on, today, [known for known, _ in one.readers]):
            days[day].append(one)
    return dict(sorted(days.items()))


def countable(conn: Connection, account: str, now: dt.datetime) -> tuple[ArticleRecord, ...]:
    """The articles whose readers are still counted."""
    return articles.articles_out_since(conn, account, now - _LONGEST)


async def count_readers(press: Press) -> int:
    """Asks for the figures that are missing, one request a day; how many were booked.

    Raises `PlatformRefused` and `Unanswered`; what was booked before stays.
    """
    now = press.clock()
    found = await press.read(lambda conn: countable(conn, press.name, now))
    booked = 0
    for day, lacking in wanted_days(found, now).items():
        figures = await press.ask(press.platform.readers(day.isoformat()))
        present = [(one.id, figures[one.statistics_id]) for one in lacking if one.statistics_id in figures]
        if present:
            await press.book(partial(_note, present=present, day=day, now=now))
        booked += len(present)
    return booked


def _note(conn: Connection, *, present: list[tuple[int, int]], day: dt.date, now: dt.datetime) -> None:
    for article_id, readers in present:
        article_extras.note_readers(conn, article_id, day, readers, now=now)
