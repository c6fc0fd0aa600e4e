"""A letter goes out, its reader opens the link and signs, and the office sees it: the installed command, real HTTP."""

import asyncio
import csv
import io
import re
import urllib.error
import urllib.parse
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.office import Office
from tests.acceptance.service import change_settings, drop, serving
from tests.channels.server import ScriptedServer

RECIPIENTS = """\
groups:
  区领导:
    direction: 报
    covers: [区委, 区政府领导同志]
    members:
      - unit: 区委办公室
        people: [{name: 领导, email: leader@example.gov.cn}]
  各单位:
    direction: 发
    acknowledge: required
    due: 2 working days
    covers: [各镇人民政府, 各街道办事处]
    members:
      - unit: 石桥镇
        people: [{name: 李四, email: lisi@example.gov.cn}]
      - unit: 柳河镇
        people: [{name: 孙六, email: sunliu@example.gov.cn}]
"""


def office_with_a_page(folder: Path, port: int) -> Office:
    office = Office(folder, port=port)
    office.write("recipients.yaml", RECIPIENTS)
    change_settings(office, "[smtp.main]", 'base_url = "http://127.0.0.1:8025"\n\n[smtp.main]')
    return office


def link_in(letter: bytes) -> str:
    """The path of the reader's page that a letter's text part names."""
    message = message_from_bytes(letter, policy=policy.default)
    text = message.get_body(("plain",))
    assert text is not None
    found = re.search(r"http://127\.0\.0\.1:8025(/b/[a-z2-7]{32})#acknowledge", text.get_content())
    assert found is not None
    return found[1]


