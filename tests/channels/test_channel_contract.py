"""The contract, kept by each channel."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from distributor.channels.base import Channel, Message
from distributor.channels.recording import RecordingChannel
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from tests.channels.contract import Answer, Carrier, ChannelContract
from tests.channels.letters import channel_to, letter
from tests.channels.server import Drop, Say, ScriptedServer

RECORDED = {
    Answer.NOT_NOW: Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT, Reply(450, "4.2.0", "not now")),
    Answer.NOBODY: Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT, Reply(550, "5.1.1", "nobody")),
    Answer.LOST_BEFORE: Outcome(Verdict.DEFERRED, Fault.NETWORK, Stage.BODY),
    Answer.LOST_AFTER: Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT),
    Answer.NO_AFTER: Outcome(Verdict.DEFERRED, Fault.NONE, Stage.DOT, Reply(451, "4.3.0", "not now")),
}


@dataclass
class Recorder:
    """Several recording channels with one memory."""

    script: dict[str, list[Answer]] = field(default_factory=dict)
    channels: list[RecordingChannel] = field(default_factory=list)

    def channel(self) -> Channel:
        self.channels.append(RecordingChannel(self._answer))
        return self.channels[-1]

    def letter(self, address: str) -> Message:
        return letter(address)

    def answers(self, address: str, *answers: Answer) -> None:
        self.script.setdefault(address, []).extend(answers)

    def delivered(self) -> list[tuple[str, bytes]]:
        messages = (message for channel in self.channels for message in channel.messages)
        return [(message.envelope.recipient, message.body) for message in messages]

    def _answer(self, message: Message, attempt: int) -> Outcome | None:
        answers = self.script.get(message.envelope.recipient, [])
        return RECORDED.get(answers[attempt - 1]) if attempt <= len(answers) else None


class TestRecordingChannel(ChannelContract):
    @pytest.fixture
    def carrier(self) -> Carrier:
        return Recorder()


@dataclass
class SmtpCarrier:
    """SMTP channels to one scripted server."""

    server: ScriptedServer

    def channel(self) -> Channel:
        return channel_to(self.server)

    def letter(self, address: str) -> Message:
        return letter(address)

    def answers(self, address: str, *answers: Answer) -> None:
        for answer in answers:
            match answer:
                case Answer.NOT_NOW:
                    self.server.plan("RCPT", Say("450 4.2.0 not now"), address=address)
                case Answer.NOBODY:
                    self.server.plan("RCPT", Say("550 5.1.1 nobody"), address=address)
                case Answer.LOST_BEFORE:
                    self.server.plan("BODY", Drop(), address=address)
                case Answer.LOST_AFTER:
                    self.server.plan("DOT", Drop(), address=address)
                case Answer.NO_AFTER:
                    self.server.plan("DOT", Say("451 4.3.0 not now"), address=address)

    def delivered(self) -> list[tuple[str, bytes]]:
        return [(letter.recipient, letter.body) for letter in self.server.delivered]


class TestSmtpChannel(ChannelContract):
    @pytest.fixture(params=[True, False], ids=["pipelining", "verb by verb"])
    async def carrier(self, request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
        async with ScriptedServer(pipelining=request.param) as server:
            yield SmtpCarrier(server)
