"""What the recording channel does beyond the contract: scripts, and a line that does not open."""

import pytest

from distributor.channels.base import Message, OpenFailed
from distributor.channels.recording import RecordingChannel
from distributor.delivery.outcome import Fault, Outcome, Stage, Verdict
from tests.channels.letters import Checkpoints, letter

GREYLISTED = Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT)
LOST = Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT)
LOGIN_REFUSED = Outcome(Verdict.DEFERRED, Fault.ACCOUNT, Stage.AUTH)


async def test_a_script_answers_each_attempt_in_turn_and_then_takes() -> None:
    channel, checkpoint = RecordingChannel({"a@x.test": (GREYLISTED, LOST)}), Checkpoints()
    outcomes = [await channel.send(letter("a@x.test"), checkpoint) for _ in range(3)]
    assert [outcome.verdict for outcome in outcomes] == [Verdict.DEFERRED, Verdict.UNKNOWN, Verdict.ACCEPTED]
    assert checkpoint.calls == 2
    assert (len(channel.messages), len(channel.in_doubt)) == (1, 1)
    assert channel.attempts["a@x.test"] == 3


async def test_a_function_decides_by_message_and_attempt() -> None:
    def script(message: Message, attempt: int) -> Outcome | None:
        return GREYLISTED if attempt == 1 and message.envelope.recipient.startswith("a") else None

    channel = RecordingChannel(script)
    addresses = ("a@x.test", "b@x.test", "a@x.test")
    verdicts = [(await channel.send(letter(address), Checkpoints())).verdict for address in addresses]
    assert verdicts == [Verdict.DEFERRED, Verdict.ACCEPTED, Verdict.ACCEPTED]


async def test_a_line_that_does_not_open_carries_nothing_until_it_does() -> None:
    channel, checkpoint = RecordingChannel(), Checkpoints()
    channel.closed_because = LOGIN_REFUSED
    with pytest.raises(OpenFailed):
        await channel.open()
    assert await channel.send(letter(), checkpoint) is LOGIN_REFUSED
    assert (channel.is_open, checkpoint.calls, channel.messages) == (False, 0, [])
    channel.closed_because = None
    assert (await channel.send(letter(), checkpoint)).verdict is Verdict.ACCEPTED
