"""Tokens that name one delivery to the outside without giving anything away.

A token is HMAC-SHA-256 over key id, purpose and delivery id, cut to 160 bits and written in
lower-case base32, so it survives mail systems that fold case and fits a local part
(RFC 5321 4.5.3.1.1). Purposes differ, so a leaked bounce address cannot sign a 签收.
It is the same on every attempt. Losing the key file means that reports to letters already sent
can no longer be recognised: it belongs in the backup.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from distributor.errors import Place, Unavailable
from distributor.words import words


class Purpose(StrEnum):
    """What a token may be used for."""

    MESSAGE = "message"  # Message-ID and X-Bulletin-Delivery
    ENVELOPE = "envelope"  # VERP envelope sender and ENVID
    LINK = "link"  # the reader's page
    PRESS = "press"  # one issue of the 签收 button
    FORGOTTEN = "forgotten"  # stands for a person who was taken out of the records
    ARTICLE = "article"  # by which the platform knows a mass send of ours


@dataclass(frozen=True, slots=True)
class TokenKey:
    """The secret that tokens are made with. `id` names the key, so that keys can be changed."""

    id: str
    secret: bytes = field(repr=False)

    def token(self, purpose: Purpose, delivery_id: str) -> str:
        """Returns the 32-character token of one delivery for one purpose."""
        text = f"{self.id}|{purpose}|{delivery_id}".encode()
        digest = hmac.digest(self.secret, text, "sha256")
        return base64.b32encode(digest[:20]).decode().lower()


def token_hash(token: str) -> str:
    """What the database keeps of a token: enough to recognise it, nothing to send with."""
    return hashlib.sha256(token.encode()).hexdigest()


def load_key(path: Path) -> TokenKey:
    """Reads the key file, making it (0600) when there is none yet.

    Raises `Unavailable` when the file cannot be read, written or understood.
    """
    try:
        if not path.exists():
            _create(path)
        key_id, _, secret = path.read_text(encoding="ascii").strip().partition(":")
        if len(secret) != 64:
            raise ValueError("not a key")
        return TokenKey(key_id, bytes.fromhex(secret))
    except (OSError, ValueError) as error:
        raise Unavailable(
            words("The token key file cannot be read or made."),
            do=words("Check the file's rights, or restore it from the backup; do not replace it by a new one."),
            place=Place(str(path)),
        ) from error


def _create(path: Path) -> None:
    """Makes the key in one step: another process either sees no file or a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(4)}:{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
