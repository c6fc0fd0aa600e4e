"""A real identity provider on a loopback socket, made from the standards with `cryptography` alone.

It does what a good one does: registered redirect URIs, codes that serve once, PKCE, client authentication. A test may
make it sign with other keys, say other things or refuse.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote_plus, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from distributor.settings import Oidc
from distributor.web.forms import read_form
from distributor.web.server import serve
from tests.integration.conftest import Clock

CLIENT, SECRET = "distributor", "a client's secret: 河长+办"

Claims = dict[str, Any]


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass(frozen=True)
class SigningKey:
    """A key with its name; `alg` says of which kind."""

    name: str
    alg: str
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def public(self) -> dict[str, str]:
        """As it stands in the key set (RFC 7518 6)."""
        common = {"kid": self.name, "use": "sig", "alg": self.alg}
        if isinstance(self.key, rsa.RSAPrivateKey):
            numbers = self.key.public_key().public_numbers()
            return {**common, "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        point = self.key.public_key().public_numbers()
        return {**common, "kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}

    @property
    def pem(self) -> bytes:
        """The public key as a text: what HS256 with a public key would take for a password."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, form)

    def sign(self, octets: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.key.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)  # RFC 7518 3.4


@cache
def rsa_key(name: str = "r1") -> SigningKey:
    """One RSA key for each name: making them takes a while."""
    return SigningKey(name, "RS256", rsa.generate_private_key(65537, 2048))


@cache
def ec_key(name: str = "e1") -> SigningKey:
    return SigningKey(name, "ES256", ec.generate_private_key(ec.SECP256R1()))


def signed(claims: Claims, key: SigningKey, **header: Any) -> str:
    """A token as a good provider makes it."""
    return assembled({"alg": key.alg, "kid": key.name, "typ": "JWT", **header}, claims, key.sign)


def assembled(header: Claims, claims: Claims, sign: Callable[[bytes], bytes]) -> str:
    """A token of any header with any signature."""
    parts = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{parts}.{encoded(sign(parts.encode()))}"


def by_public_key(claims: Claims, key: SigningKey) -> str:
    """HS256 with the public key for a password (RFC 8725 2.1)."""
    header = {"alg": "HS256", "kid": key.name}
    return assembled(header, claims, lambda octets: hmac.digest(key.pem, octets, "sha256"))


def unsigned(claims: Claims) -> str:
    """`alg: none`."""
    return assembled({"alg": "none"}, claims, lambda octets: b"")


@dataclass
class Account:
    """Somebody at the provider."""

    subject: str = "f3c1a2"
    email: str = "chenyi@example.gov.cn"
    verified: object = True


@dataclass
class Asked:
    """A code that was given out, and for what."""

    redirect_uri: str
    challenge: str
    nonce: str
    account: Account


