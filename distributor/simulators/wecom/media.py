"""Uploaded files: three days long, and a robot's only for that robot.

Source: developer.work.weixin.qq.com/document/path/90253 and 91770. A part whose name stands only in `filename*`
is refused, as the platform does not read it.
"""

import datetime as dt
import re
import secrets

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from distributor.simulators.answers import Refused, ok
from distributor.simulators.wecom.company import Company, Media

LIFE = dt.timedelta(days=3)
_LARGEST = {"image": 10 * 2**20, "voice": 2 * 2**20, "video": 10 * 2**20, "file": 20 * 2**20}
_SMALLEST = 6


class Shelf:
    """What was uploaded."""

    def __init__(self, company: Company) -> None:
        self._company = company

    async def put(self, request: Request, kind: str, *, owner: str | None = None) -> Response:
        """Takes a multipart upload whose field is called `media`."""
        if kind not in _LARGEST:
            raise Refused(40004)
        if not re.search(rb'name="media";[^\r\n]*filename="', await request.body()):
            raise Refused(44001)
        async with request.form() as form:
            part = form.get("media")
            if not isinstance(part, UploadFile):
                raise Refused(44001)
            name, content = part.filename or "", await part.read()
        if len(content) < _SMALLEST or len(content) > _LARGEST[kind]:
            raise Refused(40006)
        now = self._company.clock()
        media = Media(secrets.token_urlsafe(32), kind, name, content, now, owner)
        self._company.media[media.media_id] = media
        return ok(type=kind, media_id=media.media_id, created_at=str(int(now.timestamp())))

    def need(self, media_id: str, *, owner: str | None = None) -> Media:
        """An uploaded file that this caller may still use."""
        media = self._company.media.get(media_id)
        if media is None or media.owner != owner or self._company.clock() - media.at >= LIFE:
            raise Refused(40007)
        return media
