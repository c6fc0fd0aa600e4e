"""Why a line could not be opened: the outcome for the machine and one sentence for the operator.

The fault decides what happens: network trouble is tried again soon, account and configuration
faults stop the account until a person has looked. No sentence ever holds a password.
"""

import base64
import datetime as dt
import socket
import ssl
from typing import TypeVar

import aiosmtplib

from distributor.channels.smtp.classify import classify
from distributor.channels.smtp.replies import one_line, read_reply
from distributor.channels.smtp.rules import Rules
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.settings import SmtpAccount
from distributor.words import Words, words

_E = TypeVar("_E", bound=BaseException)


def failure(
    account: SmtpAccount,
    stage: Stage,
    fault: Fault,
    what: Words,
    reply: Reply | None = None,
    *,
    wait: dt.timedelta | None = None,
) -> Outcome:
    """The outcome that every waiting delivery shares: nothing was sent, and this is why."""
    server = f"{account.host}:{account.port}"
    text = str(words("The mail server {server} cannot be used: {what}", server=server, what=what))
    code, enhanced = (reply.code, reply.enhanced) if reply else (0, "")
    return Outcome(Verdict.DEFERRED, fault, stage, Reply(code, enhanced, one_line(text)), wait)


def explain(account: SmtpAccount, password: str, stage: Stage, error: Exception, rules: Rules | None = None) -> Outcome:
    """Turns what aiosmtplib raised at a stage into an outcome, by these rules about replies or the shipped ones."""
    tls = _cause(error, ssl.SSLError)
    if tls is not None:
        return failure(account, stage, Fault.CONFIGURATION, _tls(tls))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _refused(account, password, stage, error, rules)
    if isinstance(error, (aiosmtplib.SMTPException, OSError)):
        return _unreachable(account, stage, error)
    what = words("its settings cannot be used: {reason}", reason=_without(password, account, str(error)))
    return failure(account, stage, Fault.CONFIGURATION, what)


def _refused(
    account: SmtpAccount, password: str, stage: Stage, error: aiosmtplib.SMTPResponseException, rules: Rules | None
) -> Outcome:
    if stage is Stage.CONNECT:
        stage = Stage.GREETING
    said = _without(password, account, error.message)
    if not 200 <= error.code <= 599:
        what = words("it does not answer as a mail server does: {said}", said=one_line(said)[:200])
        return failure(account, stage, Fault.NETWORK, what)
    reply = read_reply(error.code, said.split("\n"))
    what = {
        Stage.GREETING: words("it refuses the connection: {reply}", reply=reply),
        Stage.EHLO: words("it refuses the name we give in EHLO (local_hostname): {reply}", reply=reply),
        Stage.STARTTLS: words("it refuses STARTTLS, and without it nothing is sent: {reply}", reply=reply),
        Stage.AUTH: words("it refuses the login of {username}: {reply}", username=account.username, reply=reply),
    }.get(stage, words("it refuses: {reply}", reply=reply))
    meant = classify(stage, reply, rules)
    return failure(account, stage, meant.fault, what, reply, wait=meant.wait)


def _unreachable(account: SmtpAccount, stage: Stage, error: Exception) -> Outcome:
    limit = account.timeout.total_seconds()
    answered = _cause(error, (aiosmtplib.SMTPReadTimeoutError, aiosmtplib.SMTPServerDisconnected)) is not None
    if stage is Stage.CONNECT and answered:
        stage = Stage.GREETING
    if _cause(error, socket.gaierror) is not None:
        what = words("its name cannot be found in the DNS. Check host and the network.")
    elif _cause(error, TimeoutError) is not None:
        what = words("it gave no answer within {limit:g} seconds ({stage}).", limit=limit, stage=stage)
    elif _cause(error, aiosmtplib.SMTPServerDisconnected) is not None:
        what = words("it closed the connection ({stage}).", stage=stage)
    else:
        what = words("it cannot be reached: {reason}", reason=error.__cause__ or error)
    return failure(account, stage, Fault.NETWORK, what)


def _tls(error: ssl.SSLError) -> Words:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message.rstrip(".")
        return words("its certificate is not good: {reason}. Check host, or name the CA in ca_file.", reason=reason)
    reason = error.reason or str(error)
    return words('TLS failed ({reason}). Port 465 goes with security = "tls", 587 with "starttls".', reason=reason)


def _cause(error: BaseException | None, kind: type[_E] | tuple[type[_E], ...]) -> _E | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__
    return None


def _without(password: str, account: SmtpAccount, text: str) -> str:
    """The server's words without the password or a form of it that went over the line."""
    if not password:
        return text
    secret, name = password.encode(), account.username.encode()
    forms = (secret, base64.b64encode(secret), base64.b64encode(b"\0" + name + b"\0" + secret))
    for form in forms:
        text = text.replace(form.decode(), "…")
    return text
