"""Opens a line: connection, TLS, EHLO, login. All of it or nothing, and never a step in clear.

aiosmtplib does the talking; this module decides what is good enough to go on.
"""

import asyncio
import re
import socket
import ssl
from typing import cast

import aiosmtplib

from distributor.channels.base import OpenFailed
from distributor.channels.smtp.envelope import Offer
from distributor.channels.smtp.explain import explain, failure
from distributor.channels.smtp.rules import Rules
from distributor.delivery.outcome import Fault, Stage
from distributor.settings import SmtpAccount
from distributor.settings.values import is_loopback
from distributor.words import Words, words


async def connect(
    account: SmtpAccount, password: str, tls_context: ssl.SSLContext | None = None, rules: Rules | None = None
) -> tuple[asyncio.Transport, Offer]:
    """Opens, secures and logs in one line. Raises `OpenFailed` for everything that can go wrong."""
    opening = _Opening(account, password, tls_context)
    try:
        return await opening.run()
    except _Stop as stop:
        raise OpenFailed(failure(account, opening.stage, Fault.CONFIGURATION, stop.what)) from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        # The cause is dropped on purpose: its text may hold what was said at the login.
        raise OpenFailed(explain(account, password, opening.stage, error, rules)) from None
    finally:
        opening.let_go()


def tls_context_of(account: SmtpAccount) -> ssl.SSLContext:
    """Verifies certificates and names against the system's CAs and the account's `ca_file`."""
    context = ssl.create_default_context()
    if account.ca_file is not None:
        context.load_verify_locations(cafile=account.ca_file)
    return context


def own_name(sockname: tuple[object, ...]) -> str:
    """What to say in EHLO: this machine's full name, or the address literal where it has none (RFC 5321 4.1.4)."""
    name = socket.gethostname()
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
        return name
    address = str(sockname[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


class _Stop(Exception):
    """Our own reason not to go on: the server offers less than the settings ask for."""

    def __init__(self, what: Words) -> None:
        super().__init__(what)
        self.what = what


class _Opening:
    """The steps to an open line; `stage` is the one under way."""

    def __init__(self, account: SmtpAccount, password: str, tls_context: ssl.SSLContext | None) -> None:
        self._account = account
        self._password = password
        self._tls_context = tls_context
        self._smtp: aiosmtplib.SMTP | None = None
        self.stage = Stage.CONNECT

    async def run(self) -> tuple[asyncio.Transport, Offer]:
        if self._account.security == "none" and not is_loopback(self._account.host):
            raise _Stop(words('security = "none" is only for a mail server on this machine.'))
        smtp = await self._client()
        self._smtp = smtp
        await smtp.connect()
        await self._ehlo(smtp)
        if self._account.security == "starttls":
            await self._starttls(smtp)
        if self._account.username:
            await self._login(smtp)
        if not smtp.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("closed after the login")
        # From here on the line is the caller's; letting go must not close it.
        self._smtp = None
        return cast(asyncio.Transport, smtp.transport), Offer.of(smtp.esmtp_extensions)

    def let_go(self) -> None:
        """Closes what is half open."""
        if self._smtp is not None:
            self._smtp.close()

    async def _client(self) -> aiosmtplib.SMTP:
        context = self._tls_context
        if context is None and self._account.security != "none":
            context = await self._context()
        return aiosmtplib.SMTP(
            hostname=self._account.host,
            port=self._account.port,
            local_hostname=self._account.local_hostname or "localhost",
            timeout=self._account.timeout.total_seconds(),
            use_tls=self._account.security == "tls",
            start_tls=False,
            tls_context=context,
        )

    async def _context(self) -> ssl.SSLContext:
        try:
            # Reading the system's CAs takes tens of milliseconds.
            return await asyncio.to_thread(tls_context_of, self._account)
        except OSError as error:
            file = self._account.ca_file
            raise _Stop(
                words("ca_file {file} cannot be read as certificates: {reason}", file=file, reason=error)
            ) from None

    async def _ehlo(self, smtp: aiosmtplib.SMTP) -> None:
        self.stage = Stage.EHLO
        name = self._account.local_hostname or own_name(smtp.get_transport_info("sockname"))
        try:
            await smtp.ehlo(hostname=name)
        except aiosmtplib.SMTPHeloError as error:
            # RFC 5321 3.2: a server that does not know EHLO is asked with HELO; it offers nothing then.
            if error.code < 500 or not smtp.is_connected:
                raise
            await smtp.helo(hostname=name)

    async def _starttls(self, smtp: aiosmtplib.SMTP) -> None:
        self.stage = Stage.STARTTLS
        if not smtp.supports_extension("starttls"):
            raise _Stop(words("it does not offer STARTTLS, and without it nothing is sent."))
        await smtp.starttls()
        # RFC 3207 4.2: what was offered in clear does not count.
        await self._ehlo(smtp)

    async def _login(self, smtp: aiosmtplib.SMTP) -> None:
        self.stage = Stage.AUTH
        methods = {"plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}
        offered = [method for name, method in methods.items() if name in smtp.server_auth_methods]
        if not offered:
            raise _Stop(words("it offers no login that this program knows (PLAIN, LOGIN, CRAM-MD5)."))
        for method in offered:
            try:
                await method(self._account.username, self._password)
                return
            except aiosmtplib.SMTPAuthenticationError as error:
                # One refusal ends it: providers lock accounts that try again and again.
                # Only 504 speaks of the method and not of the password (RFC 4954 4).
                if error.code != 504 or method is offered[-1]:
                    raise
