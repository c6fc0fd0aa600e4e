"""The cover of an article: title and number in white on the office's colour, drawn when the office has no picture.

A message list shows it 2.35 times as wide as high, a forwarded card the square in its middle
(developers.weixin.qq.com, draft/add: pic_crop_235_1, pic_crop_1_1), so all words stand inside that square.
"""

import io
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import serif_path

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput
from distributor.rendering.colours import mixed
from distributor.rendering.theme import Theme
from distributor.rendering.views import chinese_date, number_line
from distributor.words import words

WIDTH, HEIGHT = 900, 383

#: Words stay within this width, in the middle.
_ROOM = 330
_LARGEST, _SMALL, _GAP, _RULE = 76, 26, 1.3, 28
#: A line of more characters is broken, into parts of so many at most.
_LINE, _LONGEST = 6, 8


def draw_cover(bulletin: Bulletin, theme: Theme) -> bytes:
    """A PNG of 900 × 383, the same bytes each time. Raises `BadInput` for a character that no font has."""
    lines = [part for line in theme.title_lines(bulletin) for part in _broken(line)]
    below = [text for text in (number_line(bulletin), chinese_date(bulletin)) if text]
    pale = mixed(theme.colour, "#ffffff", 0.35)
    image = Image.new("RGB", (WIDTH, HEIGHT), theme.colour)
    draw = ImageDraw.Draw(image)
    draw.rectangle((14, 14, WIDTH - 15, HEIGHT - 15), outline=pale, width=2)
    size = _size(lines, len(below))
    y = (HEIGHT - _height(len(lines), size, len(below))) / 2
    for line in lines:
        _print(draw, line, size, y, "#ffffff", stroke=1)
        y += size * _GAP
    if below:
        draw.line(((WIDTH - _ROOM) / 2, y + 14, (WIDTH + _ROOM) / 2, y + 14), fill=pale, width=2)
        y += _RULE
    for text in below:
        _print(draw, text, _SMALL, y, "#ffffff")
        y += _SMALL * _GAP
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _broken(line: str) -> list[str]:
    """A line in parts: at its blanks where it has any, else before its last four characters, as in …工作简报."""
    parts = line.split()
    if len(parts) > 1:
        return [piece for part in parts for piece in _broken(part)]
    if len(line) <= _LINE or line.isascii():
        return [line]
    head, end = line[:-4], line[-4:]
    count = -(-len(head) // _LONGEST)
    length = -(-len(head) // count)
    return [*(head[at : at + length] for at in range(0, len(head), length)), end]


def _size(lines: Sequence[str], below: int) -> int:
    """The largest letters with which all lines fit into the square."""
    for size in range(_LARGEST, 12, -2):
        wide = max((_width(line, size) for line in lines), default=0)
        if wide <= _ROOM and _height(len(lines), size, below) <= HEIGHT - 60:
            return size
    return 12


def _height(lines: int, size: int, below: int) -> float:
    return lines * size * _GAP + (_RULE + below * _SMALL * _GAP if below else 0)


def _print(draw: ImageDraw.ImageDraw, text: str, size: int, y: float, fill: str, *, stroke: int = 0) -> None:
    x = (WIDTH - _width(text, size)) / 2
    for char in text:
        font = _font_of(char, size)
        draw.text((x, y), char, font=font, fill=fill, stroke_width=stroke)
        x += font.getlength(char)


def _width(text: str, size: int) -> float:
    return sum(_font_of(char, size).getlength(char) for char in text)


def _font_of(char: str, size: int) -> ImageFont.FreeTypeFont:
    """The first font that has a character: a box in its place would be a mistake on everybody's phone."""
    for path in _fonts():
        font = _opened(path, size)
        if char.isspace() or font.getmask(char).getbbox() is None or _shape(font, char) != _shape(font, "\U0010fffe"):
            return font
    what = words("No font has {character}, so no cover can be drawn.", character=char)
    raise BadInput(what, do=words("Name a picture as cover in [official_account.…]."))


def _shape(font: ImageFont.FreeTypeFont, char: str) -> bytes:
    return bytes(font.getmask(char))


@cache
def _fonts() -> tuple[Path, ...]:
    rare = Path(str(files("noto_cjk_sans_otc")))
    return (serif_path(), *sorted(path for path in rare.rglob("*") if path.suffix.lower() in (".ttc", ".otc", ".otf")))


@cache
def _opened(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)
