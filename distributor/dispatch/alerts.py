"""Tells the editors what needs a person: by email, one letter for all that is new, and in the log.

Alerts go through the accounts of the bulletins, the first one that takes them. When all of those are the trouble
they wait, and are told when one works again; the log has them at once.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from distributor.channels.base import Channel, Envelope, Message, OpenFailed
from distributor.delivery.outcome import Verdict
from distributor.settings import Settings
from distributor.store.alerts import Alert, tried, untold
from distributor.store.database import Connection, Database
from distributor.words import say

#: After a failed try to tell, the next one waits for this long.
PAUSE = dt.timedelta(minutes=10)


def news(conn: Connection, *, now: dt.datetime) -> tuple[Alert, ...]:
    """What the editors are to be told now; `now` is UTC."""
    return untold(conn, now=now, pause=PAUSE)


async def tell_editors(database: Database, settings: Settings, lines: Sequence[Channel], *, now: dt.datetime) -> int:
    """Tells what is new, if anything, over the first line that takes it. Returns how many alerts were told.

    `now` is UTC. Without any line nothing is told, and the next try waits like after a failed one.
    """
    with database.read() as conn:
        alerts = news(conn, now=now)
    if not alerts or not settings.office.editors:
        return 0
    told = False
    for line in lines:
        if told := await _send_all(line, settings, alerts, now=now):
            break
    with database.write() as conn:
        tried(conn, alerts, told=told, now=now)
    return len(alerts) if told else 0


async def _send_all(line: Channel, settings: Settings, alerts: Sequence[Alert], *, now: dt.datetime) -> bool:
    """Whether at least one editor got the letter."""
    accepted = False
    try:
        for editor in settings.office.editors:
            await line.open()
            outcome = await line.send(_letter(settings, editor, alerts, now=now), _nothing_to_book)
            accepted = accepted or outcome.verdict is Verdict.ACCEPTED
    except OpenFailed:
        return accepted
    finally:
        await line.close()
    return accepted


def _letter(settings: Settings, editor: str, alerts: Sequence[Alert], *, now: dt.datetime) -> Message:
    office = settings.office
    letter = EmailMessage(policy=SMTP)
    letter["From"] = office.sender
    letter["To"] = editor
    letter["Subject"] = say("{office}: {count} matter(s) need you", office=office.name, count=len(alerts))
    letter["Date"] = format_datetime(now.astimezone(settings.zone))
    letter["Message-ID"] = f"<alert-{secrets.token_hex(12)}@{office.sender_address.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("\n\n".join(_entry(alert, settings) for alert in alerts) + "\n", cte="base64")
    return Message("alert", Envelope(office.sender_address, editor), (letter.as_bytes(),))


def _entry(alert: Alert, settings: Settings) -> str:
    when = f"{alert.last_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    if alert.fresh > 1:
        return say("{when} ({count} times): {what}", when=when, count=alert.fresh, what=alert.what)
    return f"{when}: {alert.what}"


async def _nothing_to_book() -> bool:
    return True
