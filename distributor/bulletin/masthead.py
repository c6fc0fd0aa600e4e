"""The masthead (报头): markings, title, number, issuer and date, found from the top by their shapes.

Tolerates several title lines, letter-spacing, the number on the title's line, issuer and date in
one line, in a table or above the title, and a masthead that is only front matter or not there.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from distributor.bulletin.head_draft import NEAR, Draft, lines_after, with_part
from distributor.bulletin.head_shapes import (
    ORGANISATION,
    bare_issuer,
    bare_title,
    is_date_line,
    number_follows,
)
from distributor.bulletin.model import Kind, Role
from distributor.bulletin.numbers import (
    FoundDate,
    FoundIssue,
    find_issues,
)
from distributor.bulletin.parts import Part, PartKind
from distributor.bulletin.shape import squeeze

_KINDS_OF_PART = (PartKind.HEADING, PartKind.TEXT, PartKind.TABLE)


@dataclass(frozen=True, slots=True)
class Masthead:
    """What the masthead says, with the lines where it says it. `end` is the first part of the body."""

    lines: tuple[str, ...] = ()
    issue_line: str = ""
    issue: FoundIssue | None = None
    total: FoundIssue | None = None
    kind: Kind = Kind.ORDINARY
    issuer: str | None = None
    dates: tuple[FoundDate, ...] = ()
    classification: str | None = None
    marking: str | None = None
    roles: tuple[Role, ...] = ()
    extra: tuple[str, ...] = ()
    end: int = 0
    title_line: int = 0
    issue_number_line: int = 0
    date_line: int = 0
    classification_line: int = 0
    marking_line: int = 0
    printed: tuple[str, ...] = ()  # every line that was read as masthead

    @property
    def date(self) -> dt.date | None:
        return next((found.date for found in self.dates if found.date), None)


def read_masthead(parts: Sequence[Part], *, titled: bool = False) -> Masthead:
    """Reads the masthead from the top. `titled`: front matter names a title, so no heading has to."""
    draft = Draft()
    end = 0
    for at, part in enumerate(parts):
        if part.kind is PartKind.RULE:
            end = at + 1
            if draft.begun and not _goes_on(parts, at + 1, draft):
                break
        elif part.kind not in _KINDS_OF_PART or (taken := with_part(draft, parts, at, titled)) is None:
            break
        else:
            draft, end = taken, at + 1
    return _finished(draft, end, [line.text for part in parts[:end] for line in part.lines])


def _goes_on(parts: Sequence[Part], at: int, draft: Draft) -> bool:
    """True when the masthead continues below a rule: with its number, or with the title itself."""
    following = lines_after(parts, at)[:NEAR]
    if not following:
        return False
    first = following[0].text
    numbered = not draft.issue_lines and (number_follows(following) or bool(find_issues(first)))
    return numbered or is_date_line(first)


def _finished(draft: Draft, end: int, printed: Sequence[str]) -> Masthead:
    titles = [title for text in draft.titles if (title := bare_title(text))]
    issuer = next((name for text in draft.issuers if (name := bare_issuer(text))), None)
    if issuer is None and len(titles) > 1 and ORGANISATION.search(titles[0]):
        issuer = titles[0]
    return Masthead(
        lines=tuple(titles),
        issue_line=squeeze(" ".join(draft.issue_lines)),
        issue=draft.issue,
        total=draft.total,
        kind=draft.kind,
        issuer=issuer,
        dates=tuple(draft.dates),
        classification=draft.classification,
        marking=squeeze(" ".join(draft.markings)) or None,
        roles=tuple(draft.roles),
        extra=(*draft.extra, *(squeeze(text) for text in draft.issuers[1:])),
        end=end,
        title_line=draft.title_line,
        issue_number_line=draft.issue_number_line,
        date_line=draft.date_line,
        classification_line=draft.classification_line,
        marking_line=draft.marking_line,
        printed=tuple(printed),
    )
