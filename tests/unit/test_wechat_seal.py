"""The seal of WeChat callbacks, against the vendor's vectors and an implementation that shares nothing with ours."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.work.crypto import WeChatCrypto

from distributor.channels.wechat.seal import LARGEST, BadSeal, Seal, signature
from distributor.misfit import Misfit

TOKEN = "bulletinToken01"
CORP = "ww1234567890abcdef"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
TIMESTAMP, NONCE = "1760000000", "nonce1"
SEAL = Seal.of(token=TOKEN, encoding_aes_key=KEY, receive_id=CORP)
MESSAGE = (
    b"<xml><Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[ack]]></EventKey>"
    b"<FromUserName><![CDATA[zhangsan]]></FromUserName></xml>"
)
ENCRYPTED = (
    "4j/AuRx71kQlxVlzbpsMWPBbZ8vVVUVU+A9SPma7LKZX9T2EnitGkkJstxIB8CAxfGnZqj8rPNcQyACSzGvDapLweXB2XmC+FfLprAZraIjyycK1"
    "JfnKMEGwMKWGO7hCV0OJdbzxFANQrNpr6qGPQtOci92aNAH1cHLckYSmXVD4mwXMx2S+MU8fDGHspP6pdpazgDz4P3zEn9jswTarVy4lLhVltIdj"
    "zAZb8WjuVeZgRkpsFQOAm1rn3knbgJf5"
)


def opened(encrypted: str, seal: Seal = SEAL) -> bytes:
    return seal.open(encrypted, signature=seal.signature(TIMESTAMP, NONCE, encrypted), timestamp=TIMESTAMP, nonce=NONCE)


def refusal(encrypted: str, seal: Seal = SEAL) -> int:
    with pytest.raises(BadSeal) as raised:
        opened(encrypted, seal)
    return raised.value.number


def test_the_known_message_is_sealed_as_known() -> None:
    assert SEAL.close(MESSAGE, salt=b"0123456789abcdef") == ENCRYPTED
    assert SEAL.signature(TIMESTAMP, NONCE, ENCRYPTED) == "34698f979e515d4be9f85538fa6ab6ed4a7f4471"


def test_the_known_message_is_opened() -> None:
    assert opened(ENCRYPTED) == MESSAGE


def test_the_plain_signature_of_an_official_account_is_the_documented_one() -> None:
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"


@pytest.mark.parametrize("length", range(1, 70))
def test_wechatpy_opens_what_we_seal_at_every_padding(length: int) -> None:
    message = "签" * (length // 3) + "x" * (length % 3)
    encrypted = SEAL.close(message.encode())
    theirs = WeChatCrypto(TOKEN, KEY, CORP)
    envelope = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    stamp = SEAL.signature(TIMESTAMP, NONCE, encrypted)
    assert theirs.decrypt_message(envelope, stamp, TIMESTAMP, NONCE) == message


@pytest.mark.parametrize("length", range(1, 70))
def test_we_open_what_wechatpy_seals_at_every_padding(length: int) -> None:
    message = "x" * length
    sealed = WeChatCrypto(TOKEN, KEY, CORP).encrypt_message(message, NONCE, TIMESTAMP)
    encrypted = sealed.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    stamp = sealed.partition("<MsgSignature><![CDATA[")[2].partition("]]>")[0]
    assert SEAL.open(encrypted, signature=stamp, timestamp=TIMESTAMP, nonce=NONCE) == message.encode()


@given(st.binary(max_size=2000))
def test_whatever_is_sealed_is_opened(message: bytes) -> None:
    assert opened(SEAL.close(message)) == message


@pytest.mark.parametrize(
    "stamp", ["", "0" * 40, "签收", "34698F979E515D4BE9F85538FA6AB6ED4A7F4471"], ids=["empty", "other", "han", "upper"]
)
def test_a_wrong_signature_is_refused_before_anything_is_decrypted(stamp: str) -> None:
    with pytest.raises(BadSeal) as raised:
        SEAL.open("not even base64", signature=stamp, timestamp=TIMESTAMP, nonce=NONCE)
    assert raised.value.number == BadSeal.SIGNATURE


def test_a_message_for_another_company_is_refused() -> None:
    other = Seal.of(token=TOKEN, encoding_aes_key=KEY, receive_id="ww0000000000000000")
    assert refusal(other.close(MESSAGE)) == BadSeal.RECEIVER


def test_a_message_under_another_key_is_refused() -> None:
    other = Seal.of(token=TOKEN, encoding_aes_key="B" * 43, receive_id=CORP)
    assert refusal(other.close(MESSAGE)) in (BadSeal.CIPHER, BadSeal.BUFFER, BadSeal.RECEIVER)


@given(st.binary(min_size=1, max_size=300))
def test_garbage_under_a_right_signature_is_refused(garbage: bytes) -> None:
    assert refusal(base64.b64encode(garbage).decode()) in (BadSeal.CIPHER, BadSeal.BUFFER, BadSeal.RECEIVER)


def test_what_is_no_base64_or_too_large_is_refused() -> None:
    assert refusal("签收") == BadSeal.BUFFER
    assert refusal("A" * (LARGEST + 4)) == BadSeal.BUFFER


@pytest.mark.parametrize("length", [2**31, 2**32 - 1], ids=["half", "most"])
def test_a_length_beyond_the_message_is_refused(length: int) -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    plain = (b"s" * 16 + length.to_bytes(4, "big") + b"x").ljust(64 - 32, b"y") + bytes([32]) * 32
    encryptor = Cipher(algorithms.AES256(SEAL.key), modes.CBC(SEAL.key[:16])).encryptor()
    assert refusal(base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()) == BadSeal.BUFFER


@pytest.mark.parametrize(
    ("token", "key"),
    [("", KEY), ("t" * 33, KEY), ("签收", KEY), (TOKEN, KEY[:-1]), (TOKEN, KEY + "="), (TOKEN, "签" * 43)],
    ids=["no_token", "long_token", "han_token", "short_key", "padded_key", "han_key"],
)
def test_what_cannot_be_a_seal_is_refused_with_advice(token: str, key: str) -> None:
    with pytest.raises(Misfit) as raised:
        Seal.of(token=token, encoding_aes_key=key, receive_id=CORP)
    assert raised.value.do


def test_a_seal_shows_no_secret() -> None:
    assert TOKEN not in repr(SEAL)
    assert "\\x01" not in repr(SEAL)
