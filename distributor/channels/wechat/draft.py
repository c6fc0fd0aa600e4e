"""A draft of an article as the platform takes it, and how one is known again in its lists.

The platform gives a draft no name of ours and may change its markup, so a draft is known by its title and the words
of its text. Source: developers.weixin.qq.com, draft/add, draft/batchget and freepublish/batchget.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft is made of. The picture addresses in `content` are the platform's."""

    title: str
    author: str
    digest: str
    content: str
    cover: str  # media_id of a lasting picture
    source_url: str = ""

    def document(self) -> dict[str, Any]:
        """The draft as draft/add wants it."""
        return {
            "article_type": "news",
            "title": self.title,
            "author": self.author,
            "digest": self.digest,
            "content": self.content,
            "content_source_url": self.source_url,
            "thumb_media_id": self.cover,
            "need_open_comment": 0,
            "only_fans_can_comment": 0,
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """An article in one of the platform's lists: its id there, its address if it is published, its title and text."""

    id: str
    address: str
    title: str
    content: str

    def is_same(self, title: str, content: str) -> bool:
        """Whether it is the article of this title and content, whatever became of the markup."""
        return self.title == title and _words(self.content) == _words(content)


def read_list(fields: Mapping[str, Any]) -> tuple[tuple[Listed, ...], int]:
    """The articles of one answer of a list, newest first as the platform gives them, and how many there are in all."""
    items = fields.get("item")
    total = fields.get("total_count")
    found = tuple(_listed(items)) if isinstance(items, list) else ()
    return found, total if isinstance(total, int) else 0


def _listed(items: list[Any]) -> Iterator[Listed]:
    for item in items:
        content = item.get("content") if isinstance(item, dict) else None
        news = content.get("news_item") if isinstance(content, dict) else None
        first = news[0] if isinstance(news, list) and news else None
        if isinstance(first, dict) and not first.get("is_deleted"):
            number = str(item.get("media_id") or item.get("article_id") or "")
            texts = (str(first.get(name, "")) for name in ("url", "title", "content"))
            yield Listed(number, *texts)


def _words(content: str) -> str:
    return "".join(html.unescape(_TAG.sub("", content)).split())
