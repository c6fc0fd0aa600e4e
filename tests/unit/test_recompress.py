"""A picture goes out upright, small and with nothing but its pixels; the same bytes every time."""

import io
import random
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from distributor.rendering.recompress import MAX_BYTES, WIDEST, Unfit, fit

GPS = 0x8825
ORIENTATION = 0x0112
MAKER = 0x010F


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, int, int]:
    red, green, blue = image.convert("RGB").crop((*at, at[0] + 1, at[1] + 1)).tobytes()
    return red, green, blue


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    size = width * height * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(7).randbytes(size))


def photo_of_a_telephone(width: int = 400, height: int = 300, orientation: int = 1) -> bytes:
    """A photo that is blue on its left half, with place, maker and orientation in its EXIF."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("blue", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[MAKER] = "Handy"
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS)[2] = (26.0, 7.0, 1.0)
    return saved(image, "JPEG", exif=exif.tobytes())


def test_a_photo_forgets_where_it_was_taken() -> None:
    source = photo_of_a_telephone()
    assert opened(source).getexif().get_ifd(GPS)
    fitted = fit(source)
    assert fitted.kind == "JPEG"
    assert dict(opened(fitted.content).getexif()) == {}
    assert b"Handy" not in fitted.content
    assert b"Exif" not in fitted.content


TURNS = {1: (0, 150), 3: (399, 150), 6: (150, 0), 8: (150, 399)}


@pytest.mark.parametrize(("orientation", "blue"), TURNS.items(), ids=[f"orientation {key}" for key in TURNS])
def test_a_photo_is_turned_upright(orientation: int, blue: tuple[int, int]) -> None:
    image = opened(fit(photo_of_a_telephone(orientation=orientation)).content)
    assert image.size == ((400, 300) if orientation in (1, 3) else (300, 400))
    red, _, azure = pixel(image, blue)
    assert azure > 200
    assert red < 80


def with_text(image: Image.Image) -> bytes:
    info = PngInfo()
    info.add_text("Author", "张三")
    return saved(image, "PNG", pnginfo=info)


PLAIN = Image.new("RGB", (30, 20), "navy")
TELLING: dict[str, Callable[[], bytes]] = {
    "text in a PNG": lambda: with_text(PLAIN),
    "EXIF in a PNG": lambda: saved(PLAIN, "PNG", exif=b"Exif\0\0SECRET"),
    "film behind a JPEG": lambda: saved(PLAIN, "JPEG") + b"ftypmp4 SECRET",
    "zip behind a PNG": lambda: saved(PLAIN, "PNG") + b"PK SECRET",
    "comment in a JPEG": lambda: saved(PLAIN, "JPEG", comment=b"SECRET"),
    "XMP in a JPEG": lambda: saved(PLAIN, "JPEG", xmp=b"<x:xmpmeta>SECRET</x:xmpmeta>"),
    "profile": lambda: saved(PLAIN, "JPEG", icc_profile=b"SECRET" * 30),
    "GIF": lambda: saved(PLAIN, "GIF", comment=b"SECRET"),
}


@pytest.mark.parametrize("make", TELLING.values(), ids=TELLING)
def test_nothing_but_the_pixels_goes_out(make: Callable[[], bytes]) -> None:
    source = make()
    fitted = fit(source)
    assert fitted.content != source
    assert b"SECRET" not in fitted.content
    assert "张三".encode() not in fitted.content
    assert fit(fitted.content).content == fitted.content
    red, green, blue = pixel(opened(fitted.content), (5, 5))
    assert (red < 20, green < 20, blue > 100) == (True, True, True)


def test_a_picture_that_is_fit_is_left_as_it_is() -> None:
    for kind in ("PNG", "JPEG"):
        source = saved(PLAIN, kind)
        assert fit(source).content == source


SHAPES = {
    "CMYK": (saved(Image.new("CMYK", (40, 30), (255, 0, 0, 0)), "JPEG"), (0, 255, 255)),
    "grey": (saved(Image.new("L", (40, 30), 128), "JPEG", comment=b"x"), (128, 128, 128)),
    "16 bits": (saved(Image.new("I;16", (40, 30), 0x8000), "PNG"), (128, 128, 128)),
    "transparent": (saved(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), "PNG"), (255, 255, 255)),
    "half transparent": (saved(Image.new("LA", (40, 30), (0, 128)), "PNG"), (127, 127, 127)),
    "transparent colour": (saved(Image.new("P", (40, 30), 0), "PNG", transparency=0), (255, 255, 255)),
    "bits": (with_text(Image.new("1", (40, 30), 1)), (255, 255, 255)),
}


@pytest.mark.parametrize(("source", "colour"), SHAPES.values(), ids=SHAPES)
def test_every_kind_of_colour_comes_out_as_mail_shows_it(source: bytes, colour: tuple[int, int, int]) -> None:
    image = opened(fit(source).content)
    assert image.mode in ("RGB", "L", "P", "1")
    assert "transparency" not in image.info
    shown = pixel(image, (20, 15))
    assert all(abs(have - want) <= 3 for have, want in zip(shown, colour, strict=True)), shown


def test_a_moving_picture_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "lime")]
    image = opened(fit(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])).content)
    assert image.format == "PNG"
    assert not getattr(image, "is_animated", False)
    assert pixel(image, (5, 5)) == (255, 0, 0)


def test_a_wide_drawing_is_scaled_and_stays_sharp() -> None:
    drawing = Image.new("RGB", (3000, 900), "white")
    ImageDraw.Draw(drawing).line((0, 0, 2999, 899), fill="red", width=9)
    fitted = fit(saved(drawing, "PNG"))
    assert (fitted.kind, fitted.width) == ("PNG", WIDEST)
    assert opened(fitted.content).size == (WIDEST, 360)


LARGE = {
    "photo": saved(noise(1600, 1000), "JPEG", quality=95),
    "noise in a PNG": saved(noise(900, 700), "PNG"),
    "tall": saved(noise(300, 4000), "JPEG", quality=95),
}


@pytest.mark.parametrize("source", LARGE.values(), ids=LARGE)
def test_a_large_picture_is_made_small_and_keeps_its_shape(source: bytes) -> None:
    assert len(source) > MAX_BYTES
    fitted, before = fit(source), opened(source)
    after = opened(fitted.content)
    assert len(fitted.content) <= MAX_BYTES
    assert fitted.width == after.width <= WIDEST
    assert after.width / after.height == pytest.approx(before.width / before.height, rel=0.03)


def test_the_same_picture_gives_the_same_bytes() -> None:
    source = LARGE["photo"]
    assert fit(source).content == fit(source).content


def bomb(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 0) + b"IDAT"
    return b"\x89PNG\r\n\x1a\n" + chunks + struct.pack(">I", zlib.crc32(b"IDAT"))


UNFIT = {
    "empty": b"",
    "text": b"picture",
    "cut short": saved(PLAIN, "PNG")[:60],
    "JPEG cut short": saved(noise(90, 90), "JPEG")[:900],
    "webp": saved(PLAIN, "WEBP"),
    "tiff": saved(PLAIN, "TIFF"),
    "bomb": bomb(8_000, 8_000),
    "huge bomb": bomb(60_000, 60_000),
    "metafile": b"\x01\x00\x00\x00 EMF",
}


@pytest.mark.parametrize("source", UNFIT.values(), ids=UNFIT)
def test_what_cannot_be_shown_is_refused(source: bytes) -> None:
    with pytest.raises(Unfit):
        fit(source)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["PNG", "JPEG", "GIF"]), st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6)
)
def test_a_damaged_picture_is_fitted_or_refused(kind: str, changes: list[tuple[int, int]]) -> None:
    source = bytearray(saved(noise(20, 20).convert("RGB"), kind))
    for at, value in changes:
        source[at % len(source)] = value
    try:
        fitted = fit(bytes(source))
    except Unfit:
        return
    assert len(fitted.content) <= MAX_BYTES
