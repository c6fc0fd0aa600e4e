"""How many mass sends of an Official Account (公众号) this office has on record: the platform does not tell."""

import datetime as dt

from sqlalchemy import Connection, func, select

from distributor.store.article_schema import article, article_step

#: Results that cost no quota: the platform took nothing, or it came to nothing afterwards (“one success a day”).
_FREE = ("refused", "not_taken", "failed")


def mass_sends_since(conn: Connection, account: str, since: dt.datetime) -> int:
    """Those that were begun at or after `since` (UTC) and went out, or may have."""
    steps = article_step.join(article, article.c.id == article_step.c.article_id)
    mine = (article.c.account == account, article_step.c.step == "mass_send", article_step.c.begun_at >= since)
    query = select(func.count()).select_from(steps).where(*mine, article_step.c.result.not_in(_FREE))
    return conn.execute(query).scalar_one()
