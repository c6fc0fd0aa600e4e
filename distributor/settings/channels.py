"""The accounts that carry letters, by channel, under the names by which they rest, are counted and are left alone.

A mail account is called as its table is (`main`), an app of WeCom `wecom.main`; the robots are one account together,
and so are the chats by Apprise, because each serves one chat only and none can take another's place (ADR 0027).
"""

from collections.abc import Callable
from typing import Final

from distributor.delivery.throttle import Scope
from distributor.errors import BadInput
from distributor.settings.apprise import require_apprise
from distributor.settings.model import Settings
from distributor.words import words

EMAIL: Final = "email"
WECOM: Final = "wecom"
ROBOT: Final = "wecom_robot"
APPRISE: Final = "apprise"

#: Channels whose addresses are webhooks: each a table of the settings, all of them one account.
WEBHOOKS: Final = (ROBOT, APPRISE)

_APP: Final = f"{WECOM}."

#: Webhooks in use at the same time, each for one chat.
_WEBHOOKS_AT_ONCE: Final = 4


def accounts_of(settings: Settings, channel: str) -> tuple[str, ...]:
    """The accounts of one channel, in the order of the file."""
    if channel == WECOM:
        return tuple(f"{_APP}{name}" for name in settings.wecom)
    if channel in WEBHOOKS:
        return (channel,) if _webhooks(settings, channel) else ()
    return tuple(settings.smtp)


def every_account(settings: Settings) -> tuple[str, ...]:
    """The accounts of all channels."""
    return tuple(account for channel in (EMAIL, WECOM, *WEBHOOKS) for account in accounts_of(settings, channel))


def account_of(account: str) -> tuple[str, str]:
    """The channel of an account, and its name in the settings ("" for webhooks, which are several)."""
    if account in WEBHOOKS:
        return account, ""
    return (WECOM, account.removeprefix(_APP)) if account.startswith(_APP) else (EMAIL, account)


def connections_of(settings: Settings, account: str) -> int:
    """How many messages an account may have in flight."""
    channel, name = account_of(account)
    if channel in WEBHOOKS:
        return min(len(_webhooks(settings, channel)), _WEBHOOKS_AT_ONCE)
    return settings.wecom[name].connections if channel == WECOM else settings.smtp[name].connections


def limited_scopes(settings: Settings, account: str) -> tuple[Scope, ...]:
    """What an account's own limits count: all its messages, and for mail those to each domain with a limit."""
    channel, name = account_of(account)
    if channel in WEBHOOKS:
        return ()
    if channel == WECOM:
        return (Scope(f"account:{account}", settings.wecom[name].limits),)
    mail = settings.smtp[name]
    domains = (Scope(f"domain:{name}:{domain}", limits) for domain, limits in mail.domain_limits.items())
    return (Scope(f"account:{name}", mail.limits), *domains)


def require_secret(settings: Settings, account: str) -> None:
    """Raises `BadInput` when the account's password, Secret or URL cannot be read; of webhooks one will do."""
    channel, name = account_of(account)
    if channel == WECOM:
        settings.wecom[name].found_from(settings.home).app_secret()
    elif channel in WEBHOOKS:
        _require_one(_webhooks(settings, channel))
    else:
        settings.smtp[name].found_from(settings.home).secret()


def require_account(settings: Settings, channel: str) -> None:
    """Raises `BadInput` when a channel has no account, or none whose secret can be read: the first one's trouble."""
    accounts = accounts_of(settings, channel)
    if channel == EMAIL:
        settings.account()
    elif not accounts:
        what = words("The channel {channel} is not set up.", channel=channel)
        raise BadInput(what, do=words("Add a table [{channel}.…] to distributor.toml.", channel=channel))
    if channel == APPRISE:
        require_apprise()
    troubles = []
    for account in accounts:
        try:
            require_secret(settings, account)
            return
        except BadInput as error:
            troubles.append(error)
    raise troubles[0]


def _webhooks(settings: Settings, channel: str) -> list[Callable[[], str]]:
    """What reads the secret of each chat of a channel."""
    if channel == ROBOT:
        return [robot.found_from(settings.home).robot_key for robot in settings.wecom_robot.values()]
    return [chat.found_from(settings.home).chat_url for chat in settings.apprise.values()]


def _require_one(secrets: list[Callable[[], str]]) -> None:
    troubles = []
    for secret in secrets:
        try:
            secret()
            return
        except BadInput as error:
            troubles.append(error)
    raise troubles[0]
