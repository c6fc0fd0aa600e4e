"""Reads one IMAP folder: the one door to imap-tools. Blocks, so it is called from a thread.

Mails are named by UID within a UIDVALIDITY (RFC 3501 2.3.1.1). They are fetched with BODY.PEEK, after a look at
RFC822.SIZE, and no more than `LARGEST` octets of each. Only mails that are ours are marked or moved; no other mail
is touched, not even its \\Seen, and nothing is expunged but what was moved. `imap_tools.flag` and `delete` are not
used: they expunge whatever anybody has marked as deleted.
"""

import contextlib
import datetime as dt
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder

from distributor import __version__
from distributor.receipts.mail import LARGEST
from distributor.settings import MailboxSettings

#: What marks a mail that was read, and one that could not be.
DONE = "$BulletinReceipt"
QUARANTINED = "$BulletinUnreadable"

#: How long IDLE waits before it looks whether it shall stop, in seconds.
_GLANCE = 1.0


class MailboxFault(StrEnum):
    """What kept a folder from being read."""

    NETWORK = "network"
    LOGIN = "login"
    FOLDER = "folder"
    CERTIFICATE = "certificate"


class MailboxTrouble(Exception):
    """The folder cannot be read now. `text` is the server's or the system's own words, without any secret."""

    def __init__(self, fault: MailboxFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text

    @property
    def is_line(self) -> bool:
        """Whether the connection is of no more use."""
        return self.fault is not MailboxFault.FOLDER


class MailGone(Exception):
    """The server does not give out this mail: moved or deleted meanwhile."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail: its first `LARGEST` octets, its full size, and when the server got it (UTC)."""

    raw: bytes
    size: int
    arrived_at: dt.datetime


_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,18})")
_DATE = re.compile(rb'INTERNALDATE " ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})"')
_LOST = (OSError, imaplib.IMAP4.abort, EOFError)


