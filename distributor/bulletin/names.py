"""Lists of names in print: addressees with their two ranks of separators, and people who signed.

`，` and `；` part addressees, `、` does so too, unless it joins organs of one addressee
(各镇党委、政府) or levels of one office (省、市乡村振兴局). Separators inside brackets and
quotes belong to the name.
"""

import re

from distributor.bulletin.shape import HANZI, close_up, compact, fold, squeeze

_OPEN = '（(〔【“‘《"['
_CLOSE = '）)〕】”’》"]'
_ORGANS = re.compile(
    r"(?:人民)?政府|党委|党工委|党组|办事处|管委会|人大|政协|委员会|居委会|村委会|党支部|副主任|副书记|领导班子"
)
_LEVEL = re.compile(r"[省市区县州盟旗乡镇街]")
_FIXED = re.compile(r"各省、\s*自治区、\s*直辖市")
_HEADS = tuple("各全省市区县州镇乡街中本国")
_RESPECTS = re.compile(r"(?:各位|主要|有关|分管)?(?:领导|负责)?(?:同志|领导|成员)")
_COPIES = re.compile(
    r"[（(]? ?(?:共 ?印(?:发)?|印数|份数|印发份数|印)[ :]{0,4}"
    r"(?P<number>[0-9一二三四五六七八九十百千]{1,7}) {0,4}份?[ )）]?"
)
_PERSON = re.compile(rf"[{HANZI}]")
_UNIT_END = re.compile(
    r"(?:办公室|[办局委部处科股室院校园所站队社厅署团会司厂镇乡村区县市]|街道|中心|集团|学校|大学|学院|政府|小组)$"
)


def split_addressees(raw: str) -> tuple[str, ...]:
    """The names on one 报/送/发 line, in order; the line as printed is kept elsewhere."""
    text = _joined_lines(_without_copies(raw))
    segments = _split(text, "，,；;。")
    ranked = len(segments) > 1
    return tuple(name for segment in segments for name in _split_segment(segment, ranked))


def split_people(value: str) -> tuple[str, ...]:
    """The people or desks of one sign-off entry; blanks inside a name are closed up (王　芳 → 王芳)."""
    names: list[str] = []
    for part in re.split(r"[、，,；;/|｜]", value):
        for word in close_people(part).split(" "):
            if names and word and _UNIT_END.search(names[-1]) and len(names[-1]) > 3:
                names[-1] = f"{names[-1]} {word}"
            elif word.strip("_＿—-…（）() "):
                names.append(word)
    return tuple(names)


def close_people(text: str) -> str:
    """Closes up names that are spaced out to one width (刘 洋 → 刘洋, 王 芳 李 明 → 王芳 李明)."""
    words: list[str] = []
    open_name = False
    for word in squeeze(text).split(" "):
        single = len(word) == 1 and _PERSON.fullmatch(word) is not None
        if single and open_name:
            words[-1] += word
            open_name = False
        else:
            words.append(word)
            open_name = single
    return " ".join(words)


def find_copies(text: str) -> re.Match[str] | None:
    """共印80份 and its like; the number is group `number`."""
    match = _COPIES.search(fold(text))
    return match if match and ("份" in match[0] or ":" in match[0]) else None


def _without_copies(raw: str) -> str:
    match = find_copies(raw)
    return raw[: match.start()] + raw[match.end() :] if match else raw


def _joined_lines(text: str) -> str:
    """A line break parts names only where blanks do; elsewhere the line was merely full."""
    if re.search(r"[、，,；;]", text) is None:
        return text
    return "".join(line.strip() for line in text.split("\n"))


def _split(text: str, separators: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in _OPEN and not (character == '"' and depth):
            depth += 1
        elif character in _CLOSE:
            depth = max(depth - 1, 0)
        elif character in separators and not depth:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _split_segment(segment: str, ranked: bool) -> list[str]:
    guarded = _FIXED.sub(lambda match: match[0].replace("、", "\0"), segment)
    names: list[str] = []
    pending = ""
    for part in (word for rank in _split(guarded, "、") for word in _split_blanks(rank)):
        if pending:
            names[-1] = f"{names[-1]}、{part}"
        elif names and _belongs(names[-1], part, ranked):
            names[-1] = f"{names[-1]}、{part}"
        else:
            names.append(part)
        pending = part if _LEVEL.fullmatch(part) or part in ("各县", "各市", "各区") else ""
    return [close_up(name.replace("\0", "、")) for name in names]


def _belongs(before: str, part: str, ranked: bool) -> bool:
    """True when `part` is a second organ of the addressee before it and no name of its own."""
    if "各" not in before:
        return False
    return _ORGANS.fullmatch(part) is not None or (ranked and len(part) <= 5 and not part.startswith(_HEADS))


def _split_blanks(text: str) -> list[str]:
    words: list[str] = []
    for word in close_up(text).split(" "):
        whole = words and len(compact(words[-1])) > 2 and len(compact(word)) > 2 and not _RESPECTS.fullmatch(word)
        if whole or not words:
            words.append(word)
        else:
            words[-1] = f"{words[-1]} {word}"
    return words
