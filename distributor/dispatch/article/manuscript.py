"""What goes to the platform of a finalised bulletin, and what keeps an edition from going there.

An article can be read by everybody, so a bulletin that bears a marking (内部资料 …) is refused.
"""

from dataclasses import dataclass
from pathlib import Path

from distributor.dispatch.intake import templates_of
from distributor.dispatch.locate import require_latest
from distributor.dispatch.reopen import reopen
from distributor.errors import BadInput, Place, Refused
from distributor.receipts.tokens import Purpose, TokenKey
from distributor.rendering.article import Article, render_article
from distributor.rendering.cover import draw_cover
from distributor.settings import OfficialAccountSettings, Settings
from distributor.store.database import Connection
from distributor.store.pauses import ALL, paused
from distributor.store.records import BulletinRecord
from distributor.store.withdrawals import withdrawal_of
from distributor.words import words

#: material/add_material takes lasting pictures of 10 MB.
_LARGEST_COVER = 10 * 2**20
_KINDS = {b"\x89PNG": ("image/png", "cover.png"), b"\xff\xd8": ("image/jpeg", "cover.jpg")}


class NotForEverybody(Refused):
    """The bulletin bears a marking, and an article has no list of readers."""

    code = "internal"


class WithdrawnEdition(Refused):
    """The bulletin was withdrawn (撤回)."""

    code = "withdrawn"


class Resting(Refused):
    """A person has paused everything, or this bulletin."""

    code = "paused"


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture for the article's cover."""

    content: bytes
    media_type: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Manuscript:
    """An edition as the platform is to get it; `digest` is that of the bulletin."""

    article: Article
    cover: Cover
    digest: str


def manuscript(
    conn: Connection, record: BulletinRecord, settings: Settings, account: OfficialAccountSettings
) -> Manuscript:
    """Makes the article of a finalised bulletin.

    Raises `NotForEverybody`, `BadInput` for a cover or a template that cannot be used, `ArticleTooLong`.
    """
    reading = reopen(conn, record.id)
    bulletin, templates = reading.bulletin, templates_of(settings)
    if bulletin.marking:
        gaps = {"label": record.title, "marking": bulletin.marking}
        what = words("{label} is marked {marking}; an article can be read by everybody.", **gaps)
        raise NotForEverybody(what, do=words("Take the marking out and finalise again, if it may be public."))
    article = render_article(bulletin, templates=templates, pictures=reading.assets, edition=record.edition)
    if account.cover is not None:
        return Manuscript(article, _own_cover(account.cover), record.digest)
    drawn = Cover(draw_cover(bulletin, templates.theme), "image/png", "cover.png")
    return Manuscript(article, drawn, record.digest)


def own_id(key: TokenKey, record: BulletinRecord, account: str) -> str:
    """By what the platform knows a mass send: 32 ASCII characters, the same for ever for an edition and an account."""
    named = record.key
    edition = (named.title, named.issuer, str(named.year), named.kind, named.number, str(record.edition))
    return key.token(Purpose.ARTICLE, "\n".join((*edition, account)))


def require_open(conn: Connection, record: BulletinRecord) -> None:
    """Raises when nothing more of this edition may go out: withdrawn, corrected, paused."""
    gone = withdrawal_of(conn, record.id)
    if gone is not None:
        what = words("{label} was withdrawn: {reason}", label=record.title, reason=gone.reason)
        raise WithdrawnEdition(what, do=words("A corrected bulletin is a new article."))
    require_latest(conn, record)
    scopes = {rest.scope for rest in paused(conn)} & {ALL, f"bulletin:{record.id}"}
    if scopes:
        what = words("A person has paused {scope}.", scope=", ".join(sorted(scopes)))
        raise Resting(what, do=words("`distributor resume` lets it go on."))


def _own_cover(path: Path) -> Cover:
    try:
        content = path.read_bytes()
    except OSError as error:
        what = words("The cover cannot be read: {reason}.", reason=error.strerror or error)
        raise BadInput(what, do=words("Check cover in [official_account.…]."), place=Place(str(path))) from error
    kind = next((kind for begin, kind in _KINDS.items() if content.startswith(begin)), None)
    if kind is None or len(content) > _LARGEST_COVER:
        what = words("The cover is no PNG or JPEG of at most 10 MB.")
        raise BadInput(what, do=words("Save it as PNG or JPEG, 900 by 383 pixels."), place=Place(str(path)))
    return Cover(content, *kind)
