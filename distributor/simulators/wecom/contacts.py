"""Who is who: userids by mobile number or email, and the web login that tells a page who reads it.

Source: developer.work.weixin.qq.com/document/path/95402, 95895 and 91023. Look-ups are locked for a day when
more of them failed than a fifth of the company's members.
"""

import datetime as dt
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

from distributor.simulators.answers import Refused, document, ok
from distributor.simulators.wecom.company import Company
from distributor.simulators.wecom.tokens import Tokens

CODE_LIFE = dt.timedelta(minutes=5)
_LOCK = dt.timedelta(days=1)
_MOBILE = re.compile(r"\+?[0-9]{5,32}")


class Contacts:
    """Look-ups and logins."""

    def __init__(self, company: Company, tokens: Tokens) -> None:
        self._company = company
        self._tokens = tokens
        self._misses: list[dt.datetime] = []
        self._codes: dict[str, tuple[dict[str, str], dt.datetime]] = {}
        self.lookups = 0

    async def by_mobile(self, request: Request) -> Response:
        """`POST /cgi-bin/user/getuserid`."""
        self._tokens.app_of(request)
        mobile = str((await document(request)).get("mobile", ""))
        if not _MOBILE.fullmatch(mobile):
            raise Refused(60103)
        return self._found(next((one.userid for one in self._company.members.values() if one.mobile == mobile), None))

    async def by_email(self, request: Request) -> Response:
        """`POST /cgi-bin/user/get_userid_by_email`."""
        self._tokens.app_of(request)
        email = str((await document(request)).get("email", "")).lower()
        members = self._company.members.values()
        return self._found(next((one.userid for one in members if one.email and one.email.lower() == email), None))

    def _found(self, userid: str | None) -> Response:
        now = self._company.clock()
        self.lookups += 1
        self._misses = [at for at in self._misses if now - at < _LOCK]
        if len(self._misses) > len(self._company.members) / 5:
            raise Refused(45009)
        if userid is None:
            self._misses.append(now)
            raise Refused(46004)
        return ok(userid=userid)

    def enter(self, userid: str, *, member: bool = True) -> str:
        """A reader follows the authorize link: the code that his browser brings to our page."""
        code = secrets.token_urlsafe(32)
        who = {"userid": userid} if member else {"openid": userid, "external_userid": f"wm{userid}"}
        self._codes[code] = (who, self._company.clock() + CODE_LIFE)
        return code

    async def who(self, request: Request) -> Response:
        """`GET /cgi-bin/auth/getuserinfo`: a code tells once, within five minutes, who came."""
        self._tokens.app_of(request)
        who, until = self._codes.pop(request.query_params.get("code", ""), ({}, self._company.clock()))
        if not who or until <= self._company.clock():
            raise Refused(40029)
        return ok(**who)
