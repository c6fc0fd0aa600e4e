"""Keeps a service that runs for months small: memory that is free goes back to the system, not into a reserve.

The C library keeps a reserve for every thread and gives little of it back (mallopt(3), malloc_trim(3)). Where
there is another C library, nothing happens.
"""

import ctypes
import gc

#: From malloc.h: how many reserves there may be.
_M_ARENA_MAX = -8


def keep_small() -> None:
    """One reserve for all threads: they wait for the database and the network, not for memory. Call it at the start."""
    mallopt = _function("mallopt")
    if mallopt:
        mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Returns what a piece of work has left behind. Takes some milliseconds."""
    gc.collect()
    trim = _function("malloc_trim")
    if trim:
        trim(0)


def _function(name: str) -> "ctypes._FuncPointer | None":  # typeshed's own name for it
    return getattr(ctypes.CDLL(None), name, None)
