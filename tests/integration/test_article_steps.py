"""What the platform gets of an edition, what it says no to, and what is refused before it is asked."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.delivery.article import ArticleFact, ArticleState
from distributor.dispatch.article.figures import count_readers
from distributor.dispatch.article.going_out import publish
from distributor.dispatch.article.manuscript import NotForEverybody, Resting, WithdrawnEdition, require_open
from distributor.dispatch.article.press import AccountBusy, NotNow, PlaceLost, place_of
from distributor.dispatch.article.settling import settle
from distributor.dispatch.article.trouble import InDoubt, PlatformSaidNo, PlatformSilent
from distributor.dispatch.plan import ChangedSince
from distributor.errors import BadInput, Refused
from distributor.simulators.faults import Broken, LostAfter, LostBefore, Refuse
from distributor.store import articles, audit, leases
from distributor.store.database import Database
from distributor.store.freezing import OlderEdition
from distributor.store.pauses import ALL, pause
from distributor.store.withdrawals import withdraw
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.newsroom import EDITOR, NAME, Newsroom, finalised, newsroom, text_with_picture
from tests.simulators.running import APP_SECRET

S = ArticleState
SUBMIT = "/cgi-bin/freepublish/submit"
SEND_ALL = "/cgi-bin/message/mass/sendall"
ADD = "/cgi-bin/draft/add"


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


def actions(room: Newsroom) -> list[str]:
    with room.database.read() as conn:
        return [entry.action for entry in audit.entries(conn) if entry.action.startswith("article.")]


async def test_an_edition_goes_from_draft_to_its_address_and_every_step_is_booked(on_each: Bureau) -> None:
    async with newsroom(on_each, source_url="https://www.example.gov.cn") as room:
        await room.draft()
        (drafted,) = room.platform.drafts.values()
        assert drafted[0]["title"] == "云岭区巡河工作快报 第7期"
        assert drafted[0]["author"] == "云岭区河长制办公室"
        assert drafted[0]["content_source_url"] == "https://www.example.gov.cn"
        assert [url in drafted[0]["content"] for url in room.platform.pictures] == [True]
        assert room.platform.materials[drafted[0]["thumb_media_id"]].startswith(b"\x89PNG")
        await room.preview()
        assert [reader for reader, _ in room.platform.previews] == ["editor"]
        await room.publish()
        room.running.platform.outgoing.finish_publishing()
        done = await room.look()
        assert (done.state, done.look_at) == (S.PUBLISHED, None)
        assert done.address == f"https://mp.weixin.qq.com/s/{done.publish_id}-1"
        assert [(step.step, step.result) for step in done.steps] == [
            ("draft", "done"),
            ("preview", "done"),
            ("publish", "done"),
        ]
        assert actions(room) == [
            "article.drafted",
            "article.previewed",
            "article.publish",
            "article.publish_taken",
            "article.published",
        ]


async def test_a_picture_that_the_platform_has_is_not_uploaded_again(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        await room.draft()
        counts = (len(room.platform.drafts), len(room.platform.pictures), len(room.platform.materials))
        assert counts == (1, 1, 1)


async def test_a_cover_that_was_deleted_at_the_console_is_uploaded_anew(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.platform.materials.clear()
        await room.draft()
        assert len(room.platform.materials) == 1


async def test_the_cover_of_the_settings_is_taken_and_one_that_is_no_picture_refused(bureau: Bureau) -> None:
    cover = bureau.office.write("cover.png", "")
    cover.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    async with newsroom(bureau, cover=cover) as room:
        await room.draft()
        assert list(room.platform.materials.values()) == [cover.read_bytes()]
        cover.write_text("<svg/>")
        with pytest.raises(BadInput, match="PNG or JPEG"):
            await room.draft()
        cover.unlink()
        with pytest.raises(BadInput, match="cannot be read"):
            await room.draft()


async def test_a_mass_send_keeps_one_name_for_ever(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        sent = await room.mass_send()
        (at_platform,) = room.platform.mass_sent
        assert at_platform.clientmsgid == room.own_id == sent.own_id
        assert len(sent.own_id) == 32
        assert sent.own_id.isascii()
        room.running.platform.outgoing.finish_mass_sends()
        assert (await room.look()).state is S.SENT


@pytest.mark.parametrize("code", [48001, 45028, 45009, 40164, 40033, 99999])
@pytest.mark.parametrize("way", ["publish", "mass_send"])
async def test_a_refusal_is_said_with_its_code_and_leaves_the_draft(bureau: Bureau, way: str, code: int) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.running.platform.faults.script(SUBMIT if way == "publish" else SEND_ALL, Refuse(code))
        with pytest.raises(PlatformSaidNo, match=str(code)) as refusal:
            await getattr(room, way)()
        assert refusal.value.do
        assert APP_SECRET not in str(refusal.value)
        assert (room.state, room.out, len(room.platform.drafts)) == (S.DRAFTED, 0, 1)
        assert await room.until_out(getattr(room, way)) == 1


@pytest.mark.parametrize("code", [-1, 45066])
async def test_an_answer_that_says_nothing_leaves_the_mark_until_somebody_has_looked(bureau: Bureau, code: int) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.running.platform.faults.script(SEND_ALL, Refuse(code))
        with pytest.raises(InDoubt):
            await room.mass_send()
        with pytest.raises(NotNow):
            await room.mass_send()
        assert (await room.look()).state is S.SENDING  # too soon to know
        room.running.clock.move(minutes=2)
        assert (await room.look()).state is S.DRAFTED
        assert room.out == 0


async def test_a_mass_send_whose_answer_was_lost_is_found_by_its_name(on_each: Bureau) -> None:
    async with newsroom(on_each) as room:
        await room.draft()
        room.running.platform.faults.script(SEND_ALL, LostAfter())
        with pytest.raises(InDoubt):
            await room.mass_send()
        room.running.clock.move(minutes=2)
        found = await room.look()
        assert (found.state, found.msg_id) == (S.SEND_TAKEN, str(room.platform.mass_sent[0].msg_id))
        assert room.out == 1


async def test_a_publication_whose_answer_was_lost_is_found_by_its_words_once_it_is_out(on_each: Bureau) -> None:
    async with newsroom(on_each) as room:
        await room.draft()
        room.running.platform.faults.script(SUBMIT, LostAfter())
        with pytest.raises(InDoubt):
            await room.publish()
        room.running.clock.move(minutes=2)
        assert (await room.look()).state is S.PUBLISHING  # the platform is still looking at it
        room.running.platform.outgoing.finish_publishing()
        found = await room.look()
        assert found.state is S.PUBLISHED
        assert found.address.startswith("https://mp.weixin.qq.com/s/")
        assert room.out == 1


@pytest.mark.parametrize("way", ["publish", "mass_send"])
async def test_what_left_no_trace_for_a_day_is_in_doubt_until_a_person_says(bureau: Bureau, way: str) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.running.platform.faults.script(SUBMIT if way == "publish" else SEND_ALL, LostAfter())
        with pytest.raises(InDoubt):
            await getattr(room, way)()
        room.platform.published.clear()
        room.platform.mass_sent.clear()
        room.running.clock.move(hours=23)
        assert (await room.look()).state in (S.PUBLISHING, S.SENDING)
        room.running.clock.move(hours=2)
        assert (await room.look()).state is S.UNKNOWN
        for step in (room.draft, room.publish, room.mass_send):
            with pytest.raises(NotNow):
                await step()
        said = settle(room.database, room.article, arrived=True, now=room.running.clock(), actor=EDITOR)
        assert said.state is (S.PUBLISHED if way == "publish" else S.SENT)
        assert room.out == 0


async def test_a_person_who_sees_that_it_is_not_out_may_have_it_drafted_anew(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.running.platform.faults.script(SUBMIT, LostAfter())
        with pytest.raises(InDoubt):
            await room.publish()
        room.platform.published.clear()
        room.running.clock.move(hours=25)
        await room.look()
        said = settle(room.database, room.article, arrived=False, now=room.running.clock(), actor=EDITOR)
        assert said.state is S.FAILED
        assert await room.until_out(room.publish) == 1
        with pytest.raises(NotNow):
            settle(room.database, room.article, arrived=False, now=room.running.clock(), actor=EDITOR)


async def test_an_article_that_the_platform_did_not_let_through_may_go_once_more(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        await room.publish()
        room.running.platform.outgoing.finish_publishing(4)
        failed = await room.look()
        assert (failed.state, failed.trouble) == (S.FAILED, "publish_status 4")
        await room.draft()
        await room.publish()
        assert room.out == 2


async def test_after_a_failed_mass_send_the_platform_is_not_asked_again_for_a_day(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        room.platform.mass_quota = 5
        await room.draft()
        await room.mass_send()
        room.running.platform.outgoing.finish_mass_sends("SEND_FAIL")
        assert (await room.look()).state is S.FAILED
        await room.draft()
        with pytest.raises(NotNow, match="Beijing"):
            await room.mass_send()
        room.running.clock.move(hours=24)
        await room.mass_send()
        assert len(room.platform.mass_sent) == 2


async def test_a_token_that_ends_in_the_middle_is_fetched_again(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        async with room.process() as press:
            assert await press.platform.has_draft(room.article.media_id)
            room.running.platform.tokens.expire_early()
            assert (await publish(press, room.article, actor=EDITOR)).state is S.PUBLISH_TAKEN
        assert room.out == 1


@pytest.mark.parametrize("fault", [LostBefore(), LostAfter(), Broken()], ids=lambda fault: type(fault).__name__)
async def test_a_draft_whose_answer_was_lost_is_taken_over_and_not_left_beside_another(
    bureau: Bureau, fault: LostBefore | LostAfter | Broken
) -> None:
    async with newsroom(bureau) as room:
        room.running.platform.faults.script(ADD, fault)
        with pytest.raises(PlatformSilent):
            await room.draft()
        await room.draft()
        assert list(room.platform.drafts) == [room.article.media_id]


async def test_a_draft_that_somebody_deleted_is_told_and_can_be_made_anew(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.platform.drafts.clear()
        with pytest.raises(NotNow, match="not in the box"):
            await room.publish()
        assert room.state is S.DRAFTED
        await room.draft()
        assert list(room.platform.drafts) == [room.article.media_id]


async def test_a_late_request_of_a_frozen_process_takes_the_same_draft_and_no_second_article_follows(
    bureau: Bureau,
) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        place = await room.killed_at(1, room.publish)  # after the mark, before the request
        assert place == "1: write"
        room.running.clock.move(minutes=2)
        assert (await room.look()).state is S.DRAFTED
        await room.draft()  # the draft is changed, and stays the same draft
        async with room.process() as frozen:
            await frozen.platform.publish(room.article.media_id)  # the frozen process goes on
        with pytest.raises(NotNow):
            await room.publish()
        with pytest.raises(NotNow):
            await room.draft()
        assert room.state is S.UNKNOWN
        room.running.platform.outgoing.finish_publishing()
        assert (await room.look()).state is S.PUBLISHED
        assert (room.out, room.platform.drafts) == (1, {})


async def test_a_restored_database_does_not_draft_what_is_published(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.until_out(room.publish)
        with room.database.write() as conn:
            conn.exec_driver_sql("DELETE FROM article_step")
            conn.exec_driver_sql("DELETE FROM article")
        with pytest.raises(NotNow, match="published this very article already"):
            await room.draft()
        assert room.platform.drafts == {}


async def test_two_processes_do_not_work_with_one_account_at_once(on_each: Bureau) -> None:
    async with newsroom(on_each) as room:
        async with room.process():
            with pytest.raises(AccountBusy):
                await room.draft()
        await room.draft()


async def test_a_process_that_lost_its_place_asks_for_nothing_any_more(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        async with room.process() as press:
            with room.database.write() as conn:
                leases.end(conn, place_of(NAME))
                assert leases.take(conn, place_of(NAME), "another", dt.timedelta(minutes=5))
            with pytest.raises(PlaceLost):
                await publish(press, room.article, actor=EDITOR)
        assert room.out == 0


async def test_what_is_withdrawn_or_paused_or_corrected_does_not_go_out(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        now = room.running.clock()
        with room.database.write() as conn:
            pause(conn, ALL, "x", "test", now)
        with pytest.raises(Resting):
            await room.publish()
        with room.database.write() as conn:
            conn.exec_driver_sql("DELETE FROM pause")
            withdraw(conn, room.record.id, "有误", actor="test", now=now)
        for step in (room.publish, room.mass_send, room.draft):
            with pytest.raises(WithdrawnEdition, match="有误"):
                await step()
        assert room.out == 0


async def test_a_text_that_was_finalised_again_needs_a_new_draft(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.record = finalised(bureau, room.settings, text_with_picture().replace("整改问题6处", "整改问题9处"))
        with pytest.raises(ChangedSince):
            await room.publish()
        await room.draft()
        await room.publish()
        assert "整改问题9处" in room.platform.published[0].articles[0]["content"]


async def test_what_is_public_counts_as_gone_and_its_correction_is_another_article(bureau: Bureau) -> None:
    changed = text_with_picture().replace("整改问题6处", "整改问题9处")
    async with newsroom(bureau) as room:
        await room.until_out(room.publish)
        with pytest.raises(Refused):
            finalised(bureau, room.settings, changed)
        first, room.record = room.record, finalised(bureau, room.settings, changed, correction=True)
        assert room.articles == ()
        await room.until_out(room.publish)
        titles = [publication.articles[0]["title"] for publication in room.platform.published]
        assert titles == ["云岭区巡河工作快报 第7期", "【更正】云岭区巡河工作快报 第7期"]
        room.record = first
        async with room.process() as press:
            with pytest.raises(OlderEdition):
                await press.read(lambda conn: require_open(conn, first))


async def test_a_bulletin_with_a_marking_is_not_for_everybody(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        room.record = finalised(bureau, room.settings, "内部资料 注意保存\n\n" + text_with_picture(8))
        with pytest.raises(NotForEverybody, match="内部资料"):
            await room.draft()
        assert room.platform.drafts == {}


async def test_a_preview_needs_somebody_to_see_it(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        account = room.settings.official_account[NAME].model_copy(update={"preview_to": ""})
        room.settings = room.settings.model_copy(update={"official_account": {NAME: account}})
        await room.draft()
        with pytest.raises(BadInput, match="Nobody is named"):
            await room.preview()


async def test_readers_are_counted_day_by_day_from_the_day_after(on_each: Bureau) -> None:
    async with newsroom(on_each) as room:
        await room.until_out(room.mass_send)
        async with room.process() as press:
            assert await count_readers(press) == 0
            room.running.clock.move(days=2)
            assert await count_readers(press) == 2
            assert await count_readers(press) == 0
        days = [day.isoformat() for day, _ in room.article.readers]
        assert days == ["2026-11-23", "2026-11-24"]
        assert {readers for _, readers in room.article.readers} == {500}


async def test_a_fact_about_a_row_that_was_moved_meanwhile_changes_nothing(on_each: Bureau) -> None:
    async with newsroom(on_each) as room:
        old = await room.draft()
        await room.draft()
        with pytest.raises(articles.Overtaken), room.database.write() as conn:
            articles.move(conn, old, ArticleFact.PUBLISH, now=room.running.clock())
        assert room.state is S.DRAFTED
