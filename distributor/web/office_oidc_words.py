"""What is said to people whom the identity provider did not bring in: what happened, and what to do or whom to ask."""

from dataclasses import dataclass

from distributor.oidc.trouble import Fault, OidcTrouble
from distributor.settings import Settings
from distributor.store.identities import NotLinked
from distributor.web.forms import one_line
from distributor.web.office_login import Answer
from distributor.words import Words, words

_NO_LOGIN = words("You have no login here")
_NOT_IN = words("Nobody was logged in")

#: Errors of the provider that have a plain meaning (RFC 6749 4.1.2.1, OpenID Connect Core 1.0, 3.1.2.6).
_SAID = {
    "access_denied": words("You or {provider} declined the login."),
    "login_required": words("{provider} wants you to log in there first."),
    "interaction_required": words("{provider} wants you to log in there first."),
    "temporarily_unavailable": words("{provider} cannot log anybody in at this moment."),
    "server_error": words("{provider} cannot log anybody in at this moment."),
}

#: Refusals that are said on the login's own form, as those of passwords are.
TOO_MANY = {
    Answer.TOO_MANY: (429, words("Too many tries. Wait a quarter of an hour.")),
    Answer.BUSY: (503, words("Too many people are logging in at this moment. Try again.")),
}


@dataclass(frozen=True, slots=True)
class NoEntry:
    """Why somebody did not get in, with the status of the answer."""

    status: int
    heading: Words
    lines: tuple[Words, ...]


def too_many(answer: Answer) -> NoEntry:
    """There were too many tries, or there are too many at once."""
    status, what = TOO_MANY[answer]
    return NoEntry(status, _NOT_IN, (what,))


def ended() -> NoEntry:
    """The way back does not belong to a login that this browser has under way."""
    what = words(
        "This login was begun in another browser, took longer than ten minutes, or has come back once before: "
        "the back button leads here too."
    )
    return NoEntry(
        400, words("This login has ended"), (what, words("Log in again. If it repeats itself, allow cookies."))
    )


def refused(settings: Settings, provider: Words | str, error: str) -> NoEntry:
    """The provider sent somebody back without a code."""
    known = _SAID.get(error)
    if known:
        what = Words(known.english, {"provider": provider})
    else:
        shown = error if error.isascii() and error.replace("_", "").isalnum() and len(error) <= 40 else "?"
        what = words("{provider} did not log you in ({reason}).", provider=provider, reason=shown)
    return NoEntry(403, _NOT_IN, (what, _if_it_lasts(settings)))


def troubled(settings: Settings, provider: Words | str, trouble: OidcTrouble) -> NoEntry:
    """The provider could not be asked, or its answer does not hold."""
    if trouble.fault is Fault.SPENT:
        return ended()
    lines = []
    if trouble.fault is Fault.UNREACHABLE:
        lines += [words("{provider} does not answer. Try again in a minute.", provider=provider)]
        if settings.oidc.passwords:
            lines += [words("Until then you can log in with your password, if you have one.")]
        return NoEntry(503, _NOT_IN, (*lines, _if_it_lasts(settings)))
    if trouble.fault is Fault.CLIENT:
        lines += [words("{provider} does not know this program any more, or its secret.", provider=provider)]
    else:
        lines += [words("What {provider} says does not hold: {reason}", provider=provider, reason=trouble.reason)]
    return NoEntry(502, _NOT_IN, (*lines, _for_the_admin(settings)))


def not_linked(settings: Settings, provider: Words | str, why: NotLinked, subject: str, email: str) -> NoEntry:
    """The provider knows somebody, and there is no login for them here."""
    gaps = {"provider": provider, "account": one_line(subject, 255), "email": one_line(email, 254)}
    who = gaps["email"] or gaps["account"]
    if why is NotLinked.UNVERIFIED:
        what = words("{provider} does not vouch for your address {email}: it is not verified there.", **gaps)
        do = words("Have it verified there, or ask {office} to link your login to {who}.", **_asked(settings, subject))
        return NoEntry(403, _NO_LOGIN, (what, do))
    if why is NotLinked.ANOTHER:
        what = words("{email} is linked to a login here, but another account of {provider} came in by it.", **gaps)
        do = words("Ask {office} to link it anew: `distributor office link NAME {who}`.", **_asked(settings, who))
        return NoEntry(403, _NO_LOGIN, (what, do))
    known = {"provider": provider, "who": who}
    what = words("{provider} knows you as {who}, but nobody has given you a login here.", **known)
    do = words("Ask {office} for one: `distributor office add NAME --oidc {who}`.", **_asked(settings, who))
    return NoEntry(403, _NO_LOGIN, (what, do))


def _asked(settings: Settings, who: object) -> dict[str, object]:
    return {"office": _office(settings), "who": who}


def _office(settings: Settings) -> Words | str:
    """Whom to ask, with the number where there is one."""
    office = settings.office
    return words("{office} (phone {phone})", office=office.name, phone=office.phone) if office.phone else office.name


def _if_it_lasts(settings: Settings) -> Words:
    return words("If it repeats itself, ask {office}.", office=_office(settings))


def _for_the_admin(settings: Settings) -> Words:
    return words("Tell {office}: `distributor doctor` shows what is wrong.", office=_office(settings))
