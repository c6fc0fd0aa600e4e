"""What went over the wire for one message, as far as it matters: whether it left, and what was answered."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Route:
    """How the requests of a chat travel, whatever its URL says of it: where to, whom to trust, for how many seconds.

    An empty `base_url` is the platform's own address.
    """

    base_url: str = ""
    ca_file: Path | None = None
    proxy: str = ""
    seconds: float = 20.0


@dataclass(slots=True)
class Exchange:
    """One request. `sent`: the first byte of its body may have left; the platform may have taken it from then on.

    `status` is the HTTP status of a whole answer, 0 when there is none; `wait` what it asks for, in seconds.
    `reason` says why there is none; `held_back` that we did not let the request go.
    """

    sent: bool = False
    status: int = 0
    answer: bytes = field(default=b"", repr=False)
    wait: int = 0
    reason: str = ""
    held_back: bool = False
