"""Several accounts: the first that can carries a letter, another one only before the dot, and no letter goes twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from distributor.channels.base import Message
from distributor.delivery.breaker import Standing
from distributor.delivery.outcome import Fault, Outcome
from distributor.delivery.state import State
from distributor.dispatch.failover import Crew, Turn, admitted
from distributor.dispatch.letters import Letters
from distributor.dispatch.send import Sent, send_due
from distributor.errors import Refused
from distributor.receipts.tokens import load_key
from distributor.settings import DatabaseSettings, Office, Settings, SmtpAccount
from distributor.store import breakers, pauses
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.dispatches import release
from distributor.store.ledger import Ledger
from distributor.store.records import Claim
from tests.channels.server import Act, Drop, Say, ScriptedServer, TakeAndDrop
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, frozen, letter, person
from tests.integration.outgoing import BULLETIN, RELEASED, address, compose, copies, fill, rows, states
from tests.integration.passing import let_pass

PEOPLE = ("anna", "bela", "cora", "dora", "emma", "fila")
REFUSED = Say("535 5.7.8 authentication failed")


class PlainLetters(Letters):
    """Letters of one line, with the envelope of the account."""

    def message(self, claim: Claim) -> Message:
        return replace(compose(claim), envelope=self._envelope(claim.delivery_id, claim.address))


@dataclass
class House:
    """An office with two accounts, each at a server of its own."""

    database: Database
    clock: Clock
    home: Path
    first: ScriptedServer
    second: ScriptedServer
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    alone: list[tuple[str, Outcome]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The settings, with what a test has put into `accounts` for each account."""
        accounts = {
            name: SmtpAccount(
                **{
                    "host": "127.0.0.1",
                    "port": server.port,
                    "security": "none",
                    "timeout": "2 seconds",
                    "dot_timeout": "2 seconds",
                    "connections": 2,
                    **self.accounts.get(name, {}),
                }
            )
            for name, server in (("first", self.first), ("second", self.second))
        }
        office = Office(name="河长办", sender="河长办 <hzb@example.gov.cn>")
        url = DatabaseSettings(url="sqlite:///none.db")
        return Settings(office=office, database=url, smtp=accounts, home=self.home)

    @property
    def letters(self) -> Letters:
        return PlainLetters(self.database, self.settings, load_key(self.home / "key"))

    async def turn(self, names: Sequence[str] | None = None) -> Turn:
        """One turn of the service, by the accounts that may be used or by these of them."""
        found = admitted(self.database, self.settings)
        passages = [passage for passage in found if names is None or passage.account in names]
        ledger = Ledger(self.database, clock=self.clock)
        ledger.start()
        crew = Crew(
            ledger,
            self.database,
            self.settings,
            self.letters,
            passages,
            owner="test/1",
            clock=self.clock,
            told=lambda account, outcome: self.alone.append((account, outcome)),
        )
        try:
            return await crew.run()
        finally:
            await asyncio.to_thread(ledger.close)

    async def send(self) -> Sent:
        """The command `send`, without what it asks and shows."""
        return await send_due(
            self.database,
            self.settings,
            self.letters,
            bulletin_ids=[BULLETIN],
            delivery_ids=None,
            owner="test/1",
            clock=self.clock,
        )

    def by(self, name: str) -> Counter[str]:
        """How many letters each recipient got by one account."""
        return copies(self.first if name == "first" else self.second)

    def accounts_of(self, name: str) -> list[str]:
        """By which accounts the attempts of one person's copy went."""
        return [attempt.account for attempt in rows(self.database)[address(name)].history]

    def standing(self, name: str) -> Standing:
        with self.database.read() as conn:
            found = {one.account: one.standing for one in breakers.breakers(conn)}
        return found.get(name, Standing.CLOSED)


