"""What a WeCom company has: members, apps, robots, and everything that was really put before people's eyes."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Member:
    """A person. `licensed` False: in sight of the app, but without the interface licence."""

    userid: str
    mobile: str = ""
    email: str = ""
    licensed: bool = True


@dataclass(frozen=True, slots=True)
class App:
    """A self-built app. `visible` None: everybody sees it. `trusted` are the addresses that may call it."""

    agent_id: int
    secret: str = field(repr=False)
    visible: frozenset[str] | None = None
    trusted: frozenset[str] = frozenset({"127.0.0.1"})
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One message before one reader's eyes: a member's phone, or a group chat (`reader` is the robot's key).

    `cut` says that the platform had to truncate a field, or to take a picture out: a caller should never rely on that.
    """

    msgid: str
    agent_id: int
    reader: str
    kind: str
    content: Mapping[str, Any]
    at: dt.datetime
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that the platform took and silently showed to nobody."""

    agent_id: int
    reader: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Media:
    """An uploaded file; `owner` is None for the company's own, else the robot's key that alone may use it."""

    media_id: str
    kind: str
    name: str
    content: bytes
    at: dt.datetime
    owner: str | None = None


@dataclass(slots=True)
class Company:
    """One company's state. Everything a test may want to look at is public."""

    corp_id: str
    clock: Clock
    members: dict[str, Member] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    robots: set[str] = field(default_factory=set)
    retired_robots: set[str] = field(default_factory=set)
    shown: list[Shown] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    recalled: set[str] = field(default_factory=set)
    media: dict[str, Media] = field(default_factory=dict)
    pictures: dict[str, Media] = field(default_factory=dict)  # of articles, by address
    greyed: dict[tuple[str, str], str] = field(default_factory=dict)  # (msgid, userid) -> the button's new words

    def add_member(self, member: Member) -> None:
        """Members are found whatever the case of the letters; answers name them in lower case."""
        self.members[member.userid.lower()] = member

    def before(self, reader: str) -> list[Shown]:
        """What a reader has before his eyes now, in order; recalled messages are gone."""
        return [one for one in self.shown if one.reader == reader and one.msgid not in self.recalled]
