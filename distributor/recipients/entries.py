"""The shape of `recipients.yaml`: its keys, their defaults and what each may hold.

docs/settings.md is generated from these models. They check one entry at a time; what takes
two entries to see (duplicates, the count of people) is checked in `file.py`.
"""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from distributor.address import header_safe, read_address
from distributor.bulletin.model import Direction
from distributor.misfit import Misfit, Unquoted, shortened, suggestion
from distributor.recipients.manners import PHONE, is_patience, is_reminder, way_named_in
from distributor.recipients.model import Acknowledge, Attach, OnUnknown, ReadReport, Remark, SatisfiedBy, WeComForm
from distributor.words import words
from distributor.yaml.scalars import truth

#: Everything a group's `channels` may name once it is set up.
CHANNELS = ("email", "wecom", "wecom_robot", "apprise")

_LONGEST = 100  # characters of a name; three times the longest official unit name


def _text(value: str) -> str:
    text = header_safe(value.strip())
    if not text:
        raise Misfit("empty", words("The text is empty."), words("Write a text or remove the key."))
    if len(text) > _LONGEST:
        what = words("{text} is too long.", text=shortened(text))
        raise Misfit("text_long", what, words("At most {limit} characters are possible.", limit=_LONGEST))
    return text


def _due(value: str) -> str:
    match = re.fullmatch(r"([1-9]\d?)\s+(working\s+)?days?", value.strip(), re.ASCII)
    if match is None:
        do = words('Write it as "2 working days" or "3 days".')
        raise Misfit("due", words("{value} is not a number of days.", value=shortened(value)), do)
    return " ".join(value.split())


def _reminder(value: str) -> str:
    text = " ".join(value.split())
    if not is_reminder(text):
        what = words("{value} is not a day to remind on.", value=shortened(value))
        do = words('Write it as "1 working day before", "on the day" or "2 working days after by phone".')
        raise Misfit("remind", what, do)
    way, known = way_named_in(text), (*CHANNELS, PHONE)
    if way and way not in known:
        raise Misfit("remind", words("{value} is no way to remind somebody.", value=way), suggestion(way, known))
    return text


def _patience(value: str) -> str:
    text = " ".join(value.split())
    if not is_patience(text):
        what = words("{value} is not a length of time.", value=shortened(value))
        raise Misfit("escalate_after", what, words('Write it as "4 hours", "2 days" or "1 working day".'))
    return text


def _whole_number(value: object) -> object:
    """A number is the one thing that is meant to stand without quotes."""
    return int(value.text) if isinstance(value, Unquoted) and re.fullmatch(r"\d{1,9}", value.text) else value


def _wecom(value: str) -> str:
    if not re.fullmatch(r"[\w.@-]{1,64}", value, re.ASCII):
        what = words("{value} is not a WeCom account.", value=shortened(value))
        raise Misfit("wecom", what, words("Write the account (账号) as the WeCom directory shows it."))
    return value


def _mobile(value: str) -> str:
    number = re.sub(r"[ -]", "", value)
    if not re.fullmatch(r"1\d{10}|\+\d{6,18}", number, re.ASCII):
        what = words("{value} is not a mobile number.", value=shortened(value))
        raise Misfit("mobile", what, words('Write it in quotes as "13800000000", or with + and the country.'))
    return number


def _email(value: str) -> str:
    return read_address(value).text


def _known(value: str, info: ValidationInfo) -> str:
    """Checks a template's name against what the program has; the caller passes that as context."""
    known = info.context.get(info.field_name) if info.context else None
    if known is None or value in known:
        return value
    what = words("{value} is not possible here.", value=shortened(value))
    raise Misfit("not_a_choice", what, suggestion(value, known))


def _channel(value: str, info: ValidationInfo) -> str:
    """Checks a channel's name against those that are set up; the caller passes them as context."""
    known = info.context.get("channels") if info.context else None
    if known is None or value in known:
        return value
    if value not in CHANNELS:
        what = words("{value} is not possible here.", value=shortened(value))
        raise Misfit("not_a_choice", what, suggestion(value, CHANNELS))
    what = words("The channel {channel} is not set up.", channel=value)
    do = words("Add a table [{channel}.…] to distributor.toml, or take the channel out.", channel=value)
    raise Misfit("not_a_choice", what, do)


def _chat(value: str, info: ValidationInfo) -> str:
    """Checks a group chat's name against those of the settings, which the caller passes by channel as context."""
    channel = str(info.field_name)
    known = info.context["chats"] if info.context else None
    if known is None or value in known[channel]:
        return value
    name = shortened(value)
    what = words("There is no chat {name} in the settings.", name=name)
    if channel == "wecom_robot":
        what = words("There is no robot {name} in the settings.", name=name)
    if not known[channel]:
        do = words('Add a table [{channel}."{name}"] to distributor.toml.', channel=channel, name=name)
        raise Misfit("no_chat", what, do)
    raise Misfit("no_chat", what, suggestion(value, known[channel]))


