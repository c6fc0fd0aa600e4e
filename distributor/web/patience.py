"""HTTP/1.1 for callers who take their time: a request that does not come whole within a limit ends its connection.

uvicorn waits for ever for the rest of a request that has begun, and for the first byte of a new connection; a few
hundred such callers (slowloris) would hold every place (fault 74). Behind a proxy this never happens; without one it
is what keeps the page open for others.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds for a whole request, its body included. A form has some kilobytes.
REQUEST = 20.0


class PatientProtocol(H11Protocol):
    """uvicorn's protocol with an end to its patience."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A new connection has as long as a request."""
        super().connection_made(transport)  # type: ignore[arg-type] # uvicorn names the kind of transport it expects
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._forget()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Waits for the rest of a request only while there is a rest."""
        super().handle_events()
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._wait()
        else:
            self._forget()

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(REQUEST, self._end)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
