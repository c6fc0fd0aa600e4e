"""The operator's file `distributor.toml` as values, with an environment twin for every key.

`DISTRIBUTOR_SMTP__MAIN__HOST` overrides `[smtp.main] host`. Secrets come only from the
environment or from files named here; they are never written in the file itself and never
shown. `settings_file.py` reads the file and the environment.
"""

import datetime as dt
import stat
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from pydantic_core.core_schema import ValidationInfo

from distributor import settings_values as check
from distributor.delivery.throttle import Limit
from distributor.errors import BadInput, Place, Problem
from distributor.misfit import Misfit
from distributor.schedule.rule import AT_ONCE, Rule
from distributor.words import words

FILE_NAME = "distributor.toml"

_PORTS = {"tls": 465, "starttls": 587, "none": 25}

Duration = Annotated[dt.timedelta, BeforeValidator(check.duration)]
#: An empty value, as environment variables have it, means that there is no such file.
OptionalPath = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]
Limits = Annotated[tuple[Limit, ...], BeforeValidator(check.limits)]
Text = Annotated[str, AfterValidator(check.text)]
Address = Annotated[str, AfterValidator(check.address)]


class Table(BaseModel):
    """A table of the file. Unknown keys are refused; code may use field names where the file has aliases."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)


class Office(Table):
    """`[office]`: who sends, and who is told when something needs a person."""

    name: Annotated[str, AfterValidator(check.name)] = Field(description="The office's name as letters print it.")
    sender: Annotated[str, AfterValidator(check.one_mailbox)] = Field(
        alias="from", description="The From header: `名称 <address>`."
    )
    reply_to: Annotated[str, AfterValidator(check.optional_mailbox)] = Field(
        "", description="Where answers go; empty: to `from`."
    )
    editors: Annotated[tuple[Address, ...], BeforeValidator(check.addresses)] = Field(
        (), description="Addresses of the editors."
    )
    phone: Text = Field("", description="The number printed for questions and 签收 by phone.")
    base_url: Annotated[str, AfterValidator(check.page)] = Field(
        "", description="The reader's page, https (http on this machine only); empty: no public page."
    )
    timezone: Annotated[str, AfterValidator(check.zone)] = Field("Asia/Shanghai", description="The zone people read.")

    @property
    def sender_name(self) -> str:
        """The display name of `from`; the office's name when it has none."""
        return check.mailbox(self.sender)[0] or self.name

    @property
    def sender_address(self) -> str:
        """The bare address of `from`, normalised."""
        return check.mailbox(self.sender)[1]


class DatabaseSettings(Table):
    """`[database]`: where everything is recorded."""

    url: Annotated[str, AfterValidator(check.database)] = Field(
        "sqlite:///data/distributor.db", repr=False, description="`sqlite:///file` or `postgresql://host/name`."
    )


