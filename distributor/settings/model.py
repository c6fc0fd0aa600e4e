"""All tables of `distributor.toml` together, and the folder that their relative paths are taken from.

`DISTRIBUTOR_SMTP__MAIN__HOST` overrides `[smtp.main] host`. Secrets come only from the
environment or from files named here; they are never written in the file itself and never
shown. `file.py` reads the file and the environment.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from distributor.errors import BadInput, Place, Problem
from distributor.misfit import Misfit
from distributor.settings import values as check
from distributor.settings.apprise import AppriseChat
from distributor.settings.house import DatabaseSettings, Folders, Logging
from distributor.settings.mailbox import MailboxSettings
from distributor.settings.office import Office
from distributor.settings.official_account import OfficialAccountSettings
from distributor.settings.oidc import Oidc
from distributor.settings.reminders import Reminders
from distributor.settings.retention import Retention
from distributor.settings.sending import Sending
from distributor.settings.smtp import USUAL_PORTS, SmtpAccount
from distributor.settings.table import Table, secret_problems
from distributor.settings.web import Web
from distributor.settings.wecom import WeComApp, WeComRobot
from distributor.words import words


class Settings(Table):
    """All settings. Relative paths are taken from `home`, the folder of the settings file."""

    office: Office
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    smtp: dict[str, SmtpAccount] = Field(default_factory=dict)
    send: Sending = Field(default_factory=Sending)
    folders: Folders = Field(default_factory=Folders)
    log: Logging = Field(default_factory=Logging)
    web: Web = Field(default_factory=Web)
    oidc: Oidc = Field(default_factory=Oidc)
    remind: Reminders = Field(default_factory=Reminders)
    retention: Retention = Field(default_factory=Retention)
    mailbox: MailboxSettings = Field(default_factory=MailboxSettings)
    wecom: dict[str, WeComApp] = Field(default_factory=dict)
    wecom_robot: dict[str, WeComRobot] = Field(default_factory=dict)
    apprise: dict[str, AppriseChat] = Field(default_factory=dict)
    official_account: dict[str, OfficialAccountSettings] = Field(default_factory=dict)
    home: Path = Path()

    @field_validator("smtp", mode="before")
    @classmethod
    def _named_accounts(cls, value: object) -> object:
        if isinstance(value, dict) and any(not isinstance(account, dict | SmtpAccount) for account in value.values()):
            what = words("The mail account has no name.")
            raise Misfit("account_name", what, words("Begin its table with [smtp.main]."))
        for name in value if isinstance(value, dict) else ():
            if name in ("wecom_robot", "apprise") or str(name).startswith("wecom."):
                what = words("A mail account cannot be called {name}.", name=name)
                raise Misfit("account_name", what, words("Other accounts are called so; choose another name."))
        return value

    @field_validator("wecom", mode="before")
    @classmethod
    def _named_apps(cls, value: object) -> object:
        if isinstance(value, dict) and any(not isinstance(account, dict | WeComApp) for account in value.values()):
            what = words("The WeCom app has no name.")
            raise Misfit("account_name", what, words("Begin its table with [wecom.main]."))
        return value

    @field_validator("wecom_robot", mode="before")
    @classmethod
    def _named_robots(cls, value: object) -> object:
        if isinstance(value, dict) and any(not isinstance(account, dict | WeComRobot) for account in value.values()):
            what = words("The robot has no name.")
            raise Misfit("account_name", what, words('Begin its table with [wecom_robot."某群"].'))
        return value

    @field_validator("apprise", mode="before")
    @classmethod
    def _named_chats(cls, value: object) -> object:
        if isinstance(value, dict) and any(not isinstance(chat, dict | AppriseChat) for chat in value.values()):
            what = words("The chat has no name.")
            raise Misfit("account_name", what, words('Begin its table with [apprise."某群"].'))
        return value

    @field_validator("official_account", mode="before")
    @classmethod
    def _named_official_accounts(cls, value: object) -> object:
        tables = (dict, OfficialAccountSettings)
        if isinstance(value, dict) and any(not isinstance(account, tables) for account in value.values()):
            what = words("The Official Account has no name.")
            raise Misfit("account_name", what, words("Begin its table with [official_account.main]."))
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
        """The same settings for a file in the folder `home`, with the files of all accounts found from there."""
        found = {
            "smtp": {name: account.found_from(home) for name, account in self.smtp.items()},
            "mailbox": self.mailbox.found_from(home),
            "oidc": self.oidc.found_from(home),
            "wecom": {name: account.found_from(home) for name, account in self.wecom.items()},
            "wecom_robot": {name: account.found_from(home) for name, account in self.wecom_robot.items()},
            "apprise": {name: chat.found_from(home) for name, chat in self.apprise.items()},
            "official_account": {name: account.found_from(home) for name, account in self.official_account.items()},
        }
        return self.model_copy(update={"home": home, **found})

    def account(self) -> tuple[str, SmtpAccount]:
        """The mail account's name and settings, its files found from `home`. Raises `BadInput` when there is none."""
        for name, account in self.smtp.items():
            return name, account.found_from(self.home)
        raise BadInput(words("No mail account is set."), do=words("Add a table [smtp.main] to distributor.toml."))

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that a group of the directory may name: mail, and what else is set up."""
        return ("email", *(name for name in ("wecom", "wecom_robot", "apprise") if getattr(self, name)))

    @property
    def chats(self) -> dict[str, tuple[str, ...]]:
        """The names of group chats, by the channel that leads to them."""
        return {"wecom_robot": tuple(self.wecom_robot), "apprise": tuple(self.apprise)}

    def warnings(self) -> tuple[Problem, ...]:
        """What works but is unsafe or unusual: readable secrets, a port of another kind of security."""
        problems = []
        for name, account in self.smtp.items():
            place = Place(f"[smtp.{name}]")
            usual = next((security for security, port in USUAL_PORTS.items() if port == account.port), account.security)
            if usual != account.security and "none" not in (usual, account.security):
                gaps = {"port": account.port, "usual": usual, "security": account.security}
                what = words("Port {port} is usual for {usual}, but security is {security}.", **gaps)
                problems.append(Problem(place, "port", what, words("Correct one of the two."), "warning"))
            problems += secret_problems(place, account.found_from(self.home).secret, self._lying(account.password_file))
        box, place = self.mailbox, Place("[mailbox]")
        files = self._lying(box.password_file)
        problems += secret_problems(place, box.found_from(self.home).secret if box.host else str, files)
        for name, app in self.wecom.items():
            files = self._lying(*app.secret_files)
            problems += secret_problems(Place(f"[wecom.{name}]"), app.found_from(self.home).app_secret, files)
        for name, robot in self.wecom_robot.items():
            files = self._lying(robot.key_file)
            problems += secret_problems(Place(f"[wecom_robot.{name}]"), robot.found_from(self.home).robot_key, files)
        for name, chat in self.apprise.items():
            files = self._lying(chat.url_file)
            problems += secret_problems(Place(f"[apprise.{name}]"), chat.found_from(self.home).chat_url, files)
        for name, platform in self.official_account.items():
            files = self._lying(*platform.secret_files)
            secret = platform.found_from(self.home).app_secret
            problems += secret_problems(Place(f"[official_account.{name}]"), secret, files)
        problems += self._about_oidc()
        if self.web.listens and not check.is_loopback(self.web.listens[0]):
            what = words("The service's pages can be read from other machines: bind is {bind}.", bind=self.web.bind)
            do = words("Listen on 127.0.0.1, or let only the machines in that need the pages (firewall, proxy).")
            problems.append(Problem(Place("[web]"), "open_pages", what, do, "warning"))
        return tuple(problems)

    def _about_oidc(self) -> Iterator[Problem]:
        place, oidc = Place("[oidc]"), self.oidc
        if not oidc.issuer:
            return
        files = self._lying(oidc.client_secret_file)
        yield from secret_problems(place, oidc.found_from(self.home).secret, files)
        if not self.office.base_url:
            what = words("People cannot come back from the identity provider: [office] base_url is empty.")
            do = words("Set base_url to the address under which the pages are reached.")
            yield Problem(place, "no_way_back", what, do, "warning")

    def _lying(self, *files: Path | None) -> list[tuple[Path, Path]]:
        """Files as they are written, and where they lie."""
        return [(file, self.path(file)) for file in files if file is not None]
