"""The reader's page `/b/TOKEN`: the bulletin, and the 签收 that only a person can give.

Opening it changes nothing but “opened, unverified” (facts: 67). The path is the only place where the token stands:
no header, no log and no other page repeats it. Pages are served without a cookie and without a script.
"""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor.delivery.evidence import Kind
from distributor.errors import BadInput, Unavailable
from distributor.receipts.tokens import TokenKey, token_hash
from distributor.rendering.pdf.qr import qr_svg
from distributor.rendering.templates import Templates
from distributor.settings import Settings
from distributor.store.database import Database
from distributor.store.visits import Visit
from distributor.web.bodies import Bodies, style_sheet
from distributor.web.callers import Guesses, caller
from distributor.web.covers import Covers
from distributor.web.lookups import Lookups
from distributor.web.openings import Openings
from distributor.web.papers import Papers
from distributor.web.reader_pages import HEADERS, ReaderPages
from distributor.web.reader_view import Deadlines, View, view_of
from distributor.web.recognition import Recognition
from distributor.web.signing import PATIENCE, Signing

_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
_FOR_A_DAY = {"cache-control": "private, max-age=86400"}

#: Webmail shows it on pages of its own.
_ANYWHERE = {"cross-origin-resource-policy": "cross-origin"}

#: A GIF of one transparent point.
_POINT = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")

#: Somebody who guesses is told of once in so many seconds.
_ALARM = 60.0


