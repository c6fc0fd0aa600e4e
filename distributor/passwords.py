"""Passwords of the office's own pages: what may be one, and their Argon2id hashes. The one door to pwdlib.

Length is what counts; there are no rules about kinds of characters and no forced changes (NIST SP 800-63B 3.1.1).
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from distributor.errors import BadInput
from distributor.words import words

LEAST, MOST = 12, 256

_HASHER = PasswordHash.recommended()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right; `renewed` is a stronger hash to keep instead, when there is one."""

    right: bool
    renewed: str | None = None


def require_good(password: str, name: str) -> None:
    """Raises `BadInput` for a password that is too short, too long, nearly one character, or the login's own name."""
    text = _normal(password)
    what = None
    if len(text) < LEAST:
        what = words("The password is too short.")
    elif len(text) > MOST:
        what = words("The password is too long.")
    elif len(set(text)) < 5 or text.casefold().replace(_normal(name).casefold(), "") in ("", "123456", "12345678"):
        what = words("The password is too easy to guess.")
    if what:
        do = words(
            "Take {least} to {most} characters: several words that only you put together.", least=LEAST, most=MOST
        )
        raise BadInput(what, do=do)


def hash_password(password: str) -> str:
    """The hash to keep. Takes about a tenth of a second and 64 MB on purpose."""
    return _HASHER.hash(_octets(password))


def verify(password: str, kept: str | None) -> Verdict:
    """Compares a password with a kept hash. Without one (an unknown name) it takes as long, and is wrong."""
    if len(password) > MOST:
        password = ""  # longer ones are never set; hashing them would only cost
    try:
        right, renewed = _HASHER.verify_and_update(_octets(password), kept or _nobodys())
    except UnknownHashError:
        return Verdict(False)
    return Verdict(bool(right and kept), renewed if right and kept else None)


def prepare() -> None:
    """Makes what the first comparison needs, so that it takes no longer than the second."""
    _nobodys()


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's password, made anew in each process and never kept")


def _octets(password: str) -> bytes:
    # A terminal gives octets that are no text as lone surrogates.
    return _normal(password).encode("utf-8", "surrogatepass")


def _normal(text: str) -> str:
    # The same password from another keyboard: full-width letters, composed and decomposed marks.
    return unicodedata.normalize("NFKC", text)
