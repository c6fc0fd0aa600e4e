"""The accounts that reminders go by: those that are well, in the order of the file, each within its limits.

The same limits and breakers as for letters. A reminder is no probe: an account in trouble is left to the letters to
find out about, and one that fails here is left alone for the rest of the round (ADR 0019).
"""

from collections.abc import Callable
from dataclasses import dataclass

from distributor.channels.base import Channel
from distributor.delivery.judgement import OPENING
from distributor.delivery.outcome import Fault, Outcome, Verdict
from distributor.dispatch.gates import Lane
from distributor.dispatch.lines import Lines, way_of
from distributor.dispatch.reminder_ladder import Reach
from distributor.settings import Settings
from distributor.settings.channels import accounts_of
from distributor.store import breakers, windows
from distributor.store.breakers import Passage
from distributor.store.database import Database
from distributor.store.pauses import account_rests, paused
from distributor.store.windows import Grant

#: Trouble of these kinds ends an account's part in the round; so does a line that cannot be opened.
_ENDS_THE_PART = frozenset({Fault.ACCOUNT, Fault.CONFIGURATION, Fault.THROTTLE})


@dataclass(slots=True)
class Account:
    """An account that takes part, and how it did."""

    passage: Passage
    lane: Lane
    line: Channel | None = None
    trouble: Outcome | None = None
    tried: bool = False

    @property
    def name(self) -> str:
        """As limits and breakers know it."""
        return self.passage.account

    def judge(self, outcome: Outcome) -> None:
        """Takes note of what it said: after some troubles nobody else fares better with it."""
        if outcome.verdict is Verdict.DEFERRED and (outcome.fault in _ENDS_THE_PART or outcome.stage in OPENING):
            self.trouble = outcome


class Accounts:
    """All accounts of one round. Everything but `close` blocks and raises `Unavailable`."""

    def __init__(self, database: Database, settings: Settings, lines: Lines) -> None:
        self._database = database
        self._settings = settings
        self._lines = lines
        self._by_channel: dict[str, list[Account]] = {}
        self._full: set[str] = set()

    def is_over(self, channel: str) -> bool:
        """Whether no account of a channel can carry anything more in this round, as far as is known."""
        return channel in self._full

    def choose(self, key: str, reach: Reach) -> tuple[Account, Grant | None] | None:
        """The first account that is well and has room for one more, with the grant; None when there is none."""
        channel = reach.channel
        if channel not in self._by_channel:
            self._by_channel[channel] = self._admitted(channel)
        well = [account for account in self._by_channel[channel] if account.trouble is None]
        if not well:
            self._full.add(channel)
            return None
        if not well[0].lane.is_counted:
            return well[0], None
        with self._database.write() as conn:
            grants = windows.grant_first(conn, [[account.lane.want_for(key, reach.address) for account in well]])
        if grants.granted:
            return well[grants.granted[0].way], grants.granted[0]
        if grants.refused[0].scope.startswith("account:"):
            self._full.add(channel)
        return None

    def give_back(self, grant: Grant) -> None:
        """Returns the room of a reminder that did not set out."""
        with self._database.write() as conn:
            windows.give_back(conn, [grant])

    def line(self, account: Account) -> Channel:
        """The account's line. Raises `BadInput` when its secret cannot be read."""
        if account.line is None:
            (account.line,) = self._lines.open(self._settings, account.name, probe=True)
        return account.line

    async def close(self) -> None:
        """Closes the lines that were used."""
        for account in self._used():
            if account.line is not None:
                await account.line.close()

    def tell_breakers(self, told: Callable[[str, Outcome], None] | None) -> None:
        """Tells each breaker how its account did; `told` hears of those that are left alone from now on."""
        for account in self._used():
            trouble, opened = account.trouble, None
            with self._database.write() as conn:
                if trouble is None:
                    breakers.record_success(conn, account.passage)
                else:
                    opened = breakers.record_failure(
                        conn, account.passage, trouble.fault, text=str(trouble.reply), wait=trouble.wait
                    )
            if opened and trouble and told:
                told(account.name, trouble)

    def _used(self) -> list[Account]:
        return [account for each in self._by_channel.values() for account in each if account.tried]

    def _admitted(self, channel: str) -> list[Account]:
        """The accounts that nobody lets rest and that are not left alone, in the order of the file."""
        with self._database.read() as conn:
            rests = paused(conn)
        found = []
        for name in accounts_of(self._settings, channel):
            if account_rests(rests, name):
                continue
            with self._database.write() as conn:
                passage = breakers.admit(conn, name)
                if passage.probe:
                    breakers.give_back_probe(conn, passage)
            if passage.admitted and not passage.probe:
                found.append(Account(passage, Lane(way_of(self._settings, name))))
        return found
