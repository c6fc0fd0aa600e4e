"""Typst, behind one door: knows which fonts there are and sets what lies in a folder.

Typst keeps 40 MB for good after its first page. A program that runs for months says `stand_apart`; from then on
each work is done by a process of its own that ends with it: `python -m distributor.rendering.pdf.press ORDER`.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # its library alone takes 7 MB
    import typst

Form = Literal["pdf", "png"]

#: ISO 19005-2 level A: fonts embedded, text extractable, tagged for screen readers.
STANDARD: Literal["a-2a"] = "a-2a"
#: Pixels per inch of a page as a picture.
SCREEN = 96

#: How long a process of its own may take, in seconds. A bulletin takes less than one.
PATIENCE = 120

#: The exit code of a process that Typst told what is wrong.
_TOLD = 3

_apart = False


class NotSet(Exception):
    """Typst cannot set it; `diagnostic` is what it says."""

    def __init__(self, diagnostic: str) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic


class Press:
    """A press with the fonts of these folders and those inside Typst."""

    def __init__(self, font_folders: Iterable[Path]) -> None:
        self._folders = [str(folder) for folder in font_folders]
        self._opened: typst.Fonts | None = None

    def families(self) -> frozenset[str]:
        """The names of the fonts."""
        if _apart:
            return frozenset(json.loads(_ordered({"do": "families", "fonts": self._folders})))
        return frozenset(self._fonts().families())

    def set_out(self, main: Path, form: Form) -> bytes:
        """Sets a file, which sees nothing outside its folder: the whole as PDF, or its first page as PNG.

        Raises `NotSet`.
        """
        if _apart:
            return _ordered({"do": form, "fonts": self._folders, "main": str(main)})
        return self._set(main, form)

    def _fonts(self) -> "typst.Fonts":
        if self._opened is None:
            import typst

            self._opened = typst.Fonts(include_system_fonts=False, font_paths=self._folders)
        return self._opened

    def _set(self, main: Path, form: Form) -> bytes:
        import typst

        folder = main.parent
        try:
            made = typst.Compiler(
                main,
                root=folder,
                font_paths=self._fonts(),
                ignore_system_fonts=True,
                package_path=folder / "packages",
                package_cache_path=folder / "packages",
            ).compile(format=form, ppi=SCREEN, pdf_standards=[STANDARD] if form == "pdf" else [])
        except typst.TypstError as error:
            raise NotSet(error.diagnostic) from error
        # Pictures come page by page, a single page as it is.
        pages = made if isinstance(made, list) else [made]
        if not pages or pages[0] is None:
            raise AssertionError("Typst returned no document")
        return pages[0]


def stand_apart(*, apart: bool = True) -> None:
    """Has all further work of this program done by processes of their own, or by this one again."""
    global _apart
    _apart = apart


def _ordered(order: dict[str, Any]) -> bytes:
    """Has another process do it. Raises `NotSet`; a process that dies of something else is a bug."""
    command = [sys.executable, "-P", "-m", __name__, json.dumps(order)]  # -P: no module of the office's own folder
    try:
        done = subprocess.run(  # noqa: S603  # this very program, and its order is one argument
            command, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotSet(f"error: it took longer than {PATIENCE} s") from error
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode == _TOLD:
        raise NotSet(said)
    if done.returncode:
        raise RuntimeError(f"the press ended with {done.returncode}: {said[-2000:]}")
    return done.stdout


def _obey(order: dict[str, Any]) -> int:
    press = Press(Path(folder) for folder in order["fonts"])
    try:
        if order["do"] == "families":
            made = json.dumps(sorted(press.families())).encode()
        else:
            made = press.set_out(Path(order["main"]), order["do"])
    except NotSet as error:
        sys.stderr.write(error.diagnostic)
        return _TOLD
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(_obey(json.loads(sys.argv[1])))
