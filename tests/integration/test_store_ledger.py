"""The ledger: every arrow it may draw, every one it may not, and what follows from an outcome."""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import event, update

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import FENCED, TRANSITIONS, Fact, State, advance
from distributor.errors import BadInput, Unavailable
from distributor.store import bulletins, deliveries, dispatches, suppressions
from distributor.store.database import Database
from distributor.store.deliveries import NotPossible
from distributor.store.ledger import Ledger
from distributor.store.moves import SENDING_LEASE, Move, apply_moves
from distributor.store.records import Claim, DeliveryRecord
from distributor.store.schema import delivery
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, NOW, frozen, letter

LEASE = dt.timedelta(seconds=90)
ACCEPTED = Outcome(Verdict.ACCEPTED, stage=Stage.DOT, reply=Reply(250, "2.0.0", "ok queued"))
GREY = Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT, Reply(450, "4.7.1", "greylisted"))
DEAD = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT, Reply(550, "5.1.1", "no such user\0\ud800"))


@pytest.fixture
def ledger(database: Database, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger(database, clock=clock)
    ledger.start()
    yield ledger
    ledger.close()


def released(database: Database, *names: str) -> int:
    """A bulletin whose rows are due."""
    with database.write() as conn:
        record, _ = bulletins.save_frozen(conn, frozen(letter(*names or ("li",))), now=NOW)
        dispatches.release(conn, record.id, at=NOW, valid_until=LATER)
    return record.id


def rows(database: Database, number: int) -> dict[str, DeliveryRecord]:
    with database.read() as conn:
        return {row.name: row for row in deliveries.deliveries_of(conn, number, history=True)}


async def take(ledger: Ledger, limit: int = 1) -> list[Claim]:
    return await ledger.claim(owner="w", limit=limit, lease=LEASE)


def put(database: Database, delivery_id: str, state: State) -> None:
    """Sets a row's state behind the law's back."""
    with database.write() as conn:
        conn.execute(update(delivery).where(delivery.c.id == delivery_id).values(state=state, next_attempt_at=NOW))


async def test_a_letter_goes_from_claim_to_accepted(database: Database, ledger: Ledger) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    assert (claim.epoch, claim.address, claim.attempts, claim.valid_until) == (1, "li@example.gov.cn", 0, LATER)
    before = rows(database, number)["Li"]
    assert before.state is State.CLAIMED
    assert [(a.verdict, a.ended_at) for a in before.history] == [("", None)]  # the note before dialling
    assert await ledger.mark(claim)
    assert rows(database, number)["Li"].state is State.SENDING
    assert await ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED) is State.ACCEPTED
    after = rows(database, number)["Li"]
    assert (after.state, after.attempts, after.next_attempt_at) == (State.ACCEPTED, 1, None)
    [tried] = after.history
    assert (tried.number, tried.verdict, tried.stage, tried.code, tried.enhanced, tried.text) == (
        1,
        "accepted",
        "dot",
        250,
        "2.0.0",
        "ok queued",
    )
    with database.read() as conn:
        assert deliveries.books(conn, number).finished


async def test_a_sending_row_is_leased_for_longer_than_the_dot_may_take(database: Database, ledger: Ledger) -> None:
    released(database, "li")
    [claim] = await take(ledger)
    with database.read() as conn:
        short = conn.exec_driver_sql("SELECT lease_until FROM delivery").scalar_one()
    await ledger.mark(claim)
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT lease_until FROM delivery").scalar_one() - short >= SENDING_LEASE - 91
        assert conn.exec_driver_sql("SELECT owner FROM delivery").scalar_one() == "w"


async def test_a_deferred_letter_waits_and_is_claimed_again(database: Database, ledger: Ledger, clock: Clock) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    later = NOW + dt.timedelta(minutes=5)
    judged = Judgement(Fact.DEFER, next_attempt_at=later, reason="recipient")
    assert await ledger.record(claim, judged, GREY) is State.DEFERRED
    row = rows(database, number)["Li"]
    assert (row.next_attempt_at, row.reason, row.attempts) == (later, "recipient", 1)
    assert await take(ledger) == []
    clock.forward(minutes=5)
    [again] = await take(ledger)
    assert (again.epoch, again.attempts) == (2, 1)
    assert [a.number for a in rows(database, number)["Li"].history] == [1, 2]


