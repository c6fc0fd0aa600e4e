"""What an Official Account has: drafts, published articles, mass sends, and its pictures.

Everything a test may want to look at is public; `published` and `mass_sent` are what readers really got.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Clock = Callable[[], dt.datetime]

#: publish_status of freepublish/get.
PUBLISHED, PUBLISHING = 0, 1


@dataclass(slots=True)
class Publication:
    """One task of publishing; `status` is the platform's number."""

    publish_id: str
    msg_data_id: str
    articles: list[dict[str, Any]]
    status: int = PUBLISHING


@dataclass(slots=True)
class MassSend:
    """One task of mass sending."""

    msg_id: int
    msg_data_id: int
    clientmsgid: str
    at: dt.datetime
    articles: list[dict[str, Any]]
    status: str = "SENDING"


@dataclass(slots=True)
class Account:
    """One account's state."""

    app_id: str
    secret: str = field(repr=False)
    clock: Clock
    trusted: frozenset[str] = frozenset({"127.0.0.1"})
    may_publish: bool = True
    mass_quota: int = 1
    daily_calls: dict[str, int] = field(default_factory=dict)  # by path; others may be called a thousand times
    followers: int = 1000
    materials: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    drafts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    previews: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    published: list[Publication] = field(default_factory=list)
    mass_sent: list[MassSend] = field(default_factory=list)
