"""Pictures and files that an app hands over before its message, each once, however many copies show it.

A media id serves the whole enterprise for three days (developer.work.weixin.qq.com/document/path/90253). A picture
within an mpnews has an address that lasts, and an enterprise gets 1,000 of these a day, 3,000 a month (90256). The
platform knows a message again by its bytes, and a media id is among them: so names are kept, and used again.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from distributor.channels.base import File
from distributor.channels.wechat.interface import Answer, Unanswered
from distributor.channels.wechat.meaning import WECOM, refused
from distributor.channels.wechat.token import NoToken
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict

_MEDIA, _PICTURE = "/cgi-bin/media/upload", "/cgi-bin/media/uploadimg"


class Kind(StrEnum):
    """What the platform takes a file for."""

    FILE = "file"
    IMAGE = "image"
    PICTURE = "picture"  # within an mpnews: it has no media id but an address


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two uploads the same: whose they are (企业ID), what for, and the digest of name and content."""

    owner: str
    kind: Kind
    digest: str


class Memory(Protocol):
    """Keeps what the platform named an upload, for as long as that is of use."""

    async def find(self, key: Key) -> str:
        """The name; empty when there is none that lives for long enough."""

    async def keep(self, key: Key, name: str, *, instead_of: str) -> str:
        """Keeps a name unless another one is there already, and returns the one that stays.

        `instead_of` is a name that the platform does not know any more.
        """


class Forgetful:
    """A `Memory` for one process and a few hours: it knows no time, and an app lives no longer than its settings."""

    def __init__(self) -> None:
        self._names: dict[Key, str] = {}

    async def find(self, key: Key) -> str:
        return self._names.get(key, "")

    async def keep(self, key: Key, name: str, *, instead_of: str) -> str:
        if self._names.get(key, instead_of) == instead_of:
            self._names[key] = name
        return self._names[key]


class UploadFailed(Exception):
    """The platform did not take a file; `outcome` is that of the message, of which nothing was sent."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome.reply))
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file the platform has, and its name there. `fresh`: it was handed over just now."""

    file: File
    name: str
    fresh: bool


HandOver = Callable[[str, File, Mapping[str, str]], Awaitable[Answer]]


class Uploads:
    """The uploads of one app; two lines that need the same file wait for one upload."""

    def __init__(self, hand_over: HandOver, owner: str, memory: Memory) -> None:
        self._hand_over = hand_over
        self._owner = owner
        self._memory = memory
        self._uploading = asyncio.Lock()
        self._ended: set[str] = set()

    async def take(self, file: File) -> Uploaded:
        """The file's name on the platform, which gets it now if it must. Raises `UploadFailed`.

        What the memory raises goes through.
        """
        key = _key(self._owner, file)
        if name := await self._known(key):
            return Uploaded(file, name, fresh=False)
        async with self._uploading:
            if name := await self._known(key):
                return Uploaded(file, name, fresh=False)
            ended = await self._memory.find(key)
            name = await self._upload(key.kind, file)
            return Uploaded(file, await self._memory.keep(key, name, instead_of=ended), fresh=True)

    def end(self, name: str) -> None:
        """The platform does not know this name any more: the next message has its file uploaded again."""
        self._ended.add(name)

    async def _known(self, key: Key) -> str:
        name = await self._memory.find(key)
        return "" if name in self._ended else name

    async def _upload(self, kind: Kind, file: File) -> str:
        try:
            if kind is Kind.PICTURE:
                answer, field = await self._hand_over(_PICTURE, file, {}), "url"
            else:
                answer, field = await self._hand_over(_MEDIA, file, {"type": kind.value}), "media_id"
        except NoToken as trouble:
            raise UploadFailed(refused(trouble.answer, Stage.AUTH, WECOM)) from None
        except Unanswered as trouble:
            raise UploadFailed(_not_now(trouble.reason)) from None
        if answer.errcode:
            raise UploadFailed(refused(answer, Stage.UPLOAD, WECOM))
        if not answer.text(field):
            raise UploadFailed(_not_now(f"an answer without {field}"))
        return answer.text(field)


def _key(owner: str, file: File) -> Key:
    kind = Kind.PICTURE if file.printed else Kind.IMAGE if file.media_type.startswith("image/") else Kind.FILE
    return Key(owner, kind, hashlib.sha256(file.name.encode() + b"\0" + file.content).hexdigest())


def _not_now(reason: str) -> Outcome:
    """Nothing was sent: an upload that may have arrived is made again and hurts nobody."""
    return Outcome(Verdict.DEFERRED, Fault.NETWORK, Stage.UPLOAD, Reply(text=reason))
