"""The tail (报尾): addressees, sign-off, contact, copies – found from the end by their labels."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from distributor.bulletin.fields import Field, FieldKind, direction_of, duty_of, is_tail, join_cells, split_fields
from distributor.bulletin.model import AddresseeLine, Contact, Role
from distributor.bulletin.names import find_copies, split_addressees, split_people
from distributor.bulletin.numbers import FoundDate, chinese_number, find_dates
from distributor.bulletin.parts import Line, Part, PartKind
from distributor.bulletin.shape import compact, fold, squeeze

_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,6}")
_PHONE = re.compile(
    r"(?<![\d@.])(?:\+?86[ -]{0,2})?(?:\(?0\d{2,3}\)?[ -]{0,3})?\d{3,4}[ -]?\d{4}(?!\d)|1\d{10}(?!\d)|400-?\d{3}-?\d{4}"
)
_LOOSE = 3
_LOOSE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Tail:
    """What the tail says. `printed` is the 印发 date, `printer` the office on that line."""

    roles: tuple[Role, ...] = ()
    addressees: tuple[AddresseeLine, ...] = ()
    contact: Contact = field(default_factory=Contact)
    copies: int | None = None
    extra: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    printed: FoundDate | None = None
    printed_line: int = 0
    printer: str | None = None


def tail_start(parts: Sequence[Part]) -> int:
    """The index of the first part that belongs to the tail; `len(parts)` when there is none."""
    start, loose = len(parts), 0
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        if _opens_tail(part):
            start, loose = at, 0
        elif part.kind is PartKind.RULE:
            continue
        elif part.kind is not PartKind.TEXT or len(part.text) > _LOOSE_LENGTH or loose == _LOOSE:
            break
        else:
            loose += 1
    return start


def read_tail(parts: Sequence[Part]) -> Tail:
    """Reads the tail's parts: every line becomes a field, a continuation of one, or `extra`."""
    fields: list[Field] = []
    tail = Tail()
    extra: list[str] = []
    for line in _lines(parts):
        found = split_fields(line)
        printed = None if found and found[0].kind is not FieldKind.OTHER else _printed(line)
        if found and printed is None:
            fields += found
        elif printed is not None:
            tail = replace(tail, printed=printed[1], printer=printed[0], printed_line=line.number)
            extra.append(squeeze(line.text))
        elif fields and _continues(fields[-1], line):
            fields[-1] = replace(fields[-1], value=f"{fields[-1].value}\n{line.text}")
        elif _is_copies(line.text):
            fields.append(Field(FieldKind.OTHER, "", line.text, line.number))
        else:
            extra.append(squeeze(line.text))
    return _filled(tail, fields, extra)


def _opens_tail(part: Part) -> bool:
    if part.kind not in (PartKind.TEXT, PartKind.TABLE, PartKind.LIST, PartKind.QUOTE) or not part.lines:
        return False
    first = next(_lines((part,)))
    return is_tail(split_fields(first)) or _printed(first) is not None or _is_copies(first.text)


def _lines(parts: Sequence[Part]) -> Iterator[Line]:
    for part in parts:
        yield from join_cells(part.lines) if part.kind is PartKind.TABLE else part.lines


def _is_copies(text: str) -> bool:
    match = find_copies(text)
    return match is not None and len(text.strip()) - (match.end() - match.start()) < 3


def _printed(line: Line) -> tuple[str | None, FoundDate] | None:
    """`××办公室　2021年7月1日印发`: the office and date of printing."""
    folded = fold(line.text).strip()
    if len(folded) > 90 or not re.search(r"印 ?[发制]", folded):
        return None
    dates = find_dates(line.text)
    after = compact(line.text[dates[-1].end :]) if dates else ""
    if not dates or not after.startswith(("印发", "印制", "印")):
        return None
    who = squeeze(line.text[: dates[0].start]).strip("：: ")
    return who or None, dates[-1]


def _continues(before: Field, line: Line) -> bool:
    if before.kind is not FieldKind.ADDRESSEES:
        return False
    return line.indented or not before.value or before.value.rstrip()[-1:] in "、，,；;" or "、" in line.text


def _filled(tail: Tail, fields: Sequence[Field], extra: list[str]) -> Tail:
    roles = tuple(
        Role(squeeze(each.label).replace(" ", ""), split_people(_bare(each.value)), duty_of(each.label))
        for each in fields
        if each.kind is FieldKind.ROLE
    )
    addressees = tuple(
        AddresseeLine(
            direction_of(each.label), compact(each.label), each.value, split_addressees(each.value), each.line
        )
        for each in fields
        if each.kind is FieldKind.ADDRESSEES
    )
    extra += [
        f"{each.label}：{each.value}" if each.label else each.value for each in fields if each.kind is FieldKind.OTHER
    ]
    return replace(
        tail,
        roles=roles,
        addressees=addressees,
        contact=_contact(fields, extra),
        copies=_copies([*(each.value for each in fields), *extra]),
        extra=tuple(extra),
        fields=tuple(fields),
    )


def _bare(value: str) -> str:
    match = find_copies(value)
    return value[: match.start()] if match else value


def _copies(texts: Sequence[str]) -> int | None:
    found = next((match for text in texts if (match := find_copies(text))), None)
    return chinese_number(found["number"]) if found else None


def _contact(fields: Sequence[Field], extra: Sequence[str]) -> Contact:
    kinds = (FieldKind.PHONE, FieldKind.EMAIL, FieldKind.CONTACT)
    lines = [f"{squeeze(each.label)}：{squeeze(_bare(each.value))}" for each in fields if each.kind in kinds]
    phones = (phone for each in fields if each.kind is FieldKind.PHONE if (phone := _phone(each.value)))
    emails = (match[0] for text in [*(f.value for f in fields), *extra] if (match := _EMAIL.search(fold(text))))
    return Contact(next(emails, None), next(phones, None), "  ".join(lines))


def _phone(value: str) -> str | None:
    match = _PHONE.search(fold(value).replace("--", "-").replace("—", "-"))
    return squeeze(match[0]).replace(" ", "-") if match else None
