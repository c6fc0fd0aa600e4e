"""After a correction (勘误) or a withdrawal nothing of the older text leaves any more, whatever comes back late."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact, State
from distributor.dispatch.finalise import finalise
from distributor.dispatch.intake import prepare
from distributor.dispatch.reconcile import resend_unknown
from distributor.store.claims import claim, sweep
from distributor.store.database import Database
from distributor.store.deliveries import due_bulletins
from distributor.store.moves import Move, apply_moves
from distributor.store.outcomes import Recorded, write_outcomes
from distributor.store.records import Claim
from distributor.store.withdrawals import put_back, withdraw
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

CORRECTED = BULLETIN.format(number=7).replace("整改问题6处", "整改问题7处")


@pytest.fixture
def bureau(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """An office that has released a bulletin, and whose groups send unknown copies again."""
    bureau = Bureau(tmp_path / "office", database, clock)
    bureau.office.recipients(leaders=1, units=2, on_unknown="resend")
    directory = bureau.office.folder / "recipients.yaml"
    text = directory.read_text("utf-8").replace("direction: 报", "direction: 报\n    on_unknown: resend")
    directory.write_text(text, "utf-8")
    bureau.release()
    return bureau


def claimed(bureau: Bureau, limit: int = 100) -> list[Claim]:
    with bureau.database.write() as conn:
        return claim(conn, owner="test/1", limit=limit, lease=dt.timedelta(minutes=15), now=bureau.clock())


def handed_over(bureau: Bureau) -> Claim:
    """A copy whose letter is with the server, all but its dot."""
    (one,) = claimed(bureau, 1)
    with bureau.database.write() as conn:
        apply_moves(conn, [Move(one.delivery_id, Fact.MARK, one.epoch)], now=bureau.clock())
    return one


def comes_back(bureau: Bureau, one: Claim, fact: Fact) -> None:
    """The server's answer to the dot, a minute later."""
    bureau.clock.forward(minutes=1)
    now = bureau.clock()
    lost = fact is Fact.LOSE
    outcome = Outcome(
        Verdict.UNKNOWN if lost else Verdict.DEFERRED, Fault.NETWORK, Stage.DOT, Reply(0 if lost else 451)
    )
    judgement = Judgement(fact, next_attempt_at=None if lost else now)
    came = Recorded(one.delivery_id, one.epoch, one.dispatch_id, one.channel, one.address, judgement, outcome, now)
    with bureau.database.write() as conn:
        assert write_outcomes(conn, [came], now=now) != [None]


def correct(bureau: Bureau) -> None:
    path = bureau.office.write("corrected.md", CORRECTED)
    prepared = prepare(path, bureau.settings)
    finalise(bureau.database, prepared, bureau.settings, bureau.key, now=bureau.clock(), actor="test", correction=True)


def resent(bureau: Bureau) -> int:
    with bureau.database.write() as conn:
        return resend_unknown(conn, [1], now=bureau.clock())


@pytest.mark.parametrize("fact", [Fact.DEFER, Fact.RELEASE])
def test_a_copy_that_the_server_did_not_take_is_not_tried_again_after_a_correction(bureau: Bureau, fact: Fact) -> None:
    one = handed_over(bureau)
    correct(bureau)
    comes_back(bureau, one, fact)

    with bureau.database.read() as conn:
        assert due_bulletins(conn, now=bureau.clock()) == ()
    assert claimed(bureau) == []

    with bureau.database.write() as conn:
        sweep(conn, now=bureau.clock())
    assert {(copy.state, copy.reason) for copy in bureau.copies(1)} == {(State.CANCELLED, "superseded")}
    assert {copy.state for copy in bureau.copies(2)} == {State.QUEUED}


def test_a_copy_in_doubt_is_not_sent_again_after_a_correction(bureau: Bureau) -> None:
    one = handed_over(bureau)
    correct(bureau)
    comes_back(bureau, one, Fact.LOSE)

    assert resent(bureau) == 0
    assert sum(copy.state is State.UNKNOWN for copy in bureau.copies(1)) == 1


def test_a_copy_in_doubt_is_not_sent_again_after_a_withdrawal_unless_that_is_taken_back(bureau: Bureau) -> None:
    one = handed_over(bureau)
    with bureau.database.write() as conn:
        withdraw(conn, 1, "数字有误", actor="test", now=bureau.clock())
    comes_back(bureau, one, Fact.LOSE)
    assert resent(bureau) == 0

    with bureau.database.write() as conn:
        put_back(conn, 1, actor="test", now=bureau.clock())
    assert resent(bureau) == 1
