"""Whether receivers will believe the From address: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

A letter passes DMARC when SPF or DKIM passes for a domain that fits the one in From. What the relay does with a
letter is seen only at a receiver; here the records are read that must be there. Without DNS nothing is guessed.
"""

from collections.abc import Iterator

from distributor.address import INTRANET
from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, unchecked, warning
from distributor.doctor.resolver import Resolver
from distributor.settings import SmtpAccount
from distributor.words import words


def check_sender(context: Context) -> Iterator[Diagnosis]:
    """The From address against each account's login and envelope, and the domains' records."""
    resolver = Resolver(context.nameservers, context.patience) if context.network else None
    for name, account in context.settings.smtp.items():
        envelope = account.bounce_address or context.settings.office.sender_address
        yield from _login(f"sender.{name}", account, envelope)
        yield from _records(name, account, context.settings.office.sender_address, envelope, resolver)


def aligned(envelope_domain: str, from_domain: str) -> bool:
    """Whether two domains fit for sure, as DMARC's relaxed mode sees it: the same, or one below the other."""
    one, other = f".{envelope_domain.lower()}", f".{from_domain.lower()}"
    return one.endswith(other) or other.endswith(one)


def _login(label: str, account: SmtpAccount, envelope: str) -> Iterator[Diagnosis]:
    if "@" in account.username and account.username.lower() != envelope.lower():
        gaps = {"username": account.username, "envelope": envelope}
        what = words("The login is {username}, but letters leave as {envelope}.", **gaps)
        do = words("163, QQ and others refuse that (553, 501). Send one with --test-to, or leave bounce_address empty.")
        yield warning(label, what, do)


def _records(
    name: str, account: SmtpAccount, sender: str, envelope: str, resolver: Resolver | None
) -> Iterator[Diagnosis]:
    ours, theirs = sender.rpartition("@")[2], envelope.rpartition("@")[2]
    label = f"dns.{name}"
    if "." not in ours or ours.rsplit(".", 1)[1] in INTRANET:
        yield unchecked(label, words("Not checked: {domain} is an intranet domain.", domain=ours))
        return
    if resolver is None:
        yield unchecked(label, words("Not checked: no network was allowed."))
        return
    if resolver.texts(ours) is None:
        yield unchecked(label, words("Not checked: no DNS server answers here."))
        return
    yield _spf(f"spf.{name}", theirs, resolver)
    yield _dkim(f"dkim.{name}", account.dkim_selector, ours, resolver)
    yield _dmarc(f"dmarc.{name}", ours, theirs, account, resolver)


def _spf(label: str, domain: str, resolver: Resolver) -> Diagnosis:
    # RFC 7208 4.5: the version is a word of its own; two records are as good as none.
    texts = resolver.texts(domain) or ()
    records = [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]
    if not records:
        what = words("{domain} has no SPF record.", domain=domain)
        return warning(label, what, words("Ask whoever keeps the domain to list the relay in one (v=spf1 … -all)."))
    if len(records) > 1:
        what = words("{domain} has {count} SPF records; receivers then ignore all.", domain=domain, count=len(records))
        return failure(label, what, words("Ask whoever keeps the domain to put them into one."))
    last = records[0].lower().split()[-1]
    if last in ("+all", "all"):
        what = words("The SPF record of {domain} lets everybody send: {record}", domain=domain, record=records[0])
        return warning(label, what, words("Ask whoever keeps the domain to end it with -all or ~all."))
    what = words("{domain}: {record}", domain=domain, record=records[0])
    return ok(label, what)


def _dkim(label: str, selector: str, domain: str, resolver: Resolver) -> Diagnosis:
    if not selector:
        what = words("Not checked: the selector the relay signs with is not known.")
        return unchecked(
            label, what, words("It stands in the DKIM-Signature of a --test-to letter as s=; set dkim_selector.")
        )
    name = f"{selector}._domainkey.{domain}"
    tags = [_tags(text) for text in resolver.texts(name) or ()]
    keys = [tag["p"] for tag in tags if "p" in tag]
    if not any(keys):
        # RFC 6376 3.6.1: an empty p= means that the key was revoked.
        what = words("{name} contains no key, so signatures cannot be verified.", name=name)
        return failure(label, what, words("Ask whoever keeps the relay for the record, or correct dkim_selector."))
    return ok(label, words("The key is at {name}.", name=name))


def _dmarc(label: str, ours: str, theirs: str, account: SmtpAccount, resolver: Resolver) -> Diagnosis:
    found = _policy(ours, resolver)
    if found is None:
        what = words("{domain} has no DMARC record.", domain=ours)
        return warning(label, what, words("Ask whoever keeps the domain to add one, at first with p=none."))
    domain, policy = found
    gaps = {"domain": domain, "policy": policy}
    if aligned(theirs, ours) or account.dkim_selector:
        return ok(label, words("{domain}: p={policy}; the sender fits.", **gaps))
    what = words("{domain}: p={policy}; letters leave as {envelope}, which does not fit.", envelope=theirs, **gaps)
    do = words("Let the relay sign with DKIM for {domain}, or give a bounce_address in it.", domain=ours)
    return failure(label, what, do) if policy in ("reject", "quarantine") else warning(label, what, do)


def _policy(domain: str, resolver: Resolver) -> tuple[str, str] | None:
    """The domain whose DMARC record counts, and its policy: the nearest one on the way up."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        candidate = ".".join(labels[start:])
        for text in resolver.texts(f"_dmarc.{candidate}") or ():
            tags = _tags(text)
            if tags.get("v", "").upper() == "DMARC1":
                policy = tags.get("p", "none") if start == 0 else tags.get("sp", tags.get("p", "none"))
                return candidate, policy.lower()
    return None


def _tags(text: str) -> dict[str, str]:
    """A record's `tag=value` parts (RFC 6376 3.2)."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}
