"""What the editors are told: one letter for all that is new, a digest for what repeats, again when it failed."""

import datetime as dt
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from distributor.dispatch.alerts import PAUSE, news, tell_editors
from distributor.settings import Settings
from distributor.store.alerts import DIGEST_EVERY, alerts, note
from distributor.store.database import Database
from tests.channels.letters import channel_to
from tests.channels.server import Delivered, Say, ScriptedServer
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

EDITOR, SECOND = "editor@example.gov.cn", "second@example.gov.cn"


@pytest.fixture
def settings(tmp_path: Path, sqlite: Database, clock: Clock) -> Settings:
    return Bureau(tmp_path / "office", sqlite, clock).settings


def say(database: Database, clock: Clock, cause: str, what: str, *, repeats: bool = True) -> bool:
    with database.write() as conn:
        return note(conn, cause, what, now=clock.now, repeats=repeats)


async def tell(database: Database, settings: Settings, server: ScriptedServer, clock: Clock) -> int:
    return await tell_editors(database, settings, [channel_to(server)], now=clock.now)


def text(letter: Delivered) -> str:
    message = email.message_from_bytes(letter.body, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return str(message.get_content())


async def test_all_that_is_new_comes_in_one_letter(sqlite: Database, settings: Settings, clock: Clock) -> None:
    say(sqlite, clock, "inbox:a.md", "a.md：第 3 行有误")
    say(sqlite, clock, "account:main", "the account is left alone")
    async with ScriptedServer() as server:
        assert await tell(sqlite, settings, server, clock) == 2
        assert await tell(sqlite, settings, server, clock) == 0
    (letter,) = server.delivered
    message = email.message_from_bytes(letter.body, policy=email.policy.default)
    assert (letter.sender, letter.recipient) == ("hzb@example.gov.cn", EDITOR)
    assert "2 matter(s)" in str(message["Subject"])
    assert message["Auto-Submitted"] == "auto-generated"
    assert text(letter).splitlines() == [
        "2026-11-23 17:00: a.md：第 3 行有误",
        "",
        "2026-11-23 17:00: the account is left alone",
    ]


async def test_what_the_first_account_does_not_take_goes_by_the_next(
    sqlite: Database, settings: Settings, clock: Clock
) -> None:
    say(sqlite, clock, "late:1", "it waits")
    async with ScriptedServer() as first, ScriptedServer() as second:
        first.plan("MAIL", Say("451 4.3.0 later"))
        lines = [channel_to(first), channel_to(second)]
        assert await tell_editors(sqlite, settings, lines, now=clock.now) == 1
    assert [letter.recipient for letter in second.delivered] == [EDITOR]


async def test_without_a_usable_account_the_next_try_waits(sqlite: Database, settings: Settings, clock: Clock) -> None:
    say(sqlite, clock, "late:1", "it waits")
    assert await tell_editors(sqlite, settings, [], now=clock.now) == 0
    with sqlite.read() as conn:
        assert news(conn, now=clock.now) == ()
        assert news(conn, now=clock.now + PAUSE) != ()


async def test_a_cause_that_repeats_is_told_once_and_then_in_a_digest(
    sqlite: Database, settings: Settings, clock: Clock
) -> None:
    async with ScriptedServer() as server:
        say(sqlite, clock, "account:main", "535")
        await tell(sqlite, settings, server, clock)
        for _ in range(4):
            clock.forward(minutes=10)
            say(sqlite, clock, "account:main", "535 again")
            assert await tell(sqlite, settings, server, clock) == 0
        clock.now += DIGEST_EVERY
        assert await tell(sqlite, settings, server, clock) == 1
        clock.now += DIGEST_EVERY
        assert await tell(sqlite, settings, server, clock) == 0  # it has not happened again
    assert [("4 times" in text(letter), "again" in text(letter)) for letter in server.delivered] == [
        (False, False),
        (True, True),
    ]


def test_a_state_that_is_looked_at_again_is_noted_once(database: Database, clock: Clock) -> None:
    assert say(database, clock, "unknown:1:2", "2 in doubt", repeats=False)
    assert not say(database, clock, "unknown:1:2", "2 in doubt", repeats=False)
    assert say(database, clock, "account:main", "535")
    assert say(database, clock, "account:main", "535")
    with database.read() as conn:
        assert {alert.cause: (alert.count, alert.fresh) for alert in alerts(conn)} == {
            "unknown:1:2": (1, 1),
            "account:main": (2, 2),
        }
        assert [alert.cause for alert in news(conn, now=clock.now)] == ["unknown:1:2", "account:main"]


@pytest.mark.parametrize("stage", ["GREETING", "MAIL", "RCPT", "DOT"])
async def test_a_try_that_failed_is_made_again_later_and_loses_nothing(
    sqlite: Database, settings: Settings, clock: Clock, stage: str
) -> None:
    say(sqlite, clock, "account:main", "trouble")
    async with ScriptedServer() as server:
        server.plan(stage, Say("451 4.3.0 later"))
        assert await tell(sqlite, settings, server, clock) == 0
        tries = server.connections
        clock.now += PAUSE - dt.timedelta(seconds=1)
        assert await tell(sqlite, settings, server, clock) == 0
        assert server.connections == tries
        clock.forward(seconds=1)
        assert await tell(sqlite, settings, server, clock) == 1
    assert len(server.delivered) == 1


async def test_news_of_another_cause_does_not_wait_for_one_that_failed(
    sqlite: Database, settings: Settings, clock: Clock
) -> None:
    say(sqlite, clock, "first", "first")
    async with ScriptedServer() as server:
        server.plan("RCPT", Say("451 later"))
        await tell(sqlite, settings, server, clock)
        say(sqlite, clock, "second", "second")
        assert await tell(sqlite, settings, server, clock) == 1
    assert [text(letter).strip() for letter in server.delivered] == ["2026-11-23 17:00: second"]


async def test_each_editor_gets_a_letter_and_one_of_them_is_enough(
    sqlite: Database, settings: Settings, clock: Clock
) -> None:
    two = settings.model_copy(update={"office": settings.office.model_copy(update={"editors": (EDITOR, SECOND)})})
    say(sqlite, clock, "cause", "news")
    async with ScriptedServer() as server:
        server.plan("RCPT", Say("550 5.1.1 gone"), address=EDITOR)
        assert await tell(sqlite, two, server, clock) == 1
        say(sqlite, clock, "another", "news")
        assert await tell(sqlite, two, server, clock) == 1
    assert [letter.recipient for letter in server.delivered] == [SECOND, EDITOR, SECOND]


async def test_without_editors_nobody_is_told_and_nothing_is_lost(
    sqlite: Database, settings: Settings, clock: Clock
) -> None:
    nobody = settings.model_copy(update={"office": settings.office.model_copy(update={"editors": ()})})
    say(sqlite, clock, "cause", "news")
    async with ScriptedServer() as server:
        assert await tell(sqlite, nobody, server, clock) == 0
        assert server.connections == 0
        assert await tell(sqlite, settings, server, clock) == 1


async def test_a_restart_neither_forgets_an_alert_nor_tells_it_anew(
    sqlite_url: str, sqlite: Database, settings: Settings, clock: Clock
) -> None:
    say(sqlite, clock, "told", "told before")
    async with ScriptedServer() as server:
        await tell(sqlite, settings, server, clock)
        say(sqlite, clock, "new", "not told yet")
        again = Database.open(sqlite_url)
        try:
            assert await tell(again, settings, server, clock) == 1
        finally:
            again.close()
    assert "not told yet" in text(server.delivered[-1])
    assert "told before" not in text(server.delivered[-1])
