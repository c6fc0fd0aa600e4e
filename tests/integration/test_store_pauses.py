"""What rests by a person's word, seen by every process at once."""

import datetime as dt

import pytest
from sqlalchemy import select

from distributor.errors import BadInput
from distributor.store import audit
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
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
