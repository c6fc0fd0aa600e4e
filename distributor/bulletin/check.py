"""What looks wrong in a bulletin as a whole: missing or contradicting parts, each with its place.

Errors block a bulletin; warnings need a person's yes. An ordinary, well-made bulletin has none.
"""

import datetime as dt
import re
from collections.abc import Iterator

from distributor.bulletin.assemble import Pieces
from distributor.bulletin.fields import FieldKind
from distributor.bulletin.model import Bulletin, Direction, Duty, Kind
from distributor.bulletin.numbers import find_issues
from distributor.bulletin.parts import Mishap
from distributor.bulletin.shape import compact
from distributor.errors import Place, Problem
from distributor.words import Words, words

_LONGEST_TITLE = 100
_LONGEST_NAME = 200
_NAMED = re.compile(r"(?:简报|快报|专报|周报|月报|日报|信息|动态|通讯|简讯|快讯|要情|本刊|本期)[^，。；\n]{0,4}$")


def check_bulletin(pieces: Pieces, bulletin: Bulletin, text: str, file: str) -> tuple[Problem, ...]:
    """Every finding about the bulletin, in the order of the page."""
    checks = (
        *_gate(pieces, bulletin, file),
        *_masthead(pieces, bulletin, text, file),
        *_dates(pieces, bulletin, file),
        *_body(bulletin, file),
        *_sign_off(pieces, bulletin, file),
        *_addressees(bulletin, file),
        *_contact(pieces, bulletin, file),
        *_headers(pieces, bulletin, file),
        *_mishaps(pieces, file),
    )
    return tuple(sorted(checks, key=lambda problem: (problem.place.line == 0, problem.place)))


def _error(place: Place, code: str, what: Words, do: Words) -> Problem:
    return Problem(place, code, what, do)


def _warning(place: Place, code: str, what: Words, do: Words) -> Problem:
    return Problem(place, code, what, do, "warning")


