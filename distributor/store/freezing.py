"""Writes what `finalise` freezes: content, renditions, recipients, and one queued row per copy owed.

Freezing the same number again replaces what has not left and never touches what has. Other content
under the same key and edition is refused as soon as one letter may have left: that is a new edition.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, select, update

from distributor.delivery.outcome import Verdict
from distributor.delivery.reason import Reason
from distributor.delivery.state import State
from distributor.errors import Refused
from distributor.store.articles import has_gone_out
from distributor.store.chain import drop_reserves, save_reserves
from distributor.store.copies import TokenHashes, bring_in_line, lock_copies, new_copy
from distributor.store.editions import of_key
from distributor.store.records import BulletinRecord, FreezeResult, Frozen, Letter
from distributor.store.rows import bulletin_record, bulletins
from distributor.store.schema import asset, attempt, bulletin, delivery, dispatch, rendition
from distributor.store.turns import FREEZE, take_turn
from distributor.words import words

#: The reason on rows that a later freeze withdrew, as distinct from a person's withdrawal.
SUPERSEDED = Reason.SUPERSEDED


class AlreadySent(Refused):
    """The number was frozen with other content, and letters of it have left or may have."""

    code = "already_sent"


class OlderEdition(Refused):
    """A correction (勘误) has taken the place of this edition: it may be looked at, and is not sent."""

    code = "older_edition"


def save_frozen(
    conn: Connection, frozen: Frozen, *, now: dt.datetime, token_hashes: TokenHashes | None = None
) -> tuple[BulletinRecord, FreezeResult]:
    """Freezes a bulletin; must run inside one write transaction.

    New rows are queued and not released. Frozen again, the recipients are brought in line as `delivery.freeze` says:
    rows of people no longer listed are cancelled ("superseded") unless they have left, and come back when they are
    listed again. Other content takes back what was released, and what was withdrawn before. Raises `AlreadySent` for
    other content once anything may have left, `OlderEdition` for a text that a correction has replaced.
    """
    take_turn(conn, FREEZE)
    _refuse_older(conn, frozen)
    present = conn.execute(bulletins().where(of_key(frozen.key), bulletin.c.edition == frozen.edition)).first()
    rows: Sequence[Row[Any]] = ()
    if present is None:
        number = _insert_bulletin(conn, frozen, now)
    else:
        number = present.id
        # Before anything is decided: a claim that is being committed is waited for, and seen.
        rows = lock_copies(conn, number)
        _replace(conn, present, frozen, now)
    renew = present is not None and present.digest != frozen.digest
    drop_reserves(conn, number)
    letters = [(letter, _dispatch(conn, number, letter, renew=renew, now=now)) for letter in frozen.letters]
    result = bring_in_line(conn, number, rows, letters, renewed=renew, now=now, token_hashes=token_hashes)
    save_reserves(conn, number, letters, new_copy=partial(new_copy, token_hashes))
    _settle_dispatches(conn, number, keep=[dispatch_id for _, dispatch_id in letters])
    row = conn.execute(bulletins().where(bulletin.c.id == number)).one()
    return bulletin_record(row), result


def _refuse_older(conn: Connection, frozen: Frozen) -> None:
    editions = conn.execute(bulletins().where(of_key(frozen.key))).all()
    older = {row.title for row in editions if row.edition < frozen.edition and row.digest == frozen.digest}
    older |= {frozen.title for row in editions if row.edition > frozen.edition}
    if older:
        raise OlderEdition(
            words("This text of {title} was replaced by a later edition.", title="、".join(older)),
            do=words(
                "Finalise the file of the latest edition. To go back to the earlier wording, say in the text that it "
                "is a correction (勘误) and finalise that with --correction."
            ),
        )


def _content(frozen: Frozen, now: dt.datetime) -> dict[str, Any]:
    return {
        "title": frozen.title,
        "digest": frozen.digest,
        "directory_digest": frozen.directory_digest,
        # A name that is no text (another system's encoding) is kept as far as it can be shown.
        "file_name": frozen.file_name.encode("utf-8", "replace").decode(),
        "finalised_at": now,
        "send_rule": frozen.send_rule,
    }


def _insert_bulletin(conn: Connection, frozen: Frozen, now: dt.datetime) -> int:
    key = frozen.key
    named = {"publication": key.title, "issuer": key.issuer, "year": key.year, "kind": key.kind, "number": key.number}
    values = {**named, "edition": frozen.edition, **_content(frozen, now)}
    number: int = conn.execute(insert(bulletin).values(values).returning(bulletin.c.id)).scalar_one()
    _insert_assets(conn, number, frozen)
    return number


def _insert_assets(conn: Connection, number: int, frozen: Frozen) -> None:
    files = {"": frozen.source, **frozen.assets}
    conn.execute(
        insert(asset),
        [{"bulletin_id": number, "path": path, "content": content} for path, content in files.items()],
    )


def _replace(conn: Connection, present: Any, frozen: Frozen, now: dt.datetime) -> None:
    """Puts the new content in place of the old, if nothing of the old may have left."""
    number: int = present.id
    ours = bulletin.c.id == number
    if present.digest == frozen.digest:
        conn.execute(update(bulletin).where(ours).values(_content(frozen, present.finalised_at)))
        return
    if may_have_left(conn, number):
        raise AlreadySent(
            words("{title} was already sent with other content.", title=present.title),
            do=words("If the text must change, make a new edition (勘误): `distributor finalise FILE --correction`."),
        )
    conn.execute(delete(asset).where(asset.c.bulletin_id == number))
    _insert_assets(conn, number, frozen)
    # What was released was the old text.
    taken_back = {"released_at": None, "valid_until": None}
    conn.execute(update(bulletin).where(ours).values({**_content(frozen, now), **taken_back}))
    conn.execute(
        update(delivery).where(delivery.c.bulletin_id == number).values({**taken_back, "next_attempt_at": None})
    )


def may_have_left(conn: Connection, number: int) -> bool:
    """Whether any copy of a bulletin was handed over, or may have been, or an article of it is out."""
    untouched = and_(delivery.c.state.in_([State.QUEUED, State.CANCELLED, State.SUPPRESSED]), delivery.c.attempts == 0)
    ours = select(delivery.c.id).where(delivery.c.bulletin_id == number)
    left = attempt.c.verdict.in_([Verdict.ACCEPTED, Verdict.UNKNOWN])
    moved = conn.execute(select(exists().where(delivery.c.bulletin_id == number, ~untouched))).scalar_one()
    tried = exists().where(attempt.c.delivery_id.in_(ours), left)
    return moved or conn.execute(select(tried)).scalar_one() or has_gone_out(conn, number)


def _dispatch(conn: Connection, number: int, letter: Letter, *, renew: bool, now: dt.datetime) -> int:
    """The dispatch of a letter; a new one where the letter is not what it was.

    A dispatch never changes its rendition: what was sent stays on record with it, and nobody who remembers its
    number can send another text. `renew`: nothing has left, so the new one takes over all that the old ones had.
    """
    digest = hashlib.sha256(letter.rendition.encode()).hexdigest()
    if not conn.execute(select(exists().where(rendition.c.digest == digest))).scalar_one():
        conn.execute(insert(rendition).values(digest=digest, document=letter.rendition))
    made_of = {"direction": letter.direction, "rendition_digest": digest}
    named = {"bulletin_id": number, "group_name": letter.group, "channel": letter.channel}
    old = conn.execute(select(dispatch).filter_by(**named, replaced_at=None)).first()
    # Policies, and no part of the letter: they hold for the copies of replaced letters too.
    policies = {"on_unknown": letter.on_unknown, "manners": letter.manners.to_document()}
    conn.execute(update(dispatch).filter_by(**named).values(policies))
    if old and not renew and (old.direction, old.rendition_digest) == (letter.direction, digest):
        return int(old.id)
    carried = {"hold": old.hold, "released_at": old.released_at} if old and not renew else {}
    if old:
        conn.execute(update(dispatch).where(dispatch.c.id == old.id).values(replaced_at=now))
    values = {**named, **made_of, **carried, **policies, "planned": 0}
    new: int = conn.execute(insert(dispatch).values(values).returning(dispatch.c.id)).scalar_one()
    if renew:
        earlier = select(dispatch.c.id).filter_by(**named).where(dispatch.c.id != new)
        conn.execute(update(delivery).where(delivery.c.dispatch_id.in_(earlier)).values(dispatch_id=new))
    return new


def _settle_dispatches(conn: Connection, number: int, keep: Sequence[int]) -> None:
    """Drops letters that nobody is owed or was sent any more, and writes down how many rows each has."""
    rows = select(func.count()).where(delivery.c.dispatch_id == dispatch.c.id).scalar_subquery()
    ours = dispatch.c.bulletin_id == number
    conn.execute(update(dispatch).where(ours).values(planned=rows))
    empty = and_(ours, dispatch.c.planned == 0, dispatch.c.id.not_in(list(keep)))
    conn.execute(delete(dispatch).where(empty))
