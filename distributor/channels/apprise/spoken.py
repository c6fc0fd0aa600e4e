"""A message as it is said in a chat: its title, its words in Markdown, and the same in plain lines.

The bytes are the document of WeCom's robots, which reminders have too:
`{"msgtype": "markdown_v2", "markdown_v2": {"content": "# 标题\\n**印发**　日期\\n- 要点\\n[阅读全文](https://…)"}}`.
Plain lines are made of what our templates use, one heading, bold and links; anything else stays as it is written.
"""

import json
import re
from dataclasses import dataclass

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"\[([^\]\n]+)\]\((\S+?)\)")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said in a chat. `markdown` and `text` are without the title."""

    title: str
    markdown: str
    text: str


def spoken(body: bytes) -> Spoken:
    """Reads a message's bytes, which are our own."""
    content: str = json.loads(body)["markdown_v2"]["content"]
    head, _, rest = content.partition("\n")
    markdown = rest.strip("\n")
    plain = _LINK.sub(r"\1：\2", _BOLD.sub(r"\1", markdown))
    return Spoken(head.removeprefix("# "), markdown, plain)
