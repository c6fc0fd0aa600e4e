"""Frozen bulletins for the tests of the store."""

import datetime as dt

from distributor.recipients.model import Recipient
from distributor.store.records import BulletinKey, Frozen, Letter

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=3)


def person(name: str, group: str = "各单位", channel: str = "email", **more: str) -> Recipient:
    """A recipient named and addressed after one word."""
    address = f"{name}@example.gov.cn"
    return Recipient(
        key=more.get("key", address),
        channel=channel,
        address=address,
        name=more.get("display", name.title()),
        unit=more.get("unit", "石桥镇"),
        role=None,
        group=group,
        people=(more.get("display", name.title()),),
    )


def letter(*names: str, group: str = "各单位", direction: str = "发", rendition: str = "{}") -> Letter:
    """One group's letter to the people named."""
    return Letter(group, direction, "email", rendition, tuple(person(name, group) for name in names))


def frozen(
    *letters: Letter, number: str = "12", edition: int = 1, digest: str = "d1", year: int = 2026, text: bytes = b"text"
) -> Frozen:
    """A bulletin with these letters."""
    return Frozen(
        key=BulletinKey("云岭河长制工作简报", "云岭区河长制办公室", year, "ordinary", number),
        edition=edition,
        title=f"云岭河长制工作简报 第{number}期",
        digest=digest,
        directory_digest="directory",
        file_name="简报.md",
        source=text,
        assets={"图/一.png": b"\x89PNG"},
        letters=letters,
    )