Text = Annotated[str, AfterValidator(_text)]
KnownText = Annotated[str, AfterValidator(_text), AfterValidator(_known)]
Channel = Annotated[str, AfterValidator(_text), AfterValidator(_channel)]
Chat = Annotated[str, AfterValidator(_text), AfterValidator(_chat)]
Email = Annotated[str, AfterValidator(_email)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonEntry(_Entry):
    """`people:` entries: a person or a desk."""

    name: Text = Field(description="The person's or desk's name, as letters print it.")
    role: Text | None = Field(None, description="What the person is there: 主要领导, 信息员 …")
    email: Email | None = Field(None, description="One address. An invalid one is an error of the whole file.")
    wecom: Annotated[str, AfterValidator(_wecom)] | None = Field(None, description="The account in 企业微信.")
    wecom_robot: Chat | None = Field(
        None, description="A group chat (a desk of its own): the name of its robot in `[wecom_robot]` of the settings."
    )
    apprise: Chat | None = Field(
        None,
        description="A group chat on another platform (a desk of its own): its name in `[apprise]` of the settings.",
    )
    mobile: Annotated[str, AfterValidator(_mobile)] | None = Field(
        None, description="A number by which `distributor wecom lookup` finds the account; nothing is sent to it."
    )
    id: Text | None = Field(None, description="A lasting name for the records; without it the address is the name.")

    def addresses(self) -> dict[str, str]:
        """The address per channel, of those given."""
        given = {"email": self.email, "wecom": self.wecom, "wecom_robot": self.wecom_robot, "apprise": self.apprise}
        return {channel: address for channel, address in given.items() if address is not None}


class UnitEntry(_Entry):
    """`members:` entries: an organisation and its people."""

    unit: Text = Field(description="The unit's name, as letters print it.")
    covers: tuple[Text, ...] = Field((), description="Other names this unit answers to on the 报/送/发 lines.")
    people: tuple[PersonEntry, ...] = Field(min_length=1, description="Who gets the letter for this unit.")


class GroupEntry(_Entry):
    """`groups:` entries: people who get the same letter. The key is the group's name."""

    direction: Direction = Field(description="报 (up, to superiors), 送 (across) or 发 (down, to units).")
    template: KnownText | None = Field(None, description="A folder of templates/email/; empty: the direction's word.")
    channels: tuple[Channel, ...] = Field(
        ("email",),
        min_length=1,
        description="`email`, `wecom`, `wecom_robot`, `apprise`, in this order: the first one the person has an "
        "address for is used, the next one when that cannot reach.",
    )
    acknowledge: Acknowledge = Field(Acknowledge.NEVER, description="Whether a 签收 is asked for.")
    due: Annotated[str, AfterValidator(_due)] | None = Field(
        None, description="How long there is for the 签收: `2 working days`, `3 days`."
    )
    satisfied_by: SatisfiedBy = Field(SatisfiedBy.ANY, description="Whether one or all people of a unit must sign.")
    on_unknown: OnUnknown = Field(
        OnUnknown.HOLD, description="When nobody can know whether a letter went out: ask, or send it again."
    )
    remark: Remark | None = Field(
        None, description="Whether the page has room for a remark (批示, 备注); empty: not for 报, for others yes."
    )
    read_report: ReadReport = Field(
        ReadReport.NEVER,
        description="Whether the reader's mail program is asked for a read report (回执); many ask the person.",
    )
    remind: tuple[Annotated[str, AfterValidator(_reminder)], ...] = Field(
        (),
        description="When those who owe a 签收 are reminded by themselves: `1 working day before`, `on the day`, "
        "`2 working days after` the deadline. Each time the next of the person's channels is used, unless the day "
        "names one: `on the day by email`, `2 working days after by phone` (the editors are told whom to call). "
        "Empty: only by hand.",
    )
    escalate_after: Annotated[str, AfterValidator(_patience)] | None = Field(
        None,
        description="How long a person may say nothing before the next of `channels` is used too, where a 签收 is "
        "required: `4 hours`, `1 working day`. Empty: only when a channel fails.",
    )
    attach: tuple[Attach, ...] | None = Field(
        None,
        description="Files that travel with the letter: `[pdf]`, `[pdf_with_code]` (each with the QR code of that "
        "reader's own page, where `office.base_url` is set) or `[]`; empty: the latter PDF for 报, nothing for others.",
    )
    wecom_form: WeComForm = Field(
        WeComForm.CARD,
        description="What members get on `wecom`: `card` (with the 签收 button), `textcard`, `news` (with a cover), "
        "`mpnews` (the whole text inside 企业微信), `file` (the PDF), or `card_and_file`.",
    )
    pixel: Annotated[bool, BeforeValidator(truth)] = Field(
        False,
        description="Whether letters load a picture of one point from the reader's page. What loads it is mostly a "
        "machine, so it proves nothing about a person; see docs/receipts.md.",
    )
    covers: tuple[Text, ...] = Field((), description="Names on the 报/送/发 lines that mean this whole group.")
    members: tuple[UnitEntry, ...] = Field(min_length=1, description="The units of the group.")


class DirectoryEntry(_Entry):
    """What stands at the left edge."""

    count: Annotated[int, BeforeValidator(_whole_number)] | None = Field(
        None, ge=1, description="How many people the file lists; a file cut short is then noticed."
    )
    groups: dict[Text, GroupEntry] = Field(min_length=1, description="The groups by name.")

    def people(self) -> Iterator[tuple[tuple[str | int, ...], GroupEntry, UnitEntry, PersonEntry]]:
        """Everyone in the order of the file, with the path to the entry."""
        for name, group in self.groups.items():
            for at, unit in enumerate(group.members):
                for number, person in enumerate(unit.people):
                    yield ("groups", name, "members", at, "people", number), group, unit, person
