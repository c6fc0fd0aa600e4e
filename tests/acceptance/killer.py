"""Runs the command and kills its own process, without warning, at one exact point of its work.

`python -m tests.acceptance.killer POINT N ARGUMENTS…` dies at the N-th time the point is reached.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from distributor.channels.smtp.session import Session
from distributor.channels.smtp.transaction import Transaction
from distributor.cli import main
from distributor.delivery.outcome import Outcome
from distributor.store.ledger import Ledger

#: Where to die: which act of the ledger, and whether before it begins or after it is durable.
LEDGER_POINTS = {
    "before claim": ("claim", "before"),
    "after claim": ("claim", "after"),
    "after the mark, before the dot": ("mark", "after"),
    "after 250, before the commit": ("record", "before"),
    "after the commit": ("record", "after"),
}
IN_THE_BODY = "mid-DATA"
POINTS = (*LEDGER_POINTS, IN_THE_BODY)


def die() -> None:
    """What a power cut looks like from inside."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm_ledger(name: str, moment: str, count: int) -> None:
    """Dies around the `count`-th call of one act of the ledger."""
    original: Callable[..., Awaitable[Any]] = getattr(Ledger, name)
    reached = 0

    async def trapped(self: Ledger, *arguments: Any, **named: Any) -> Any:
        nonlocal reached
        reached += 1
        mine = reached
        if moment == "before" and mine == count:
            die()
        result = await original(self, *arguments, **named)
        if moment == "after" and mine == count:
            die()
        return result

    setattr(Ledger, name, trapped)


def arm_body(count: int) -> None:
    """Dies when half of the `count`-th body is with the kernel."""
    original = Transaction._body
    reached = 0

    async def trapped(self: Transaction, body: bytes) -> Outcome | None:
        nonlocal reached
        reached += 1
        if reached == count:
            line: Session = self._line
            line.write(body[: len(body) // 2])
            await line.drain(10)
            die()
        return await original(self, body)

    Transaction._body = trapped  # type: ignore[method-assign]


if __name__ == "__main__":
    point, number = sys.argv[1], int(sys.argv[2])
    if point == IN_THE_BODY:
        arm_body(number)
    else:
        arm_ledger(*LEDGER_POINTS[point], number)
    sys.exit(main(sys.argv[3:]))