async def test_an_uncharged_outcome_costs_the_recipient_nothing(database: Database, ledger: Ledger) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    account = Outcome(Verdict.DEFERRED, Fault.ACCOUNT, Stage.AUTH, Reply(535, "5.7.8", "bad login"))
    judged = Judgement(Fact.RELEASE, charged=False, next_attempt_at=NOW, reason="account")
    assert await ledger.record(claim, judged, account) is State.QUEUED
    row = rows(database, number)["Li"]
    assert (row.attempts, row.reason, row.history[0].fault) == (0, "account", "account")
    assert len(await take(ledger)) == 1


async def test_a_content_refusal_holds_the_letter_for_everyone(database: Database, ledger: Ledger) -> None:
    number = released(database, "li", "wang")
    [claim] = await take(ledger)
    await ledger.mark(claim)
    refused = Outcome(Verdict.REJECTED, Fault.CONTENT, Stage.DOT, Reply(554, "5.7.1", "spam"))
    judged = Judgement(Fact.RELEASE, charged=False, next_attempt_at=NOW, reason="content", hold=True)
    assert await ledger.record(claim, judged, refused) is State.QUEUED
    assert await take(ledger) == []
    with database.read() as conn:
        assert dispatches.dispatches_of(conn, number)[0].hold == "content"


async def test_a_dead_address_is_offered_for_suppression_not_suppressed(database: Database, ledger: Ledger) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    judged = Judgement(Fact.REJECT, reason="rejected", suppress=True)
    assert await ledger.record(claim, judged, DEAD) is State.FAILED
    with database.read() as conn:
        [offered] = suppressions.list_suppressions(conn)
        assert (offered.address, offered.standing, offered.source) == (claim.address, "offered", claim.delivery_id)
        assert suppressions.is_suppressed(conn, "email", [claim.address]) == frozenset()
    # What no engine can store is left out of the reply; the rest is kept.
    assert rows(database, number)["Li"].history[0].text == "no such user?"


async def test_a_claim_given_back_is_as_if_it_had_not_been(database: Database, ledger: Ledger) -> None:
    number = released(database, "li", "wang")
    taken = await take(ledger, 2)
    await ledger.release(taken)
    await ledger.release([])
    assert {(r.state, r.attempts, r.history) for r in rows(database, number).values()} == {(State.QUEUED, 0, ())}
    assert len(await take(ledger, 2)) == 2


async def test_a_stale_epoch_changes_nothing(database: Database, ledger: Ledger) -> None:
    """The worker that was frozen past its lease comes back after another one took the row."""
    number = released(database, "li")
    [stale] = await take(ledger)
    await ledger.release([stale])
    [fresh] = await take(ledger)
    before = rows(database, number)["Li"]
    assert not await ledger.mark(stale)
    assert await ledger.record(stale, Judgement(Fact.REJECT, hold=True, suppress=True), DEAD) is None
    await ledger.release([stale])
    after = rows(database, number)["Li"]
    assert after == before
    with database.read() as conn:
        assert dispatches.dispatches_of(conn, number)[0].hold is None
        assert suppressions.list_suppressions(conn) == ()
    assert await ledger.mark(fresh)


async def test_a_cancelled_letter_cannot_leave(database: Database, ledger: Ledger) -> None:
    released(database, "li")
    [claim] = await take(ledger)
    with database.write() as conn:
        deliveries.apply_fact(conn, claim.delivery_id, Fact.CANCEL, reason="withdrawn", now=NOW)
    assert not await ledger.mark(claim)
    await ledger.release([claim])
    assert await take(ledger) == []


async def test_a_late_reply_resolves_an_unknown_letter(database: Database, ledger: Ledger) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    await ledger.mark(claim)
    put(database, claim.delivery_id, State.UNKNOWN)
    assert await ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED) is State.ACCEPTED
    assert rows(database, number)["Li"].history[0].verdict == "accepted"


async def test_a_reply_that_comes_after_a_resend_spares_the_second_copy(database: Database, ledger: Ledger) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    await ledger.mark(claim)
    put(database, claim.delivery_id, State.UNKNOWN)
    with database.write() as conn:
        deliveries.apply_fact(conn, claim.delivery_id, Fact.RESEND, reason="by phone", now=NOW)
    assert await ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED) is State.ACCEPTED
    assert rows(database, number)["Li"].next_attempt_at is None
    assert await take(ledger) == []


async def test_a_reply_that_comes_after_the_next_claim_is_only_kept(database: Database, ledger: Ledger) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    await ledger.mark(claim)
    put(database, claim.delivery_id, State.UNKNOWN)
    with database.write() as conn:
        deliveries.apply_fact(conn, claim.delivery_id, Fact.RESEND, reason="by phone", now=NOW)
    [again] = await take(ledger)
    await ledger.release([again])
    assert await ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED) is None
    row = rows(database, number)["Li"]
    assert (row.state, row.history[0].verdict) == (State.QUEUED, "accepted")


