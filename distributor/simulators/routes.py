"""One endpoint of a platform: its work, the scripted fault in front of it, and refusals in the platform's shape."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor.simulators.answers import Refused, peer_of
from distributor.simulators.faults import Faults, meet

Endpoint = Callable[[Request], Awaitable[Response]]
Refusal = Callable[[Refused, str], Response]


class Routes:
    """Makes routes that share one script of faults and one shape of refusals."""

    def __init__(self, faults: Faults, refusal: Refusal) -> None:
        self._faults = faults
        self._refusal = refusal

    def get(self, path: str, work: Endpoint) -> Route:
        """An endpoint that is asked."""
        return self._route("GET", path, work)

    def post(self, path: str, work: Endpoint) -> Route:
        """An endpoint that is handed something."""
        return self._route("POST", path, work)

    def _route(self, method: str, path: str, work: Endpoint) -> Route:
        async def guarded(request: Request) -> Response:
            try:
                return await work(request)
            except Refused as refused:
                return self._refusal(refused, peer_of(request))

        async def endpoint(request: Request) -> Response:
            fault = self._faults.next(path, await _reader(request))
            return await meet(fault, request, guarded, lambda code: self._refusal(Refused(code), peer_of(request)))

        return Route(path, endpoint, methods=[method])


async def _reader(request: Request) -> str:
    """Who a request is for, if it says so: the robot's key, or the members of a message."""
    if key := request.query_params.get("key"):
        return key
    try:
        return str(json.loads(await request.body()).get("touser", ""))
    except (ValueError, AttributeError):
        return ""
