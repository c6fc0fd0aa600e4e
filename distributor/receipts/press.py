"""The nonce behind the 签收 button: proof that a form was issued by our page, for this copy, and looked at for a while.

It is signed instead of stored, so that opening a page writes nothing: `milliseconds.random.HMAC`, with the HMAC over
both and the delivery. What comes back in less than a second was not pressed by a person; what is older than a day
lies in a tab that was forgotten. A press is kept with the receipt it makes, so none counts twice.
"""

import datetime as dt
import hmac
import re
import secrets
from enum import StrEnum

from distributor.receipts.tokens import Purpose, TokenKey

SOONEST = dt.timedelta(seconds=1)
LATEST = dt.timedelta(hours=24)

_NONCE = re.compile(r"([0-9a-f]{1,12})\.([0-9a-f]{16})\.([a-z2-7]{32})")


class Press(StrEnum):
    """What a nonce that came back is worth."""

    GOOD = "good"
    MISSING = "missing"  # none, or no nonce at all
    FOREIGN = "foreign"  # not issued here for this copy
    TOO_SOON = "too_soon"
    TOO_OLD = "too_old"


def issue(key: TokenKey, delivery_id: str, now: dt.datetime) -> str:
    """A nonce for a form that is shown at `now` (UTC)."""
    issued = f"{round(now.timestamp() * 1000):x}.{secrets.token_hex(8)}"
    return f"{issued}.{_signature(key, delivery_id, issued)}"


def judge_press(key: TokenKey, delivery_id: str, nonce: str, now: dt.datetime) -> Press:
    """Whether a form with this nonce may count at `now` (UTC)."""
    match = _NONCE.fullmatch(nonce)
    if match is None:
        return Press.MISSING
    issued = f"{match[1]}.{match[2]}"
    if not hmac.compare_digest(_signature(key, delivery_id, issued), match[3]):
        return Press.FOREIGN
    age = now - dt.datetime.fromtimestamp(int(match[1], 16) / 1000, dt.UTC)
    if age < SOONEST:
        return Press.TOO_SOON
    return Press.GOOD if age <= LATEST else Press.TOO_OLD


def _signature(key: TokenKey, delivery_id: str, issued: str) -> str:
    return key.token(Purpose.PRESS, f"{delivery_id}|{issued}")
