"""The doors of a login by the identity provider: the button that leads there, and the page that people come back to."""

from starlette.requests import Request
from starlette.responses import Response

from distributor.store.journeys import LIFE
from distributor.web.office_doors import Doors
from distributor.web.office_frame import Frame, Step, root_of
from distributor.web.office_here import Guard
from distributor.web.office_login import Entered
from distributor.web.office_oidc import Away, SignOn
from distributor.web.office_oidc_words import NoEntry
from distributor.words import words


class SignOnDoors:
    """Takes the button's form, and whoever comes back."""

    def __init__(self, frame: Frame, guard: Guard, sign_on: SignOn, doors: Doors) -> None:
        self._frame = frame
        self._guard = guard
        self._sign_on = sign_on
        self._doors = doors

    async def begin(self, request: Request) -> Response:
        """Sends somebody to the provider, who pressed the button on our own page."""

        async def beginning(request: Request) -> Response:
            if self._guard.is_foreign(request, silence=True):
                return self._doors.not_ours(request)
            if not self._sign_on.offered:
                return self._frame.go(request, "login")
            away = await self._sign_on.begin(request)
            if isinstance(away, NoEntry):
                return self._no_entry(request, away)
            step = Step(away.to, words("Go on"), by_itself=True)
            response = self._frame.onward(
                request, words("On the way to {provider}", provider=self._sign_on.label), (), step
            )
            self._keep(response, away)
            return response

        return await self._doors.spoken(beginning, request)

    async def back(self, request: Request) -> Response:
        """Lets somebody in who comes back from the provider."""

        async def coming(request: Request) -> Response:
            if "lang" in request.query_params:
                return self._to_login(request)
            entered = await self._sign_on.finish(request)
            if not isinstance(entered, Entered):
                return self._no_entry(request, entered)
            step = Step(root_of(request), words("Go on"), by_itself=True)
            response = self._frame.onward(request, words("You are logged in"), (), step)
            self._guard.give(response, entered.token)
            return response

        return await self._doors.spoken(coming, request)

    async def astray(self, request: Request) -> Response:
        """Whoever looks at the button's address is led to the button."""

        async def looking(request: Request) -> Response:
            return self._to_login(request)

        return await self._doors.spoken(looking, request)

    def _keep(self, response: Response, away: Away) -> None:
        """Lax, unlike the session's cookie: it must come along when the provider sends people back."""
        response.set_cookie(
            self._sign_on.cookie,
            away.secret,
            max_age=round(LIFE.total_seconds()),
            path="/",
            secure=self._guard.secure,
            httponly=True,
            samesite="lax",
        )

    def _to_login(self, request: Request) -> Response:
        """To the login page, in another language when one was asked for: nobody comes back from the provider twice."""
        response = self._frame.switch(request) or self._frame.go(request, "login")
        response.headers["location"] = f"{root_of(request)}login"
        return response

    def _no_entry(self, request: Request, why: NoEntry) -> Response:
        step = Step(f"{root_of(request)}login", words("Log in again"))
        response = self._frame.onward(request, why.heading, why.lines, step, status=why.status)
        if why.status in (429, 503):
            response.headers["retry-after"] = "60"
        return response