class Folder:
    """An open folder. Everything but `close` raises `MailboxTrouble` when the line or the server fails."""

    def __init__(self, settings: MailboxSettings, password: str) -> None:
        self._settings = settings
        self._box = _open(settings, password)
        self._offers = self._said(lambda: _offers(self._box))
        self.validity = self._validity()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Says goodbye; trouble with that changes nothing."""
        try:
            self._box.logout()
        except (ImapToolsError, imaplib.IMAP4.error, *_LOST):
            with contextlib.suppress(OSError):
                self._box.client.shutdown()

    def uids_after(self, last: int, *, since: dt.date | None = None) -> list[int]:
        """The UIDs above `last` in rising order; with `since`, only of mails that came on that day or later."""
        day = f" SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since else ""
        # "5:*" also gives the last mail when its UID is lower (RFC 3501 6.4.8).
        found = self._said(lambda: self._box.uids(f"UID {last + 1}:*{day}", charset=None))
        return sorted(number for number in map(int, found) if number > last)

    def fetch(self, uid: int) -> Fetched:
        """One mail. Raises `MailGone`."""
        line, _ = self._fetch(uid, "(RFC822.SIZE INTERNALDATE)")
        size = _SIZE.search(line)
        shown, raw = self._fetch(uid, f"(BODY.PEEK[]<0.{LARGEST}>)")
        if raw is None or size is None:
            raise MailGone(shown.decode("ascii", "replace")[:200])
        return Fetched(raw, int(size[1]), _arrival(line))

    def mark_done(self, uid: int) -> None:
        """Moves a read report to the folder for it, or marks it. A mail that is gone is no trouble."""
        self._put(uid, self._settings.done_folder, DONE)

    def quarantine(self, uid: int) -> None:
        """The same for a mail that cannot be read."""
        self._put(uid, self._settings.quarantine_folder, QUARANTINED)

    def wait(self, seconds: float, *, stop: Callable[[], bool]) -> bool:
        """Waits for new mail by IDLE; returns whether the server offers that. Ends within a second of `stop`."""
        if "IDLE" not in self._offers:
            return False
        self._said(lambda: self._idle(seconds, stop))
        return True

    def _idle(self, seconds: float, stop: Callable[[], bool]) -> None:
        with self._box.idle as idle:
            left = seconds
            while left > 0 and not stop():
                if any(b" EXISTS" in line for line in idle.poll(timeout=min(_GLANCE, left))):
                    return
                left -= _GLANCE

    def _validity(self) -> int:
        found = self._said(lambda: self._box.folder.status(self._settings.folder, ["UIDVALIDITY"]))
        return int(found["UIDVALIDITY"])

    def _fetch(self, uid: int, what: str) -> tuple[bytes, bytes | None]:
        """What the server says of one mail: the line, and the literal if there is one."""
        for item in self._command("FETCH", str(uid), what):
            if isinstance(item, tuple):
                return item[0], item[1]
            if isinstance(item, bytes) and f"UID {uid}".encode() in item:
                return item, None
        raise MailGone(str(uid))

    def _put(self, uid: int, folder: str, keyword: str) -> None:
        if not folder:
            self._command("STORE", str(uid), "+FLAGS", f"({keyword})")
            return
        target = encode_folder(folder)
        if "MOVE" in self._offers:
            self._command("MOVE", str(uid), target)
            return
        self._command("COPY", str(uid), target)
        self._command("STORE", str(uid), "+FLAGS", r"(\Deleted)")
        if "UIDPLUS" in self._offers:  # RFC 4315: this mail and no other
            self._command("EXPUNGE", str(uid))

    def _command(self, name: str, *arguments: Any) -> list[Any]:
        status, answer = self._said(lambda: self._box.client.uid(name, *arguments))
        if status != "OK":
            raise MailboxTrouble(MailboxFault.FOLDER, _words(answer))
        return list(answer)

    def _said(self, ask: Callable[[], Any]) -> Any:
        with _translated(MailboxFault.FOLDER):
            return ask()


def _open(settings: MailboxSettings, password: str) -> BaseMailBox:
    with _translated(MailboxFault.NETWORK):
        box = _connect(settings)
    try:
        with _translated(MailboxFault.LOGIN):
            login = box.login if f"{settings.username}{password}".isascii() else box.login_utf8
            login(settings.username, password, initial_folder=None)
        with _translated(MailboxFault.FOLDER):
            _introduce(box)
            box.folder.set(settings.folder)
    except MailboxTrouble:
        with contextlib.suppress(OSError):
            box.client.shutdown()
        raise
    return box


@contextlib.contextmanager
def _translated(refused: MailboxFault) -> Iterator[None]:
    """Says what went wrong; `refused` is what a plain no of the server means here."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailboxTrouble(MailboxFault.CERTIFICATE, str(error)) from error
    except _LOST as error:
        raise MailboxTrouble(MailboxFault.NETWORK, str(error) or type(error).__name__) from error
    except MailboxLoginError as error:
        # The library's own words would show the command.
        raise MailboxTrouble(MailboxFault.LOGIN, _words(error.command_result[1])) from None
    except (ImapToolsError, imaplib.IMAP4.error) as error:
        raise MailboxTrouble(refused, str(error)) from None


def _introduce(box: BaseMailBox) -> None:
    """Says who is there (RFC 2971). 163 and 126 open no folder to a program that does not ("Unsafe Login")."""
    if "ID" in _offers(box):
        box.client.xatom("ID", f'("name" "distributor" "version" "{__version__}")')


def _offers(box: BaseMailBox) -> frozenset[str]:
    """What is offered after the login; imaplib only knows what was said before it (RFC 3501 6.2.3)."""
    return frozenset(_words(box.client.capability()[1]).upper().split())


def _connect(settings: MailboxSettings) -> BaseMailBox:
    timeout = settings.timeout.total_seconds()
    if settings.security == "none":
        return MailBoxUnencrypted(settings.host, settings.port, timeout=timeout)
    context = ssl.create_default_context(cafile=settings.ca_file)
    kind = MailBox if settings.security == "tls" else MailBoxStartTls
    return kind(settings.host, settings.port, timeout=timeout, ssl_context=context)


def _arrival(line: bytes) -> dt.datetime:
    """INTERNALDATE (RFC 3501 2.3.3), in UTC. Raises `MailGone` when the server does not say it."""
    found = _DATE.search(line)
    if not found:
        raise MailGone(line.decode("ascii", "replace")[:200])
    day, month, year, time, zone = (part.decode("ascii") for part in found.groups())
    number = _MONTHS.index(month) + 1 if month in _MONTHS else 1  # strptime would ask the locale for the name
    return dt.datetime.strptime(f"{year}-{number}-{day} {time} {zone}", "%Y-%m-%d %H:%M:%S %z").astimezone(dt.UTC)


def _words(answer: Any) -> str:
    lines = [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in answer or ()]
    return " ".join(lines)[:1000]


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
