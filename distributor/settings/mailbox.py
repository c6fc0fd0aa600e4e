"""`[mailbox]`: the IMAP folder to which reports and answers come."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_core.core_schema import ValidationInfo

from distributor.errors import BadInput
from distributor.misfit import Misfit
from distributor.settings import values as check
from distributor.settings.table import Duration, OptionalPath, Table, Text, read_secret
from distributor.words import words

#: The usual port of each kind of security (RFC 8314 3.2).
USUAL_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class MailboxSettings(Table):
    """`[mailbox]`: the IMAP folder that is read for bounces, read reports and answers. Nothing is ever sent from it."""

    host: Annotated[str, AfterValidator(check.optional_host)] = Field(
        "", description="The IMAP server; empty: no mailbox is read."
    )
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", validate_default=True, description="`none` only on loopback."
    )
    port: int = Field(
        default_factory=lambda known: USUAL_PORTS.get(known.get("security", "tls"), 993),
        ge=1,
        le=65535,
        description="993 for tls, 143 otherwise, unless given.",
    )
    username: Text = Field("", description="The login.")
    password: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    password_file: OptionalPath = Field(None, description="A file that holds the password or 授权码.")
    ca_file: OptionalPath = Field(None, description="A CA to trust besides the system's.")
    folder: Text = Field("INBOX", description="The folder that reports come into.")
    done_folder: Text = Field("", description="Where read reports are moved; empty: they stay and get a keyword.")
    quarantine_folder: Text = Field("", description="Where mail that cannot be read is moved; empty: as above.")
    poll: Duration = Field(
        dt.timedelta(minutes=1),
        ge=dt.timedelta(seconds=1),
        le=dt.timedelta(minutes=25),
        description="How often it is looked at; where the server offers IDLE, new mail is seen at once.",
    )
    history: Duration = Field(dt.timedelta(days=30), description="How old mail may be that is read at the first time.")
    timeout: Duration = Field(dt.timedelta(seconds=60), description="For each answer of the server.")

    @field_validator("security")
    @classmethod
    def _no_plain_text_abroad(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("host", "")
        if value == "none" and host and not check.is_loopback(host):
            what = words("security is none, but {host} is not this machine.", host=host)
            do = words('Write "tls" or "starttls": letters and the password would cross the network unprotected.')
            raise Misfit("plain_text", what, do)
        return value

    @property
    def name(self) -> str:
        """What this folder is called in the database."""
        return f"{self.username}@{self.host}/{self.folder}"

    def found_from(self, folder: Path) -> "MailboxSettings":
        """The same settings with their relative files taken from `folder`."""
        files = {"password_file": self.password_file, "ca_file": self.ca_file}
        return self.model_copy(update={key: folder / path for key, path in files.items() if path is not None})

    def secret(self) -> str:
        """The password: from the environment, else from `password_file`. Raises `BadInput` when there is none."""
        if self.password.get_secret_value():
            return self.password.get_secret_value()
        if self.password_file is None:
            what = words("The account {username} has no password.", username=self.username)
            raise BadInput(what, do=words("Set password_file, or the environment variable of its password."))
        return read_secret(self.password_file)
