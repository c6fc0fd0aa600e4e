"""The fonts of the PDF: those of the wheels, and those an office lays into `templates/pdf/fonts/`.

The machine's own fonts are never used, so the same bulletin looks the same everywhere. Noto Serif SC
stands for 仿宋 and 小标宋, Noto Sans SC for 黑体; Noto Sans CJK has the rare characters of names.
"""

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from pylopdf_fonts_zh_cn import serif_path

from distributor.rendering.pdf.press import Press

_SERIF, _SANS = "Noto Serif SC", "Noto Sans SC"
_RARE = "Noto Sans CJK SC"
#: 3号仿宋 is the standard's letter of the body (GB/T 9704-2012, 5.2.2); offices that own one use it.
_BODY = ("FangSong_GB2312", "仿宋_GB2312", "FangSong", "仿宋", "STFangsong", "FandolFang R")
_ENDINGS = (".otf", ".ttf", ".ttc", ".otc")


class FontCase:
    """The fonts at hand, by family name."""

    def __init__(self, folders: Iterable[Path]) -> None:
        wheels = [serif_path().parent, Path(str(files("noto_cjk_sans_otc")))]
        # The ones inside Typst come last: they have Greek, Cyrillic and mathematics.
        self.press = Press([*folders, *wheels])
        self.families = self.press.families()

    def body(self) -> list[str]:
        """For the text: 仿宋 where the office has one."""
        return [*self._present(_BODY), _SERIF, _RARE]

    def heading(self, wanted: Iterable[str]) -> list[str]:
        """For section heads and run-in titles."""
        return [*self._present(wanted), _SANS, _RARE]

    def title(self, wanted: Iterable[str]) -> list[str]:
        """For the masthead and the title of a single report."""
        return [*self._present(wanted), _SERIF, _RARE]

    def _present(self, wanted: Iterable[str]) -> list[str]:
        """A theme names fonts of screens too; paper has only those in the case."""
        return [family for family in wanted if family in self.families and family not in (_SERIF, _SANS, _RARE)]


def font_case(folders: Iterable[Path]) -> FontCase:
    """The fonts of the wheels and of these folders; read again when a file in one of them changes."""
    stamped = []
    for folder in folders:
        present = (
            sorted(path for path in folder.glob("*") if path.suffix.lower() in _ENDINGS) if folder.is_dir() else []
        )
        stamped += [(folder, tuple((path.name, path.stat().st_mtime_ns) for path in present))] if present else []
    return _opened(tuple(stamped))


@lru_cache(maxsize=4)
def _opened(stamped: tuple[tuple[Path, tuple[tuple[str, int], ...]], ...]) -> FontCase:
    return FontCase(folder for folder, _ in stamped)
