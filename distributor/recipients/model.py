"""The directory of groups as an admin writes it, and the recipients it comes to.

The two are apart on purpose: a directory may name a person three times, a bulletin
reaches that person's address once.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from distributor.bulletin.model import Direction
from distributor.errors import Place


class Acknowledge(StrEnum):
    """Whether a group is asked for a 签收."""

    NEVER = "never"
    OPTIONAL = "optional"
    REQUIRED = "required"


class SatisfiedBy(StrEnum):
    """Whose 签收 satisfies a unit."""

    ANY = "any"
    ALL = "all"


class Remark(StrEnum):
    """Whether a remark (报: 批示, otherwise 备注) may be written beside the 签收."""

    NEVER = "never"
    OPTIONAL = "optional"


class ReadReport(StrEnum):
    """Whether a letter asks the reader's mail program to report that it was read (RFC 8098)."""

    NEVER = "never"
    ASK = "ask"


class Attach(StrEnum):
    """What travels with a group's letter as a file."""

    PDF = "pdf"
    PDF_WITH_CODE = "pdf_with_code"  # with the code of the reader's own page, where the office has pages


class WeComForm(StrEnum):
    """What a member of 企业微信 has before their eyes (developer.work.weixin.qq.com/document/path/90236)."""

    CARD = "card"  # template_card, the only one with a button
    TEXTCARD = "textcard"
    NEWS = "news"
    MPNEWS = "mpnews"
    FILE = "file"
    CARD_AND_FILE = "card_and_file"


class OnUnknown(StrEnum):
    """What happens to a delivery whose outcome cannot be known (see docs/delivery-states.md)."""

    HOLD = "hold"
    RESEND = "resend"


@dataclass(frozen=True, slots=True)
class Person:
    """A person or desk. `addresses` maps a channel's name to the normalised address."""

    name: str
    role: str | None = None
    addresses: dict[str, str] = field(default_factory=dict)
    id: str | None = None
    place: Place | None = field(default=None, compare=False)
    mobile: str = ""  # by which an account may be looked up; nothing is sent to it


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation in a group, the names it answers to on the bulletin's lines, and its people."""

    name: str
    people: tuple[Person, ...]
    covers: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients who get the same letter."""

    name: str
    direction: Direction
    units: tuple[Unit, ...]
    template: str  # folder under templates/email/; defaults to the direction's word
    channels: tuple[str, ...] = ("email",)
    acknowledge: Acknowledge = Acknowledge.NEVER
    due: str | None = None
    satisfied_by: SatisfiedBy = SatisfiedBy.ANY
    on_unknown: OnUnknown = OnUnknown.HOLD
    remark: Remark | None = None  # None: as its direction has it
    read_report: ReadReport = ReadReport.NEVER
    remind: tuple[str, ...] = ()
    escalate_after: str | None = None
    attach: tuple[Attach, ...] | None = None  # None: as its direction has it
    wecom_form: WeComForm = WeComForm.CARD
    pixel: bool = False  # whether letters load a picture of one point from the reader's page
    covers: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False)

    @property
    def attached(self) -> tuple[Attach, ...]:
        """What its letters carry: by default superiors, who print what they read, get the PDF."""
        if self.attach is not None:
            return self.attach
        return (Attach.PDF_WITH_CODE,) if self.direction is Direction.REPORT else ()


@dataclass(frozen=True, slots=True)
class Directory:
    """All groups, in the order of the file."""

    groups: tuple[Group, ...]
    file: str = "recipients.yaml"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address we owe the bulletin to on one channel, after duplicates are resolved.

    `group` is the group whose letter it gets (the highest direction it stands in);
    `credited` names the other groups it satisfies; `people` are all who share the address.
    """

    key: str  # the person's id if given, else the normalised address
    channel: str
    address: str
    name: str
    unit: str
    role: str | None
    group: str
    credited: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserve:
    """Where a person is reached when the copy before could not be: the next channel of the group's chain."""

    after_channel: str
    after_address: str
    recipient: Recipient
