"""Uploaded files: three days long, and a robot's only for that robot; pictures of articles for ever.

Source: developer.work.weixin.qq.com/document/path/90253, 90256 and 91770. A part whose name stands only in `filename*`
is refused, as the platform does not read it. A picture from elsewhere is taken out of an article, which the pages
leave open.
"""

import datetime as dt
import html
import re
import secrets

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from distributor.simulators.answers import Refused, ok
from distributor.simulators.wecom.company import Company, Media
from distributor.simulators.wecom.limits import Windows

LIFE = dt.timedelta(days=3)
_LARGEST = {"image": 10 * 2**20, "voice": 2 * 2**20, "video": 10 * 2**20, "file": 20 * 2**20, "picture": 2 * 2**20}
_SMALLEST = 6
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_PICTURES = ((1000, dt.timedelta(days=1)), (3000, dt.timedelta(days=30)))
_SOURCE = re.compile(r'(<img\b[^>]*?\ssrc=")([^"]*)(")')


class Shelf:
    """What was uploaded."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._windows = Windows()

    async def put(self, request: Request, kind: str, *, owner: str | None = None) -> Response:
        """Takes a multipart upload whose field is called `media`."""
        if kind not in _LARGEST or kind == "picture":
            raise Refused(40004)
        media = await self._taken(request, kind, owner)
        self._company.media[media.media_id] = media
        return ok(type=kind, media_id=media.media_id, created_at=str(int(media.at.timestamp())))

    async def put_picture(self, request: Request) -> Response:
        """`POST /cgi-bin/media/uploadimg`: a picture for the text of an mpnews, and its address."""
        media = await self._taken(request, "picture", None)
        if not self._windows.fits("pictures", media.at, *_PICTURES):
            raise Refused(45009)
        address = f"http://wework.qpic.cn/wwpic/{media.media_id}/0?wx_fmt=png&tp=wxpic"
        self._company.pictures[address] = media
        return ok(url=address)

    async def _taken(self, request: Request, kind: str, owner: str | None) -> Media:
        if not re.search(rb'name="media";[^\r\n]*filename="', await request.body()):
            raise Refused(44001)
        async with request.form() as form:
            part = form.get("media")
            if not isinstance(part, UploadFile):
                raise Refused(44001)
            name, content = part.filename or "", await part.read()
        if len(content) < _SMALLEST or len(content) > _LARGEST[kind]:
            raise Refused(40006)
        if kind in ("image", "picture") and not content.startswith(_IMAGES):
            raise Refused(40005)
        return Media(secrets.token_urlsafe(32), kind, name, content, self._company.clock(), owner)

    def need(self, media_id: str, *, kind: str = "file", owner: str | None = None) -> Media:
        """An uploaded file of this kind that this caller may still use."""
        media = self._company.media.get(media_id)
        if media is None or (media.kind, media.owner) != (kind, owner) or self._company.clock() - media.at >= LIFE:
            raise Refused(40007)
        return media

    def own_pictures(self, content: str) -> str:
        """The text of an mpnews without pictures that are not the platform's."""
        ours = self._company.pictures
        return _SOURCE.sub(lambda found: found[0] if html.unescape(found[2]) in ours else found[1] + found[3], content)
