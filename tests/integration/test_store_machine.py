"""Whatever happens in whatever order: rows are where the law says, and the books sum to what was planned."""

import datetime as dt
import itertools
import tempfile
import uuid
from collections import Counter
from functools import cache
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Outcome, Reply, Stage, Verdict
from distributor.delivery.state import CLAIMABLE, FENCED, TRANSITIONS, Fact, State
from distributor.store import bulletins, deliveries, dispatches
from distributor.store.claims import claim, recover, sweep
from distributor.store.database import Database
from distributor.store.deliveries import NotListed, NotPossible
from distributor.store.freezing import SUPERSEDED
from distributor.store.moves import Move, apply_moves
from distributor.store.outcomes import Recorded, write_outcomes
from distributor.store.records import Claim
from tests.integration.frozen import LATER, NOW, frozen, letter

NAMES = ("a", "b", "c", "d", "e")
WORKER_FACTS = (Fact.ACCEPT, Fact.DEFER, Fact.REJECT, Fact.LOSE, Fact.RELEASE, Fact.GIVE_UP)
DECISIONS = (Fact.CANCEL, Fact.SUPPRESS, Fact.RETRY, Fact.RESEND, Fact.DELIVER, Fact.BOUNCE, Fact.ACCEPT, Fact.REJECT)
OUTCOME = Outcome(Verdict.DEFERRED, stage=Stage.RCPT, reply=Reply(450))


