"""`[smtp.…]`: the accounts that hand letters to the relay."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator
from pydantic_core.core_schema import ValidationInfo

from distributor.delivery.throttle import Limit
from distributor.errors import BadInput
from distributor.misfit import Misfit
from distributor.settings import values as check
from distributor.settings.table import Duration, OptionalPath, Table, Text, read_secret
from distributor.words import words

#: The usual port of each kind of security (RFC 8314 3.3, RFC 6409 3.1).
USUAL_PORTS = {"tls": 465, "starttls": 587, "none": 25}

Limits = Annotated[tuple[Limit, ...], BeforeValidator(check.limits)]


class SmtpAccount(Table):
    """`[smtp.main]`: the account that hands letters to the relay."""

    host: Annotated[str, AfterValidator(check.host)] = Field(description="The relay's name.")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", validate_default=True, description="`none` only on loopback."
    )
    port: int = Field(
        default_factory=lambda known: USUAL_PORTS.get(known.get("security", "tls"), 465),
        ge=1,
        le=65535,
        description="465 for tls, 587 for starttls, 25 for none, unless given.",
    )
    username: Text = Field("", description="Empty: no login.")
    password: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    password_file: OptionalPath = Field(None, description="A file that holds the password or 授权码.")
    ca_file: OptionalPath = Field(None, description="A CA to trust besides the system's.")
    connections: int = Field(5, ge=1, le=50, description="Letters in flight at once.")
    local_hostname: Annotated[str, AfterValidator(check.optional_host)] = Field(
        "", description="The name said in EHLO; empty: this machine's."
    )
    bounce_address: Annotated[str, AfterValidator(check.bounce_address)] = Field(
        "", description="Envelope sender; `{token}` is replaced per letter (VERP). Empty: the From address."
    )
    dsn: Annotated[str, AfterValidator(check.notify)] = Field(
        "FAILURE,DELAY", description="NOTIFY where the relay offers DSN; empty: not asked."
    )
    limits: Limits = Field((), description="What the provider allows, such as `20/minute`, `500/day`.")
    domain_limits: dict[str, Limits] = Field(
        default_factory=dict, description='Limits for recipients of one domain, such as `qq.com = ["10/minute"]`.'
    )
    timeout: Duration = Field(dt.timedelta(minutes=5), description="For each command but the final dot.")
    # The lease of a letter whose dot is out must outlast it (store/moves.py).
    dot_timeout: Duration = Field(
        dt.timedelta(minutes=10),
        le=dt.timedelta(minutes=10),
        description="For the reply to the final dot (RFC 5321); 10 minutes at most.",
    )
    dkim_selector: Annotated[str, AfterValidator(check.optional_host)] = Field(
        "", description="The DKIM selector the relay signs with; only `distributor doctor` reads it."
    )

    @field_validator("security")
    @classmethod
    def _no_plain_text_abroad(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("host", "localhost")
        if value == "none" and not check.is_loopback(host):
            what = words("security is none, but {host} is not this machine.", host=host)
            do = words('Write "tls" or "starttls": letters and the password would cross the network unprotected.')
            raise Misfit("plain_text", what, do)
        return value

    def found_from(self, folder: Path) -> "SmtpAccount":
        """The same account with its relative files taken from `folder`."""
        files = {"password_file": self.password_file, "ca_file": self.ca_file}
        return self.model_copy(update={key: folder / path for key, path in files.items() if path is not None})

    def secret(self) -> str:
        """The password: from the environment, else from `password_file`; empty when there is no login.

        Raises `BadInput` when a login is set but its password is missing or unreadable.
        """
        if self.password.get_secret_value() or not self.username:
            return self.password.get_secret_value()
        if self.password_file is None:
            what = words("The account {username} has no password.", username=self.username)
            raise BadInput(what, do=words("Set password_file, or the environment variable of its password."))
        return read_secret(self.password_file)
