"""`status` names a person once, with every channel's copy and evidence, as the 回执表 does; copies stay in `--json`."""

import datetime as dt
from contextlib import closing
from pathlib import Path

import pytest

from distributor.delivery.evidence import Kind
from distributor.delivery.state import Fact
from distributor.dispatch.escalate import escalate
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import release
from distributor.store.moves import Move, apply_moves
from distributor.store.receipts import add_receipt
from distributor.workdays.calendar import Workdays
from distributor.workdays.file import load_calendar
from tests.acceptance.office import Office

WECOM = """
[wecom.main]
corp_id = "ww1234567890abcdef"
agent_id = 1000002
secret_file = "wecom.secret"
base_url = "http://127.0.0.1:1"
"""
DIRECTORY = """\
groups:
  各单位:
    direction: 发
    channels: [wecom, email]
    acknowledge: required
    escalate_after: 4 hours
    covers: [区委, 区政府领导同志, 各镇人民政府, 各街道办事处]
    members:
      - unit: 石桥镇
        people:
          - {name: 李四, role: 主管领导, wecom: LiSi, email: lisi@example.gov.cn}
          - {name: 王五, wecom: wangwu, email: wangwu@example.gov.cn}
          - {name: 赵六, email: zhaoliu@example.gov.cn}
"""
NOW = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
ACCEPTED = (Fact.CLAIM, Fact.MARK, Fact.ACCEPT)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """李四 was silent and the mail is queued; 王五's account is gone and the mail went; 赵六 has mail only."""
    made = Office(tmp_path / "office")
    settings = (made.folder / "distributor.toml").read_text(encoding="utf-8")
    made.write("distributor.toml", settings + WECOM)
    made.write("wecom.secret", "secret").chmod(0o600)
    made.write("recipients.yaml", DIRECTORY)
    assert made.ask("finalise", "bulletin.md", "--yes").code == 0
    with closing(Database.open("sqlite:///data/distributor.db", home=made.folder)) as database:
        _went_out(database)
    return made


def _workdays() -> Workdays:
    return load_calendar(Path("/nowhere/calendar.yaml")).workdays


def _went_out(database: Database) -> None:
    with database.write() as conn:
        release(conn, 1, at=NOW, valid_until=NOW + dt.timedelta(days=3))

        def moved(address: str, *facts: Fact) -> str:
            copy = next(one for one in deliveries_of(conn, 1) if one.address == address)
            for fact in facts:
                apply_moves(conn, [Move(copy.id, fact, None)], now=NOW)
            return copy.id

        card = moved("LiSi", *ACCEPTED)
        zone = dt.timezone(dt.timedelta(hours=8))
        assert escalate(conn, calendar=_workdays, zone=zone, now=NOW + dt.timedelta(hours=4)) == 1
        add_receipt(conn, Kind.OPENED, delivery_id=card, source="page", digest="d" * 64, at=NOW, now=NOW, details={})
        moved("wangwu", Fact.CLAIM, Fact.REJECT)
        moved("wangwu@example.gov.cn", *ACCEPTED)
        moved("zhaoliu@example.gov.cn", *ACCEPTED)


def lines(said: str, *names: str) -> list[list[str]]:
    """The rows of the table, cell by cell, from the first of these names on."""
    rows = [[cell for cell in row.split("  ") if cell.strip()] for row in said.splitlines()]
    return [[cell.strip() for cell in row] for row in rows if any(name in " ".join(row) for name in names)]


def test_a_person_stands_once_with_a_line_for_each_channel(office: Office) -> None:
    said = office.ask("status", "7").out
    assert [said.count(name) for name in ("李四", "王五", "赵六")] == [1, 1, 1]
    first, second = lines(said, "LiSi", "lisi@")
    assert first == ["石桥镇", "李四", "各单位", "wecom: LiSi", "accepted", "page opened, unverified"]
    assert second[:2] == ["email: lisi@example.gov.cn", "queued"]
    first, second = lines(said, "wangwu")
    assert (first[:2], first[4]) == (["石桥镇", "王五"], "failed")
    assert second[:2] == ["email: wangwu@example.gov.cn", "accepted"]
    (only,) = lines(said, "zhaoliu@")
    assert only[:5] == ["石桥镇", "赵六", "各单位", "zhaoliu@example.gov.cn", "accepted"]


def test_the_json_names_each_person_once_beside_every_copy(office: Office) -> None:
    document = office.ask("status", "7", "--json").json
    assert len(document["deliveries"]) == 5
    people = {one["name"]: one for one in document["recipients"]}
    assert len(document["recipients"]) == len(people) == 3
    silent = people["李四"]
    assert silent.keys() == {
        "recipient", "name", "unit", "role", "people", "group", "direction", "evidence", "ladder", "channels",
    }  # fmt: skip
    assert (silent["recipient"], silent["unit"], silent["role"]) == ("lisi", "石桥镇", "主管领导")
    assert [(one["channel"], one["state"], one["evidence"]) for one in silent["channels"]] == [
        ("wecom", "accepted", "opened"),
        ("email", "queued", "none"),
    ]
    # The person stands on the highest rung of any channel.
    assert silent["evidence"] == "opened"
    assert [step["rung"] for step in silent["ladder"]] == ["opened"]
    assert [one["state"] for one in people["王五"]["channels"]] == ["failed", "accepted"]
    ids = {one["id"] for one in document["deliveries"]}
    assert {channel["delivery"] for one in document["recipients"] for channel in one["channels"]} == ids


def test_status_and_the_receipt_table_count_the_same_people(office: Office) -> None:
    status = office.ask("status", "7", "--json").json["recipients"]
    (group,) = office.ask("receipts", "7", "--json").json["groups"]
    table = [person for unit in group["units"] for person in unit["people"]]
    assert {(one["recipient"], one["evidence"]) for one in status} == {
        (one["recipient"], one["evidence"]) for one in table
    }
    assert {one["name"]: [channel["channel"] for channel in one["channels"]] for one in status} == {
        one["name"]: one["channels"] for one in table
    }


def test_a_long_list_leaves_out_who_was_reached_on_any_channel(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.cli.show.LONG", 2)
    said = office.ask("status", "7").out
    assert [name in said for name in ("李四", "王五", "赵六")] == [True, False, False]
    assert "Accepted and not listed: 2." in said
