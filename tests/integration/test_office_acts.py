"""The buttons of the office's pages, over real sockets: what each does, who may press it, and what is booked."""

import re
from pathlib import Path

import pytest

from distributor.delivery.evidence import Kind
from distributor.delivery.state import State
from distributor.store.audit import AuditEntry
from distributor.store.database import Database
from distributor.store.deliveries import get_delivery
from distributor.store.dispatches import dispatches_of, hold
from distributor.store.pauses import pause, paused
from distributor.store.receipt_records import get_receipt
from distributor.store.receipts import add_receipt
from distributor.store.reminders import due_reminders
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.office_pages import FROM_HERE, Browser, OfficeDesk, form_of, office_pages, text_of
from tests.integration.reading import DIRECTORY


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


async def confirmed(browser: Browser, path: str, choice: str = "yes") -> str:
    """Looks at what a decision would come to, says yes, and gives what the next page says of it."""
    asked = await browser.get(path)
    assert asked.status_code == 200, text_of(asked)
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', asked.text.split("<main", 1)[1]))
    assert f'name="choice" value="{choice}"' in asked.text
    answer = await browser.post(path.partition("?")[0], {**fields, "choice": choice})
    assert answer.status_code == 303, text_of(answer)
    shown = await browser.client.get(str(answer.url.join(answer.headers["location"])))
    found = re.search(r'role="status">([^<]*)<', shown.text)
    return found[1] if found else ""


def by_login(desk: OfficeDesk) -> list[tuple[str, str]]:
    """What was booked by logins: who, and what."""
    return [(entry.actor, entry.action) for entry in desk.audit() if entry.actor.startswith("office:")]


def last(desk: OfficeDesk) -> AuditEntry:
    return desk.audit()[-1]


@pytest.mark.parametrize(
    ("choice", "state"),
    [("arrived", State.ACCEPTED), ("lost", State.FAILED), ("resend", State.QUEUED)],
)
async def test_a_doubt_is_settled_for_this_copy_alone(on_each: Bureau, choice: str, state: State) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        desk.becomes("unknown", "联络员1", "联络员2")
        await confirmed(browser, f"c/{desk.copy('联络员1').id}/resolve", choice)
        assert desk.copy("联络员1").state is state
        assert desk.copy("联络员2").state is State.UNKNOWN
        entry = last(desk)
        assert (entry.actor, entry.action) == ("office:陈怡", f"delivery.{choice}")
        assert entry.subject == f"delivery:{desk.copy('联络员1').id}"


