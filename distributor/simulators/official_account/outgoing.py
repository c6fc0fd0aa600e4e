"""What leaves an account: publishing, which tells nobody, and mass sending, which costs quota and is told to all.

Source: developers.weixin.qq.com, freepublish and message/mass. A draft that went out is gone from the box, so asking
twice finds nothing; a client message id that was used within a day is answered with 45065 and the first job's id.
"""

import datetime as dt
import itertools

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from distributor.simulators.answers import Refused, document, ok
from distributor.simulators.official_account.account import PUBLISHED, Account, MassSend, Publication
from distributor.simulators.official_account.drafts import Drafts
from distributor.simulators.official_account.tokens import Tokens

_MEMORY = dt.timedelta(hours=24)
_TOO_FAST = dt.timedelta(minutes=1)
_LONGEST_ID = 32


class Outgoing:
    """The irrevocable interfaces of one account."""

    def __init__(self, account: Account, tokens: Tokens, drafts: Drafts) -> None:
        self._account = account
        self._tokens = tokens
        self._drafts = drafts
        self._numbers = itertools.count(2_247_483_647)

    async def submit(self, request: Request) -> Response:
        """`POST /cgi-bin/freepublish/submit`: errcode 0 says that the task was taken, not that it is done."""
        self._tokens.need(request)
        if not self._account.may_publish:
            raise Refused(48001)
        articles = self._drafts.take(str((await document(request)).get("media_id")))
        number = next(self._numbers)
        publication = Publication(str(number), str(number + 1), articles)
        self._account.published.append(publication)
        # Real answers have been seen with a number where the page says text.
        return ok(publish_id=number, msg_data_id=publication.msg_data_id)

    async def publication(self, request: Request) -> Response:
        """`POST /cgi-bin/freepublish/get`."""
        self._tokens.need(request)
        publish_id = str((await document(request)).get("publish_id"))
        found = next((one for one in self._account.published if one.publish_id == publish_id), None)
        if found is None:
            raise Refused(40007, "invalid publish_id")
        answer: dict[str, object] = {"publish_id": publish_id, "publish_status": found.status, "fail_idx": []}
        if found.status == PUBLISHED:
            items = [{"idx": n, "article_url": address_of(found, n)} for n, _ in enumerate(found.articles, 1)]
            answer |= {"article_id": f"a{publish_id}", "article_detail": {"count": len(items), "item": items}}
        return JSONResponse(answer)

    async def publications(self, request: Request) -> Response:
        """`POST /cgi-bin/freepublish/batchget`: what is published by now, the newest first."""
        self._tokens.need(request)
        if not self._account.may_publish:
            raise Refused(48001)
        wish = await document(request)
        offset, count = int(wish.get("offset", 0)), int(wish.get("count", 20))
        if not 1 <= count <= 20:
            raise Refused(40007, "invalid count")
        out = [one for one in reversed(self._account.published) if one.status == PUBLISHED]
        items = [
            {
                "article_id": f"a{one.publish_id}",
                "content": {"news_item": [{**one.articles[0], "url": address_of(one), "is_deleted": False}]},
                "update_time": int(self._account.clock().timestamp()),
            }
            for one in out[offset : offset + count]
        ]
        return JSONResponse({"total_count": len(out), "item_count": len(items), "item": items})

    def finish_publishing(self, status: int = PUBLISHED) -> None:
        """The platform comes to an end with everything that was submitted."""
        for publication in self._account.published:
            publication.status = status

    async def preview(self, request: Request) -> Response:
        """`POST /cgi-bin/message/mass/preview`: one reader sees the draft; it stays in the box."""
        self._tokens.need(request)
        wish = await document(request)
        reader = str(wish.get("towxname") or wish.get("touser") or "")
        if not reader:
            raise Refused(40003)
        self._account.previews.append((reader, self._drafts.need(str(wish.get("mpnews", {}).get("media_id")))))
        return ok(msg_id=next(self._numbers))

    async def send_all(self, request: Request) -> Response:
        """`POST /cgi-bin/message/mass/sendall`."""
        self._tokens.need(request)
        wish = await document(request)
        now, known = self._account.clock(), str(wish.get("clientmsgid", ""))
        if len(known.encode()) > _LONGEST_ID:
            raise Refused(45067)
        before = next((one for one in self._account.mass_sent if known and one.clientmsgid == known), None)
        if before is not None and now - before.at < _TOO_FAST:
            raise Refused(45066)
        if before is not None and now - before.at < _MEMORY:
            raise Refused(45065, msg_id=before.msg_id)
        if wish.get("msgtype") != "mpnews" or "filter" not in wish:
            raise Refused(40008)
        if self._sent_today(now) >= self._account.mass_quota:
            raise Refused(45028)
        articles = self._drafts.take(str(wish.get("mpnews", {}).get("media_id")))
        sent = MassSend(next(self._numbers), next(self._numbers), known, now, articles)
        self._account.mass_sent.append(sent)
        return JSONResponse(
            {
                "errcode": 0,
                "errmsg": "send job submission success",
                "msg_id": sent.msg_id,
                "msg_data_id": sent.msg_data_id,
            }
        )

    def _sent_today(self, now: dt.datetime) -> int:
        return sum(1 for one in self._account.mass_sent if one.at.date() == now.date() and one.status != "SEND_FAIL")

    async def mass_send(self, request: Request) -> Response:
        """`POST /cgi-bin/message/mass/get`."""
        self._tokens.need(request)
        wanted = str((await document(request)).get("msg_id"))
        found = next((one for one in self._account.mass_sent if str(one.msg_id) == wanted), None)
        if found is None:
            raise Refused(40059)
        return JSONResponse({"msg_id": found.msg_id, "msg_status": found.status})

    def finish_mass_sends(self, status: str = "SEND_SUCCESS") -> None:
        """The platform comes to an end with everything that is being sent."""
        for sent in self._account.mass_sent:
            sent.status = status

    async def readers(self, request: Request) -> Response:
        """`POST /datacube/getarticleread`: how many read, yesterday or before; never who."""
        self._tokens.need(request)
        wish = await document(request)
        try:
            day = dt.date.fromisoformat(str(wish.get("begin_date")))
        except ValueError:
            raise Refused(61500) from None
        if wish.get("end_date") != wish.get("begin_date") or day >= self._account.clock().date():
            raise Refused(61500)
        ids = [str(one.msg_data_id) for one in self._account.mass_sent]
        ids += [one.msg_data_id for one in self._account.published]
        rows = [
            {"ref_date": str(day), "msgid": f"{number}_1", "detail": {"read_user": self._account.followers // 2}}
            for number in ids
        ]
        return JSONResponse({"list": rows, "is_delay": False})


def address_of(publication: Publication, index: int = 1) -> str:
    """Where a published article can be read."""
    return f"https://mp.weixin.qq.com/s/{publication.publish_id}-{index}"
