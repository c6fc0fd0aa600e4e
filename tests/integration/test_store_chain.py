"""The next channel of a person: owed when the one before has failed, and only then; or after too long a silence."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from distributor.delivery.evidence import Kind
from distributor.delivery.state import Fact, State
from distributor.dispatch.escalate import escalate
from distributor.recipients.manners import Manners
from distributor.recipients.model import Acknowledge, Recipient, Reserve
from distributor.store.chain_schema import reserve
from distributor.store.claims import expire
from distributor.store.database import Database
from distributor.store.deliveries import books, deliveries_of, recipients_of
from distributor.store.dispatches import release
from distributor.store.freezing import save_frozen
from distributor.store.moves import Move, apply_moves
from distributor.store.receipts import add_receipt
from distributor.store.records import DeliveryRecord, Frozen, Letter, not_taken_over
from distributor.store.withdrawals import withdraw
from distributor.workdays.calendar import Workdays
from distributor.workdays.file import load_calendar
from tests.integration.frozen import LATER, NOW, frozen

CARD, MAIL, CHAT = "wecom", "email", "wecom_robot"
ADDRESSES = {CARD: "lisi", MAIL: "lisi@example.gov.cn", CHAT: "石桥镇群"}

Facts = tuple[Fact, ...]
SENT: Facts = (Fact.CLAIM, Fact.MARK)


def on(channel: str, name: str = "李四") -> Recipient:
    """One person on one channel; the key is that of the first."""
    address = ADDRESSES[channel] if name == "李四" else f"{name}@{channel}"
    return Recipient("lisi", channel, address, name, "石桥镇", None, "各单位", people=(name,))


def chain(*channels: str, manners: Manners = Manners()) -> Frozen:  # noqa: B008 - frozen
    """A bulletin for one person who is reached on these channels in turn."""
    letters = [
        Letter(
            "各单位",
            "发",
            channel,
            f'{{"for": "{channel}"}}',
            (on(channel),) if at == 0 else (),
            manners=manners,
            reserves=() if at == 0 else (Reserve(channels[at - 1], ADDRESSES[channels[at - 1]], on(channel)),),
        )
        for at, channel in enumerate(channels)
    ]
    return frozen(*letters)


def freeze(database: Database, *channels: str, manners: Manners = Manners(), released: bool = True) -> None:  # noqa: B008
    with database.write() as conn:
        save_frozen(conn, chain(*channels, manners=manners), now=NOW)
        if released:
            release(conn, 1, at=NOW, valid_until=LATER)


def copies(database: Database) -> dict[str, DeliveryRecord]:
    with database.read() as conn:
        return {copy.channel: copy for copy in deliveries_of(conn, 1)}


def moved(database: Database, channel: str, *facts: Fact, at: dt.datetime = NOW) -> None:
    copy = copies(database)[channel]
    with database.write() as conn:
        for fact in facts:
            apply_moves(conn, [Move(copy.id, fact, None)], now=at)


@pytest.mark.parametrize(
    ("facts", "takes_over"),
    [
        ((Fact.CLAIM, Fact.REJECT), True),
        ((Fact.GIVE_UP,), True),
        ((Fact.SUPPRESS,), True),
        ((*SENT, Fact.ACCEPT), False),
        ((*SENT, Fact.LOSE), False),
        ((*SENT, Fact.ACCEPT, Fact.BOUNCE), False),
        ((Fact.CANCEL,), False),
        ((*SENT, Fact.DEFER), False),
    ],
    ids=["rejected", "given up", "suppressed", "accepted", "unknown", "bounced", "cancelled", "deferred"],
)
def test_only_a_failure_brings_the_next_channel(database: Database, facts: Facts, takes_over: bool) -> None:
    freeze(database, CARD, MAIL)
    moved(database, CARD, *facts)
    found = copies(database)
    assert (MAIL in found) is takes_over
    if takes_over:
        assert found[MAIL].follows == found[CARD].id
        assert (found[MAIL].state, found[MAIL].key) == (State.QUEUED, "lisi")


def test_the_whole_chain_is_walked_one_by_one(database: Database) -> None:
    freeze(database, CARD, CHAT, MAIL)
    assert list(copies(database)) == [CARD]
    moved(database, CARD, Fact.GIVE_UP)
    assert set(copies(database)) == {CARD, CHAT}
    moved(database, CHAT, Fact.GIVE_UP)
    assert set(copies(database)) == {CARD, CHAT, MAIL}


def test_the_books_balance_and_count_the_person_once(database: Database) -> None:
    freeze(database, CARD, MAIL)
    moved(database, CARD, Fact.CLAIM, Fact.REJECT)
    moved(database, MAIL, *SENT, Fact.ACCEPT)
    with database.read() as conn:
        count = books(conn, 1)
    assert (count.planned, count.balanced, count.reached, count.missed) == (2, True, 1, 0)


def test_a_person_whom_no_channel_reached_is_missed_once(database: Database) -> None:
    freeze(database, CARD, MAIL)
    moved(database, CARD, Fact.GIVE_UP)
    moved(database, MAIL, Fact.GIVE_UP)
    with database.read() as conn:
        assert books(conn, 1).missed == 1


def test_a_failure_after_silence_is_no_loss_for_who_has_the_first_copy(database: Database) -> None:
    freeze(database, CARD, MAIL, manners=patient("4 hours"))
    moved(database, CARD, *SENT, Fact.ACCEPT)
    with database.write() as conn:
        assert escalated(conn, NOW + dt.timedelta(hours=4)) == 1
    moved(database, MAIL, Fact.CLAIM, Fact.REJECT)
    with database.read() as conn:
        count = books(conn, 1)
        assert (count.planned, count.balanced, count.missed) == (2, True, 0)
        assert [one.channel for one in not_taken_over(deliveries_of(conn, 1))] == [CARD]


def test_what_was_not_released_brings_a_copy_that_is_not_released(database: Database) -> None:
    freeze(database, CARD, MAIL, released=False)
    moved(database, CARD, Fact.SUPPRESS)
    assert copies(database)[MAIL].next_attempt_at is None


def test_a_copy_that_ran_out_of_time_gives_the_next_one_the_same_time_anew(database: Database) -> None:
    freeze(database, CARD, MAIL)
    with database.write() as conn:
        expire(conn, now=LATER)
    found = copies(database)
    assert found[CARD].state is State.FAILED
    assert found[MAIL].valid_until == LATER + (LATER - NOW)


def test_a_withdrawn_bulletin_takes_no_other_way(database: Database) -> None:
    freeze(database, CARD, MAIL)
    with database.write() as conn:
        withdraw(conn, 1, "数字有误", actor="test", now=NOW)
    moved(database, CARD, Fact.CLAIM, Fact.REJECT)
    assert MAIL not in copies(database)


def test_who_has_a_copy_at_that_address_gets_no_second_one(database: Database) -> None:
    both = chain(CARD, MAIL)
    first, second = both.letters
    with database.write() as conn:
        save_frozen(conn, replace(both, letters=(first, replace(second, recipients=(on(MAIL),)))), now=NOW)
        release(conn, 1, at=NOW, valid_until=LATER)
    moved(database, CARD, Fact.GIVE_UP)
    with database.read() as conn:
        assert (len(deliveries_of(conn, 1)), books(conn, 1).planned) == (2, 2)


def test_frozen_again_the_copy_that_took_over_stays_and_the_chain_is_written_once(database: Database) -> None:
    freeze(database, CARD, CHAT, MAIL)
    moved(database, CARD, Fact.GIVE_UP)
    before = copies(database)[CHAT]
    freeze(database, CARD, CHAT, MAIL, released=False)
    after = copies(database)[CHAT]
    assert (after.id, after.state, after.listed) == (before.id, State.QUEUED, True)
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(reserve)).scalar_one() == 2
        assert [one.channel for one in recipients_of(conn, 1)] == [CARD]


def test_frozen_again_without_the_channel_the_copy_that_took_over_is_withdrawn(database: Database) -> None:
    freeze(database, CARD, MAIL)
    moved(database, CARD, Fact.GIVE_UP)
    freeze(database, CARD, released=False)
    assert copies(database)[MAIL].state is State.CANCELLED


def patient(after: str | None, acknowledge: Acknowledge = Acknowledge.REQUIRED) -> Manners:
    return Manners(acknowledge=acknowledge, escalate_after=after)


def workdays() -> Workdays:
    return load_calendar(Path("/nowhere/calendar.yaml")).workdays


def escalated(conn: Connection, now: dt.datetime) -> int:
    return escalate(conn, calendar=workdays, zone=dt.timezone(dt.timedelta(hours=8)), now=now)


def signed(database: Database, kind: Kind) -> None:
    with database.write() as conn:
        digest = f"{kind}".ljust(64, "0")
        copy = deliveries_of(conn, 1)[0].id
        add_receipt(conn, kind, delivery_id=copy, source="page", digest=digest, at=NOW, now=NOW, details={})


@pytest.mark.parametrize(
    ("after", "hours", "made"),
    [("4 hours", 3, 0), ("4 hours", 4, 1), ("1 day", 23, 0), ("1 day", 24, 1), ("1 working day", 24, 1)],
)
def test_silence_is_waited_for_as_long_as_the_group_says(database: Database, after: str, hours: int, made: int) -> None:
    freeze(database, CARD, MAIL, manners=patient(after))
    moved(database, CARD, *SENT, Fact.ACCEPT)
    with database.write() as conn:
        assert escalated(conn, NOW + dt.timedelta(hours=hours)) == made
        assert escalated(conn, NOW + dt.timedelta(hours=hours)) == 0  # once


@pytest.mark.parametrize(
    ("kind", "made"),
    [(Kind.IDENTIFIED, 0), (Kind.SIGNED, 0), (Kind.PHONED, 0), (Kind.RETURNED, 0), (Kind.OPENED, 1)],
)
def test_only_a_persons_word_ends_the_silence(database: Database, kind: Kind, made: int) -> None:
    freeze(database, CARD, MAIL, manners=patient("4 hours"))
    moved(database, CARD, *SENT, Fact.ACCEPT)
    signed(database, kind)
    with database.write() as conn:
        assert escalated(conn, NOW + dt.timedelta(days=1)) == made


@pytest.mark.parametrize(
    ("manners", "facts"),
    [
        (patient(None), (*SENT, Fact.ACCEPT)),
        (patient("4 hours", Acknowledge.OPTIONAL), (*SENT, Fact.ACCEPT)),
        (patient("4 hours"), (*SENT, Fact.LOSE)),
        (patient("4 hours"), (Fact.CLAIM,)),
    ],
    ids=["nobody asked for it", "no duty to sign", "in doubt", "on its way"],
)
def test_silence_alone_is_no_reason(database: Database, manners: Manners, facts: Facts) -> None:
    freeze(database, CARD, MAIL, manners=manners)
    moved(database, CARD, *facts)
    with database.write() as conn:
        assert escalated(conn, NOW + dt.timedelta(days=9)) == 0
