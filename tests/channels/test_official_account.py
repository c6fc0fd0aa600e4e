"""The Official Account's interfaces, against the simulated platform."""

from collections.abc import AsyncIterator

import pytest

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import Draft, OfficialAccount, PlatformRefused, Standing
from distributor.delivery.outcome import Fault
from distributor.settings.official_account import OfficialAccountSettings
from distributor.simulators.faults import LostAfter, Refuse
from tests.simulators.running import APP_ID, APP_SECRET, RunningAccount, running_account
from tests.simulators.test_official_account import PNG

SUBMIT = "/cgi-bin/freepublish/submit"
SEND_ALL = "/cgi-bin/message/mass/sendall"


@pytest.fixture
async def platform() -> AsyncIterator[RunningAccount]:
    async with running_account() as running:
        yield running


@pytest.fixture
async def account(platform: RunningAccount) -> AsyncIterator[OfficialAccount]:
    opened = OfficialAccount(OfficialAccountSettings(app_id=APP_ID, base_url=platform.base_url), APP_SECRET)
    yield opened
    await opened.close()


async def drafted(account: OfficialAccount) -> str:
    cover = await account.cover("cover.png", PNG, "image/png")
    return await account.add_draft(Draft("云岭河长制工作简报 第12期", "云岭区河长办", "摘要", "<p>正文</p>", cover))


async def test_an_article_goes_from_draft_to_its_address(platform: RunningAccount, account: OfficialAccount) -> None:
    media_id = await drafted(account)
    assert await account.has_draft(media_id)
    submitted = await account.publish(media_id)
    assert not await account.has_draft(media_id)
    assert await account.published(submitted.task_id) == (Standing.UNDER_WAY, "")
    platform.platform.outgoing.finish_publishing()
    standing, address = await account.published(submitted.task_id)
    assert standing is Standing.DONE
    assert address.startswith("https://mp.weixin.qq.com/s/")


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6])
async def test_an_article_that_was_not_let_through_has_failed(
    platform: RunningAccount, account: OfficialAccount, status: int
) -> None:
    submitted = await account.publish(await drafted(account))
    platform.platform.outgoing.finish_publishing(status)
    assert await account.published(submitted.task_id) == (Standing.FAILED, "")


async def test_characters_of_a_title_arrive_as_they_are(platform: RunningAccount, account: OfficialAccount) -> None:
    media_id = await drafted(account)
    assert platform.platform.account.drafts[media_id][0]["title"] == "云岭河长制工作简报 第12期"


async def test_a_mass_send_whose_answer_was_lost_is_found_again_and_not_made_twice(
    platform: RunningAccount, account: OfficialAccount
) -> None:
    platform.platform.account.mass_quota = 10
    media_id = await drafted(account)
    platform.platform.faults.script(SEND_ALL, LostAfter())
    with pytest.raises(Unanswered) as lost:
        await account.mass_send(media_id, "dispatch-1")
    assert lost.value.sent
    platform.clock.move(minutes=2)
    found = await account.mass_send(media_id, "dispatch-1")
    (sent,) = platform.platform.account.mass_sent
    assert found.task_id == str(sent.msg_id)
    assert await account.mass_sent(found.task_id) is Standing.UNDER_WAY
    platform.platform.outgoing.finish_mass_sends()
    assert await account.mass_sent(found.task_id) is Standing.DONE


async def test_a_publishing_whose_answer_was_lost_shows_in_the_box(
    platform: RunningAccount, account: OfficialAccount
) -> None:
    media_id = await drafted(account)
    platform.platform.faults.script(SUBMIT, LostAfter())
    with pytest.raises(Unanswered):
        await account.publish(media_id)
    assert not await account.has_draft(media_id)
    assert len(platform.platform.account.published) == 1


@pytest.mark.parametrize(
    ("code", "fault"),
    [(45028, Fault.ACCOUNT), (48001, Fault.CONFIGURATION), (45009, Fault.THROTTLE), (40033, Fault.CONTENT)],
)
async def test_a_refusal_says_whose_trouble_it_is(
    platform: RunningAccount, account: OfficialAccount, code: int, fault: Fault
) -> None:
    media_id = await drafted(account)
    platform.platform.faults.script(SEND_ALL, Refuse(code))
    with pytest.raises(PlatformRefused) as refusal:
        await account.mass_send(media_id, "dispatch-1")
    assert (refusal.value.errcode, refusal.value.outcome.fault) == (code, fault)
    assert await account.has_draft(media_id)


async def test_a_token_that_ended_early_is_fetched_again_for_every_kind_of_request(
    platform: RunningAccount, account: OfficialAccount
) -> None:
    media_id = await drafted(account)
    for ask in (lambda: account.has_draft(media_id), lambda: account.picture("one.png", PNG, "image/png")):
        platform.platform.tokens.expire_early()
        assert await ask()
    assert platform.platform.tokens.given == 3


async def test_an_address_outside_the_list_is_a_fault_of_the_settings(
    platform: RunningAccount, account: OfficialAccount
) -> None:
    platform.platform.account.trusted = frozenset()
    with pytest.raises(PlatformRefused) as refusal:
        await drafted(account)
    assert refusal.value.outcome.fault is Fault.CONFIGURATION
    assert "127.0.0.1" in refusal.value.outcome.reply.text
    assert APP_SECRET not in repr(refusal.value.outcome)


async def test_readers_are_counted_by_the_id_of_the_send(platform: RunningAccount, account: OfficialAccount) -> None:
    submitted = await account.mass_send(await drafted(account), "dispatch-1")
    assert await account.readers("2026-11-22", submitted.statistics_id) == 500
    assert await account.readers("2026-11-22", "another") is None
