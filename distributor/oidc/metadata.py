"""What a provider says of itself at `/.well-known/openid-configuration`, as far as it is used and can be believed.

The document must name the issuer of the settings letter for letter (OpenID Connect Discovery 1.0, 4.3): otherwise one
provider could speak for another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from distributor.misfit import shortened
from distributor.oidc.trouble import Fault, OidcTrouble
from distributor.settings.values import is_loopback
from distributor.words import Words, words

#: Where the document lies below the issuer.
WELL_KNOWN = "/.well-known/openid-configuration"

_BASIC, _POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's addresses and ways. `userinfo` and `end_session` are empty where there is none.

    `basic`: the secret goes into a header and not into the form. `names_issuer`: the way back must name the issuer
    (RFC 9207). `s256`: whether the provider says that it checks S256, or says nothing.
    """

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    end_session: str
    basic: bool
    names_issuer: bool
    s256: bool


def read_metadata(document: Mapping[str, Any], issuer: str) -> Metadata:
    """The document of the provider `issuer`. Raises `OidcTrouble` when it is another's or cannot be used."""
    found = document.get("issuer")
    if found != issuer:
        raise _untrusted(words("It calls itself {found}, and not {issuer}.", found=shortened(found), issuer=issuer))
    if "code" not in _list(document, "response_types_supported", "code"):
        raise _untrusted(words("It does not offer the authorization code flow."))
    ways = _list(document, "token_endpoint_auth_methods_supported", _BASIC)
    if not {_BASIC, _POST} & set(ways):
        raise _untrusted(words("It takes no client secret: {ways}.", ways=shortened(", ".join(map(str, ways)))))
    return Metadata(
        issuer=issuer,
        authorization=_address(document, "authorization_endpoint"),
        token=_address(document, "token_endpoint"),
        keys=_address(document, "jwks_uri"),
        userinfo=_address(document, "userinfo_endpoint", required=False),
        end_session=_address(document, "end_session_endpoint", required=False),
        basic=_BASIC in ways,
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        s256="S256" in _list(document, "code_challenge_methods_supported", "S256"),
    )


def _list(document: Mapping[str, Any], key: str, default: str) -> list[Any]:
    value = document.get(key, [default])
    return value if isinstance(value, list) else []


def _address(document: Mapping[str, Any], key: str, *, required: bool = True) -> str:
    value = document.get(key, "")
    if not value and not required:
        return ""
    if not isinstance(value, str) or not _safe(value):
        raise _untrusted(words("Its {key} is missing, or not an address with https.", key=key))
    return value


def _safe(value: str) -> bool:
    """Whether an address is encrypted, or is this very machine's."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return False
    plain = parts.scheme == "http" and is_loopback(host)
    return value.isascii() and value.isprintable() and bool(host) and (parts.scheme == "https" or plain)


def _untrusted(reason: Words) -> OidcTrouble:
    return OidcTrouble(Fault.UNTRUSTED, reason)
