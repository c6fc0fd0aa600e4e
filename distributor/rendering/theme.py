"""The office's own look: the few things that offices change, as one value for every form of a bulletin.

Letter, text part, reader's page, article and PDF all take a `Theme`; `theme_file` reads it from
`templates/theme.yaml`. Colours are checked there: red on paper must stay readable (WCAG 2.1, 4.5:1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from distributor.bulletin.model import Bulletin

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


def _closed(lines: Sequence[str]) -> str:
    return "".join("".join(lines).split())
