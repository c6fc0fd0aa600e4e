"""`[send]`: when bulletins go out, for how long letters are tried, and what is refused."""

import datetime as dt
from typing import Annotated

from pydantic import BeforeValidator, Field

from distributor.schedule.rule import AT_ONCE, Rule
from distributor.settings import values as check
from distributor.settings.table import Duration, Table


class Sending(Table):
    """`[send]`: the rules of sending."""

    rule: Annotated[Rule, BeforeValidator(check.rule)] = Field(
        AT_ONCE, description="When a finalised bulletin goes out; see [send rules](schedule.md)."
    )
    grace: Duration = Field(
        dt.timedelta(hours=2),
        description="An hour that was missed by no more is made up for; later ones wait for a yes.",
    )
    require_approver: bool = Field(True, description="Refuse a bulletin whose 核签 is missing or blank.")
    valid_for: Duration = Field(dt.timedelta(days=3), description="Retries end this long after the send began.")
    content_refusals: int = Field(
        3,
        ge=1,
        description="A letter of which so many copies (or all) are refused for its content waits for a person.",
    )
    max_message_bytes: int = Field(20_000_000, ge=10_000, description="A letter larger than this is refused.")
    max_recipients: int = Field(5_000, ge=1, description="More than this is refused unless raised here.")
