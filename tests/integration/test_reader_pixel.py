"""The picture of one point over real sockets: noted as loaded by who knows whom, and good for nothing else."""

import datetime as dt
import email.policy
import re
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from distributor.delivery.evidence import MEANINGS, Grade, Kind, Rung
from distributor.delivery.state import State
from distributor.dispatch.intake import prepare
from distributor.dispatch.letters import Letters
from distributor.receipts.tokens import Purpose, token_hash
from distributor.store.claims import claim
from distributor.store.database import Database
from distributor.store.records import DeliveryRecord
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import DIRECTORY, Page, reading

PIXEL = DIRECTORY.replace("    acknowledge: required\n", "    acknowledge: required\n    pixel: true\n")


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


def picture(page: Page) -> str:
    return f"/b/{token_hash(page.token)}/o.gif"


async def test_a_loaded_picture_is_a_note_that_nobody_vouches_for(bureau: Bureau) -> None:
    async with reading(bureau, directory=PIXEL) as page:
        answers = [
            await page.client.get(picture(page), headers={"origin": "https://mail.example.cn"}) for _ in range(5)
        ]
        await page.reader.openings.flush()
        (note,) = page.receipts()
        assert (note.kind, note.source, MEANINGS[note.kind].grade) == (Kind.FETCHED, "pixel", Grade.UNVERIFIED)
        assert page.evidence() is Rung.FETCHED
        assert [copy.state for copy in bureau.copies()] == [State.ACCEPTED] * 3
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        # Webmail shows it on its own pages, and nobody keeps it.
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert answer.content.startswith(b"GIF89a\x01\x00\x01\x00")


async def test_its_address_opens_no_page_and_signs_nothing(bureau: Bureau) -> None:
    async with reading(bureau, directory=PIXEL) as page:
        name = token_hash(page.token)
        assert (await page.client.get(f"/b/{name}")).status_code == 404
        assert (await page.client.get(f"/b/{name}/bulletin.pdf")).status_code == 404
        assert (await page.client.post(f"/b/{name}", data={"action": "sign"})).status_code in (403, 404)
        # Nor is the page's own token a name of the picture.
        assert (await page.client.get(f"{page.path}/o.gif")).status_code == 404
        await page.reader.openings.flush()
        assert page.receipts() == ()


async def test_a_group_that_did_not_ask_for_it_has_nothing_noted(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        assert (await page.client.get(picture(page))).status_code == 200
        await page.reader.openings.flush()
        assert page.receipts() == ()


async def test_each_copy_names_a_picture_of_its_own_and_superiors_get_none(bureau: Bureau) -> None:
    toml = bureau.office.folder / "distributor.toml"
    page = 'base_url = "https://bulletin.example.gov.cn"\n\n[smtp.main]'
    toml.write_text(toml.read_text("utf-8").replace("[smtp.main]", page), "utf-8")
    bureau.office.write("recipients.yaml", PIXEL.format(leaders="never"))
    bureau.release()
    leader, *others = (shown(bureau, copy) for copy in bureau.copies())
    assert "o.gif" not in leader
    for copy, letter in zip(bureau.copies()[1:], others, strict=True):
        token = bureau.key.token(Purpose.LINK, copy.id)
        pictures = re.findall(r'<img src="(https?://[^"]+)"', letter)
        assert pictures == [f"https://bulletin.example.gov.cn/b/{token_hash(token)}/o.gif"]


def shown(bureau: Bureau, copy: DeliveryRecord) -> str:
    """The HTML of one copy as it leaves."""
    now = bureau.clock()
    with bureau.database.write() as conn:
        lease = dt.timedelta(minutes=15)
        (claimed,) = claim(conn, owner="test/1", limit=1, lease=lease, now=now, delivery_ids=[copy.id])
    raw = Letters(bureau.database, bureau.settings, bureau.key).message(claimed).body
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    page = message.get_body(("html",))
    assert page is not None
    return str(page.get_content())


def test_an_office_without_pages_is_told_that_it_has_no_effect(bureau: Bureau) -> None:
    bureau.office.write("recipients.yaml", PIXEL.format(leaders="never"))
    path = bureau.office.write("b.md", BULLETIN.format(number=7))
    found = [problem for problem in prepare(path, bureau.settings).findings if problem.code == "no_effect"]
    assert [(problem.grade, "office.base_url" in str(problem.do)) for problem in found] == [("warning", True)]
