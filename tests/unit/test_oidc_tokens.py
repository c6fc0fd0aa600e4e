"""What an ID token must be to count: signed by a key of its kind, for us, for this login, in time."""

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from distributor.oidc.id_token import Expected, UnknownKey, read_id_token, usable_keys
from distributor.oidc.trouble import Fault, OidcTrouble
from tests.integration.identity_provider import (
    Claims,
    SigningKey,
    assembled,
    by_public_key,
    ec_key,
    rsa_key,
    signed,
    unsigned,
)

NOW = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)
AT = int(NOW.timestamp())
ISSUER = "https://id.example.gov.cn/realms/office"
EXPECTED = Expected(ISSUER, "distributor", "n-1")

KEYS = usable_keys({"keys": [rsa_key().public, ec_key().public]})

Making = Callable[[Claims, SigningKey], str]


def claims(**other: object) -> Claims:
    """What a good token says, but for `other`; None leaves a claim out."""
    good = {"iss": ISSUER, "sub": "f3c1a2", "aud": "distributor", "nonce": "n-1", "iat": AT, "exp": AT + 300}
    return {name: value for name, value in {**good, **other}.items() if value is not None}


@pytest.mark.parametrize("key", [rsa_key(), ec_key()], ids=["RS256", "ES256"])
def test_a_good_token_says_who_somebody_is(key: SigningKey) -> None:
    assert read_id_token(signed(claims(), key), KEYS, EXPECTED, now=NOW)["sub"] == "f3c1a2"


@pytest.mark.parametrize(
    "more",
    [
        {"aud": ["distributor"]},
        {"aud": ["other", "distributor"], "azp": "distributor"},
        {"azp": "distributor"},
        {"exp": AT - 59},
        {"iat": AT + 59},
        {"iat": AT - 86400},
        {"acr": "1", "at_hash": "x", "email": "a@b.cn"},
    ],
    ids=["a list for us", "several, for us", "for us", "just over", "just begun", "an old login", "more"],
)
def test_a_token_may_say_more(more: Claims) -> None:
    assert read_id_token(signed(claims(**more), rsa_key()), KEYS, EXPECTED, now=NOW)["sub"] == "f3c1a2"


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "https://evil.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": ["distributor", "other"]},
        {"aud": ["distributor", "other"], "azp": "other"},
        {"aud": {"distributor": 1}},
        {"aud": None},
        {"azp": "other"},
        {"azp": ""},
        {"nonce": "n-2"},
        {"nonce": ["n-1"]},
        {"nonce": None},
        {"exp": AT - 60},
        {"exp": "tomorrow"},
        {"exp": float("nan")},
        {"exp": True},
        {"exp": None},
        {"iat": AT + 61},
        {"iat": None},
        {"nbf": AT + 61},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a" * 256},
        {"sub": "a\u202eb"},
        {"sub": " a"},
    ],
    ids=str,
)
def test_a_token_of_somebody_else_or_of_another_time_does_not_count(other: Claims) -> None:
    with pytest.raises(OidcTrouble) as caught:
        read_id_token(signed(claims(**other), rsa_key()), KEYS, EXPECTED, now=NOW)
    assert caught.value.fault is Fault.UNTRUSTED


@pytest.mark.parametrize(
    "make",
    [
        lambda said, key: unsigned(said),
        by_public_key,
        lambda said, key: signed(said, key, alg="HS256"),
        lambda said, key: signed(said, key, alg="RS512"),
        lambda said, key: signed(said, key, alg="ES256"),
        lambda said, key: signed(said, key, alg=["RS256"]),
        lambda said, key: signed(said, key, alg=None),
        lambda said, key: signed(said, key, crit=["x"], x=1),
        lambda said, key: signed(said, SigningKey("r1", "RS256", rsa_key("another's").key)),
        lambda said, key: signed(said, key)[:-4] + "AAAA",
        lambda said, key: signed(said, key).rpartition(".")[0] + ".",
        lambda said, key: signed(said, key, kid=None),
        lambda said, key: signed(said, key, kid=["r1"]),
    ],
    ids=[
        "none", "HS256 with the public key", "said to be HS256", "RS512", "another kind of key", "a list", "nothing",
        "critical", "forged", "broken", "cut off", "no kid", "a list of kids",
    ],
)  # fmt: skip
def test_a_signature_counts_only_by_a_key_of_its_kind(make: Making) -> None:
    with pytest.raises((OidcTrouble, UnknownKey)):
        read_id_token(make(claims(), rsa_key()), KEYS, EXPECTED, now=NOW)


def test_a_token_without_a_name_of_its_key_takes_the_only_one() -> None:
    token = assembled({"alg": "RS256"}, claims(), rsa_key().sign)
    assert read_id_token(token, KEYS, EXPECTED, now=NOW)["sub"] == "f3c1a2"
    two = usable_keys({"keys": [rsa_key().public, rsa_key("r2").public]})
    with pytest.raises(OidcTrouble, match="which of several"):
        read_id_token(token, two, EXPECTED, now=NOW)


def test_a_key_that_is_not_at_hand_is_told_from_a_bad_token() -> None:
    with pytest.raises(UnknownKey):
        read_id_token(signed(claims(), rsa_key("r2")), KEYS, EXPECTED, now=NOW)


@pytest.mark.parametrize(
    "one",
    [
        {**rsa_key().public, "use": "enc"},
        {**rsa_key().public, "alg": "RSA-OAEP"},
        {**rsa_key().public, "n": "AQAB"},
        {**rsa_key().public, "n": 5},
        {"kty": "RSA"},
        {**ec_key().public, "crv": "P-384"},
        {**ec_key().public, "x": "AAAA"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "r1"},
        {"kty": "unheard of"},
        "no key",
        None,
    ],
    ids=[
        *("for encryption", "by another algorithm", "RSA of two bytes", "a number as modulus", "RSA without numbers"),
        *("by another curve", "off the curve", "symmetric", "of an unknown kind", "a text", "nothing"),
    ],
)
def test_a_key_that_cannot_check_a_signature_is_passed_over(one: object) -> None:
    assert [key.kid for key in usable_keys({"keys": [one, ec_key().public]})] == ["e1"]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": []}], ids=str)
def test_a_set_without_keys_has_none(document: Claims) -> None:
    assert usable_keys(document) == ()


@settings(max_examples=50)
@given(some.one_of(some.text(), some.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True)))
def test_whatever_comes_is_refused_and_breaks_nothing(token: str) -> None:
    with pytest.raises((OidcTrouble, UnknownKey)):
        read_id_token(token, KEYS, EXPECTED, now=NOW)


_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(
    header=some.dictionaries(some.sampled_from(["alg", "kid", "crit", "typ", "b64", "jwk"]), _values),
    said=some.dictionaries(some.sampled_from(["iss", "aud", "azp", "sub", "nonce", "exp", "iat", "nbf"]), _values),
)
def test_whatever_is_signed_well_is_refused_when_it_is_not_for_us(header: Claims, said: Claims) -> None:
    other = {**claims(), **said, "nonce": said.get("nonce", "another")}
    with pytest.raises((OidcTrouble, UnknownKey)):
        read_id_token(signed(other, ec_key(), **header), KEYS, EXPECTED, now=NOW)
