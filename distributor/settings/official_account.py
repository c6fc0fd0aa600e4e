"""`[official_account.…]`: an account of WeChat (公众号) whose readers get the bulletin as an article."""

import datetime as dt
from pathlib import Path

from pydantic import Field, SecretStr

from distributor.settings.table import Duration, OptionalPath, Table, Text
from distributor.settings.wecom import BaseUrl, platform_secret


class OfficialAccountSettings(Table):
    """`[official_account.main]`: the account that publishes articles."""

    app_id: Text = Field(min_length=1, description="AppID, from the admin console.")
    secret: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    secret_file: OptionalPath = Field(None, description="A file that holds the AppSecret.")
    base_url: BaseUrl = Field("https://api.weixin.qq.com", description="The platform.")
    ca_file: OptionalPath = Field(None, description="A CA to trust besides the system's.")
    proxy: Text = Field("", description="`http://host:port` of a proxy with an allowed address; empty: none.")
    timeout: Duration = Field(dt.timedelta(seconds=30), description="For each request.")
    preview_to: Text = Field("", description="The editor's 微信号, who sees the article first; empty: no preview.")
    source_url: BaseUrl = Field("", description="Where 阅读原文 leads, such as the office's site; empty: nowhere.")
    cover: OptionalPath = Field(None, description="A picture for the article's cover; empty: one is drawn.")
    callback_token_file: OptionalPath = Field(None, description="Holds the Token of 消息推送; empty: no callbacks.")
    aes_key_file: OptionalPath = Field(None, description="Holds the EncodingAESKey of 消息推送.")

    def found_from(self, folder: Path) -> "OfficialAccountSettings":
        """The same account with its relative files taken from `folder`."""
        names = ("secret_file", "ca_file", "cover", "callback_token_file", "aes_key_file")
        files = {name: getattr(self, name) for name in names}
        return self.model_copy(update={name: folder / path for name, path in files.items() if path is not None})

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """Files that nobody else may read."""
        files = (self.secret_file, self.callback_token_file, self.aes_key_file)
        return tuple(file for file in files if file is not None)

    def app_secret(self) -> str:
        """The AppSecret: from the environment, else from `secret_file`. Raises `BadInput` when there is none."""
        return platform_secret(self.secret, self.secret_file)
