"""Reads one e-mail address as an admin writes it. The one door to email-validator.

Accepts what an office's relay can carry without SMTPUTF8: an ASCII local part and a domain,
Chinese domains as A-labels (RFC 5890). Intranet domains (`a@oa`, `a@mail.local`) pass with a
remark. Refuses, never repairs: full-width forms, spaces, line breaks, several addresses, quoted
local parts, domain literals, more than 64 + 254 octets (RFC 5321 4.5.3.1). No DNS is asked.
"""

import re
import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from distributor.header_text import ENCODED_WORD, INVISIBLE, unsafe
from distributor.misfit import Misfit, shortened
from distributor.words import Words, words

#: Last labels that no public mail server has (RFC 6761, RFC 6762), but office networks do.
INTRANET = ("local", "localhost", "test", "lan", "intranet", "internal", "corp", "home")

#: What the addresses of forgotten people end with; no mail server can have it (RFC 2606 2).
FORGOTTEN = "@forgotten.invalid"

_LONGEST = 254  # octets, RFC 5321 4.5.3.1.3 less the angle brackets
_LONGEST_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
_WIDE = re.compile(r"[\uff01-\uff5e\ufe6b\u3000\u3002\uff61\ufe52]")
_NAMED = re.compile(r"[^<>]*<([^<>]*)>\s*")
_DOT_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)  # RFC 5322 3.2.3
_FORM = words("Write it as name@example.gov.cn.")


@dataclass(frozen=True, slots=True)
class Address:
    """An address as letters carry it: local part as written, domain in lower-case A-labels.

    `oddity` says what is unusual about it, or is None.
    """

    text: str
    oddity: Words | None = None


def same(address: str) -> str:
    """The form in which two spellings of one address are equal. Local parts are compared without case."""
    return address.casefold()


def is_forgotten(address: str) -> bool:
    """Whether it only stands for somebody who was taken out of the records: nothing is ever sent there."""
    return address.endswith(FORGOTTEN)


def read_address(text: str) -> Address:
    """Reads one address. Raises `Misfit` with the right spelling where it can be seen."""
    _refuse_shape(text)
    local, _, domain = text.rpartition("@")
    _refuse_local(local)
    intranet = "." not in domain or domain.rsplit(".", 1)[1].lower() in INTRANET
    # email-validator refuses intranet names as such; with a public ending it checks everything else.
    ending = ".cn" if intranet and not domain.startswith("[") else ""
    try:
        found = validate_email(f"{local}@{domain}{ending}", check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        what = words("No mail server can have the name {domain}.", domain=shortened(domain))
        raise Misfit("address_invalid", what, _FORM) from error
    ascii_domain = found.ascii_domain or found.domain
    address = f"{local}@{ascii_domain.lower().removesuffix(ending)}"
    if len(address) > _LONGEST:
        raise _too_long(text)
    return Address(address, _oddity(address) if intranet else None)


def _oddity(address: str) -> Words:
    return words(
        "{address} is an intranet address: only a relay inside the office network can reach it.", address=address
    )


def _refuse_shape(text: str) -> None:
    """Refuses what is no single plain address, before its parts are looked at."""
    if len(text) > _LONGEST:
        raise _too_long(text)
    if any(unicodedata.category(char) in INVISIBLE for char in text):
        what = words("The address {address} contains a line break or an invisible character.", address=shortened(text))
        raise Misfit("address_control", what, words("Delete the address and type it again."))
    if _WIDE.search(text):
        raise _wide(text)
    if named := _NAMED.fullmatch(text):
        what = words("{address} is more than an address.", address=shortened(text))
        raise Misfit("address_named", what, words("Write only {address}.", address=shortened(named[1])))
    if re.search(r"[,;，；、]", text) or text.count("@") > 1:
        what = words("{address} is not one address.", address=shortened(text))
        raise Misfit("address_several", what, words("Write one address; a second person gets an entry of their own."))
    if re.search(r"\s", text):
        what = words("The address {address} contains a space.", address=shortened(text))
        close = re.sub(r"\s+", "", text)
        raise Misfit("address_space", what, words("Write {address}.", address=shortened(close)))
    if "@" not in text:
        what = words("{address} is not an address: it has no @.", address=shortened(text))
        raise Misfit("address_invalid", what, _FORM)


def _refuse_local(local: str) -> None:
    if not local.isascii():
        what = words("The part before the @ has characters other than ASCII: {local}.", local=shortened(local))
        raise Misfit(
            "address_local", what, words("Ask for an address in ASCII letters; many mail servers take no other.")
        )
    if len(local) > _LONGEST_LOCAL:
        raise _too_long(local)
    if not _DOT_ATOM.fullmatch(local):
        what = words("The part before the @ is not one that mail servers take: {local}.", local=shortened(local))
        raise Misfit(
            "address_local", what, words("Use letters, digits, and single dots, hyphens or underscores between them.")
        )
    header_safe(local)


def _too_long(text: str) -> Misfit:
    what = words("The address {address} is too long.", address=shortened(text))
    do = words("At most 64 characters may stand before the @, and 254 in all.")
    return Misfit("address_long", what, do)


def _wide(text: str) -> Misfit:
    close = unicodedata.normalize("NFKC", text).replace("。", ".").replace("｡", ".").replace(" ", "")
    _refuse_local(close.rpartition("@")[0] or "x")  # no spelling is suggested that would be refused next
    what = words("The address {address} has full-width characters.", address=shortened(text))
    return Misfit("address_fullwidth", what, words("Write {address}.", address=shortened(close)))


def header_safe(text: str) -> str:
    """Checks a text that may stand in a mail header (`header_text`). Raises `Misfit`."""
    found = unsafe(text)
    if found == ENCODED_WORD:
        raise Misfit(
            "text_encoded",
            words("{text} contains =?, which mail programs take for a code.", text=shortened(text)),
            words("Write the text without it."),
        )
    if found:
        what = words("{text} contains the invisible character {character}.", text=shortened(text), character=found)
        raise Misfit("text_control", what, words("Delete the text and type it again, in one line."))
    return text