async def test_a_copy_is_tried_again_and_withdrawn(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        desk.becomes("failed", "联络员1")
        path = f"c/{desk.copy('联络员1').id}"
        assert await confirmed(browser, f"{path}/retry") == "Due again: 1. Holds lifted: 0."
        assert desk.copy("联络员1").state is State.QUEUED
        assert await confirmed(browser, f"{path}/cancel") == "Withdrawn: 1. Already left: 0."
        assert desk.copy("联络员1").state is State.CANCELLED
        assert desk.copy("联络员2").state is State.QUEUED
        assert by_login(desk) == [("office:陈怡", "delivery.retry"), ("office:陈怡", "delivery.cancel")]


async def test_a_bulletin_is_tried_again_and_withdrawn(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        desk.becomes("accepted", "领导1")
        desk.becomes("failed", "联络员1")
        assert await confirmed(browser, "b/1/retry") == "Due again: 2. Holds lifted: 0."
        assert desk.copy("联络员1").state is State.QUEUED
        assert await confirmed(browser, "b/1/cancel") == "Withdrawn: 2. Already left: 1."
        assert [copy.state for copy in desk.copies()] == [State.ACCEPTED, State.CANCELLED, State.CANCELLED]


async def test_a_bulletin_an_account_and_everything_rest_and_go_on(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        scopes = {"bulletin:1": "b/1/pause", "account:main": "pause", "all": "pause"}
        for scope, path in scopes.items():
            pressed = await browser.press(path, scope=scope, reason=" the relay\u202e moves ")
            assert pressed.status_code == 303
        with on_each.database.read() as conn:
            rests = paused(conn)
        assert {rest.scope for rest in rests} == set(scopes)
        assert {(rest.reason, rest.actor) for rest in rests} == {("the relay moves", "office:陈怡")}
        for scope in scopes:
            await confirmed(browser, f"resume?scope={scope}")
        with on_each.database.read() as conn:
            assert paused(conn) == ()


async def test_a_held_letter_goes_on(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        with on_each.database.write() as conn:
            hold(conn, dispatches_of(conn, 1)[1].id, "late")
        assert "on hold" in text_of(await browser.get("b/1"))
        assert await confirmed(browser, "resume?scope=bulletin:1") == "云岭区巡河工作快报 第7期 goes on."
        assert on_each.holds() == {None}
        assert ("office:陈怡", "dispatch.unheld") in by_login(desk)


async def test_those_who_owe_a_signature_are_reminded_once_a_day(on_each: Bureau) -> None:
    on_each.office.write("recipients.yaml", DIRECTORY.format(leaders="never"))
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        desk.becomes("accepted", "李四", "王五", "赵一")
        assert "李四" in text_of(await browser.get("b/1/remind"))
        assert await confirmed(browser, "b/1/remind") == "Reminders that the service sends now: 2."
        with on_each.database.read() as conn:
            waiting = due_reminders(conn)
        assert {one.delivery_id for one in waiting} == {desk.copy("李四").id, desk.copy("王五").id}
        assert await confirmed(browser, "b/1/remind") == "Reminders that the service sends now: 0."


async def test_a_receipt_is_given_to_its_copy_or_put_aside(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        desk.becomes("accepted", "联络员1")
        copy, now, numbers = desk.copy("联络员1"), on_each.clock(), []
        with on_each.database.write() as conn:
            for digest in ("a" * 64, "b" * 64):
                added = add_receipt(
                    conn,
                    Kind.DELIVERED,
                    delivery_id=None,
                    source="mailbox",
                    digest=digest,
                    at=now,
                    now=now,
                    details={"suggested": copy.id},
                    review="only the address fits",
                )
                numbers.append(added.receipt.id)
        assert "It may belong to 单位1 联络员1" in text_of(await browser.get("receipts"))
        for number, choice in zip(numbers, ("assign", "dismiss"), strict=True):
            assert (await browser.press(f"receipts/{number}", choice=choice)).status_code == 303
        with on_each.database.read() as conn:
            found = [get_receipt(conn, number) for number in numbers]
            assert get_delivery(conn, copy.id).state is State.DELIVERED
        assert [one.standing for one in found if one] == ["applied", "dismissed"]
        assert (await browser.press(f"receipts/{numbers[0]}", choice="dismiss")).status_code == 409


async def test_a_viewer_sees_no_button_and_can_press_none(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("李明") as browser:
        desk.becomes("unknown", "联络员1")
        copy = desk.copy("联络员1").id
        before = desk.audit()
        for path in ("", "b/1", f"c/{copy}", "receipts"):
            page = (await browser.get(path)).text.split("<main", 1)[1]
            assert "<button" not in page
            assert "/resolve" not in page
            assert "resume" not in page
        asked = (f"c/{copy}/resolve", "b/1/retry", "b/1/cancel", "b/1/remind", "resume?scope=all")
        assert {(await browser.get(path)).status_code for path in asked} == {403}
        for path, choice in (
            (f"c/{copy}/resolve", "arrived"),
            (f"c/{copy}/retry", "yes"),
            ("b/1/cancel", "yes"),
            ("b/1/remind", "yes"),
            ("b/1/pause", ""),
            ("pause", ""),
            ("resume", ""),
            ("receipts/1", "dismiss"),
        ):
            response = await browser.press(path, choice=choice, scope="all")
            assert response.status_code == 403, path
        assert desk.audit() == before
        assert desk.copy("联络员1").state is State.UNKNOWN


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (FROM_HERE, 303),
        ({}, 303),
        ({"origin": "null"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://127.0.0.1.evil.example"}, 403),
    ],
    ids=["from here", "an old browser", "no referrer", "cross-site", "same-site", "typed", "foreign", "like ours"],
)
async def test_68_a_form_counts_only_from_our_own_page(bureau: Bureau, headers: dict[str, str], status: int) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        response = await browser.press("pause", headers, scope="all")
        assert response.status_code == status
        assert len(by_login(desk)) == (1 if status == 303 else 0)


@pytest.mark.parametrize("form", [None, "", "x", "0" * 64, "王" * 20], ids=["none", "empty", "short", "guessed", "odd"])
async def test_68_a_form_without_the_token_of_its_session_does_nothing(bureau: Bureau, form: str | None) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        fields = {"scope": "all"} | ({} if form is None else {"form": form})
        assert (await browser.post("pause", fields)).status_code == 403
        assert (await browser.post("logout", fields)).status_code == 403
        assert by_login(desk) == []
        assert (await browser.get("")).status_code == 200


async def test_68_the_token_of_another_session_is_refused(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser, desk.browser("陈怡") as other:
        foreign = form_of(await other.get(""))
        assert foreign
        assert (await browser.post("pause", {"form": foreign, "scope": "all"})).status_code == 403
        assert by_login(desk) == []


async def test_looking_at_a_decision_changes_nothing(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        desk.becomes("unknown", "联络员1")
        before, copies = desk.audit(), desk.copies()
        for path in ("b/1/retry", "b/1/cancel", f"c/{copies[1].id}/resolve", "resume?scope=all", "b/1/remind"):
            await browser.get(path)
            await browser.client.head(f"/office/{path.partition('?')[0]}")
        assert (desk.audit(), desk.copies()) == (before, copies)


async def test_a_button_pressed_twice_decides_once(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        desk.becomes("unknown", "联络员1")
        path = f"c/{desk.copy('联络员1').id}/resolve"
        codes = [(await browser.press(path, choice="arrived")).status_code for _ in range(2)]
        assert codes == [303, 303]
        assert "Nothing changed" in text_of(await browser.get(path.removesuffix("/resolve")))
        assert by_login(desk) == [("office:陈怡", "delivery.arrived")]


@pytest.mark.parametrize(
    ("path", "choice"),
    [("b/1/cancel", ""), ("b/1/cancel", "arrived"), ("b/1/resolve", "lost"), ("b/1/delete", "yes"), ("receipts/1", "")],
)
async def test_a_choice_that_is_none_changes_nothing(bureau: Bureau, path: str, choice: str) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        assert (await browser.press(path, choice=choice)).status_code == 400
        assert by_login(desk) == []


@pytest.mark.parametrize("scope", ["", "x", "account:none", "bulletin:99", "bulletin:x", "all "])
async def test_what_cannot_rest_is_refused_with_words(bureau: Bureau, scope: str) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        response = await browser.press("pause", scope=scope)
        assert (response.status_code, "This is not possible" in text_of(response)) == (409, True)
        assert by_login(desk) == []


async def test_what_came_of_a_decision_is_said_once(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        await browser.press("b/1/pause")
        assert "第7期 is paused." in text_of(await browser.get("b/1"))
        assert "第7期 is paused." not in text_of(await browser.get("b/1"))


async def test_a_button_shows_only_where_it_would_do_something(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        with bureau.database.write() as conn:
            pause(conn, "bulletin:1", "", "cli:root", bureau.clock())
        page = (await browser.get("b/1")).text
        assert "b/1/cancel" in page
        assert "resume?scope=bulletin:1" in page
        desk.becomes("accepted", "领导1", "联络员1", "联络员2")
        page = (await browser.get("b/1")).text
        assert "b/1/cancel" not in page
        assert "b/1/retry" not in page
        assert "There is nothing to decide" in text_of(await browser.get("b/1/cancel"))
