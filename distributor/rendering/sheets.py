"""The forms of a bulletin that are the same for everybody, as files to look at: page, article, PDF.

Each stands on its own, so a fault in one (a glyph that no font has, an article that is too long) is told in
its place and hides none of the others.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from markupsafe import Markup

from distributor.bulletin.model import Bulletin
from distributor.errors import DistributorError
from distributor.rendering.article import DIGEST_LIMIT, TITLE_LIMIT, render_article
from distributor.rendering.logo import placed_logo
from distributor.rendering.page import page_css, render_page_body
from distributor.rendering.pdf.document import Paper, render_first_page, render_pdf
from distributor.rendering.pictures import place_pictures
from distributor.rendering.templates import Templates
from distributor.rendering.views import issue_title

_DARK = "@media (prefers-color-scheme: dark)"
_PICTURE_WIDTH = 640


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form in the gallery. `light` and `dark` are pages, `picture` an image; `fault` stands in their place."""

    mark: str
    name: str
    open: str = ""
    light: str = ""
    dark: str = ""
    picture: str = ""
    note: str = ""
    fault: str = ""


def write_sheets(
    folder: Path, bulletin: Bulletin, pictures: Mapping[str, bytes], templates: Templates
) -> tuple[Sheet, ...]:
    """Writes every common form into a folder that is there, and says what was written."""
    makers: tuple[tuple[str, str, Callable[..., Sheet]], ...] = (
        ("网页", "阅读页", _page),
        ("公众号", "公众号文章", _article),
        ("PDF", "PDF", _pdf),
    )
    sheets = []
    for mark, name, make in makers:
        try:
            sheets.append(make(folder, bulletin, pictures, templates, Sheet(mark, name)))
        except DistributorError as error:
            sheets.append(Sheet(mark, name, fault=str(error)))
    return tuple(sheets)


def _page(folder: Path, bulletin: Bulletin, pictures: Mapping[str, bytes], templates: Templates, empty: Sheet) -> Sheet:
    placed = place_pictures(bulletin, pictures, widest=_PICTURE_WIDTH)
    logo = placed_logo(templates.theme)
    text = str(
        render_page_body(
            bulletin,
            templates=templates,
            picture_url=lambda source: placed[source].picture.file_name,
            logo_url=logo.picture.file_name if logo else "",
        )
    )
    for shown in (*placed.values(), *([logo] if logo else [])):
        address = _data(shown.picture.media_type, shown.picture.content)
        text = text.replace(f'src="{shown.picture.file_name}"', f'src="{address}"')
    body = Markup(text)  # noqa: S704 - only addresses of our own were put in
    css = page_css(templates)
    sheets = {"page.html": css.replace(_DARK, "@media not all"), "page-dark.html": css.replace(_DARK, "@media all")}
    for name, sheet in sheets.items():
        _write(folder / name, _sheet(templates, bulletin, body, sheet))
    return replace(empty, open="page.html", light="page.html", dark="page-dark.html")


def _article(
    folder: Path, bulletin: Bulletin, pictures: Mapping[str, bytes], templates: Templates, empty: Sheet
) -> Sheet:
    article = render_article(bulletin, templates=templates, pictures=pictures)
    content = article.with_pictures(
        {picture.cid: _data(picture.media_type, picture.content) for picture in article.pictures}
    )
    css = "body { max-width: 677px; margin: 0 auto; padding: 16px; background-color: #fefefe; }"
    _write(folder / "article.html", _sheet(templates, bulletin, Markup(content), css))  # noqa: S704 - from the allow-list
    title = f"标题（{len(article.title)}／{TITLE_LIMIT}字）：{article.title}"
    digest = f"摘要（{len(article.digest)}／{DIGEST_LIMIT}字）：{article.digest}"
    return replace(empty, open="article.html", light="article.html", note=f"{title}　·　{digest}")


def _pdf(folder: Path, bulletin: Bulletin, pictures: Mapping[str, bytes], templates: Templates, empty: Sheet) -> Sheet:
    paper = Paper(bulletin, pictures)
    (folder / "bulletin.pdf").write_bytes(render_pdf(paper, templates))
    (folder / "bulletin-1.png").write_bytes(render_first_page(paper, templates))
    return replace(empty, open="bulletin.pdf", picture="bulletin-1.png")


def _sheet(templates: Templates, bulletin: Bulletin, body: Markup, css: str) -> str:
    values = {"title": issue_title(bulletin), "body": body, "css": Markup(css)}  # noqa: S704 - our own style sheet
    return templates.render("web/sheet.html", values)


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _write(path: Path, page: str) -> None:
    path.write_text(page + "\n", encoding="utf-8", newline="\n")
