"""`[database]`, `[folders]`, `[log]`: where the program keeps what it knows and what it says."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from distributor.settings import values as check
from distributor.settings.table import Table


class DatabaseSettings(Table):
    """`[database]`: where everything is recorded."""

    url: Annotated[str, AfterValidator(check.database)] = Field(
        "sqlite:///data/distributor.db", repr=False, description="`sqlite:///file` or `postgresql://host/name`."
    )


class Folders(Table):
    """`[folders]`: what the office edits, relative to the settings file."""

    recipients: Path = Field(Path("recipients.yaml"), description="The admin's directory of groups.")
    inbox: Path = Field(Path("inbox"), description="The drop folder: a bulletin put here is finalised by the service.")
    templates: Path | None = Field(None, description="The office's own templates; empty: the built-in ones.")
    calendar: Path = Field(Path("calendar.yaml"), description="The admin's file of holidays and 调休 workdays.")
    replies: Path = Field(
        Path("replies.yaml"), description="The office's own rules about servers' refusals; the file may be missing."
    )
    key: Path = Field(Path("secrets/token.key"), description="Signs tokens; back it up with the database.")


class Logging(Table):
    """`[log]`: what the service writes to standard error. $DISTRIBUTOR_LOG (`json,debug`) wins."""

    format: Literal["console", "json"] = Field("console", description="One line for people, or one JSON object.")
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is written.")
