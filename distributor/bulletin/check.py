"""What looks wrong in a bulletin as a whole: missing or contradicting parts, each with its place.

Errors block a bulletin; warnings need a person's yes. An ordinary, well-made bulletin has none.
"""

import datetime as dt
import re
from collections.abc import Iterator

from distributor.bulletin.assemble import Pieces
from distributor.bulletin.findings import error, warning
from distributor.bulletin.model import Bulletin, Kind
from distributor.bulletin.numbers import find_issues
from distributor.bulletin.parts import Mishap
from distributor.bulletin.send_rule import check_send_rule
from distributor.bulletin.shape import compact
from distributor.bulletin.tailcheck import check_tail
from distributor.errors import Place, Problem
from distributor.words import words

_LONGEST_TITLE = 100
_LONGEST_NAME = 200
_NAMED = re.compile(r"(?:简报|快报|专报|周报|月报|日报|信息|动态|通讯|简讯|快讯|要情|本刊|本期)[^，。；\n]{0,4}$")


def check_bulletin(pieces: Pieces, bulletin: Bulletin, text: str, file: str) -> tuple[Problem, ...]:
    """Every finding about the bulletin, in the order of the page."""
    checks = (
        *_gate(pieces, bulletin, file),
        *check_send_rule(pieces.front.send_at, text, file),
        *_masthead(pieces, bulletin, text, file),
        *_dates(pieces, bulletin, file),
        *_body(bulletin, file),
        *check_tail(pieces, bulletin, file),
        *_headers(pieces, bulletin, file),
        *_mishaps(pieces, file),
    )
    return tuple(sorted(checks, key=lambda problem: (problem.place.line == 0, problem.place)))


def _gate(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    if bulletin.classification:
        yield error(
            Place(file, pieces.masthead.classification_line),
            "classified",
            words("The bulletin is marked {marking} and must not be mailed.", marking=bulletin.classification),
            words("Deliver it as the rules for secret papers say."),
        )
    if bulletin.marking:
        yield warning(
            Place(file, pieces.masthead.marking_line),
            "internal",
            words("The bulletin is marked {marking}.", marking=bulletin.marking),
            words("Make sure that every recipient may have it."),
        )


def _masthead(pieces: Pieces, bulletin: Bulletin, text: str, file: str) -> Iterator[Problem]:
    head = pieces.masthead
    place = Place(file, head.issue_number_line or head.title_line)
    if not bulletin.title:
        yield error(
            Place(file, 1),
            "title_missing",
            words("The bulletin has no title."),
            words("Put the name on the first line: # 工作简报."),
        )
    if head.issue and head.issue.number is None:
        yield error(
            place,
            "number_placeholder",
            words("The number “{raw}” is not filled in.", raw=head.issue.raw),
            words("Write the number, such as 第12期."),
        )
    elif bulletin.issue_no is None and bulletin.kind in (Kind.ORDINARY, Kind.SUPPLEMENT):
        yield error(
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
        yield warning(
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
        yield warning(
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
                yield warning(
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
        yield error(
            Place(file, line),
            "date_impossible",
            words("“{raw}” is no date.", raw=raw),
            words("Write the date as 2026年1月5日."),
        )
    if bulletin.date is None:
        if not bad:
            yield error(
                Place(file, head.issue_number_line or head.title_line or 1),
                "date_missing",
                words("The bulletin has no date."),
                words("Write it in the masthead, such as 2026年1月5日."),
            )
        return
    yield from _differing(pieces, bulletin.date, file)
    if bulletin.year and bulletin.year != bulletin.date.year:
        yield warning(
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
            yield warning(
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
            yield warning(
                Place(file, section.line),
                "section_empty",
                words("The section {heading} is empty.", heading=section.heading),
                words("Take its heading out, or add its reports."),
            )
    if not any(section.items for section in bulletin.sections):
        yield error(Place(file), "body_missing", words("The bulletin has no text."), words("Add its reports."))
    seen: set[str] = set()
    for item in (item for section in bulletin.sections for item in section.items if item.title):
        if compact(item.title) in seen:
            yield warning(
                Place(file, item.line),
                "title_repeated",
                words("Two reports have the title {title}.", title=item.title),
                words("Take one out, or give it a title of its own."),
            )
        seen.add(compact(item.title))


def _headers(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    """What goes into a letter's subject and headers must be plain words (RFC 2047 6.2, RFC 5322 2.2)."""
    fields = ((bulletin.title, pieces.masthead.title_line), (bulletin.issuer or "", 0), (bulletin.issue_line, 0))
    for value, line in fields:
        if "=?" in value:
            yield error(
                Place(file, line),
                "header_unsafe",
                words("“{value}” contains =?, which mail programs take for coded text.", value=value[:60]),
                words("Take the signs =? out."),
            )
        if len(value) > (_LONGEST_TITLE if value == bulletin.title else _LONGEST_NAME):
            yield error(
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
    return warning(place, mishap.kind, what, words("Write it into the text if readers need it."))
