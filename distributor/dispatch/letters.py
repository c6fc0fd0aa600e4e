"""Makes the message for one claimed delivery: the frozen rendition, the personal fields, the envelope."""

import datetime as dt
import secrets
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from distributor.channels.base import Envelope, Message
from distributor.receipts.tokens import Purpose, TokenKey
from distributor.rendering.mime import CompiledLetter, Personal, compile_letter
from distributor.rendering.rendition import Rendition, from_document
from distributor.settings import Settings
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.store.dispatches import dispatches_of
from distributor.store.records import Claim

CORRECTION = "【更正】"
TEST = "【测试】"


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


class Letters:
    """The compiled letters of the dispatches under way; one per dispatch, whatever the number of recipients.

    Personal values are filled in per message and forgotten with it.
    """

    def __init__(self, settings: Settings, key: TokenKey) -> None:
        self._settings = settings
        self._office = settings.office
        self._zone: ZoneInfo = settings.zone
        self._account = settings.account()[1]
        self._key = key
        self._sender_address = self._office.sender_address
        self._domain = self._sender_address.rpartition("@")[2]
        self._compiled: dict[int, CompiledLetter] = {}
        self._dates: dict[int, dt.datetime] = {}
        self._prefixes: dict[int, str] = {}

    def load(self, conn: Connection, bulletin_ids: Iterable[int], *, now: dt.datetime) -> None:
        """Compiles every letter of these bulletins. `now` dates the letters that were not released yet."""
        for bulletin_id in bulletin_ids:
            edition = get_bulletin(conn, bulletin_id).edition
            self._prefixes[bulletin_id] = CORRECTION if edition > 1 else ""
            for dispatch in dispatches_of(conn, bulletin_id):
                # The date of the release, not of the attempt: the same bytes on every attempt.
                self._dates[dispatch.id] = dispatch.released_at or now
                self._compiled[dispatch.id] = compile_for(self._settings, from_document(dispatch.rendition))

    def message(self, claim: Claim) -> Message:
        """The message of one delivery: the same bytes and the same Message-ID on every attempt.

        Raises `BadInput` when a personal value cannot stand in a header.
        """
        token = self._key.token(Purpose.MESSAGE, claim.delivery_id)
        personal = Personal(
            to_name=claim.name,
            to_address=claim.address,
            unit=claim.unit,
            role=claim.role or "",
            message_id=f"<{token}@{self._domain}>",
            date=self._dates[claim.dispatch_id].astimezone(self._zone),
            delivery_token=token,
            links=self._links(claim.delivery_id),
            subject_prefix=self._prefixes[claim.bulletin_id],
        )
        parts = self._compiled[claim.dispatch_id].parts(personal)
        return Message(claim.delivery_id, self._envelope(claim.delivery_id, claim.address), parts)

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
            date=now.astimezone(self._zone),
            delivery_token=token,
            links=self._links(trial_id),
            subject_prefix=TEST,
        )
        return Message(
            trial_id, self._envelope(trial_id, address), compile_for(self._settings, rendition).parts(personal)
        )

    def _envelope(self, delivery_id: str, address: str) -> Envelope:
        """The envelope of one delivery; its sender never changes between attempts (greylisting, RFC 6647)."""
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
        page = f"{self._office.base_url.rstrip('/')}/b/{self._key.token(Purpose.LINK, delivery_id)}"
        return {"read": page, "acknowledge": f"{page}#acknowledge"}
