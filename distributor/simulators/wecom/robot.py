"""Robots of group chats: a key in the URL, 20 messages a minute, no message id and no recall.

Source: developer.work.weixin.qq.com/document/path/91770.
"""

from starlette.requests import Request
from starlette.responses import Response

from distributor.simulators.answers import Refused, document, ok
from distributor.simulators.wecom.company import Company, Shown
from distributor.simulators.wecom.forms import robot_form
from distributor.simulators.wecom.limits import ROBOT_LIMITS, Windows
from distributor.simulators.wecom.media import Shelf


class Robots:
    """The webhook interfaces."""

    def __init__(self, company: Company, shelf: Shelf) -> None:
        self._company = company
        self._shelf = shelf
        self._windows = Windows()

    async def send(self, request: Request) -> Response:
        """`POST /cgi-bin/webhook/send?key=KEY`."""
        key = self._key(request)
        message = await document(request)
        kind = message.get("msgtype")
        content = message.get(kind) if isinstance(kind, str) else None
        if not isinstance(kind, str) or not isinstance(content, dict):
            raise Refused(40008)
        cut = robot_form(kind, content)
        if "media_id" in content:
            self._shelf.need(content["media_id"], owner=key)
        now = self._company.clock()
        if not self._windows.fits(key, now, *ROBOT_LIMITS):
            raise Refused(45009)
        self._company.shown.append(Shown("", 0, key, kind, content, now, cut))
        return ok()

    async def upload(self, request: Request) -> Response:
        """`POST /cgi-bin/webhook/upload_media?key=KEY&type=file`."""
        key = self._key(request)
        return await self._shelf.put(request, request.query_params.get("type", ""), owner=key)

    def _key(self, request: Request) -> str:
        key = request.query_params.get("key", "")
        if key in self._company.retired_robots:
            raise Refused(93004)
        if key not in self._company.robots:
            raise Refused(93000)
        return key
