"""The Official Account's interfaces: pictures, draft, preview, publishing, mass sending.

No `Channel`: an article goes to everybody and to nobody in particular, in several irrevocable steps that an editor
says yes to one by one. What must happen between two of them, and after a crash, is the caller's law; here each step is
one request whose answer is a value, a refusal or silence. Source: developers.weixin.qq.com, draft, freepublish,
message/mass.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from distributor.channels.wechat.interface import Answer, Interface, Unanswered
from distributor.channels.wechat.meaning import OFFICIAL_ACCOUNT, STALE_TOKEN, refused
from distributor.channels.wechat.token import AccessToken, NoToken
from distributor.delivery.outcome import Outcome, Stage
from distributor.discretion import keep_secret
from distributor.settings.official_account import OfficialAccountSettings

_GONE = 40007
_ALREADY_SENT = 45065
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
class Draft:
    """What a draft is made of. The picture addresses in `content` are the platform's."""

    title: str
    author: str
    digest: str
    content: str
    cover: str  # media_id of a lasting picture
    source_url: str = ""

    def document(self) -> dict[str, Any]:
        """The draft as draft/add wants it."""
        return {
            "article_type": "news",
            "title": self.title,
            "author": self.author,
            "digest": self.digest,
            "content": self.content,
            "content_source_url": self.source_url,
            "thumb_media_id": self.cover,
            "need_open_comment": 0,
            "only_fans_can_comment": 0,
        }


@dataclass(frozen=True, slots=True)
class Submitted:
    """What an irrevocable step is known by: the task's id, and the id that the statistics use."""

    task_id: str
    statistics_id: str = ""


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

    async def has_draft(self, media_id: str) -> bool:
        """Whether a draft is still in the box. A draft that went out, in either way, is not."""
        try:
            await self._post("/cgi-bin/draft/get", {"media_id": media_id})
        except PlatformRefused as refusal:
            if refusal.errcode == _GONE:
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

    async def published(self, task_id: str) -> tuple[Standing, str]:
        """Where a publishing task stands, and the article's address once it has one."""
        answer = await self._post("/cgi-bin/freepublish/get", {"publish_id": task_id})
        status = answer.fields.get("publish_status")
        if status == 1:
            return Standing.UNDER_WAY, ""
        return (Standing.DONE, _address(answer)) if status == 0 else (Standing.FAILED, "")

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

    async def mass_sent(self, task_id: str) -> Standing:
        """Where a mass send stands."""
        answer = await self._post("/cgi-bin/message/mass/get", {"msg_id": task_id})
        if answer.text("msg_status") == "SEND_SUCCESS":
            return Standing.DONE
        return Standing.UNDER_WAY if answer.text("msg_status") == "SENDING" else Standing.FAILED

    async def readers(self, day: str, statistics_id: str) -> int | None:
        """How many people read an article on a past day (YYYY-MM-DD); None while the platform has no figure."""
        answer = await self._post("/datacube/getarticleread", {"begin_date": day, "end_date": day})
        for row in _rows(answer):
            if str(row.get("msgid", "")).rpartition("_")[0] == statistics_id:
                count = row.get("detail", {}).get("read_user")
                return count if isinstance(count, int) else None
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


def _rows(answer: Answer) -> list[Mapping[str, Any]]:
    rows = answer.fields.get("list")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
