"""What happens when the button on the reader's page is pressed: 签收, 代签收 or 退回.

It counts only as a POST from the page itself with the nonce that the page issued, and it is on the disk before it is
answered. Whoever presses again is shown the first time (facts: 67–69, 71, 72).
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from distributor.dispatch.acknowledge import Word, send_back, sign, sign_as
from distributor.errors import Unavailable
from distributor.receipts.press import Press, judge_press
from distributor.recipients.model import Remark
from distributor.store.database import Database
from distributor.web.forms import BadForm, one_line, read_form, some_lines
from distributor.web.reader_pages import HEADERS, ReaderPages
from distributor.web.reader_view import Given, View

#: What a reader waits for at most, in seconds; then the answer is that nothing was recorded.
PATIENCE = 15.0

#: The longest texts, in characters; the form says the same.
_NAME, _REMARK, _REASON = 40, 1000, 500

_AGAIN = {
    Press.TOO_SOON: "页面刚刚打开，请看过之后再按一次。",
    Press.TOO_OLD: "页面打开的时间太久了，请再按一次。",
    Press.FOREIGN: "这次签收没有记录：请在本页上再按一次。",
    Press.MISSING: "这次签收没有记录：请在本页上再按一次。",
}


class Signing:
    """Takes the forms of all copies, with threads of its own: openings and readers must not keep a 签收 waiting."""

    def __init__(self, database: Database, pages: ReaderPages, *, patience: float = PATIENCE) -> None:
        self._database = database
        self._pages = pages
        self._patience = patience
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="sign")

    def stop(self) -> None:
        """Finishes what is being written."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def form(self, request: Request) -> Mapping[str, str] | Response:
        """The fields of the form, or the answer to what is no form of ours."""
        try:
            return await read_form(request)
        except BadForm as refusal:
            return self._pages.notice(refusal.status, "未记录", "请回到原页面，再按一次签收。")

    async def press(self, request: Request, view: View, fields: Mapping[str, str]) -> Response:
        """Records what was pressed, or says why it does not count. Raises nothing that a reader could meet."""
        token = request.path_params["token"]
        now = self._pages.clock()
        refusal = self._refusal(request, view, fields, now)
        if refusal is not None:
            return refusal
        try:
            await self._write(partial(self._record, view, fields, now))
        except (Unavailable, TimeoutError) as trouble:
            return self._pages.not_recorded(fields, trouble)
        return RedirectResponse(f"{token}#acknowledge", 303, headers=HEADERS)

    def _refusal(self, request: Request, view: View, fields: Mapping[str, str], now: dt.datetime) -> Response | None:
        """The answer to a form that does not count; None when it does."""
        token, given, member = request.path_params["token"], _given(fields), self._member(view, fields)
        if not view.open:
            return self._pages.page(token, view, None, status=410 if view.closed else 403)
        press = judge_press(self._pages.key, view.visit.delivery_id, fields.get("nonce", ""), now)
        if press is Press.GOOD and not by_hand(request):
            press = Press.FOREIGN
        if press is not Press.GOOD:
            status = 400 if press is Press.MISSING else 403
            return self._pages.page(token, view, None, status=status, alert=_AGAIN[press], given=given, member=member)
        missing = _what_is_missing(fields, given)
        if not missing:
            return None
        return self._pages.page(token, view, None, status=400, alert=missing, given=given, member=member)

    def _record(self, view: View, fields: Mapping[str, str], now: dt.datetime) -> None:
        visit, given = view.visit, _given(fields)
        member = self._member(view, fields)
        is_addressee = member.lower() == visit.address.lower() and not given.on_behalf
        remark = given.remark if visit.manners.remark is Remark.OPTIONAL else ""
        reader = "" if is_addressee else member
        word = Word(given.name, remark, visit.name if given.on_behalf else "", reader)
        with self._database.write() as conn:
            if fields["action"] == "sign" and member and is_addressee:
                sign_as(conn, visit.delivery_id, member, word, now=now)
            elif fields["action"] == "sign":
                sign(conn, visit.delivery_id, word, now=now)
            else:
                send_back(conn, visit.delivery_id, given.reason, word, press=fields["nonce"], now=now)

    def _member(self, view: View, fields: Mapping[str, str]) -> str:
        """Whom WeCom recognised when the page was shown; empty without a proof of ours."""
        member, proof = fields.get("member", ""), fields.get("proof", "")
        return member if self._pages.recognition.proven(view.visit, fields.get("nonce", ""), member, proof) else ""

    async def _write(self, work: Callable[[], None]) -> None:
        """Runs a write within the reader's patience; one that has not begun by then is not begun any more."""
        future = self._threads.submit(work)
        try:
            await asyncio.wait_for(asyncio.wrap_future(future), self._patience)
        except TimeoutError:
            future.cancel()
            raise


def by_hand(request: Request) -> bool:
    """Whether a form was sent from our own page by somebody's hand, as far as the browser says.

    Chromium's engines say of every navigation whether a gesture began it (W3C Fetch Metadata, Sec-Fetch-User);
    Safari never does, and older browsers say nothing at all, so their silence proves nothing.
    """
    site, mode = request.headers.get("sec-fetch-site"), request.headers.get("sec-fetch-mode")
    if site not in (None, "same-origin") or mode not in (None, "navigate"):
        return False
    tells = mode is not None and "chrom" in request.headers.get("user-agent", "").lower()
    return not tells or request.headers.get("sec-fetch-user") == "?1"


def _given(fields: Mapping[str, str]) -> Given:
    return Given(
        name=one_line(fields.get("name", ""), _NAME),
        remark=some_lines(fields.get("remark", ""), _REMARK),
        reason=some_lines(fields.get("reason", ""), _REASON),
        on_behalf=fields.get("for") == "yes",
    )


def _what_is_missing(fields: Mapping[str, str], given: Given) -> str:
    action = fields.get("action")
    if action not in ("sign", "return"):
        return _AGAIN[Press.MISSING]
    if action == "return":
        return "" if given.reason else "请写明退回的理由。"
    return "代签收请填写您的姓名。" if given.on_behalf and not given.name else ""
