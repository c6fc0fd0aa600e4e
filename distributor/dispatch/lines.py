"""Opens lines to the accounts of the settings, and keeps what the lines of one account share.

An app of WeCom has one token for all its lines, and may be asked for it only so often: it lives here, from turn to
turn, until its settings change or the sending ends.
"""

from distributor.channels.apprise.channel import AppriseChannel
from distributor.channels.base import Channel
from distributor.channels.smtp.channel import SmtpChannel
from distributor.channels.smtp.rules import Rules
from distributor.channels.wechat.uploads import Memory
from distributor.channels.wechat.wecom import App
from distributor.channels.wechat.wecom_app import WeComAppChannel
from distributor.channels.wechat.wecom_robot import WeComRobotChannel
from distributor.delivery.throttle import Limit, parse_limit
from distributor.dispatch.gates import Way
from distributor.settings import Settings, WeComApp
from distributor.settings.apprise import require_apprise
from distributor.settings.channels import APPRISE, ROBOT, WEBHOOKS, WECOM, account_of, connections_of

#: A third of what the platform takes without dropping (30/minute, 1000/hour): a copy may be a card and its file, and
#: one whose answer was lost is handed over again.
PER_MEMBER: tuple[Limit, ...] = (parse_limit("10/minute"), parse_limit("300/hour"))

#: A robot may say 20 things a minute (so in 企业微信 and 钉钉); a bulletin with its file is two.
PER_CHAT: tuple[Limit, ...] = (parse_limit("9/minute"),)


def open_lines(
    settings: Settings, count: int, *, name: str | None = None, rules: Rules | None = None
) -> tuple[Channel, ...]:
    """Lines to one mail account's relay, not yet connected; no more than it may have, nor than there are letters.

    Without a name, the first account's. Raises `BadInput` when there is none or its password cannot be read.
    """
    account = settings.smtp[name].found_from(settings.home) if name else settings.account()[1]
    password = account.secret()
    count = min(account.connections, max(count, 1))
    return tuple(SmtpChannel(account, password=password, rules=rules) for _ in range(count))


def way_of(settings: Settings, account: str, *, probe: bool = False) -> Way:
    """What an account may carry: its own limits, and those for each domain, member or chat."""
    channel, name = account_of(account)
    if channel == WECOM:
        return Way(account, settings.wecom[name].limits, each=PER_MEMBER, probe=probe)
    if channel in WEBHOOKS:
        return Way(account, each=PER_CHAT, probe=probe)
    mail = settings.smtp[name]
    return Way(account, mail.limits, mail.domain_limits, probe=probe)


class Lines:
    """The lines of one sender. `close` ends what is shared; lines are closed by whoever uses them.

    `memory` keeps what the platform calls the files that it was given; without one each sender forgets.
    """

    def __init__(self, rules: Rules | None = None, *, memory: Memory | None = None) -> None:
        self.rules = rules
        self._memory = memory
        self._apps: dict[str, tuple[WeComApp, App]] = {}
        self._replaced: list[App] = []

    def open(self, settings: Settings, account: str, *, probe: bool = False) -> tuple[Channel, ...]:
        """Lines to one account, not yet connected; one for a probe. Raises `BadInput`."""
        channel, name = account_of(account)
        count = 1 if probe else connections_of(settings, account)
        if channel == WECOM:
            app = self.app(settings, account)
            return tuple(WeComAppChannel(app) for _ in range(count))
        if channel == ROBOT:
            robots = {chat: robot.found_from(settings.home) for chat, robot in settings.wecom_robot.items()}
            return tuple(WeComRobotChannel(robots) for _ in range(count))
        if channel == APPRISE:
            require_apprise()
            chats = {chat: found.found_from(settings.home) for chat, found in settings.apprise.items()}
            return tuple(AppriseChannel(chats) for _ in range(count))
        return open_lines(settings, count, name=name, rules=self.rules)

    def app(self, settings: Settings, account: str) -> App:
        """The app behind an account, with the token that its lines share. Raises `BadInput`."""
        name = account_of(account)[1]
        return self._app(name, settings.wecom[name].found_from(settings.home))

    async def close(self) -> None:
        """Ends the connections of all apps."""
        apps = [app for _, app in self._apps.values()] + self._replaced
        self._apps, self._replaced = {}, []
        for app in apps:
            await app.close()

    def _app(self, name: str, account: WeComApp) -> App:
        known = self._apps.get(name)
        if known and known[0] == account:
            return known[1]
        app = App(account, account.app_secret(), memory=self._memory)
        if known:
            self._replaced.append(known[1])  # a line may still use it
        self._apps[name] = (account, app)
        return app
