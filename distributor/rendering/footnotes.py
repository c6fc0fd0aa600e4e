"""Addresses of links, collected while a template prints the text, and printed at its end.

For forms in which a link cannot be pressed: 公众号 articles allow only addresses of their own platform, and
plain text reads better without addresses in the middle of a sentence.
"""

from distributor.bulletin.model import Span


class Footnotes:
    """The addresses in the order of their first mention. One object serves one rendering."""

    def __init__(self) -> None:
        self.links: list[str] = []

    def mark(self, span: Span) -> str:
        """What stands behind a linked text: ［1］; empty when the text is no link or is the address itself."""
        if not span.link or span.link.removeprefix("mailto:") == span.text:
            return ""
        if span.link not in self.links:
            self.links.append(span.link)
        return f"［{self.links.index(span.link) + 1}］"
