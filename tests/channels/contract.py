"""What every channel must do: one suite, run against each of them (docs/adding-a-channel.md).

A channel's tests derive from `ChannelContract` and give it a `carrier` fixture: the channel and a
counterpart that can be told how to answer and that knows what it has really taken.
"""

import asyncio
from enum import Enum, auto
from typing import Protocol

import pytest

from distributor.channels.base import Channel, ClaimLost, Message
from distributor.delivery.outcome import Fault, Stage, Verdict
from tests.channels.letters import Checkpoints


class Answer(Enum):
    """How the other side treats one attempt."""

    TAKE = auto()
    NOT_NOW = auto()  # a temporary refusal before the irrevocable step
    NOBODY = auto()  # a final refusal of the recipient before the irrevocable step
    LOST_BEFORE = auto()  # the line breaks before the irrevocable step
    LOST_AFTER = auto()  # the line breaks after it, and no answer came
    NO_AFTER = auto()  # a temporary refusal as the answer to it


class Carrier(Protocol):
    """One channel's counterpart in a test."""

    def channel(self) -> Channel:
        """A new line to the same counterpart, not open yet."""

    def letter(self, address: str) -> Message:
        """A message to one address, in this medium's form."""

    def answers(self, address: str, *answers: Answer) -> None:
        """How the next attempts for an address are treated; afterwards everything is taken."""

    def delivered(self) -> list[tuple[str, bytes]]:
        """Recipient and body of everything that was really taken, in order."""


