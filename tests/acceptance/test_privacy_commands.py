"""`purge` and `forget` as people and scripts give them: they count, ask, and say what they cannot reach."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import update

from distributor.delivery.evidence import Kind
from distributor.store.receipt_schema import receipt
from distributor.store.receipts import add_receipt
from tests.acceptance.office import Office

MAIL = "unit1@example.gov.cn"


@pytest.fixture
def sent(office: Office) -> Office:
    """An office whose bulletin is out, with a read report about one copy from long ago."""
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    copy = next(one for one in office.deliveries() if one.address == MAIL)
    now = dt.datetime.now(dt.UTC)
    with office._database() as database, database.write() as conn:
        add_receipt(
            conn,
            Kind.READ,
            delivery_id=copy.id,
            source="mailbox",
            digest="1" * 64,
            at=now,
            now=now,
            raw=f"From: {MAIL}".encode(),
        )
        conn.execute(update(receipt).values(received_at=now - dt.timedelta(days=91)))
    return office


def test_purge_counts_asks_and_removes(sent: Office) -> None:
    counted = sent.ask("purge", "--dry-run", "--json")
    assert (counted.code, counted.json) == (
        0,
        {"dry_run": True, "removed": {"raw_reports": 1, "openings": 0, "replies": 0}},
    )
    assert sent.ask("purge").code == 5, "it did not ask"
    done = sent.ask("purge", "--yes", "--json")
    assert done.json == {"dry_run": False, "removed": {"raw_reports": 1, "openings": 0, "replies": 0}}
    assert sent.ask("purge", "--yes").code == 4
    (copy,) = sent.ask("why", MAIL, "--json").json["deliveries"]
    assert copy["evidence"] == "read"


def test_forget_asks_names_what_still_lists_them_and_leaves_the_books(sent: Office) -> None:
    before = sent.ask("status", "7", "--json").json["books"]
    looked = sent.ask("forget", MAIL, "--dry-run", "--json").json
    assert (looked.keys(), looked["copies"]) == ({"dry_run", "copies", "still_listed"}, 1)
    (place,) = looked["still_listed"]
    assert Path(place.partition(":")[0]).name == "recipients.yaml"
    assert sent.ask("forget", MAIL).code == 5, "it did not ask"
    done = sent.ask("forget", MAIL, "--yes", "--json").json
    assert done.keys() == {"dry_run", "pseudonym", "copies", "elsewhere", "audit_entries", "still_listed"}
    assert sent.ask("why", MAIL).code == 2
    assert sent.ask("why", done["pseudonym"]).code == 0
    assert sent.ask("status", "7", "--json").json["books"] == before
    verified = sent.ask("audit", "verify", "--json").json
    assert (verified["whole"], verified["redacted"]) == (True, done["audit_entries"])
    assert sent.ask("send", "7", "--yes").code == 4, "a forgotten copy was owed again"
    assert sent.ask("retry", "7", "--yes", "--json").json["moved"] == []


def test_nobody_is_forgotten_before_their_copy_has_come_to_an_end(office: Office) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    refused = office.ask("forget", MAIL, "--yes", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (5, "under_way")
    assert office.ask("forget", "谁", "--yes").code == 2
