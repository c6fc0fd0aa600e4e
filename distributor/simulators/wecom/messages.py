"""Messages of apps: send, recall, and change a card after it was shown.

Source: developer.work.weixin.qq.com/document/path/90236, 94867 and 94888. Left open there, and chosen hard on the
caller: a duplicate is answered like a success, and a task id used twice is refused.
"""

import datetime as dt
import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from distributor.simulators.answers import Refused, document, ok
from distributor.simulators.wecom.company import App, Company, Dropped, Shown
from distributor.simulators.wecom.forms import app_form, as_shown, media_of
from distributor.simulators.wecom.limits import MEMBER_LIMITS, Windows
from distributor.simulators.wecom.media import Shelf
from distributor.simulators.wecom.tokens import Tokens

_CHINA = ZoneInfo("Asia/Shanghai")
RECALL = dt.timedelta(hours=24)
CODE_LIFE = dt.timedelta(hours=72)
_MOST_USERS = 1000
_LONGEST_CHECK = 14400


class Messages:
    """The message interfaces of one company's apps."""

    def __init__(self, company: Company, tokens: Tokens, shelf: Shelf) -> None:
        self._company = company
        self._tokens = tokens
        self._shelf = shelf
        self._windows = Windows()
        self._bodies: dict[tuple[int, str], dt.datetime] = {}
        self._tasks: set[tuple[int, str]] = set()
        self._codes: dict[str, tuple[str, dt.datetime]] = {}
        self.requests = 0

    async def send(self, request: Request) -> Response:
        """`POST /cgi-bin/message/send`."""
        self.requests += 1
        app = self._tokens.app_of(request)
        message = await document(request)
        kind, content = self._content(app, message)
        cut = app_form(kind, content)
        for media_id, media_kind in media_of(kind, content):
            self._shelf.need(media_id, kind=media_kind)
        readers, invalid, unlicensed = self._readers(app, str(message.get("touser", "")))
        if not readers:
            raise Refused(81013)
        msgid = secrets.token_hex(16)
        answer = {"invaliduser": "|".join(invalid), "unlicenseduser": "|".join(unlicensed), "msgid": msgid}
        body = (app.agent_id, hashlib.sha256(await request.body()).hexdigest())
        if not self._is_repeated(message, body):
            shown = self._printed(kind, as_shown(kind, content))
            self._show(app, msgid, readers, kind, shown, cut=cut or shown != content)
            self._bodies[body] = self._company.clock()
        if content.get("card_type") == "button_interaction":
            answer["response_code"] = self.new_code(msgid)
        return ok(**{name: value for name, value in answer.items() if value})

    def _content(self, app: App, message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        if "agentid" not in message:
            raise Refused(41011)
        if message["agentid"] != app.agent_id:
            raise Refused(40056)
        kind = message.get("msgtype")
        content = message.get(kind) if isinstance(kind, str) else None
        if not isinstance(kind, str) or not isinstance(content, dict):
            raise Refused(40008)
        if message.get("safe") not in (None, 0, 1) and not (message["safe"] == 2 and kind == "mpnews"):
            raise Refused(40058)
        return kind, content

    def _printed(self, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """An mpnews as the platform keeps it: with its own pictures only."""
        if kind != "mpnews":
            return content
        articles = content["articles"]
        return {"articles": [{**one, "content": self._shelf.own_pictures(one["content"])} for one in articles]}

    def _readers(self, app: App, touser: str) -> tuple[list[str], list[str], list[str]]:
        """The members that get it, those that cannot, and those without a licence; all in lower case."""
        wanted = [name.lower() for name in touser.split("|") if name]
        if len(wanted) > _MOST_USERS:
            raise Refused(40058)
        members = self._company.members
        if wanted == ["@all"]:
            wanted = list(members)
        seen = [name for name in wanted if name in members and (app.visible is None or name in app.visible)]
        readers = [name for name in seen if members[name].licensed]
        return readers, [name for name in wanted if name not in seen], [name for name in seen if name not in readers]

    def _is_repeated(self, message: Mapping[str, Any], body: tuple[int, str]) -> bool:
        """Whether the duplicate check keeps these very bytes from being shown again."""
        if not message.get("enable_duplicate_check"):
            return False
        span = dt.timedelta(seconds=min(int(message.get("duplicate_check_interval", 1800)), _LONGEST_CHECK))
        before = self._bodies.get(body)
        return before is not None and self._company.clock() - before < span

    def _show(
        self, app: App, msgid: str, readers: Iterable[str], kind: str, content: Mapping[str, Any], *, cut: bool
    ) -> None:
        task = content.get("task_id")
        if task:
            if (app.agent_id, task) in self._tasks:
                raise Refused(40058, "task_id already used")
            self._tasks.add((app.agent_id, task))
        now = self._company.clock()
        for reader in readers:
            if self._windows.fits((app.agent_id, reader), now, *MEMBER_LIMITS):
                self._company.shown.append(Shown(msgid, app.agent_id, reader, kind, content, now, cut))
            else:
                self._company.dropped.append(Dropped(app.agent_id, reader, now))

    def new_code(self, msgid: str) -> str:
        """A response code for a card: good for one change within 72 hours."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = (msgid, self._company.clock() + CODE_LIFE)
        return code

    async def recall(self, request: Request) -> Response:
        """`POST /cgi-bin/message/recall`: within 24 hours, by the message's id."""
        self._tokens.app_of(request)
        msgid = (await document(request)).get("msgid")
        times = [one.at for one in self._company.shown if one.msgid == msgid]
        if not times or self._company.clock() - times[0] > RECALL:
            raise Refused(40058)
        self._company.recalled.add(str(msgid))
        return ok()

    async def update_card(self, request: Request) -> Response:
        """`POST /cgi-bin/message/update_template_card`: greys a card's buttons for some members."""
        app = self._tokens.app_of(request)
        change = await document(request)
        if change.get("agentid") != app.agent_id:
            raise Refused(40056)
        msgid, until = self._codes.pop(str(change.get("response_code")), ("", self._company.clock()))
        if not msgid or until <= self._company.clock():
            raise Refused(40058, "invalid response_code")
        name = change.get("button", {}).get("replace_name")
        if not name:
            raise Refused(40058)
        users = [str(user).lower() for user in change.get("userids", ())]
        readers = {one.reader for one in self._company.shown if one.msgid == msgid}
        for user in users:
            if user in readers:
                self._company.greyed[msgid, user] = name
        return ok(invaliduser=[user for user in users if user not in readers])

    async def statistics(self, request: Request) -> Response:
        """`POST /cgi-bin/message/get_statistics`: how often each app reached somebody, today (0) or yesterday (1)."""
        self._tokens.app_of(request)
        back = (await document(request)).get("time_type", 0)
        if back not in (0, 1):
            raise Refused(40058)
        day = self._company.clock().astimezone(_CHINA).date() - dt.timedelta(days=back)
        shown = Counter(one.agent_id for one in self._company.shown if one.at.astimezone(_CHINA).date() == day)
        apps = (
            {"agentid": app.agent_id, "app_name": "简报", "count": shown[app.agent_id]}
            for app in self._company.apps.values()
        )
        return ok(statistics=list(apps))
