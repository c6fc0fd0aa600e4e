"""The office's own pages under `/office/`: where bulletins stand, and the buttons of those who may decide.

There are none until somebody has made a login. They need no script; the one they have makes figures follow a sending.
"""

import asyncio
import datetime as dt
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor.rendering.templates import Templates
from distributor.settings import Settings
from distributor.store.database import Database
from distributor.web.office_acts import Acts
from distributor.web.office_deciding import Deciding
from distributor.web.office_doors import ELSEWHERE, Doors
from distributor.web.office_frame import HEADERS, Frame
from distributor.web.office_here import Guard
from distributor.web.office_live import Live
from distributor.web.office_login import Entrance
from distributor.web.office_looking import Looking, Said
from distributor.web.office_oidc import SignOn
from distributor.web.office_oidc_doors import SignOnDoors

#: Where a login by the identity provider begins.
SIGN_ON = "/office/oidc/login"


class OfficePages:
    """The pages of one process. `settings` gives those in force."""

    def __init__(
        self,
        database: Database,
        settings: Callable[[], Settings],
        templates: Templates,
        *,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._frame = frame = Frame(templates, settings, clock)
        guard, said = Guard(database, settings, clock), Said()
        self._entrance = Entrance(database, settings, guard, clock)
        self._live = Live(database, guard.is_over, lambda: frame.local(clock(), seconds=True))
        self._sign_on = SignOn(database, settings, guard, self._entrance, clock)
        self._doors = Doors(database, frame, guard, self._entrance, self._sign_on)
        self._sign_on_doors = SignOnDoors(frame, guard, self._sign_on, self._doors)
        self._looking = Looking(database, settings, frame, self._live, said, clock)
        self._deciding = Deciding(Acts(database, settings, clock), frame, self._doors, said)

    def routes(self) -> list[Route]:
        """Every page, every button, and what pages are made of."""
        look, act, views, forms = self._doors.look, self._doors.act, self._looking, self._deciding
        one, copy = "/office/b/{bulletin:int}", "/office/c/{copy}"
        return [
            Route("/office", self._to_list),
            Route("/office/assets/{name}", self._asset),
            Route("/office/login", self._doors.login_page, methods=["GET"]),
            Route("/office/login", self._doors.login, methods=["POST"]),
            Route(SIGN_ON, self._sign_on_doors.astray, methods=["GET"]),
            Route(SIGN_ON, self._sign_on_doors.begin, methods=["POST"]),
            Route("/office/oidc/callback", self._sign_on_doors.back),
            Route("/office/logout", act(self._doors.logout, everybody=True), methods=["POST"]),
            Route("/office/", look(views.bulletins)),
            Route("/office/receipts", look(views.receipts)),
            Route("/office/receipts/{number:int}", act(forms.settle), methods=["POST"]),
            Route("/office/pause", act(forms.pause), methods=["POST"]),
            Route("/office/resume", look(forms.ask_to_go_on), methods=["GET"]),
            Route("/office/resume", act(forms.go_on), methods=["POST"]),
            Route(one, look(views.bulletin)),
            Route(f"{one}/copies", look(views.copies)),
            Route(f"{one}/events", look(views.events, note=False)),
            Route(f"{one}/letters/{{letter:int}}", look(views.letter)),
            Route(f"{one}/letters/{{letter:int}}/page", look(views.letter_page)),
            Route(f"{one}/{{act}}", look(forms.ask), methods=["GET"]),
            Route(f"{one}/{{act}}", act(forms.decide), methods=["POST"]),
            Route(copy, look(views.copy)),
            Route(f"{copy}/{{act}}", look(forms.ask), methods=["GET"]),
            Route(f"{copy}/{{act}}", act(forms.decide), methods=["POST"]),
            Route(f"/office/{{{ELSEWHERE}:path}}", look(self._doors.nothing)),
        ]

    def close(self) -> None:
        """Ends the streams, before the server waits for them."""
        self._live.close()

    async def stop(self) -> None:
        """Gives the thread of the login back, and ends the connections to the identity provider."""
        await self._sign_on.close()
        await asyncio.to_thread(self._entrance.stop)

    async def _to_list(self, request: Request) -> Response:
        return Response(status_code=303, headers={**HEADERS, "location": "office/"})

    async def _asset(self, request: Request) -> Response:
        return self._frame.asset(request)
