"""Puts masthead, body and tail together into one bulletin."""

from dataclasses import dataclass, replace

from distributor.bulletin.body import Body, read_body
from distributor.bulletin.fields import AUTHORS
from distributor.bulletin.front import Front, read_front
from distributor.bulletin.head_shapes import classification_of
from distributor.bulletin.markdown import read_markdown
from distributor.bulletin.masthead import Masthead, read_masthead
from distributor.bulletin.model import Bulletin, Contact, Kind, Section
from distributor.bulletin.names import split_people
from distributor.bulletin.parts import Page
from distributor.bulletin.shape import close_up, compact
from distributor.bulletin.tail import Tail, read_tail, tail_start
from distributor.schedule.rule import Rule

_TOP = 8


@dataclass(frozen=True, slots=True)
class Pieces:
    """One source taken apart, for the checks: each piece knows its lines."""

    page: Page
    front: Front
    masthead: Masthead
    body: Body
    tail: Tail


def take_apart(text: str) -> Pieces:
    """Reads Markdown with LF line breaks into its pieces. Never raises for content."""
    return take_page_apart(read_markdown(text))


def take_page_apart(page: Page) -> Pieces:
    """The pieces of a page, whatever kind of file it was read from."""
    front = read_front(page.front)
    masthead = read_masthead(page.parts, titled=front.title is not None)
    rest = page.parts[masthead.end :]
    start = tail_start(rest)
    tail = read_tail(rest[start:])
    return Pieces(page, front, masthead, read_body(rest[:start]), tail)


def assemble(pieces: Pieces) -> Bulletin:
    """The bulletin that the pieces come to. What is printed counts before what front matter says."""
    front, head, body, tail = pieces.front, pieces.masthead, pieces.body, pieces.tail
    issue = head.issue
    lines = head.lines or ((close_up(front.title),) if front.title else ())
    return Bulletin(
        title=" ".join(lines),
        masthead=lines,
        kind=head.kind if head.kind is not Kind.ORDINARY else front.kind,
        issue_no=issue.number if issue else front.issue_no,
        issue_line=head.issue_line or front.issue_line,
        total_no=head.total.number if head.total else front.total_no,
        year=(issue.year if issue else None) or front.year,
        issuer=head.issuer or front.issuer or tail.printer,
        date=head.date
        or front.date
        or (body.signed.date if body.signed else None)
        or (tail.printed.date if tail.printed else None),
        classification=head.classification or front.classification or _early_marking(pieces.page),
        marking=head.marking or front.marking,
        sections=_with_writer(body.sections, tail),
        roles=(*head.roles, *tail.roles) or front.roles,
        addressees=tail.addressees or front.addressees,
        contact=Contact(tail.contact.email or front.email, tail.contact.phone or front.phone, tail.contact.raw),
        copies=tail.copies or front.copies,
        extra=(*head.extra, *([body.signed_text] if body.signed_text else []), *tail.extra),
        contents=body.contents,
        send_at=front.send_at if isinstance(front.send_at, Rule) else None,
    )


def _early_marking(page: Page) -> str | None:
    """A secrecy marking near the top counts even where no masthead was recognised: the gate fails closed."""
    lines = (line.text for part in page.parts[:_TOP] for line in part.lines[:_TOP])
    return next((grade for text in lines if len(text) < 20 and (grade := classification_of(text))), None)


def _with_writer(sections: tuple[Section, ...], tail: Tail) -> tuple[Section, ...]:
    """A bulletin of one report without a source: the 撰稿 or 供稿 of the sign-off is its source."""
    items = [item for section in sections for item in section.items]
    written = next((each for each in tail.fields if compact(each.label) in AUTHORS), None)
    if len(items) != 1 or items[0].attribution or written is None:
        return sections
    name = " ".join(split_people(written.value)) or None
    return tuple(
        replace(section, items=tuple(replace(item, attribution=name) for item in section.items)) for section in sections
    )
