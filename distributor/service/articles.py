"""Looks after articles (公众号): asks the platform until each has its last word, and for the readers of each day.

It looks and never sends: what leaves, leaves on an editor's word. One process at a time works with an account; who
finds the place taken comes back later, for the rows say what is due.
"""

import asyncio
import datetime as dt

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import PlatformRefused
from distributor.delivery.article import OUT, ArticleState
from distributor.dispatch.article.figures import count_readers, countable, wanted_days
from distributor.dispatch.article.looking import look
from distributor.dispatch.article.press import AccountBusy, Press, at_work
from distributor.dispatch.article.trouble import advice
from distributor.errors import DistributorError, Unavailable
from distributor.log import log
from distributor.service.office import Office
from distributor.store.articles import ArticleRecord, articles_to_look_at
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.words import words

_log = log("articles")

#: How often the rows are asked what is due; the platform itself is asked as `delivery.article.next_look` says.
ROUND = 5.0

#: How often figures that are missing are asked for: they come once a day, at an hour that the platform does not say.
FIGURES = dt.timedelta(hours=3)


class Articles:
    """Looks after the articles of every account of the settings until the office stops."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._counted_at: dict[str, dt.datetime] = {}

    async def run(self) -> None:
        """Looks again and again. No trouble ends it."""
        while not self._office.stopping.is_set():
            for name in tuple(self._office.settings.official_account):
                try:
                    await self.once(name)
                except Unavailable as error:
                    _log.error("article.interrupted", account=name, what=str(error))
                except Exception as error:  # a fault in here must not stop the sending beside it
                    _log.error("article.broken", what=str(error), kind=type(error).__name__, exc_info=True)
            try:
                await asyncio.wait_for(self._office.stopping.wait(), ROUND)
            except TimeoutError:
                continue

    async def once(self, name: str) -> None:
        """Does what is due at one account, if anything is. Raises `Unavailable` when the database is away."""
        now = self._office.clock()
        due, figures = await asyncio.to_thread(self._due, name, now)
        if not due and not figures:
            return
        office = self._office
        try:
            async with at_work(office.database, office.settings, name, owner=office.owner, clock=office.clock) as press:
                for article in due:
                    await self._look(press, article)
                if figures:
                    await self._count(press)
        except AccountBusy:
            return
        except Unavailable:
            raise
        except DistributorError as error:  # no secret, a damaged CA file: an admin's to correct
            what = words("Articles of {name} are not looked after: {error}", name=name, error=str(error))
            await asyncio.to_thread(office.tell, f"article:{name}", what)

    def _due(self, name: str, now: dt.datetime) -> tuple[tuple[ArticleRecord, ...], bool]:
        with self._office.database.read() as conn:
            due = articles_to_look_at(conn, name, now=now)
            return due, self._is_time_to_count(conn, name, now)

    def _is_time_to_count(self, conn: Connection, name: str, now: dt.datetime) -> bool:
        last = self._counted_at.get(name)
        if last is not None and last <= now < last + FIGURES:
            return False
        self._counted_at[name] = now
        return bool(wanted_days(countable(conn, name, now), now))

    async def _look(self, press: Press, article: ArticleRecord) -> None:
        try:
            after = await look(press, article, self._office.settings)
        except PlatformRefused as refusal:
            what = words(
                "The platform refuses to say how an article goes ({reply}). {do}",
                reply=str(refusal.outcome.reply),
                do=advice(refusal),
            )
            await asyncio.to_thread(self._office.tell, f"article:{press.name}:{refusal.errcode}", what)
        except Unanswered as trouble:
            _log.warning("article.unanswered", account=press.name, what=trouble.reason)
        else:
            await asyncio.to_thread(self._tell, article, after)

    async def _count(self, press: Press) -> None:
        try:
            booked = await count_readers(press)
        except (PlatformRefused, Unanswered) as trouble:
            _log.warning("article.no_figures", account=press.name, what=str(trouble))
        else:
            _log.info("article.counted", account=press.name, figures=booked)

    def _tell(self, before: ArticleRecord, after: ArticleRecord) -> None:
        """Logs how an article went on, and tells the editors what needs them."""
        if before.state is after.state:
            return
        _log.info("article.moved", article=after.id, account=after.account, state=after.state, address=after.address)
        if after.state in OUT:
            return
        with self._office.database.read() as conn:
            title = get_bulletin(conn, after.bulletin_id).title
        if after.state is ArticleState.FAILED:
            gaps = {"label": title, "trouble": after.trouble}
            what = words("{label}: the platform did not let the article through ({trouble}).", **gaps)
        elif after.state is ArticleState.UNKNOWN:
            what = words(
                "{label}: nobody knows whether the article is out. Look at mp.weixin.qq.com, then: distributor article "
                "'#{id}' with --arrived or --lost",
                label=title,
                id=after.bulletin_id,
            )
        elif after.state is ArticleState.DRAFTED:
            what = words("{label}: the article did not go; its draft is there. Say it again if it should.", label=title)
        else:
            return
        self._office.tell(f"article:{after.id}:{after.epoch}", what, repeats=False)
