"""What a person decides is done to the rows as they stand by then, to the people meant, and to nobody else."""

import asyncio
from pathlib import Path

import pytest

from distributor.cli.desk import Desk
from distributor.words import Words
from tests.acceptance.office import BULLETIN, Office, Ran
from tests.channels.server import ScriptedServer, Wait

LEADER, FIRST, SECOND = "leader1@example.gov.cn", "unit1@example.gov.cn", "unit2@example.gov.cn"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office whose mail server is not asked."""
    office = Office(tmp_path)
    assert office.ask("finalise", "bulletin.md").code == 0
    return office


def stand(office: Office, address: str, state: str, reason: str = "") -> None:
    """Puts a copy into a state, as a send would have left it an hour ago."""
    with office._database() as database, database.write() as conn:
        hour = "datetime('now', '-1 hour')"
        waits = f"{hour}" if state in ("queued", "deferred") else "NULL"
        changed = conn.exec_driver_sql(
            f"UPDATE delivery SET state = '{state}', reason = '{reason}', next_attempt_at = {waits}, "
            f"released_at = {hour}, valid_until = datetime('now', '+1 hour') WHERE address = '{address}'"
        )
        assert changed.rowcount == 1


def hold(office: Office, group: str) -> None:
    with office._database() as database, database.write() as conn:
        assert conn.exec_driver_sql(f"UPDATE dispatch SET hold = 'content' WHERE group_name = '{group}'").rowcount == 1


def holds(office: Office) -> dict[str, str | None]:
    return {letter["group"]: letter["hold"] for letter in office.ask("status", "7", "--json").json["dispatches"]}


# ── Cancel ────────────────────────────────────────────────────────────────────────────────────────


def test_what_left_while_the_person_thought_is_counted_and_the_rest_is_withdrawn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def think(desk: Desk, question: Words, *, yes: bool) -> None:
        stand(office, FIRST, "accepted")

    monkeypatch.setattr(Desk, "confirm", think)
    withdrawn = office.ask("cancel", "7")
    assert withdrawn.code == 0, withdrawn
    assert "Withdrawn: 2. Already left: 1." in withdrawn.out
    assert office.states() == {LEADER: "cancelled", FIRST: "accepted", SECOND: "cancelled"}


async def test_a_running_send_is_stopped_by_withdrawing_the_rest(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    async with ScriptedServer() as server:
        server.plan("DOT", Wait(go_on))
        office = Office(tmp_path, port=server.port, connections=1)
        office.recipients(leaders=1, units=7)
        assert await asyncio.to_thread(office.call, "finalise", "bulletin.md") == 0
        process = await office.start("send", "7", "--yes")
        await asyncio.wait_for(server.body_begun.wait(), 60)
        await asyncio.wait_for(server.stalled.wait(), 60)  # the dot has come, so the copy is being sent
        withdrawn: Ran = await asyncio.to_thread(office.ask, "cancel", "7", "--yes", "--json")
        go_on.set()
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        assert (len(withdrawn.json["moved"]), withdrawn.json["left"]) == (7, 1), withdrawn
        assert process.returncode == 0, output.decode()
        assert len(server.delivered) == 1
        assert sorted(office.states().values()) == ["accepted", *["cancelled"] * 7]


# ── Resolve ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def namesakes(office: Office) -> Office:
    """Two people of one name in two units, both in doubt."""
    text = (office.folder / "recipients.yaml").read_text(encoding="utf-8").replace("联络员2", "联络员1")
    office.write("recipients.yaml", text)
    assert office.ask("finalise", "bulletin.md").code in (0, 4)
    stand(office, FIRST, "unknown")
    stand(office, SECOND, "unknown")
    return office


@pytest.mark.parametrize("how", ["--arrived", "--resend", "--lost"])
def test_a_name_of_two_people_in_doubt_settles_neither(namesakes: Office, how: str) -> None:
    refused = namesakes.ask("resolve", "联络员1", "7", how, "--json")
    assert refused.code == 2, refused
    assert refused.json["error"]["code"] == "ambiguous"
    assert f"{FIRST} (单位1 联络员1); {SECOND} (单位2 联络员1)" in refused.json["error"]["do"]
    assert namesakes.states() == {LEADER: "queued", FIRST: "unknown", SECOND: "unknown"}


def test_a_key_settles_one_of_two_namesakes(namesakes: Office) -> None:
    assert namesakes.ask("resolve", FIRST, "7", "--arrived").code == 0
    assert namesakes.states() == {LEADER: "queued", FIRST: "accepted", SECOND: "unknown"}


def test_a_name_of_two_people_settles_the_only_one_in_doubt(namesakes: Office) -> None:
    stand(namesakes, SECOND, "accepted")
    assert namesakes.ask("resolve", "联络员1", "7", "--lost").code == 0
    assert namesakes.states() == {LEADER: "queued", FIRST: "failed", SECOND: "accepted"}


# ── Retry ─────────────────────────────────────────────────────────────────────────────────────────

SAID_NO = {
    "lost": ("failed", "person:lost"),
    "withdrawn": ("cancelled", "person:cancel"),
    "suppressed": ("suppressed", ""),
}


@pytest.mark.parametrize(("state", "reason"), SAID_NO.values(), ids=SAID_NO.keys())
def test_retrying_everybody_leaves_out_whom_somebody_said_no_to(office: Office, state: str, reason: str) -> None:
    stand(office, FIRST, state, reason)
    stand(office, SECOND, "failed", "rejected")
    bulk = office.ask("retry", "7", "--yes", "--json")
    assert [moved["address"] for moved in bulk.json["moved"]] == [SECOND]
    named = office.ask("retry", "7", "--only", "单位1", "--yes", "--json")
    assert [moved["address"] for moved in named.json["moved"]] == [FIRST]
    assert office.states()[FIRST] == "queued"


def test_who_is_not_on_the_list_any_more_is_not_retried_even_by_name(office: Office) -> None:
    for address in (LEADER, FIRST, SECOND):
        stand(office, address, "failed", "rejected")
    office.recipients(leaders=1, units=1)
    assert office.ask("finalise", "bulletin.md", "--yes").code in (0, 4)
    bulk = office.ask("retry", "7", "--yes", "--json")
    assert {moved["address"] for moved in bulk.json["moved"]} == {LEADER, FIRST}
    assert office.ask("retry", "7", "--only", SECOND, "--yes").code == 4
    assert office.states()[SECOND] == "failed"


def test_retrying_one_person_lifts_no_other_group_s_hold(office: Office) -> None:
    stand(office, LEADER, "failed", "rejected")
    hold(office, "区领导")
    hold(office, "各单位")
    retried = office.ask("retry", "7", "--only", "领导1", "--yes", "--json")
    assert retried.json["holds_lifted"] == 1
    assert holds(office) == {"区领导": None, "各单位": "content"}


def test_a_hold_is_lifted_although_no_copy_needs_to_move(office: Office) -> None:
    hold(office, "各单位")
    retried = office.ask("retry", "7", "--yes", "--json")
    assert (retried.code, retried.json["moved"], retried.json["holds_lifted"]) == (0, [], 1)
    assert holds(office) == {"区领导": None, "各单位": None}


def test_what_ran_out_of_time_on_hold_gets_new_time_with_its_group(office: Office) -> None:
    stand(office, FIRST, "failed", "rejected")
    stand(office, SECOND, "queued", "content")
    hold(office, "各单位")
    with office._database() as database, database.write() as conn:
        conn.exec_driver_sql("UPDATE delivery SET valid_until = datetime('now', '-1 minute') WHERE state = 'queued'")
    retried = office.ask("retry", "7", "--only", "单位1", "--yes", "--json")
    assert {moved["address"] for moved in retried.json["moved"]} == {FIRST, SECOND}


# ── An edition that has been corrected ────────────────────────────────────────────────────────────


@pytest.fixture
def corrected(office: Office) -> Office:
    """Number 7 went out in part and was corrected; one copy of the first edition failed, one is in doubt."""
    stand(office, LEADER, "accepted")
    stand(office, FIRST, "failed", "rejected")
    stand(office, SECOND, "unknown")
    office.write("bulletin.md", BULLETIN.format(number=7).replace("整改问题6处", "整改问题9处"))
    assert office.ask("finalise", "bulletin.md", "--correction", "--yes").code == 0
    return office


OLDER = {
    "send": ("send", "#1", "--yes"),
    "rehearse": ("send", "#1", "--dry-run"),
    "retry": ("retry", "#1", "--yes"),
    "retry one": ("retry", "#1", "--only", FIRST, "--yes"),
    "resend": ("resolve", SECOND, "#1", "--resend"),
}


@pytest.mark.parametrize("arguments", OLDER.values(), ids=OLDER.keys())
def test_a_corrected_edition_is_not_sent_again(corrected: Office, arguments: tuple[str, ...]) -> None:
    refused = corrected.ask(*arguments, "--json")
    assert refused.code == 5, refused
    assert refused.json["error"]["code"] == "older_edition"
    assert "更正1" in refused.json["error"]["what"]
    assert "Name the newer one: 7." in refused.json["error"]["do"]


def test_a_corrected_edition_can_be_looked_at_and_settled(corrected: Office) -> None:
    standing = corrected.ask("status", "#1", "--json").json
    assert {one["address"]: one["state"] for one in standing["deliveries"]}[FIRST] == "failed"
    assert len(corrected.ask("why", FIRST, "#1", "--json").json["deliveries"]) == 1
    assert corrected.ask("resolve", SECOND, "#1", "--lost").code == 0
    assert corrected.ask("send", "7", "--dry-run").code == 0


# ── What is said afterwards ───────────────────────────────────────────────────────────────────────


def advice(office: Office, who: str) -> str:
    return str(office.ask("why", who, "7", "--json").json["deliveries"][0]["advice"])


def test_a_person_s_word_is_not_the_mail_server_s(office: Office) -> None:
    stand(office, FIRST, "unknown")
    assert office.ask("resolve", FIRST, "7", "--arrived").code == 0
    told = office.ask("why", FIRST, "7").out
    assert "a person said that it arrived" in told
    assert "took responsibility" not in told
    assert "a person said that it arrived" in office.ask("status", "7").out
    [known] = office.ask("why", FIRST, "7", "--json").json["deliveries"]
    assert (known["state"], known["evidence"]) == ("accepted", "reported")


ADVICE = {
    "waiting": ("queued", "", "`distributor send 7`"),
    "deferred": ("deferred", "network", "`distributor retry 7 --only leader1@example.gov.cn`"),
    "refused": ("failed", "rejected", "`distributor retry 7 --only leader1@example.gov.cn`"),
    "too late": ("failed", "expired", "Its time was over before it could be sent. If it still matters"),
    "in doubt": ("unknown", "no_reply", "`distributor resolve leader1@example.gov.cn 7 --arrived`"),
}


@pytest.mark.parametrize(("state", "reason", "said"), ADVICE.values(), ids=ADVICE.keys())
def test_advice_names_the_bulletin(office: Office, state: str, reason: str, said: str) -> None:
    office.write("next.md", BULLETIN.format(number=8))
    assert office.ask("finalise", "next.md").code == 0
    with office._database() as database, database.write() as conn:
        conn.exec_driver_sql("UPDATE delivery SET address = address || 'x' WHERE bulletin_id = 2")
    stand(office, LEADER, state, reason)
    assert said in advice(office, LEADER)
    retried = office.ask("retry", "7", "--only", LEADER, "--yes")
    assert retried.code == 4 or "Run `distributor send 7`" in retried.out


def test_a_copy_whose_letter_is_on_hold_is_not_said_to_need_a_send(office: Office) -> None:
    stand(office, FIRST, "queued", "content")
    hold(office, "各单位")
    assert "on hold" in advice(office, FIRST)
    assert "`distributor retry 7`" in advice(office, FIRST)
    assert "`distributor retry 7`" in office.ask("status", "7").out


def test_a_bulletin_whose_number_means_another_one_is_named_by_its_id(corrected: Office) -> None:
    said = corrected.ask("why", FIRST, "#1", "--json").json["deliveries"][0]["advice"]
    assert "`distributor retry '#1' --only unit1@example.gov.cn`" in said


@pytest.mark.parametrize(("state", "said"), [("queued", "due and not sent yet"), ("failed", "given up as too late")])
def test_other_bulletins_that_need_somebody_are_mentioned(office: Office, state: str, said: str) -> None:
    office.write("next.md", BULLETIN.format(number=8))
    assert "Other bulletins" not in office.ask("send", "7", "--yes").out
    stand(office, FIRST, state, "expired" if state == "failed" else "")
    assert office.ask("finalise", "next.md").code == 0
    line = next(one for one in office.ask("send", "8", "--yes").out.splitlines() if "Other bulletins" in one)
    assert f"{said}: 云岭区巡河工作快报 第7期" in line
    assert "第8期" not in line


LOST = {"unknown": "while the letter was being handed over", "queued": "before the letter was handed over"}


@pytest.mark.parametrize(("state", "said"), LOST.items())
def test_a_sender_that_died_is_said_to_have(office: Office, state: str, said: str) -> None:
    stand(office, FIRST, state, "worker_lost")
    assert f"the sender stopped {said}" in office.ask("status", "7").out