def _gate(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    if bulletin.classification:
        yield _error(
            Place(file, pieces.masthead.classification_line),
            "classified",
            words("The bulletin is marked {marking} and must not be mailed.", marking=bulletin.classification),
            words("Deliver it as the rules for secret papers say."),
        )
    if bulletin.marking:
        yield _warning(
            Place(file, pieces.masthead.marking_line),
            "internal",
            words("The bulletin is marked {marking}.", marking=bulletin.marking),
            words("Make sure that every recipient may have it."),
        )


def _masthead(pieces: Pieces, bulletin: Bulletin, text: str, file: str) -> Iterator[Problem]:
    head = pieces.masthead
    place = Place(file, head.issue_number_line or head.title_line)
    if not bulletin.title:
        yield _error(
            Place(file, 1),
            "title_missing",
            words("The bulletin has no title."),
            words("Put the name on the first line: # 工作简报."),
        )
    if head.issue and head.issue.number is None:
        yield _error(
            place,
            "number_placeholder",
            words("The number “{raw}” is not filled in.", raw=head.issue.raw),
            words("Write the number, such as 第12期."),
        )
    elif bulletin.issue_no is None and bulletin.kind in (Kind.ORDINARY, Kind.SUPPLEMENT):
        yield _error(
            place,
            "number_missing",
            words("The bulletin has no number."),
            words("Write it below the title, such as 第12期."),
        )
    if (
        bulletin.issue_no
        and bulletin.total_no
        and bulletin.kind is Kind.ORDINARY
        and bulletin.total_no < bulletin.issue_no
    ):
        yield _warning(
            place,
            "total_below_number",
            words(
                "The running total {total} is below the number {number}.",
                total=bulletin.total_no,
                number=bulletin.issue_no,
            ),
            words("Correct the one that is wrong."),
        )
    if not bulletin.issuer:
        yield _warning(
            Place(file, head.title_line or 1),
            "issuer_missing",
            words("The masthead names no issuing office."),
            words("Write the office below the number."),
        )
    yield from _other_numbers(pieces, bulletin, text, file)


def _other_numbers(pieces: Pieces, bulletin: Bulletin, text: str, file: str) -> Iterator[Problem]:
    """The publication's own number named again in the text, and differently."""
    if bulletin.issue_no is None:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if number <= pieces.masthead.issue_number_line or "期" not in line:
            continue
        for found in find_issues(line):
            if found.number in (None, bulletin.issue_no) or found.start > 5_000:
                continue
            before = line[max(found.start - 30, 0) : found.start]
            if _NAMED.search(before) or (bulletin.title and compact(before).endswith(compact(bulletin.title)[-6:])):
                yield _warning(
                    Place(file, number, found.start + 1),
                    "number_differs",
                    words(
                        "The masthead says {number}, the text says {other}.", number=bulletin.issue_no, other=found.raw
                    ),
                    words("Correct the one that is wrong."),
                )


def _dates(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    head, body, tail = pieces.masthead, pieces.body, pieces.tail
    places = [(found, head.date_line) for found in head.dates]
    places += [(body.signed, body.signed_line)] if body.signed else []
    places += [(tail.printed, tail.printed_line)] if tail.printed else []
    bad = [(found.raw, line) for found, line in places if found.date is None]
    bad += [(pieces.front.bad_date, 1)] if pieces.front.bad_date else []
    for raw, line in bad:
        yield _error(
            Place(file, line),
            "date_impossible",
            words("“{raw}” is no date.", raw=raw),
            words("Write the date as 2026年1月5日."),
        )
    if bulletin.date is None:
        if not bad:
            yield _error(
                Place(file, head.issue_number_line or head.title_line or 1),
                "date_missing",
                words("The bulletin has no date."),
                words("Write it in the masthead, such as 2026年1月5日."),
            )
        return
    yield from _differing(pieces, bulletin.date, file)
    if bulletin.year and bulletin.year != bulletin.date.year:
        yield _warning(
            Place(file, head.issue_number_line),
            "year_differs",
            words("The number belongs to {year}, the date to {date}.", year=bulletin.year, date=bulletin.date.year),
            words("Correct the one that is wrong."),
        )


def _differing(pieces: Pieces, date: dt.date, file: str) -> Iterator[Problem]:
    head, body, tail = pieces.masthead, pieces.body, pieces.tail
    others = [(found, head.date_line) for found in head.dates]
    others += [(body.signed, body.signed_line)] if body.signed else []
    others += [(tail.printed, tail.printed_line)] if tail.printed else []
    dates = [(found.date, line) for found, line in others if found.date]
    dates += [(pieces.front.date, 1)] if pieces.front.date else []
    for other, line in dates:
        if other != date:
            yield _warning(
                Place(file, line),
                "date_differs",
                words(
                    "The bulletin is dated {date}, but here stands {other}.",
                    date=date.isoformat(),
                    other=other.isoformat(),
                ),
                words("Letters will show {date}; correct the one that is wrong.", date=date.isoformat()),
            )


def _body(bulletin: Bulletin, file: str) -> Iterator[Problem]:
    for section in bulletin.sections:
        if section.heading is not None and not section.items and not section.note:
            yield _warning(
                Place(file, section.line),
                "section_empty",
                words("The section {heading} is empty.", heading=section.heading),
                words("Take its heading out, or add its reports."),
            )
    if not any(section.items for section in bulletin.sections):
        yield _error(Place(file), "body_missing", words("The bulletin has no text."), words("Add its reports."))
    seen: set[str] = set()
    for item in (item for section in bulletin.sections for item in section.items if item.title):
        if compact(item.title) in seen:
            yield _warning(
                Place(file, item.line),
                "title_repeated",
                words("Two reports have the title {title}.", title=item.title),
                words("Take one out, or give it a title of its own."),
            )
        seen.add(compact(item.title))


def _sign_off(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    lines = {compact(each.label): each.line for each in pieces.tail.fields if each.kind is FieldKind.ROLE}
    approvers = [role for role in bulletin.roles if role.duty is Duty.APPROVER]
    approvers = approvers or [role for role in bulletin.roles if role.duty is Duty.REVIEWER]
    if not approvers:
        yield _error(
            Place(file),
            "approver_missing",
            words("Nobody has approved the bulletin: it has no 核签 or 签发."),
            words("Add who approved it, such as 核签：李某."),
        )
    elif not any(role.names for role in approvers):
        yield _error(
            Place(file, lines.get(compact(approvers[0].label), 0)),
            "approver_blank",
            words("{label} is blank: nobody has approved the bulletin.", label=approvers[0].label),
            words("Add the name of who approved it."),
        )
    for role in bulletin.roles:
        if role.duty in (Duty.EDITOR, Duty.PROOFREADER) and not role.names:
            yield _warning(
                Place(file, lines.get(compact(role.label), 0)),
                "editor_blank",
                words("{label} is blank.", label=role.label),
                words("Add the name, or take the label out."),
            )


def _addressees(bulletin: Bulletin, file: str) -> Iterator[Problem]:
    for line in bulletin.addressees:
        if not line.names:
            yield _warning(
                Place(file, line.line),
                "addressees_empty",
                words("The line {label} names nobody.", label=line.label),
                words("Name whom the bulletin goes to, or take the line out."),
            )
    if not any(bulletin.names_for(direction) for direction in Direction):
        yield _error(
            Place(file),
            "addressees_missing",
            words("The bulletin names nobody it goes to."),
            words("Add lines such as 报：区委、区政府 and 发：各镇街."),
        )


def _contact(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    if not bulletin.contact.email and not bulletin.contact.phone:
        line = next((each.line for each in pieces.tail.fields if each.kind in (FieldKind.PHONE, FieldKind.EMAIL)), 0)
        yield _warning(
            Place(file, line),
            "contact_missing",
            words("The bulletin gives neither a telephone number nor a mail address."),
            words("Add a last line such as 电话：010-55550100."),
        )


def _headers(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    """What goes into a letter's subject and headers must be plain words (RFC 2047 6.2, RFC 5322 2.2)."""
    fields = ((bulletin.title, pieces.masthead.title_line), (bulletin.issuer or "", 0), (bulletin.issue_line, 0))
    for value, line in fields:
        if "=?" in value:
            yield _error(
                Place(file, line),
                "header_unsafe",
                words("“{value}” contains =?, which mail programs take for coded text.", value=value[:60]),
                words("Take the signs =? out."),
            )
        if len(value) > (_LONGEST_TITLE if value == bulletin.title else _LONGEST_NAME):
            yield _error(
                Place(file, line),
                "title_too_long",
                words(
                    "“{value}…” has {length} characters; the subject of a letter cannot carry them.",
                    value=value[:30],
                    length=len(value),
                ),
                words("Shorten it to {limit} characters.", limit=_LONGEST_TITLE),
            )


def _mishaps(pieces: Pieces, file: str) -> Iterator[Problem]:
    for mishap in pieces.page.mishaps[:50]:
        yield _mishap(mishap, Place(file, mishap.number))


def _mishap(mishap: Mishap, place: Place) -> Problem:
    text = mishap.text[:80]
    match mishap.kind:
        case "link_dropped":
            what = words("The link to {text} cannot be followed from a letter; only its words are kept.", text=text)
        case "link_title":
            what = words("The hidden words “{text}” of a link or picture are not printed.", text=text)
        case "picture_in_table":
            what = words("The picture {text} stands in a table and is not printed.", text=text)
        case _:
            what = words("The label “{text}” of a literal block is not printed.", text=text)
    return _warning(place, mishap.kind, what, words("Write it into the text if readers need it."))
