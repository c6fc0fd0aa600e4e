"""The Official Account's interfaces, against the simulated platform."""

from collections.abc import AsyncIterator

import pytest

from distributor.channels.wechat.draft import Draft, Listed, read_list
from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import OfficialAccount, PlatformRefused, Progress, Standing
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


async def draft_of(account: OfficialAccount, text: str = "正文") -> Draft:
    cover = await account.cover("cover.png", PNG, "image/png")
    return Draft("云岭河长制工作简报 第12期", "云岭区河长办", "摘要", f"<p>{text}</p>", cover)


async def drafted(account: OfficialAccount) -> str:
    return await account.add_draft(await draft_of(account))


async def test_an_article_goes_from_draft_to_its_address(platform: RunningAccount, account: OfficialAccount) -> None:
    media_id = await drafted(account)
    assert await account.has_draft(media_id)
    submitted = await account.publish(media_id)
    assert not await account.has_draft(media_id)
    assert await account.published(submitted.task_id) == Progress(Standing.UNDER_WAY)
    platform.platform.outgoing.finish_publishing()
    done = await account.published(submitted.task_id)
    assert done.standing is Standing.DONE
    assert done.address.startswith("https://mp.weixin.qq.com/s/")


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6])
async def test_an_article_that_was_not_let_through_has_failed(
    platform: RunningAccount, account: OfficialAccount, status: int
) -> None:
    submitted = await account.publish(await drafted(account))
    platform.platform.outgoing.finish_publishing(status)
    assert await account.published(submitted.task_id) == Progress(Standing.FAILED, detail=f"publish_status {status}")


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
    assert await account.mass_sent(found.task_id) == Progress(Standing.UNDER_WAY)
    platform.platform.outgoing.finish_mass_sends()
    assert await account.mass_sent(found.task_id) == Progress(Standing.DONE)


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
    assert await account.readers("2026-11-22") == {submitted.statistics_id: 500}


async def test_a_draft_that_is_changed_stays_the_same_draft(platform: RunningAccount, account: OfficialAccount) -> None:
    media_id = await drafted(account)
    await account.update_draft(media_id, await draft_of(account, "改过的正文"))
    assert [box[0]["content"] for box in platform.platform.account.drafts.values()] == ["<p>改过的正文</p>"]
    await account.publish(media_id)
    with pytest.raises(PlatformRefused) as refusal:
        await account.update_draft(media_id, await draft_of(account))
    assert refusal.value.errcode == 40007


async def test_a_draft_is_found_by_its_title_and_words_among_many(account: OfficialAccount) -> None:
    wanted = await drafted(account)
    for number in range(25):
        await account.add_draft(await draft_of(account, f"第{number}篇"))
    assert await account.find_draft(await draft_of(account), frozenset()) == wanted
    assert await account.find_draft(await draft_of(account), {wanted}) == ""
    assert await account.find_draft(await draft_of(account, "没有"), frozenset()) == ""


async def test_a_published_article_is_found_once_it_is_out(platform: RunningAccount, account: OfficialAccount) -> None:
    draft = await draft_of(account)
    await account.publish(await account.add_draft(draft))
    assert await account.find_published(draft.title, draft.content) is None
    platform.platform.outgoing.finish_publishing()
    found = await account.find_published(draft.title, "<section><p>正 文</p></section>")
    assert found is not None
    assert found.address.startswith("https://mp.weixin.qq.com/s/")


@pytest.mark.parametrize(
    "item",
    [None, 7, {}, {"content": None}, {"content": {"news_item": []}}, {"content": {"news_item": ["x"]}}],
    ids=["nothing", "number", "empty", "no_content", "no_news", "text"],
)
def test_an_odd_entry_in_a_list_is_passed_over(item: object) -> None:
    good = {"media_id": "m", "content": {"news_item": [{"title": "t", "content": "c"}]}}
    assert read_list({"item": [item, good], "total_count": "2"}) == ((Listed("m", "", "t", "c"),), 0)


async def test_an_account_that_may_not_publish_is_told_by_asking_for_its_lists(
    platform: RunningAccount, account: OfficialAccount
) -> None:
    await drafted(account)
    assert await account.check_rights() == 1
    platform.platform.account.may_publish = False
    with pytest.raises(PlatformRefused) as refusal:
        await account.check_rights()
    assert refusal.value.errcode == 48001
