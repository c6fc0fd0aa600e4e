"""The seal of a callback address from the files that the settings name."""

from pathlib import Path

from distributor.channels.wechat.seal import Seal
from distributor.discretion import keep_secret
from distributor.settings.table import read_secret


def read_seal(token_file: Path | None, key_file: Path | None, *, receive_id: str) -> Seal | None:
    """The seal under Token and EncodingAESKey; None when the settings name none.

    Raises `BadInput` for a file that cannot be read, `Misfit` for what it holds.
    """
    if token_file is None or key_file is None:
        return None
    token, key = read_secret(token_file), read_secret(key_file)
    keep_secret(token, key)
    return Seal.of(token=token, encoding_aes_key=key, receive_id=receive_id)
