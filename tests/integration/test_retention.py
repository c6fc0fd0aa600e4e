"""What has been kept for long enough goes, a few rows at a time; what it proved stays, and the removal is on record."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import State
from distributor.dispatch.retention import Purge
from distributor.service.tidying import Tidying
from distributor.settings import Retention
from distributor.store import audit, retention
from distributor.store.attempts import close_attempts
from distributor.store.database import Database
from distributor.store.receipt_records import evidence_for, raw_form, receipts_of
from distributor.store.receipt_schema import receipt
from distributor.store.receipts import add_receipt
from distributor.store.schema import attempt, delivery
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

DAY = dt.timedelta(days=1)
RULES = Retention(raw_reports=90 * DAY, openings=365 * DAY, replies=365 * DAY)


@pytest.fixture
def bureau(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    bureau = Bureau(tmp_path / "office", database, clock)
    record = bureau.release()
    with database.write() as conn:  # the relay has taken every copy
        conn.execute(update(delivery).where(delivery.c.bulletin_id == record.id).values(state=State.ACCEPTED))
    return bureau


def came(bureau: Bureau, kind: Kind, *, digest: str, raw: bytes | None = None) -> int:
    """A receipt about the first copy that comes now."""
    now = bureau.clock()
    with bureau.database.write() as conn:
        added = add_receipt(
            conn,
            kind,
            delivery_id=bureau.copies()[0].id,
            source="page",
            digest=digest.ljust(64, "0"),
            at=now,
            now=now,
            raw=raw,
        )
    return added.receipt.id


def replied(bureau: Bureau, text: str) -> None:
    """An attempt at the first copy that ends now with these words."""
    now, copy = bureau.clock(), bureau.copies()[0]
    empty = {"verdict": "", "fault": "", "stage": "", "code": 0, "enhanced": "", "text": ""}
    with bureau.database.write() as conn:
        conn.execute(attempt.insert().values(delivery_id=copy.id, epoch=1, owner="t", started_at=now, **empty))
        close_attempts(
            conn,
            [(copy.id, 1, Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT, Reply(550, "5.1.1", text)))],
            now=now,
        )


def purge(bureau: Bureau) -> Purge:
    """One purge to its end."""
    run = Purge(RULES, bureau.clock())
    while run.step(bureau.database, actor="test"):
        pass
    return run


def count(bureau: Bureau) -> int:
    with bureau.database.read() as conn:
        return conn.execute(select(func.count()).select_from(receipt)).scalar_one()


def test_a_raw_report_goes_after_its_time_and_its_receipt_stays(bureau: Bureau, clock: Clock) -> None:
    number = came(bureau, Kind.READ, digest="1", raw=b"From: lisi@example.gov.cn")
    copy = bureau.copies()[0]
    clock.forward(days=90)
    assert purge(bureau).counts()["raw_reports"] == 0
    clock.forward(seconds=1)
    assert purge(bureau).counts() == {"raw_reports": 1, "openings": 0, "replies": 0}
    with bureau.database.read() as conn:
        assert raw_form(conn, number) is None
        assert evidence_for(conn, copy.id) is Rung.READ
        entry = audit.entries(conn)[-1]
        assert audit.verify(conn) is None
    assert (entry.action, entry.actor) == ("retention.purged", "test")
    assert entry.details == {"raw_reports": 1, "openings": 0, "replies": 0}


def test_openings_go_and_what_a_person_did_stays(bureau: Bureau, clock: Clock) -> None:
    for number, kind in enumerate((Kind.OPENED, Kind.FETCHED, Kind.SIGNED, Kind.RETURNED, Kind.PHONED)):
        came(bureau, kind, digest=str(number))
    clock.forward(days=366)
    purge(bureau)
    copy = bureau.copies()[0]
    with bureau.database.read() as conn:
        left = sorted(one.kind for one in receipts_of(conn, [copy.id])[copy.id])
    assert left == sorted([Kind.SIGNED, Kind.RETURNED, Kind.PHONED])


def test_a_server_s_words_go_and_its_verdict_stays(bureau: Bureau, clock: Clock) -> None:
    replied(bureau, "<lisi@example.gov.cn> unknown")
    clock.forward(days=366)
    assert purge(bureau).counts()["replies"] == 1
    with bureau.database.read() as conn:
        (tried,) = conn.execute(select(attempt)).all()
    assert (tried.verdict, tried.code, tried.enhanced, tried.text) == ("rejected", 550, "5.1.1", "")
    assert purge(bureau).counts()["replies"] == 0, "it was removed twice"


def test_no_transaction_takes_more_than_a_few_rows(
    bureau: Bureau, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    monkeypatch.setattr("distributor.dispatch.retention.AT_ONCE", 3)
    for number in range(8):
        came(bureau, Kind.OPENED, digest=str(number))
    clock.forward(days=366)
    run, left = Purge(RULES, clock()), []
    while run.step(bureau.database, actor="test"):
        left.append(count(bureau))
    assert left[:4] == [8, 5, 2, 0]
    assert run.counts()["openings"] == 8


def test_nothing_to_remove_leaves_no_entry(bureau: Bureau) -> None:
    before = entries(bureau)
    purge(bureau)
    assert entries(bureau) == before


def entries(bureau: Bureau) -> int:
    with bureau.database.read() as conn:
        return audit.head(conn)[0]


def test_what_would_go_is_counted_without_being_touched(bureau: Bureau, clock: Clock) -> None:
    came(bureau, Kind.READ, digest="1", raw=b"raw")
    clock.forward(days=400)
    assert Purge(RULES, clock()).foreseen(bureau.database) == {"raw_reports": 1, "openings": 0, "replies": 0}
    assert count(bureau) == 1


def test_the_service_purges_once_a_day(bureau: Bureau, clock: Clock) -> None:
    tidying = Tidying(bureau.service())
    number = came(bureau, Kind.READ, digest="1", raw=b"raw")

    def tick() -> bytes | None:
        for _ in range(4):
            tidying.step(clock())
        with bureau.database.read() as conn:
            return raw_form(conn, number)

    assert tick() == b"raw"
    clock.forward(days=91)
    assert tick() is None
    number = came(bureau, Kind.DELIVERED, digest="2", raw=b"raw")
    tidying._office.settings = bureau.settings.model_copy(
        update={"retention": Retention(raw_reports=dt.timedelta(minutes=1))}
    )
    clock.forward(hours=23)
    assert tick() == b"raw", "it purged twice in a day"
    clock.forward(hours=2)
    assert tick() is None
