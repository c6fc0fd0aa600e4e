"""Runs the command and kills its own process, without warning, at one exact point of its work.

`python -m tests.acceptance.killer POINT N ARGUMENTS…` dies at the N-th time the point is reached.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from distributor.cli import main
from distributor.store.ledger import Ledger

#: Where to die: which act of the ledger, and whether before it begins or after it is durable.
POINTS = {
    "before claim": ("claim", "before"),
    "after claim": ("claim", "after"),
    "after the mark, before the dot": ("mark", "after"),
    "after 250, before the commit": ("record", "before"),
    "after the commit": ("record", "after"),
}


def arm(point: str, count: int) -> None:
    """Puts the trap in place."""
    name, moment = POINTS[point]
    original: Callable[..., Awaitable[Any]] = getattr(Ledger, name)
    reached = 0

    async def trapped(self: Ledger, *arguments: Any, **named: Any) -> Any:
        nonlocal reached
        reached += 1
        if moment == "before" and reached == count:
            os.kill(os.getpid(), signal.SIGKILL)
        mine = reached
        result = await original(self, *arguments, **named)
        if moment == "after" and mine == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(Ledger, name, trapped)


if __name__ == "__main__":
    arm(sys.argv[1], int(sys.argv[2]))
    sys.exit(main(sys.argv[3:]))
