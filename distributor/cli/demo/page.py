"""The reader's page of a demo: the program's own, served on this machine for as long as the demo runs."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from distributor.channels.wechat.seal import Seal
from distributor.cli.desk import Desk
from distributor.dispatch.intake import templates_of
from distributor.receipts.tokens import load_key
from distributor.settings import Settings
from distributor.store.database import Database
from distributor.web.callbacks import WeComCallbacks
from distributor.web.pages import open_pages
from distributor.web.reader import Reader

HOST = "127.0.0.1"


@contextmanager
def reading(
    desk: Desk, database: Database, settings: Settings, seals: Mapping[str, Seal] | None = None
) -> Iterator[str]:
    """Serves the pages in a thread of its own for the length of a block; gives the address that links begin with.

    `seals` are those of WeCom's callback addresses, by account.
    """
    reader = Reader(
        database,
        lambda: desk.settings,
        load_key(settings.path(settings.folders.key)),
        templates_of(settings),
        clock=lambda: desk.now,
    )
    callbacks = WeComCallbacks(seals, database, lambda: desk.now) if seals else None
    loop = asyncio.new_event_loop()
    pages = loop.run_until_complete(open_pages((), reader, HOST, 0, callbacks=callbacks))
    thread = threading.Thread(target=loop.run_forever, name="reader", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{pages.port}"
    finally:
        asyncio.run_coroutine_threadsafe(pages.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
