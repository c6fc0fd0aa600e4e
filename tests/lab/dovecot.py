"""A Dovecot of a test's own: accounts, mailboxes, filters and log in one folder, IMAP and LMTP on ports of its own.

The machine's own mail system is neither read nor touched. Dovecot must be started by root and gives up its rights
itself. Every account has the same password.
"""

import imaplib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.lab.postfix import PATIENCE, free_port

PASSWORD = "secret"
_NOBODY = 65534

_CONF = """\
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
mail_location = maildir:{folder}/mail/%u
mail_uid = {account}
mail_gid = {account}
first_valid_uid = 1
first_valid_gid = 1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_username_format = %Lu
imap_id_log = *
recipient_delimiter = +
lmtp_hdr_delivery_address = original
quota_full_tempfail = no
submission_host = 127.0.0.1:{submission}
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Done {{
    auto = create
  }}
  mailbox Quarantine {{
    auto = create
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
protocol lmtp {{
  mail_plugins = quota sieve
  postmaster_address = postmaster@example.test
}}
protocol imap {{
  mail_plugins = quota
}}
plugin {{
  quota = maildir:User quota
  quota_grace = 0
  sieve = {folder}/sieve/%u.sieve
  sieve_vacation_send_from_recipient = yes
}}
"""


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox: its address, how much it may hold ("" for as much as it likes), and its Sieve filter."""

    address: str
    quota: str = ""
    filter: str = ""


class Dovecot:
    """A running Dovecot with these accounts. Filters send what they write to the SMTP port `submission`."""

    def __init__(self, accounts: Sequence[Account], *, submission: int = 1, password: str = PASSWORD) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot"))
        self.folder.chmod(0o755)
        self.imap, self.imaps, self.lmtp = free_port(), free_port(), free_port()
        self._accounts = {account.address: account for account in accounts}
        self._submission = submission
        self._password = password
        self._server: subprocess.Popen[bytes] | None = None
        for name in ("run", "state", "mail", "sieve"):
            (self.folder / name).mkdir()
        for name in ("mail", "sieve"):
            shutil.chown(self.folder / name, _NOBODY, _NOBODY)
        ca = trustme.CA()
        ca.cert_pem.write_to_path(str(self.ca))
        cert = ca.issue_cert("localhost", "127.0.0.1")
        cert.cert_chain_pems[0].write_to_path(str(self.folder / "cert.pem"))
        cert.private_key_pem.write_to_path(str(self.folder / "key.pem"))

    @property
    def ca(self) -> Path:
        """The CA that its certificate is from."""
        return self.folder / "ca.pem"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        for account in self._accounts.values():
            (self.folder / "sieve" / f"{account.address}.sieve").write_text(account.filter, encoding="utf-8")
        users = "".join(_line(account, self._password) for account in self._accounts.values())
        (self.folder / "users").write_text(users, encoding="utf-8")
        conf = _CONF.format(
            folder=self.folder,
            account=_NOBODY,
            imap=self.imap,
            imaps=self.imaps,
            lmtp=self.lmtp,
            submission=self._submission,
        )
        (self.folder / "dovecot.conf").write_text(conf, encoding="utf-8")
        self._server = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def stop(self) -> None:
        """Ends it; its folder goes."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)  # its children end a moment after it and may still write

    def halt(self) -> None:
        """Ends it and keeps its mailboxes, so that it can be started again."""
        if self._server:
            self._server.terminate()
            self._server.wait(PATIENCE)
            self._server = None

    @property
    def log(self) -> str:
        """Everything it has written to its log."""
        path = self.folder / "dovecot.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def until_logged(self, text: str) -> None:
        """Waits until its log tells of something: a process of its own writes the log, a moment later."""
        end = time.monotonic() + PATIENCE
        while text not in self.log:
            assert time.monotonic() < end, self.log[-3000:]
            time.sleep(0.05)

    def login(self, address: str) -> imaplib.IMAP4:
        """A client's line to one account."""
        client = imaplib.IMAP4("127.0.0.1", self.imap, timeout=PATIENCE)
        client.authenticate("PLAIN", lambda _: f"\0{address}\0{self._password}".encode())
        return client

    def put(self, address: str, raw: bytes, folder: str = "INBOX", *, flags: str = "") -> None:
        """Puts a mail into an account's folder."""
        with self.login(address) as client:
            status, said = client.append(folder, flags, imaplib.Time2Internaldate(time.time()), raw)
            assert status == "OK", said

    def flags(self, address: str, folder: str = "INBOX") -> list[set[str]]:
        """The flags of every mail in a folder, in their order."""
        with self.login(address) as client:
            client.select(folder, readonly=True)
            _, lines = client.fetch("1:*", "(FLAGS)")
            found = [imaplib.ParseFlags(line) for line in lines if isinstance(line, bytes)]
            return [{flag.decode() for flag in each} - {"\\Recent"} for each in found]

    def count(self, address: str, folder: str = "INBOX") -> int:
        """How many mails a folder holds."""
        with self.login(address) as client:
            return int(client.select(folder, readonly=True)[1][0] or b"0")

    def mails(self, address: str, folder: str = "INBOX") -> list[bytes]:
        """Every mail in a folder, in their order."""
        with self.login(address) as client:
            client.select(folder, readonly=True)
            return [item[1] for item in client.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(item, tuple)]

    def doveadm(self, *arguments: str) -> None:
        """Runs Dovecot's own tool on it."""
        command = ["/usr/bin/doveadm", "-c", str(self.folder / "dovecot.conf"), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.login(next(iter(self._accounts))).logout()
                return
            except (OSError, imaplib.IMAP4.error):
                if time.monotonic() > end:
                    raise AssertionError(self.log[-3000:]) from None
                time.sleep(0.05)


def _line(account: Account, password: str) -> str:
    """One line of the file of users: no ids, home or shell, but what the account may hold."""
    extra = f"userdb_quota_rule=*:storage={account.quota}" if account.quota else ""
    return f"{account.address}:{{PLAIN}}{password}::::::{extra}\n"


@contextmanager
def running(accounts: Sequence[Account], *, submission: int = 1, password: str = PASSWORD) -> Iterator[Dovecot]:
    """A Dovecot for one block. See `Dovecot` for the arguments."""
    dovecot = Dovecot(accounts, submission=submission, password=password)
    try:
        dovecot.start()
        yield dovecot
    finally:
        dovecot.stop()
