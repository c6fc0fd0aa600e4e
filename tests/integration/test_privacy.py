"""Who somebody is beyond what a copy proves is not kept: no network address, no browser, no mail program."""

import io
import json
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary

from distributor.dispatch.mailroom import take_in
from distributor.log import configure, log
from distributor.receipts.tokens import Purpose
from distributor.settings import Web
from distributor.store.database import Database
from distributor.store.receipt_records import receipts_of
from distributor.store.tables import metadata
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import BY_HAND, reading
from tests.unit.reports import ALICE, MESSAGE, mdn

#: A caller as a proxy names them, and pieces of what a browser and a mail program say of themselves.
ADDRESS = "203.0.113.77"
TRACES = (ADDRESS, "127.0.0.1", "Mozilla", "MicroMessenger", "Android 14", "Foxmail")


def everything(database: Database, *, raw: bool = True) -> str:
    """All that the database holds, row by row; binary columns by their octets, unless they are left out."""
    pieces = []
    with database.read() as conn:
        for table in metadata.sorted_tables:
            columns = [one for one in table.c if raw or not isinstance(one.type, LargeBinary)]
            for row in conn.execute(table.select().with_only_columns(*columns)):
                pieces += [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in row]
    return "\n".join(pieces)


@pytest.fixture
def bureau(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", database, clock)


async def test_of_a_reader_neither_address_nor_browser_is_kept_or_logged(bureau: Bureau) -> None:
    stream = io.StringIO()
    configure("json", "info", stream=stream)
    caller = {**BY_HAND, "x-forwarded-for": ADDRESS}
    try:
        async with reading(bureau, web=Web(bind="", trusted_proxies=("127.0.0.0/8",))) as page:
            opened = await page.open(**caller)
            page.clock.forward(minutes=1)
            nonce = opened.text.split('name="nonce" value="')[1].split('"')[0]
            assert (await page.press(nonce, headers=caller, remark="已阅")).status_code == 303
            assert (await page.press("", headers=caller)).status_code == 400
            for _ in range(40):  # a guesser, until the limit and the alarm
                missed = await page.client.get(f"/b/{'a' * 32}", headers=caller)
            assert missed.status_code == 429
            await page.reader.openings.flush()
        log("web").warning("the.end")
    finally:
        configure()
    said = stream.getvalue()
    assert "the.end" in said
    kept = everything(bureau.database)
    assert "已阅" in kept or json.dumps("已阅")[1:-1] in kept
    for trace in TRACES:
        assert trace not in kept, trace
        assert trace not in said, trace


async def test_a_fault_of_a_page_leaves_no_token_in_the_log(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    async with reading(bureau) as page:
        monkeypatch.setattr(page.reader, "_view", lambda visit: 1 // 0)
        configure("json", "info", stream=stream)
        try:
            assert (await page.open()).status_code == 500
        finally:
            configure()
        token = page.token
    assert "web.crashed" in stream.getvalue()
    assert token not in stream.getvalue()


async def test_which_mail_program_reported_reading_stays_in_the_raw_report_only(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        text = mdn("manual-action/MDN-sent-manually; displayed").decode()
        token = bureau.key.token(Purpose.MESSAGE, page.copy.id)
        raw = text.replace(MESSAGE, token).replace(ALICE, page.copy.address).encode()
        with bureau.database.write() as conn:
            take_in(conn, raw, bureau.key, arrived_at=bureau.clock(), now=bureau.clock())
        with bureau.database.read() as conn:
            (receipt,) = receipts_of(conn, [page.copy.id])[page.copy.id]
    assert receipt.kind == "read"
    assert "server" not in receipt.details
    assert "Foxmail" not in everything(bureau.database, raw=False)
