"""Reads the signed token that says who somebody is. The one door to joserfc, which the extra `oidc` installs.

Only RS256 and ES256 count, each with a key of its kind: neither "none" nor a signature made with a public key as a
password gets in (RFC 8725 3.1 and 3.2). What it must say: OpenID Connect Core 1.0, 3.1.3.7.
"""

import datetime as dt
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from joserfc.util import base64_to_int

from distributor.oidc.trouble import Fault, OidcTrouble
from distributor.words import Words, words

#: The signatures that count, and the kind of key that each needs.
ALGORITHMS: Mapping[str, str] = {"RS256": "RSA", "ES256": "EC"}

#: How far the provider's clock may be from ours, in seconds.
LEEWAY = 60

_LEAST_BITS = 2048
_LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0, 2

Key = RSAKey | ECKey


class UnknownKey(Exception):
    """The token was signed with a key that is not among those at hand; the provider may have a new one."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must be about: who issued it, for whom, and for which login."""

    issuer: str
    client_id: str
    nonce: str


def usable_keys(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """The keys of a key set that can check a signature; others are passed over (RFC 7517 5)."""
    found = document.get("keys")
    return tuple(key for one in (found if isinstance(found, list) else []) if (key := _usable(one)))


def read_id_token(token: str, keys: tuple[Key, ...], expected: Expected, *, now: dt.datetime) -> Mapping[str, Any]:
    """The claims of a token. Raises `UnknownKey`, and `OidcTrouble` for one that does not hold."""
    registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    try:
        header = jws.extract_compact(token.encode("ascii"), registry=registry).headers()
        key = _key_for(header, keys)
        claims = jwt.decode(token, key, registry=registry).claims
        _claims(expected, now).validate(claims)
    except (JoseError, UnicodeEncodeError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise _untrusted(words("Its token does not hold ({reason}).", reason=_name(error))) from None
    _require_party(claims, expected)
    if not hmac.compare_digest(str(claims["nonce"]).encode("utf-8", "replace"), expected.nonce.encode()):
        raise _untrusted(words("Its token belongs to another login."))
    return claims


def _claims(expected: Expected, now: dt.datetime) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    )


def _require_party(claims: Mapping[str, Any], expected: Expected) -> None:
    """A token for several must say that it was made for us (Core 3.1.3.7, 4 and 5); its subject is short and plain."""
    audience, party = claims["aud"], claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if (party is not None or several) and party != expected.client_id:
        raise _untrusted(words("Its token was made for another program."))
    subject = claims["sub"]
    if len(subject) > _LONGEST_SUBJECT or not subject.isprintable() or subject != subject.strip():
        raise _untrusted(words("Its token does not hold ({reason}).", reason="sub"))


def _key_for(header: Mapping[str, Any], keys: tuple[Key, ...]) -> Key:
    """The one key that a token names; unnamed, the only one of its kind (Core 10.1)."""
    kind, name = ALGORITHMS.get(str(header.get("alg"))), header.get("kid")
    if kind is None:
        raise _untrusted(words("Its token does not hold ({reason}).", reason="alg"))
    fitting = [key for key in keys if key.key_type == kind and (name is None or key.kid == name)]
    if not fitting:
        raise UnknownKey
    if len(fitting) > 1:
        raise _untrusted(words("Its token does not say with which of several keys it was signed."))
    return fitting[0]


def _usable(one: object) -> Key | None:
    if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("alg", "RS256") not in ALGORITHMS:
        return None
    try:
        if one.get("kty") == "RSA" and base64_to_int(one["n"]).bit_length() < _LEAST_BITS:
            return None
        key = JWKRegistry.import_key(one)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, ECKey):
        return key if key.curve_name == "P-256" else None
    return key if isinstance(key, RSAKey) else None


def _name(error: Exception) -> str:
    """What is wrong, in the standard's own words and without any of the token's."""
    return str(getattr(error, "claim", "") or getattr(error, "error", "") or type(error).__name__)


def _untrusted(reason: Words) -> OidcTrouble:
    return OidcTrouble(Fault.UNTRUSTED, reason)