async def test_a_second_mark_of_one_claim_is_refused(database: Database, ledger: Ledger) -> None:
    released(database, "li")
    [claim] = await take(ledger)
    assert await ledger.mark(claim)
    assert not await ledger.mark(claim)


@pytest.mark.parametrize("fact", [Fact.ACCEPT, Fact.DEFER, Fact.REJECT, Fact.LOSE, Fact.GIVE_UP, Fact.RELEASE], ids=str)
async def test_the_ledger_draws_every_arrow_of_the_table_and_no_other(
    database: Database, ledger: Ledger, fact: Fact
) -> None:
    number = released(database, *(str(state) for state in State))
    claims = {claim.name.lower(): claim for claim in await take(ledger, len(State))}
    for state in State:
        put(database, claims[state].delivery_id, state)
    judged = Judgement(fact, next_attempt_at=NOW)
    got = await asyncio.gather(*(ledger.record(claims[state], judged, GREY) for state in State))
    assert got == [TRANSITIONS.get((state, fact)) for state in State]
    found = {name.lower(): row.state for name, row in rows(database, number).items()}
    assert found == {str(state): TRANSITIONS.get((state, fact), state) for state in State}


def test_decisions_draw_every_arrow_of_the_table_and_no_other(database: Database) -> None:
    number = released(database, *(str(state) for state in State))
    ids = {name.lower(): row.id for name, row in rows(database, number).items()}
    for fact in set(Fact) - {Fact.CLAIM}:
        for state in State:
            put(database, ids[state], state)
            with database.write() as conn:
                allowed = (state, fact) in TRANSITIONS.keys() - FENCED  # a decision knows no epoch
                if allowed:
                    assert deliveries.apply_fact(conn, ids[state], fact, reason="r", now=NOW) is advance(state, fact)
                else:
                    with pytest.raises(NotPossible, match=f"the delivery is {state} "):
                        deliveries.apply_fact(conn, ids[state], fact, reason="r", now=NOW)
                found = deliveries.find_deliveries(conn, ids[state])[0].state
            assert found is (advance(state, fact) if allowed else state)


def test_a_retry_is_due_at_once_and_starts_a_new_span_when_the_old_is_over(database: Database) -> None:
    number = released(database, "li")
    [row] = rows(database, number).values()
    after = LATER + dt.timedelta(days=1)
    with database.write() as conn:
        deliveries.apply_fact(conn, row.id, Fact.GIVE_UP, reason="expired", now=LATER)
        deliveries.apply_fact(conn, row.id, Fact.RETRY, reason="by hand", now=after)
    [row] = rows(database, number).values()
    assert (row.next_attempt_at, row.valid_until) == (after, after + (LATER - NOW))


def test_a_retry_does_not_release_what_was_never_released(database: Database) -> None:
    with database.write() as conn:
        record, _ = bulletins.save_frozen(conn, frozen(letter("li")), now=NOW)
        [row] = deliveries.deliveries_of(conn, record.id)
        deliveries.apply_fact(conn, row.id, Fact.SUPPRESS, reason="listed", now=NOW)
        deliveries.apply_fact(conn, row.id, Fact.RETRY, reason="by hand", now=NOW)
        assert deliveries.deliveries_of(conn, record.id)[0].next_attempt_at is None
        assert dispatches.release(conn, record.id, at=NOW, valid_until=LATER) == 1


def test_a_decision_about_nothing_is_bad_input(database: Database) -> None:
    with database.write() as conn, pytest.raises(BadInput, match="no delivery nonsense"):
        deliveries.apply_fact(conn, "nonsense", Fact.CANCEL, reason="", now=NOW)


def test_a_move_that_may_have_been_committed_before_is_recognised(database: Database) -> None:
    """The answer to COMMIT was lost: the same again must not look like a lost claim, and must not count twice."""
    number = released(database, "li")
    with database.write() as conn:
        from distributor.store.claims import claim as take_now

        [taken] = take_now(conn, owner="w", limit=1, lease=LEASE, now=NOW)
        for fact, state in ((Fact.MARK, State.SENDING), (Fact.ACCEPT, State.ACCEPTED)):
            move = Move(taken.delivery_id, fact, taken.epoch, charged=fact is Fact.ACCEPT)
            again = Move(taken.delivery_id, fact, taken.epoch, charged=fact is Fact.ACCEPT, again=True)
            assert apply_moves(conn, [move], now=NOW) == [state]
            assert apply_moves(conn, [again], now=NOW) == [state]
            assert apply_moves(conn, [move], now=NOW) == [None]
            other = Move(taken.delivery_id, fact, taken.epoch + 1, again=True)
            assert apply_moves(conn, [other], now=NOW) == [None]
    assert rows(database, number)["Li"].attempts == 1


