"""Puts the office's pages into HTML, in the language of whoever looks, with headers that keep them to themselves.

Whatever letters, names and servers say is text and nothing else: templates escape it, the policy allows no script but
our one file, and what looks like a token is left out (faults 73 and 75).
"""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from distributor.errors import BadInput, DistributorError
from distributor.rendering.templates import Templates
from distributor.settings import Settings
from distributor.web.bodies import Sheet
from distributor.web.office_here import Here
from distributor.web.office_words import LABELS, ROLES
from distributor.words import Words, language_of

#: Where the pages lie.
ROOT = "/office/"

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "vary": "Cookie, Accept-Language",
}

#: A letter as its readers see it: its styles stand in its tags, so its own policy allows them; it may do nothing else,
#: and the sandbox takes even our origin from it.
LETTER_HEADERS = HEADERS | {
    "content-security-policy": (
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "x-frame-options": "SAMEORIGIN",
}

_LANGUAGE_COOKIE = "office-language"
_TAGS = {"zh_CN": "zh-CN", "en": "en"}
_TOKEN = re.compile(r"(?<![0-9A-Za-z])[a-z2-7]{32}(?![0-9A-Za-z])", re.IGNORECASE)


def language(request: Request) -> str:
    """The language of whoever looks: as they chose, as their browser asks, otherwise 简体中文."""
    if chosen := request.cookies.get(_LANGUAGE_COOKIE, ""):
        return language_of(chosen)
    wanted: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "")[:200].split(","):
        name, _, quality = part.strip().partition(";q=")
        if name[:2].lower() in ("zh", "en"):
            weight = float(quality) if re.fullmatch(r"[01](\.\d{1,3})?", quality) else 1.0
            wanted.append((-weight, language_of(name)))
    return min(wanted, key=lambda each: each[0])[1] if wanted else "zh_CN"


def without_tokens(text: str) -> str:
    """A text from outside, without what could be the token of somebody's link: an answer quotes the whole letter."""
    return _TOKEN.sub("…", text)


@dataclass(frozen=True, slots=True)
class Step:
    """The way on from a page: where to, and what stands on it. `by_itself`: the browser goes there at once."""

    to: str
    said: Words
    by_itself: bool = False


class BrokenPage(DistributorError):
    """A template of the pages themselves has a fault: nobody asked for anything wrong."""

    code = "broken_page"


class Frame:
    """Makes pages, notices and redirections."""

    def __init__(
        self, templates: Templates, settings: Callable[[], Settings], clock: Callable[[], dt.datetime]
    ) -> None:
        self._templates = templates
        self._settings = settings
        self._clock = clock
        self.assets = {asset.name: asset for asset in (_asset(templates, "office.css"), _asset(templates, "live.js"))}
        self._style, self._script = self.assets
        self._icon = templates.render("web/icon.svg", {})

    def page(
        self, request: Request, name: str, here: Here | None, values: Mapping[str, object], *, status: int = 200
    ) -> Response:
        """One page, in the language that is spoken. Raises `BrokenPage` when a template cannot be used."""
        spoken = language(request)
        common = {
            "t": LABELS,
            "lang": _TAGS[spoken],
            "root": root_of(request),
            "style": self._style,
            "script": self._script,
            "office": self._settings().office,
            "here": here,
            "own_role": ROLES[here.role] if here else "",
            "form": here.form if here else "",
            "said": "",
            "as_of": self.local(self._clock(), seconds=True),
        }
        try:
            page = self._templates.render(f"web/office/{name}.html", {**common, **values})
        except BadInput as fault:
            raise BrokenPage(fault.what, do=fault.do, place=fault.place) from fault
        return HTMLResponse(page, status, headers=HEADERS)

    def notice(
        self,
        request: Request,
        status: int,
        heading: Words,
        *lines: Words | str,
        here: Here | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page that says one thing."""
        response = self.page(request, "notice", here, {"heading": heading, "lines": lines}, status=status)
        response.headers.update(headers or {})
        return response

    def onward(
        self, request: Request, heading: Words, lines: Sequence[Words | str], *steps: "Step", status: int = 200
    ) -> Response:
        """A page that leads on to others, to the first of them by itself where that step says so.

        A redirection would not do where another site is involved: the browser would hold our form-action against
        wherever the provider sends people on to, and would keep the Strict cookie from a page that they come back to.
        """
        values = {"heading": heading, "lines": lines, "steps": steps}
        return self.page(request, "onward", None, values, status=status)

    def go(self, request: Request, to: str = "") -> Response:
        """Sends the browser to another page of ours, with a GET."""
        return RedirectResponse(f"{root_of(request)}{to or '.'}", 303, headers=HEADERS)

    def switch(self, request: Request) -> Response | None:
        """Remembers another language, when one was asked for."""
        wanted = request.query_params.get("lang")
        if wanted not in ("zh", "en"):
            return None
        response = RedirectResponse(f"{root_of(request)}{request.url.path.removeprefix(ROOT) or '.'}", 303)
        response.headers.update(HEADERS)
        response.set_cookie(_LANGUAGE_COOKIE, wanted, max_age=365 * 86400, path="/", httponly=True, samesite="lax")
        return response

    def asset(self, request: Request) -> Response:
        """The style sheet, the script or the icon; their names change with their content."""
        name = request.path_params["name"]
        headers = {
            "cache-control": "public, max-age=31536000, immutable",
            "cross-origin-resource-policy": "same-origin",
        }
        if name == "icon.svg":
            return Response(
                self._icon, media_type="image/svg+xml", headers=headers | {"cache-control": "max-age=86400"}
            )
        found = self.assets.get(name)
        if found is None:
            return Response(status_code=404)
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        return Response(found.content, media_type=kind, headers=headers)

    def local(self, moment: dt.datetime | None, *, seconds: bool = False) -> str:
        """A time as people at the office read it; empty when there is none."""
        if moment is None:
            return ""
        here = moment.astimezone(self._settings().zone)
        return f"{here:%Y-%m-%d %H:%M:%S}" if seconds else f"{here:%Y-%m-%d %H:%M}"


def root_of(request: Request) -> str:
    """The way from a page up to `/office/`; relative, so that the pages work behind a proxy under any path."""
    return "../" * request.url.path.removeprefix(ROOT).count("/")


def _asset(templates: Templates, name: str) -> Sheet:
    content = templates.render(f"web/office/{name}", {})
    stem, _, ending = name.partition(".")
    return Sheet(f"{stem}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.{ending}", content)
