"""The cover of an article: its size, its colour, and words that a forwarded card does not cut off."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput
from distributor.rendering.cover import HEIGHT, WIDTH, draw_cover
from distributor.rendering.theme import DEFAULT_THEME, Theme
from tests.renditions.sample import every_block

TITLES = (
    "快报",
    "云岭区河湖保护工作简报",
    "云岭 河长制工作简报",
    "云岭区全面推行河长制湖长制工作领导小组办公室工作简报",
    "Bulletin",
    "𬭎",
)


@pytest.fixture(scope="module")
def bulletin() -> Bulletin:
    return every_block()


def drawn(bulletin: Bulletin, theme: Theme = DEFAULT_THEME) -> Image.Image:
    return Image.open(io.BytesIO(draw_cover(bulletin, theme))).convert("RGB")


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
def test_all_words_stand_in_the_square_in_the_middle(bulletin: Bulletin, title: str) -> None:
    image = drawn(replace(bulletin, title=title, masthead=()))
    assert image.size == (WIDTH, HEIGHT)
    white = image.convert("L").point(lambda value: 255 if value > 240 else 0)
    box = white.getbbox()
    assert box is not None
    assert box[0] >= (WIDTH - HEIGHT) / 2
    assert box[2] <= (WIDTH + HEIGHT) / 2
    assert box[1] >= 20
    assert box[3] <= HEIGHT - 20


def test_the_ground_has_the_colour_of_the_office(bulletin: Bulletin) -> None:
    assert drawn(bulletin, Theme(colour="#0b5394")).getpixel((2, 2)) == (0x0B, 0x53, 0x94)


def test_the_same_bulletin_gives_the_same_bytes(bulletin: Bulletin) -> None:
    assert draw_cover(bulletin, DEFAULT_THEME) == draw_cover(bulletin, DEFAULT_THEME)


def test_a_character_that_no_font_has_is_named_and_never_an_empty_box(bulletin: Bulletin) -> None:
    with pytest.raises(BadInput, match="\U000f0000"):
        draw_cover(replace(bulletin, title="简报\U000f0000", masthead=()), DEFAULT_THEME)
