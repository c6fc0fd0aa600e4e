"""A service without a mail account runs, says so once, and is not ready until it has one."""

import dataclasses
from pathlib import Path

import pytest

from distributor.service.office import Office
from distributor.service.telling import miss_account
from distributor.store import alerts
from distributor.store.database import Database
from distributor.web.health import Readiness, account_probe
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock


@pytest.fixture
def office(tmp_path: Path, sqlite: Database, clock: Clock) -> Office:
    bureau = Bureau(tmp_path / "office", sqlite, clock)
    file = bureau.office.folder / "distributor.toml"
    head, _, rest = file.read_text(encoding="utf-8").partition("[smtp.main]")
    file.write_text(f"{head}[send]{rest.partition('[send]')[2]}", encoding="utf-8")
    return Office(file=file, settings=bureau.settings, database=sqlite, key=bureau.key, owner="test", clock=clock)


def told(office: Office) -> list[str]:
    with office.database.read() as conn:
        return [one.what for one in alerts.alerts(conn) if one.cause == "no_account"]


async def reasons(office: Office) -> list[str]:
    return [one.code for one in await Readiness([account_probe(lambda: bool(office.settings.smtp))]).reasons()]


async def test_it_says_so_once_in_the_log_and_to_the_editor_and_is_not_ready(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    assert office.settings.smtp == {}
    for _ in range(3):
        miss_account(office)
    assert caplog.text.count("service.no_account") == 1
    [what] = told(office)
    assert "[smtp.main]" in what
    assert await reasons(office) == ["no_account"]


async def test_with_an_account_from_edited_settings_it_is_ready(office: Office) -> None:
    miss_account(office)
    text = office.file.read_text(encoding="utf-8")
    office.file.write_text(f'{text}\n[smtp.main]\nhost = "127.0.0.1"\nsecurity = "none"\n', encoding="utf-8")
    office.reload(always=True)
    miss_account(office)
    assert await reasons(office) == []


def test_with_an_account_nothing_is_said(tmp_path: Path, office: Office) -> None:
    whole = Bureau(tmp_path / "whole", office.database, Clock()).settings
    ready = dataclasses.replace(office, settings=whole)
    miss_account(ready)
    assert told(ready) == []
