"""The letter of a reminder: plain text in the office's name, with the reader's own link.

It names the letter that it is about, so that mail programs show both together and an answer finds its copy.
"""

import datetime as dt
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from distributor.channels.base import Envelope, Message
from distributor.receipts.tokens import Purpose, TokenKey
from distributor.rendering import headers
from distributor.rendering.templates import Templates
from distributor.settings import Settings
from distributor.store.records import DeliveryRecord
from distributor.store.reminders import Reminder
from distributor.words import words


@dataclass(frozen=True, slots=True)
class About:
    """What a reminder is about. `deadline` is UTC, None where there is none."""

    title: str
    deadline: dt.datetime | None
    overdue: bool


def reminder_letter(
    settings: Settings,
    key: TokenKey,
    templates: Templates,
    reminder: Reminder,
    copy: DeliveryRecord,
    about: About,
    *,
    now: dt.datetime,
) -> Message:
    """The message of one reminder. Raises `BadInput` when a name or the title cannot stand in a header."""
    office = settings.office
    day = about.deadline.astimezone(settings.zone) if about.deadline else None
    page = f"{office.base_url}/b/{key.token(Purpose.LINK, copy.id)}#acknowledge" if office.base_url else ""
    values = {
        "title": headers.checked(about.title, words("The bulletin's title")),
        "unit": copy.unit,
        "name": headers.checked(copy.name, words("The recipient's name")),
        "deadline": f"{day.year}年{day.month}月{day.day}日" if day else "",
        "overdue": about.overdue,
        "link": page,
        "office": office.name,
        "phone": office.phone,
    }
    domain = office.sender_address.rpartition("@")[2]
    first = f"<{key.token(Purpose.MESSAGE, copy.id)}@{domain}>"
    letter = EmailMessage(policy=SMTP)
    letter["From"] = office.sender
    letter["To"] = formataddr((copy.name, headers.checked_address(copy.address)))
    letter["Subject"] = templates.render("reminder/subject.txt", values).strip()
    letter["Date"] = format_datetime(now.astimezone(settings.zone))
    letter["Message-ID"] = f"<{key.token(Purpose.MESSAGE, f'reminder {reminder.id}')}@{domain}>"
    # An answer to the reminder names the letter too, so it finds its copy like any other answer.
    letter["In-Reply-To"] = letter["References"] = first
    if office.reply_to:
        letter["Reply-To"] = office.reply_to
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    letter.set_content(templates.render("reminder/body.txt", values), cte="base64")
    return Message(f"reminder-{reminder.id}", Envelope(office.sender_address, copy.address), (letter.as_bytes(),))
