"""A person who is forgotten is nowhere in the database any more, and everything that was proved still stands."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import State
from distributor.dispatch.acknowledge import Word, sign
from distributor.dispatch.finalise import finalise
from distributor.dispatch.forgetting import Forgotten, SeveralPeople, UnderWay, find_person, forget
from distributor.dispatch.intake import prepare
from distributor.dispatch.mailroom import take_in
from distributor.errors import BadInput
from distributor.receipts.tokens import Purpose
from distributor.store import audit, letter_names, suppressions
from distributor.store.alerts import note
from distributor.store.attempts import close_attempts
from distributor.store.chain_schema import reserve
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.store.pauses import pause
from distributor.store.receipt_records import evidence_for
from distributor.store.receipts import add_receipt
from distributor.store.reminders import Wanted, due_reminders, move_reminder, plan_reminders
from distributor.store.schema import attempt, delivery
from distributor.store.schema import audit as log
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import Page, reading
from tests.integration.test_privacy import everything
from tests.unit.reports import ALICE, MESSAGE, mdn

#: What names 李四 or repeats what they said.
TRACES = ("李四", "lisi@example.gov.cn", "LISI@", "lisi", "主管领导", "已组织学习")


@pytest.fixture
async def page(tmp_path: Path, database: Database, clock: Clock) -> AsyncIterator[Page]:
    """李四's page, on each engine, after everything has happened to the copy that can be said of a person."""
    bureau = Bureau(tmp_path / "office", database, clock)
    async with reading(bureau) as opened:
        await opened.sign(name="李四", remark="已组织学习")
        with bureau.database.write() as conn:
            live(conn, opened)
        yield opened


def live(conn: Any, page: Page) -> None:
    """Leaves 李四's traces in every table that can have some."""
    now, copy, bureau = page.clock(), page.copy, page.bureau
    other = next(one for one in bureau.copies() if one.name == "王五")
    conn.execute(update(delivery).where(delivery.c.id == copy.id).values(role="主管领导"))
    empty = {"verdict": "", "fault": "", "stage": "", "code": 0, "enhanced": "", "text": ""}
    conn.execute(attempt.insert().values(delivery_id=copy.id, epoch=9, owner="t", started_at=now, **empty))
    reply = Reply(250, "2.1.5", "<LISI@example.gov.cn> queued")
    close_attempts(conn, [(copy.id, 9, Outcome(Verdict.ACCEPTED, Fault.NONE, Stage.DOT, reply))], now=now)
    raw = mdn("manual-action/MDN-sent-manually; displayed").decode()
    raw = raw.replace(MESSAGE, bureau.key.token(Purpose.MESSAGE, copy.id)).replace(ALICE, copy.address)
    take_in(conn, raw.encode(), bureau.key, arrived_at=now, now=now)
    # 李四 signs for a colleague, and is named in what belongs to nobody.
    sign(conn, other.id, Word("李四", "", other.name), now=now)
    said = {"address": copy.address, "text": "李四 lisi@example.gov.cn is away"}
    add_receipt(
        conn,
        Kind.UNCLASSIFIED,
        delivery_id=None,
        source="mailbox",
        digest="f" * 64,
        at=now,
        now=now,
        raw=b"To: lisi@example.gov.cn",
        details=said,
        review="address_only",
    )
    suppressions.add(conn, "email", copy.address, reason="550 lisi@example.gov.cn", source=copy.id, now=now)
    letter_names.add_alias(conn, copy.address, "lisi@other.example", actor="t", now=now)
    next_way = {"after_channel": "email", "after_address": copy.address, "channel": "wecom", "address": "lisi"}
    whose = {"key": copy.key, "name": "李四", "unit": copy.unit, "role": "主管领导", "people": ("李四",)}
    owed = {"id": "r" * 32, "bulletin_id": 1, "dispatch_id": copy.dispatch_id, "position": 0, "credited": ()}
    conn.execute(reserve.insert().values(**owed, **next_way, **whose))
    audit.append(conn, "suppression.added", f"address:{copy.address}", {"address": copy.address}, "t", now)
    audit.append(conn, "delivery.retry", f"delivery:{copy.id}", {"from": "failed", "address": copy.address}, "t", now)
    note(conn, "receipts", "李四 <lisi@example.gov.cn> complains", now=now)
    pause(conn, "account:main", "李四 asked for it", "t", now)
    plan_reminders(conn, [Wanted(copy.id, "2026-11-25")], actor="t", now=now)
    (planned,) = due_reminders(conn)
    move_reminder(conn, planned.id, "due", "refused", now=now, reply="550 <lisi@example.gov.cn>")


