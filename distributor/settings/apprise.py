"""`[apprise.…]`: group chats on other platforms (飞书, 钉钉, Slack …), each by its Apprise URL.

The URL is the secret: whoever has it can speak in the chat. It comes from the environment or from a file only.
"""

import datetime as dt
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from distributor.errors import BadInput
from distributor.settings import values as check
from distributor.settings.table import Duration, OptionalPath, Table, Text
from distributor.settings.wecom import platform_secret
from distributor.words import words

_LIBRARY: Final = "apprise"

#: Shorter parts of a path or a query are words; what gives entry is longer.
_SHORTEST: Final = 10
#: What stands before :// and is the name of a machine is no secret.
_MACHINE = re.compile(r"localhost|[\w-]+(\.[\w-]+)+|\[[0-9a-f:.]+\]", re.IGNORECASE)


class AppriseChat(Table):
    """`[apprise."某群"]`: a group chat of another platform (飞书, 钉钉, Slack …), reached by its Apprise URL."""

    url: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    url_file: OptionalPath = Field(None, description="A file that holds the chat's Apprise URL, such as `feishu://…`.")
    base_url: Annotated[str, AfterValidator(check.page)] = Field(
        "", description="Where the platform is, when it is not the public one: a private deployment."
    )
    ca_file: OptionalPath = Field(None, description="A CA to trust instead of the public ones.")
    proxy: Text = Field("", description="`http://host:port` of a proxy; empty: none.")
    timeout: Duration = Field(dt.timedelta(seconds=20), description="For a whole message.")

    def found_from(self, folder: Path) -> "AppriseChat":
        """The same chat with its relative files taken from `folder`."""
        files = {"url_file": self.url_file, "ca_file": self.ca_file}
        return self.model_copy(update={name: folder / path for name, path in files.items() if path is not None})

    def chat_url(self) -> str:
        """The URL: from the environment, else from `url_file`. Raises `BadInput` when there is none."""
        return platform_secret(self.url, self.url_file).strip()


def secrets_in(url: str) -> tuple[str, ...]:
    """The URL itself and every part of it that may give entry: logins, tokens in the path, keys in the query."""
    try:
        parts = urlsplit(url)
        login = (parts.username, parts.password)
    except ValueError:
        return (url,)
    host = parts.netloc.rpartition("@")[2].partition(":")[0]
    long = (*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)))
    found = (*login, "" if _MACHINE.fullmatch(host) else host, *(part for part in long if len(part) >= _SHORTEST))
    return tuple(dict.fromkeys((url, *(each for part in found if part for each in (part, unquote(part))))))


def require_apprise() -> None:
    """Raises `BadInput` when the library that speaks with these platforms is not installed. Does not load it."""
    if find_spec(_LIBRARY) is None:
        what = words("The channel {channel} needs a library that is not installed.", channel="apprise")
        raise BadInput(what, do=words("Run: {command}", command="pip install 'distributor[apprise]'"))
