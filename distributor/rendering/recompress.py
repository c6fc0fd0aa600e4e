"""One picture made fit for a letter: upright, flat, small, and without anything but its pixels.

A photo says where and when it was taken and by which telephone (EXIF, XMP), may carry a film or an earlier
version behind its end, and may be turned only by a note. What comes out is a PNG or JPEG of at most
`MAX_BYTES`, the same bytes for the same input. A picture that is already so is left as it is, byte for byte.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageOps

MAX_BYTES = 200 * 1024
WIDEST = 1200  # twice the width a letter shows, for sharp screens
MOST_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "GIF")
_MODES = ("RGB", "L", "P", "1")
_QUALITIES = (85, 70, 55)
_CHUNKS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"pHYs", b"gAMA", b"sRGB", b"cHRM", b"sBIT"))
_PNG = b"\x89PNG\r\n\x1a\n"
_APPLICATION = range(0xE0, 0xF0)
_HARMLESS = (0xE0, 0xEE)  # APP0 with the density, APP14 with the colour transform
_COMMENT, _SCAN, _END = 0xFE, 0xDA, b"\xff\xd9"


class Unfit(Exception):
    """The bytes are no picture that a letter can show, or one too large to be opened."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture's bytes, its format (`PNG` or `JPEG`) and its width in pixels."""

    content: bytes
    kind: str
    width: int


def fit(content: bytes) -> Fitted:
    """Makes one picture fit for a letter. Raises `Unfit`; a bomb is refused before its pixels are read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Unfit
                if _is_fit(image, content):
                    image.load()
                    return Fitted(content, str(image.format), image.width)
                graphic = image.format != "JPEG"
                # A photo of a telephone is decoded at a fraction of its size, which is all that is shown of it.
                image.draft(image.mode, (2 * WIDEST, 2 * WIDEST))
                return _shrunk(_flat(image), graphic=graphic)
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError, struct.error) as error:
        raise Unfit from error


def _is_fit(image: Image.Image, content: bytes) -> bool:
    """Whether the bytes may go out as they are: small, flat, still, and with nothing beside the pixels."""
    small = len(content) <= MAX_BYTES and image.width <= WIDEST
    flat = image.mode in _MODES and "transparency" not in image.info
    if not small or not flat or image.format == "GIF":
        return False
    return _is_bare_png(content) if image.format == "PNG" else _is_bare_jpeg(content)


def _is_bare_png(content: bytes) -> bool:
    """No chunk but those that make up the picture, and nothing behind the last (PNG 11.2, 11.3)."""
    at = len(_PNG)
    while at + 8 <= len(content):
        length: int = struct.unpack_from(">I", content, at)[0]
        kind = content[at + 4 : at + 8]
        at += length + 12
        if kind not in _CHUNKS:
            return False
        if kind == b"IEND":
            return at == len(content)
    return False


def _is_bare_jpeg(content: bytes) -> bool:
    """No EXIF, XMP, profile, thumbnail or comment, and nothing behind the end (ITU-T T.81 B.1.1.3)."""
    for marker, payload in _segments(content):
        told = marker in _APPLICATION and marker not in _HARMLESS
        if told or marker == _COMMENT or (marker == 0xE0 and not payload.startswith(b"JFIF\0")):
            return False
        if marker == _SCAN:
            return content.find(_END, content.find(payload)) == len(content) - 2
    return False


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker segments up to the first scan, each with what it holds."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack_from(">H", content, at + 2)[0]
        yield marker, content[at + 4 : at + 2 + length]
        at += 2 + length


def _flat(image: Image.Image) -> Image.Image:
    """The first frame upright, in 8-bit RGB or grey, on white paper; a new image without any remarks."""
    upright = _upright(image)
    if upright.mode.startswith("I"):  # 16 bits of grey: Pillow would cut them off, not scale them
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    grey = upright.mode in ("1", "L") and "transparency" not in upright.info
    if grey or upright.mode in ("CMYK", "YCbCr"):
        plain = upright.convert("L" if grey else "RGB")
        flat = Image.new(plain.mode, plain.size)
        flat.paste(plain)
        return flat
    layered = upright.convert("RGBA")
    flat = Image.new("RGB", layered.size, "white")
    flat.paste(layered, mask=layered.getchannel("A"))
    return flat


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says; a picture whose EXIF cannot be read stays as it is."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error, Warning):
        return image


def _shrunk(flat: Image.Image, *, graphic: bool) -> Fitted:
    """Scales down to the widest a letter shows, then lowers quality and width until the size is right."""
    width = min(flat.width, WIDEST)
    while True:
        small = flat
        if width < flat.width:
            height = max(1, flat.height * width // flat.width)
            small = flat.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        if graphic and len(written := _as_png(small)) <= MAX_BYTES:
            return Fitted(written, "PNG", width)
        for quality in _QUALITIES:
            written = _written(small, "JPEG", quality=quality)
            if len(written) <= MAX_BYTES:
                return Fitted(written, "JPEG", width)
        if width <= 16:
            raise Unfit
        width = width * 3 // 4


def _as_png(image: Image.Image) -> bytes:
    """Drawings and screenshots keep their sharp edges; few colours are written as a palette."""
    few = image.mode == "RGB" and image.getcolors(256) is not None
    return _written(image.quantize(256, dither=Image.Dither.NONE) if few else image, "PNG")


def _written(image: Image.Image, kind: str, *, quality: int = 85) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, optimize=True, **({"quality": quality} if kind == "JPEG" else {}))
    return stream.getvalue()
