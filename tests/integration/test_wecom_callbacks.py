"""WeCom's calls over real sockets: who is heard, who is not, and what a pressed button is worth."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from distributor.channels.wechat.card import task_id
from distributor.channels.wechat.seal import Seal
from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.state import Fact
from distributor.simulators.callbacks import Call, deliver, proof, read_answer, sealed_call
from distributor.store.database import Database
from distributor.store.moves import Move, apply_moves
from distributor.store.receipt_records import evidence_for, receipts_of
from distributor.store.schema import delivery
from distributor.store.withdrawals import withdraw
from distributor.web.app import build_app
from distributor.web.callbacks import WeComCallbacks
from distributor.web.server import serve
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import correct
from tests.simulators.running import CORP, SEAL


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


@dataclass
class Platform:
    """WeCom, as our callback address meets it."""

    bureau: Bureau
    client: httpx2.AsyncClient
    callbacks: WeComCallbacks
    delivery_id: str

    def event(
        self, member: str = "LiSi", *, key: str = "acknowledge", task: str | None = None, code: str = "c1"
    ) -> str:
        task = task_id(self.delivery_id) if task is None else task
        return (
            f"<xml><ToUserName>{CORP}</ToUserName><FromUserName>{member}</FromUserName><CreateTime>1</CreateTime>"
            f"<MsgType>event</MsgType><Event>template_card_event</Event><EventKey>{key}</EventKey>"
            f"<TaskId>{task}</TaskId><CardType>button_interaction</CardType><ResponseCode>{code}</ResponseCode></xml>"
        )

    def call(self, message: str, *, seal: Seal = SEAL) -> Call:
        return sealed_call(seal, message, receiver=CORP, at=self.bureau.clock())

    async def tell(self, call: Call, account: str = "main") -> httpx2.Response:
        return await deliver(self.client, f"/wecom/{account}", call)

    async def press(self, member: str = "LiSi") -> httpx2.Response:
        return await self.tell(self.call(self.event(member)))

    def kinds(self) -> list[Kind]:
        with self.bureau.database.read() as conn:
            return [one.kind for one in receipts_of(conn, [self.delivery_id]).get(self.delivery_id, ())]


@asynccontextmanager
async def platform(bureau: Bureau, database: Database | None = None) -> AsyncIterator[Platform]:
    """An office whose second copy went to LiSi by WeCom."""
    bureau.release()
    copy = bureau.copies()[1]
    with bureau.database.write() as conn:
        conn.execute(update(delivery).where(delivery.c.id == copy.id).values(channel="wecom", address="lisi"))
        for fact in (Fact.CLAIM, Fact.MARK, Fact.ACCEPT):
            apply_moves(conn, [Move(copy.id, fact, None)], now=bureau.clock())
    callbacks = WeComCallbacks({"main": SEAL}, database or bureau.database, bureau.clock)
    server = await serve(build_app(callbacks.routes()), "127.0.0.1", 0)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            yield Platform(bureau, client, callbacks, copy.id)
    finally:
        await server.stop()
        await callbacks.stop()


async def test_the_address_proves_itself_with_what_was_sealed_and_nothing_else(bureau: Bureau) -> None:
    async with platform(bureau) as wecom:
        call = proof(SEAL, "1616140317555161061", at=bureau.clock())
        answer = await wecom.client.get("/wecom/main", params=call.query)
    assert (answer.status_code, answer.content) == (200, b"1616140317555161061")


async def test_a_pressed_button_is_an_identified_acknowledgement_and_greys_the_button(on_each: Bureau) -> None:
    async with platform(on_each) as wecom:
        answer = await wecom.press()
        assert "<ReplaceName>已签收</ReplaceName>" in read_answer(SEAL, answer)
        assert wecom.kinds() == [Kind.IDENTIFIED]
        with on_each.database.read() as conn:
            assert evidence_for(conn, wecom.delivery_id) is Rung.IDENTIFIED


async def test_77_a_replayed_call_counts_once_and_an_old_one_not_at_all(bureau: Bureau) -> None:
    async with platform(bureau) as wecom:
        call = wecom.call(wecom.event())
        answers = [await wecom.tell(call) for _ in range(3)]
        assert all("已签收" in read_answer(SEAL, answer) for answer in answers)
        assert wecom.kinds() == [Kind.IDENTIFIED]
        bureau.clock.forward(minutes=6)
        assert (await wecom.tell(call)).status_code == 400


async def test_77_a_call_from_the_future_is_refused(bureau: Bureau) -> None:
    async with platform(bureau) as wecom:
        call = wecom.call(wecom.event())
        bureau.clock.forward(minutes=-6)
        assert (await wecom.tell(call)).status_code == 400
        assert wecom.kinds() == []


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
async def test_76_a_call_that_was_changed_is_refused(bureau: Bureau, name: str) -> None:
    async with platform(bureau) as wecom:
        call = wecom.call(wecom.event())
        for spoilt in ("", "0", "签收", call.query[name] + "1"):
            assert (await wecom.tell(Call({**call.query, name: spoilt}, call.body))).status_code == 400
        assert wecom.kinds() == []


async def test_76_a_call_for_another_company_or_under_another_key_is_refused(bureau: Bureau) -> None:
    async with platform(bureau) as wecom:
        for other in (
            Seal.of(token="bulletinToken01", encoding_aes_key="B" * 43, receive_id=CORP),
            Seal(SEAL.token, SEAL.key, "ww0000000000000000"),
        ):
            assert (await wecom.tell(wecom.call(wecom.event(), seal=other))).status_code == 400
        assert (await wecom.tell(wecom.call(wecom.event()), account="other")).status_code == 400
        assert wecom.kinds() == []


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>'


@pytest.mark.parametrize(
    "body",
    [BOMB, OUTSIDE, "", "<xml>", "not xml", "<xml><Encrypt/></xml>", "<xml>" + "x" * 70_000 + "</xml>"],
    ids=["bomb", "outside", "empty", "cut", "text", "nothing", "large"],
)
async def test_76_what_is_no_envelope_is_refused(bureau: Bureau, body: str) -> None:
    async with platform(bureau) as wecom:
        call = wecom.call(wecom.event())
        assert (await wecom.tell(Call(call.query, body))).status_code == 400


@pytest.mark.parametrize("inner", [BOMB, OUTSIDE, "text"], ids=["bomb", "outside", "text"])
async def test_76_hostile_xml_under_a_good_seal_is_refused(bureau: Bureau, inner: str) -> None:
    async with platform(bureau) as wecom:
        assert (await wecom.tell(wecom.call(inner))).status_code == 400


async def test_only_the_member_whose_card_it_is_signs(bureau: Bureau) -> None:
    async with platform(bureau) as wecom:
        answer = await wecom.press("wangwu")
        assert (answer.status_code, answer.content) == (200, b"")
        assert wecom.kinds() == []


@pytest.mark.parametrize(
    ("key", "task"),
    [("another", None), ("acknowledge", "bulletin-0000"), ("acknowledge", "theirs"), ("acknowledge", "")],
    ids=["key", "copy", "task", "none"],
)
async def test_what_is_not_our_button_is_answered_and_changes_nothing(
    bureau: Bureau, key: str, task: str | None
) -> None:
    async with platform(bureau) as wecom:
        answer = await wecom.tell(wecom.call(wecom.event(key=key, task=task)))
        assert (answer.status_code, answer.content) == (200, b"")
        assert wecom.kinds() == []


async def test_79_two_events_that_differ_in_their_copy_alone_both_count(bureau: Bureau) -> None:
    async with platform(bureau) as wecom:
        other = bureau.copies()[0].id
        with bureau.database.write() as conn:
            conn.execute(update(delivery).where(delivery.c.id == other).values(channel="wecom", address="LiSi"))
        await wecom.press()
        await wecom.tell(wecom.call(wecom.event(task=task_id(other))))
        with bureau.database.read() as conn:
            found = receipts_of(conn, [wecom.delivery_id, other])
        assert {delivery_id: len(receipts) for delivery_id, receipts in found.items()} == {
            wecom.delivery_id: 1,
            other: 1,
        }


@pytest.mark.parametrize("way", ["withdrawn", "corrected"])
async def test_a_bulletin_that_is_no_longer_in_force_cannot_be_signed(bureau: Bureau, way: str) -> None:
    async with platform(bureau) as wecom:
        if way == "corrected":
            correct(bureau)
        else:
            with bureau.database.write() as conn:
                withdraw(conn, bureau.bulletins[0].id, "有误", actor="test", now=bureau.clock())
        answer = await wecom.press()
        assert (answer.status_code, answer.content) == (200, b"")
        assert wecom.kinds() == []


async def test_78_a_database_that_is_busy_is_answered_first_and_written_afterwards(
    bureau: Bureau, sqlite_url: str, tmp_path: Path
) -> None:
    patient = Database.open(sqlite_url)
    async with platform(bureau, patient) as wecom:
        with closing(sqlite3.connect(tmp_path / "distributor.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = await wecom.press()
            assert (answer.status_code, answer.content) == (200, b"")
            assert wecom.kinds() == []
            other.execute("ROLLBACK")
        await wecom.callbacks.stop()
        assert wecom.kinds() == [Kind.IDENTIFIED]
    patient.close()


async def test_a_database_in_trouble_greys_no_button(bureau: Bureau, tmp_path: Path) -> None:
    async with platform(bureau) as wecom:
        with closing(sqlite3.connect(tmp_path / "distributor.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = await wecom.press()
            other.execute("ROLLBACK")
        assert (answer.status_code, answer.content) == (200, b"")
        # A busy machine may be too slow for the platform's second, once more or twice; people press again, too.
        shown = [read_answer(SEAL, await wecom.press()) for _ in range(5)]
        assert "已签收" in shown[-1]


async def test_100_presses_at_once_are_one_acknowledgement(on_each: Bureau) -> None:
    async with platform(on_each) as wecom:
        call = wecom.call(wecom.event())
        await asyncio.gather(*(wecom.tell(call) for _ in range(50)))
        await wecom.callbacks.stop()
        assert wecom.kinds() == [Kind.IDENTIFIED]
