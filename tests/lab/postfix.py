"""A Postfix of a test's own: its configuration, queue, mailboxes and log in one folder, on a port of its own.

The machine's own mail system is neither read nor touched. Postfix must be started by root and gives up its rights
itself. Unless told otherwise it accepts every recipient and keeps all letters in one maildir.
"""

import contextlib
import datetime as dt
import os
import random
import re
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: How long Postfix may take to start, to deliver or to end, in seconds.
PATIENCE = 30

_NOBODY = 65534

#: Of no seed: two processes never draw the same ports.
_DICE = random.SystemRandom()

#: What every instance has: nothing outside its folder is read, and only this machine may speak to it.
_MAIN = """\
compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = relay.example.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
biff = no
virtual_mailbox_domains = regexp:{folder}/etc/every
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{account}
virtual_gid_maps = static:{account}
virtual_minimum_uid = 100
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

# A line of its log: `Nov 23 23:29:14 relay postfix/virtual[12]: 4B1F: to=<a@b>, …, dsn=2.0.0, status=sent (…)`
_TIME = r"^(\w{3} [ \d]\d [\d:]{8}) "
_DELIVERY = re.compile(rf"{_TIME}.*?postfix/(\w+)\[\d+\]: (\w+): to=<([^>]*)>,.* dsn=([\d.]+), status=(\w+)")
_FOR = re.compile(rb"^Delivered-To: (\S+)", re.MULTILINE)
_QUEUED = re.compile(r"postfix/cleanup\[\d+\]: (\w+): message-id=(<[^>]*>)")


@dataclass(frozen=True, slots=True)
class Delivered:
    """What Postfix says became of one recipient of one letter: `status` is sent, bounced, deferred or expired.

    `at` is the second in which it said so (UTC), `agent` the part that did it: virtual, smtp, lmtp, …
    """

    at: dt.datetime
    queue_id: str
    recipient: str
    status: str
    dsn: str
    agent: str


class Postfix:
    """A running Postfix. `settings` are lines of main.cf that win over the usual ones, `services` more of master.cf.

    `files` are written into its `etc` first; a setting may name them as `{folder}/etc/NAME`.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        services: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postfix"))
        self.folder.chmod(0o755)  # Postfix gives up root's rights and must still reach its folders
        self.port = free_port()
        self._master: subprocess.Popen[bytes] | None = None
        self._mail = self.folder / "mail"
        self._mail.mkdir()
        shutil.chown(self._mail, _NOBODY, _NOBODY)
        chosen = {name: value.format(folder=self.folder) for name, value in (settings or {}).items()}
        tables = {
            "every": "/./ every domain is ours\n",
            "main.cf": _MAIN.format(folder=self.folder, account=_NOBODY)
            + "".join(f"{name} = {value}\n" for name, value in chosen.items()),
            "master.cf": "\n".join([_MASTER.format(port=self.port).rstrip(), *services, ""]),
        }
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix", "postfix")
        for name, text in (tables | dict(files or {})).items():
            (self.folder / "etc" / name).write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self._master = subprocess.Popen(
            self._command("start-fg"),
            env={**os.environ, "TZ": "UTC"},  # its log knows only the time of the machine's zone
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_greeting(self.port)

    def stop(self) -> None:
        """Ends it and every process it started; what is in the queue stays there. Its folder goes."""
        self._control("stop")
        if self._master:
            self._master.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)  # its children end a moment after it and may still write

    def reload(self) -> None:
        """Makes it read changed tables and settings."""
        self._control("reload")

    @property
    def log(self) -> str:
        """Everything it has written to its log."""
        path = self.folder / "mail.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def delivered(self) -> list[Delivered]:
        """What its log says became of each recipient of each letter, oldest first."""
        found = (_DELIVERY.search(line) for line in self.log.splitlines())
        return [Delivered(_moment(m[1]), m[3], m[4], m[6], m[5], m[2]) for m in found if m]

    @property
    def message_ids(self) -> dict[str, str]:
        """The Message-ID of each letter it accepted, by queue id."""
        return {m[1]: m[2] for m in map(_QUEUED.search, self.log.splitlines()) if m}

    def letters(self) -> list[tuple[str, bytes]]:
        """Every letter in the maildir with the address it was for, in no order; the lines above are Postfix's own."""
        found = [path.read_bytes() for path in self._mail.glob("all/new/*")]
        return [(addressed[1].decode(), letter) for letter in found if (addressed := _FOR.search(letter))]

    def until_delivered(self, count: int, *, status: str = "sent") -> list[Delivered]:
        """Waits until its log tells of so many recipients with this status, and returns them."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [one for one in self.delivered if one.status == status]
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"{len(found)} of {count} {status}; the log: {self.log[-4000:]}")
            time.sleep(0.05)

    def _control(self, command: str) -> None:
        """`postfix stop` or `reload` for this instance alone. Raises `RuntimeError` with its words when it fails."""
        done = subprocess.run(
            self._command(command),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise RuntimeError(f"postfix {command}: {done.stdout}{done.stderr}{self.log}")

    def _command(self, command: str) -> list[str]:
        return ["/usr/sbin/postfix", "-c", str(self.folder / "etc"), command]


@contextmanager
def running(
    *, settings: Mapping[str, str] | None = None, services: Sequence[str] = (), files: Mapping[str, str] | None = None
) -> Iterator[Postfix]:
    """A Postfix for one block. See `Postfix` for the arguments."""
    postfix = Postfix(settings=settings, services=services, files=files)
    postfix.start()
    try:
        yield postfix
    finally:
        postfix.stop()


def _moment(text: str) -> dt.datetime:
    """The time of a line, which names no year: the latest such time that is not ahead of now."""
    now = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    found = dt.datetime.strptime(f"{now.year} {text} +0000", "%Y %b %d %H:%M:%S %z")
    return found if found <= now else found.replace(year=now.year - 1)


def free_port() -> int:
    """A port of the loopback address on which nobody listens now.

    It lies below those that the kernel gives to whoever connects: nobody takes it by chance before it is used.
    """
    while True:
        number = _DICE.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number


def wait_for_greeting(port: int) -> None:
    """Waits until an SMTP server greets on this port."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=5) as line:
                line.noop()
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
