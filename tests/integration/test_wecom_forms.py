"""The forms for members of 企业微信 on their whole way: from the directory over the platform to the reader's page."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from distributor.dispatch.acknowledge import Word, sign
from distributor.dispatch.lines import Lines
from distributor.dispatch.send import utc_now
from distributor.dispatch.shown_cards import grey_signed, recall_withdrawn
from distributor.receipts.tokens import token_hash
from distributor.recipients.model import WeComForm
from distributor.settings.file import load_settings
from distributor.simulators.faults import LostAfter
from distributor.simulators.wecom.company import Shown
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.withdrawals import withdraw
from tests.acceptance.wecom_office import Town, town
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import Page, reading

PAGE = "https://bulletin.example.gov.cn"
FORMS = tuple(WeComForm)


def directory(forms: tuple[WeComForm, ...], *, extra: str = "") -> str:
    """A group for each form, with one member whose account is called like it; only the file is not signed for."""
    groups = ["groups:"]
    for form in forms:
        asked = "never" if form is WeComForm.FILE else "required"
        groups += [f"  {form.value}:", "    direction: 发", "    channels: [wecom]", f"    wecom_form: {form.value}"]
        groups += [f"    acknowledge: {asked}", *(f"    {line}" for line in extra.splitlines()), "    members:"]
        groups += [f"      - {{unit: 单位{form.value}, people: [{{name: 李四, wecom: {form.value}}}]}}"]
    return "\n".join(groups) + "\n"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, members=[form.value for form in FORMS], page=PAGE) as here:
        here.office.write("recipients.yaml", directory(FORMS))
        yield here


@pytest.fixture
def database(here: Town) -> Callable[[], Database]:
    return lambda: Database.open("sqlite:///data/distributor.db", home=here.office.folder)


async def send(here: Town) -> int:
    return await asyncio.to_thread(here.office.call, "send", "bulletin.md", "--yes")


def messages(here: Town, form: WeComForm) -> list[Shown]:
    return here.company.before(form.value)


async def test_each_group_gets_the_form_that_it_chose(here: Town) -> None:
    assert await send(here) == 0
    assert {form: [one.kind for one in messages(here, form)] for form in FORMS} == {
        WeComForm.CARD: ["template_card"],
        WeComForm.TEXTCARD: ["textcard"],
        WeComForm.NEWS: ["news"],
        WeComForm.MPNEWS: ["mpnews"],
        WeComForm.FILE: ["file"],
        WeComForm.CARD_AND_FILE: ["template_card", "file"],
    }
    assert not [one.reader for one in here.company.shown if one.cut]
    assert set(here.office.states().values()) == {"accepted"}
    # One paper for both groups that get it, under the name that a reader keeps it by.
    assert sorted(media.name for media in here.company.media.values()) == ["cover.png", "云岭区巡河工作快报第7期.pdf"]
    textcard, news = messages(here, WeComForm.TEXTCARD)[0], messages(here, WeComForm.NEWS)[0]
    assert textcard.content["url"].startswith(f"{PAGE}/b/")
    (article,) = news.content["articles"]
    assert article["picurl"] == f"{PAGE}/b/{token_hash(article['url'].rpartition('/')[2])}/cover.png"


async def test_only_a_button_is_changed_after_a_receipt_and_every_form_is_taken_back(
    here: Town, database: Callable[[], Database]
) -> None:
    assert await send(here) == 0
    settings, store, lines = load_settings(here.office.folder / "distributor.toml", environ={}), database(), Lines()
    with store.write() as conn:
        for copy in deliveries_of(conn, 1):
            sign(conn, copy.id, Word(), now=utc_now())
    await grey_signed(store, settings, lines, clock=utc_now)
    assert {member for _, member in here.company.greyed} == {"card", "card_and_file"}
    with store.write() as conn:
        withdraw(conn, 1, "数字有误", actor="test", now=utc_now())
    ended = await recall_withdrawn(store, settings, lines, clock=utc_now)
    assert {one.result for one in ended} == {"done"}
    assert [one.kind for form in FORMS for one in messages(here, form)] == []
    await lines.close()
    store.close()


async def test_a_copy_in_doubt_that_is_sent_again_is_shown_once(here: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.channels.wechat.wecom_app.AGAIN", (0.0, 0.0))
    here.office.write("recipients.yaml", directory((WeComForm.MPNEWS,), extra="on_unknown: resend"))
    here.platform.faults.script("/cgi-bin/message/send", *[LostAfter()] * 3)
    await send(here)
    assert here.office.states() == {"mpnews": "queued"}
    assert len(messages(here, WeComForm.MPNEWS)) == 1
    assert await asyncio.to_thread(here.office.call, "send", "7", "--yes") == 0
    assert here.office.states() == {"mpnews": "accepted"}
    assert len(messages(here, WeComForm.MPNEWS)) == 1
    assert len(here.company.media) == 1


@pytest.mark.parametrize(
    ("form", "settings", "said"),
    [
        ("textcard", f'base_url = "{PAGE}"', "textcard leads to the reader's page, and the office has none."),
        ("mpnews", f'base_url = "{PAGE}"', "mpnews gives it nothing to sign with."),
        ("file", "", "a file has neither a button nor a link."),
        ("texcard", "", "Did you mean textcard?"),
    ],
    ids=["no_page", "nothing_to_sign", "file", "misspelt"],
)
async def test_what_a_form_cannot_do_is_said_at_its_place_before_anything_is_sent(
    here: Town, capsys: pytest.CaptureFixture[str], form: str, settings: str, said: str
) -> None:
    group = directory((WeComForm.CARD,)).replace("wecom_form: card", f"wecom_form: {form}")
    here.office.write("recipients.yaml", group)
    file = here.office.folder / "distributor.toml"
    if settings:
        file.write_text(file.read_text(encoding="utf-8").replace(settings, ""), encoding="utf-8")
    assert await send(here) != 0
    told = capsys.readouterr()
    assert said in told.out + told.err
    assert "recipients.yaml:" in told.out + told.err
    assert here.company.shown == []


async def test_a_preview_names_each_groups_form(here: Town) -> None:
    folder = here.office.folder / "p"
    ran = await asyncio.to_thread(here.office.ask, "preview", "bulletin.md", "--out", str(folder), "--json")
    messages = ran.json["messages"]
    assert [one["form"] for one in messages] == [form.value for form in FORMS]
    assert {one["channel"] for one in messages} == {"wecom"}
    assert [one["group"] for one in messages if one["files"]] == ["file", "card_and_file"]
    assert "企业微信：图文，全文" in (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


async def cover(page: Page) -> httpx2.Response:
    return await page.client.get(f"/b/{token_hash(page.token)}/cover.png")


async def test_the_cover_lies_beside_the_page_for_the_platform_to_show(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        first, again = await cover(page), await cover(page)
        assert (first.status_code, first.headers["content-type"]) == (200, "image/png")
        assert first.content == again.content
        assert first.content.startswith(b"\x89PNG")
        assert first.headers["cross-origin-resource-policy"] == "cross-origin"
        # Whoever sees its address can neither open the page nor sign, and asking for it shows nothing.
        assert (await page.client.get(f"/b/{token_hash(page.token)}")).status_code == 404
        assert (await page.client.get(f"{page.path}/cover.png")).status_code == 404
        assert page.receipts() == ()


async def test_a_bulletin_that_was_withdrawn_has_no_cover(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        with bureau.database.write() as conn:
            withdraw(conn, page.copy.bulletin_id, "数字有误", actor="test", now=bureau.clock())
        assert (await cover(page)).status_code == 404