@cache
def _empty() -> bytes:
    """A database with its tables and nothing in them; making it costs more than a whole run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        Database.open(f"sqlite:///{path}").close()
        return path.read_bytes()


class Deliveries(RuleBasedStateMachine):
    """A model of one bulletin's rows, kept by folding facts over the table, against the real store."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        # Rows that are due at one time are claimed in the order of their ids: the same steps must find the same rows.
        counted = (uuid.UUID(int=number) for number in itertools.count(1))
        self.ids_in_order = mock.patch("uuid.uuid4", side_effect=counted)
        self.ids_in_order.start()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "m.db"
        path.write_bytes(_empty())
        self.database = Database.open(f"sqlite:///{path}")
        self.model: dict[str, State] = {}
        self.epochs: Counter[str] = Counter()
        self.withdrawn: set[str] = set()
        self.listed: set[str] = set()
        self.unknown: set[tuple[str, int]] = set()  # attempts of which nobody knows what came of them

    def teardown(self) -> None:
        self.ids_in_order.stop()
        self.database.close()
        self.folder.cleanup()

    def step(self, name: str, fact: Fact) -> State | None:
        """Folds one fact; None when the table forbids it."""
        state = TRANSITIONS.get((self.model[name], fact))
        if state is not None:
            self.model[name] = state
        return state

    @initialize(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def begin(self, names: set[str]) -> None:
        with self.database.write() as conn:
            record, _ = bulletins.save_frozen(conn, frozen(letter(*sorted(names))), now=NOW)
            self.number = record.id
            self.ids = {row.name.lower(): row.id for row in deliveries.deliveries_of(conn, self.number)}
        self.model = dict.fromkeys(names, State.QUEUED)
        self.listed = set(names)

    @rule()
    def release(self) -> None:
        with self.database.write() as conn:
            dispatches.release(conn, self.number, at=NOW, valid_until=LATER)

    @rule(target=claims, limit=st.integers(1, 3))
    def take(self, limit: int) -> object:
        with self.database.write() as conn:
            got = claim(conn, owner="w", limit=limit, lease=dt.timedelta(seconds=60), now=NOW)
        for taken in got:
            name = taken.name.lower()
            assert self.model[name] in CLAIMABLE
            assert name in self.listed
            self.step(name, Fact.CLAIM)
            self.epochs[name] += 1
            assert taken.epoch == self.epochs[name]
        return multiple(*got)

    @rule(taken=claims)
    def mark(self, taken: Claim) -> None:
        with self.database.write() as conn:
            got = apply_moves(conn, [Move(taken.delivery_id, Fact.MARK, taken.epoch)], now=NOW)[0]
        assert got == self.as_worker(taken, Fact.MARK)

    @rule(taken=consumes(claims), fact=st.sampled_from(WORKER_FACTS))
    def record(self, taken: Claim, fact: Fact) -> None:
        judged = Judgement(fact, next_attempt_at=NOW)
        done = Recorded(taken.delivery_id, taken.epoch, taken.dispatch_id, "email", taken.address, judged, OUTCOME, NOW)
        with self.database.write() as conn:
            got = write_outcomes(conn, [done], now=NOW)[0]
        self.unknown.discard((taken.name.lower(), taken.epoch))
        assert got == self.as_worker(taken, fact)

    def as_worker(self, taken: Claim, fact: Fact) -> State | None:
        name = taken.name.lower()
        return self.step(name, fact) if taken.epoch == self.epochs[name] else None

    @rule(name=st.sampled_from(NAMES), fact=st.sampled_from(DECISIONS))
    def decide(self, name: str, fact: Fact) -> None:
        if name not in self.model:
            return
        refused = fact in (Fact.RETRY, Fact.RESEND) and name not in self.listed
        allowed = not refused and (self.model[name], fact) not in FENCED
        expected = self.step(name, fact) if allowed else None
        try:
            with self.database.write() as conn:
                got = deliveries.apply_fact(conn, self.ids[name], fact, reason="by hand", now=NOW)
        except NotListed:
            assert refused
        except NotPossible:
            assert expected is None
        else:
            assert got is expected
            self.withdrawn.discard(name)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def freeze_again(self, names: set[str]) -> None:
        with self.database.write() as conn:
            _, result = bulletins.save_frozen(conn, frozen(letter(*sorted(names))), now=NOW)
            self.ids = {row.name.lower(): row.id for row in deliveries.deliveries_of(conn, self.number)}
        cancelled = {name for name in self.model if name not in names and self.step(name, Fact.CANCEL)}
        back = {name for name in self.withdrawn & names if name not in {lost for lost, _ in self.unknown}}
        for name in back:
            self.step(name, Fact.RETRY)
            self.epochs[name] += self.epochs[name] > 0
        new = names - set(self.model)
        self.listed = set(names)
        self.withdrawn = (self.withdrawn - back) | cancelled
        self.model.update(dict.fromkeys(new, State.QUEUED))
        assert (result.added, result.cancelled) == (len(new) + len(back), len(cancelled))

    @rule()
    def sender_dies(self) -> None:
        with self.database.write() as conn:
            recover(conn, now=NOW)
        for name, state in self.model.items():
            if state in (State.CLAIMED, State.SENDING):
                self.step(name, Fact.RELEASE if state is State.CLAIMED else Fact.LOSE)
            if state is State.SENDING:
                self.unknown.add((name, self.epochs[name]))

    @rule()
    def time_passes(self) -> None:
        with self.database.write() as conn:
            released = {r.name.lower() for r in deliveries.deliveries_of(conn, self.number) if r.valid_until}
            swept = sweep(conn, now=LATER)
        for name in self.model.keys() - self.listed:
            if self.model[name] in CLAIMABLE:
                self.step(name, Fact.CANCEL)
                self.withdrawn.add(name)
        late = [name for name in released if self.model[name] in CLAIMABLE]
        for name in late:
            self.step(name, Fact.GIVE_UP)
        assert swept.expired == len(late)

    @invariant()
    def every_row_is_where_the_law_says(self) -> None:
        with self.database.read() as conn:
            if not self.model:
                return
            rows = deliveries.deliveries_of(conn, self.number)
            books = deliveries.books(conn, self.number)
        assert {row.name.lower(): row.state for row in rows} == self.model
        assert {r.name.lower() for r in rows if r.reason == SUPERSEDED} == self.withdrawn
        assert {r.name.lower() for r in rows if r.listed} == self.listed
        assert books.planned == sum(books.by_state.values()) == len(self.model)
        assert books.by_state == Counter(self.model.values())


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