@dataclass
class IdentityProvider:
    """The provider. `account` is who is logged in at it in every browser."""

    clock: Clock
    issuer: str = ""
    redirect_uris: set[str] = field(default_factory=set)
    account: Account = field(default_factory=Account)
    key: SigningKey = field(default_factory=rsa_key)
    published: list[dict[str, Any]] = field(default_factory=list)
    #: What it says otherwise than it should, by the key of the document.
    document: dict[str, Any] = field(default_factory=dict)
    #: Makes the token of the claims that are due.
    token: Callable[[Claims, SigningKey], str] = signed
    #: Where the e-mail address is said: in the token, or only when it is asked for.
    email_in_token: bool = True
    #: Whom it speaks of when it is asked for an address, when not of who asked.
    mistaken_for: str = ""
    #: What is sent back instead of a code.
    refusal: str = ""
    #: Another site by which people are led back, as a provider does that asks a second one.
    broker: str = ""
    #: Statuses that an address answers with instead of its document.
    broken: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Asked] = field(default_factory=dict)
    _bearers: dict[str, Account] = field(default_factory=dict)

    def settings(self, **more: Any) -> Oidc:
        """What an office sets to log in here."""
        return Oidc(issuer=self.issuer, client_id=CLIENT, client_secret=SecretStr(SECRET), label="统一认证", **more)

    def describe(self, request: Request) -> Response:
        return self._said("configuration") or JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "code_challenge_methods_supported": ["plain", "S256"],
                "authorization_response_iss_parameter_supported": True,
                **self.document,
            }
        )

    def keys(self, request: Request) -> Response:
        return self._said("keys") or JSONResponse({"keys": self.published or [self.key.public]})

    def authorize(self, request: Request) -> Response:
        """Everybody is logged in already, and comes back at once."""
        query = request.query_params
        self.asked.append("authorize")
        to = query["redirect_uri"]
        # RFC 9700 4.1.3: compared letter for letter, or nobody is sent anywhere.
        if query["client_id"] != CLIENT or to not in self.redirect_uris:
            return Response("unknown client or redirect_uri", 400)
        good = query["response_type"] == "code" and query["code_challenge_method"] == "S256"
        if not good or "openid" not in query["scope"].split():
            return Response("no such flow", 400)
        back = {"state": query["state"], "iss": self.issuer}
        if self.refusal:
            return self._led(f"{to}?{urlencode({**back, 'error': self.refusal})}")
        code = secrets.token_urlsafe(16)
        self.codes[code] = Asked(to, query["code_challenge"], query["nonce"], self.account)
        return self._led(f"{to}?{urlencode({**back, 'code': code})}")

    def hand_on(self, request: Request) -> Response:
        """The second site."""
        self.asked.append("broker")
        return RedirectResponse(request.query_params["to"], 302)

    def log_out(self, request: Request) -> Response:
        self.asked.append("out")
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)

    async def redeem(self, request: Request) -> Response:
        if said := self._said("token"):
            return said
        fields = await read_form(request)
        if not self._is_client(request, fields):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(fields.get("code", ""), None)
        challenge = encoded(hashlib.sha256(fields.get("code_verifier", "").encode()).digest())
        if asked is None or asked.challenge != challenge or asked.redirect_uri != fields.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        bearer = secrets.token_urlsafe(16)
        self._bearers[bearer] = asked.account
        token = self.token(self.claims(asked), self.key)
        return JSONResponse({"access_token": bearer, "token_type": "Bearer", "id_token": token, "expires_in": 300})

    def userinfo(self, request: Request) -> Response:
        account = self._bearers.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if account is None:
            return Response(status_code=401)
        return self._said("userinfo") or JSONResponse(
            {"sub": self.mistaken_for or account.subject, "email": account.email, "email_verified": account.verified}
        )

    def claims(self, asked: Asked) -> Claims:
        now = int(self.clock().timestamp())
        claims: Claims = {"iss": self.issuer, "sub": asked.account.subject, "aud": CLIENT, "nonce": asked.nonce}
        claims |= {"iat": now, "exp": now + 300}
        if self.email_in_token:
            claims |= {"email": asked.account.email, "email_verified": asked.account.verified}
        return claims

    def _led(self, to: str) -> Response:
        return RedirectResponse(f"{self.broker}?{urlencode({'to': to})}" if self.broker else to, 302)

    def _is_client(self, request: Request, fields: Mapping[str, str]) -> bool:
        kind, _, rest = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            name, _, secret = base64.b64decode(rest).decode().partition(":")
            return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, SECRET)
        return (fields.get("client_id"), fields.get("client_secret")) == (CLIENT, SECRET)

    def _said(self, name: str) -> Response | None:
        self.asked.append(name)
        return Response("trouble", self.broken[name]) if name in self.broken else None


def _number(number: int, length: int = 0) -> str:
    return encoded(number.to_bytes(length or (number.bit_length() + 7) // 8))


@asynccontextmanager
async def identity_provider(clock: Clock, host: str = "127.0.0.1") -> AsyncIterator[IdentityProvider]:
    """A provider that answers until the block ends. `host` is the name by which it is known."""
    provider = IdentityProvider(clock)
    routes = [
        Route("/realms/office/.well-known/openid-configuration", provider.describe),
        Route("/realms/office/keys", provider.keys),
        Route("/realms/office/authorize", provider.authorize),
        Route("/realms/office/token", provider.redeem, methods=["POST"]),
        Route("/realms/office/userinfo", provider.userinfo),
        Route("/realms/office/out", provider.log_out),
        Route("/broker", provider.hand_on),
    ]
    server = await serve(Starlette(routes=routes), "127.0.0.1", 0)
    provider.issuer = f"http://{host}:{server.port}/realms/office"
    try:
        yield provider
    finally:
        await server.stop()
