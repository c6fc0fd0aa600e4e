"""Which passwords the office's pages take, and how they are kept."""

import pytest

from distributor.errors import BadInput
from distributor.passwords import LEAST, MOST, hash_password, require_good, verify

GOOD = "河长 together 三个词"


@pytest.fixture(scope="module")
def kept() -> str:
    return hash_password(GOOD)


@pytest.mark.parametrize(
    "password",
    ["", "brief", "x" * (LEAST - 1), "x" * 40, "abababababababab", "ChenYi123456", "chenyi" * 3, "y" * (MOST + 1)],
    ids=["empty", "brief", "a letter less", "one letter", "two letters", "name and digits", "name thrice", "endless"],
)
def test_a_bad_password_is_refused_with_advice(password: str) -> None:
    with pytest.raises(BadInput) as refusal:
        require_good(password, "ChenYi")
    assert str(LEAST) in str(refusal.value.do)
    assert password not in str(refusal.value) or not password


@pytest.mark.parametrize("password", [GOOD, "correct horse battery staple", "河长制办公室的人都爱喝茶", "a1b2c3d4e5f6"])
def test_length_is_what_counts(password: str) -> None:
    require_good(password, "chenyi")


def test_the_hash_is_argon2id_and_says_nothing(kept: str) -> None:
    assert kept.startswith("$argon2id$")
    assert "together" not in kept
    assert hash_password(GOOD) != kept  # salted


def test_the_right_password_is_right_from_any_keyboard(kept: str) -> None:
    assert verify(GOOD, kept).right
    assert verify("河长　ｔｏｇｅｔｈｅｒ　三个词", kept).right


@pytest.mark.parametrize("password", ["", GOOD + " ", GOOD.upper(), "x" * 10_000, "\0", "\ud800"])
def test_any_other_is_wrong(kept: str, password: str) -> None:
    assert not verify(password, kept).right


def test_a_name_without_a_login_is_wrong_with_any_password() -> None:
    assert not verify("nobody's password, made anew in each process and never kept", None).right
    assert not verify(GOOD, None).right


@pytest.mark.parametrize("stored", ["", "plain", "$2b$12$" + "x" * 53])
def test_what_is_no_hash_of_ours_opens_nothing(stored: str) -> None:
    assert not verify(GOOD, stored).right


def test_a_weaker_hash_is_renewed_at_the_next_login() -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8192).hash(GOOD)
    verdict = verify(GOOD, weak)
    assert verdict.right
    assert verdict.renewed
    assert verify(GOOD, verdict.renewed) == type(verdict)(True, None)
