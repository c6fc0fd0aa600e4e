"""The message of a reminder in the form of its channel, in the office's name and with the reader's own link.

A letter names the letter that it is about, so that mail programs show both together and an answer finds its copy. It
carries no token of its own and asks for no report: nothing that comes back of it touches a delivery (ADR 0022).
"""

import datetime as dt
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from distributor.bulletin.model import Bulletin
from distributor.channels.base import Envelope, Message
from distributor.channels.wechat.wecom import ONCE
from distributor.dispatch.remind import Debt
from distributor.dispatch.reminder_ladder import Reach
from distributor.receipts.tokens import Purpose, TokenKey
from distributor.rendering import headers
from distributor.rendering.reminder import (
    ReminderView,
    reminder_card,
    reminder_letter,
    reminder_values,
    reminder_words,
    wired,
)
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.rendering.views import OfficeView
from distributor.settings import Settings
from distributor.settings.channels import WEBHOOKS, WECOM, account_of
from distributor.store.records import DeliveryRecord
from distributor.store.reminders import Reminder


@dataclass(frozen=True, slots=True)
class Stationery:
    """What reminders are written with."""

    settings: Settings
    key: TokenKey
    templates: Templates

    def message(
        self, reminder: Reminder, debt: Debt, reach: Reach, bulletin: Bulletin, *, account: str, now: dt.datetime
    ) -> Message:
        """The message of one reminder by one account. Raises `BadInput` when something of it cannot be written.

        On WeCom the bytes are the same on every attempt of a day, so that the platform shows them once.
        """
        copy = debt.letter_on(reach.channel)
        office = self.settings.office
        view = OfficeView(office.name, office.phone, office.reply_to, office.base_url)
        values = reminder_values(bulletin, self._view(debt, copy), view, theme=self.templates.theme)
        name = f"reminder-{reminder.id}"
        if reach.channel == WECOM:
            address = {"touser": reach.address, "agentid": self._agent(account), **ONCE}
            return Message(name, Envelope("", reach.address), (wired(reminder_card(values, self.templates), address),))
        if reach.channel in WEBHOOKS:
            return Message(name, Envelope("", reach.address), (wired(reminder_words(values, self.templates), {}),))
        letter = self._letter(reminder, copy, reach.address, reminder_letter(values, self.templates), now)
        return Message(name, Envelope(office.sender_address, reach.address), (letter.as_bytes(),))

    def _view(self, debt: Debt, copy: DeliveryRecord) -> ReminderView:
        base_url = self.settings.office.base_url.rstrip("/")
        day = debt.deadline.astimezone(self.settings.zone) if debt.deadline else None
        return ReminderView(
            unit=copy.unit,
            name=copy.name,
            deadline=f"{day.year}年{day.month}月{day.day}日" if day else "",
            overdue=debt.overdue,
            link=f"{base_url}/b/{self.key.token(Purpose.LINK, copy.id)}#acknowledge" if base_url else "",
            has_card=copy.channel == WECOM,
        )

    def _agent(self, account: str) -> int:
        return self.settings.wecom[account_of(account)[1]].agent_id

    def _letter(
        self, reminder: Reminder, copy: DeliveryRecord, address: str, rendition: Rendition, now: dt.datetime
    ) -> EmailMessage:
        office = self.settings.office
        domain = office.sender_address.rpartition("@")[2]
        letter = EmailMessage(policy=SMTP)
        letter["From"] = office.sender
        letter["To"] = formataddr((copy.name, headers.checked_address(address)))
        letter["Subject"] = rendition.subject
        letter["Date"] = format_datetime(now.astimezone(self.settings.zone))
        letter["Message-ID"] = f"<{self.key.token(Purpose.MESSAGE, f'reminder {reminder.id}')}@{domain}>"
        # An answer to the reminder names the letter too, so it finds its copy like any other answer.
        letter["In-Reply-To"] = letter["References"] = f"<{self.key.token(Purpose.MESSAGE, copy.id)}@{domain}>"
        if office.reply_to:
            letter["Reply-To"] = office.reply_to
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        letter.set_content(rendition.text, cte="base64")
        letter.add_alternative(rendition.html, subtype="html", cte="base64")
        return letter
