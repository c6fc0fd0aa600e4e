"""What travels with letters: the paper with each reader's own code, and what a correction says when frozen."""

import datetime as dt
import email.policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from distributor.dispatch.finalise import finalise
from distributor.dispatch.intake import prepare
from distributor.dispatch.letters import Letters
from distributor.receipts.tokens import Purpose
from distributor.rendering.pdf.own_code import with_code
from distributor.rendering.rendition import Attachment, Rendition, from_document
from distributor.store.claims import claim
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of
from distributor.store.records import Claim
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import correct

PAGE = "https://bulletin.example.gov.cn"


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


def with_page(bureau: Bureau) -> Bureau:
    toml = bureau.office.folder / "distributor.toml"
    text = toml.read_text("utf-8").replace("[smtp.main]", f'base_url = "{PAGE}"\n\n[smtp.main]')
    toml.write_text(text, "utf-8")
    return bureau


def frozen(bureau: Bureau, bulletin_id: int = 1) -> dict[str, Rendition]:
    """The letters of a bulletin by their group."""
    with bureau.database.read() as conn:
        return {one.group: from_document(one.rendition) for one in dispatches_of(conn, bulletin_id)}


def file_of(rendition: Rendition) -> Attachment:
    (file,) = rendition.attachments
    return file


def claimed(bureau: Bureau) -> list[Claim]:
    with bureau.database.write() as conn:
        return claim(conn, owner="test/1", limit=9, lease=dt.timedelta(minutes=15), now=bureau.clock())


def read(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


def leaders(bureau: Bureau, attach: str = "", *, count: int = 2) -> None:
    bureau.office.recipients(leaders=count, units=1)
    if attach:
        path = bureau.office.folder / "recipients.yaml"
        text = path.read_text("utf-8").replace("direction: 报", f"direction: 报\n    attach: {attach}")
        path.write_text(text, "utf-8")


def test_each_leader_gets_the_frozen_paper_with_a_code_of_his_own(bureau: Bureau) -> None:
    leaders(with_page(bureau))
    bureau.release()
    shared = next(file_of(letter) for letter in frozen(bureau).values() if letter.direction == "报")
    letters = Letters(bureau.database, bureau.settings, bureau.key)
    told = []
    for one in claimed(bureau):
        message = read(letters.message(one).body)
        files = [part.get_content() for part in message.iter_attachments()]
        link = f"{PAGE}/b/{bureau.key.token(Purpose.LINK, one.delivery_id)}"
        told.append(files == [with_code(shared.content, link)])
        if files:
            text = message.get_body(("plain",))
            assert text is not None
            assert f"附件：{shared.file_name}" in text.get_content()
    assert sorted(told) == [False, True, True]  # the unit gets none


def test_a_copy_is_the_same_after_a_restart(bureau: Bureau) -> None:
    leaders(with_page(bureau), count=1)
    bureau.release()
    one = claimed(bureau)[0]
    once, again = (Letters(bureau.database, bureau.settings, bureau.key).message(one).body for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    ("attach", "page", "codes"),
    [("", True, ["links.read"]), ("", False, [""]), ("[pdf]", True, [""]), ("[]", True, [])],
    ids=["by default", "without a page", "the plain one", "none"],
)
def test_the_code_is_there_where_the_office_has_pages_and_the_group_wants_it(
    bureau: Bureau, attach: str, page: bool, codes: list[str]
) -> None:
    leaders(with_page(bureau) if page else bureau, attach)
    prepared = prepare(bureau.office.folder / "bulletin.md", bureau.settings)
    assert [file.code for letter in prepared.letters for file in letter.rendition.attachments] == codes


def test_a_correction_says_so_in_every_frozen_letter_and_what_went_before_stays(bureau: Bureau) -> None:
    leaders(bureau)
    record = bureau.release()
    before = frozen(bureau)
    claimed(bureau)
    correct(bureau)
    assert frozen(bureau) == before
    assert not [letter for letter in before.values() if "更正" in letter.text + letter.html]
    for letter in frozen(bureau, 2).values():
        assert letter.text.startswith("【更正】")
        assert "本期为更正版，请以此为准。" in letter.text
        assert "本期为更正版，请以此为准。" in letter.html
        for file in letter.attachments:
            assert f"附件：{file.file_name}" in letter.text.replace("\n", "")
            assert file.file_name.endswith("（更正）.pdf")
    assert record.edition == 1


def test_a_correction_finalised_again_keeps_its_letters(bureau: Bureau) -> None:
    leaders(bureau)
    bureau.release()
    claimed(bureau)
    correct(bureau)
    once = frozen(bureau, 2)
    prepared = prepare(bureau.office.folder / "correction.md", bureau.settings)
    done = finalise(bureau.database, prepared, bureau.settings, bureau.key, now=bureau.clock(), actor="test")
    assert (done.again, done.record.edition) == (True, 2)
    assert frozen(bureau, 2) == once
