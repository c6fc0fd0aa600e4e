"""Puts the reader's pages into HTML with the headers that keep them to themselves.

Addresses are relative, so the pages work behind a proxy under any path.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response

from distributor.errors import DistributorError
from distributor.log import log
from distributor.receipts.press import issue
from distributor.receipts.tokens import TokenKey
from distributor.rendering.templates import Templates
from distributor.settings import Settings
from distributor.web.bodies import Body, Sheet
from distributor.web.reader_view import NOTHING, Given, View
from distributor.web.recognition import Recognition

_log = log("web")

#: Nothing from elsewhere, no script at all, and forms go only to where the page came from.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex, nofollow, noarchive",
}

_ADVICE_BY_MAIL = "如多次不成功，请直接回复邮件签收。"


@dataclass(frozen=True, slots=True)
class ReaderPages:
    """Everything that a page is made of besides the copy itself."""

    templates: Templates
    settings: Callable[[], Settings]
    key: TokenKey
    clock: Callable[[], dt.datetime]
    sheet: Sheet
    recognition: Recognition

    def page(
        self,
        token: str,
        view: View,
        body: Body | None,
        *,
        status: int = 200,
        alert: str = "",
        given: Given = NOTHING,
        member: str = "",
        in_wechat: bool = False,
    ) -> Response:
        """The page of one copy; without `body` only what concerns the 签收.

        `member` is who reads it, as WeCom says; `in_wechat` that a browser shows it which cannot save files.
        """
        office = self.settings().office
        nonce = issue(self.key, view.visit.delivery_id, self.clock()) if view.open else ""
        values = {
            **view.values(),
            "style": f"../assets/{self.sheet.name}",
            "address": token,
            "office": office,
            "body": body.html(token) if body else "",
            "nonce": nonce,
            "member": member,
            "proof": self.recognition.proof(view.visit, nonce, member) if member else "",
            "code": f"{token}/code.svg" if office.base_url else "",
            "paper": f"{token}/bulletin.pdf" if body and view.shows_paper else "",
            "in_wechat": in_wechat,
            "alert": alert,
            "given": given.values(),
        }
        return HTMLResponse(self.templates.render("web/reader.html", values), status, headers=HEADERS)

    def notice(
        self,
        status: int,
        heading: str,
        *lines: str,
        again: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
        back: str = "",
    ) -> Response:
        """A page that says one thing and knows nobody; `again` are the fields of a form to send once more.

        `back` is the address of the reader's page, for a notice that stands below it.
        """
        root = "../../" if back else "../"
        values = {"root": root, "sheet": self.sheet.name, "heading": heading, "lines": lines, "again": again}
        values["back"] = back
        page = self.templates.render("web/notice.html", values)
        return HTMLResponse(page, status, headers={**HEADERS, **(headers or {})})

    def unavailable(self, trouble: DistributorError) -> Response:
        """The database does not answer."""
        _log.warning("web.unavailable", code=trouble.code, what=str(trouble.what))
        return self.notice(503, "暂时打不开", "系统正在维护，请过几分钟再试。", headers={"retry-after": "60"})

    def not_recorded(self, fields: Mapping[str, str], trouble: Exception) -> Response:
        """The one answer that must never be a false success: nothing is on record, and the form is kept for a retry."""
        _log.error("sign.not_recorded", what=str(trouble), kind=type(trouble).__name__)
        phone = self.settings().office.phone
        other = f"如多次不成功，请致电{phone}签收。" if phone else _ADVICE_BY_MAIL
        return self.notice(503, "未记录，请重试", "您的签收没有保存。", other, again=tuple(fields.items()))
