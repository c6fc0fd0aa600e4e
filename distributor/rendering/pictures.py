"""Pictures of a bulletin on their way into a letter: recognised, measured, and made small enough.

Mail carries PNG, JPEG and GIF (facts on mail clients: webp and SVG are not shown). A photo
straight from a phone is scaled down, which also drops where it was taken. Nothing is fetched.
"""

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageOps

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput, Place, Refused
from distributor.rendering.rendition import InlinePicture
from distributor.words import words

MAX_BYTES = 200 * 1024
MAX_PICTURES = 50
_MAX_PIXELS = 60_000_000
_WIDEST = 1200  # twice the width a letter shows, for sharp screens
#: Colours of a printing press: screens guess at them, and PDF/A forbids them without a profile.
_INKS = "CMYK"
_ENDINGS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif"}
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif"}


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture ready for a letter, and the width in pixels at which it is shown."""

    picture: InlinePicture
    width: int


def place_pictures(bulletin: Bulletin, pictures: Mapping[str, bytes], *, widest: int) -> dict[str, Placed]:
    """Prepares every picture of the bulletin, by its source.

    Raises `BadInput` for a picture that is missing or cannot be shown, `Refused` for too many.
    """
    sources = list(dict.fromkeys(picture.source for picture in bulletin.pictures()))
    if len(sources) > MAX_PICTURES:
        raise Refused(
            words(
                "The bulletin has {count} pictures; a letter carries at most {limit}.",
                count=len(sources),
                limit=MAX_PICTURES,
            ),
            do=words("Leave some out, or put several into one picture."),
        )
    return {source: _placed(number, source, pictures, widest) for number, source in enumerate(sources, start=1)}


def _placed(number: int, source: str, pictures: Mapping[str, bytes], widest: int) -> Placed:
    if source not in pictures:
        raise BadInput(words("The picture is missing."), do=words("Put it beside the bulletin."), place=Place(source))
    content, kind, width = _fitted(source, pictures[source])
    # The name is ours: a name from outside could carry a path or marks that turn text around.
    name = f"picture-{number}.{_ENDINGS[kind]}"
    cid = f"{hashlib.sha256(content).hexdigest()[:24]}.{number}@bulletin"
    return Placed(InlinePicture(cid, _MEDIA_TYPES[kind], name, content), min(width, widest))


def _fitted(source: str, content: bytes) -> tuple[bytes, str, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=tuple(_ENDINGS)) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise _unusable(source)
                if len(content) <= MAX_BYTES and image.mode != _INKS:
                    image.load()
                    return content, str(image.format), image.width
                return _scaled(image)
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise _unusable(source) from error


def _unusable(source: str) -> BadInput:
    return BadInput(
        words("The picture cannot be shown in a letter."),
        do=words("Save it as PNG or JPEG, at most {pixels} million pixels.", pixels=_MAX_PIXELS // 1_000_000),
        place=Place(source),
    )


def _scaled(image: Image.Image) -> tuple[bytes, str, int]:
    """Scales down to the widest a letter shows, then lowers the quality until the size is right."""
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    flat = Image.new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    width = min(flat.width, _WIDEST)
    while True:
        small = flat.resize((width, max(1, flat.height * width // flat.width)), Image.Resampling.LANCZOS)
        for quality in (85, 70, 55):
            written = io.BytesIO()
            small.save(written, "JPEG", quality=quality, optimize=True)
            if written.tell() <= MAX_BYTES:
                return written.getvalue(), "JPEG", width
        width = width * 3 // 4
