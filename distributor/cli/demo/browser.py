"""A reader in the demo: opens the page that a letter leads to, looks at it for a second, and presses 签收.

It speaks HTTP as a browser does and knows no more than a reader: the link in the letter and what the page says.
"""

import base64
import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode, urljoin, urlsplit

from distributor.receipts.press import SOONEST

_LINK = re.compile(r"http://[\w.:-]+/b/[a-z2-7]{32}")
_LOADED = re.compile(r'(?:(?<=<img src=")|(?<=rel="stylesheet" href=")|(?<=rel="icon" href="))[^"]+')

#: A page answers at once, or the demo is broken. Seconds.
_PATIENCE = 10.0

_BROWSER = {
    "User-Agent": "distributor-demo (a simulated reader)",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
}


@dataclass(frozen=True, slots=True)
class Visited:
    """What a reader saw: the page as it was opened, and as it was after the press, each as a file of its own."""

    before: str
    after: str


def link_in(letter: bytes) -> str:
    """The link to the reader's own page in a letter as it was received; empty when it has none."""
    text = message_from_bytes(letter, policy=default).get_body(("plain",))
    found = _LINK.search(text.get_content()) if text else None
    return found[0] if found else ""


def sign_at(link: str, name: str) -> Visited:
    """Opens the page, waits as long as the button asks, and signs with a name. Raises `OSError` for a dead page."""
    page = _text(_ask("GET", link))
    seen = _whole(page, link)
    form = _Form(page)
    time.sleep(SOONEST.total_seconds() + 0.1)
    fields = {**form.hidden, "action": "sign", "name": name}
    pressed = _ask("POST", link, urlencode(fields))
    if pressed.status != 303:
        raise ConnectionError(f"{pressed.status} {pressed.reason}")
    after = urljoin(link, pressed.getheader("location", ""))
    return Visited(seen, _whole(_text(_ask("GET", after)), link))


@dataclass
class _Form(HTMLParser):
    """The hidden fields of a page."""

    page: str
    hidden: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.feed(self.page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden":
            self.hidden[given.get("name") or ""] = given.get("value") or ""


def _whole(page: str, link: str) -> str:
    """The page with everything it loads inside, to be looked at when its server is gone."""

    def inside(match: re.Match[str]) -> str:
        loaded = _ask("GET", urljoin(link, match[0]))
        kind = loaded.getheader("content-type", "").partition(";")[0]
        return f"data:{kind};base64,{base64.b64encode(loaded.read()).decode()}"

    return _LOADED.sub(inside, page)


def _ask(method: str, address: str, form: str = "") -> HTTPResponse:
    parts = urlsplit(address)
    line = HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE)
    given = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"{parts.scheme}://{parts.netloc}"}
    line.request(method, parts.path, form or None, {**_BROWSER, "Connection": "close", **(given if form else {})})
    return line.getresponse()


def _text(answer: HTTPResponse) -> str:
    if answer.status != 200:
        raise ConnectionError(f"{answer.status} {answer.reason}")
    return answer.read().decode("utf-8")
