"""Time in the event loop of a test: what is at hand gets done, and time limits end at once and not in real time."""

import asyncio


async def breathe() -> None:
    """Gives everybody in this event loop the time to do what they can."""
    for _ in range(50):
        await asyncio.sleep(0)


def let_pass(seconds: float) -> None:
    """Makes it so much later for this event loop: whatever waits for no longer than that has waited enough."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
