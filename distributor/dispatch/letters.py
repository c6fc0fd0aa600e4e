"""Makes the message for one claimed delivery: the frozen rendition, the personal fields, the envelope."""

import copy
import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any, Self

from distributor.channels.base import ClaimLost, Envelope, File, Message
from distributor.channels.wechat.card import task_id
from distributor.channels.wechat.wecom import ONCE as ONCE
from distributor.errors import Refused
from distributor.receipts.tokens import Purpose, TokenKey, token_hash
from distributor.recipients.model import ReadReport
from distributor.rendering.card import ROBOT, WECOM, fill_card
from distributor.rendering.fields import upload_mark
from distributor.rendering.mime import CompiledLetter, Personal, compile_letter
from distributor.rendering.personal import sample_copy
from distributor.rendering.rendition import Rendition, from_document
from distributor.rendering.wecom_forms import ATTACHED, COVER
from distributor.settings import Settings, SmtpAccount
from distributor.settings.channels import account_of
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Database
from distributor.store.dispatches import get_dispatch
from distributor.store.records import Claim
from distributor.words import words

CORRECTION = "【更正】"
TEST = "【测试】"

#: What the platform takes as a file, of an app or a robot (document/path/90253).
_LARGEST_FILE = 20 * 2**20


def compile_for(settings: Settings, rendition: Rendition) -> CompiledLetter:
    """Compiles a rendition with the office's own headers. Raises `BadInput` or `Refused` when it cannot be a letter."""
    office = settings.office
    return compile_letter(
        rendition,
        sender=office.sender,
        reply_to=office.reply_to,
        list_id=f"bulletin.{office.sender_address.rpartition('@')[2]}",
        zone=settings.zone,
    )


def files_of(rendition: Rendition) -> tuple[File, ...]:
    """What the platform must have before a card or a robot's words can be shown, or shows after them."""
    attached = upload_mark(ATTACHED)
    mark = attached if attached in rendition.text else ""
    files = [File(one.file_name, one.media_type, one.content, mark) for one in rendition.attachments]
    for picture in rendition.pictures:
        mark = upload_mark(picture.cid)
        if mark in rendition.text:  # the cover of a news stands beside the reader's page
            printed = picture.cid != COVER
            files.append(File(picture.file_name, picture.media_type, picture.content, mark, printed))
    return tuple(files)


def prove_card(rendition: Rendition) -> None:
    """Makes a made-up copy of a card or of a robot's words. Raises `BadInput` or `Refused` when that cannot be."""
    fill_card(rendition, sample_copy("张三"), address={})
    for file in rendition.attachments:
        if rendition.channel in (WECOM, ROBOT) and len(file.content) > _LARGEST_FILE:
            gaps = {"name": file.file_name, "size": len(file.content), "limit": _LARGEST_FILE}
            what = words("The file {name} has {size} bytes; WeCom takes {limit}.", **gaps)
            raise Refused(what, do=words("Use fewer or smaller pictures."))


def prove(settings: Settings, rendition: Rendition) -> None:
    """Proves that a rendition can be sent on its channel. Raises `BadInput` or `Refused` when it cannot."""
    if rendition.channel == "email":
        compile_for(settings, rendition)
    else:
        prove_card(rendition)


@dataclass(frozen=True, slots=True)
class _Letter:
    """One dispatch's letter: compiled when it goes by mail."""

    rendition: Rendition
    compiled: CompiledLetter | None
    prefix: str
    asks_for_report: bool
    files: tuple[File, ...] = ()


