"""The pictures a bulletin refers to: read from its own folder, judged by their content, or refused.

Nothing is fetched from a network. A path may not leave the folder, by `..`, by a link or as an
absolute path; PNG, JPEG and GIF are taken, by their first bytes and not by their name; SVG is
refused since it can carry scripts, and a header that promises too many pixels as a bomb.
"""

import io
import re
import stat
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from distributor.bulletin.model import Picture
from distributor.errors import Place, Problem
from distributor.words import Words, words

MOST_PICTURES = 50
MOST_BYTES = 5_000_000
MOST_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "GIF")

#: How the names of such files end.
ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".gif"})

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


class _Refusal(Exception):
    def __init__(self, code: str, what: Words, do: Words) -> None:
        super().__init__(code)
        self.code, self.what, self.do = code, what, do


def load_pictures(
    pictures: Iterable[tuple[Picture, Place]], store: Path | Mapping[str, bytes]
) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """Reads each picture once, by its `source`; what cannot be used is a finding and is not read further.

    `store` is the bulletin's folder, or the pictures that a document holds itself.
    """
    assets: dict[str, bytes] = {}
    problems: list[Problem] = []
    for count, (picture, place) in enumerate(pictures):
        if count == MOST_PICTURES:
            problems.append(_too_many(place))
            break
        if not picture.alt.strip():
            problems.append(_no_words(picture, place, inside=not isinstance(store, Path)))
        if picture.source in assets:
            continue
        try:
            content = assets[picture.source] = _found(picture.source, store)
            problems += _moving(picture, place) if is_moving(content) else ()
        except _Refusal as refusal:
            problems.append(Problem(place, refusal.code, refusal.what, refusal.do))
    return assets, tuple(problems)


def _found(source: str, store: Path | Mapping[str, bytes]) -> bytes:
    if isinstance(store, Path):
        content = _read(source, store)
    elif source in store:
        content = store[source]
        _weigh(source, len(content))
    else:
        raise _not_inside(source)
    _judge(source, content)
    return content


def _read(source: str, folder: Path) -> bytes:
    path = _inside(source, folder)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(path)
        _weigh(source, status.st_size)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise _missing(source) from error


def _weigh(source: str, size: int) -> None:
    if size > MOST_BYTES:
        raise _Refusal(
            "picture_too_big",
            words(
                "The picture {source} has {size} bytes; {limit} are allowed.",
                source=source,
                size=size,
                limit=MOST_BYTES,
            ),
            words("Save it smaller: 1200 pixels across are enough for a letter."),
        )


def _missing(source: str) -> _Refusal:
    return _Refusal(
        "picture_missing",
        words("The picture {source} is not there or cannot be read.", source=source),
        words("Put it beside the bulletin, or correct its name."),
    )


def _not_inside(source: str) -> _Refusal:
    """A document names a picture that it does not hold."""
    linked = _SCHEME.match(source) is not None
    return _Refusal(
        "picture_remote" if linked else "picture_missing",
        words("The picture {source} is only linked, and nothing is fetched.", source=source[:80])
        if linked
        else words("The picture {source} is not in the document.", source=source[:80]),
        words("In Word: delete it and insert the picture itself (Insert, Pictures)."),
    )


def _remote(source: str) -> _Refusal:
    return _Refusal(
        "picture_remote",
        words(
            "The picture {source} is an address; letters carry only pictures from the bulletin's folder.",
            source=source[:80],
        ),
        words("Save the picture beside the bulletin and name that file."),
    )


def _inside(source: str, folder: Path) -> Path:
    """The picture's path, resolved; refused when it is an address or leaves the folder."""
    if _SCHEME.match(source) or source.startswith(("//", "\\\\")):
        raise _remote(source)
    try:
        home = folder.resolve()
        path = (home / source).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise _outside(source) from error
    if Path(source).is_absolute() or "\\" in source or not path.is_relative_to(home):
        raise _outside(source)
    return path


def _outside(source: str) -> _Refusal:
    return _Refusal(
        "picture_outside",
        words("The picture {source} lies outside the bulletin's folder.", source=source[:80]),
        words("Copy it beside the bulletin and name it without .. or /."),
    )


def _judge(source: str, content: bytes) -> None:
    """Raises unless the bytes are a whole PNG, JPEG or GIF of a sane size; decodes no pixels of a bomb."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height <= MOST_PIXELS:
                    picture.verify()
                    return
    except Image.DecompressionBombError:
        pass
    except Exception as error:  # Pillow's decoders raise many kinds for broken files
        raise _Refusal(
            "picture_kind",
            words("The picture {source} is not a whole PNG, JPEG or GIF.", source=source),
            words("Save it again as PNG or JPEG; SVG and WebP do not show in every mail program."),
        ) from error
    raise _Refusal(
        "picture_bomb",
        words("The picture {source} has more than {limit} pixels.", source=source, limit=MOST_PIXELS),
        words("Save it smaller: 1200 pixels across are enough for a letter."),
    )


def is_moving(content: bytes) -> bool:
    """True when a picture that has been judged holds more than one frame."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            return bool(getattr(picture, "is_animated", False))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return False


def _moving(picture: Picture, place: Place) -> tuple[Problem]:
    what = words("The picture {source} moves; letters show its first frame.", source=picture.source[:80])
    do = words("Look at the preview; save the frame that readers need as PNG.")
    return (Problem(place, "picture_moves", what, do, "warning"),)


def _too_many(place: Place) -> Problem:
    return Problem(
        place,
        "pictures_too_many",
        words("The bulletin has more than {limit} pictures.", limit=MOST_PICTURES),
        words("Take some out."),
    )


def _no_words(picture: Picture, place: Place, *, inside: bool) -> Problem:
    return Problem(
        place,
        "picture_without_words",
        words(
            "The picture {source} has no words for readers whose mail program hides pictures.",
            source=picture.source[:80],
        ),
        words("In Word: right-click the picture, Edit Alt Text, and write what it shows.")
        if inside
        else words("Write them between the brackets: ![what the picture shows](file)."),
        "warning",
    )
