"""One login on its way to the provider and back, bound to the browser that began it.

The browser keeps a secret in a cookie; nonce and PKCE verifier are made from it and the state, so neither the database
nor the address that everybody may see holds anything with which a code could be redeemed.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Journey:
    """What goes to the provider (`challenge` of `verifier`: RFC 7636 4.2), and what must come back."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str
    challenge: str


def new_secret() -> str:
    """A browser's secret, or the state of one login: 256 bits."""
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether a text has the form of one."""
    return _SECRET.fullmatch(text) is not None


def journey(secret: str, state: str, redirect_uri: str) -> Journey:
    """The same journey each time it is asked for with a browser's secret and a state."""
    nonce, verifier = (_derived(secret, purpose, state) for purpose in ("nonce", "verifier"))
    challenge = _text(hashlib.sha256(verifier.encode()).digest())
    return Journey(redirect_uri, state, nonce, verifier, challenge)


def way_back(base_url: str) -> str:
    """The redirect URI: where people come back to, and what the provider must have registered, letter for letter."""
    return f"{base_url}/office/oidc/callback"


def _derived(secret: str, purpose: str, state: str) -> str:
    return _text(hmac.digest(secret.encode(), f"{purpose}|{state}".encode(), "sha256"))


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
