"""Who is here on the office's pages: the cookie, the session behind it, and where a request comes from.

The cookie goes to no other site's requests (SameSite=Strict), to no script (HttpOnly), and over TLS only wherever the
office has a public page. The database keeps its hash. Every form carries a token of its session besides.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from distributor.settings import Settings
from distributor.store.database import Connection, Database
from distributor.store.logins import Role
from distributor.store.sessions import NOTE_EVERY, Span, Via, begin_session, end_session, find_session, note_session
from distributor.web.callers import caller


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who is logged in. `form` is what every form of theirs must carry."""

    name: str
    role: Role
    session: str
    form: str
    via: Via

    @property
    def may_decide(self) -> bool:
        """Whether they may do more than look."""
        return self.role is Role.EDITOR

    @property
    def actor(self) -> str:
        """Who decides, for the audit log."""
        return f"office:{self.name}"


class Guard:
    """Knows who is here. What asks the database is to be called from a thread."""

    def __init__(self, database: Database, settings: Callable[[], Settings], clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    @property
    def span(self) -> Span:
        """How long sessions last, by the settings in force."""
        web = self._settings().web
        return Span(web.office_idle, web.office_longest)

    def find(self, request: Request, *, note: bool = True) -> Here | None:
        """Who sends a request; None when nobody is logged in. `note=False`: it does not prolong the session."""
        token = request.cookies.get(self.cookie, "")
        if not token:
            return None
        now, hashed = self._clock(), token_hash(token)
        with self._database.read() as conn:
            session = find_session(conn, hashed, now=now, span=self.span)
        if session is None:
            return None
        if note and now - session.seen_at >= NOTE_EVERY:
            with self._database.write() as conn:
                note_session(conn, hashed, now=now)
        return Here(session.name, session.role, hashed, form_token(token), session.via)

    def admit(self, conn: Connection, key: str, via: Via) -> str:
        """Begins a session of a login; the token to hand to the browser."""
        token = _new_token()
        begin_session(conn, token_hash(token), key, via=via, now=self._clock(), span=self.span)
        return token

    def is_over(self, session: str) -> bool:
        """Whether a session has ended meanwhile."""
        with self._database.read() as conn:
            return find_session(conn, session, now=self._clock(), span=self.span) is None

    def end(self, request: Request) -> None:
        """Ends the session of a request, if it has one."""
        if token := request.cookies.get(self.cookie, ""):
            with self._database.write() as conn:
                end_session(conn, token_hash(token))

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return self.cookie_named("office")

    def cookie_named(self, name: str) -> str:
        """With `__Host-` a neighbouring site of the same domain cannot put a cookie of its own in the place of ours."""
        return f"__Host-{name}" if self.secure else name

    @property
    def secure(self) -> bool:
        """Whether cookies go over TLS only: wherever the office has a public page."""
        return self._settings().office.base_url.startswith("https:")

    def give(self, response: Response, token: str) -> None:
        """Hands a session's token to the browser, until it is closed."""
        response.set_cookie(self.cookie, token, path="/", secure=self.secure, httponly=True, samesite="strict")

    def take(self, response: Response) -> None:
        """Takes the token away from the browser."""
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="strict")

    def in_clear(self, request: Request) -> bool:
        """Whether a request crossed a network without TLS: only a proxy, or this machine itself, may ask in clear."""
        proxies = self._settings().web.proxies
        peer = caller(request, ())
        if not peer.is_loopback and not any(peer in network for network in proxies):
            return True
        return not self.secure and "x-forwarded-for" in request.headers

    def is_foreign(self, request: Request, *, silence: bool) -> bool:
        """Whether a form was sent from elsewhere, as the browser says it; `silence` is the answer when it says nothing.

        Sec-Fetch-Site says it outright (W3C Fetch Metadata). Origin is "null" under our own referrer policy, so only
        another one than ours counts (WHATWG Fetch 3.2).
        """
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site != "same-origin"
        origin = request.headers.get("origin", "null")
        if origin == "null":
            return silence
        own = {request.headers.get("host", ""), urlsplit(self._settings().office.base_url).netloc}
        return urlsplit(origin).netloc not in own


def _new_token() -> str:
    """A session's token, 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the database keeps of it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def form_token(token: str) -> str:
    """What the forms of a session carry: nobody who lacks the cookie can make it."""
    return hmac.digest(token.encode("utf-8", "replace"), b"form", "sha256").hex()


def is_own_form(here: Here, given: str) -> bool:
    """Whether a form carries the token of the session that sends it."""
    return hmac.compare_digest(here.form.encode(), given.encode("utf-8", "replace"))