class Reader:
    """The pages of all copies, for one process. `settings` gives those in force; `alarm` tells of guessers."""

    def __init__(
        self,
        database: Database,
        settings: Callable[[], Settings],
        key: TokenKey,
        templates: Templates,
        *,
        clock: Callable[[], dt.datetime],
        alarm: Callable[[], None] = lambda: None,
        patience: float = PATIENCE,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._alarm = alarm
        self._alarmed_at = -_ALARM
        self._sheet = style_sheet(templates)
        self._icon = templates.render("web/icon.svg", {})
        self._recognition = Recognition(settings, key, clock)
        self._pages = ReaderPages(templates, settings, key, clock, self._sheet, self._recognition)
        self._signing = Signing(database, self._pages, patience=patience)
        self._bodies = Bodies(database, templates)
        self._papers = Papers(database, templates)
        self._covers = Covers(database, templates)
        self._guesses = Guesses()
        self._deadlines = Deadlines()
        self._lookups = Lookups(database)
        self.openings = Openings(database, clock)

    def routes(self) -> list[Route]:
        """The page, its pictures, its PDF, its code, the picture of letters, and its style sheet."""
        return [
            Route("/b/{token}", self._get, methods=["GET"]),
            Route("/b/{token}", self._post, methods=["POST"]),
            Route("/b/{token}/p/{number:int}", self._picture, methods=["GET"]),
            Route("/b/{token}/bulletin.pdf", self._paper, methods=["GET"]),
            Route("/b/{token}/o.gif", self._pixel, methods=["GET"]),
            Route("/b/{token}/cover.png", self._cover, methods=["GET"]),
            Route("/b/{token}/code.svg", self._code, methods=["GET"]),
            Route("/assets/{name}", self._asset, methods=["GET"]),
        ]

    async def stop(self) -> None:
        """Writes what was noted, finishes what was signed, and gives its threads back."""
        await self.openings.stop()
        self._lookups.stop()
        await asyncio.to_thread(self._signing.stop)
        await self._recognition.stop()

    async def _get(self, request: Request) -> Response:
        try:
            visit = await self._find(request)
            if visit is None:
                return await self._missed(request)
            if detour := self._recognition.detour(request, visit):
                return detour
            self.openings.note(visit.delivery_id, _opening(request), "page")
            member = await self._recognition.member(request, visit)
            view = self._view(visit)
            body = await self._bodies.get(visit.bulletin_id, visit.digest) if view.shows_body else None
        except Unavailable as trouble:
            return self._pages.unavailable(trouble)
        token, in_wechat = request.path_params["token"], _in_wechat(request)
        return self._pages.page(token, view, body, member=member, in_wechat=in_wechat)

    async def _post(self, request: Request) -> Response:
        fields = await self._signing.form(request)
        if isinstance(fields, Response):
            return fields
        try:
            visit = await self._find(request)
        except Unavailable as trouble:
            return self._pages.not_recorded(fields, trouble)
        if visit is None:
            return await self._missed(request)
        return await self._signing.press(request, self._view(visit), fields)

    async def _picture(self, request: Request) -> Response:
        try:
            visit = await self._find(request)
            if visit is None or not self._view(visit).shows_body:
                return await self._missed(request)
            body = await self._bodies.get(visit.bulletin_id, visit.digest)
        except Unavailable as trouble:
            return self._pages.unavailable(trouble)
        number = request.path_params["number"]
        if number >= len(body.pictures):
            return self._pages.notice(404, "没有这个页面", "图片不存在。")
        picture = body.pictures[number]
        return Response(picture.content, media_type=picture.media_type, headers=HEADERS | _FOR_A_DAY)

    async def _paper(self, request: Request) -> Response:
        """The bulletin as a PDF with the reader's own code: taking it shows no more than opening the page does."""
        page = f"../{request.path_params['token']}"
        try:
            visit = await self._find(request)
            if visit is None:
                return await self._missed(request)
            view = self._view(visit)
            if not view.shows_paper:
                return self._pages.notice(410, view.closed, view.notice, back=page)
            self.openings.note(visit.delivery_id, _opening(request), "page")
            link = self._address(request) if self._settings().office.base_url else ""
            paper = await self._papers.get(visit.bulletin_id, visit.digest, link=link)
        except Unavailable as trouble:
            return self._pages.unavailable(trouble)
        except BadInput:
            return self._pages.notice(404, "本期没有 PDF", "PDF 暂时无法生成，请看网页，内容完整。", back=page)
        way = "inline" if _in_wechat(request) else "attachment"
        # RFC 6266 4.3, with a plain name for programs that do not know the other.
        named = f"{way}; filename=\"bulletin.pdf\"; filename*=UTF-8''{quote(paper.file_name, safe='')}"
        return Response(paper.content, media_type=paper.media_type, headers=HEADERS | {"content-disposition": named})

    async def _pixel(self, request: Request) -> Response:
        """The picture of one point in letters of groups that want it: loaded by a machine, as far as anybody knows.

        Its address holds the hash of the link and not the link: proxies and logs of mail systems see it.
        """
        try:
            visit = await self._lookups.find(request.path_params["token"])
        except Unavailable as trouble:
            return self._pages.unavailable(trouble)
        if visit is None:
            return await self._missed(request)
        if visit.manners.pixel:
            self.openings.note(visit.delivery_id, Kind.FETCHED, "pixel")
        return Response(_POINT, media_type="image/gif", headers=HEADERS | _ANYWHERE)

    async def _cover(self, request: Request) -> Response:
        """The cover that a platform shows with a link: its address holds none, and asking for it says nothing."""
        try:
            visit = await self._lookups.find(request.path_params["token"])
            if visit is None or not self._view(visit).shows_body:
                return await self._missed(request)
            cover = await self._covers.get(visit.bulletin_id, visit.digest)
        except Unavailable as trouble:
            return self._pages.unavailable(trouble)
        except BadInput:
            return self._pages.notice(404, "没有这个页面", "图片不存在。")
        return Response(cover, media_type="image/png", headers=HEADERS | _ANYWHERE | _FOR_A_DAY)

    async def _code(self, request: Request) -> Response:
        try:
            if await self._find(request) is None:
                return await self._missed(request)
        except Unavailable as trouble:
            return self._pages.unavailable(trouble)
        code = await asyncio.to_thread(qr_svg, f"{self._address(request)}#acknowledge")
        return Response(code, media_type="image/svg+xml", headers=HEADERS | _FOR_A_DAY)

    async def _asset(self, request: Request) -> Response:
        if request.path_params["name"] == "icon.svg":
            return Response(self._icon, media_type="image/svg+xml", headers=HEADERS | _FOR_A_DAY)
        if request.path_params["name"] != self._sheet.name:
            return self._pages.notice(404, "没有这个页面", "文件不存在。")
        return Response(self._sheet.content, media_type="text/css", headers=HEADERS | _FOR_EVER)

    def _address(self, request: Request) -> str:
        """The whole address of a reader's page, as letters have it."""
        return f"{self._settings().office.base_url.rstrip('/')}/b/{request.path_params['token']}"

    async def _find(self, request: Request) -> Visit | None:
        return await self._lookups.find(token_hash(request.path_params["token"]))

    async def _missed(self, request: Request) -> Response:
        """The answer to a token that is nobody's: always the same, and a limit for those who guess (facts: 70)."""
        if not self._guesses.miss(caller(request, self._settings().web.proxies)):
            return self._pages.notice(404, "没有这个页面", "链接无效或不完整，请从邮件中重新打开，或复制完整的链接。")
        if time.monotonic() - self._alarmed_at >= _ALARM:
            self._alarmed_at = time.monotonic()
            await asyncio.to_thread(self._alarm)
        return self._pages.notice(429, "请稍后再试", "请求过于频繁，请一分钟后再试。", headers={"retry-after": "60"})

    def _view(self, visit: Visit) -> View:
        settings = self._settings()
        return view_of(visit, settings, due=self._deadlines.of(visit, settings), now=self._clock())


def _opening(request: Request) -> Kind:
    """What a request for the page shows; whatever asks, it stays unverified."""
    headers = request.headers
    ahead = any("prefetch" in headers.get(name, "").lower() for name in ("sec-purpose", "purpose", "x-moz"))
    return Kind.FETCHED if ahead or request.method == "HEAD" else Kind.OPENED


def _in_wechat(request: Request) -> bool:
    """Whether the browser inside WeChat or WeCom asks: it shows a PDF and cannot save one."""
    agent = request.headers.get("user-agent", "").lower()
    return "micromessenger" in agent or "wxwork" in agent
