"""The contract of channels, kept by chats through Apprise against a platform on a socket."""

import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from distributor.channels.apprise.channel import AppriseChannel
from distributor.channels.base import Channel, Envelope, Message
from distributor.settings.apprise import AppriseChat
from tests.channels.chat_platform import ChatPlatform, HangUp, Say
from tests.channels.contract import Answer, Carrier, ChannelContract
from tests.channels.letters import NOBODY
from tests.channels.test_wecom_contract import PEOPLE


def chat_message(address: str, title: str = "云岭河长制工作简报 第12期", text: str = "- 石桥镇：巡河") -> Message:
    content = f"# {title}\n**办**\n{text}"
    document = {"msgtype": "markdown_v2", "markdown_v2": {"content": content}}
    body = json.dumps(document, ensure_ascii=False).encode()
    return Message(f"delivery of {address}", Envelope("", address), (body,))


@dataclass
class Chats(Mapping[str, AppriseChat]):
    """A chat for each address of the suite. Where a line is to be lost, nobody listens for that one try."""

    platform: ChatPlatform
    lost: dict[str, deque[bool]] = field(default_factory=lambda: defaultdict(deque))

    def __getitem__(self, name: str) -> AppriseChat:
        if name not in PEOPLE:
            raise KeyError(name)
        port = NOBODY if self.lost[name] and self.lost[name].popleft() else self.platform.port
        return AppriseChat(url=SecretStr(f"json://127.0.0.1:{port}/{quote(name)}"))

    def __iter__(self) -> Iterator[str]:
        return iter(PEOPLE)

    def __len__(self) -> int:
        return len(PEOPLE)


@dataclass
class AppriseCarrier:
    """Lines to all chats of one platform."""

    platform: ChatPlatform
    chats: Chats

    def channel(self) -> Channel:
        return AppriseChannel(self.chats)

    def letter(self, address: str) -> Message:
        return chat_message(address)

    def answers(self, address: str, *answers: Answer) -> None:
        path = f"/{address}"
        for answer in answers:
            self.chats.lost[address].append(answer is Answer.LOST_BEFORE)
            match answer:
                case Answer.NOT_NOW | Answer.NO_AFTER:
                    self.platform.script(path, [Say(429, b"slow down", taken=False)])
                case Answer.NOBODY:
                    self.platform.script(path, [Say(410, b"no_service", taken=False)])
                case Answer.LOST_AFTER:
                    self.platform.script(path, [HangUp(taken=False)])
                case Answer.TAKE:
                    self.platform.script(path, [Say()])

    def delivered(self) -> list[tuple[str, bytes]]:
        return [
            (name, chat_message(name, one.document["title"], one.document["message"].removeprefix("**办**\n")).body)
            for one in self.platform.shown
            if (name := one.path.removeprefix("/"))
        ]


class TestAppriseChannel(ChannelContract):
    @pytest.fixture
    async def carrier(self) -> AsyncIterator[Carrier]:
        async with ChatPlatform() as platform:
            yield AppriseCarrier(platform, Chats(platform))
