"""Copies that are cancelled while the mail server has them: nothing takes them back, and nothing sends them again."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from distributor.delivery.decision import Decision
from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact, State
from distributor.dispatch.decisions import Decided, decide
from distributor.dispatch.escalate import escalate
from distributor.dispatch.plan import Selection
from distributor.dispatch.reconcile import resend_unknown
from distributor.recipients.manners import Manners
from distributor.recipients.model import Acknowledge, OnUnknown, Recipient, Reserve
from distributor.store.bulletins import get_bulletin, save_frozen
from distributor.store.database import Connection, Database
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import release
from distributor.store.ledger import Ledger
from distributor.store.records import Claim, DeliveryRecord, Letter
from distributor.workdays.calendar import Workdays
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, NOW, frozen, person
from tests.integration.passing import wait_for_a_waiter

PATIENT = Manners(acknowledge=Acknowledge.REQUIRED, escalate_after="4 hours")

LATER_PLEASE = Outcome(Verdict.DEFERRED, Fault.NONE, Stage.DOT, Reply(451, "4.3.0", "later"))
NO = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.DOT, Reply(550, "5.1.1", "no"))
LOST = Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT)
TAKEN = Outcome(Verdict.ACCEPTED, Fault.NONE, Stage.DOT, Reply(250, "2.0.0", "ok"))


@pytest.fixture
def ledger(database: Database, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger(database, clock=clock)
    ledger.start()
    yield ledger
    ledger.close()


def freeze(database: Database, digest: str = "d1") -> None:
    """A bulletin that goes by mail to somebody who has a card of WeCom in reserve, also after long silence."""
    li = person("li")
    card = Recipient("li", "wecom", "li", "Li", li.unit, None, "各单位", people=("Li",))
    letters = (
        Letter("各单位", "发", "email", "{}", (li,), on_unknown=OnUnknown.RESEND, manners=PATIENT),
        Letter("各单位", "发", "wecom", '{"card": 1}', (), reserves=(Reserve("email", li.address, card),)),
    )
    with database.write() as conn:
        save_frozen(conn, frozen(*letters, digest=digest), now=NOW)
        release(conn, 1, at=NOW, valid_until=LATER)


async def at_the_dot(database: Database, ledger: Ledger) -> Claim:
    """Its copy, whose dot is on its way."""
    freeze(database)
    [claim] = await ledger.claim(owner="w", limit=1, lease=dt.timedelta(seconds=90))
    assert await ledger.mark(claim)
    return claim


def say(database: Database, decision: Decision, *only: str) -> Decided:
    with database.read() as conn:
        record = get_bulletin(conn, 1)
    return decide(
        database,
        decision,
        record,
        Selection(only=frozenset(only)),
        now=NOW,
        hour=lambda after: after,
        valid_for=dt.timedelta(days=3),
        actor="t",
    )


def escalated(conn: Connection) -> int:
    return escalate(conn, calendar=Workdays, zone=dt.timezone(dt.timedelta(hours=8)), now=NOW + dt.timedelta(hours=5))


def copies(database: Database) -> dict[str, DeliveryRecord]:
    with database.read() as conn:
        return {copy.channel: copy for copy in deliveries_of(conn, 1)}


@pytest.mark.parametrize(
    ("outcome", "fact", "state"),
    [
        (LATER_PLEASE, Fact.DEFER, State.CANCELLED),
        (LATER_PLEASE, Fact.RELEASE, State.CANCELLED),
        (NO, Fact.REJECT, State.FAILED),
        (TAKEN, Fact.ACCEPT, State.ACCEPTED),
        (LOST, Fact.LOSE, State.UNKNOWN),
    ],
    ids=["later", "content", "refused", "taken", "lost"],
)
async def test_a_copy_that_comes_back_after_it_was_cancelled_is_not_tried_again_on_any_channel(
    database: Database, ledger: Ledger, outcome: Outcome, fact: Fact, state: State
) -> None:
    claim = await at_the_dot(database, ledger)
    told = say(database, Decision.CANCEL)
    assert (told.moved, told.left) == ((), 1)

    await ledger.record(claim, Judgement(fact, next_attempt_at=NOW), outcome)
    with database.write() as conn:
        resend_unknown(conn, [1], now=NOW)

    found = copies(database)
    assert {channel: copy.state for channel, copy in found.items()} == {"email": state}
    if state is State.CANCELLED:
        assert found["email"].reason == "person:cancel"


async def test_a_person_may_send_it_after_all(database: Database, ledger: Ledger) -> None:
    claim = await at_the_dot(database, ledger)
    say(database, Decision.CANCEL)
    await ledger.record(claim, Judgement(Fact.DEFER, next_attempt_at=NOW), LATER_PLEASE)

    say(database, Decision.RETRY, "Li")
    [again] = await ledger.claim(owner="w", limit=1, lease=dt.timedelta(seconds=90))
    await ledger.mark(again)
    await ledger.record(again, Judgement(Fact.DEFER, next_attempt_at=NOW), LATER_PLEASE)

    assert copies(database)["email"].state is State.DEFERRED


async def test_after_a_cancel_no_other_channel_follows_the_copy_that_is_there(
    database: Database, ledger: Ledger
) -> None:
    claim = await at_the_dot(database, ledger)
    await ledger.record(claim, Judgement(Fact.ACCEPT), TAKEN)
    say(database, Decision.CANCEL)

    with database.write() as conn:
        assert escalated(conn) == 0

    assert set(copies(database)) == {"email"}


async def test_a_cancel_sees_the_copy_that_is_made_after_silence_at_that_moment(
    postgres: Database, clock: Clock
) -> None:
    ledger = Ledger(postgres, clock=clock)
    ledger.start()
    claim = await at_the_dot(postgres, ledger)
    await ledger.record(claim, Judgement(Fact.ACCEPT), TAKEN)
    ledger.close()

    with ThreadPoolExecutor(1) as elsewhere:
        with postgres.write() as conn:
            assert escalated(conn) == 1
            told = elsewhere.submit(say, postgres, Decision.CANCEL)
            wait_for_a_waiter(postgres)
        assert len(told.result().moved) == 1

    assert copies(postgres)["wecom"].state is State.CANCELLED


async def test_another_text_that_is_finalised_in_its_place_is_tried_again_like_any(
    database: Database, ledger: Ledger
) -> None:
    claim = await at_the_dot(database, ledger)
    say(database, Decision.CANCEL)
    await ledger.record(claim, Judgement(Fact.RELEASE, charged=False, next_attempt_at=NOW), LATER_PLEASE)
    assert copies(database)["email"].state is State.CANCELLED

    freeze(database, digest="d2")
    [again] = await ledger.claim(owner="w", limit=1, lease=dt.timedelta(seconds=90))
    await ledger.mark(again)
    await ledger.record(again, Judgement(Fact.DEFER, next_attempt_at=NOW), LATER_PLEASE)

    assert copies(database)["email"].state is State.DEFERRED
