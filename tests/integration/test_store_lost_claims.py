"""Rows that a living sender has lost sight of go back at once: otherwise they would wait a quarter of an hour."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from distributor.channels.base import Envelope, Message
from distributor.channels.recording import RecordingChannel
from distributor.delivery.state import State
from distributor.delivery.throttle import parse_limit
from distributor.dispatch.gates import Lane, Router, Way
from distributor.dispatch.turnstile import Turnstile
from distributor.dispatch.worker import Worker
from distributor.store import bulletins, deliveries, dispatches
from distributor.store.database import Connection, Database
from distributor.store.ledger import TRIES, Ledger
from distributor.store.records import Claim
from distributor.store.troubles import Busy
from distributor.words import words
from tests.channels.letters import BODY
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, NOW, frozen, letter

LEASE = dt.timedelta(minutes=15)
LIMITS = (parse_limit("100/minute"),)


class Trouble:
    """What happens to the next writes: `lost` ones are in but say that they failed, `refused` ones are not in."""

    def __init__(self) -> None:
        self.lost = 0
        self.refused = 0

    def of(self, write: Callable[[], contextlib.AbstractContextManager[Connection]]) -> object:
        @contextlib.contextmanager
        def troubled() -> Iterator[Connection]:
            if self.refused:
                self.refused -= 1
                raise Busy(words("The answer was lost."))
            with write() as conn:
                yield conn
            if self.lost:
                self.lost -= 1
                raise Busy(words("The answer was lost."))

        return troubled


@pytest.fixture
def trouble(database: Database, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    with database.write() as conn:
        record, _ = bulletins.save_frozen(conn, frozen(letter("a", "b", "c", "d")), now=NOW)
        dispatches.release(conn, record.id, at=NOW, valid_until=LATER)
    trouble = Trouble()
    monkeypatch.setattr(database, "write", trouble.of(database.write))
    return trouble


@pytest.fixture
async def ledger(database: Database, clock: Clock, trouble: Trouble) -> AsyncIterator[Ledger]:
    """Its clock goes on by a second at each look, as a real one does."""

    def ticking() -> dt.datetime:
        clock.forward(seconds=1)
        return clock.now

    ledger = Ledger(database, clock=ticking, pauses=[0.01])
    ledger.start()
    yield ledger
    await asyncio.to_thread(ledger.close)


def tries(database: Database) -> int:
    return TRIES if database.dialect == "postgresql" else 1


async def take(ledger: Ledger, limit: int = 4) -> list[Claim]:
    return await ledger.claim(owner="w", limit=limit, lease=LEASE)


def rows(database: Database) -> list[tuple[State, int]]:
    """State and number of remembered attempts of each row."""
    with database.read() as conn:
        return [(row.state, len(row.history)) for row in deliveries.deliveries_of(conn, 1, history=True)]


async def test_a_claim_that_is_made_again_because_its_answer_was_lost_holds_no_other_rows(
    database: Database, ledger: Ledger, trouble: Trouble
) -> None:
    trouble.lost = tries(database) - 1
    claims = await take(ledger, 2)
    assert len(claims) == 2
    assert sorted(rows(database)) == [(State.CLAIMED, 1)] * 2 + [(State.QUEUED, 0)] * 2


async def test_39_a_claim_that_was_given_up_because_its_answers_were_lost_gives_its_rows_back(
    database: Database, ledger: Ledger, trouble: Trouble
) -> None:
    trouble.lost = tries(database)
    with pytest.raises(Busy):
        await take(ledger)
    assert len(await take(ledger)) == 4


async def test_39_what_could_not_be_given_back_goes_back_when_the_database_answers_again(
    database: Database, ledger: Ledger, trouble: Trouble
) -> None:
    claims = await take(ledger)
    trouble.refused = tries(database)
    with pytest.raises(Busy):
        await ledger.release(claims)
    assert len(await take(ledger)) == 4


async def test_letters_that_got_no_grant_because_the_database_was_away_go_back(
    database: Database, ledger: Ledger, trouble: Trouble, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = Turnstile(ledger, database, [Way("main", LIMITS)], owner="w", clock=clock).gates

    def away(router: Router, claims: list[Claim], lanes: list[Lane], **_: object) -> list[Lane | None]:
        raise Busy(words("The answer was lost."))

    with monkeypatch.context() as patched:
        patched.setattr(Router, "route", away)
        with pytest.raises(Busy):
            await source.claim(4)
    assert len(await source.claim(4)) == 4


@pytest.mark.parametrize("how", ["lost", "refused"])
async def test_39_a_letter_whose_mark_could_not_be_noted_goes_back_and_so_do_those_behind_it(
    database: Database, ledger: Ledger, trouble: Trouble, clock: Clock, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = Turnstile(ledger, database, [Way("main")], owner="w", clock=clock).gates
    mark = ledger.mark

    async def troubled(claim: Claim) -> bool:
        setattr(trouble, how, tries(database))
        return await mark(claim)

    channel = RecordingChannel()
    worker = Worker(ledger, source, [channel], _compose, clock=clock, chance=lambda: 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "mark", troubled)
        with pytest.raises(Busy):
            await worker.run()
    assert channel.messages == []
    assert len(await take(ledger)) == 4
    assert rows(database) == [(State.CLAIMED, 1)] * 4  # of what was not tried nothing is remembered


async def test_a_letter_that_cannot_be_made_because_the_database_is_away_goes_back(
    database: Database, ledger: Ledger, trouble: Trouble, clock: Clock
) -> None:
    (source,) = Turnstile(ledger, database, [Way("main")], owner="w", clock=clock).gates

    def away(claim: Claim) -> Message:
        raise Busy(words("The answer was lost."))

    with pytest.raises(Busy):
        await Worker(ledger, source, [RecordingChannel()], away, clock=clock, chance=lambda: 0.0).run()
    assert rows(database) == [(State.QUEUED, 0)] * 4


def _compose(claim: Claim) -> Message:
    return Message(claim.delivery_id, Envelope("hzb@example.gov.cn", claim.address), (BODY,))
