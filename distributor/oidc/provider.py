"""One identity provider: where people are sent, and who they are when they come back with a code.

The code is redeemed with the secret and the PKCE verifier (RFC 7636); the ID token is checked; every token is
forgotten then. What the provider says of itself and its keys is asked for again after an hour, and its keys at once
when a token names a key that is not at hand, but not more than once in ten seconds.
"""

import asyncio
import base64
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from distributor.discretion import keep_secret
from distributor.errors import BadInput
from distributor.oidc.asking import Answer, Asking
from distributor.oidc.id_token import Expected, Key, UnknownKey, read_id_token, usable_keys
from distributor.oidc.journey import Journey
from distributor.oidc.metadata import WELL_KNOWN, Metadata, read_metadata
from distributor.oidc.trouble import Fault, OidcTrouble
from distributor.settings import Oidc
from distributor.words import words

_FRESH = dt.timedelta(hours=1)
_NOT_AGAIN_WITHIN = dt.timedelta(seconds=10)

#: What a provider says when it does not take our name or secret (RFC 6749 5.2).
_CLIENT_ERRORS = ("invalid_client", "unauthorized_client")


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is. `email` counts only when `email_verified`."""

    issuer: str
    subject: str
    email: str
    email_verified: bool


class Provider:
    """A provider as the settings name it. Open as long as these settings are in force; `close` ends its connections."""

    def __init__(self, settings: Oidc, clock: Callable[[], dt.datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._asking = Asking(settings)
        self._turn = asyncio.Lock()
        self._known: tuple[dt.datetime, Metadata] | None = None
        self._keys: tuple[dt.datetime, tuple[Key, ...]] | None = None

    async def metadata(self) -> Metadata:
        """What it says of itself. Raises `OidcTrouble`."""
        async with self._turn:
            if self._known is None or self._clock() - self._known[0] >= _FRESH:
                document = await self._asking.get(self._settings.issuer.rstrip("/") + WELL_KNOWN)
                self._known = (self._clock(), read_metadata(document, self._settings.issuer))
            return self._known[1]

    async def keys(self, *, fresh_for: dt.timedelta = _FRESH) -> tuple[Key, ...]:
        """The keys that it signs with, no older than `fresh_for`. Raises `OidcTrouble`."""
        address = (await self.metadata()).keys
        async with self._turn:
            if self._keys is None or self._clock() - self._keys[0] >= fresh_for:
                self._keys = (self._clock(), usable_keys(await self._asking.get(address)))
            return self._keys[1]

    async def way_there(self, journey: Journey) -> str:
        """Where the browser goes to log in. Raises `OidcTrouble`."""
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": journey.redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": journey.challenge,
            "code_challenge_method": "S256",
        }
        return _with_query((await self.metadata()).authorization, query)

    async def way_out(self, back_to: str) -> str:
        """Where the browser goes to log out there as well; empty when the provider offers no such page."""
        address = (await self.metadata()).end_session
        query = {"client_id": self._settings.client_id, "post_logout_redirect_uri": back_to}
        return _with_query(address, query) if address else ""

    async def require_issuer(self, given: str | None) -> None:
        """Raises `OidcTrouble` when the way back was not from this provider (RFC 9207 2.4)."""
        if given != self._settings.issuer and (given is not None or (await self.metadata()).names_issuer):
            raise OidcTrouble(Fault.UNTRUSTED, words("The way back names another issuer."))

    async def redeem(self, code: str, journey: Journey) -> Person:
        """Who came back with a code. Raises `OidcTrouble`."""
        answer = await self._tokens(code, journey)
        claims = await self._claims(_text(answer, "id_token"), journey.nonce)
        said = claims if "email" in claims else await self._userinfo(_text(answer, "access_token"), claims["sub"])
        verified = said.get("email_verified") is True
        return Person(self._settings.issuer, claims["sub"], _text(said, "email"), verified)

    async def takes_client(self, trial: Journey) -> bool:
        """Whether it is seen to take our name and secret: it refuses a code that cannot be one, and not us.

        Raises `OidcTrouble` when it refuses us; False when its answer does not tell.
        """
        try:
            await self._tokens("no-code", trial)
        except OidcTrouble as trouble:
            if trouble.fault is Fault.CLIENT:
                raise
            return trouble.fault is Fault.SPENT
        return False

    async def close(self) -> None:
        """Ends the connections."""
        await self._asking.close()

    async def _tokens(self, code: str, journey: Journey) -> Mapping[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": journey.redirect_uri,
            "code_verifier": journey.verifier,
        }
        metadata, name, secret = await self.metadata(), self._settings.client_id, await self._secret()
        if metadata.basic:
            answer = await self._asking.post(metadata.token, fields, {"authorization": _basic(name, secret)})
        else:
            fields |= {"client_id": name, "client_secret": secret}
            answer = await self._asking.post(metadata.token, fields, {})
        if answer.status != 200:
            raise _refusal(answer)
        return answer.document

    async def _secret(self) -> str:
        try:
            secret = await asyncio.to_thread(self._settings.secret)
        except BadInput as fault:
            raise OidcTrouble(Fault.CLIENT, fault.what) from None
        keep_secret(secret)
        return secret

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        expected = Expected(self._settings.issuer, self._settings.client_id, nonce)
        try:
            return read_id_token(token, await self.keys(), expected, now=self._clock())
        except UnknownKey:
            pass  # it may have a new one
        try:
            keys = await self.keys(fresh_for=_NOT_AGAIN_WITHIN)
            return read_id_token(token, keys, expected, now=self._clock())
        except UnknownKey:
            what = words("Its token was signed with a key that it does not publish.")
            raise OidcTrouble(Fault.UNTRUSTED, what) from None

    async def _userinfo(self, access_token: str, subject: str) -> Mapping[str, Any]:
        """What it says of a person besides (Core 5.3); of another person, or silent: nothing."""
        address = (await self.metadata()).userinfo
        if not address or not access_token:
            return {}
        try:
            said = await self._asking.get(address, bearer=access_token)
        except OidcTrouble:
            return {}  # who it is, is known without
        return said if said.get("sub") == subject else {}


def _refusal(answer: Answer) -> OidcTrouble:
    """Why there are no tokens (RFC 6749 5.2)."""
    error = _text(answer.document, "error")
    if error in _CLIENT_ERRORS or answer.status == 401:
        return OidcTrouble(Fault.CLIENT, words("It does not take client_id or client_secret."))
    if error == "invalid_grant":
        return OidcTrouble(Fault.SPENT, words("It does not take the code: it was used, or is too old."))
    return OidcTrouble(Fault.UNREACHABLE, words("It answers HTTP {status} to a code.", status=answer.status))


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _basic(name: str, secret: str) -> str:
    # Both are written as in a form before they are joined (RFC 6749 2.3.1).
    return "Basic " + base64.b64encode(f"{quote_plus(name)}:{quote_plus(secret)}".encode()).decode()


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key, "")
    return value if isinstance(value, str) else ""
