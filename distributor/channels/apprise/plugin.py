"""One chat's plugin of Apprise, made for one message: the one door to that library.

Apprise writes URLs into its log, so its log is off: what there is to know, the wire knows. What a URL asks for beside
the chat itself (retries, redirects, several targets) is not granted: it would say things twice, or elsewhere.
"""

import logging
import threading
import warnings
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

from distributor.channels.apprise.wire import Wire
from distributor.channels.base import File
from distributor.errors import BadInput
from distributor.settings.values import is_loopback
from distributor.words import words

#: Any URL that loads the plugins; no request is made.
_ANY = "json://localhost"

_loading = threading.Lock()


class Speaker:
    """What speaks in one chat. `platform` is what Apprise calls it (`feishu`), `name` what people do.

    `takes_files`: a file may be shown. `is_clear`: the URL leads to another machine without encryption.
    """

    def __init__(self, plugin: Any) -> None:
        self._plugin = plugin
        self.name = str(plugin.service_name)
        clear = plugin.protocol or ()
        is_clear = plugin.schema in ((clear,) if isinstance(clear, str) else clear)
        self.is_clear = is_clear and not is_loopback(plugin.host or "")
        self.platform: str = type(plugin).__module__.split(".")[2]
        self.takes_files = bool(plugin.attachment_support)

    @property
    def speaks_markdown(self) -> bool:
        """Whether the platform shows Markdown, or HTML, which Apprise makes of it; else it is given plain lines."""
        formats = _library().NotifyFormat
        return bool(self._plugin.resolve_format(formats.MARKDOWN) != formats.TEXT)

    def room(self, title: str, body: str) -> int | None:
        """How many characters the platform takes, when this is more; None when it fits."""
        plugin = self._plugin
        title_room, joined = plugin.title_maxlen, len(title) + len(body) + len("# \r\n")
        if title_room > 0 and len(title) > title_room:
            return int(title_room)
        size = len(body) if title_room > 0 else joined
        lines = plugin.body_max_line_count
        too_many = size > plugin.body_maxlen or (lines > 0 and body.count("\n") >= lines)
        return int(plugin.body_maxlen) if too_many else None

    def say(self, title: str, body: str, wire: Wire) -> bool:
        """Says the words, and what Apprise says of it. Blocks; may raise anything."""
        formats = _library().NotifyFormat
        kind = formats.MARKDOWN if self.speaks_markdown else formats.TEXT
        with wire():
            return bool(self._plugin.notify(body=body, title=title, body_format=kind, **_plainly()))

    def show(self, files: Sequence[File], wire: Wire) -> bool:
        """Shows files, without words. Blocks; may raise anything."""
        library = _library()
        memory = library.attachment.memory.AttachMemory
        shown = library.AppriseAttachment(
            [memory(content=file.content, name=file.name, mimetype=file.media_type) for file in files]
        )
        with wire():
            return bool(self._plugin.notify(body="", title="", attach=shown, **_plainly()))


def speaker_of(url: str) -> Speaker:
    """Makes the plugin of a URL. Nothing is sent. Raises `BadInput`; no message ever shows the URL."""
    library = _library()
    asset = library.AppriseAsset(
        app_id="distributor", http_redirects=False, storage_mode=library.PersistentStoreMode.MEMORY
    )
    plugin = library.Apprise.instantiate(url, asset=asset)
    if plugin is None:
        what = words("The URL is not one that Apprise understands.")
        do = words("Write it as Apprise's page of the service says, such as feishu://… or dingtalk://….")
        raise BadInput(what, do=do)
    plugin.retry, plugin.redirects = 0, False
    if len(plugin) != 1:
        what = words("The URL names {count} chats.", count=len(plugin))
        raise BadInput(what, do=words("Give each chat a table and a URL of its own."))
    return Speaker(plugin)


def _plainly() -> dict[str, Any]:
    library = _library()
    return {"notify_type": library.NotifyType.INFO, "overflow": library.OverflowMode.UPSTREAM}


def _library() -> ModuleType:
    """Apprise, loaded when it is first needed."""
    with _loading:
        return _loaded()


@cache
def _loaded() -> ModuleType:
    """Loads Apprise with its plugins, which takes about a second."""
    with warnings.catch_warnings():
        # Plugins for mail need modules that Python gives up; we use none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise
        import apprise.attachment.memory

        logging.getLogger(apprise.__name__).disabled = True
        apprise.Apprise.instantiate(_ANY)
    return apprise
