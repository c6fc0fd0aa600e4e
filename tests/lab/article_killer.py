"""Runs the command and kills its own process, without warning, after one exact talk about an article.

`python -m tests.lab.article_killer N ARGUMENTS…` dies after the N-th talk, counted from 0: a transaction that is
committed, or an answer of the platform that has come. Nothing outside happens between two talks.
"""

import os
import signal
import sys
from typing import Any

from distributor.cli import main
from distributor.dispatch.article.press import Press

TALKS = ("write", "book", "ask")


def arm(at: int) -> None:
    """Dies after the talk with this number."""
    seen = 0

    def around(name: str) -> None:
        original = getattr(Press, name)

        async def talked(self: Press, what: Any) -> Any:
            nonlocal seen
            answer = await original(self, what)
            seen += 1
            if seen > at:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        setattr(Press, name, talked)

    for name in TALKS:
        around(name)


if __name__ == "__main__":
    arm(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
