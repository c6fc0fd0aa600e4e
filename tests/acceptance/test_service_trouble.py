"""Trouble with the account, the clock, the database and the folder: the service stops what must stop, and says so."""

import datetime as dt
import email
import email.policy
import shutil
from collections import Counter
from pathlib import Path

from sqlalchemy import update

from distributor.store.breakers import breakers
from distributor.store.database import Database
from distributor.store.schema import bulletin, delivery, dispatch
from distributor.store.service_schema import instance
from tests.acceptance.office import Office
from tests.acceptance.service import Service, ask, change_settings, drop, serving
from tests.channels.server import ScriptedServer
from tests.integration.passing import let_pass

LOGIN = ("hzb", "right")


def with_login(folder: Path, server: ScriptedServer, password: str | None) -> Office:
    """An office that logs in; without a password its file is missing."""
    office = Office(folder, port=server.port)
    if password is not None:
        office.write("secret", password)
    change_settings(office, 'security = "none"', 'security = "none"\nusername = "hzb"\npassword_file = "secret"')
    return office


def database_of(office: Office) -> Database:
    return Database.open("sqlite:///data/distributor.db", home=office.folder)


def copies(server: ScriptedServer) -> Counter[str]:
    return Counter(letter.recipient for letter in server.delivered if not letter.recipient.startswith("editor"))


def told(server: ScriptedServer) -> list[str]:
    """What the editor got, letter by letter."""
    letters = [taken.body for taken in server.delivered if taken.recipient.startswith("editor")]
    return [str(email.message_from_bytes(body, policy=email.policy.default).get_content()) for body in letters]


def causes(service: Service) -> list[str]:
    return [record["cause"] for record in service.log if record["action"] == "alert"]


async def test_7_a_wrong_password_is_tried_once_and_after_the_pause_with_one_letter(tmp_path: Path) -> None:
    async with ScriptedServer(login=LOGIN) as server:
        office = with_login(tmp_path, server, "wrong")
        async with serving(office) as service:
            drop(office)
            await service.until("alert", cause="account:main")
            await service.look_on(office)
            assert sum(command.startswith("AUTH") for command in server.commands) == 1
            assert {(copy.state.value, copy.attempts) for copy in office.deliveries()} == {("queued", 0)}

            office.write("secret", "right")
            let_pass(database := database_of(office), minutes=6)
            await service.until("send.ended", accepted=1)
            await service.until("send.ended", finished=True)
            await server.until(lambda: "535" in "".join(told(server)))
            assert await service.stop() == 0
        with database.read() as conn:
            assert [breaker.standing.value for breaker in breakers(conn)] == ["closed"]
        database.close()
    assert copies(server) == dict.fromkeys(office.states(), 1)
    assert "right" not in str(service.log)


async def test_a_password_file_that_is_missing_stops_the_account_and_not_the_service(tmp_path: Path) -> None:
    async with ScriptedServer(login=LOGIN) as server:
        office = with_login(tmp_path, server, None)
        async with serving(office) as service:
            drop(office)
            alert = await service.until("alert", cause="account:main")
            assert "secret" in alert["what"]
            await service.look_on(office)
            assert server.connections == 0
            office.write("secret", "right")
            let_pass(database := database_of(office), minutes=6)
            database.close()
            await service.until("send.ended", finished=True)
    assert copies(server) == dict.fromkeys(office.states(), 1)


def age(office: Office, **time: float) -> None:
    """Makes the service's last sign of life, and what was due then, so much older."""
    by = dt.timedelta(**time)
    database = database_of(office)
    with database.write() as conn:
        for row in conn.execute(instance.select()).all():
            values = {"at": row.at - by, "uptime_ms": row.uptime_ms - by // dt.timedelta(milliseconds=1)}
            conn.execute(update(instance).where(instance.c.id == row.id).values(values))
        for table in (bulletin, dispatch, delivery):
            for row in conn.execute(table.select()).all():
                times = {"released_at": row.released_at - by}
                if table is delivery:
                    times["next_attempt_at"] = row.next_attempt_at - by
                conn.execute(update(table).where(table.c.id == row.id).values(times))
    database.close()


async def due_and_stopped(office: Office) -> None:
    """A bulletin that is due, and a service that has run and stopped before it went out."""
    async with serving(office) as service:
        await service.until("leader.taken")
        await ask(office, "pause")
        drop(office)
        await service.until("inbox.taken")
        assert await service.stop() == 0
    await ask(office, "resume")


async def test_84_what_became_due_ten_hours_ago_waits_for_a_person_before_anything_leaves(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        await due_and_stopped(office)
        age(office, hours=10)
        async with serving(office) as service:
            alert = await service.until("alert", cause="late:1")
            await service.look_on(office)
            assert copies(server) == {}
            assert "resume '#1'" in alert["what"]
            await ask(office, "resume", "#1")
            await service.until("send.ended", finished=True)
    assert copies(server) == dict.fromkeys(office.states(), 1)


async def test_84_what_became_due_ten_minutes_ago_goes_out_late(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        await due_and_stopped(office)
        age(office, minutes=10)
        async with serving(office) as service:
            await service.until("send.ended", finished=True)
    assert causes(service) == []
    assert copies(server) == dict.fromkeys(office.states(), 1)


async def test_41_a_restored_backup_sends_nothing_until_a_person_has_looked(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        await due_and_stopped(office)
        shutil.copy(tmp_path / "data/distributor.db", tmp_path / "yesterday.db")
        async with serving(office) as service:
            await service.until("send.ended", finished=True)
            assert await service.stop() == 0
        shutil.copy(tmp_path / "yesterday.db", tmp_path / "data/distributor.db")

        async with serving(office) as service:
            alert = await service.until("alert", cause="restored_backup")
            await service.look_on(office)
            assert "distributor resume" in alert["what"]
            assert (await service.get("/readyz"))[0] == 503
            assert set(copies(server).values()) == {1}
            await ask(office, "cancel", "7", "--yes")
            await ask(office, "resume")
            drop(office, number=8)
            await service.until("send.ended", bulletin=2, finished=True)
            await server.until(lambda: any("backup was restored" in text for text in told(server)))
            assert await service.stop() == 0
        assert causes(service).count("restored_backup") == 1


async def test_a_file_that_cannot_be_moved_stops_no_other_and_is_told_once(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        office.write("inbox/refused", "a file where the folder should be\n")
        async with serving(office) as service:
            drop(office, "a.md", text="no bulletin\n")
            drop(office, "b.md")
            await service.until("inbox.stuck", file="a.md")
            await service.until("send.ended", finished=True)
            drop(office, "c.md", number=8)
            await service.until("send.ended", bulletin=2, finished=True)
    assert causes(service) == ["inbox:a.md"]
    assert (tmp_path / "inbox/a.md").exists()
