"""Serves a gallery on this machine and makes it anew whenever a template, the theme or the bulletin is edited."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch
from watchfiles.main import FileChange

from distributor.web.preview import HOST, Changes, gallery_app
from distributor.web.server import serve

#: An editor writes a file in several steps; a pause this long, in milliseconds, makes one change of them.
_SETTLE, _STEP = 200, 50


async def serve_gallery(
    folder: Path,
    make: Callable[[], None],
    *,
    watched: Collection[Path],
    port: int,
    ready: Callable[[int], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serves until `stop` or Ctrl-C. `make` writes the gallery; it runs at once and after each change in `watched`.

    `ready` is called with the port when pages are answered; port 0 takes a free one. Raises `Unavailable`.
    """
    changes = Changes()
    await asyncio.to_thread(make)
    server = await serve(gallery_app(folder, changes), HOST, port)
    edits = _edits(folder, watched, stop or asyncio.Event())
    try:
        ready(server.port)
        async for _ in edits:
            await asyncio.to_thread(make)
            changes.announce()
    finally:
        changes.close()
        await server.stop()


def _edits(folder: Path, watched: Collection[Path], stop: asyncio.Event) -> AsyncIterator[set[FileChange]]:
    present = (path for path in watched if path.exists())
    ours = _NotIn(folder.resolve())
    return awatch(*present, watch_filter=ours, stop_event=stop, debounce=_SETTLE, step=_STEP)


class _NotIn(DefaultFilter):
    """The gallery itself may lie beside the bulletin; what is written there is no edit."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not Path(path).is_relative_to(self._folder)