async def test_what_waits_is_committed_together(database: Database, ledger: Ledger) -> None:
    """Twenty marks handed in while one commit runs are one commit more, not twenty."""
    released(database, *(f"p{n}" for n in range(20)))
    claims = await take(ledger, 20)
    commits = 0
    started, go_on = threading.Event(), threading.Event()

    def count(conn: object) -> None:
        nonlocal commits
        commits += 1
        if commits == 1:
            started.set()
            go_on.wait(10)

    event.listen(database._engine, "commit", count)
    first = asyncio.create_task(ledger.mark(claims[0]))
    await asyncio.to_thread(started.wait, 10)
    rest = [asyncio.create_task(ledger.mark(claim)) for claim in claims[1:]]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(first, *rest) == [True] * 20
    assert commits == 2


async def test_letters_under_way_are_waited_for_and_committed_together(
    database: Database, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(database, "li", "wang")
    one, two = await take(ledger, 2)
    assert await ledger.mark(one)
    assert await ledger.mark(two)
    monkeypatch.setattr("distributor.store.ledger.GATHERING", 60)
    commits: list[object] = []
    event.listen(database._engine, "commit", commits.append)
    async with asyncio.timeout(30):
        answers = [asyncio.create_task(ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED)) for claim in (one, two)]
        assert await asyncio.gather(*answers) == [State.ACCEPTED] * 2
    assert len(commits) == 1


async def test_nobody_waits_for_letters_that_are_not_under_way(
    database: Database, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter alone, a claim beside letters under way, and a ledger that closes."""
    number = released(database, "li", "wang", "zhao")
    monkeypatch.setattr("distributor.store.ledger.GATHERING", 60)
    async with asyncio.timeout(30):
        [alone] = await take(ledger)
        assert await ledger.mark(alone)
        assert await ledger.record(alone, Judgement(Fact.ACCEPT), ACCEPTED) is State.ACCEPTED
        [first] = await take(ledger)
        assert await ledger.mark(first)
        [second] = await take(ledger)
        assert await ledger.mark(second)
        assert await take(ledger) == []
        answer = asyncio.create_task(ledger.record(first, Judgement(Fact.ACCEPT), ACCEPTED))
        await asyncio.sleep(0)
        await asyncio.to_thread(ledger.close)
        assert await answer is State.ACCEPTED
    found = {row.id: row.state for row in rows(database, number).values()}
    assert [found[claim.delivery_id] for claim in (alone, first, second)] == [*[State.ACCEPTED] * 2, State.SENDING]


async def test_an_outcome_is_written_though_its_caller_was_cancelled(database: Database, ledger: Ledger) -> None:
    number = released(database, "li")
    [claim] = await take(ledger)
    await ledger.mark(claim)
    task = asyncio.create_task(ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(ledger.close)
    assert rows(database, number)["Li"].state is State.ACCEPTED


async def test_one_impossible_request_does_not_stop_the_others(database: Database, ledger: Ledger) -> None:
    released(database, "li", "wang")
    one, two = await take(ledger, 2)
    impossible = Judgement(Fact.DEFER, next_attempt_at=dt.datetime(2026, 1, 1))  # noqa: DTZ001 - no zone, on purpose
    bad = asyncio.create_task(ledger.record(one, impossible, GREY))
    good = asyncio.create_task(ledger.mark(two))
    with pytest.raises(Exception, match="without a zone"):
        await bad
    assert await good
    assert await ledger.mark(one)  # the row is as it was


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_fault_in_the_ledger_itself_leaves_nobody_waiting(
    database: Database, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(batch: object) -> None:
        raise LookupError("a fault of the program")

    monkeypatch.setattr(ledger, "_commit", broken)
    with pytest.raises(LookupError, match="a fault of the program"):
        await take(ledger)
    with pytest.raises(Unavailable, match="ledger is closed"):
        await take(ledger)


async def test_a_closed_ledger_says_so(database: Database, clock: Clock) -> None:
    ledger = Ledger(database, clock=clock)
    with pytest.raises(Unavailable, match="ledger is closed"):
        await take(ledger)
    ledger.start()
    ledger.close()
    ledger.close()
    with pytest.raises(Unavailable, match="ledger is closed"):
        await take(ledger)
