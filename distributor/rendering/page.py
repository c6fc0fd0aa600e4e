"""The bulletin for a browser: the body that the reader's page shows, and its style sheet.

One body serves every copy; it holds nothing personal. It needs no script, no inline style and
nothing from elsewhere, so it works under `default-src 'none'; style-src 'self'; img-src 'self'`.
"""

from collections.abc import Callable

import nh3
from markupsafe import Markup

from distributor.bulletin.model import Bulletin
from distributor.rendering.templates import Templates
from distributor.rendering.unprintable import refuse_unprintable
from distributor.rendering.views import bulletin_values

_TAGS = {
    *("section", "h1", "h2", "h3", "p", "br", "span", "strong", "em", "a", "img", "blockquote", "ol", "ul", "li"),
    *("table", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    **{tag: {"class"} for tag in _TAGS},
    "section": {"class", "role", "aria-label", "tabindex"},
    "a": {"href", "class"},
    "img": {"src", "alt", "width", "class"},
    "th": {"class", "scope"},
}


def render_page_body(
    bulletin: Bulletin,
    *,
    templates: Templates,
    picture_url: Callable[[str], str],
    logo_url: str = "",
    edition: int = 1,
) -> Markup:
    """The bulletin as one `<section class="bulletin">`, with an `<h1>` for its masthead.

    `picture_url` gives the address of a picture by its `Picture.source`; `logo_url` that of the theme's
    logo (`templates.theme.logo`), empty to leave it out. `edition` above 1 is a
    correction (更正) and says so. Raises `BadInput`.
    """
    refuse_unprintable(bulletin)
    own = {picture_url(picture.source) for picture in bulletin.pictures()} | {logo_url}
    values = bulletin_values(bulletin, templates.theme, edition=edition)
    values |= {"picture_url": picture_url, "logo_url": logo_url if templates.theme.logo else "", "footnotes": None}
    body = nh3.clean(
        templates.render("web/_bulletin.html", values),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: None if name == "src" and value not in own else value,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return Markup(body)  # noqa: S704 - just passed the allow-list


def page_css(templates: Templates) -> str:
    """The style sheet of the bulletin's body in the office's look, to be served as a file of its own."""
    return templates.render("web/page.css", {}) + "\n"
