"""The bulletin as an article of a 公众号 (WeChat Official Account): title, digest, content, pictures.

The platform drops style sheets, classes and scripts, filters pictures from elsewhere and makes other
links dead (developers.weixin.qq.com, draft/add and uploadimg). So every rule is inline, links become
notes at the end, and pictures are placeholders until the platform has given them addresses.
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import css_inline
import nh3

from distributor.bulletin.model import Bulletin
from distributor.errors import Refused
from distributor.rendering.edition import correction_mark
from distributor.rendering.footnotes import Footnotes
from distributor.rendering.logo import placed_logo
from distributor.rendering.pictures import place_pictures
from distributor.rendering.rendition import InlinePicture
from distributor.rendering.templates import Templates
from distributor.rendering.unprintable import refuse_unprintable
from distributor.rendering.views import bulletin_values, number_line
from distributor.words import words

#: Limits of draft/add, in characters; content also has to stay below 1 MB.
TITLE_LIMIT, AUTHOR_LIMIT, DIGEST_LIMIT, CONTENT_LIMIT = 32, 16, 128, 20_000
#: Articles are set in a column of at most 677 pixels.
PICTURE_WIDTH = 640

_LIVE = ("mp.weixin.qq.com",)
_PLACEHOLDER = "picture:"
_TAGS = {
    *("section", "h1", "h2", "h3", "p", "br", "span", "strong", "em", "a", "img", "blockquote", "ol", "ul", "li"),
    *("table", "tbody", "tr", "th", "td"),
}
_MARKUP = {tag: {"class"} for tag in _TAGS} | {"a": {"href"}, "img": {"src", "alt", "width", "class"}}
_STYLED = {tag: {"style"} for tag in _TAGS} | {"a": {"href"}, "img": {"src", "alt", "width", "style"}}


class ArticleTooLong(Refused):
    """The bulletin has more than an article may hold."""

    code = "article_too_long"


@dataclass(frozen=True, slots=True)
class Article:
    """What a draft is made of. `content` names its pictures `picture:<cid>`."""

    title: str
    author: str
    digest: str
    content: str
    pictures: tuple[InlinePicture, ...] = ()

    def with_pictures(self, addresses: Mapping[str, str]) -> str:
        """The content with the platform's addresses, by `InlinePicture.cid`.

        A missing one raises `KeyError`; addresses so long that the text has no room any more, `ArticleTooLong`.
        """
        return _short_enough(placed_pictures(self.content, self.pictures, addresses))


def render_article(
    bulletin: Bulletin, *, templates: Templates, pictures: Mapping[str, bytes], edition: int = 1
) -> Article:
    """Makes the article; `pictures` holds their bytes by `Picture.source`, `edition` above 1 is a correction (更正).

    A title over the limit is cut before the number. Raises `BadInput` or `ArticleTooLong`.
    """
    content, shown = article_body(bulletin, templates=templates, pictures=pictures, edition=edition)
    values = bulletin_values(bulletin, templates.theme, edition=edition)
    title = " ".join(templates.render("article/title.txt", values).split())
    return Article(
        title=_title(bulletin, title, correction_mark(edition)),
        author=_cut(bulletin.issuer or "", AUTHOR_LIMIT),
        digest=_digest(bulletin),
        content=_short_enough(content),
        pictures=shown,
    )


def article_body(
    bulletin: Bulletin, *, templates: Templates, pictures: Mapping[str, bytes], edition: int = 1
) -> tuple[str, tuple[InlinePicture, ...]]:
    """The content with its pictures still named `picture:<cid>`, of whatever length, and these. Raises `BadInput`."""
    refuse_unprintable(bulletin)
    theme = templates.theme
    placed = place_pictures(bulletin, pictures, widest=PICTURE_WIDTH)
    shown = [entry.picture for entry in placed.values()]
    logo = placed_logo(theme)
    values = bulletin_values(bulletin, theme, edition=edition) | {
        "picture_url": lambda source: _PLACEHOLDER + placed[source].picture.cid,
        "logo_url": _PLACEHOLDER + logo.picture.cid if logo else "",
        "footnotes": Footnotes(live_hosts=_LIVE),
    }
    content = _styled(templates.render("article/body.html", values), templates.render("article/article.css", {}))
    return content, tuple([logo.picture, *shown] if logo else shown)


def placed_pictures(content: str, pictures: Iterable[InlinePicture], addresses: Mapping[str, str]) -> str:
    """The content with an address for each of its pictures, by `InlinePicture.cid`. Raises `KeyError` without one.

    A bulletin may write anything, so only the names of its own pictures are replaced.
    """
    for picture in pictures:
        address = html.escape(addresses[picture.cid])
        content = content.replace(f'src="{_PLACEHOLDER}{picture.cid}"', f'src="{address}"')
    return content


def _styled(body: str, css: str) -> str:
    clean = nh3.clean(body, tags=_TAGS, attributes=_MARKUP, url_schemes={"https", "http", "picture"}, link_rel=None)
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)
    styled = inliner.inline_fragment(clean, css)
    bare = nh3.clean(
        styled,
        tags=_TAGS,
        attributes=_STYLED,
        attribute_filter=_own_picture,
        url_schemes={"https", "http", "picture"},
        link_rel=None,
    )
    return re.sub(r">[ \t]*\n\s*<", "><", bare).strip()


def _own_picture(tag: str, attribute: str, value: str) -> str | None:
    """A picture from elsewhere would be dropped by the platform and tell its owner who reads."""
    return None if attribute == "src" and not value.startswith(_PLACEHOLDER) else value


def _short_enough(content: str) -> str:
    if len(content) >= CONTENT_LIMIT:
        raise ArticleTooLong(
            words("The article has {size} characters; the limit is {limit}.", size=len(content), limit=CONTENT_LIMIT),
            do=words("Shorten the bulletin, or split it into two numbers."),
        )
    return content


def _title(bulletin: Bulletin, title: str, mark: str) -> str:
    number, before = number_line(bulletin), f"【{mark}】" if mark else ""
    room = TITLE_LIMIT - len(before)
    if len(title) <= room or not number or not title.endswith(number):
        return before + _cut(title, room)
    return f"{before}{_cut(title.removesuffix(number).strip(), room - len(number) - 1)} {number}"


def _digest(bulletin: Bulletin) -> str:
    """As many headlines as fit; a card shows about the first fifty characters."""
    digest = ""
    for headline in (item.title for section in bulletin.sections for item in section.items if item.title):
        longer = f"{digest}；{headline}" if digest else _cut(headline, DIGEST_LIMIT)
        if len(longer) > DIGEST_LIMIT:
            break
        digest = longer
    return digest


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
