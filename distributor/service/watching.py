"""Looks into the drop folder when the system says that something changed there.

Only the promptness is won: the clock looks every second anyway. So on network folders, where changes made by
other machines are not reported, and where no more watches are allowed, files are found just a little later.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from pathlib import Path

from watchfiles import awatch

from distributor.dispatch.inbox import SETTLED_AFTER
from distributor.log import log
from distributor.service.office import Office

_log = log("duties")

#: How often the watch asks whether the folder is still the one to watch, in seconds.
CHECK_EVERY = 5.0

#: Changes are gathered for so long, in milliseconds; as often the watch asks whether it is to stop, and pays for it.
STEP = 500

#: The second look comes when a file that was whole at the first one has settled.
_AFTER = SETTLED_AFTER + dt.timedelta(milliseconds=50)


async def watch_inbox(office: Office, wake: Callable[[], None]) -> None:
    """Calls `wake` when something changes in the drop folder, and once more when it can have settled.

    Ends when the office stops. Never raises for a folder that is not there or cannot be watched.
    """
    trouble = ""
    while not office.stopping.is_set():
        try:
            await _watch(office, wake)
            trouble = ""
        except (OSError, RuntimeError) as error:  # not there, or no more watches (inotify(7))
            if str(error) != trouble and office.inbox.is_dir():
                _log.warning("inbox.unwatched", folder=str(office.inbox), what=str(error))
            trouble = str(error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(office.stopping.wait(), CHECK_EVERY)


async def _watch(office: Office, wake: Callable[[], None]) -> None:
    """Watches one folder until it is another one, by the settings or on the disk."""
    folder, inode, loop = office.inbox, _inode(office.inbox), asyncio.get_running_loop()
    changes = awatch(
        folder,
        stop_event=office.stopping,
        recursive=False,
        yield_on_timeout=True,
        rust_timeout=int(CHECK_EVERY * 1000),
        watch_filter=None,
        step=STEP,
    )
    async for change in changes:
        if change:
            wake()
            loop.call_later(_AFTER.total_seconds(), wake)
        elif office.inbox != folder or _inode(folder) != inode:
            return


def _inode(folder: Path) -> int:
    return folder.stat().st_ino
