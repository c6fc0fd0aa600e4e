"""Tells systemd how the service fares, over the datagram socket named by $NOTIFY_SOCKET (sd_notify(3)).

Without that variable nothing is said, so the same program runs under systemd, in a container and by hand.
A message that cannot be delivered is no reason to stop: systemd then acts as if it had not been sent.
"""

import datetime as dt
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Whoever started the service and listens. Every call returns whether the words were handed over."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def watchdog_interval(self) -> dt.timedelta | None:
        """How often `alive` must be said: half of what systemd allows (sd_watchdog_enabled(3)). None: not asked."""
        allowed, process = self.environ.get("WATCHDOG_USEC", ""), self.environ.get("WATCHDOG_PID", "")
        if not allowed.isdecimal() or not int(allowed) or (process and process != str(os.getpid())):
            return None
        return dt.timedelta(microseconds=int(allowed)) / 2

    def ready(self, status: str = "") -> bool:
        """The service has started, or has read its settings again."""
        return self._tell("READY=1", *_status(status))

    def alive(self) -> bool:
        """The watchdog's answer. To be said by whatever would stop when the service hangs."""
        return self._tell("WATCHDOG=1")

    def stopping(self, status: str = "") -> bool:
        """The service finishes what is in flight."""
        return self._tell("STOPPING=1", *_status(status))

    def extend(self, by: dt.timedelta) -> bool:
        """Asks for more time while starting or stopping, counted from now."""
        return self._tell(f"EXTEND_TIMEOUT_USEC={by // dt.timedelta(microseconds=1)}")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`."""
        return self._tell(*_status(text))

    def _tell(self, *assignments: str) -> bool:
        address = self.environ.get("NOTIFY_SOCKET", "")
        if address[:1] not in ("/", "@") or not assignments:
            return False
        # A name that begins with @ lives in the abstract namespace (unix(7)).
        target = f"\0{address[1:]}" if address.startswith("@") else address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto("\n".join(assignments).encode(), target)
        except OSError:
            return False
        return True


def _status(text: str) -> tuple[str, ...]:
    # A line break would begin another assignment.
    line = " ".join(text.split())
    return (f"STATUS={line}",) if line else ()
