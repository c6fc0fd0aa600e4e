"""`[remind]`: when those who owe a 签收 are asked again."""

from typing import Annotated

from pydantic import AfterValidator, Field

from distributor.settings import values as check
from distributor.settings.table import Table


class Reminders(Table):
    """`[remind]`: reminders (催办); whom and on which days stands in the directory."""

    hours: Annotated[str, AfterValidator(check.hours)] = Field(
        "09:00-17:00", description="Reminders leave by themselves only in these hours of a working day."
    )

    def open_at(self, minute: int) -> bool:
        """Whether a minute of the day, counted from midnight, lies in the hours."""
        first, _, last = self.hours.partition("-")
        return check.minutes(first) <= minute < check.minutes(last)
