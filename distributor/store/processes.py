"""Which process this is, and whether another one of this machine has certainly ended.

Only Linux can say so, and only of processes it can see: same boot, same list of processes. For all others the
answer is that nobody knows. A number that is used again shows by the time at which its process began (proc(5)).
"""

import os
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

#: States of a process that runs no more and only waits to be forgotten: zombie, dead.
_ENDED = ("Z", "X", "x")


def this_process() -> str:
    """A name for this process that no other one, on any machine, before or after, has; empty where none can be had."""
    view = _view()
    found = _begun(os.getpid())
    return f"{view}/{os.getpid()}/{found[1]}" if view and found else ""


def has_ended(process: str) -> bool:
    """Whether the process of this name has ended for certain. False: it lives, or nobody here can know."""
    view, _, rest = process.rpartition("/")[0].rpartition("/")
    begun = process.rpartition("/")[2]
    if not view or view != _view() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)  # sends nothing; also answers where /proc hides what belongs to others
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    found = _begun(int(rest))
    return found is not None and (found[0] in _ENDED or found[1] != begun)


def _view() -> str:
    """This boot of this machine, and the list of processes that is seen from here; empty when it has no name."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
        space = Path("/proc/self/ns/pid").stat()
    except OSError:
        return ""
    return f"{boot}:{space.st_dev}:{space.st_ino}" if boot else ""


def _begun(number: int) -> tuple[str, str] | None:
    """State and starting time, in clock ticks since the boot, of a process; None when they cannot be read."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name of the program may hold spaces and brackets; after the last bracket nothing does.
    fields = text.rpartition(")")[2].split()
    return (fields[0], fields[19]) if len(fields) > 19 else None