@asynccontextmanager
async def two_servers(**options: Any) -> AsyncIterator[tuple[ScriptedServer, ScriptedServer]]:
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(ScriptedServer(**options)),
            await stack.enter_async_context(ScriptedServer(**options)),
        )


@pytest.fixture
async def house(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[House]:
    fill(database, *PEOPLE)
    async with two_servers() as (first, second):
        yield House(database, clock, tmp_path, first, second)


def limited(house: House, **limits: str) -> None:
    """Gives accounts a limit each."""
    for name, limit in limits.items():
        house.accounts.setdefault(name, {})["limits"] = [limit]


def everybody_once(house: House, names: Sequence[str] = PEOPLE) -> bool:
    return copies(house.first, house.second) == dict.fromkeys(map(address, names), 1)


async def test_while_the_first_account_can_the_second_is_not_even_opened(house: House) -> None:
    turn = await house.turn()
    assert everybody_once(house)
    assert house.second.connections == 0
    assert [(one.account, one.stopped.tried) for one in turn.used] == [("first", 6), ("second", 0)]


@pytest.mark.parametrize(
    ("stage", "reply", "fault", "opened"),
    [
        ("GREETING", "554 5.7.1 your host is blocked", Fault.ACCOUNT, True),
        ("GREETING", "421 4.3.2 too busy", Fault.THROTTLE, False),
        ("MAIL", "553 5.7.1 mail from must equal authorized user", Fault.CONFIGURATION, True),
        ("RCPT", "552 5.7.0 daily sending quota exceeded", Fault.ACCOUNT, True),
        ("DOT", "552 5.7.0 daily sending quota exceeded", Fault.ACCOUNT, True),
    ],
    ids=["blocked", "busy", "sender", "quota at RCPT", "quota at the dot"],
)
async def test_when_the_first_account_fails_the_second_carries_everything_in_the_same_turn(
    house: House, stage: str, reply: str, fault: Fault, opened: bool
) -> None:
    house.first.plan(stage, *[Say(reply)] * 20)
    turn = await house.turn()

    assert house.by("first") == {}
    assert everybody_once(house)
    assert {(row.state, row.attempts) for row in rows(house.database).values()} <= {
        (State.ACCEPTED, 0),
        (State.ACCEPTED, 1),
    }
    first, second = turn.used
    assert first.stopped.outcome is not None
    assert (first.stopped.outcome.fault, first.left_alone, turn.stopped) == (fault, opened, None)
    assert second.stopped.outcome is None
    assert [account for account, _ in house.alone] == (["first"] if opened else [])


async def test_a_refused_login_is_tried_once_and_the_second_account_takes_over(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    fill(database, *PEOPLE)
    async with two_servers(login=("hzb", "right")) as (first, second):
        house = House(database, clock, tmp_path, first, second)
        house.accounts = {
            "first": {"username": "hzb", "password": "wrong"},
            "second": {"username": "hzb", "password": "right"},
        }
        await house.turn()
        assert sum(command.startswith("AUTH") for command in first.commands) == 1
        assert everybody_once(house)
        assert house.standing("first") is Standing.OPEN

        await house.turn()
        assert first.connections == 1  # left alone, whatever is due
    tried = [attempt for row in rows(database).values() for attempt in row.history if attempt.account == "first"]
    assert [(attempt.fault, attempt.stage) for attempt in tried] == [("account", "auth")]
    assert {row.attempts for row in rows(database).values()} == {1}


async def test_an_account_that_cannot_be_reached_keeps_nobody_waiting(house: House) -> None:
    await house.first.__aexit__(None, None, None)
    await house.turn()
    assert everybody_once(house)
    assert {row.attempts for row in rows(house.database).values()} == {1}
    await house.first.__aenter__()


async def test_when_every_account_fails_nobody_is_charged_and_nothing_is_lost(house: House) -> None:
    for server in (house.first, house.second):
        server.plan("GREETING", *[Say("554 5.7.1 blocked")] * 9)
    turn = await house.turn()
    assert turn.stopped is not None
    assert states(house.database) == {"queued": 6}
    assert {row.attempts for row in rows(house.database).values()} == {0}
    assert sorted(account for account, _ in house.alone) == ["first", "second"]
    assert admitted(house.database, house.settings) == ()


async def test_a_password_that_cannot_be_read_is_the_trouble_of_its_account_alone(house: House) -> None:
    house.accounts["first"] = {"username": "hzb", "password_file": "missing"}
    turn = await house.turn()
    assert everybody_once(house)
    assert turn.used[0].stopped.outcome is not None
    assert "missing" in str(turn.used[0].stopped.outcome.reply)


async def test_a_full_account_is_passed_over_and_gets_letters_again_when_it_has_room(house: House) -> None:
    limited(house, first="2/minute", second="3/minute")
    turn = await house.turn()
    assert (sum(house.by("first").values()), sum(house.by("second").values())) == (2, 3)
    assert states(house.database) == {"accepted": 5, "queued": 1}
    assert turn.wait is not None

    house.clock.forward(seconds=61)
    let_pass(house.database, seconds=61)
    await house.turn()
    assert everybody_once(house)
    assert sum(house.by("first").values()) == 3


async def test_a_domain_that_is_full_for_one_account_goes_by_the_next_one(
    sqlite: Database, clock: Clock, tmp_path: Path
) -> None:
    people = [replace(person(f"t{n}"), address=f"t{n}@town.example") for n in range(5)]
    people += [replace(person(f"c{n}"), address=f"c{n}@county.example") for n in range(3)]
    with sqlite.write() as conn:
        save_frozen(conn, frozen(replace(letter(), recipients=tuple(people))), now=RELEASED)
        release(conn, BULLETIN, at=RELEASED, valid_until=LATER)
    async with two_servers() as (first, second):
        house = House(sqlite, clock, tmp_path, first, second)
        house.accounts = {
            "first": {"domain_limits": {"town.example": ["2/minute"]}},
            "second": {"domain_limits": {"town.example": ["1/minute"]}},
        }
        await house.turn()

        def domains(name: str) -> Counter[str]:
            return Counter(one.rpartition("@")[2] for one in house.by(name).elements())

        assert domains("first") == {"town.example": 2, "county.example": 3}
        assert domains("second") == {"town.example": 1}
        assert states(sqlite) == {"accepted": 6, "queued": 2}


@pytest.mark.parametrize(
    ("stage", "act"),
    [("MAIL", Drop()), ("RCPT", Drop()), ("DATA", Drop()), ("BODY", Drop()), ("RCPT", Say("450 4.2.0 greylisted"))],
    ids=["drop at MAIL", "drop at RCPT", "drop at DATA", "drop in the body", "greylisted"],
)
async def test_what_failed_before_the_dot_may_go_by_the_other_account_at_its_next_attempt(
    house: House, stage: str, act: Act
) -> None:
    house.first.plan(stage, act, act, address="" if stage == "MAIL" else address("bela"))
    await house.turn()
    (late,) = [name for name in PEOPLE if rows(house.database)[address(name)].state is State.DEFERRED] or ["anna"]
    house.clock.forward(minutes=10)
    await house.turn(["second"])
    assert everybody_once(house)
    assert house.accounts_of(late)[0] == "first"


async def test_a_drop_after_the_dot_leaves_it_unknown_and_no_account_sends_it_again(house: House) -> None:
    house.first.plan("DOT", TakeAndDrop(), address=address("bela"))
    await house.turn()
    house.clock.forward(days=1)
    await house.turn()
    await house.turn(["second"])
    assert rows(house.database)[address("bela")].state is State.UNKNOWN
    assert copies(house.first, house.second)[address("bela")] == 1
    assert address("bela") not in house.by("second")
    assert house.accounts_of("bela") == ["first"]


async def test_a_letter_that_was_told_to_come_again_comes_by_the_same_account_with_the_same_sender(
    house: House,
) -> None:
    house.accounts = {
        "first": {"bounce_address": "a+{token}@example.gov.cn"},
        "second": {"bounce_address": "b+{token}@example.gov.cn"},
    }
    house.second.plan("RCPT", Say("450 4.2.0 greylisted"), address=address("bela"))
    await house.turn(["second"])  # the first account was away then
    house.clock.forward(minutes=10)
    await house.turn()

    assert house.accounts_of("bela") == ["second", "second"]
    senders = {one.sender for one in house.second.delivered if one.recipient == address("bela")}
    asked = [command for command in house.second.commands if command.startswith("MAIL")]
    assert everybody_once(house)
    assert sum(f"<{sender}>" in command for sender in senders for command in asked) == 2


async def test_it_goes_by_another_account_when_its_own_is_not_well(house: House) -> None:
    house.second.plan("RCPT", Say("450 4.2.0 greylisted"), address=address("bela"))
    await house.turn(["second"])
    house.clock.forward(minutes=10)
    with house.database.write() as conn:
        pauses.pause(conn, "account:second", "", "test", house.clock.now)
    await house.turn()
    assert house.accounts_of("bela") == ["second", "first"]
    assert everybody_once(house)


@pytest.mark.parametrize("same", [True, False], ids=["neither binds the sender", "both bind it"])
async def test_the_sender_of_the_envelope_is_the_account_s(house: House, same: bool) -> None:
    if not same:
        house.accounts = {name: {"bounce_address": f"{name}@example.gov.cn"} for name in ("first", "second")}
    limited(house, first="3/minute")
    await house.turn()
    senders = [{one.sender for one in server.delivered} for server in (house.first, house.second)]
    wanted = ["hzb@example.gov.cn"] * 2 if same else ["first@example.gov.cn", "second@example.gov.cn"]
    assert senders == [{wanted[0]}, {wanted[1]}]


async def test_a_paused_account_is_passed_over(house: House) -> None:
    with house.database.write() as conn:
        pauses.pause(conn, "account:first", "", "test", house.clock.now)
    await house.turn()
    assert house.first.connections == 0
    assert everybody_once(house)


async def test_too_fast_three_times_in_a_row_is_the_account_and_the_next_one_takes_over(house: House) -> None:
    house.accounts["first"] = {"connections": 1}
    house.first.plan("RCPT", *[Say("550 Ip frequency limited")] * 20)
    await house.turn()
    found = Counter(row.state.value for row in rows(house.database).values())
    assert found == {"deferred": 3, "accepted": 3}
    assert house.standing("first") is Standing.OPEN
    assert all(row.attempts == 0 for row in rows(house.database).values() if row.state is State.DEFERRED)


async def test_after_its_pause_an_account_is_tried_with_one_letter_while_the_other_carries_on(house: House) -> None:
    house.first.plan("GREETING", Say("554 5.7.1 blocked"))
    limited(house, second="1/hour")
    await house.turn()
    assert sum(house.by("second").values()) == 1
    let_pass(house.database, minutes=6)
    house.clock.forward(minutes=6)
    turn = await house.turn()
    assert sum(house.by("first").values()) == 1
    assert sum(house.by("second").values()) == 1
    assert turn.again
    house.clock.forward(minutes=1)  # no letter has waited for the full account's next hour
    await house.turn()
    assert everybody_once(house)
    assert house.standing("first") is Standing.CLOSED


async def test_a_failed_probe_is_nobody_s_trouble(house: House) -> None:
    house.first.plan("GREETING", *[Say("554 5.7.1 blocked")] * 2)
    limited(house, second="1/minute")
    await house.turn()
    let_pass(house.database, minutes=6)
    house.clock.forward(minutes=6)
    house.accounts = {}
    await house.turn()
    assert everybody_once(house)
    assert sum(house.by("second").values()) == 6
    assert house.standing("first") is Standing.OPEN


async def test_send_does_what_the_service_does(house: House) -> None:
    house.first.plan("GREETING", *[Say("554 5.7.1 blocked")] * 9)
    sent = await house.send()
    assert everybody_once(house)
    assert sent.stopped is None
    assert [one.account for one in sent.used if one.stopped.outcome] == ["first"]


async def test_send_tries_the_first_account_when_all_were_left_alone(house: House) -> None:
    for server in (house.first, house.second):
        server.plan("GREETING", Say("554 5.7.1 blocked"))
    await house.turn()
    sent = await house.send()
    assert sent.stopped is None
    assert house.by("first") == dict.fromkeys(map(address, PEOPLE), 1)


async def test_send_says_that_every_account_is_paused(house: House) -> None:
    with house.database.write() as conn:
        for name in ("first", "second"):
            pauses.pause(conn, f"account:{name}", "", "test", house.clock.now)
    with pytest.raises(Refused, match="paused"):
        await house.send()


async def test_a_stop_lets_all_accounts_finish_what_is_in_flight(house: House) -> None:
    limited(house, first="2/minute")
    ledger = Ledger(house.database, clock=house.clock)
    ledger.start()
    passages = admitted(house.database, house.settings)
    crew = Crew(
        ledger, house.database, house.settings, house.letters, passages, owner="test/1", clock=house.clock
    )  # fmt: skip
    running = asyncio.create_task(crew.run())
    await house.first.body_begun.wait()
    await crew.stop()
    await asyncio.wait_for(running, 5)
    await asyncio.to_thread(ledger.close)
    assert set(states(house.database)) <= {"accepted", "queued"}
    assert max(copies(house.first, house.second).values(), default=0) <= 1


ACTS: dict[str, Callable[[], tuple[str, Act]]] = {
    "login": lambda: ("GREETING", Say("554 5.7.1 blocked")),
    "sender": lambda: ("MAIL", Say("553 5.7.1 mail from must equal authorized user")),
    "busy": lambda: ("RCPT", Say("450 4.2.0 come again")),
    "fast": lambda: ("RCPT", Say("550 Ip frequency limited")),
    "gone": lambda: ("RCPT", Say("550 5.1.1 no such user")),
    "drop": lambda: ("DATA", Drop()),
    "quota": lambda: ("DOT", Say("552 5.7.0 daily sending quota exceeded")),
    "lost": lambda: ("DOT", TakeAndDrop()),
}


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    troubles=st.lists(st.tuples(st.booleans(), st.sampled_from(sorted(ACTS))), max_size=6),
    limits=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_whatever_two_servers_do_nobody_gets_two_letters_and_nobody_is_lost(
    sqlite_template: Path, tmp_path: Path, troubles: list[tuple[bool, str]], limits: tuple[int, int]
) -> None:
    file = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
    file.write_bytes(sqlite_template.read_bytes())
    database, clock = Database.open(f"sqlite:///{file}"), Clock()
    fill(database, *PEOPLE)

    async def story() -> None:
        async with two_servers() as (first, second):
            house = House(database, clock, tmp_path, first, second)
            for at_first, what in troubles:
                stage, act = ACTS[what]()
                (first if at_first else second).plan(stage, act)
            limited(house, first=f"{limits[0]}/minute", second=f"{limits[1]}/minute")
            for _ in range(12):
                await house.turn()
                clock.forward(hours=2)
                let_pass(database, hours=2)
            assert max(copies(first, second).values(), default=0) <= 1
            lost = sum(what == "lost" for _, what in troubles)
            for row in rows(database).values():
                assert row.state in (State.ACCEPTED, State.FAILED, State.UNKNOWN)
                assert (copies(first, second)[row.address] == 1) == (row.state is not State.FAILED)
            assert states(database)["unknown"] <= lost

    try:
        asyncio.run(story())
    finally:
        database.close()
