"""The reader's page is there as soon as letters can lead to it: the service needs no restart for `base_url`."""

from pathlib import Path

import httpx2

from distributor.receipts.tokens import Purpose
from distributor.service.office import Office
from distributor.service.reading import reader_of
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.web.pages import open_pages
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock


async def test_a_public_page_set_while_the_service_runs_answers_the_links_of_the_next_letters(
    tmp_path: Path, sqlite: Database, clock: Clock
) -> None:
    bureau = Bureau(tmp_path / "office", sqlite, clock)
    file = bureau.office.folder / "distributor.toml"
    office = Office(file=file, settings=bureau.settings, database=sqlite, key=bureau.key, owner="test", clock=clock)
    assert not office.settings.office.base_url
    pages = await open_pages((), reader_of(office), "127.0.0.1", 0)
    try:
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace("[smtp.main]", 'base_url = "https://bulletin.example.gov.cn"\n\n[smtp.main]'), "utf-8"
        )
        office.reload(always=True)
        assert office.settings.office.base_url
        with sqlite.read() as conn:
            copy = deliveries_of(conn, bureau.release().id)[0]
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{pages.port}", trust_env=False) as client:
            page = await client.get(f"/b/{bureau.key.token(Purpose.LINK, copy.id)}")
    finally:
        await pages.stop()
    assert page.status_code == 200
    assert copy.name in page.text
