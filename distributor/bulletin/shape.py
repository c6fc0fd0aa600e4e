"""The shapes by which text is recognised: widths folded, letter-spacing closed up, ornaments and marks.

Folding keeps the length of the text, so a position found in the folded form is a position in
the text as written. Nothing here changes what the model prints; it only helps to recognise it.
"""

import re

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES = dict.fromkeys([0x09, 0x0B, 0x0C, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], 0x20)
_CIRCLES = {0x25CB: 0x3007, 0x25EF: 0x3007, 0x2B58: 0x3007}
_FOLD = {**_WIDE, **_SPACES, 0xFE30: 0x3A, 0xFE55: 0x3A, 0x2236: 0x3A, 0x2010: 0x2D, 0x2011: 0x2D}

#: Characters without any width that word processors leave behind; they carry no text.
INVISIBLE = dict.fromkeys([0x200B, 0x2060, 0xFEFF, 0xAD])

HANZI = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = "★☆▲△●○■□◆◇▶►▪•·※❖✦✧⭐"
_ORNAMENT = re.compile(rf"[\s{_MARKS}=＝\-—―─━_＿~～*＊…]+")
_SPACED = re.compile(rf"(?<![^\s【】\[\]（）()※◆★])[{HANZI}](?: +[{HANZI}])+(?![^\s【】\[\]（）()※◆★])")
_NUMBERING = re.compile(
    r"(?:[(（][一二三四五六七八九十百]{1,4}[)）]|[(（]\d{1,3}[)）]|[一二三四五六七八九十百]{1,4}\s*、|"
    r"第[一二三四五六七八九十]{1,3}[、:]|\d{1,3}\s*[.、)](?!\d)|[①-⑳])\s*"
)
_SENTENCE = re.compile(r"[。;；!！?？]|,(?!\d{3})|，(?![0-9０-９]{3})")


def fold(text: str) -> str:
    """Full-width letters, digits and punctuation as ASCII, every blank as a space. Same length as `text`."""
    return text.translate(_FOLD)


def fold_numerals(text: str) -> str:
    """`fold`, and every circle that stands for zero (○, ◯) as 〇. Same length as `text`."""
    return fold(text).translate(_CIRCLES)


def squeeze(text: str) -> str:
    """Runs of blanks become one space; none at the ends."""
    return " ".join(text.split())


def close_up(text: str) -> str:
    """Takes letter-spacing out (创 城 动 态 → 创城动态); a space between words stays, as one space."""
    return _SPACED.sub(lambda match: match[0].replace(" ", ""), squeeze(text.replace("\u3000", " ")))


def compact(text: str) -> str:
    """Folded, without any blank: what is left when layout does not matter."""
    return "".join(fold(text).split())


def is_ornament(text: str) -> bool:
    """True for a line of stars, dashes or dots that only separates."""
    return len(text) > 1 and _ORNAMENT.fullmatch(text) is not None and len("".join(text.split())) > 2


def marks_before(text: str) -> int:
    """How many characters of item marks and numbering (★, １．, 一、, （一）) stand before the words."""
    head = fold(text[:40])
    at = len(head) - len(head.lstrip(f" {_MARKS}"))
    found = _NUMBERING.match(head, at)
    at = found.end() if found else at
    return at + len(head[at:]) - len(head[at:].lstrip(f" {_MARKS}"))


def has_mark(text: str) -> bool:
    """True when an item mark such as ★ or △ opens the line."""
    return bool(text) and text.lstrip()[:1] in _MARKS


def has_numbering(text: str) -> bool:
    """True when a number such as １． or 一、 opens the line."""
    return _NUMBERING.match(fold(text[:40]).lstrip()) is not None


def strip_marks(text: str) -> str:
    """The words without leading marks and numbering, trailing marks and a trailing colon."""
    return text[marks_before(text) :].rstrip(f" \u3000\xa0{_MARKS}").rstrip("：:").strip()


def has_sentence(text: str) -> bool:
    """True when punctuation shows that this is running text, not a title or a name."""
    return _SENTENCE.search(text) is not None


def says_something(text: str) -> bool:
    """True when there is a letter, a hanzi or a digit."""
    return any(character.isalnum() for character in text)
