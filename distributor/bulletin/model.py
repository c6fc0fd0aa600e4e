"""What a bulletin is: masthead, sections, items, sign-off, 报/送/发 lines, contact.

The model keeps the office's own words. Normalised forms (a date, a number, a duty) stand
beside the raw text, never in its place.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from distributor.errors import Place, Problem
from distributor.schedule.rule import Rule


class Kind(StrEnum):
    """Which series a number belongs to; supplements count apart from ordinary numbers."""

    ORDINARY = "ordinary"
    SUPPLEMENT = "supplement"  # 增刊
    SPECIAL = "special"  # 专刊, 特刊, 号外
    TRIAL = "trial"  # 试刊


class Direction(StrEnum):
    """Where a letter goes, seen from the office. The values are the words on the paper."""

    REPORT = "报"  # up, to superiors
    SEND = "送"  # across, to peers
    ISSUE = "发"  # down, to units


class Duty(StrEnum):
    """What a role in the sign-off line means, whatever the office calls it."""

    EDITOR = "editor"  # 编辑, 编校, 责任编辑 …
    PROOFREADER = "proofreader"  # 校对, 校核
    REVIEWER = "reviewer"  # 审核, 核稿, 审校
    APPROVER = "approver"  # 核签, 签发, 审签, 审定 …
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one look. `link` is an absolute http(s) or mailto address, or empty."""

    text: str
    bold: bool = False
    italic: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first `header_rows` rows are the heading."""

    rows: tuple[tuple[tuple[Span, ...], ...], ...]
    header_rows: int = 0


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list in the body. Each entry is a sequence of blocks."""

    entries: tuple[tuple["Block", ...], ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture beside the bulletin file. `source` is the path as written, relative to the bulletin."""

    source: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A note set apart from the text, such as 编者按."""

    blocks: tuple["Block", ...]


Block = Paragraph | Table | BulletList | Picture | Quote


@dataclass(frozen=True, slots=True)
class Digest:
    """A unit-led short report inside an item: 清水镇：13日，…"""

    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One report. `title` is plain text; the body does not repeat a title or an attribution.

    `run_in`: the title stood at the head of its paragraph and is printed so.
    `inline_heading`: the title is a bold 【】 block inside a section (人文环境建设).
    An empty title: the report is printed without one. `raw_title` and `raw_attribution` are as printed,
    with numbering, brackets and words such as 供稿.
    """

    title: str
    attribution: str | None = None
    body: tuple[Block, ...] = ()
    run_in: bool = False
    inline_heading: bool = False
    digests: tuple[Digest, ...] = ()
    raw_title: str = ""
    raw_attribution: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the bulletin. `heading` is closed up and without 【】; None when the bulletin has no sections."""

    heading: str | None
    items: tuple[Item, ...] = ()
    raw_heading: str | None = None
    note: tuple[Block, ...] = ()  # 编者按 or other text before the first item
    line: int = 0


@dataclass(frozen=True, slots=True)
class Role:
    """One entry of the sign-off line: the label as printed and who stands there (empty: left blank)."""

    label: str
    names: tuple[str, ...]
    duty: Duty


@dataclass(frozen=True, slots=True)
class AddresseeLine:
    """One 报/送/发 line: the label and text as printed, and the names it lists."""

    direction: Direction
    label: str
    raw: str
    names: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    email: str | None = None
    phone: str | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One number of the publication, as read from one source. Immutable.

    `classification` is the secrecy marking as printed (秘密, 机密, 绝密) and forbids mailing;
    `marking` is any other marking before the masthead (内部资料 注意保存, 内部交流).
    `masthead` holds the title's own lines. `extra` keeps tail lines that have no other home
    (主题词, 印发 lines), so that nothing the office wrote is lost. `contents` is the printed list of contents.
    `send_at` is the rule of its own by which it goes out, before the office's; it is not printed.
    """

    title: str
    masthead: tuple[str, ...] = ()
    kind: Kind = Kind.ORDINARY
    issue_no: int | None = None
    issue_line: str = ""
    total_no: int | None = None
    year: int | None = None
    issuer: str | None = None
    date: dt.date | None = None
    classification: str | None = None
    marking: str | None = None
    sections: tuple[Section, ...] = ()
    roles: tuple[Role, ...] = ()
    addressees: tuple[AddresseeLine, ...] = ()
    contact: Contact = field(default_factory=Contact)
    copies: int | None = None
    extra: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    send_at: Rule | None = None

    def names_for(self, direction: Direction) -> tuple[str, ...]:
        """The names on all lines of one direction, in order."""
        return tuple(name for line in self.addressees if line.direction is direction for name in line.names)

    def holders(self, duty: Duty) -> tuple[str, ...]:
        """The people who signed under one duty, in order."""
        return tuple(name for role in self.roles if role.duty is duty for name in role.names)

    @property
    def editors(self) -> tuple[str, ...]:
        """Who edited it; where no editor signs, nobody."""
        return self.holders(Duty.EDITOR)

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved it: 核签, 签发 …; where the sign-off has no such entry, the reviewer is the last to sign."""
        has_approver = any(role.duty is Duty.APPROVER for role in self.roles)
        return self.holders(Duty.APPROVER if has_approver else Duty.REVIEWER)

    def pictures(self) -> Iterator[Picture]:
        """Every picture of the body, in order."""
        for section in self.sections:
            for blocks in (section.note, *(item.body for item in section.items)):
                yield from _pictures(blocks)


def _pictures(blocks: tuple[Block, ...]) -> Iterator[Picture]:
    for block in blocks:
        if isinstance(block, Picture):
            yield block
        elif isinstance(block, BulletList):
            for entry in block.entries:
                yield from _pictures(entry)
        elif isinstance(block, Quote):
            yield from _pictures(block.blocks)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one source gave: the model, and every finding with its line and column."""

    bulletin: Bulletin
    findings: tuple[Problem, ...] = ()
    source: bytes = b""
    assets: Mapping[str, bytes] = field(default_factory=dict)  # pictures by their `Picture.source`
    digest: str = ""  # sha256 (hex) over the source bytes and the bytes of the pictures it refers to
    #: Of a Word document, the place of each printed paragraph; there every `line` of the model is a paragraph.
    paragraphs: Mapping[int, Place] = field(default_factory=dict)

    def placed(self, problem: Problem, file: str) -> Problem:
        """A problem on a `line` of the model in this bulletin's `file`, with the place that people look for."""
        place = self.paragraphs.get(problem.place.line)
        if place is None or problem.place.file != file:
            return problem
        return replace(problem, place=replace(place, file=file))

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(finding for finding in self.findings if finding.grade == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(finding for finding in self.findings if finding.grade == "warning")
