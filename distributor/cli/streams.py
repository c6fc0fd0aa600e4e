"""Standard input, output and errors as they may really be: closed, full, in another encoding, or read by nobody.

A command whose output cannot be written ends at once with its own exit code and no traceback; what it has
written into the database by then stays true. The words for errors are dropped when nobody can hear them.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class OutputLost(Exception):
    """Standard output cannot be written any more. Not an error of the work: that stands as the database has it."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.nobody_reads = error.errno == errno.EPIPE


class _Guarded:
    """A stream that says `OutputLost` instead of `OSError`, or, when it may be `lossy`, nothing at all."""

    def __init__(self, stream: TextIO, *, lossy: bool) -> None:
        self._stream = stream
        self._lossy = lossy

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        _let_go(self._stream)
        if not self._lossy:
            raise OutputLost(error) from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def usable_streams() -> Iterator[None]:
    """Makes the three streams fit to be used for the length of a block."""
    _open_what_is_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        with contextlib.suppress(AttributeError):  # a stream of a test has no encoding to speak of
            cast(Any, stream).reconfigure(errors="replace")
    sys.stdout = cast(TextIO, _Guarded(before[0], lossy=False))
    sys.stderr = cast(TextIO, _Guarded(before[1], lossy=True))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _open_what_is_closed() -> None:
    """Puts something into the places of closed streams, or the next file opened, the database, would take them."""
    for descriptor, way in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, way)  # the lowest free number, which is this one
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)
    if sys.stdout is None:
        # Open for reading only: what is written there fails, as it must when nobody can get it.
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)


def _let_go(stream: TextIO) -> None:
    """Sends what is still in a stream's buffer nowhere: the interpreter would fail on it again at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
