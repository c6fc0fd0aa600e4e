"""A spliced body says what one encoded in one go would say."""

import base64

from hypothesis import example, given
from hypothesis import strategies as st

from distributor.rendering.fields import END, START
from distributor.rendering.splice import SplicedBody

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\ufdd0\ufdd1"), max_size=200)
NAMES = ("recipient.name", "recipient.unit")


@given(st.lists(st.tuples(TEXT, st.sampled_from(NAMES)), max_size=8), TEXT, TEXT, TEXT)
@example([("", "recipient.name")], "", "", "")
@example([("", "recipient.name"), ("a", "recipient.unit"), ("", "recipient.name")], "a", "b", "")
@example([("甲" * 300, "recipient.name")], "乙" * 300, "丙", "丁")
def test_splicing_equals_filling_and_encoding(parts: list[tuple[str, str]], end: str, name: str, unit: str) -> None:
    values = {"recipient.name": name, "recipient.unit": unit}
    marked = "".join(f"{text}{START}{field}{END}" for text, field in parts) + end
    # Line ends become CRLF in what is ours; values are put in as they are.
    plain = "".join(text.replace("\n", "\r\n") + values[field] for text, field in parts) + end.replace("\n", "\r\n")
    encoded = b"".join(SplicedBody(marked).pieces({field: value.encode() for field, value in values.items()}))
    assert base64.b64decode(encoded, validate=False).decode() == plain
    lines = encoded.split(b"\r\n")
    assert lines.pop() == b""
    assert all(0 < len(line) <= 76 for line in lines)
    assert not [line for line in lines[:-1] if b"=" in line], "padding ends the body for many decoders"
