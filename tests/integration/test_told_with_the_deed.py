"""What makes something wait and the word about it are one: trouble with the database between them loses neither."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from distributor.delivery.gap import Gap
from distributor.dispatch.dropped import REPORT
from distributor.service.duties import Duties
from distributor.service.looking_back import look_back, stop_for
from distributor.service.office import Office
from distributor.store.alerts import alerts
from distributor.store.database import Database
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock


@pytest.fixture
def bureau(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", database, clock)


@contextmanager
def nothing_can_be_told(database: Database) -> Iterator[None]:
    """The table of alerts is not there, as if the database had gone away just then."""
    _run(database, "ALTER TABLE alert RENAME TO away")
    yield
    _run(database, "ALTER TABLE away RENAME TO alert")


def _run(database: Database, statement: str) -> None:
    with database.write() as conn:
        conn.exec_driver_sql(statement)


def causes(database: Database) -> set[str]:
    with database.read() as conn:
        return {one.cause for one in alerts(conn)}


def released(bureau: Bureau, *, ago: dt.timedelta) -> None:
    """Heartbeats compare the clock with the machine's other ones, so it is the past that is made up."""
    bureau.clock.now = dt.datetime.now(dt.UTC) - ago
    bureau.release()
    bureau.clock.now += ago


def came_too_late(bureau: Bureau) -> Callable[[Office], object]:
    released(bureau, ago=dt.timedelta(hours=10))
    return look_back


def has_another_list(bureau: Bureau) -> Callable[[Office], object]:
    released(bureau, ago=dt.timedelta())
    bureau.office.recipients(leaders=1, units=3)
    return lambda office: Duties(office, bureau.by_rule).tick()


def ran_out_of_time(bureau: Bureau) -> Callable[[Office], object]:
    released(bureau, ago=dt.timedelta(days=4))
    return lambda office: Duties(office, bureau.by_rule).tick()


def clock_jumped(bureau: Bureau) -> Callable[[Office], object]:
    released(bureau, ago=dt.timedelta())
    return lambda office: stop_for(office, Gap.CLOCK_JUMP, bureau.clock())


@pytest.mark.parametrize(
    ("happened", "cause"),
    [
        (came_too_late, "late:1"),
        (has_another_list, "list:1"),
        (ran_out_of_time, "expired"),
        (clock_jumped, "clock_jump"),
    ],
)
def test_what_could_not_be_told_is_told_at_the_next_look(
    bureau: Bureau, happened: Callable[[Bureau], Callable[[Office], object]], cause: str
) -> None:
    look = happened(bureau)
    with nothing_can_be_told(bureau.database), pytest.raises(DBAPIError):
        look(bureau.service())

    look(bureau.service())

    assert cause in causes(bureau.database)


def test_a_refused_file_is_told_of_although_its_report_cannot_be_written(bureau: Bureau) -> None:
    path = bureau.drop(text=BULLETIN.format(number=7).replace("核签：陆建", "核签："))
    (bureau.inbox / "refused").mkdir()
    (bureau.inbox / "refused" / f"{path.name}{REPORT}").mkdir()  # no file can be written there
    bureau.clock.now = dt.datetime.now(dt.UTC)
    duties = Duties(bureau.service(), bureau.by_rule)

    duties.tick()
    bureau.clock.forward(seconds=3)
    duties.tick()

    assert not path.exists()
    assert f"inbox:{path.name}" in causes(bureau.database)
