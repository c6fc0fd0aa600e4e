"""The operator's file `distributor.toml`, with an environment twin for every key.

`DISTRIBUTOR_SMTP__MAIN__HOST` overrides `[smtp.main] host`. Secrets come only from the
environment or from files named here; they are never written in the file itself.
"""

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from distributor.errors import BadFile, BadInput, Place, Problem
from distributor.words import words

FILE_NAME = "distributor.toml"

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def _duration(value: object) -> object:
    """Reads "3 days", "2 hours"; pydantic reads everything else."""
    match = re.fullmatch(r"\s*(\d+)\s*(second|minute|hour|day)s?\s*", value) if isinstance(value, str) else None
    return dt.timedelta(seconds=int(match[1]) * _UNITS[match[2]]) if match else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown time zone") from error
    return value


Duration = Annotated[dt.timedelta, BeforeValidator(_duration)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Office(_Table):
    """`[office]`: who sends, and who is told when something needs a person."""

    name: str = Field(description="The office's name as letters print it.")
    sender: str = Field(alias="from", description="The From header: 名称 <address>.")
    reply_to: str = Field("", description="Where answers go; empty: to `from`.")
    editors: tuple[str, ...] = Field((), description="Addresses of the editors.")
    phone: str = Field("", description="The number printed for questions and 签收 by phone.")
    base_url: str = Field("", description="The reader's page; empty: no public page.")
    timezone: Annotated[str, AfterValidator(_zone)] = Field("Asia/Shanghai", description="The zone people read.")


class DatabaseSettings(_Table):
    """`[database]`: where everything is recorded."""

    url: str = Field("sqlite:///data/distributor.db", description="sqlite:///file or postgresql://…")


class SmtpAccount(_Table):
    """`[smtp.main]`: the account that hands letters to the relay."""

    host: str = Field(description="The relay's name.")
    port: int = Field(465, ge=1, le=65535, description="465 for tls, 587 for starttls.")
    security: Literal["tls", "starttls", "none"] = Field("tls", description="`none` only on loopback.")
    username: str = Field("", description="Empty: no login.")
    password: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    password_file: Path | None = Field(None, description="A file that holds the password or 授权码.")
    ca_file: Path | None = Field(None, description="A CA to trust besides the system's.")
    connections: int = Field(5, ge=1, le=50, description="Letters in flight at once.")
    local_hostname: str = Field("", description="The name said in EHLO; empty: this machine's.")
    bounce_address: str = Field(
        "", description="Envelope sender; `{token}` is replaced per letter (VERP). Empty: the From address."
    )
    dsn: str = Field("FAILURE,DELAY", description="NOTIFY where the relay offers DSN; empty: not asked.")
    timeout: Duration = Field(dt.timedelta(minutes=5), description="For each command but the final dot.")
    dot_timeout: Duration = Field(dt.timedelta(minutes=10), description="For the reply to the final dot (RFC 5321).")


class Sending(_Table):
    """`[send]`: the rules of sending."""

    require_approver: bool = Field(True, description="Refuse a bulletin whose 核签 is missing or blank.")
    valid_for: Duration = Field(dt.timedelta(days=3), description="Retries end this long after the send began.")
    max_message_bytes: int = Field(20_000_000, ge=10_000, description="A letter larger than this is refused.")
    max_recipients: int = Field(5_000, ge=1, description="More than this is refused unless raised here.")


class Folders(_Table):
    """`[folders]`: what the office edits, relative to the settings file."""

    recipients: Path = Field(Path("recipients.yaml"), description="The admin's directory of groups.")
    templates: Path | None = Field(None, description="The office's own templates; empty: the built-in ones.")
    key: Path = Field(Path("secrets/token.key"), description="Signs tokens; back it up with the database.")


class Settings(BaseSettings):
    """All settings. Relative paths are taken from `home`, the folder of the settings file."""

    model_config = SettingsConfigDict(
        env_prefix="DISTRIBUTOR_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    office: Office
    database: DatabaseSettings = DatabaseSettings()
    smtp: dict[str, SmtpAccount] = Field(default_factory=dict)
    send: Sending = Sending()
    folders: Folders = Folders()
    home: Path = Path()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; nothing else is read."""
        return env_settings, init_settings

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read and write times."""
        return ZoneInfo(self.office.timezone)

    def path(self, path: Path) -> Path:
        """A configured path, resolved against the settings file's folder."""
        return path if path.is_absolute() else self.home / path
