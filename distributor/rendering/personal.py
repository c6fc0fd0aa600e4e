"""What one copy of a letter has of its own, checked before it enters the letter."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from distributor.errors import BadInput
from distributor.rendering import headers
from distributor.words import words

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,128}")
_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")


@dataclass(frozen=True, slots=True)
class Personal:
    """What one copy has of its own. `date` is aware; `links` maps `read`, `acknowledge`, `pixel` and `cover` to
    addresses.
    """

    to_name: str
    to_address: str
    unit: str
    role: str | None
    message_id: str
    date: dt.datetime
    delivery_token: str
    links: Mapping[str, str] = field(default_factory=dict)
    subject_prefix: str = ""  # 【测试】 on test sends
    read_report_to: str = ""  # where a read report goes; empty: none is asked for

    def values(self) -> dict[str, str]:
        """The personal fields by the names templates use. Raises `BadInput` for characters a letter cannot carry."""
        values = {
            "recipient.name": headers.checked(self.to_name, words("The recipient's name")),
            "recipient.unit": headers.checked(self.unit, words("The recipient's unit")),
            "recipient.role": headers.checked(self.role or "", words("The recipient's role")),
        }
        return values | {f"links.{name}": matching(_LINK, link) for name, link in self.links.items()}

    def checked_message_id(self) -> str:
        """The Message-ID, angle brackets and all (RFC 5322 3.6.4). Raises `BadInput`."""
        return matching(_MESSAGE_ID, self.message_id)

    def checked_token(self) -> str:
        """What stands in X-Bulletin-Delivery. Raises `BadInput`."""
        return matching(_TOKEN, self.delivery_token)


def matching(pattern: re.Pattern[str], value: str) -> str:
    """Returns a value of exactly this form; raises `BadInput` for any other."""
    if not pattern.fullmatch(value):
        raise BadInput(words("“{value}” cannot stand in a letter.", value=ascii(value)[1:80]))
    return value


def sample_copy(name: str) -> Personal:
    """A made-up copy, for proving a letter before anybody's is made."""
    links = {
        "read": "https://example.invalid/r/sample?a=1&b=2",
        "acknowledge": "https://example.invalid/a/sample",
        "pixel": "https://example.invalid/o.gif",
        "cover": "https://example.invalid/cover.png",
    }
    return Personal(
        to_name=name,
        to_address="sample@example.invalid",
        unit=f"“{name}”<单位>&",
        role=None,
        message_id="<sample@example.invalid>",
        date=dt.datetime(2020, 1, 17, 9, tzinfo=dt.UTC),
        delivery_token="sample",  # noqa: S106 - not a secret: the token of a copy that is never sent
        links=links,
    )
