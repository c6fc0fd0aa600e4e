"""The operator's file `distributor.toml` as values, one file per table, with an environment twin for every key."""

from distributor.settings.apprise import AppriseChat
from distributor.settings.house import DatabaseSettings, Folders, Logging
from distributor.settings.mailbox import MailboxSettings
from distributor.settings.model import Settings
from distributor.settings.office import Office
from distributor.settings.official_account import OfficialAccountSettings
from distributor.settings.oidc import Oidc
from distributor.settings.reminders import Reminders
from distributor.settings.retention import Retention
from distributor.settings.sending import Sending
from distributor.settings.smtp import SmtpAccount
from distributor.settings.web import Web
from distributor.settings.wecom import WeComApp, WeComRobot

__all__ = [
    "AppriseChat",
    "DatabaseSettings",
    "Folders",
    "Logging",
    "MailboxSettings",
    "Office",
    "OfficialAccountSettings",
    "Oidc",
    "Reminders",
    "Retention",
    "Sending",
    "Settings",
    "SmtpAccount",
    "WeComApp",
    "WeComRobot",
    "Web",
]
