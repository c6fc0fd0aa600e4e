"""The office's own look: the few things that offices change, as one value for every form of a bulletin.

Letter, text part, reader's page, article and PDF all take a `Theme`; `theme_file` reads it from
`templates/theme.yaml`. Colours are checked there: red on paper must stay readable (WCAG 2.1, 4.5:1).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from distributor.bulletin.model import Bulletin
from distributor.rendering.colours import readable_on

#: What lies behind text: a letter's paper is not pure white, a dark page not pure black.
PAPER, DARK_PAPER = "#fefefe", "#1d1b18"

#: Names that need no quotes in CSS; the generic ones (serif, sans-serif) must not have them.
_BARE = re.compile(r"[A-Za-z]+(-serif)?")

#: A title in one line is broken at its blanks when each part is at least this long.
_MASTHEAD_PART = 4


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture above the masthead. `width` is in pixels on a screen column of 640; `alt` says what it shows."""

    content: bytes
    media_type: str  # image/png or image/jpeg
    width: int
    alt: str


@dataclass(frozen=True, slots=True)
class Theme:
    """The office's look. Fonts are family names in the order in which they are tried.

    `colour`: of masthead, section headings, red rules and the 签收 button, as `#rrggbb`.
    `masthead`: the lines that the title is broken into; used for a bulletin whose title has these words.
    `above`: a line over the title, such as the name of the issuing body; empty for none.
    """

    colour: str = "#c7000b"
    masthead: tuple[str, ...] = ()
    above: str = ""
    body_fonts: tuple[str, ...] = ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
    heading_fonts: tuple[str, ...] = ("SimHei", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
    title_fonts: tuple[str, ...] = (
        "FZXiaoBiaoSong-B05S",
        "STZhongsong",
        "Songti SC",
        "Noto Serif CJK SC",
        "SimSun",
        "serif",
    )
    logo: Logo | None = None

    def title_lines(self, bulletin: Bulletin) -> tuple[str, ...]:
        """The lines of the masthead: as the theme breaks this title, else as the bulletin does.

        A one-line title is broken at its blanks when each part can stand alone.
        """
        if self.masthead and _closed(self.masthead) == _closed((bulletin.title,)):
            return self.masthead
        lines = bulletin.masthead or (bulletin.title,)
        parts = tuple(lines[0].split())
        if len(lines) == 1 and len(parts) > 1 and min(map(len, parts)) >= _MASTHEAD_PART:
            return parts
        return lines


DEFAULT_THEME = Theme()


def look(theme: Theme) -> dict[str, object]:
    """What every template can print of the look: `theme`, `colour.light`, `colour.dark`, `fonts.body`, …"""
    return {
        "theme": theme,
        "colour": {"light": theme.colour, "dark": readable_on(theme.colour, DARK_PAPER)},
        "fonts": {
            "body": _css(theme.body_fonts),
            "heading": _css(theme.heading_fonts),
            "title": _css(theme.title_fonts),
        },
    }


def _css(families: Sequence[str]) -> str:
    """A `font-family` in single quotes, because it also stands in attributes in double ones."""
    return ", ".join(family if _BARE.fullmatch(family) else f"'{family}'" for family in families)


def _closed(lines: Sequence[str]) -> str:
    return "".join("".join(lines).split())
