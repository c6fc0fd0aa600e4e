"""The Official Account's interfaces: pictures, draft, preview, publishing, mass sending.

No `Channel`: an article goes to everybody and to nobody in particular, in several irrevocable steps that an editor
says yes to one by one. What must happen between two of them, and after a crash, is the caller's law; here each step is
one request whose answer is a value, a refusal or silence. Source: developers.weixin.qq.com, draft, freepublish,
message/mass, openapi/quota.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from distributor.channels.wechat.draft import Draft, Listed, read_list
from distributor.channels.wechat.interface import Answer, Interface, Unanswered
from distributor.channels.wechat.meaning import OFFICIAL_ACCOUNT, STALE_TOKEN, refused
from distributor.channels.wechat.token import AccessToken, NoToken
from distributor.delivery.outcome import Outcome, Stage
from distributor.discretion import keep_secret
from distributor.settings.official_account import OfficialAccountSettings

#: A draft that is not in the box, or a picture that the platform has not.
GONE = 40007
#: The account has no right to use the interface.
UNAUTHORIZED = 48001
#: The same mass send within a minute.
TOO_SOON = 45066
#: The platform is busy and says nothing of what it did.
BUSY = -1

_ALREADY_SENT = 45065
_PAGE, _LOOKED_THROUGH = 20, 100
#: A token that is not the newest is 40001 here; the same code stands for a wrong secret when a token is fetched.
_STALE = STALE_TOKEN | {40001}


class PlatformRefused(Exception):
    """The platform said no. `outcome` tells whose trouble it is; `errcode` is the platform's."""

    def __init__(self, answer: Answer, stage: Stage = Stage.REQUEST) -> None:
        super().__init__(f"{answer.errcode} {answer.errmsg}")
        self.errcode = answer.errcode
        self.outcome: Outcome = refused(answer, stage, OFFICIAL_ACCOUNT)


class Standing(StrEnum):
    """Where a publishing task or a mass send stands."""

    UNDER_WAY = "under_way"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a task stands; the address of the article once it has one; the platform's own word for how it ended."""

    standing: Standing
    address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What an irrevocable step is known by: the task's id, and the id that the statistics use."""

    task_id: str
    statistics_id: str = ""


@dataclass(frozen=True, slots=True)
class CallsLeft:
    """How many calls of an interface the platform allows on this day (of China), and how many are left."""

    allowed: int
    left: int


