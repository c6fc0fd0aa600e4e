"""Compiled templates, kept for as long as the process runs.

Templates are looked up anew for every bulletin, because the office may edit them at any time. Compiling them is half of
what a letter costs, so what did not change is not compiled again.
"""

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """One entry for each file; another content takes the place of the one before."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fills the bucket when its very content was compiled before."""
        checksum, code = self._kept.get(bucket.key, ("", b""))
        if checksum == bucket.checksum:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps what was compiled."""
        self._kept[bucket.key] = bucket.checksum, bucket.bytecode_to_string()