def forgotten(page: Page, wanted: str = "李四") -> Forgotten:
    return forget(page.bureau.database, page.bureau.key, wanted, actor="test", now=page.clock())


def entries(page: Page) -> Mapping[int, tuple[str, Mapping[str, Any]]]:
    with page.bureau.database.read() as conn:
        return {one.id: (one.subject, one.details) for one in audit.entries(conn)}


def escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


@pytest.mark.parametrize("wanted", ["李四", "Lisi@example.gov.cn"])
async def test_nothing_of_a_forgotten_person_is_left(page: Page, wanted: str) -> None:
    before = everything(page.bureau.database)
    assert all(trace in before or escaped(trace) in before for trace in ("李四", "lisi@example.gov.cn", "已组织学习"))
    done = forgotten(page, wanted)
    after = everything(page.bureau.database)
    for trace in TRACES:
        assert trace not in after, trace
        assert escaped(trace) not in after, trace
    assert done.pseudonym in after
    assert "王五" in after


async def test_books_evidence_and_the_chain_stand_as_before(page: Page) -> None:
    with page.bureau.database.read() as conn:
        count, rung, end = books(conn, 1), evidence_for(conn, page.copy.id), audit.head(conn)
    forgotten(page)
    with page.bureau.database.read() as conn:
        assert books(conn, 1) == count
        assert evidence_for(conn, page.copy.id) is rung is Rung.SIGNED
        assert audit.verify(conn) is None
        assert audit.contains(conn, end[1]), "a printed 回执表 no longer fits the chain"
    (copy,) = [one for one in page.bureau.copies() if one.id == page.copy.id]
    assert (copy.unit, copy.state, copy.people) == ("石桥镇", State.DELIVERED, (copy.name,))


async def test_audit_entries_carry_the_pseudonym_and_one_entry_says_which_were_redacted(page: Page) -> None:
    before = entries(page)
    done = forgotten(page)
    after = entries(page)
    changed = {number for number in before if before[number] != after[number]}
    assert changed
    assert len(changed) == done.audit_entries
    with page.bureau.database.read() as conn:
        assert set(audit.redactions(conn)) == changed
        actions = [one.action for one in audit.entries(conn)[-2:]]
    assert actions == ["audit.redacted", "person.forgotten"]
    assert {"from": "failed"}.items() <= next(details for _, details in after.values() if "from" in details).items()


@pytest.mark.parametrize(
    "column",
    ["subject", "details", "actor", "hash"],
    ids=["subject", "details", "actor", "the hash of what stood there"],
)
async def test_a_redacted_entry_that_is_changed_again_shows(page: Page, column: str) -> None:
    forgotten(page)
    with page.bureau.database.write() as conn:
        number = min(audit.redactions(conn))
        old = conn.execute(select(log.c[column]).where(log.c.id == number)).scalar_one()
        conn.execute(update(log).where(log.c.id == number).values({column: old.replace("e", "f", 1) + " "}))
    with page.bureau.database.read() as conn:
        assert audit.verify(conn) in (number, number + 1)


async def test_the_pseudonym_is_the_same_in_every_bulletin_and_for_ever(page: Page) -> None:
    first = forgotten(page)
    with pytest.raises(BadInput, match="Nobody"):
        forgotten(page)
    page.bureau.release(8)
    with page.bureau.database.write() as conn:
        conn.execute(update(delivery).where(delivery.c.bulletin_id == 2).values(state="accepted"))
    again = forgotten(page, "lisi@example.gov.cn")
    assert again.pseudonym == first.pseudonym
    names = {one.name for number in (1, 2) for one in page.bureau.copies(number)}
    assert names == {"赵一", "王五", first.pseudonym}
    with page.bureau.database.read() as conn:
        assert audit.verify(conn) is None


