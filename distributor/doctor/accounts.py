"""Each mail account: connect, TLS, EHLO, login and goodbye, exactly as for sending; no letter is begun."""

import asyncio
from collections.abc import Iterator, Mapping

from distributor.channels.base import OpenFailed
from distributor.channels.smtp import SmtpChannel
from distributor.channels.smtp.envelope import Offer
from distributor.delivery.outcome import Fault
from distributor.discretion import keep_secret
from distributor.doctor.diagnosis import Context, Diagnosis, failure, of_error, ok, unchecked, warning
from distributor.errors import DistributorError
from distributor.settings import SmtpAccount
from distributor.settings.channels import every_account
from distributor.words import Words, say, words

_ADVICE: Mapping[Fault, Words] = {
    Fault.NETWORK: words("Check host and port, the network and the firewall."),
    Fault.ACCOUNT: words(
        "Check the username and the password; many providers want a 授权码. Do not try again and again: "
        "they lock accounts."
    ),
    Fault.CONFIGURATION: words("Correct the account in distributor.toml."),
    Fault.THROTTLE: words("Wait some minutes; the server has had too many logins."),
}


def check_accounts(context: Context) -> Iterator[Diagnosis]:
    """One finding or more for each account of the settings."""
    accounts = context.settings.smtp
    if not accounts and not every_account(context.settings):
        yield failure("smtp", words("No mail account is set."), words("Add a table [smtp.main] to distributor.toml."))
    for name, account in accounts.items():
        label = f"smtp.{name}"
        if not context.network:
            yield unchecked(label, words("Not checked: no network was allowed."))
            continue
        try:
            yield from _try(label, account, context)
        except DistributorError as error:
            yield of_error(label, error)


def _try(label: str, account: SmtpAccount, context: Context) -> Iterator[Diagnosis]:
    quick = account.model_copy(update={"timeout": min(account.timeout, context.patience)})
    password = account.secret()
    keep_secret(password)
    try:
        offer = asyncio.run(_open_and_close(quick, password))
    except OpenFailed as failed:
        outcome = failed.outcome
        yield failure(label, outcome.reply.text, _ADVICE.get(outcome.fault))
        return
    yield ok(label, _welcome(account, offer))
    yield from _shortcomings(label, account, offer, context.settings.send.max_message_bytes)


async def _open_and_close(account: SmtpAccount, password: str) -> Offer:
    line = SmtpChannel(account, password=password)
    try:
        await line.open()
        return line.offer
    finally:
        await line.close()


def _welcome(account: SmtpAccount, offer: Offer) -> Words:
    size = say("{size} MB", size=offer.size // 1_000_000) if offer.size else say("no limit said")
    extensions = ", ".join(
        f"{name} {'✓' if there else '✗'}" for name, there in (("PIPELINING", offer.pipelining), ("DSN", offer.dsn))
    )
    gaps = {"server": f"{account.host}:{account.port}", "security": account.security, "size": size}
    who = account.username or say("no login")
    return words(
        "{server} is open ({security}, {who}); {extensions}, SIZE {size}.", who=who, extensions=extensions, **gaps
    )


def _shortcomings(label: str, account: SmtpAccount, offer: Offer, largest: int) -> Iterator[Diagnosis]:
    if account.dsn and not offer.dsn:
        what = words("The server offers no DSN: it will not report delays, and failures come as ordinary bounces.")
        yield warning(label, what, words('See that somebody reads the bounce address; dsn = "" ends this warning.'))
    if 0 < offer.size < largest:
        gaps = {"limit": offer.size, "largest": largest}
        what = words("The server takes {limit} bytes at most, but letters may have {largest}.", **gaps)
        yield warning(label, what, words("Lower [send] max_message_bytes, so that check says it in time."))
