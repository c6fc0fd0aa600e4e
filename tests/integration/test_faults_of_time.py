"""Clocks that jump, zones that are missing, hours that come while another bulletin leaves (faults 81, 82, 85)."""

import datetime as dt
import importlib.resources
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.channels.base import Envelope, Message
from distributor.dispatch.hours import next_hour
from distributor.service.duties import BEAT, Duties
from distributor.service.looking_back import look_back
from distributor.service.office import Office
from distributor.store import alerts
from distributor.store.bulletins import save_frozen
from distributor.store.claims import claim
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.store.dispatches import release
from distributor.store.leases import holder
from distributor.store.pauses import ALL, paused, resume
from distributor.store.records import Claim
from tests.channels.letters import BODY
from tests.channels.server import ScriptedServer
from tests.integration import test_worker_faults
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, NOW, frozen, letter


class Machine:
    """An office on a machine whose clock can be moved while its time since the start goes on as it does."""

    def __init__(self, folder: Path, database: Database, clock: Clock) -> None:
        self.clock = clock
        clock.now = dt.datetime.now(dt.UTC)
        self.bureau = Bureau(folder, database, clock)
        self.office = Office(
            file=folder / "distributor.toml",
            settings=self.bureau.settings,
            database=database,
            key=self.bureau.key,
            owner="test",
            clock=clock,
        )
        self.duties = Duties(self.office, self.bureau.by_rule)

    def ticks(self) -> None:
        look_back(self.office)
        self.duties.tick()

    def jumps(self, **by: float) -> None:
        self.clock.forward(**by)
        self.ticks()

    def rests(self) -> list[tuple[str, str]]:
        with self.office.database.read() as conn:
            return [(rest.scope, rest.reason) for rest in paused(conn)]

    def leave(self) -> int:
        """How many copies a sender would get now."""
        with self.office.database.write() as conn:
            return len(claim(conn, owner="sender", limit=10, lease=dt.timedelta(minutes=1), now=self.clock.now))


@pytest.fixture
def machine(tmp_path: Path, sqlite: Database, clock: Clock) -> Machine:
    return Machine(tmp_path / "office", sqlite, clock)


@pytest.mark.parametrize(
    ("jump", "reason"),
    [({"days": 1}, "clock_jump"), ({"days": -1}, "clock_back"), ({"minutes": 6}, "clock_jump")],
    ids=["a day ahead", "a day back", "six minutes ahead"],
)
def test_81_a_clock_that_jumps_makes_nothing_leave_until_a_person_has_looked(
    machine: Machine, jump: dict[str, float], reason: str
) -> None:
    machine.ticks()
    machine.bureau.take(machine.bureau.drop())  # its hour is one hour from now
    machine.jumps(**jump)

    assert machine.rests() == [(ALL, reason)]
    assert machine.leave() == 0
    with machine.office.database.read() as conn:
        assert reason in [one.cause for one in alerts.alerts(conn)]
        lead = holder(conn, "clock")
    assert lead is not None  # who leads, leads on: leases go by the database's clock

    with machine.office.database.write() as conn:
        resume(conn, ALL, "test", machine.clock.now)
    machine.clock.forward(seconds=BEAT.total_seconds())
    machine.ticks()
    assert machine.rests() == []


def test_41_a_yes_holds_for_a_service_that_is_started_again_a_second_later(machine: Machine) -> None:
    machine.ticks()
    with machine.office.database.write() as conn:
        conn.exec_driver_sql("UPDATE instance SET count = count - 1")  # as a restored backup knows it
    machine.jumps(seconds=BEAT.total_seconds())
    assert machine.rests() == [(ALL, "restored_backup")]
    with machine.office.database.write() as conn:
        resume(conn, ALL, "test", machine.clock.now)
    machine.jumps(seconds=1)
    machine.duties = Duties(machine.office, machine.bureau.by_rule)
    machine.ticks()
    assert machine.rests() == []


@pytest.mark.parametrize(
    "step", [{"seconds": 30}, {"minutes": -4}, {"minutes": 4}], ids=["30 s", "4 min back", "4 min"]
)
def test_81_a_step_as_time_servers_make_them_stops_nothing(machine: Machine, step: dict[str, float]) -> None:
    machine.ticks()
    machine.jumps(**step)
    assert machine.rests() == []


def test_81_a_claim_made_under_a_wrong_clock_does_not_last_a_day(machine: Machine) -> None:
    """The lease counts on the database's clock, whatever the business clock shows."""
    machine.bureau.release()
    machine.clock.forward(days=1)
    assert machine.leave() == 3
    machine.clock.forward(days=-1)
    with machine.office.database.read() as conn:
        ends = conn.exec_driver_sql("SELECT max(lease_until) - CAST(strftime('%s', 'now') AS INTEGER) FROM delivery")
        assert ends.scalar_one() <= 61


@pytest.fixture
def no_system_zones() -> Iterator[None]:
    """A machine without /usr/share/zoneinfo, such as a bare container."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_system_zones")
def test_82_without_the_system_s_zones_the_hour_is_the_same(
    tmp_path: Path, sqlite: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    assert importlib.resources.files("tzdata").is_dir()  # a requirement of the package
    bureau = Bureau(tmp_path / "office", sqlite, clock)
    settings = bureau.office.folder / "distributor.toml"
    ruled = settings.read_text(encoding="utf-8").replace("[send]", '[send]\nrule = "17:00"')
    settings.write_text(ruled, encoding="utf-8")
    assert next_hour(bureau.settings, NOW) == dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


async def test_85_an_hour_that_comes_while_another_bulletin_leaves_waits_its_turn(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier bulletin is finished first, then the later one goes; nobody gets one of them twice."""
    clock = Clock()
    people = ("anna", "bela", "cora", "dora", "emma", "fina")
    with sqlite.write() as conn:
        for number, due in (("12", NOW), ("13", NOW + dt.timedelta(minutes=1))):
            record, _ = save_frozen(conn, frozen(letter(*people), number=number, digest=number), now=NOW)
            release(conn, record.id, at=due, valid_until=LATER)
    order: list[int] = []
    open_then: list[int] = []

    def compose(claimed: Claim) -> Message:
        clock.now = NOW + dt.timedelta(minutes=2)  # the hour of the second one comes during the first letter
        order.append(claimed.bulletin_id)
        if claimed.bulletin_id == 2 and not open_then:
            with sqlite.read() as conn:
                open_then.append(books(conn, 1).open)
        return Message(claimed.delivery_id, Envelope("hzb@example.gov.cn", claimed.address), (BODY,))

    async with ScriptedServer() as server:
        monkeypatch.setattr(test_worker_faults, "compose", compose)
        await test_worker_faults.send(sqlite, server, clock)
        copies = [one.recipient for one in server.delivered]

    assert order == [1] * len(people) + [2] * len(people)
    assert open_then[0] <= 1  # the last one of the first may be on its way
    assert sorted(copies[: len(people)]) == sorted(copies[len(people) :])
    assert len(copies) == 2 * len(people)
