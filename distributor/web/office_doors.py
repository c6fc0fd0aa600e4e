"""The doors of the office's pages: who may look, who may act, and how errors are said.

A form counts when it was sent from our own page, in the session that it was made for, by an editor (faults 68, 73).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from distributor.errors import BadInput, DistributorError, Unavailable
from distributor.log import log
from distributor.store.database import Database
from distributor.store.logins import any_login
from distributor.web.forms import BadForm, one_line, read_form
from distributor.web.office_frame import BrokenPage, Frame, Step, language
from distributor.web.office_here import Guard, Here, is_own_form
from distributor.web.office_login import Answer, Entered, Entrance
from distributor.web.office_oidc import SignOn
from distributor.words import Words, speaking, words

_log = log("office")

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)

#: The part of an address that no page has; nothing is looked up by it.
ELSEWHERE = "elsewhere"

View = Callable[[Request, Here], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

_REFUSALS = {
    Answer.WRONG: (403, words("The name or the password is wrong.")),
    Answer.TOO_MANY: (429, words("Too many tries. Wait a quarter of an hour, or have the password set anew.")),
    Answer.BUSY: (503, words("Too many people are logging in at this moment. Try again.")),
}


class Doors:
    """Puts a door before every page, and is itself the page where people come in and leave."""

    def __init__(self, database: Database, frame: Frame, guard: Guard, entrance: Entrance, sign_on: SignOn) -> None:
        self._database = database
        self._frame = frame
        self._guard = guard
        self._entrance = entrance
        self._sign_on = sign_on

    def look(self, view: View, *, note: bool = True) -> Endpoint:
        """A page for whoever is logged in; others are sent to the login. `note=False`: it is no sign of life."""

        async def shown(request: Request) -> Response:
            here = await asyncio.to_thread(self._guard.find, request, note=note)
            if here is None:
                return await self._to_login(request)
            request.state.here = here
            return self._frame.switch(request) or await view(request, here)

        return partial(self.spoken, shown)

    def act(self, view: View, *, everybody: bool = False) -> Endpoint:
        """A form that somebody who may decide has sent; its fields are `request.state.fields`."""

        async def done(request: Request) -> Response:
            if self._guard.is_foreign(request, silence=False):
                return self.not_ours(request)
            here = await asyncio.to_thread(self._guard.find, request)
            if here is None:
                return await self._to_login(request)
            request.state.here = here
            request.state.fields = fields = await read_form(request)
            if not is_own_form(here, fields.get("form", "")):
                return self.not_ours(request)
            if not everybody and not here.may_decide:
                return self.not_allowed(request, here)
            return await view(request, here)

        return partial(self.spoken, done)

    def not_allowed(self, request: Request, here: Here) -> Response:
        """The answer to a viewer who would decide."""
        what = words("Only an editor may decide; you are logged in as a viewer.")
        return self._frame.notice(request, 403, words("Not allowed"), what, here=here)

    async def nothing(self, request: Request, here: Here) -> Response:
        """The answer to an address under which there is no page."""
        return self._frame.notice(request, 404, words("There is no such page"), here=here)

    async def login_page(self, request: Request) -> Response:
        """The form to log in with; no page at all as long as nobody could."""

        async def page(request: Request) -> Response:
            if not await asyncio.to_thread(self._has_logins):
                return await self._to_login(request)
            return self._frame.switch(request) or self._login_form(request)

        return await self.spoken(page, request)

    async def login(self, request: Request) -> Response:
        """Logs somebody in: always with a new session."""

        async def entering(request: Request) -> Response:
            if self._guard.is_foreign(request, silence=True):
                return self.not_ours(request)
            fields = await read_form(request)
            if not self._sign_on.passwords:
                return self._login_form(request, 403, words("Passwords do not count here any more."))
            entered = await self._entrance.enter(request, fields)
            if not isinstance(entered, Entered):
                return self._refused(request, entered, one_line(fields.get("name", ""), 80))
            response = self._frame.go(request)
            self._guard.give(response, entered.token)
            return response

        return await self.spoken(entering, request)

    async def logout(self, request: Request, here: Here) -> Response:
        """Ends the session, here and in the database."""
        await asyncio.to_thread(self._guard.end, request)
        response = self._frame.go(request, "login")
        if to := await self._sign_on.way_out(here):
            gaps = {"provider": self._sign_on.label}
            line = words("You are still logged in at {provider}, and come in here again without a question.", **gaps)
            step = Step(to, words("Log out of {provider} too", **gaps))
            again = Step("login", words("Log in again"))
            response = self._frame.onward(request, words("You are logged out"), (line,), step, again)
        self._guard.take(response)
        return response

    async def spoken(self, answer: Endpoint, request: Request) -> Response:
        """Answers in the language of whoever asks, and says errors as pages."""

        def notice(
            status: int, heading: Words, *lines: Words | str, headers: Mapping[str, str] | None = None
        ) -> Response:
            here = getattr(request.state, "here", None)  # known once the door has let them through
            return self._frame.notice(request, status, heading, *lines, here=here, headers=headers)

        with speaking(language(request)):
            try:
                if self._guard.in_clear(request):
                    what = words("The office's pages are not served over an open line: use the https address.")
                    return notice(403, words("Not allowed"), what)
                if not _is_address_of_ours(request):
                    return notice(404, words("There is no such page"))
                return await answer(request)
            except BadForm as refusal:
                return notice(refusal.status, words("Nothing was changed"), words("The form cannot be read."))
            except Unavailable as trouble:
                _log.warning("web.unavailable", code=trouble.code, what=str(trouble.what))
                what = words("The database does not answer. Nothing was changed; try again in a minute.")
                return notice(503, words("Not available"), what, headers={"retry-after": "60"})
            except BrokenPage:
                raise  # it could not be said on a page either
            except DistributorError as error:
                status = 404 if isinstance(error, BadInput) and request.method == "GET" else 409
                return notice(status, words("This is not possible"), *filter(None, (error.what, error.do)))

    def not_ours(self, request: Request) -> Response:
        what = words("This form was not sent from the page you were shown. Go back, reload the page and try again.")
        return self._frame.notice(request, 403, words("Nothing was changed"), what)

    async def _to_login(self, request: Request) -> Response:
        if await asyncio.to_thread(self._has_logins):
            return self._frame.go(request, "login")
        what = words("Nobody has a login here: `distributor office add NAME` makes the first one.")
        return self._frame.notice(request, 404, words("There is no such page"), what)

    def _has_logins(self) -> bool:
        with self._database.read() as conn:
            return any_login(conn)

    def _login_form(self, request: Request, status: int = 200, alert: Words | None = None, name: str = "") -> Response:
        label = words("Log in with {provider}", provider=self._sign_on.label) if self._sign_on.offered else ""
        if not label and not self._sign_on.passwords:
            alert = alert or words("Nobody can log in at this moment: `distributor doctor` shows what is missing.")
        values = {
            "heading": words("Log in"),
            "alert": alert or "",
            "name": name,
            "sign_on": label,
            "passwords": self._sign_on.passwords,
        }
        return self._frame.page(request, "login", None, values, status=status)

    def _refused(self, request: Request, answer: Answer, name: str) -> Response:
        status, alert = _REFUSALS[answer]
        response = self._login_form(request, status, alert, name)
        if answer is not Answer.WRONG:
            response.headers["retry-after"] = "60"
        return response


def _is_address_of_ours(request: Request) -> bool:
    """Whether the numbers and ids in an address can be any at all: no database is asked about others."""
    return all(
        value < 2**31 if isinstance(value, int) else _ID.fullmatch(str(value)) is not None
        for name, value in request.path_params.items()
        if name != ELSEWHERE
    )