class OfficialAccount:
    """One account's interfaces. Every method raises `PlatformRefused`, or `Unanswered` when no answer can be read."""

    def __init__(self, account: OfficialAccountSettings, secret: str) -> None:
        keep_secret(secret)
        self._interface = Interface(account)
        wish = {"grant_type": "client_credential", "appid": account.app_id, "secret": secret, "force_refresh": False}
        self._wish = _json(wish)
        self._token = AccessToken(self._fetch)

    async def _fetch(self) -> Answer:
        return await self._interface.post("/cgi-bin/stable_token", self._wish, {})

    async def close(self) -> None:
        """Ends the connections; never raises."""
        with contextlib.suppress(Exception):
            await self._interface.close()

    async def picture(self, name: str, content: bytes, media_type: str) -> str:
        """Uploads a picture of an article; its address. Can be repeated."""
        answer = await self._upload("/cgi-bin/media/uploadimg", name, content, media_type, {})
        return answer.text("url")

    async def cover(self, name: str, content: bytes, media_type: str) -> str:
        """Uploads a lasting picture; its media id. Each upload takes room, so keep the id."""
        answer = await self._upload("/cgi-bin/material/add_material", name, content, media_type, {"type": "image"})
        return answer.text("media_id")

    async def add_draft(self, draft: Draft) -> str:
        """Puts a draft into the box; its media id."""
        return (await self._post("/cgi-bin/draft/add", {"articles": [draft.document()]})).text("media_id")

    async def update_draft(self, media_id: str, draft: Draft) -> None:
        """Puts another text into a draft that stays the same draft: it can still go out once only."""
        wish = {"media_id": media_id, "index": 0, "articles": draft.document()}
        await self._post("/cgi-bin/draft/update", wish)

    async def find_draft(self, draft: Draft, others: Set[str]) -> str:
        """The media id of a draft of this title and text in the box; empty when there is none but those of `others`."""
        found = await self._find("/cgi-bin/draft/batchget", draft.title, draft.content, others)
        return found.id if found else ""

    async def has_draft(self, media_id: str) -> bool:
        """Whether a draft is still in the box. A draft that went out, in either way, is not."""
        try:
            await self._post("/cgi-bin/draft/get", {"media_id": media_id})
        except PlatformRefused as refusal:
            if refusal.errcode == GONE:
                return False
            raise
        return True

    async def preview(self, media_id: str, reader: str) -> None:
        """Shows a draft to one reader, by 微信号; 100 times a day."""
        wish = {"towxname": reader, "mpnews": {"media_id": media_id}, "msgtype": "mpnews"}
        await self._post("/cgi-bin/message/mass/preview", wish)

    async def publish(self, media_id: str) -> Submitted:
        """Irrevocable: submits a draft for publishing, which tells no reader."""
        answer = await self._post("/cgi-bin/freepublish/submit", {"media_id": media_id})
        return Submitted(answer.text("publish_id"), answer.text("msg_data_id"))

    async def published(self, task_id: str) -> Progress:
        """Where a publishing task stands."""
        answer = await self._post("/cgi-bin/freepublish/get", {"publish_id": task_id})
        status = answer.fields.get("publish_status")
        if status == 1:
            return Progress(Standing.UNDER_WAY)
        if status == 0:
            return Progress(Standing.DONE, _address(answer))
        return Progress(Standing.FAILED, detail=f"publish_status {status}")

    async def find_published(self, title: str, content: str) -> Listed | None:
        """The newest published article of this title and text, among the last hundred."""
        return await self._find("/cgi-bin/freepublish/batchget", title, content, frozenset())

    async def mass_send(self, media_id: str, known: str) -> Submitted:
        """Irrevocable: sends a draft to all readers. `known` (32 ASCII characters at most) sends once in 24 hours.

        A job that exists already under `known` is returned, not refused.
        """
        wish = {
            "filter": {"is_to_all": True},
            "mpnews": {"media_id": media_id},
            "msgtype": "mpnews",
            "send_ignore_reprint": 0,
            "clientmsgid": known,
        }
        answer = await self._ask("/cgi-bin/message/mass/sendall", wish)
        if answer.errcode and not (answer.errcode == _ALREADY_SENT and answer.text("msg_id")):
            raise PlatformRefused(answer)
        return Submitted(answer.text("msg_id"), answer.text("msg_data_id"))

    async def mass_sent(self, task_id: str) -> Progress:
        """Where a mass send stands. The platform names no address here."""
        status = (await self._post("/cgi-bin/message/mass/get", {"msg_id": task_id})).text("msg_status")
        if status == "SEND_SUCCESS":
            return Progress(Standing.DONE)
        return Progress(Standing.UNDER_WAY) if status == "SENDING" else Progress(Standing.FAILED, detail=status)

    async def readers(self, day: str) -> Mapping[str, int]:
        """How many people read each article on a past day (YYYY-MM-DD), by the id of the statistics.

        An article without a figure is missing.
        """
        answer = await self._post("/datacube/getarticleread", {"begin_date": day, "end_date": day})
        return dict(_readers(answer))

    async def check_rights(self) -> int:
        """Asks for the lists of drafts and of published articles; how many drafts there are. Changes nothing."""
        answer = await self._post("/cgi-bin/draft/batchget", {"offset": 0, "count": 1, "no_content": 1})
        await self._post("/cgi-bin/freepublish/batchget", {"offset": 0, "count": 1, "no_content": 1})
        return read_list(answer.fields)[1]

    async def calls_left(self, path: str) -> CallsLeft | None:
        """What is left today of the calls of one interface, by its path; None when the platform gives no numbers."""
        quota = (await self._post("/cgi-bin/openapi/quota/get", {"cgi_path": path})).fields.get("quota")
        numbers = [str(quota.get(name, "")) for name in ("daily_limit", "remain")] if isinstance(quota, dict) else []
        return CallsLeft(*map(int, numbers)) if numbers and all(number.isdecimal() for number in numbers) else None

    async def _find(self, path: str, title: str, content: str, others: Set[str]) -> Listed | None:
        for offset in range(0, _LOOKED_THROUGH, _PAGE):
            answer = await self._post(path, {"offset": offset, "count": _PAGE, "no_content": 0})
            listed, total = read_list(answer.fields)
            for one in listed:
                if one.id not in others and one.is_same(title, content):
                    return one
            if offset + _PAGE >= total:
                break
        return None

    async def _post(self, path: str, document: Mapping[str, Any]) -> Answer:
        answer = await self._ask(path, document)
        if answer.errcode:
            raise PlatformRefused(answer)
        return answer

    async def _ask(self, path: str, document: Mapping[str, Any]) -> Answer:
        token = await self._get_token()
        answer = await self._interface.post(path, _json(document), {"access_token": token})
        if answer.errcode not in _STALE:
            return answer
        self._token.drop(token)
        return await self._interface.post(path, _json(document), {"access_token": await self._get_token()})

    async def _upload(self, path: str, name: str, content: bytes, media_type: str, query: Mapping[str, str]) -> Answer:
        token = await self._get_token()
        answer = await self._interface.upload(path, name, content, media_type, {**query, "access_token": token})
        if answer.errcode in _STALE:
            self._token.drop(token)
            token = await self._get_token()
            answer = await self._interface.upload(path, name, content, media_type, {**query, "access_token": token})
        if answer.errcode:
            raise PlatformRefused(answer, Stage.UPLOAD)
        return answer

    async def _get_token(self) -> str:
        try:
            return await self._token.get()
        except NoToken as trouble:
            raise PlatformRefused(trouble.answer, Stage.AUTH) from None
        except Unanswered as trouble:
            # Whatever happened to the request for a token, the step itself was not begun.
            raise Unanswered(trouble.reason, sent=False) from None


def _json(document: Mapping[str, Any]) -> bytes:
    """The platform shows characters that were written as escapes just so; they are written as they are."""
    return json.dumps(document, ensure_ascii=False).encode()


def _address(answer: Answer) -> str:
    detail = answer.fields.get("article_detail")
    items = detail.get("item") if isinstance(detail, dict) else None
    first = items[0] if isinstance(items, list) and items else {}
    return str(first.get("article_url", "")) if isinstance(first, dict) else ""


def _readers(answer: Answer) -> Iterator[tuple[str, int]]:
    rows = answer.fields.get("list")
    for row in rows if isinstance(rows, list) else ():
        detail = row.get("detail") if isinstance(row, dict) else None
        count = detail.get("read_user") if isinstance(detail, dict) else None
        if isinstance(count, int):
            # The platform adds the article's place in its message: <msg_data_id>_1.
            yield str(row.get("msgid", "")).rpartition("_")[0], count