async def test_a_redaction_that_somebody_spoiled_breaks_the_chain_and_nothing_else(page: Page) -> None:
    forgotten(page)
    with page.bureau.database.write() as conn:
        conn.execute(update(log).where(log.c.action == "audit.redacted").values(details='{"entries": 7}'))
    with page.bureau.database.read() as conn:
        assert audit.verify(conn) is not None


@pytest.mark.parametrize("state", ["queued", "claimed", "sending", "deferred", "unknown"])
async def test_nobody_is_forgotten_while_a_copy_is_under_way(page: Page, state: str) -> None:
    with page.bureau.database.write() as conn:
        conn.execute(update(delivery).where(delivery.c.id == page.copy.id).values(state=state))
    before = everything(page.bureau.database)
    with pytest.raises(UnderWay):
        forgotten(page)
    assert everything(page.bureau.database) == before


async def test_a_name_that_several_have_needs_the_address(page: Page) -> None:
    with page.bureau.database.write() as conn:
        values = {"name": "李四", "people": ("李四",), "unit": "清溪镇"}
        conn.execute(update(delivery).where(delivery.c.name == "王五").values(values))
    with pytest.raises(SeveralPeople, match="wangwu@"):
        forgotten(page)
    forgotten(page, "lisi@example.gov.cn")
    after = everything(page.bureau.database)
    assert "lisi" not in after
    assert "wangwu@example.gov.cn" in after
    assert "李四" in after, "the other one's name is gone"


async def test_of_a_shared_mailbox_only_the_name_goes(page: Page) -> None:
    with page.bureau.database.write() as conn:
        conn.execute(update(delivery).where(delivery.c.id == page.copy.id).values(people=("李四", "赵六")))
    with page.bureau.database.read() as conn:
        person = find_person(conn, "李四")
    assert (person.copies, len(person.shared)) == ((), 1)
    done = forgotten(page)
    (copy,) = [one for one in page.bureau.copies() if one.id == page.copy.id]
    assert (copy.address, copy.people) == ("lisi@example.gov.cn", (done.pseudonym, "赵六"))
    assert "李四" not in everything(page.bureau.database)


async def test_the_link_of_a_forgotten_person_is_dead_and_late_reports_bring_nobody_back(page: Page) -> None:
    assert (await page.open()).status_code == 200
    forgotten(page)
    page.clock.forward(minutes=5)
    assert (await page.open()).status_code == 404
    raw = mdn("automatic-action/MDN-sent-automatically; displayed").decode()
    raw = raw.replace(MESSAGE, page.bureau.key.token(Purpose.MESSAGE, page.copy.id)).replace(ALICE, page.copy.address)
    with page.bureau.database.write() as conn:
        booked = take_in(conn, raw.encode(), page.bureau.key, arrived_at=page.clock(), now=page.clock())
    assert booked.new == ()
    assert "lisi" not in everything(page.bureau.database)


async def test_a_bulletin_that_is_finalised_again_owes_a_forgotten_person_no_second_copy(page: Page) -> None:
    forgotten(page)
    bureau = page.bureau
    before = bureau.copies()
    prepared = prepare(bureau.office.folder / "by-hand-7.md", bureau.settings)
    assert "lisi@example.gov.cn" in {one.address for one in prepared.resolved.recipients}
    again = finalise(bureau.database, prepared, bureau.settings, bureau.key, now=page.clock(), actor="test")
    assert (again.again, again.result.added, again.result.cancelled) == (True, 0, 0)
    assert [(one.id, one.address, one.state) for one in bureau.copies()] == [
        (one.id, one.address, one.state) for one in before
    ]
    with bureau.database.read() as conn:
        assert books(conn, 1).balanced
