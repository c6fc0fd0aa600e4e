"""Addresses of links, collected while a template prints the text, and printed at its end.

For forms in which a link cannot be pressed: 公众号 articles allow only addresses of their own platform, and
plain text reads better without addresses in the middle of a sentence.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from distributor.bulletin.model import Span


class Footnotes:
    """The addresses in the order of their first mention. One object serves one rendering."""

    def __init__(self, *, live_hosts: Collection[str] = ()) -> None:
        """`live_hosts`: where a link may stay a link."""
        self._live_hosts = live_hosts
        self.links: list[str] = []

    def live(self, span: Span) -> bool:
        """Whether the link can stay as it is."""
        return bool(self._live_hosts) and urlsplit(span.link).hostname in self._live_hosts

    def mark(self, span: Span) -> str:
        """What stands behind a linked text: ［1］; empty when there is no link, or it can be seen or pressed there."""
        if not span.link or span.link.removeprefix("mailto:") == span.text or self.live(span):
            return ""
        if span.link not in self.links:
            self.links.append(span.link)
        return f"［{self.links.index(span.link) + 1}］"
