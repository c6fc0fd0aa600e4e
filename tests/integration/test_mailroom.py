"""Mails are booked to the letter and the person they speak of, once, in whatever order they come (faults 57 to 63)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.delivery.decision import Decision
from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact, State
from distributor.dispatch.correlate import Ground
from distributor.dispatch.decisions import decide
from distributor.dispatch.intake import prepare
from distributor.dispatch.mailroom import LATE, Booked, take_in
from distributor.dispatch.plan import Selection
from distributor.dispatch.suppression import lift, suppressed_recipients
from distributor.receipts.tokens import Purpose, TokenKey
from distributor.store import audit, letter_names
from distributor.store.attempts import close_attempts
from distributor.store.claims import claim
from distributor.store.database import Database
from distributor.store.deliveries import apply_fact, deliveries_of
from distributor.store.moves import Move, apply_moves
from distributor.store.receipt_records import evidence_for, receipts_of, receipts_to_look_at
from distributor.store.records import DeliveryRecord
from distributor.store.schema import attempt
from distributor.store.suppressions import is_suppressed, list_suppressions
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.unit.reports import (
    ALICE,
    ARF,
    DELAYED,
    ENVELOPE,
    MESSAGE,
    POSTFIX_FAILED,
    QQ,
    RELAYED,
    XTEXT,
    answer,
    dsn,
    mdn,
    wire,
)


@dataclass
class Mailroom:
    """An office whose letters were accepted by the relay, and mails that come back."""

    bureau: Bureau
    copies: tuple[DeliveryRecord, ...]

    @property
    def database(self) -> Database:
        return self.bureau.database

    @property
    def key(self) -> TokenKey:
        return self.bureau.key

    @property
    def unit1(self) -> DeliveryRecord:
        return next(copy for copy in self.copies if copy.address.startswith("unit1"))

    def about(self, raw: bytes, copy: DeliveryRecord | None = None, *, address: str = "") -> bytes:
        """A sample made to speak of a copy: its tokens, and its address unless another is given."""
        copy = copy or self.unit1
        text = raw.decode()
        text = text.replace(ENVELOPE, self.key.token(Purpose.ENVELOPE, copy.id))
        text = text.replace(MESSAGE, self.key.token(Purpose.MESSAGE, copy.id))
        return text.replace(ALICE, address or copy.address).encode()

    def take(self, raw: bytes, *, late: dt.timedelta = dt.timedelta()) -> Booked:
        now = self.bureau.clock()
        with self.database.write() as conn:
            return take_in(conn, raw, self.key, arrived_at=now - late, now=now)

    def hand_over(self) -> None:
        """Another letter to unit 1 goes out, and the relay accepts it."""
        now = self.bureau.clock()
        with self.database.write() as conn:
            (one,) = claim(conn, owner="t", limit=1, lease=LATE, now=now, delivery_ids=[self.unit1.id])
            accepted = Outcome(Verdict.ACCEPTED, Fault.NONE, Stage.DOT, Reply(250))
            close_attempts(conn, [(one.delivery_id, one.epoch, accepted)], now=now)
            apply_moves(conn, [Move(one.delivery_id, Fact.MARK, one.epoch)], now=now)
            apply_moves(conn, [Move(one.delivery_id, Fact.ACCEPT, one.epoch)], now=now)

    def state(self, copy: DeliveryRecord | None = None) -> State:
        wanted = copy or self.unit1
        return next(each.state for each in self.bureau.copies(wanted.bulletin_id) if each.id == wanted.id)

    def rung(self, copy: DeliveryRecord | None = None) -> Rung:
        with self.database.read() as conn:
            return evidence_for(conn, (copy or self.unit1).id)

    def kinds(self, copy: DeliveryRecord) -> list[str]:
        """The kinds of receipts of a copy, sorted."""
        with self.database.read() as conn:
            return sorted(each.kind for each in receipts_of(conn, [copy.id]).get(copy.id, ()))

    def standings(self) -> list[tuple[str, str]]:
        """Kind and standing of all receipts of unit 1 and of those that belong to nobody."""
        with self.database.read() as conn:
            ours = receipts_of(conn, [self.unit1.id]).get(self.unit1.id, ())
            return [
                (each.kind.value, each.standing)
                for each in (*ours, *(r for r in receipts_to_look_at(conn) if r.delivery_id is None))
            ]


def accepted(bureau: Bureau) -> Mailroom:
    """Releases a bulletin and lets the relay accept every copy."""
    record = bureau.release()
    copies = bureau.copies(record.id)
    now = bureau.clock()
    with bureau.database.write() as conn:
        for copy in copies:
            conn.execute(
                attempt.insert().values(
                    delivery_id=copy.id,
                    epoch=1,
                    owner="t",
                    started_at=now,
                    verdict="",
                    fault="",
                    stage="",
                    code=0,
                    enhanced="",
                    text="",
                )
            )
        outcome = Outcome(Verdict.ACCEPTED, Fault.NONE, Stage.DOT, Reply(250))
        close_attempts(conn, [(copy.id, 1, outcome) for copy in copies], now=now)
        conn.exec_driver_sql("UPDATE delivery SET state = 'sending', epoch = 1")
        apply_moves(conn, [Move(copy.id, Fact.ACCEPT, 1) for copy in copies], now=now)
    return Mailroom(bureau, bureau.copies(record.id))


@pytest.fixture
def room(tmp_path: Path, sqlite: Database, clock: Clock) -> Mailroom:
    return accepted(Bureau(tmp_path, sqlite, clock))


@pytest.fixture
def any_room(tmp_path: Path, database: Database, clock: Clock) -> Mailroom:
    """The same on either engine."""
    return accepted(Bureau(tmp_path, database, clock))


READ = mdn("manual-action/MDN-sent-manually; displayed")


@pytest.mark.parametrize(
    ("raw", "state", "rung"),
    [
        pytest.param(dsn(POSTFIX_FAILED), State.BOUNCED, Rung.ACCEPTED, id="failed"),
        pytest.param(dsn(DELAYED), State.ACCEPTED, Rung.ACCEPTED, id="delayed"),
        pytest.param(dsn(RELAYED), State.ACCEPTED, Rung.RELAYED, id="relayed"),
        pytest.param(
            dsn(XTEXT.replace("alice+2Bnews@example.com", ALICE)), State.DELIVERED, Rung.DELIVERED, id="delivered"
        ),
        pytest.param(READ, State.DELIVERED, Rung.READ, id="displayed"),
        pytest.param(mdn("manual-action/MDN-sent-manually; deleted"), State.DELIVERED, Rung.DELIVERED, id="deleted"),
        pytest.param(answer(head="Auto-Submitted: auto-replied\n"), State.DELIVERED, Rung.DELIVERED, id="vacation"),
        pytest.param(answer(), State.DELIVERED, Rung.REPLIED, id="reply"),
        pytest.param(wire(ARF), State.DELIVERED, Rung.DELIVERED, id="complaint"),
    ],
)
def test_a_report_lands_on_its_rung(room: Mailroom, raw: bytes, state: State, rung: Rung) -> None:
    booked = room.take(room.about(raw))

    assert [match.ground for match in booked.matches] == [Ground.MATCHED]
    assert (room.state(), room.rung()) == (state, rung)


def test_a_read_report_without_a_person_behind_it_is_kept_apart(room: Mailroom) -> None:
    room.take(room.about(mdn("automatic-action/MDN-sent-automatically; displayed")))

    assert room.standings() == [("read_automatically", "applied")]


@pytest.mark.parametrize("raw", [dsn(POSTFIX_FAILED), READ, answer()])
def test_a_report_without_a_token_of_ours_moves_nothing(room: Mailroom, raw: bytes) -> None:
    # Fault 57: the forger guesses a token and knows the address.
    forged = raw.decode().replace(ALICE, room.unit1.address).encode()

    booked = room.take(forged)

    assert [match.ground for match in booked.matches] == [Ground.NOT_OURS]
    assert room.state() is State.ACCEPTED
    assert [standing for _, standing in room.standings()] == ["unmatched"]


def test_a_report_with_an_address_and_no_token_is_a_suggestion(room: Mailroom) -> None:
    booked = room.take(room.about(wire(QQ.format(reason="收件人邮件地址不存在"))))

    (match,) = booked.matches
    assert (match.ground, match.delivery and match.delivery.id) == (Ground.ADDRESS_ONLY, room.unit1.id)
    assert room.state() is State.ACCEPTED
    assert room.standings() == [("bounced", "unmatched")]
    assert booked.new[0].receipt.details["suggested"] == room.unit1.id


@pytest.mark.parametrize(
    "raw",
    [
        mdn("manual-action/MDN-sent-manually; displayed", message_id="Original-Message-ID: <private@example.gov.cn>"),
        answer(head="Auto-Submitted: auto-replied\n").replace(MESSAGE.encode(), b"private"),
        dsn(POSTFIX_FAILED.replace(ENVELOPE, "x"), returned="Message-ID: <private@example.gov.cn>"),
    ],
)
def test_a_report_about_somebody_elses_letter_to_the_same_person_is_left_alone(room: Mailroom, raw: bytes) -> None:
    booked = room.take(raw.replace(ALICE.encode(), room.unit1.address.encode()))

    assert [match.ground for match in booked.matches] == [Ground.NO_TRACE]
    assert room.standings() == []


def test_a_report_about_a_stranger_leaves_nothing_behind(room: Mailroom) -> None:
    booked = room.take(wire(QQ.format(reason="收件人邮件地址不存在")))

    assert not booked.ours
    assert room.standings() == []


@pytest.mark.parametrize("raw", [dsn(POSTFIX_FAILED), READ, answer()])
def test_our_token_with_another_recipient_needs_a_look(any_room: Mailroom, raw: bytes) -> None:
    room = any_room
    # Fault 58.
    booked = room.take(room.about(raw, address="somebody@else.example"))

    assert [match.ground for match in booked.matches] == [Ground.OTHER_RECIPIENT]
    assert room.state() is State.ACCEPTED
    assert [standing for _, standing in room.standings()] == ["review"]


def test_an_alias_that_was_confirmed_counts(any_room: Mailroom) -> None:
    room = any_room
    now = room.bureau.clock()
    with room.database.write() as conn:
        assert letter_names.add_alias(conn, room.unit1.address, "New@else.example", actor="t", now=now)
        assert not letter_names.add_alias(conn, room.unit1.address, "new@else.example", actor="t", now=now)

    booked = room.take(room.about(dsn(POSTFIX_FAILED), address="new@ELSE.example"))

    assert [match.ground for match in booked.matches] == [Ground.ALIAS]
    assert room.state() is State.BOUNCED


def test_an_envelope_token_is_no_message_token(room: Mailroom) -> None:
    # A bounce address that leaked cannot pose as a read report.
    token = room.key.token(Purpose.ENVELOPE, room.unit1.id)
    raw = READ.decode().replace(MESSAGE, token).replace(ALICE, room.unit1.address).encode()

    assert [match.ground for match in room.take(raw).matches] == [Ground.NOT_OURS]


def test_a_report_that_is_replayed_counts_once(room: Mailroom) -> None:
    # Fault 59: hundreds of times, with other lines on top each time.
    raw = room.about(dsn(DELAYED))
    now = room.bureau.clock()
    with room.database.write() as conn:
        for number in range(100):
            again = f"Received: from a{number}\r\n".encode() + raw
            take_in(conn, again, room.key, arrived_at=now, now=now)

    assert room.standings() == [("delayed", "applied")]


def test_a_copy_that_is_sent_again_and_comes_back_again_is_known_to_have_come_back(any_room: Mailroom) -> None:
    room = any_room
    first = room.about(dsn(POSTFIX_FAILED.replace("5.1.1", "5.2.2")))
    room.take(first)
    assert room.state() is State.BOUNCED
    with room.database.write() as conn:
        apply_fact(conn, room.unit1.id, Fact.RETRY, reason="", now=room.bureau.clock())
    room.bureau.clock.forward(hours=1)
    room.hand_over()

    room.bureau.clock.forward(minutes=5)
    room.take(first, late=dt.timedelta(hours=1, minutes=4))  # the mailbox is read from its beginning
    assert room.state() is State.ACCEPTED
    room.take(first)
    assert room.state() is State.BOUNCED
    assert room.standings() == [("bounced", "applied")] * 2


def test_a_bounce_after_reading_changes_nothing(room: Mailroom) -> None:
    room.take(room.about(READ))
    room.take(room.about(dsn(POSTFIX_FAILED)))

    assert (room.state(), room.rung()) == (State.DELIVERED, Rung.READ)


REPORTS = {
    "delayed": dsn(DELAYED),
    "relayed": dsn(RELAYED),
    "delivered": dsn(XTEXT.replace("alice+2Bnews@example.com", ALICE)),
    "failed": dsn(POSTFIX_FAILED),
    "read": READ,
    "vacation": answer(head="Auto-Submitted: auto-replied\n"),
    "reply": answer(),
}


@pytest.fixture(scope="module")
def again_and_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailroom]:
    """An office for a test that forgets, before each example, what came back."""
    folder = tmp_path_factory.mktemp("office")
    database = Database.open(f"sqlite:///{folder / 'd.db'}")
    yield accepted(Bureau(folder, database, Clock()))
    database.close()


@given(data=st.data(), chosen=st.lists(st.sampled_from(sorted(REPORTS)), min_size=1, max_size=5, unique=True))
@settings(max_examples=25, deadline=None)
def test_every_order_of_reports_ends_in_the_same_evidence(
    again_and_again: Mailroom, data: st.DataObject, chosen: list[str]
) -> None:
    # Fault 60.
    many = again_and_again
    with many.database.write() as conn:
        for statement in ("DELETE FROM receipt", "DELETE FROM suppression", "UPDATE delivery SET state = 'accepted'"):
            conn.exec_driver_sql(statement)
    here, there = many.copies[:2]
    again = data.draw(st.lists(st.sampled_from(chosen), max_size=3))
    for copy, order in ((here, chosen), (there, data.draw(st.permutations(chosen)) + again)):
        for name in order:
            many.take(many.about(REPORTS[name], copy))
    assert (many.state(here), many.rung(here)) == (many.state(there), many.rung(there))
    assert many.kinds(here) == many.kinds(there)


def test_a_complaint_and_a_holiday_notice_are_not_reading(room: Mailroom) -> None:
    # Fault 62.
    room.take(room.about(answer(head="Precedence: bulk\n")))
    room.take(room.about(wire(ARF)))

    assert room.rung() is Rung.DELIVERED
    assert {kind for kind, _ in room.standings()} == {"auto_replied", "complained"}


def test_a_receipt_in_free_words_waits_for_a_person(room: Mailroom) -> None:
    room.take(room.about(answer(subject="已读：巡河工作快报")))

    assert (room.state(), room.rung()) == (State.ACCEPTED, Rung.ACCEPTED)
    assert room.standings() == [("unclassified", "applied")]


def test_a_bounce_that_names_a_dead_address_suppresses_it_and_its_waiting_copies(any_room: Mailroom) -> None:
    room = any_room
    room.bureau.clock.forward(days=1)
    waiting = next(c for c in room.bureau.copies(room.bureau.release(8).id) if c.address == room.unit1.address)

    booked = room.take(room.about(dsn(POSTFIX_FAILED)))

    assert booked.suppressed == (room.unit1.address,)
    with room.database.read() as conn:
        assert is_suppressed(conn, "email", [room.unit1.address])
        after = {copy.id: copy.state for copy in deliveries_of(conn, waiting.bulletin_id)}
        booked_by = [entry.actor for entry in audit.entries(conn) if entry.action == "suppression.added"]
    assert booked_by == ["mailbox"]
    assert after[waiting.id] is State.SUPPRESSED
    assert [state for number, state in after.items() if number != waiting.id] == [State.QUEUED] * 2


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "4.1.1", "5.0.0", "5.4.7"])
def test_other_bounces_suppress_nobody(room: Mailroom, status: str) -> None:
    fields = POSTFIX_FAILED.replace("Status: 5.1.1", f"Status: {status}").replace(
        "550 5.1.1", f"{status[0]}50 {status}"
    )

    booked = room.take(room.about(dsn(fields)))

    assert room.state() is State.BOUNCED
    assert booked.suppressed == ()


def test_a_forged_bounce_suppresses_nobody(room: Mailroom) -> None:
    room.take(room.about(dsn(POSTFIX_FAILED), address="somebody@else.example"))

    with room.database.read() as conn:
        assert list_suppressions(conn) == ()


def test_the_next_bulletin_leaves_a_suppressed_address_out_and_says_so(any_room: Mailroom) -> None:
    room = any_room
    room.take(room.about(dsn(POSTFIX_FAILED)))
    path = room.bureau.office.write("next.md", BULLETIN.format(number=8))
    prepared = prepare(path, room.bureau.settings)
    with room.database.read() as conn:
        (problem,) = suppressed_recipients(conn, prepared)

    record = room.bureau.release(8)

    assert room.unit1.address in str(problem.what)
    states = {copy.address: copy.state for copy in room.bureau.copies(record.id)}
    assert states.pop(room.unit1.address) is State.SUPPRESSED
    assert set(states.values()) == {State.QUEUED}


def test_a_corrected_address_lifts_the_suppression(room: Mailroom) -> None:
    room.take(room.about(dsn(POSTFIX_FAILED)))
    office = room.bureau.office
    text = (office.folder / "recipients.yaml").read_text(encoding="utf-8")
    office.write("recipients.yaml", text.replace("unit1@", "new1@"))

    record = room.bureau.release(8)

    with room.database.read() as conn:
        assert list_suppressions(conn) == ()
    assert {copy.state for copy in room.bureau.copies(record.id)} == {State.QUEUED}


def test_a_person_lifts_a_suppression_and_lets_the_copy_go(room: Mailroom) -> None:
    room.take(room.about(dsn(POSTFIX_FAILED)))
    record = room.bureau.release(8)
    now = room.bureau.clock()
    with room.database.write() as conn:
        assert [entry.address for entry in lift(conn, room.unit1.address, now=now, actor="t")] == [room.unit1.address]
        left_out = next(copy for copy in deliveries_of(conn, record.id) if copy.address == room.unit1.address)
        assert apply_fact(conn, left_out.id, Fact.RETRY, reason="", now=now) is State.QUEUED

    with room.database.write() as conn:
        assert lift(conn, room.unit1.address, now=now, actor="t") == ()


@pytest.mark.parametrize(
    ("selection", "state"),
    [
        pytest.param(Selection(), State.SUPPRESSED, id="for everybody"),
        pytest.param(Selection(only=frozenset({"unit1@example.gov.cn"})), State.QUEUED, id="for this one"),
    ],
)
def test_a_retry_of_everybody_does_not_try_a_dead_address_again(
    room: Mailroom, selection: Selection, state: State
) -> None:
    room.take(room.about(dsn(POSTFIX_FAILED)))
    now = room.bureau.clock()

    decide(
        room.database,
        Decision.RETRY,
        room.bureau.bulletins[0],
        selection,
        now=now,
        hour=lambda after: after,
        valid_for=dt.timedelta(days=3),
        actor="t",
    )

    assert room.state() is state


def test_a_mail_that_lay_in_the_mailbox_for_days_is_marked_late(room: Mailroom) -> None:
    booked = room.take(room.about(READ), late=dt.timedelta(days=3))

    (added,) = booked.new
    assert added.receipt.details["late"] is True
    assert added.receipt.at == room.bureau.clock() - dt.timedelta(days=3)
    assert added.receipt.kind is Kind.READ


def test_a_bounce_of_our_own_bounce_address_moves_nothing(room: Mailroom) -> None:
    # Fault 64: somebody's server bounces what it took for a letter from our bounce address.
    token = room.key.token(Purpose.ENVELOPE, room.unit1.id)
    ours = f"bounce+{token}@example.gov.cn"
    raw = dsn(POSTFIX_FAILED.replace(ENVELOPE, "x"), to=ours).decode().replace(ALICE, ours).encode()

    booked = room.take(raw)

    assert [match.ground for match in booked.matches] == [Ground.OTHER_RECIPIENT]
    assert room.state() is State.ACCEPTED


def test_letters_of_earlier_versions_are_found_by_their_message_id(any_room: Mailroom) -> None:
    room = any_room
    room.take(room.about(READ))
    second = room.bureau.release(8)
    copy = next(each for each in room.bureau.copies(second.id) if each.address.startswith("unit2"))

    booked = room.take(room.about(READ, copy))

    assert booked.matches[0].delivery is not None
    assert booked.matches[0].delivery.id == copy.id
