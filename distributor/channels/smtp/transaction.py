"""One letter on an open line: envelope, body, checkpoint, dot (RFC 5321 3.3).

Nothing irrevocable happens before the checkpoint; after it only the dot is written. Commands go in
one write where the server offers PIPELINING (RFC 2920), one by one elsewhere; the rest is the same.
"""

from dataclasses import dataclass
from typing import Self

from distributor.channels.base import Checkpoint, ClaimLost, Message
from distributor.channels.smtp.classify import classify
from distributor.channels.smtp.envelope import Offer, mail_line, rcpt_line, wire_body
from distributor.channels.smtp.rules import Rules
from distributor.channels.smtp.session import LineBroken, Session
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.settings import SmtpAccount
from distributor.words import Words, words

_DOT = b"\r\n.\r\n"

#: A body is handed over in blocks of this size, each with its own time limit.
BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each step may take, in seconds (RFC 5321 4.5.3.2)."""

    command: float
    data: float
    block: float
    dot: float

    @classmethod
    def of(cls, account: SmtpAccount) -> Self:
        """Two minutes for DATA and three for a block, less where the account's `timeout` is less."""
        command = account.timeout.total_seconds()
        return cls(command, min(command, 120), min(command, 180), account.dot_timeout.total_seconds())


class Transaction:
    """Carries letters over one line, one after the other."""

    def __init__(self, line: Session, offer: Offer, limits: Limits, rules: Rules | None = None) -> None:
        self._line = line
        self._offer = offer
        self._limits = limits
        self._rules = rules
        #: Whether the server may still hold an envelope from a refused letter.
        self._half_open = False

    async def carry(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        """Carries one letter. Raises `Unfit` before the first byte, and `ClaimLost` before the dot."""
        body = wire_body(message.parts)
        commands = [
            (Stage.MAIL, mail_line(message, self._offer)),
            (Stage.RCPT, rcpt_line(message.envelope, self._offer)),
            (Stage.DATA, b"DATA\r\n"),
        ]
        stopped = await self._envelope(commands) or await self._body(body)
        if stopped:
            return stopped
        if not await checkpoint():
            raise ClaimLost
        await self._line.look()
        return self._interruption() or await self._dot()

    async def _envelope(self, commands: list[tuple[Stage, bytes]]) -> Outcome | None:
        """MAIL, RCPT, DATA. None when the server waits for the body, else why it does not."""
        refusal: Outcome | None = None
        stage = Stage.MAIL
        taken = set()
        try:
            await self._start(commands)
            for stage, command in commands:
                if not self._offer.pipelining:
                    self._line.write(command)
                reply = await self._line.reply(self._limits.data if stage is Stage.DATA else self._limits.command)
                if _goes_on(stage, reply):
                    taken.add(stage)
                    continue
                refusal = refusal or classify(stage, reply, self._rules)
                if reply.code == 421 or reply.code < 400:
                    self._line.abort()  # closing, or out of step
                if not self._offer.pipelining or not self._line.alive:
                    break
            if refusal and Stage.DATA in taken:
                await self._take_back(somebody=Stage.RCPT in taken)
        except LineBroken as broken:
            refusal = refusal or _trouble(stage, broken.what)
        self._half_open = refusal is not None and refusal.stage is not Stage.MAIL
        return refusal

    async def _start(self, commands: list[tuple[Stage, bytes]]) -> None:
        reset = b"RSET\r\n" if self._half_open else b""
        group = b"".join(command for _, command in commands) if self._offer.pipelining else b""
        if reset + group:
            self._line.write(reset + group)
        if reset and (await self._line.reply(self._limits.command)).code // 100 != 2:
            self._line.abort()

    async def _take_back(self, *, somebody: bool) -> None:
        """Ends a DATA that the server granted although it had refused the envelope (RFC 2920 3.1)."""
        if somebody:
            # Somebody would get the empty letter; without the dot nobody gets anything.
            self._line.abort()
            return
        self._line.write(b".\r\n")
        await self._line.reply(self._limits.command)

    async def _body(self, body: bytes) -> Outcome | None:
        """The body without its dot. None when all of it is with the kernel and the server is silent."""
        octets = memoryview(body)
        for start in range(0, len(octets), BLOCK):
            self._line.write(octets[start : start + BLOCK])
            await self._line.drain(self._limits.block)
            if interruption := self._interruption():
                return interruption
        return None

    def _interruption(self) -> Outcome | None:
        """Why the letter stops before its dot, if it does. Always ends the line: the server waits for a dot."""
        if self._line.has_reply:
            reply = self._line.take_reply()
            self._line.abort()
            return classify(Stage.BODY, reply, self._rules)
        if not self._line.alive:
            return _trouble(Stage.BODY, self._line.broken)
        return None

    async def _dot(self) -> Outcome:
        """The irrevocable byte. From here on, no answer means that nobody knows."""
        self._line.write(_DOT)
        try:
            reply = await self._line.reply(self._limits.dot)
        except LineBroken as broken:
            return _trouble(Stage.DOT, broken.what, Verdict.UNKNOWN)
        if reply.code // 100 == 2:
            return Outcome(Verdict.ACCEPTED, Fault.NONE, Stage.DOT, reply)
        if reply.code < 400:
            self._line.abort()
            return Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT, reply)
        if reply.code == 421:
            self._line.abort()
        return classify(Stage.DOT, reply, self._rules)


def _goes_on(stage: Stage, reply: Reply) -> bool:
    return reply.code == 354 if stage is Stage.DATA else reply.code // 100 == 2


def _trouble(stage: Stage, what: Words | None, verdict: Verdict = Verdict.DEFERRED) -> Outcome:
    text = str(what or words("The connection to the mail server was lost."))
    return Outcome(verdict, Fault.NETWORK, stage, Reply(text=text))
