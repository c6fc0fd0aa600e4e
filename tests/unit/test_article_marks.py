"""What an article gets when it goes to the platform: the mark of a correction, and addresses of pictures."""

from dataclasses import replace

import pytest

from distributor.bulletin.model import Item, Paragraph, Section, Span
from distributor.rendering.article import CONTENT_LIMIT, TITLE_LIMIT, ArticleTooLong, render_article
from tests.renditions.sample import PICTURES, TEMPLATES, every_block


@pytest.mark.parametrize(
    "title", ["快报", "云岭区全面推行河长制湖长制工作领导小组办公室河湖保护工作简报"], ids=["short", "long"]
)
def test_a_correction_is_marked_in_the_title_and_keeps_its_number(title: str) -> None:
    bulletin = replace(every_block(), title=title)
    article = render_article(bulletin, templates=TEMPLATES, pictures=PICTURES, edition=2)
    assert article.title.startswith("【更正】")
    assert "本期为更正版，请以此为准。" in article.content
    assert article.title.endswith(" 第12期")
    assert len(article.title) <= TITLE_LIMIT


def test_every_picture_gets_the_address_that_the_platform_gave_it() -> None:
    article = render_article(every_block(), templates=TEMPLATES, pictures=PICTURES)
    addresses = {picture.cid: f"http://mmbiz.qpic.cn/{n}?a=1&b=2" for n, picture in enumerate(article.pictures)}
    content = article.with_pictures(addresses)
    assert addresses
    assert all(f'src="{address.replace("&", "&amp;")}"' in content for address in addresses.values())
    assert "picture:" not in content


def test_addresses_that_leave_the_text_no_room_are_refused_before_the_platform_is_asked() -> None:
    article = render_article(every_block(), templates=TEMPLATES, pictures=PICTURES)
    with pytest.raises(ArticleTooLong):
        article.with_pictures({picture.cid: "http://x/" + "x" * CONTENT_LIMIT for picture in article.pictures})


def test_words_that_look_like_a_picture_stay_words() -> None:
    item = Item("短讯", body=(Paragraph((Span('他写道 src="picture:x" 而已。'),)),))
    bulletin = replace(every_block(), sections=(Section("动态", (item,)),))
    article = render_article(bulletin, templates=TEMPLATES, pictures=PICTURES)
    assert 'src="picture:x"' in article.with_pictures({})
