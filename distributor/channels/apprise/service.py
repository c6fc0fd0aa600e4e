"""What Apprise makes of a chat's URL, found out without sending: for whoever examines the settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distributor.discretion import keep_secret
from distributor.settings.apprise import AppriseChat, require_apprise, secrets_in

if TYPE_CHECKING:
    from distributor.channels.apprise.plugin import Speaker


@dataclass(frozen=True, slots=True)
class Service:
    """A chat's platform. `is_clear`: what is said would go to another machine for everybody to read."""

    name: str
    takes_files: bool
    is_clear: bool


def service_of(account: AppriseChat) -> Service:
    """Raises `BadInput` when the URL is missing or not understood, or the library is not installed."""
    speaker = speaker_for(account)
    return Service(speaker.name, speaker.takes_files, speaker.is_clear and not account.base_url)


def speaker_for(account: AppriseChat) -> "Speaker":
    """What speaks in the chat. Loads the library when it is first needed. Raises `BadInput`."""
    require_apprise()
    from distributor.channels.apprise.plugin import speaker_of

    url = account.chat_url()
    keep_secret(*secrets_in(url))
    return speaker_of(url)
