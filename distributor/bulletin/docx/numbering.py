"""The numbers that Word prints before paragraphs and that stand nowhere in the text (ECMA-376 part 1, 17.9).

Each numbered paragraph gets the label a reader sees: 一、 (二) 3. •. What is not known is counted in digits.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from distributor.bulletin.docx.names import W, number, switch, value

_DIGITS = "〇一二三四五六七八九"
_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_HOLE = re.compile(r"%([1-9])")
_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"))
_ROMAN_LOW = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_MOST = 3_999


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered."""

    form: str = "decimal"
    text: str = "%1."
    start: int = 1
    legal: bool = False  # every number of the label in digits


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before one paragraph. `bullet`: a mark without a number; `plain`: nothing but `3.`."""

    text: str
    depth: int
    list_id: str
    count: int
    bullet: bool = False
    plain: bool = False


@dataclass(slots=True)
class Numbering:
    """The lists of a document, counting on while its paragraphs go by in order."""

    levels: dict[str, dict[int, Level]] = field(default_factory=dict)  # by numId
    lists: dict[str, str] = field(default_factory=dict)  # numId to the list it counts in
    restarted: set[str] = field(default_factory=set)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def label(self, properties: Element | None) -> Label | None:
        """The label of the next paragraph with this `numPr`; None when it has none."""
        num_id = value(properties, "numId")
        depth = min(number(value(properties, "ilvl")) or 0, 8)
        if not num_id or num_id not in self.levels:
            return None
        levels = self.levels[num_id]
        level = levels.get(depth, Level())
        counts = self._counted(num_id, levels, depth, level)
        if level.form == "bullet":
            return Label("•", depth, self.lists[num_id], counts[depth], bullet=True)
        text = _HOLE.sub(lambda match: _printed(levels, counts, int(match[1]) - 1, level.legal), level.text)
        text = "" if level.form == "none" and not level.text.strip() else text
        plain = level.form == "decimal" and level.text == f"%{depth + 1}."
        return Label(text, depth, self.lists[num_id], counts[depth], plain=plain) if text else None

    def _counted(self, num_id: str, levels: dict[int, Level], depth: int, level: Level) -> dict[int, int]:
        if num_id in self.restarted:
            self.restarted.discard(num_id)
            self.counts.pop(self.lists[num_id], None)
        counts = self.counts.setdefault(self.lists[num_id], {})
        for above in range(depth):
            counts.setdefault(above, levels.get(above, Level()).start)
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for below in [each for each in counts if each > depth]:
            del counts[below]
        return counts


def read_numbering(root: Element | None) -> Numbering:
    """Reads numbering.xml; a document without it has no lists."""
    numbering = Numbering()
    if root is None:
        return numbering
    abstract = {each.get(f"{W}abstractNumId", ""): each for each in root.iter(f"{W}abstractNum")}
    for each in root.iter(f"{W}num"):
        num_id, target = each.get(f"{W}numId", ""), value(each, "abstractNumId") or ""
        if num_id in ("", "0") or target not in abstract:
            continue
        levels = _levels(abstract[target])
        numbering.lists[num_id] = target
        for override in each.iter(f"{W}lvlOverride"):
            depth = number(override.get(f"{W}ilvl")) or 0
            levels |= _levels(override)
            start = number(value(override, "startOverride"))
            if start is not None:
                old = levels.get(depth, Level())
                levels[depth] = Level(old.form, old.text, start, old.legal)
                numbering.restarted.add(num_id)
        numbering.levels[num_id] = levels
    return numbering


def _levels(parent: Element) -> dict[int, Level]:
    levels: dict[int, Level] = {}
    for each in parent.iter(f"{W}lvl"):
        start = number(value(each, "start"))
        levels[number(each.get(f"{W}ilvl")) or 0] = Level(
            value(each, "numFmt") or "decimal",
            (value(each, "lvlText") or "")[:40],
            0 if start == 0 else start or 1,
            bool(switch(each, "isLgl")),
        )
    return levels


def _printed(levels: dict[int, Level], counts: dict[int, int], depth: int, legal: bool) -> str:
    form = "decimal" if legal else levels.get(depth, Level()).form
    return format_number(counts.get(depth, 1), form)


def format_number(count: int, form: str) -> str:
    """A count as Word prints it (17.18.59, ST_NumberFormat): the forms that Chinese offices use, else digits."""
    return _FORMS.get(form, str)(count) if 0 < count <= _MOST else str(count)


def _counted(count: int, digits: str, ranks: str, *, short: bool = True) -> str:
    """21 as 二十一; `short`: 十一, not 一十一."""
    parts: list[str] = []
    for place, digit in enumerate(reversed(str(count))):
        if digit != "0":
            parts.insert(0, digits[int(digit)] + (ranks[place - 1] if place else ""))
        elif parts and parts[0] != "零":
            parts.insert(0, "零")
    text = "".join(parts)
    return text[1:] if short and 10 <= count < 20 else text


def _roman(count: int) -> str:
    text = ""
    for worth, sign in (*_ROMAN, *_ROMAN_LOW):
        text += sign * (count // worth)
        count %= worth
    return text


def _letters(count: int) -> str:
    return chr(65 + (count - 1) % 26) * ((count - 1) // 26 + 1)


def _chinese(count: int) -> str:
    return _counted(count, _DIGITS, "十百千")


def _digitwise(count: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(count))


def _full_width(count: int) -> str:
    return "".join(chr(ord(digit) + 0xFEE0) for digit in str(count))


def _circled(count: int) -> str:
    return chr(0x2460 + count - 1) if count <= 20 else str(count)


_FORMS: dict[str, Callable[[int], str]] = {
    **dict.fromkeys(("chineseCounting", "chineseCountingThousand", "taiwaneseCountingThousand"), _chinese),
    "japaneseCounting": _chinese,
    "chineseLegalSimplified": lambda count: _counted(count, _FORMAL, "拾佰仟", short=False),
    **dict.fromkeys(("ideographDigital", "taiwaneseCounting"), _digitwise),
    "ideographTraditional": lambda count: _STEMS[(count - 1) % 10],
    "ideographZodiac": lambda count: _BRANCHES[(count - 1) % 12],
    **dict.fromkeys(("decimalFullWidth", "decimalFullWidth2"), _full_width),
    **dict.fromkeys(("decimalEnclosedCircle", "decimalEnclosedCircleChinese"), _circled),
    "decimalZero": lambda count: f"{count:02}",
    "upperRoman": _roman,
    "lowerRoman": lambda count: _roman(count).lower(),
    "upperLetter": _letters,
    "lowerLetter": lambda count: _letters(count).lower(),
}
