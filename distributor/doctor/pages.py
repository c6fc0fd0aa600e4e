"""The reader's page as readers reach it: base_url leads through name, certificate and proxy to this service.

A link that is nobody's is opened. The service answers it with a page of its own that no proxy makes; it is one wrong
guess among those that it counts.
"""

from collections.abc import Iterator

from distributor.doctor.astray import astray
from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, unchecked
from distributor.doctor.visit import Met, Unmet, visit
from distributor.words import words

NAME = "pages"

_NOBODYS = "/b/nobodys-link"

#: Every answer of the service has a policy that begins so; proxies and other sites do not forbid everything.
_OURS = "default-src 'none'"


def check_pages(context: Context) -> Iterator[Diagnosis]:
    """One finding where there is a public page; none where there is none."""
    base = context.settings.office.base_url
    if not base:
        return
    if not context.network:
        yield unchecked(NAME, words("Not checked: no network was allowed."))
        return
    yield judge(base, visit(f"{base}{_NOBODYS}", patience=context.patience))


def judge(base: str, found: Met | Unmet) -> Diagnosis:
    """What the answer to a link that is nobody's means."""
    if not isinstance(found, Met) or _OURS not in found.headers.get("content-security-policy", ""):
        return astray(NAME, base, found, path="/b/")
    if found.status not in (404, 429):
        what = words("{address}: the service answers HTTP {status}.", address=base, status=found.status)
        return failure(NAME, what, words("See what /readyz of the service says, and its log."))
    if not found.headers.get("content-type", "").startswith("text/html"):
        what = words("The service that runs at {address} has no reader's page.", address=base)
        return failure(NAME, what, words("Restart `distributor serve`, so that it reads distributor.toml again."))
    return ok(NAME, words("{address} leads to the reader's page.", address=base))
