"""The doctor at an Official Account: what is wrong is said with the platform's code, and nothing is changed."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from distributor.channels.wechat.official_account import CallsLeft
from distributor.doctor.diagnosis import Context, Diagnosis, Verdict
from distributor.doctor.official_accounts import check_official_accounts, judge_calls
from distributor.settings import DatabaseSettings, Office, OfficialAccountSettings, Settings
from distributor.simulators.faults import Broken, Refuse
from distributor.store.database import Database
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.newsroom import newsroom
from tests.simulators.running import APP_ID, APP_SECRET, RunningAccount, running_account

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


@contextmanager
def beside() -> Iterator[RunningAccount]:
    """The platform in a loop of its own: the doctor runs one too."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    running = running_account()
    try:
        yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def platform() -> Iterator[RunningAccount]:
    with beside() as running:
        yield running


def findings(platform: RunningAccount, *, network: bool = True, **changes: Any) -> list[Diagnosis]:
    values = {"app_id": APP_ID, "secret": APP_SECRET, "base_url": platform.base_url, "preview_to": "editor"} | changes
    settings = Settings(
        office=Office(name="河长办", sender="hzb@example.gov.cn"),
        database=DatabaseSettings(url="sqlite:////nowhere/at.db"),
        official_account={"main": OfficialAccountSettings.model_validate(values)},
    )
    return list(check_official_accounts(Context(settings=settings, now=NOW, network=network)))


def test_an_account_that_can_be_used_is_said_to_be_so_and_gets_no_draft(platform: RunningAccount) -> None:
    found, *quotas = findings(platform)
    assert (found.name, found.verdict) == ("official_account.main", Verdict.OK)
    assert {quota.name for quota in quotas} == {"official_account.main.quota"}
    assert platform.platform.account.drafts == {}


def test_an_address_that_is_not_allowed_is_named_with_the_place_to_add_it(platform: RunningAccount) -> None:
    platform.platform.account.trusted = frozenset()
    (found,) = findings(platform)
    assert found.verdict is Verdict.FAILURE
    assert "40164" in str(found.what)
    assert "127.0.0.1" in str(found.what)
    assert "IP白名单" in str(found.do)


def test_a_right_that_is_missing_is_said(platform: RunningAccount) -> None:
    platform.platform.account.may_publish = False
    (found,) = findings(platform)
    assert found.verdict is Verdict.FAILURE
    assert "48001" in str(found.what)
    assert "认证" in str(found.do)


def test_a_wrong_secret_is_said_and_not_shown(platform: RunningAccount) -> None:
    (found,) = findings(platform, secret="another-secret")
    assert found.verdict is Verdict.FAILURE
    assert "40001" in str(found.what)
    assert "AppSecret" in str(found.do)
    assert "another-secret" not in f"{found.what}{found.do}"


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({"preview_to": ""}, [Verdict.OK, Verdict.WARNING, Verdict.OK]),
        ({"secret": ""}, [Verdict.FAILURE]),
        ({"base_url": "http://127.0.0.1:1"}, [Verdict.FAILURE]),
    ],
    ids=["no_editor", "no_secret", "nobody_there"],
)
def test_what_is_missing_is_found(platform: RunningAccount, changes: dict[str, Any], verdicts: list[Verdict]) -> None:
    assert [found.verdict for found in findings(platform, **changes)] == verdicts


def test_without_a_network_nobody_knows(platform: RunningAccount) -> None:
    assert [found.verdict for found in findings(platform, network=False)] == [Verdict.UNCHECKED]


def test_a_seal_of_another_form_is_a_failure_of_its_own(platform: RunningAccount, tmp_path: Path) -> None:
    files: dict[str, Any] = {"callback_token_file": tmp_path / "token", "aes_key_file": tmp_path / "key"}
    for file in files.values():
        file.write_text("not-a-key!")
    assert [found.verdict for found in findings(platform, **files)] == [Verdict.FAILURE, Verdict.OK, Verdict.OK]


def quotas(platform: RunningAccount) -> list[Diagnosis]:
    return [found for found in findings(platform) if found.name == "official_account.main.quota"]


def test_the_calls_that_are_left_today_are_asked_of_the_platform(platform: RunningAccount) -> None:
    platform.platform.account.daily_calls |= {"/cgi-bin/draft/add": 7, "/cgi-bin/message/mass/sendall": 0}
    none_left, left = quotas(platform)
    assert none_left.verdict is Verdict.WARNING
    assert "mass/sendall" in str(none_left.what)
    assert left.verdict is Verdict.OK
    assert "/cgi-bin/draft/add 7/7" in str(left.what)
    assert "mass/sendall" not in str(left.what)


@pytest.mark.parametrize("fault", [Refuse(76022), Broken(502)], ids=["refused", "a_gateway"])
def test_a_quota_that_the_platform_does_not_tell_is_never_said_to_be_fine(
    platform: RunningAccount, fault: Refuse | Broken
) -> None:
    platform.platform.faults.script("/cgi-bin/openapi/quota/get", fault, fault, fault)
    found = quotas(platform)
    assert [one.verdict for one in found] == [Verdict.UNCHECKED] * 3
    assert all(str(fault.errcode if isinstance(fault, Refuse) else fault.status) in str(one.what) for one in found)


def test_nothing_left_anywhere_is_no_good_news() -> None:
    found = list(judge_calls("quota", {"/cgi-bin/draft/add": CallsLeft(0, 0)}))
    assert [one.verdict for one in found] == [Verdict.WARNING]


async def test_mass_sends_from_here_are_counted_by_the_platform_s_days_and_months(
    tmp_path: Path, sqlite: Database, clock: Clock
) -> None:
    async with newsroom(Bureau(tmp_path / "office", sqlite, clock)) as room:
        await room.draft()
        await room.mass_send()
        database = DatabaseSettings(url=f"sqlite:///{sqlite.path}")
        settings = room.settings.model_copy(update={"database": database})
        said = []
        for days in (0, 1, 30):
            now = room.running.clock() + dt.timedelta(days=days)
            found = await asyncio.to_thread(list, check_official_accounts(Context(settings=settings, now=now)))
            said += [str(one.what) for one in found if "Mass sends" in str(one.what)]
    assert [text.split(".")[0] for text in said] == [
        "Mass sends from here: 1 today, 1 this month",
        "Mass sends from here: 0 today, 1 this month",
        "Mass sends from here: 0 today, 0 this month",
    ]
