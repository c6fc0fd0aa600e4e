"""What a provider says of itself, and what of it is believed; and what a login on its way is made of."""

import base64
import hashlib
from typing import Any

import pytest

from distributor.oidc.journey import is_secret, journey, new_secret, way_back
from distributor.oidc.metadata import read_metadata
from distributor.oidc.trouble import Fault, OidcTrouble

ISSUER = "https://id.example.gov.cn/realms/office"

DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


def test_a_short_document_is_enough() -> None:
    found = read_metadata(DOCUMENT, ISSUER)
    assert (found.token, found.userinfo, found.end_session) == (f"{ISSUER}/token", "", "")
    assert (found.basic, found.s256, found.names_issuer) == (True, True, False)


@pytest.mark.parametrize(
    ("more", "attribute", "value"),
    [
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, "basic", False),
        ({"code_challenge_methods_supported": ["plain"]}, "s256", False),
        ({"authorization_response_iss_parameter_supported": True}, "names_issuer", True),
        ({"end_session_endpoint": f"{ISSUER}/out"}, "end_session", f"{ISSUER}/out"),
        ({"userinfo_endpoint": f"{ISSUER}/me"}, "userinfo", f"{ISSUER}/me"),
        ({"token_endpoint": "http://localhost:8080/t"}, "token", "http://localhost:8080/t"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_it_says_besides_is_taken_over(more: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(read_metadata({**DOCUMENT, **more}, ISSUER), attribute) == value


@pytest.mark.parametrize(
    "other",
    [
        {"issuer": "https://evil.example"},
        {"issuer": f"{ISSUER}/"},
        {"issuer": None},
        {"issuer": {"a": 1}},
        {"token_endpoint": "http://id.example.gov.cn/token"},
        {"token_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "https:///token"},
        {"token_endpoint": "https://[/token"},
        {"token_endpoint": "https://id.example.gov.cn/\r\ntoken"},
        {"authorization_endpoint": None},
        {"jwks_uri": ["https://id.example.gov.cn/keys"]},
        {"userinfo_endpoint": "ftp://id.example.gov.cn"},
        {"response_types_supported": ["id_token"]},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ],
    ids=str,
)
def test_a_document_that_is_another_s_or_unsafe_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(OidcTrouble) as caught:
        read_metadata({**DOCUMENT, **other}, ISSUER)
    assert caught.value.fault is Fault.UNTRUSTED


def test_a_journey_is_the_same_again_for_the_same_browser_and_no_other() -> None:
    secret, state = new_secret(), new_secret()
    there, back = (journey(secret, state, way_back("https://b.example.gov.cn")) for _ in range(2))
    assert there == back
    assert there.redirect_uri == "https://b.example.gov.cn/office/oidc/callback"
    digest = hashlib.sha256(there.verifier.encode()).digest()
    assert base64.urlsafe_b64decode(there.challenge + "=") == digest  # RFC 7636 4.2
    assert 43 <= len(there.verifier) <= 128
    assert len({there.state, there.nonce, there.verifier, there.challenge, secret}) == 5
    others = (journey(new_secret(), state, ""), journey(secret, new_secret(), ""))
    assert not {there.nonce, there.verifier} & {part for one in others for part in (one.nonce, one.verifier)}


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "\n", "ä" * 43], ids=ascii)
def test_what_is_no_secret_of_ours_is_seen_at_once(text: str) -> None:
    assert is_secret(new_secret())
    assert not is_secret(text)