class SmtpAccount(Table):
    """`[smtp.main]`: the account that hands letters to the relay."""

    host: Annotated[str, AfterValidator(check.host)] = Field(description="The relay's name.")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", validate_default=True, description="`none` only on loopback."
    )
    port: int = Field(
        default_factory=lambda known: _PORTS.get(known.get("security", "tls"), 465),
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
        return _read_secret(self.password_file)


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
    max_message_bytes: int = Field(20_000_000, ge=10_000, description="A letter larger than this is refused.")
    max_recipients: int = Field(5_000, ge=1, description="More than this is refused unless raised here.")


class Folders(Table):
    """`[folders]`: what the office edits, relative to the settings file."""

    recipients: Path = Field(Path("recipients.yaml"), description="The admin's directory of groups.")
    inbox: Path = Field(Path("inbox"), description="The drop folder: a bulletin put here is finalised by the service.")
    templates: Path | None = Field(None, description="The office's own templates; empty: the built-in ones.")
    calendar: Path = Field(Path("calendar.yaml"), description="The admin's file of holidays and 调休 workdays.")
    key: Path = Field(Path("secrets/token.key"), description="Signs tokens; back it up with the database.")


class Logging(Table):
    """`[log]`: what the service writes to standard error. $DISTRIBUTOR_LOG (`json,debug`) wins."""

    format: Literal["console", "json"] = Field("console", description="One line for people, or one JSON object.")
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is written.")


class Web(Table):
    """`[web]`: the service's own pages: health, readiness, metrics."""

    bind: Annotated[str, AfterValidator(check.bind)] = Field(
        "127.0.0.1:8025", description="`host:port` to listen on, without TLS: this machine only; empty: no pages."
    )

    @property
    def listens(self) -> tuple[str, int] | None:
        """Host and port; None when there are no pages."""
        host, _, port = self.bind.rpartition(":")
        return (host.strip("[]"), int(port)) if self.bind else None


class Settings(Table):
    """All settings. Relative paths are taken from `home`, the folder of the settings file."""

    office: Office
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    smtp: dict[str, SmtpAccount] = Field(default_factory=dict)
    send: Sending = Field(default_factory=Sending)
    folders: Folders = Field(default_factory=Folders)
    log: Logging = Field(default_factory=Logging)
    web: Web = Field(default_factory=Web)
    home: Path = Path()

    @field_validator("smtp", mode="before")
    @classmethod
    def _named_accounts(cls, value: object) -> object:
        if isinstance(value, dict) and any(not isinstance(account, dict | SmtpAccount) for account in value.values()):
            what = words("The mail account has no name.")
            raise Misfit("account_name", what, words("Begin its table with [smtp.main]."))
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read and write times."""
        return ZoneInfo(self.office.timezone)

    @property
    def database_url(self) -> str:
        """The database's URL, with the path of an SQLite file taken from `home`. May hold a password."""
        scheme, _, rest = self.database.url.partition(":///")
        if scheme != "sqlite":
            return self.database.url
        path, mark, options = rest.partition("?")
        # `home` is a path and no part of a URL: what means something in a URL is written as %25 and %3F.
        found = self.path(Path(unquote(path))).as_posix().replace("%", "%25").replace("?", "%3F")
        return f"sqlite:///{found}{mark}{options}"

    def path(self, path: Path) -> Path:
        """A configured path, resolved against the settings file's folder."""
        return path if path.is_absolute() else self.home / path

    def at(self, home: Path) -> "Settings":
        """The same settings for a file in the folder `home`, with the files of the mail account found from there."""
        accounts = {name: account.found_from(home) for name, account in self.smtp.items()}
        return self.model_copy(update={"home": home, "smtp": accounts})

    def account(self) -> tuple[str, SmtpAccount]:
        """The mail account's name and settings, its files found from `home`. Raises `BadInput` when there is none."""
        for name, account in self.smtp.items():
            return name, account.found_from(self.home)
        raise BadInput(words("No mail account is set."), do=words("Add a table [smtp.main] to distributor.toml."))

    def warnings(self) -> tuple[Problem, ...]:
        """What works but is unsafe or unusual: readable secrets, a port of another kind of security."""
        problems = []
        for name, account in self.smtp.items():
            place = Place(f"[smtp.{name}]")
            usual = next((security for security, port in _PORTS.items() if port == account.port), account.security)
            if usual != account.security and "none" not in (usual, account.security):
                gaps = {"port": account.port, "usual": usual, "security": account.security}
                what = words("Port {port} is usual for {usual}, but security is {security}.", **gaps)
                problems.append(Problem(place, "port", what, words("Correct one of the two."), "warning"))
            try:
                account.found_from(self.home).secret()
            except BadInput as error:
                problems.append(Problem(place, "secret_missing", error.what, error.do, "warning"))
            if account.password_file is not None and _open_to_others(self.path(account.password_file)):
                what = words("Other people on this machine can read {file}.", file=account.password_file)
                problems.append(Problem(place, "secret_readable", what, words("Run: chmod 600 on it."), "warning"))
        if self.web.listens and not check.is_loopback(self.web.listens[0]):
            what = words("The service's pages can be read from other machines: bind is {bind}.", bind=self.web.bind)
            do = words("Listen on 127.0.0.1, or let only the machines in that need the pages (firewall, proxy).")
            problems.append(Problem(Place("[web]"), "open_pages", what, do, "warning"))
        return tuple(problems)


def _open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IRGRP | stat.S_IWGRP))
    except OSError:
        return False


def _read_secret(path: Path) -> str:
    """One line of text. No message ever shows what the file holds."""
    do = words("Write the password into it, as one line in UTF-8, and run: chmod 600 on it.")
    try:
        secret = path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        what = words("The password file {file} cannot be read: {reason}.", file=path, reason=error.strerror or error)
        raise BadInput(what, do=do) from error
    except UnicodeDecodeError:
        raise BadInput(words("The password file {file} is not a text.", file=path), do=do) from None
    if not secret:
        raise BadInput(words("The password file {file} is empty.", file=path), do=do)
    if not secret.isprintable():
        raise BadInput(words("The password file {file} contains more than one line.", file=path), do=do)
    return secret
