"""What the parts of a running service share: settings that may be edited while it runs, and one way to say things."""

import asyncio
import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from distributor.channels.smtp.rules import Rules
from distributor.channels.smtp.rules_file import load_rules, shipped_rules
from distributor.errors import DistributorError
from distributor.log import log
from distributor.receipts.tokens import TokenKey
from distributor.service.stumbling import Stumbling
from distributor.settings import Settings
from distributor.settings.file import load_settings
from distributor.store import alerts
from distributor.store.database import Connection, Database
from distributor.words import Words, words

_log = log("service")

#: Settings that a running service cannot take over; they need a restart.
_FIXED = ("database", "log", "web")

_Stamp = tuple[int, ...]


@dataclass
class Office:
    """The service's surroundings. `settings` is always the last good reading of the file."""

    file: Path
    settings: Settings
    database: Database
    key: TokenKey
    owner: str
    clock: Callable[[], dt.datetime]
    #: Set when there may be something to send; the sending part clears it.
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    #: When the clock's duties were last done, for the readiness page (UTC).
    last_tick: dt.datetime | None = None
    #: When heartbeats and late letters were last looked at; nothing is sent before (UTC).
    looked_at: dt.datetime | None = None
    #: The settings in which a mail account was last looked for.
    searched: Settings | None = None
    #: What servers' refusals mean: the last good reading of the office's own rules, before the shipped ones.
    rules: Rules = field(default_factory=shipped_rules)
    stumbling: Stumbling = field(init=False)
    _read: _Stamp = ()
    _rules_read: tuple[Path, _Stamp] | None = None

    def __post_init__(self) -> None:
        self.stumbling = Stumbling(self.clock)

    @property
    def inbox(self) -> Path:
        """The drop folder, by the settings in force."""
        return self.settings.path(self.settings.folders.inbox)

    def reload(self, *, always: bool = False) -> None:
        """Takes over the settings and the rules about replies that have changed; a bad file changes nothing."""
        self._reload_settings(always=always)
        self._reload_rules(always=always)

    def _reload_settings(self, *, always: bool) -> None:
        stamp = _stamp(self.file)
        if stamp == self._read and not always:
            return
        first, self._read = not self._read, stamp
        if first and not always:
            return
        try:
            fresh = load_settings(self.file, environ=os.environ)
        except DistributorError as error:
            self.tell("settings", words("The settings were edited and are not in force: {error}", error=str(error)))
            return
        changed = [name for name in _FIXED if getattr(fresh, name) != getattr(self.settings, name)]
        self.settings = fresh
        _log.info("settings.reloaded", needs_restart=changed)

    def _reload_rules(self, *, always: bool) -> None:
        file = self.settings.path(self.settings.folders.replies)
        stamp = (file, _stamp(file))
        first, changed = self._rules_read is None, stamp != self._rules_read
        self._rules_read = stamp
        if not (changed or always):
            return
        try:
            self.rules = load_rules(file)
        except DistributorError as error:
            self.tell("replies", words("The rules about replies are not in force: {error}", error=str(error)))
            return
        if not first:
            _log.info("replies.reloaded", file=str(file), rules=len(self.rules.rules))

    def tell(self, cause: str, what: Words, *, repeats: bool = True) -> None:
        """Tells the editors (once per cause, then in digests) and the log. `repeats=False`: never the same twice."""
        with self.database.write() as conn:
            self.tell_within(conn, cause, what, repeats=repeats)

    def tell_within(self, conn: Connection, cause: str, what: Words, *, repeats: bool = True) -> None:
        """The same in the transaction that makes it so: what comes to be once must not be without its word."""
        if alerts.note(conn, cause, str(what), now=self.clock(), repeats=repeats):
            _log.warning("alert", cause=cause, what=str(what))

    def stop(self) -> None:
        """Nothing new is begun from here on."""
        self.stopping.set()
        self.wake.set()


def _stamp(file: Path) -> _Stamp:
    """What differs when a file was written. The time alone does not: an editor's two steps may bear the same one."""
    try:
        found = file.stat()
    except OSError:
        return (-1,)
    return found.st_mtime_ns, found.st_size, found.st_ino
