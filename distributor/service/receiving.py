"""The receiving part of one process: keeps the mailbox read, and says what in it needs a person.

It never writes a mail, so nothing that it reads can start a loop. One process at a time reads (a lease); trouble
with the server is tried again, the longer the later, because providers lock accounts that log in too often.
"""

import asyncio
import datetime as dt

from distributor.delivery.evidence import Kind
from distributor.dispatch.correlate import Ground
from distributor.dispatch.mailbox_round import Round, read_round
from distributor.dispatch.mailroom import Booked
from distributor.errors import BadInput, Unavailable
from distributor.log import log
from distributor.receipts.mailbox import Folder, MailboxFault, MailboxTrouble
from distributor.service.office import Office
from distributor.settings import MailboxSettings
from distributor.store import leases, mailboxes
from distributor.words import words

_log = log("mailbox")

READER = "mailbox"

#: A reader that is not heard of for the time of a poll and so much more has lost its place. Should it only have been
#: slow, two read for a while, and what both book is one receipt.
READING = dt.timedelta(minutes=5)

#: How long a mailbox that cannot be read is left alone: at first, and at most.
PAUSE = dt.timedelta(seconds=30)
LONGEST = dt.timedelta(minutes=10)

#: How often, in seconds, the settings are asked whether there is a mailbox by now.
UNUSED = 5.0

#: Trouble that is over sooner is not worth a letter to the editors; a refused login is at once.
PATIENCE = dt.timedelta(minutes=15)


class Receiving:
    """Reads the mailbox of the settings until the office stops. Everything that blocks runs in one thread."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._folder: Folder | None = None
        self._settings: MailboxSettings | None = None
        self._troubles = 0
        self._lease: leases.Lease | None = None

    async def run(self) -> None:
        """Reads again and again. No trouble ends it."""
        while not self._office.stopping.is_set():
            try:
                rest = await asyncio.to_thread(self.once)
            except Exception as error:  # a fault in here must not stop the sending beside it
                _log.error("mailbox.broken", what=str(error), kind=type(error).__name__, exc_info=True)
                self._close()
                rest = LONGEST.total_seconds()
            await self._rest(rest)
        await asyncio.to_thread(self._end)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._office.stopping.wait(), max(seconds, 0.01))
        except TimeoutError:
            return

    def once(self) -> float:
        """One round, and the wait for new mail where the server offers IDLE. Returns how long to rest, in seconds."""
        settings = self._office.settings.mailbox
        if settings != self._settings:
            self._close()
            self._settings = settings
        if not settings.host:
            return UNUSED
        try:
            if not self._take_place(settings):
                return settings.poll.total_seconds()
            return self._read(settings)
        except MailboxTrouble as trouble:
            self._close()
            return self._pause(settings, trouble)
        except BadInput as error:
            return self._pause(settings, MailboxTrouble(MailboxFault.LOGIN, str(error)))
        except Unavailable as error:
            _log.error("mailbox.interrupted", what=str(error))
            return 5.0

    def _read(self, settings: MailboxSettings) -> float:
        office = self._office
        if self._folder is None:
            here = settings.found_from(office.settings.home)
            self._folder = Folder(here, here.secret())
        done = read_round(
            office.database, self._folder, settings, office.key, clock=office.clock, stop=office.stopping.is_set
        )
        self._troubles = 0
        self._tell(done)
        if done.more:
            return 0.0
        if done.seen:
            _log.info("mailbox.read", seen=done.seen, ours=len(done.booked), quarantined=len(done.quarantined))
        seconds = settings.poll.total_seconds()
        return 0.0 if self._folder.wait(seconds, stop=office.stopping.is_set) else seconds

    def _take_place(self, settings: MailboxSettings) -> bool:
        with self._office.database.write() as conn:
            self._lease = leases.take(conn, READER, self._office.owner, settings.poll + READING)
        return self._lease is not None

    def _pause(self, settings: MailboxSettings, trouble: MailboxTrouble) -> float:
        """Books the trouble, tells of it once it has lasted, and says how long to leave the server alone."""
        office, now = self._office, self._office.clock()
        _log.warning("mailbox.trouble", fault=trouble.fault, what=trouble.text)
        try:
            with office.database.write() as conn:
                known = mailboxes.note_trouble(conn, settings.name, f"{trouble.fault}: {trouble.text}", now=now)
        except Unavailable as error:
            _log.error("mailbox.interrupted", what=str(error))
            return 5.0
        lasting = known.trouble_since is not None and now - known.trouble_since >= PATIENCE
        if lasting or trouble.fault is not MailboxFault.NETWORK:
            what = words(
                "The mailbox {name} cannot be read ({reason}): bounces and answers are not seen until it can.",
                name=settings.name,
                reason=trouble.text,
            )
            office.tell(f"mailbox:{settings.name}:{trouble.fault}", what)
        self._troubles += 1
        seconds = PAUSE.total_seconds() * 2.0 ** min(self._troubles - 1, 10)
        return min(seconds, LONGEST.total_seconds())

    def _tell(self, done: Round) -> None:
        office = self._office
        for booked in done.booked:
            self._tell_of(booked)
        for uid in done.quarantined:
            what = words("A mail in the mailbox cannot be read and was put aside (number {uid}).", uid=uid)
            office.tell("mailbox:quarantined", what)
        if done.stuck:
            what = words("Mails that were read cannot be marked or moved: {reason}", reason=done.stuck)
            office.tell("mailbox:stuck", what)

    def _tell_of(self, booked: Booked) -> None:
        office = self._office
        for added in booked.new:
            if added.receipt.kind is Kind.COMPLAINED:
                address = added.receipt.details.get("address") or "?"
                office.tell("complaint", words("{address} marked a bulletin as unwanted mail.", address=address))
            elif added.receipt.note in (Ground.OTHER_RECIPIENT, Ground.NOT_OURS):
                what = words("A report in the mailbox needs a look: distributor receipts --unmatched")
                office.tell("mailbox:review", what)
        for address in booked.suppressed:
            what = words(
                "{address} does not exist any more; nothing is sent there until it is corrected.", address=address
            )
            office.tell(f"suppressed:{address}", what, repeats=False)

    def _close(self) -> None:
        if self._folder:
            self._folder.close()
            self._folder = None

    def _end(self) -> None:
        self._close()
        if self._lease:
            try:
                with self._office.database.write() as conn:
                    leases.give_up(conn, self._lease)
            except Unavailable as error:
                _log.error("mailbox.interrupted", what=str(error))
