"""Material and drafts: pictures get the platform's addresses, articles lose what the platform does not like.

Source: developers.weixin.qq.com, uploadimg, add_material and draft/add.
"""

import re
import secrets
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from distributor.simulators.answers import Refused, document, ok
from distributor.simulators.official_account.account import Account
from distributor.simulators.official_account.tokens import Tokens

_TITLE, _AUTHOR, _DIGEST, _CONTENT = 32, 16, 128, 20_000
_PICTURE, _MATERIAL = 1_000_000, 10 * 2**20
_HOST = "http://mmbiz.qpic.cn/"
_FOREIGN = re.compile(rf'<img\b(?![^>]*src="{re.escape(_HOST)})[^>]*>', re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.IGNORECASE | re.DOTALL)


class Drafts:
    """The shelf of pictures and the box of drafts."""

    def __init__(self, account: Account, tokens: Tokens) -> None:
        self._account = account
        self._tokens = tokens

    async def picture(self, request: Request) -> Response:
        """`POST /cgi-bin/media/uploadimg`: an address for a picture in an article."""
        content = await self._upload(request, most=_PICTURE)
        url = f"{_HOST}sz_mmbiz/{secrets.token_hex(12)}/0?from=appmsg"
        self._account.pictures[url] = content
        return JSONResponse({"url": url})

    async def material(self, request: Request) -> Response:
        """`POST /cgi-bin/material/add_material`: a lasting picture, for covers."""
        if request.query_params.get("type") not in ("image", "thumb"):
            raise Refused(40004)
        content = await self._upload(request, most=_MATERIAL)
        media_id = secrets.token_urlsafe(48)
        self._account.materials[media_id] = content
        return JSONResponse({"media_id": media_id, "url": f"{_HOST}mmbiz/{secrets.token_hex(12)}/0"})

    async def _upload(self, request: Request, *, most: int) -> bytes:
        self._tokens.need(request)
        async with request.form() as form:
            part = form.get("media")
            if not isinstance(part, UploadFile):
                raise Refused(44001)
            content = await part.read()
        if not content.startswith((b"\x89PNG", b"\xff\xd8")):
            raise Refused(40005)
        if len(content) >= most:
            raise Refused(40009, "invalid image size")
        return content

    async def add(self, request: Request) -> Response:
        """`POST /cgi-bin/draft/add`."""
        self._tokens.need(request)
        if not self._account.may_publish:
            raise Refused(48001)
        articles = (await document(request)).get("articles")
        if not isinstance(articles, list) or not articles:
            raise Refused(44003)
        media_id = secrets.token_urlsafe(48)
        self._account.drafts[media_id] = [self._accepted(article) for article in articles]
        return JSONResponse({"media_id": media_id})

    def _accepted(self, article: dict[str, Any]) -> dict[str, Any]:
        title, content = str(article.get("title", "")), str(article.get("content", ""))
        if not title or len(title) > _TITLE:
            raise Refused(45003)
        if len(str(article.get("author", ""))) > _AUTHOR:
            raise Refused(45110, "author size out of limit")
        if len(str(article.get("digest", ""))) > _DIGEST:
            raise Refused(45004)
        if not content or len(content) >= _CONTENT or len(content.encode()) >= 1_000_000:
            raise Refused(45002)
        if article.get("thumb_media_id") not in self._account.materials:
            raise Refused(40007)
        return {**article, "content": _FOREIGN.sub("", _SCRIPT.sub("", content))}

    async def get(self, request: Request) -> Response:
        """`POST /cgi-bin/draft/get`."""
        self._tokens.need(request)
        return JSONResponse({"news_item": self.need(str((await document(request)).get("media_id")))})

    async def update(self, request: Request) -> Response:
        """`POST /cgi-bin/draft/update`: another text under the same media id."""
        self._tokens.need(request)
        wish = await document(request)
        articles, index = self.need(str(wish.get("media_id"))), wish.get("index")
        if not isinstance(index, int) or not 0 <= index < len(articles):
            raise Refused(40114, "invalid index value")
        articles[index] = self._accepted(wish.get("articles", {}))
        return ok()

    async def count(self, request: Request) -> Response:
        """`GET /cgi-bin/draft/count`."""
        self._tokens.need(request)
        return JSONResponse({"total_count": len(self._account.drafts)})

    async def batchget(self, request: Request) -> Response:
        """`POST /cgi-bin/draft/batchget`."""
        self._tokens.need(request)
        wish = await document(request)
        offset, count = int(wish.get("offset", 0)), int(wish.get("count", 20))
        chosen = list(reversed(self._account.drafts.items()))[offset : offset + count]
        items = [{"media_id": media_id, "content": {"news_item": articles}} for media_id, articles in chosen]
        return JSONResponse({"total_count": len(self._account.drafts), "item_count": len(items), "item": items})

    async def delete(self, request: Request) -> Response:
        """`POST /cgi-bin/draft/delete`."""
        self._tokens.need(request)
        self._account.drafts.pop(str((await document(request)).get("media_id")), None)
        return ok()

    def need(self, media_id: str) -> list[dict[str, Any]]:
        """A draft's articles."""
        if media_id not in self._account.drafts:
            raise Refused(40007)
        return self._account.drafts[media_id]

    def take(self, media_id: str) -> list[dict[str, Any]]:
        """A draft that goes out: from now on it is in the box no more."""
        articles = self.need(media_id)
        del self._account.drafts[media_id]
        return articles