class Letters:
    """The compiled letters of the dispatches under way; one per dispatch, whatever the number of recipients.

    Personal values are filled in per message and forgotten with it.
    """

    def __init__(self, database: Database, settings: Settings, key: TokenKey, *, account: str | None = None) -> None:
        self._database = database
        self._settings = settings
        self._office = settings.office
        self._name = account
        self._key = key
        self._sender_address = self._office.sender_address
        self._domain = self._sender_address.rpartition("@")[2]
        self._letters: dict[int, _Letter] = {}

    def by(self, account: str) -> Self:
        """The same letters for another account: only their envelopes differ."""
        others = copy.copy(self)  # what was compiled is shared
        others._name = account
        return others

    @property
    def _account(self) -> SmtpAccount:
        return self._settings.smtp[self._name] if self._name else self._settings.account()[1]

    def message(self, claim: Claim) -> Message:
        """The message of one delivery: the same bytes and the same Message-ID on every attempt.

        Raises `BadInput` when a personal value cannot stand in a header, and `ClaimLost` when a later
        freeze has replaced the letter.
        """
        letter = self._letters.get(claim.dispatch_id) or self._load(claim)
        if letter.compiled is None:
            return self._card(letter, claim)
        envelope = self._envelope(claim.delivery_id, claim.address)
        reports_to = envelope.sender if letter.asks_for_report else ""
        personal = self._personal(letter, claim, read_report_to=reports_to)
        return Message(claim.delivery_id, envelope, letter.compiled.parts(personal))

    def _card(self, letter: _Letter, claim: Claim) -> Message:
        """A message of WeCom's: a member's card with its task, or a robot's words with the group's files."""
        address: dict[str, Any] = {}
        if letter.rendition.channel == WECOM:
            app = self._settings.wecom[account_of(self._name or "")[1]]
            address = {"touser": claim.address, "agentid": app.agent_id, **ONCE}
        body = fill_card(
            letter.rendition, self._personal(letter, claim), address=address, task=task_id(claim.delivery_id)
        )
        return Message(claim.delivery_id, Envelope("", claim.address), (body,), letter.files)

    def _personal(self, letter: _Letter, claim: Claim, *, read_report_to: str = "") -> Personal:
        token = self._key.token(Purpose.MESSAGE, claim.delivery_id)
        return Personal(
            to_name=claim.name,
            to_address=claim.address,
            unit=claim.unit,
            role=claim.role or "",
            message_id=f"<{token}@{self._domain}>",
            # The date of the release, not of the attempt: the same bytes on every attempt.
            date=claim.released_at.astimezone(self._settings.zone),
            delivery_token=token,
            links=self._links(claim.delivery_id),
            subject_prefix=letter.prefix,
            read_report_to=read_report_to,
        )

    def trial(self, rendition: Rendition, address: str, *, now: dt.datetime) -> Message:
        """A test letter to one address: marked 【测试】, with tokens that belong to no delivery."""
        trial_id = f"trial-{secrets.token_hex(8)}"
        token = self._key.token(Purpose.MESSAGE, trial_id)
        personal = Personal(
            to_name="测试收件人",
            to_address=address,
            unit="（测试单位）",
            role="",
            message_id=f"<{token}@{self._domain}>",
            date=now.astimezone(self._settings.zone),
            delivery_token=token,
            links=self._links(trial_id),
            subject_prefix=TEST,
        )
        return Message(
            trial_id, self._envelope(trial_id, address), compile_for(self._settings, rendition).parts(personal)
        )

    def _load(self, claim: Claim) -> _Letter:
        """Compiles the letter of a claim's dispatch; the frozen rendition of a dispatch never changes."""
        with self._database.read() as conn:
            dispatch = get_dispatch(conn, claim.dispatch_id)
            if dispatch is None:
                raise ClaimLost
            edition = get_bulletin(conn, claim.bulletin_id).edition
        rendition = from_document(dispatch.rendition)
        compiled = compile_for(self._settings, rendition) if rendition.channel == "email" else None
        asks = dispatch.manners.read_report is ReadReport.ASK
        prefix = CORRECTION if edition > 1 else ""
        files = () if compiled else files_of(rendition)
        letter = self._letters[claim.dispatch_id] = _Letter(rendition, compiled, prefix, asks, files)
        return letter

    def _envelope(self, delivery_id: str, address: str) -> Envelope:
        """The envelope of one delivery; its sender never changes between attempts by one account (RFC 6647)."""
        token = self._key.token(Purpose.ENVELOPE, delivery_id)
        pattern = self._account.bounce_address
        return Envelope(
            sender=pattern.replace("{token}", token) if pattern else self._sender_address,
            recipient=address,
            envid=token,
            notify=self._account.dsn,
        )

    def _links(self, delivery_id: str) -> dict[str, str]:
        if not self._office.base_url:
            return {}
        pages = f"{self._office.base_url.rstrip('/')}/b"
        token = self._key.token(Purpose.LINK, delivery_id)
        page = f"{pages}/{token}"
        # Who sees a picture's address, as proxies of mail systems do, can neither open the page nor sign.
        pixel, cover = (f"{pages}/{token_hash(token)}/{picture}" for picture in ("o.gif", "cover.png"))
        return {"read": page, "acknowledge": f"{page}#acknowledge", "pixel": pixel, "cover": cover}
