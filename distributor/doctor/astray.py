"""What to do when one of our public addresses gives no answer, or somebody else answers there."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from distributor.doctor.diagnosis import Diagnosis, failure
from distributor.doctor.visit import Met, Obstacle, Unmet
from distributor.words import Words, words

#: A proxy says so when nobody answers behind it (RFC 9110 15.6.3 to 15.6.5).
_NOBODY_BEHIND = frozenset({502, 503, 504})

_ADVICE: Mapping[Obstacle, Words] = {
    Obstacle.NAME: words("Check base_url, and that the DNS leads its name to the proxy in front of the service."),
    Obstacle.TLS: words(
        "Renew the proxy's certificate, give the proxy the whole chain, and see that it is made out to this name; "
        "phones and platforms refuse what this machine refuses."
    ),
    Obstacle.SILENCE: words(
        "Start the proxy and `distributor serve`, and open the port in the firewall. Where an office cannot reach its "
        "own public address from inside, name the proxy's inner address in this machine's /etc/hosts."
    ),
}


def astray(name: str, address: str, found: Met | Unmet, *, path: str) -> Diagnosis:
    """The finding for everything that is not an answer of ours. `path` is what the proxy has to pass on."""
    if isinstance(found, Unmet):
        return failure(name, _no_answer(address, found), _ADVICE[found.obstacle])
    gaps = {"address": address, "status": found.status}
    if found.status in _NOBODY_BEHIND:
        what = words("{address}: the proxy answers HTTP {status}, because nobody answers behind it.", **gaps)
        return failure(name, what, words("Start `distributor serve`; the proxy must lead to [web] bind."))
    if 300 <= found.status < 400:
        to = urlsplit(found.headers.get("location", ""))
        there = f"{to.scheme}://{to.netloc}{to.path}" if to.netloc else to.path or "?"
        what = words("{address} leads elsewhere: HTTP {status} to {there}.", there=there[:200], **gaps)
        return failure(
            name, what, words("Write the address that is meant into base_url, and let no proxy redirect it.")
        )
    what = words("Something else answers at {address}: HTTP {status}.", **gaps)
    return failure(name, what, words("Let the proxy pass {path} on to [web] bind, unchanged.", path=path))


def _no_answer(address: str, found: Unmet) -> Words:
    if found.obstacle is Obstacle.TLS:
        return words(
            "{address} has no certificate that can be relied on: {reason}.", address=address, reason=found.reason
        )
    return words("{address} gives no answer from here: {reason}.", address=address, reason=found.reason)
