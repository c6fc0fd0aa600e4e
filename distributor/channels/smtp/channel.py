"""The SMTP channel: one line to the relay, opened when needed, reopened when the server has closed it."""

import ssl

from distributor.channels.base import Checkpoint, Message, OpenFailed
from distributor.channels.smtp.connect import connect
from distributor.channels.smtp.envelope import Offer, Unfit
from distributor.channels.smtp.rules import Rules
from distributor.channels.smtp.session import LineBroken, Session
from distributor.channels.smtp.transaction import Limits, Transaction
from distributor.delivery.outcome import Outcome, Stage
from distributor.settings import SmtpAccount

#: How long a server may take to say goodbye; its answer changes nothing.
FAREWELL = 2.0


class SmtpChannel:
    """A `Channel` over one SMTP connection. One letter at a time; open several for more in flight.

    `rules` say what refusals mean; the shipped ones when none are given.
    """

    def __init__(
        self,
        account: SmtpAccount,
        *,
        password: str = "",
        name: str = "email",
        tls_context: ssl.SSLContext | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.name = name
        self._account = account
        self._password = password
        self._tls_context = tls_context
        self._rules = rules
        self._limits = Limits.of(account)
        self._line: Session | None = None
        self._transaction: Transaction | None = None
        #: What the server of the current line offers; all false while there is none.
        self.offer = Offer()

    async def open(self) -> None:
        """Opens the line unless it is open. Raises `OpenFailed` with the outcome that every letter shares."""
        if self._is_fresh():
            return
        self._drop()
        transport, self.offer = await connect(self._account, self._password, self._tls_context, self._rules)
        self._line = Session(transport)
        self._transaction = Transaction(self._line, self.offer, self._limits, self._rules)

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        """Carries one letter. Raises only `ClaimLost`, or what the checkpoint raises; nothing is delivered then.

        Cancelled before the checkpoint, it delivers nothing; cancelled after it, nobody knows.
        """
        try:
            reused = self._is_fresh()
            outcome = await self._carry(message, checkpoint)
            if reused and outcome.stage is Stage.MAIL and not self._is_fresh():
                # The server had closed an idle line, or wants no more letters on this one.
                outcome = await self._carry(message, checkpoint)
        except OpenFailed as failed:
            return failed.outcome
        except Unfit as unfit:
            return unfit.outcome
        except BaseException:
            # The server may be waiting for a dot that must never come.
            self._drop()
            raise
        return outcome

    async def close(self) -> None:
        """Says goodbye and drops the line. A failed QUIT changes nothing (RFC 5321 4.1.1.10)."""
        line, self._line, self._transaction, self.offer = self._line, None, None, Offer()
        if line is None:
            return
        try:
            if line.alive:
                line.write(b"QUIT\r\n")
                await line.reply(FAREWELL)
        except LineBroken:
            pass
        finally:
            await line.end()

    async def _carry(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        await self.open()
        assert self._transaction is not None
        return await self._transaction.carry(message, checkpoint)

    def _is_fresh(self) -> bool:
        """Whether the line is open and the server has said nothing since the last letter (421, or out of step)."""
        return self._line is not None and self._line.alive and not self._line.has_reply

    def _drop(self) -> None:
        if self._line is not None:
            self._line.abort()
        self._line, self._transaction, self.offer = None, None, Offer()
