"""What rests by a person's word, seen by every process at once."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from distributor.errors import BadInput
from distributor.store import audit
from distributor.store.bulletins import get_bulletin, save_frozen
from distributor.store.claims import sweep
from distributor.store.database import Database
from distributor.store.dispatches import release
from distributor.store.pauses import account_rests, goes_on, pause, paused, resume
from distributor.store.schema import delivery
from tests.integration.frozen import NOW, frozen, letter

LATER = NOW + dt.timedelta(hours=1)


def test_a_pause_is_seen_by_others_and_ends_with_resume(database: Database, database_url: str) -> None:
    other = Database.open(database_url)
    with database.write() as conn:
        assert pause(conn, "account:main", "换密码", "李四", NOW)
        assert not pause(conn, "account:main", "another reason", "王五", LATER)
    with other.read() as conn:
        [found] = paused(conn)
    assert (found.scope, found.reason, found.actor, found.at) == ("account:main", "换密码", "李四", NOW)
    with other.write() as conn:
        assert resume(conn, "account:main", "王五", LATER)
        assert not resume(conn, "account:main", "王五", LATER)
    with database.read() as conn:
        assert paused(conn) == ()
        booked = [(each.action, each.subject, each.actor, each.details) for each in audit.entries(conn)]
    assert booked == [
        ("paused", "account:main", "李四", {"reason": "换密码"}),
        ("resumed", "account:main", "王五", {}),
    ]
    other.close()


@pytest.mark.parametrize(
    ("scope", "resting"),
    [("all", {"main", "second"}), ("account:main", {"main"}), ("bulletin:1", set())],
)
def test_an_account_rests_with_everything_or_alone(database: Database, scope: str, resting: set[str]) -> None:
    with database.write() as conn:
        pause(conn, scope, "", "李四", NOW)
        assert {name for name in ("main", "second") if account_rests(paused(conn), name)} == resting


@pytest.mark.parametrize(
    ("scopes", "numbers"),
    [
        ((), {1, 2}),
        (("account:main",), {1, 2}),
        (("bulletin:1",), {2}),
        (("bulletin:1", "bulletin:2"), set()),
        (("all",), set()),
    ],
)
def test_the_rows_of_a_resting_bulletin_are_left_out(
    database: Database, scopes: tuple[str, ...], numbers: set[int]
) -> None:
    with database.write() as conn:
        for number in ("1", "2"):
            save_frozen(conn, frozen(letter("a"), number=number), now=NOW)
        for scope in scopes:
            pause(conn, scope, "", "李四", NOW)
        going = conn.execute(select(delivery.c.bulletin_id).where(goes_on(delivery.c.bulletin_id))).scalars()
        assert set(going) == numbers


@pytest.mark.parametrize("scope", ["", "ALL", "account:", "account:a b", "bulletin:x", "bulletin:0", "domain:qq.com"])
def test_other_scopes_are_refused_with_the_possible_ones(database: Database, scope: str) -> None:
    with pytest.raises(BadInput, match="account:NAME"), database.write() as conn:
        pause(conn, scope, "", "", NOW)
    with pytest.raises(BadInput, match="account:NAME"), database.write() as conn:
        resume(conn, scope, "", NOW)


class TestTimeToLive:
    """A rest takes nothing from the time that copies are worth sending."""

    VALID = NOW + dt.timedelta(hours=6)

    @pytest.fixture(autouse=True)
    def _released(self, database: Database) -> None:
        with database.write() as conn:
            for number in ("12", "13"):
                record, _ = save_frozen(conn, frozen(letter("li", "wang"), number=number), now=NOW)
                release(conn, record.id, at=NOW, valid_until=self.VALID)

    def rest(self, database: Database, scope: str, begin: float, end: float | None = None) -> None:
        """Pauses, and lets go when an end is given; both in hours after the release."""
        with database.write() as conn:
            pause(conn, scope, "", "李四", NOW + dt.timedelta(hours=begin))
            if end is not None:
                resume(conn, scope, "李四", NOW + dt.timedelta(hours=end))

    def end(self, database: Database, scope: str, at: float) -> None:
        with database.write() as conn:
            resume(conn, scope, "李四", NOW + dt.timedelta(hours=at))

    def hours_given(self, database: Database) -> dict[int, set[float]]:
        """How much longer than at first the copies of each bulletin are valid, in hours."""
        given: dict[int, set[float]] = {}
        with database.read() as conn:
            for row in conn.execute(select(delivery.c.bulletin_id, delivery.c.valid_until)):
                given.setdefault(row.bulletin_id, set()).add((row.valid_until - self.VALID) / dt.timedelta(hours=1))
        return given

    def swept(self, database: Database, at: float) -> int:
        with database.write() as conn:
            return sweep(conn, now=NOW + dt.timedelta(hours=at)).expired

    @pytest.mark.parametrize(("scope", "left"), [("all", 0), ("bulletin:1", 2), ("account:main", 4)])
    def test_while_it_rests_no_copy_is_given_up(self, database: Database, scope: str, left: int) -> None:
        self.rest(database, scope, 1)
        assert self.swept(database, 100) == left

    @pytest.mark.parametrize(
        ("scope", "given"),
        [
            ("all", {1: {48.0}, 2: {48.0}}),
            ("bulletin:1", {1: {48.0}, 2: {0.0}}),
            ("account:main", {1: {0.0}, 2: {0.0}}),
        ],
    )
    def test_when_it_goes_on_it_has_as_much_time_left_as_before(
        self, database: Database, scope: str, given: dict[int, set[float]]
    ) -> None:
        self.rest(database, scope, 1, 49)
        assert self.hours_given(database) == given
        with database.read() as conn:
            assert get_bulletin(conn, 1).valid_until == self.VALID + dt.timedelta(hours=max(given[1]))

    @pytest.mark.parametrize(
        "order",
        [
            [("all", 0, 10), ("bulletin:1", 5, 15)],
            [("bulletin:1", 0, 10), ("all", 5, 15)],
            [("all", 0, 15), ("bulletin:1", 5, 10)],
            [("bulletin:1", 0, 15), ("all", 5, 10)],
        ],
        ids=["the bulletin's later", "everything's later", "the bulletin's within", "everything's within"],
    )
    def test_two_rests_at_a_time_count_once(self, database: Database, order: list[tuple[str, int, int]]) -> None:
        for scope, begin, _ in order:
            self.rest(database, scope, begin)
        for scope, _, end in sorted(order, key=lambda one: one[2]):
            self.end(database, scope, end)
        assert self.hours_given(database)[1] == {15.0}

    def test_what_was_released_during_the_rest_lost_only_the_time_since(self, database: Database) -> None:
        self.rest(database, "all", 0)
        with database.write() as conn:
            record, _ = save_frozen(conn, frozen(letter("li"), number="14"), now=NOW)
            release(conn, record.id, at=NOW + dt.timedelta(hours=8), valid_until=self.VALID)
        self.end(database, "all", 10)
        assert self.hours_given(database) == {1: {10.0}, 2: {10.0}, 3: {2.0}}

    def test_what_was_over_before_the_rest_stays_over(self, database: Database) -> None:
        self.rest(database, "all", 7, 9)
        assert self.hours_given(database) == {1: {0.0}, 2: {0.0}}
        assert self.swept(database, 9) == 4

    def test_copies_with_different_ends_are_each_extended_once(self, database: Database) -> None:
        with database.write() as conn:
            conn.execute(
                update(delivery)
                .where(delivery.c.bulletin_id == 1, delivery.c.name == "Wang")
                .values(valid_until=self.VALID + dt.timedelta(hours=2))
            )
        self.rest(database, "bulletin:1", 1, 3)
        assert self.hours_given(database)[1] == {2.0, 4.0}