class ChannelContract:
    """Derive, and override the `carrier` fixture."""

    @pytest.fixture
    def carrier(self) -> Carrier:
        raise NotImplementedError

    async def test_a_letter_is_taken_once_and_arrives_as_it_is(self, carrier: Carrier) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        await channel.open()
        outcome = await channel.send(carrier.letter("a@example.gov.cn"), checkpoint)
        await channel.close()
        assert outcome.verdict is Verdict.ACCEPTED
        assert outcome.fault is Fault.NONE
        assert carrier.delivered() == [("a@example.gov.cn", carrier.letter("a@example.gov.cn").body)]

    async def test_the_checkpoint_comes_once_and_before_anything_is_delivered(self, carrier: Carrier) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints(during=carrier.delivered)
        await channel.send(carrier.letter("lisi@example.gov.cn"), checkpoint)
        await channel.close()
        assert checkpoint.seen == [[]]

    async def test_a_lost_claim_stops_the_letter(self, carrier: Carrier) -> None:
        channel = carrier.channel()
        with pytest.raises(ClaimLost):
            await channel.send(carrier.letter("a@example.gov.cn"), Checkpoints(answer=False))
        outcome = await channel.send(carrier.letter("b@example.gov.cn"), Checkpoints())
        await channel.close()
        assert outcome.verdict is Verdict.ACCEPTED
        assert [address for address, _ in carrier.delivered()] == ["b@example.gov.cn"]

    async def test_a_checkpoint_that_fails_stops_the_letter(self, carrier: Carrier) -> None:
        channel = carrier.channel()
        with pytest.raises(OSError, match="disk full"):
            await channel.send(carrier.letter("a@example.gov.cn"), Checkpoints(error=OSError("disk full")))
        outcome = await channel.send(carrier.letter("b@example.gov.cn"), Checkpoints())
        await channel.close()
        assert outcome.verdict is Verdict.ACCEPTED
        assert [address for address, _ in carrier.delivered()] == ["b@example.gov.cn"]

    @pytest.mark.parametrize(
        ("answer", "verdict"),
        [
            pytest.param(Answer.NOT_NOW, Verdict.DEFERRED, id="temporary"),
            pytest.param(Answer.NOBODY, Verdict.REJECTED, id="final"),
            pytest.param(Answer.LOST_BEFORE, Verdict.DEFERRED, id="lost"),
        ],
    )
    async def test_trouble_before_the_irrevocable_step_delivers_nothing(
        self, carrier: Carrier, answer: Answer, verdict: Verdict
    ) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        carrier.answers("a@example.gov.cn", answer)
        outcome = await channel.send(carrier.letter("a@example.gov.cn"), checkpoint)
        await channel.close()
        assert outcome.verdict is verdict
        assert outcome.stage is not Stage.DOT
        assert carrier.delivered() == []

    async def test_a_line_lost_after_the_irrevocable_step_leaves_the_letter_unknown(self, carrier: Carrier) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        carrier.answers("a@example.gov.cn", Answer.LOST_AFTER)
        outcome = await channel.send(carrier.letter("a@example.gov.cn"), checkpoint)
        await channel.close()
        assert outcome.verdict is Verdict.UNKNOWN
        assert checkpoint.calls == 1

    async def test_a_refusal_that_answers_the_irrevocable_step_is_no_doubt(self, carrier: Carrier) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        carrier.answers("a@example.gov.cn", Answer.NO_AFTER)
        outcome = await channel.send(carrier.letter("a@example.gov.cn"), checkpoint)
        await channel.close()
        assert outcome.verdict is Verdict.DEFERRED
        assert checkpoint.calls == 1
        assert carrier.delivered() == []

    async def test_a_deferred_letter_is_taken_at_the_next_try(self, carrier: Carrier) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        carrier.answers("a@example.gov.cn", Answer.NOT_NOW, Answer.LOST_BEFORE)
        verdicts = [(await channel.send(carrier.letter("a@example.gov.cn"), checkpoint)).verdict for _ in range(3)]
        await channel.close()
        assert verdicts == [Verdict.DEFERRED, Verdict.DEFERRED, Verdict.ACCEPTED]
        assert [address for address, _ in carrier.delivered()] == ["a@example.gov.cn"]

    async def test_each_letter_on_a_line_has_its_own_outcome(self, carrier: Carrier) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        for address, answer in (
            ("b@x.test", Answer.NOT_NOW),
            ("d@x.test", Answer.NOBODY),
            ("f@x.test", Answer.LOST_AFTER),
        ):
            carrier.answers(address, answer)
        addresses = [f"{name}@x.test" for name in "abcdefg"]
        outcomes = [await channel.send(carrier.letter(address), checkpoint) for address in addresses]
        await channel.close()
        assert "".join(outcome.verdict[0] for outcome in outcomes) == "adaraua"
        assert [address for address, _ in carrier.delivered()] == ["a@x.test", "c@x.test", "e@x.test", "g@x.test"]

    @pytest.mark.parametrize(
        "poison", ["没有@example.gov.cn", "a b@example.gov.cn", "x@y>\r\nRCPT TO:<z@y", "", "x" * 300]
    )
    async def test_a_poison_address_hurts_nobody_else(self, carrier: Carrier, poison: str) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        before = await channel.send(carrier.letter("a@x.test"), checkpoint)
        outcome = await channel.send(carrier.letter(poison), checkpoint)
        after = await channel.send(carrier.letter("b@x.test"), checkpoint)
        await channel.close()
        assert outcome.verdict is Verdict.REJECTED
        assert outcome.fault is Fault.RECIPIENT
        assert outcome.reply.text
        assert (before.verdict, after.verdict) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
        assert [address for address, _ in carrier.delivered()] == ["a@x.test", "b@x.test"]

    async def test_closing_twice_and_opening_again_is_fine(self, carrier: Carrier) -> None:
        channel, checkpoint = carrier.channel(), Checkpoints()
        await channel.close()
        await channel.open()
        await channel.open()
        await channel.send(carrier.letter("a@x.test"), checkpoint)
        await channel.close()
        await channel.close()
        await channel.send(carrier.letter("b@x.test"), checkpoint)
        await channel.close()
        assert [address for address, _ in carrier.delivered()] == ["a@x.test", "b@x.test"]

    async def test_many_lines_carry_at_once(self, carrier: Carrier) -> None:
        async def work(name: str) -> list[Verdict]:
            channel = carrier.channel()
            letters = [carrier.letter(f"{name}{number}@x.test") for number in range(5)]
            verdicts = [(await channel.send(each, Checkpoints())).verdict for each in letters]
            await channel.close()
            return verdicts

        verdicts = await asyncio.gather(*(work(name) for name in "abcdefgh"))
        assert {verdict for line in verdicts for verdict in line} == {Verdict.ACCEPTED}
        assert sorted(address for address, _ in carrier.delivered()) == sorted(
            f"{name}{number}@x.test" for name in "abcdefgh" for number in range(5)
        )
