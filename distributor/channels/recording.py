"""The email channel without a wire: carries nothing and remembers everything, for tests and `--dry-run`.

It keeps the contract of a real channel: what SMTP could not express is refused with the same
words, and the checkpoint is awaited before a message counts as taken.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from distributor.channels.base import Checkpoint, ClaimLost, Message, OpenFailed
from distributor.channels.smtp.envelope import Offer, Unfit, mail_line, rcpt_line, wire_body
from distributor.delivery.outcome import Outcome, Reply, Stage, Verdict

#: What is answered: by address, the outcomes of its attempts in order (then accepted again),
#: or a function of the message and the number of the attempt, counted from 1. None: accepted.
Script = Mapping[str, Sequence[Outcome]] | Callable[[Message, int], Outcome | None]

TAKEN = Outcome(Verdict.ACCEPTED, stage=Stage.DOT, reply=Reply(250, "2.0.0", "recorded"))


class RecordingChannel:
    """A `Channel` in memory. `messages` holds what was accepted, `in_doubt` what ended unknown, in order."""

    def __init__(self, script: Script | None = None, *, name: str = "email") -> None:
        self.name = name
        self.messages: list[Message] = []
        self.in_doubt: list[Message] = []
        #: How often each address was tried.
        self.attempts: Counter[str] = Counter()
        #: Set it to make `open` fail, and `send` with it, until it is None again.
        self.closed_because: Outcome | None = None
        self.is_open = False
        self._script: Script = {} if script is None else script

    async def open(self) -> None:
        """Raises `OpenFailed` while `closed_because` is set."""
        if self.closed_because is not None:
            self.is_open = False
            raise OpenFailed(self.closed_because)
        self.is_open = True

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        """Answers as the script says. Outcomes of a stage before the dot come without a checkpoint."""
        try:
            await self.open()
            _check(message)
        except (OpenFailed, Unfit) as error:
            return error.outcome
        outcome = self._answer(message)
        if outcome.stage is not Stage.DOT and outcome.verdict is not Verdict.ACCEPTED:
            return outcome
        if not await checkpoint():
            raise ClaimLost
        if outcome.verdict is Verdict.ACCEPTED:
            self.messages.append(message)
        elif outcome.verdict is Verdict.UNKNOWN:
            self.in_doubt.append(message)
        return outcome

    async def close(self) -> None:
        """Nothing is lost; `send` opens again."""
        self.is_open = False

    def _answer(self, message: Message) -> Outcome:
        address = message.envelope.recipient
        self.attempts[address] += 1
        attempt = self.attempts[address]
        if callable(self._script):
            return self._script(message, attempt) or TAKEN
        outcomes = self._script.get(address, ())
        return outcomes[attempt - 1] if attempt <= len(outcomes) else TAKEN


def _check(message: Message) -> None:
    mail_line(message, Offer())
    rcpt_line(message.envelope, Offer())
    wire_body(message.parts)
