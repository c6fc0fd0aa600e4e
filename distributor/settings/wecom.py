"""`[wecom.…]` and `[wecom_robot.…]`: an app of the enterprise's WeCom (企业微信), and robots of its group chats."""

import datetime as dt
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from distributor.delivery.throttle import Limit, parse_limit
from distributor.errors import BadInput
from distributor.settings import values as check
from distributor.settings.smtp import Limits
from distributor.settings.table import Duration, OptionalPath, Table, Text, read_secret
from distributor.words import words

#: Above these the platform drops messages without a word (developer.work.weixin.qq.com/document/path/90236).
PER_MEMBER: tuple[Limit, ...] = (parse_limit("30/minute"), parse_limit("1000/hour"))
#: Above this a robot is refused (developer.work.weixin.qq.com/document/path/91770).
PER_ROBOT: tuple[Limit, ...] = (parse_limit("20/minute"),)

BaseUrl = Annotated[str, AfterValidator(check.page)]


class _Platform(Table):
    """What every account of WeCom has: the platform's address, and how to get there."""

    base_url: BaseUrl = Field("https://qyapi.weixin.qq.com", description="The platform; another one for 政务微信.")
    ca_file: OptionalPath = Field(None, description="A CA to trust besides the system's.")
    proxy: Text = Field("", description="`http://host:port` of a proxy with a trusted address; empty: none.")
    timeout: Duration = Field(dt.timedelta(seconds=20), description="For each request.")


class WeComApp(_Platform):
    """`[wecom.main]`: the app that puts bulletins before members."""

    corp_id: Text = Field(min_length=1, description="企业ID, from the admin console.")
    agent_id: int = Field(ge=1, description="The app's AgentId.")
    secret: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    secret_file: OptionalPath = Field(None, description="A file that holds the app's Secret.")
    connections: int = Field(5, ge=1, le=50, description="Messages in flight at once.")
    limits: Limits = Field((), description="What the enterprise allows, such as `2000/minute`.")
    callback_token_file: OptionalPath = Field(None, description="Holds the Token of 接收消息; empty: no callbacks.")
    aes_key_file: OptionalPath = Field(None, description="Holds the EncodingAESKey of 接收消息.")
    oauth_url: BaseUrl = Field("https://open.weixin.qq.com", description="Where readers are sent to be recognised.")

    def found_from(self, folder: Path) -> "WeComApp":
        """The same account with its relative files taken from `folder`."""
        names = ("secret_file", "ca_file", "callback_token_file", "aes_key_file")
        files = {name: getattr(self, name) for name in names}
        return self.model_copy(update={name: folder / path for name, path in files.items() if path is not None})

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """Files that nobody else may read."""
        files = (self.secret_file, self.callback_token_file, self.aes_key_file)
        return tuple(file for file in files if file is not None)

    def app_secret(self) -> str:
        """The Secret: from the environment, else from `secret_file`. Raises `BadInput` when there is none."""
        return platform_secret(self.secret, self.secret_file)


class WeComRobot(_Platform):
    """`[wecom_robot."某群"]`: the robot of one group chat (群机器人, 消息推送)."""

    key: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    key_file: OptionalPath = Field(None, description="A file that holds the key at the end of the webhook's address.")

    def found_from(self, folder: Path) -> "WeComRobot":
        """The same account with its relative files taken from `folder`."""
        files = {"key_file": self.key_file, "ca_file": self.ca_file}
        return self.model_copy(update={name: folder / path for name, path in files.items() if path is not None})

    def robot_key(self) -> str:
        """The key: from the environment, else from `key_file`. Raises `BadInput` when there is none."""
        return platform_secret(self.key, self.key_file)


def platform_secret(given: SecretStr, file: Path | None) -> str:
    """A platform's secret: the one given, else a file's one line. Raises `BadInput` when there is neither."""
    if given.get_secret_value():
        return given.get_secret_value()
    if file is None:
        what = words("The account has no secret.")
        raise BadInput(what, do=words("Set its …_file to a file that holds it, or its environment variable."))
    return read_secret(file)
