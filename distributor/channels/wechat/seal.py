"""The seal of callbacks: signature and encryption between Tencent's platforms and our callback address.

AES-256-CBC with a PKCS#7 padding of 32-byte blocks, under a key that both sides know, around
`random(16) | length(4, big endian) | message | receive id`; the signature is the SHA-1 of the sorted
token, timestamp, nonce and cipher text. Source: developer.work.weixin.qq.com/document/path/90968 and
the vendor's sample WXBizMsgCrypt, whose error numbers `BadSeal` keeps. The Official Account uses the
same seal with its AppID as the receive id.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from distributor.misfit import Misfit
from distributor.words import words

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK: Final = 32
_SALT: Final = 16
_LENGTH: Final = 4
_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TOKEN = re.compile(r"[A-Za-z0-9]{1,32}")

#: Larger cipher texts are refused unread: events are a few hundred bytes.
LARGEST: Final = 512_000


class BadSeal(Exception):
    """A callback that does not come from the platform, or not for us. `number` is the vendor's own error number."""

    SIGNATURE: Final = -40001
    RECEIVER: Final = -40005
    CIPHER: Final = -40007
    BUFFER: Final = -40008

    def __init__(self, number: int) -> None:
        super().__init__(f"callback seal: {number}")
        self.number = number


@dataclass(frozen=True, slots=True)
class Seal:
    """Token, AES key and receive id of one callback address. Never shown."""

    token: str = field(repr=False)
    key: bytes = field(repr=False)
    receive_id: str

    @classmethod
    def of(cls, *, token: str, encoding_aes_key: str, receive_id: str) -> "Seal":
        """The seal from what the platform's console shows. Raises `Misfit` when one of them has another form."""
        if not _TOKEN.fullmatch(token):
            what = words("The callback token has the wrong form.")
            raise Misfit("callback_token", what, words("It is 1 to 32 letters and digits; copy it from the console."))
        if not _KEY.fullmatch(encoding_aes_key):
            what = words("The EncodingAESKey has the wrong form.")
            raise Misfit("aes_key", what, words("It is 43 letters and digits; copy it from the console."))
        return cls(token, base64.b64decode(encoding_aes_key + "="), receive_id)

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """`msg_signature` as the platform computes it: hex of a SHA-1."""
        return signature(self.token, timestamp, nonce, encrypted)

    def open(self, encrypted: str, *, signature: str, timestamp: str, nonce: str) -> bytes:
        """The message inside. Raises `BadSeal`; the signature is compared in constant time, before anything else."""
        expected = self.signature(timestamp, nonce, encrypted)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise BadSeal(BadSeal.SIGNATURE)
        return self._unwrap(self._decrypt(encrypted))

    def close(self, message: bytes, *, salt: bytes | None = None) -> str:
        """The cipher text of a message, in base64. `salt` is 16 random bytes unless given."""
        salt = secrets.token_bytes(_SALT) if salt is None else salt
        plain = salt + len(message).to_bytes(_LENGTH, "big") + message + self.receive_id.encode()
        padder = _padding().padder()
        encryptor = self._cipher().encryptor()
        padded = padder.update(plain) + padder.finalize()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def _cipher(self) -> "Cipher[modes.CBC]":
        # Loaded where something is sealed: it takes 7 MB, and most offices have no callbacks.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        return Cipher(algorithms.AES256(self.key), modes.CBC(self.key[:16]))

    def _decrypt(self, encrypted: str) -> bytes:
        if len(encrypted) > LARGEST:
            raise BadSeal(BadSeal.BUFFER)
        try:
            cipher_text = base64.b64decode(encrypted.encode("ascii"), validate=True)
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(cipher_text) + decryptor.finalize()
            unpadder = _padding().unpadder()
            return unpadder.update(padded) + unpadder.finalize()
        except (binascii.Error, UnicodeEncodeError):
            raise BadSeal(BadSeal.BUFFER) from None
        except ValueError:
            raise BadSeal(BadSeal.CIPHER) from None

    def _unwrap(self, plain: bytes) -> bytes:
        begin = _SALT + _LENGTH
        end = begin + int.from_bytes(plain[_SALT:begin], "big")
        if len(plain) < begin or end > len(plain):
            raise BadSeal(BadSeal.BUFFER)
        if not hmac.compare_digest(plain[end:], self.receive_id.encode()):
            raise BadSeal(BadSeal.RECEIVER)
        return plain[begin:end]


def signature(*parts: str) -> str:
    """SHA-1 in hex over the sorted parts: with three parts the plain signature of an Official Account's callback."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def _padding() -> "PKCS7":
    from cryptography.hazmat.primitives.padding import PKCS7

    return PKCS7(_BLOCK * 8)