def fetch(address: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    """Asks for a page, or sends a form and follows where it leads."""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(address, data), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def units(answer: Any) -> dict[str, str]:
    """Every unit and where it stands, from `receipts --json`."""
    return {unit["unit"]: unit["standing"] for group in answer["groups"] for unit in group["units"]}


async def test_a_letter_s_link_is_opened_signed_and_seen_by_the_office(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = office_with_a_page(tmp_path, server.port)
        async with serving(office) as service:
            drop(office)
            await service.until("bulletin.finished")
            started = next(record for record in service.log if record["action"] == "service.started")
            letters = {letter.recipient: letter.body for letter in server.delivered}
            assert b"/b/" not in letters["leader@example.gov.cn"].split(b"\r\n\r\n", 1)[0]
            page = f"http://127.0.0.1:{started['page']}{link_in(letters['lisi@example.gov.cn'])}"
            status, opened = await asyncio.to_thread(fetch, page)
            assert status == 200
            nonce = re.search(r'name="nonce" value="([^"]+)"', opened)
            assert nonce is not None
            await asyncio.sleep(1.05)  # no nonce counts before it is a second old
            form = {"action": "sign", "nonce": nonce[1], "name": "王秘书", "remark": "=1+1"}
            status, signed = await asyncio.to_thread(fetch, page, form)
            assert (status, "已签收" in signed, "王秘书" in signed) == (200, True, True)
            status, _ = await asyncio.to_thread(fetch, page.replace("/b/", "/b/a"))
            assert status == 404
            assert await service.stop() == 0
            token = page.rpartition("/")[2]
            assert not [record for record in service.log if token in str(record)]
    answer = await asyncio.to_thread(office.ask, "receipts", "--json")
    assert answer.code == 3
    assert units(answer.json) == {"区委办公室": "not_asked", "柳河镇": "missing", "石桥镇": "signed"}


@pytest.fixture
def sent(tmp_path: Path) -> Office:
    """An office whose bulletin was finalised; nothing has left."""
    office = Office(tmp_path)
    office.write("recipients.yaml", RECIPIENTS)
    assert office.call("finalise", "bulletin.md", "--yes") == 0
    return office


def test_a_签收_by_phone_is_noted_once_and_shown_with_who_noted_it(sent: Office) -> None:
    assert sent.ask("acknowledge", "柳河镇").code == 2
    first = sent.ask("acknowledge", "柳河镇", "--by-phone", "--by", "孙主任", "--json")
    assert (first.code, first.json["new"]) == (0, True)
    assert first.json["receipt"]["details"]["for"] == "孙六"
    again = sent.ask("acknowledge", "孙六", "--by-phone")
    assert (again.code, "was noted on" in again.out) == (4, True)
    assert units(sent.ask("receipts", "--json").json)["柳河镇"] == "signed"
    story = sent.ask("why", "孙六")
    assert "签收 by phone" in story.out
    assert "It has been signed for." in story.out
    evidence = {one["name"]: one["evidence"] for one in sent.ask("status", "7", "--json").json["deliveries"]}
    assert evidence == {"领导": "none", "李四": "none", "孙六": "phoned"}


def test_a_unit_of_several_people_is_asked_for_the_person(sent: Office) -> None:
    assert sent.ask("acknowledge", "nobody", "--by-phone").code == 2


@pytest.mark.parametrize("ending", ["xlsx", "csv", "json"])
def test_the_回执表_is_written_in_the_form_that_its_name_asks_for(sent: Office, ending: str) -> None:
    path = sent.folder / f"回执表.{ending}"
    assert sent.ask("receipts", "7", "--export", str(path)).code == 3
    content = path.read_bytes()
    if ending == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        assert [row[2] for row in rows[1:-1]] == ["区委办公室", "石桥镇", "柳河镇"]
    else:
        assert content.startswith(b"PK" if ending == "xlsx" else b"{")


def test_a_回执表_in_another_form_or_place_is_refused_with_advice(sent: Office) -> None:
    assert sent.ask("receipts", "--export", "table.doc").code == 2
    assert sent.ask("receipts", "--export", str(sent.folder / "nowhere" / "table.csv")).code == 6


def test_the_log_of_decisions_is_verified_offline_and_against_a_printed_end(sent: Office) -> None:
    printed = sent.ask("receipts", "--json").json["audit"]["hash"]
    sent.ask("acknowledge", "柳河镇", "--by-phone")
    whole = sent.ask("audit", "verify", "--hash", printed, "--json")
    assert (whole.code, whole.json["whole"], whole.json["contains"]) == (0, True, True)
    assert sent.ask("audit", "verify", "--hash", "f" * 64).code == 5
    with sent._database() as database, database.write() as conn:
        conn.exec_driver_sql("UPDATE audit SET actor = 'nobody' WHERE id = 1")
    broken = sent.ask("audit", "verify", "--json")
    assert (broken.code, broken.json["broken_at"]) == (5, 1)


def test_a_bulletin_is_withdrawn_after_a_yes_and_put_back(sent: Office) -> None:
    assert sent.ask("withdraw", "7").code == 5
    assert sent.ask("withdraw", "7", "--reason", "数字有误", "--yes").code == 0
    assert sent.ask("withdraw", "7", "--yes").code == 4
    assert [entry.action for entry in sent.audit()][-1] == "bulletin.withdrawn"
    assert sent.ask("withdraw", "7", "--undo").code == 0


def test_without_open_receipts_the_list_says_so(sent: Office) -> None:
    answer = sent.ask("receipts", "--unmatched", "--json")
    assert (answer.code, answer.json) == (4, {"receipts": []})
    assert sent.ask("receipts", "--dismiss", "99").code == 2


async def test_those_who_owe_are_reminded_once_a_day_after_a_yes(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        office.write("recipients.yaml", RECIPIENTS)
        assert (await asyncio.to_thread(office.ask, "send", "bulletin.md", "--yes")).code == 0
        await asyncio.to_thread(office.ask, "acknowledge", "石桥镇", "--by-phone")
        shown = await asyncio.to_thread(office.ask, "remind", "--dry-run", "--json")
        assert [one["unit"] for one in shown.json["owed"]] == ["柳河镇"]
        assert (await asyncio.to_thread(office.ask, "remind")).code == 5
        sent = await asyncio.to_thread(office.ask, "remind", "--yes", "--json")
        assert (sent.code, sent.json["ends"]) == (0, {"sent": 1})
        again = await asyncio.to_thread(office.ask, "remind", "--yes", "--json")
        assert (again.code, again.json["ends"]) == (4, {})
        assert again.json["owed"][0]["reminded"] != []
        letter = message_from_bytes(server.delivered[-1].body, policy=policy.default)
    assert server.delivered[-1].recipient == "sunliu@example.gov.cn"
    assert "【催办】" in letter["Subject"]
    assert office.states()["sunliu@example.gov.cn"] == "accepted"
