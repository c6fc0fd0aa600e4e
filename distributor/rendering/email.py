"""The letter of one group: subject, complete text and HTML, made from the office's templates.

The bulletin's own part is rendered first and passes an allow-list (nh3) before it enters the
letter, so nothing a bulletin says can act as markup. Every rule goes inline into the elements
(css-inline), because many mail systems drop style sheets. Nothing is fetched from anywhere.
"""

import re
from collections.abc import Mapping

import css_inline
import nh3
from markupsafe import Markup

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput, Refused
from distributor.rendering.footnotes import Footnotes
from distributor.rendering.logo import placed_logo
from distributor.rendering.pictures import place_pictures
from distributor.rendering.rendition import Attachment, Rendition
from distributor.rendering.templates import Templates
from distributor.rendering.unprintable import refuse_unprintable
from distributor.rendering.views import GroupView, OfficeView, issue_title, number_line, template_values
from distributor.words import words

__all__ = [
    "HTML_LIMIT",
    "HTML_WARN",
    "GroupView",
    "OfficeView",
    "RenditionTooLarge",
    "html_size",
    "issue_title",
    "number_line",
    "render_email",
]

#: Gmail clips a letter whose HTML is over 102 KB; pictures do not count.
HTML_WARN = 80 * 1024
HTML_LIMIT = 100 * 1024
#: A letter's column is 640 pixels with 32 at each side.
PICTURE_WIDTH = 576


_TAGS = {"table", "tbody", "tr", "td", "b", "i", "a", "br", "img"}
_ATTRIBUTES = {
    "table": {"role", "width", "border", "cellpadding", "cellspacing", "class", "align", "bgcolor"},
    "td": {"class", "align", "valign", "width", "bgcolor"},
    "a": {"href", "class"},
    "b": {"class"},
    "img": {"src", "alt", "width", "class", "border"},
}


class RenditionTooLarge(Refused):
    """The HTML is so large that mail systems would cut it off."""

    code = "rendition_too_large"


def render_email(
    bulletin: Bulletin,
    *,
    group: GroupView,
    office: OfficeView,
    templates: Templates,
    pictures: Mapping[str, bytes],
    edition: int = 1,
    attachments: tuple[Attachment, ...] = (),
) -> Rendition:
    """Renders the bulletin for one group; `pictures` holds their bytes by `Picture.source`.

    `edition` above 1 is a correction (更正) and says so; `attachments` are the files that travel with the letter.

    Raises `BadInput` (a template, a picture or a character is at fault) or `RenditionTooLarge`.
    """
    templates.require(group.template)
    for value in (bulletin, group, office):
        refuse_unprintable(value)
    placed = place_pictures(bulletin, pictures, widest=PICTURE_WIDTH)
    logo = placed_logo(templates.theme)
    values = template_values(bulletin, group, office, placed, theme=templates.theme, edition=edition)
    values["attachments"] = attachments
    values["logo"] = {"cid": logo.picture.cid, "width": logo.width} if logo else None
    folder = f"email/{group.template}"
    rendition = Rendition(
        group=group.name,
        direction=group.direction.value,
        channel="email",
        subject=" ".join(templates.render(f"{folder}/subject.txt", values).split()),
        text=_text(templates, folder, values),
        html=_html(templates, folder, values),
        pictures=tuple(entry.picture for entry in (*([logo] if logo else []), *placed.values())),
        attachments=attachments,
    )
    if not rendition.subject:
        raise BadInput(
            words("The letter has no subject."), do=words("Give the bulletin a title, or look at subject.txt.")
        )
    if html_size(rendition) > HTML_LIMIT:
        raise RenditionTooLarge(
            words(
                "The letter has {size} KB of HTML; mail systems cut it off above {limit} KB.",
                size=html_size(rendition) // 1024,
                limit=HTML_LIMIT // 1024,
            ),
            do=words("Shorten the bulletin, or split it into two numbers."),
        )
    return rendition


def html_size(rendition: Rendition) -> int:
    """The size of the HTML in bytes, pictures not counted. Above `HTML_WARN` it deserves a warning."""
    return len(rendition.html.encode())


def set_as_text(text: str) -> str:
    """A rendered text part without blanks at the ends of lines, and without gaps that statements left."""
    lines = [line.rstrip(" ") for line in re.split("\r\n|\r|\n", text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def inlined(page: str) -> str:
    """A rendered page with every rule of its style sheet in the elements themselves."""
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)
    return re.sub(r"\s*\n[ \t\n]*", "\n", inliner.inline(page)) + "\n"


def _text(templates: Templates, folder: str, values: Mapping[str, object]) -> str:
    content = templates.render("email/_base/content.txt", {**values, "footnotes": Footnotes()})
    return set_as_text(templates.render(f"{folder}/body.txt", {**values, "content": content}))


def _html(templates: Templates, folder: str, values: Mapping[str, object]) -> str:
    content = _sanitised(templates.render("email/_base/content.html", values))
    page = templates.render(f"{folder}/body.html", {**values, "content": Markup(content)})  # noqa: S704 - just sanitised
    return inlined(page)


def _sanitised(fragment: str) -> str:
    return nh3.clean(
        fragment,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_own_pictures,
        url_schemes={"http", "https", "mailto", "cid"},
        link_rel=None,
    )


def _only_own_pictures(tag: str, attribute: str, value: str) -> str | None:
    """A picture from elsewhere would tell its owner who reads the letter."""
    if attribute == "src" and not value.startswith("cid:"):
        return None
    if attribute == "href" and value.startswith("cid:"):
        return None
    return value
