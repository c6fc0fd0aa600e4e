"""Whatever is wrong with what people edit (faults 43 to 56), nothing wrong is sent, nothing crashes, no row is lost.

Each refusal names the file, the line where there is one, and what to do; for people and as JSON. And a bulletin
finalised before the mistake goes out once the mistake is mended.
"""

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from distributor.cli.mailbox import Mailbox, serving
from tests.acceptance.letterbox import by_address
from tests.acceptance.office import BULLETIN, Office, Ran

GOOD = BULLETIN.format(number=8)
EVERYBODY = ["leader1@example.gov.cn", "unit1@example.gov.cn", "unit2@example.gov.cn"]


@pytest.fixture(scope="module")
def finalised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office's folder in which number 7 is finalised."""
    office = Office(tmp_path_factory.mktemp("finalised"))
    assert office.call("finalise", "bulletin.md", "--yes") == 0
    return office.folder


@pytest.fixture
def office(tmp_path: Path, mailbox: Mailbox, finalised: Path) -> Iterator[Office]:
    """An office of one's own in the same state."""
    folder = tmp_path / "office"
    shutil.copytree(finalised, folder)
    with serving(mailbox) as port:
        yield Office(folder, port=port)


def assert_told(ran: Ran, code: int, *signs: str) -> None:
    """What a person reads: the right exit code, no traceback, the place, and an advice."""
    assert ran.code == code, ran
    spoken = ran.out + ran.err
    assert "Traceback" not in spoken
    assert "→ " in spoken, f"no advice: {spoken}"
    for sign in signs:
        assert re.search(rf"{re.escape(sign)}(?!\d)", spoken), spoken


def assert_told_as_json(ran: Ran, code: int, error: str, finding: str, line: int) -> None:
    """What a program reads: one JSON document with a stable code, and each finding with its place and an advice."""
    assert ran.code == code, ran
    told = ran.json["error"]
    assert told["code"] == error
    assert told["do"] or all(problem["do"] for problem in told["problems"])
    found = [(problem["code"], problem["line"]) for problem in told["problems"]]
    assert (finding, line) in found, found


def assert_number_7_still_goes_out(office: Office, mailbox: Mailbox) -> None:
    """Nothing was sent, no row was lost, and the finalised bulletin reaches everybody once."""
    assert not mailbox.received, "something was sent"
    assert office.states() == dict.fromkeys(EVERYBODY, "queued")
    assert office.ask("send", "7", "--yes").code == 0
    assert sorted(by_address(mailbox)) == EVERYBODY


# ── The directory: faults 43 to 46, 48, 49 ────────────────────────────────────────────────────────

Edit = Callable[[str], str | bytes]


def person(row: str) -> Edit:
    """The directory with another entry in place of the second unit's person."""
    return lambda text: text.replace("{name: 联络员2, email: unit2@example.gov.cn}", row)


def address(value: str) -> Edit:
    return person(f"{{name: 联络员2, email: {value}}}")


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + chr(ord(name) - 1)] * 9)}]\n" for name in "bcdefghi"
)

BAD_DIRECTORIES = {
    "43 broken in the middle of an edit": (lambda t: t[: t.index("email: unit2")] + "ema", "yaml_syntax", 19),
    "43 emptied by the editor": (lambda t: "", "empty", 0),
    "44 cut at a line end, with a count": (lambda t: "count: 3\n" + "\n".join(t.split("\n")[:-4]) + "\n", "count", 1),
    "45 aliases that explode": (lambda t: BOMB + t, "alias", 1),
    "45 too large": (lambda t: t + "# " + "x" * 2_000_000, "too_large", 0),
    "45 nested deeply": (lambda t: "x: " + "[" * 50_000 + "\n" + t, "too_deep", 1),
    "45 a Python object": (lambda t: "x: !!python/object/apply:os.system ['true']\n" + t, "tag", 1),
    "46 a key twice": (lambda t: t + "  各单位:\n    direction: 送\n", "duplicate_key", 20),
    "46 no for a name": (person("{name: no, email: unit2@example.gov.cn}"), "unquoted", 19),
    "46 a time for a name": (person("{name: 12:30, email: unit2@example.gov.cn}"), "unquoted", 19),
    "46 a tab": (lambda t: t.replace("        people:", "\tpeople:", 1), "indent", 7),
    "46 GBK": (lambda t: t.encode("gb18030"), "encoding", 2),
    "46 a full-width at": (address("unit2＠example.gov.cn"), "address_fullwidth", 19),
    "48 a Chinese local part": (address("联络员@example.gov.cn"), "address_local", 19),
    "48 a space": (address("unit 2@example.gov.cn"), "address_space", 19),
    "48 three hundred characters": (address("u" * 300 + "@example.gov.cn"), "address_long", 19),
    "48 a second command": (address(r'"a@b.cn>\r\nRCPT TO:<evil@example.org"'), "address_control", 19),
    "49 an empty group": (
        lambda t: t[: t.index("    members:\n      - unit: 单位1")] + "    members: []\n",
        "empty",
        13,
    ),
    "49 nobody with an address": (
        lambda t: "\n".join(line.split(", email")[0] + "}" if ", email" in line else line for line in t.split("\n")),
        "nobody",
        1,
    ),
    "51 a line break in a name": (
        person(r'{name: "甲\r\nBcc: evil@example.org", email: u@example.gov.cn}'),
        "text_control",
        19,
    ),
    "51 a name that turns the direction": (
        person(r'{name: "甲\u202e乙", email: u@example.gov.cn}'),
        "text_control",
        19,
    ),
    "51 a coded name": (person('{name: "=?UTF-8?Q?=0A?=", email: u@example.gov.cn}'), "text_encoded", 19),
}


@pytest.mark.parametrize(("edit", "finding", "line"), BAD_DIRECTORIES.values(), ids=BAD_DIRECTORIES.keys())
def test_a_bad_directory_stops_every_door_until_it_is_mended(
    office: Office, mailbox: Mailbox, edit: Edit, finding: str, line: int
) -> None:
    file = office.folder / "recipients.yaml"
    good = file.read_text(encoding="utf-8")
    bad = edit(good)
    file.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
    office.write("next.md", GOOD)
    place = f"recipients.yaml:{line}" if line else "recipients.yaml"

    assert_told(office.ask("recipients", "check"), 2, place)
    for arguments in (("check", "next.md"), ("finalise", "next.md", "--yes"), ("send", "7", "--yes")):
        assert_told_as_json(office.ask(*arguments, "--json"), 2, "bad_file", finding, line)
    assert_told(office.ask("send", "next.md", "--yes"), 2, place)

    file.write_text(good, encoding="utf-8")
    assert_number_7_still_goes_out(office, mailbox)


def test_a_directory_cut_short_without_a_count_needs_a_yes(office: Office, mailbox: Mailbox) -> None:
    """Fault 44: what is left is valid, with fewer people; nothing but the loss itself gives it away."""
    file = office.folder / "recipients.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good[: good.index("      - unit: 单位2")], encoding="utf-8")
    assert_told(office.ask("send", "7", "--yes"), 5, "recipients.yaml", "1 removed")

    office.write("next.md", GOOD)
    for name in ("bulletin.md", "next.md"):
        assert_told(office.ask("finalise", name), 5, "not on the list any more: 1", "Check that the file is whole")
    told = office.ask("finalise", "next.md", "--json")
    assert (told.code, told.json["error"]["code"]) == (5, "not_confirmed")

    file.write_text(good, encoding="utf-8")
    assert_number_7_still_goes_out(office, mailbox)


def test_more_recipients_than_the_office_allows_are_refused(
    office: Office, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 49, and the day when a directory has swallowed another one."""
    office.write("next.md", GOOD)
    monkeypatch.setenv("DISTRIBUTOR_SEND__MAX_RECIPIENTS", "2")
    assert_told(office.ask("check", "next.md"), 5, "comes to 3 recipients; the limit is 2", "max_recipients")
    assert_told_as_json(
        office.ask("finalise", "next.md", "--yes", "--json"), 5, "not_signed_off", "too_many_recipients", 0
    )
    assert_number_7_still_goes_out(office, mailbox)


# ── The bulletin: faults 50, 53, 56 ───────────────────────────────────────────────────────────────


def titled(title: str) -> str:
    return GOOD.replace("云岭区巡河工作快报", title)


def with_picture(source: str) -> str:
    return GOOD.replace("编校：", f"![示意图]({source})\n\n编校：")


BAD_BULLETINS = {
    "50 a coded line break": (titled("快报=?UTF-8?Q?=0A?=Bcc: evil@example.org"), "header_unsafe", 1),
    "50 NUL": (titled("快\0报"), "undecodable", 1),
    "50 a control character": (titled("快\x1b[2J报"), "control_character", 1),
    "50 a line separator": (titled("快报\u2028Bcc: evil@example.org"), "line_separator", 1),
    "50 a bidirectional control": (titled("快\u202e报"), "bidi", 1),
    "50 a title too long for a subject": (titled("快" * 104 + "报"), "title_too_long", 1),
    "50 five thousand characters": (titled("快" * 4999 + "报"), "title_missing", 1),
    "50 a line break in the issuer": (GOOD.replace("河长制办公室", "河长制\x85办公室", 1), "line_separator", 5),
    "53 a picture above the folder": (with_picture("../../etc/passwd"), "picture_outside", 15),
    "53 an absolute path": (with_picture("/etc/passwd"), "picture_outside", 15),
    "53 an address of the inside": (with_picture("http://169.254.169.254/x.png"), "picture_remote", 15),
    "53 a file address": (with_picture("file:///etc/passwd"), "picture_remote", 15),
    "53 a link out of the folder": (with_picture("link.png"), "picture_outside", 15),
    "53 a picture that is none": (with_picture("fake.png"), "picture_kind", 15),
    "53 a drawing that can carry scripts": (with_picture("drawing.svg"), "picture_kind", 15),
    "53 a bomb": (with_picture("bomb.png"), "picture_bomb", 15),
    "53 a picture that is not there": (with_picture("none.png"), "picture_missing", 15),
    "56 a large picture": (with_picture("large.png"), "picture_too_big", 15),
    "56 sixty pictures": (
        GOOD.replace("编校：", "".join(f"![图{n}](dot{n}.png)\n\n" for n in range(60)) + "编校："),
        "pictures_too_many",
        115,
    ),
    "a bulletin without text": (GOOD[: GOOD.index("**石桥镇")] + GOOD[GOOD.index("编校：") :], "body_missing", 0),
    "an empty file": ("", "title_missing", 1),
}


def lay_out_pictures(folder: Path) -> None:
    """Pictures of every bad kind beside the bulletin."""
    dot = io.BytesIO()
    Image.new("RGB", (2, 2)).save(dot, "PNG")
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    for number in range(60):
        (folder / f"dot{number}.png").write_bytes(dot.getvalue())
    (folder / "bomb.png").write_bytes(bomb.getvalue())
    (folder / "large.png").write_bytes(dot.getvalue() + b"\0" * 6_000_000)
    (folder / "fake.png").write_text("no picture", encoding="utf-8")
    (folder / "drawing.svg").write_text("<svg onload='alert(1)'/>", encoding="utf-8")
    (folder / "link.png").symlink_to("/etc/passwd")


@pytest.mark.parametrize(("text", "finding", "line"), BAD_BULLETINS.values(), ids=BAD_BULLETINS.keys())
def test_a_bad_bulletin_is_refused_at_every_door(
    office: Office, mailbox: Mailbox, text: str, finding: str, line: int
) -> None:
    if "picture" in finding:
        lay_out_pictures(office.folder)
    office.write("next.md", text)
    place = f"next.md:{line}" if line else "next.md"

    checked = office.ask("check", "next.md", "--json")
    assert checked.code == 5, checked
    assert (finding, line) in [(found["code"], found["line"]) for found in checked.json["findings"]]
    assert_told(office.ask("check", "next.md"), 5, place)
    assert_told_as_json(office.ask("finalise", "next.md", "--yes", "--json"), 5, "not_signed_off", finding, line)
    assert_told(office.ask("send", "next.md", "--yes"), 5, place)
    assert len(office.ask("status", "--json").json["bulletins"]) == 1
    assert_number_7_still_goes_out(office, mailbox)


def test_a_letter_larger_than_allowed_is_refused_with_its_size(
    office: Office, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 56: the size is known before anything is frozen."""
    noise = io.BytesIO()
    Image.effect_noise((600, 600), 100).save(noise, "PNG")
    (office.folder / "noise.png").write_bytes(noise.getvalue())
    office.write("next.md", with_picture("noise.png"))
    monkeypatch.setenv("DISTRIBUTOR_SEND__MAX_MESSAGE_BYTES", "200000")
    assert_told(office.ask("send", "next.md", "--yes"), 5, "the limit is 200000", "Use fewer or smaller pictures")
    assert_number_7_still_goes_out(office, mailbox)


# ── Fault 55, and the files around the bulletin ──────────────────────────────────────────────────


def test_a_bulletin_edited_after_approval_is_not_sent(tmp_path: Path, mailbox: Mailbox) -> None:
    with serving(mailbox) as port:
        office = Office(tmp_path / "own", port=port)
        assert office.ask("finalise", "bulletin.md").code == 0
        good = (office.folder / "bulletin.md").read_text(encoding="utf-8")
        office.write("bulletin.md", good.replace("6处", "9处"))
        for how in ("7", "bulletin.md"):
            assert_told(office.ask("send", how, "--yes"), 5, "bulletin.md", "Finalise it again")
            told = office.ask("send", how, "--yes", "--json")
            assert (told.code, told.json["error"]["code"]) == (5, "changed_since")
        office.write("bulletin.md", good)
        assert_number_7_still_goes_out(office, mailbox)


BAD_SETTINGS = {
    "a misspelt key": ('phone = "010', 'phnoe = "010', "unknown_key", 5),
    "a broken line": ('phone = "010', "phone = 010", "toml_syntax", 5),
    "no such zone": ("[smtp.main]", 'timezone = "Asia/Shanghia"\n[smtp.main]', "timezone", 7),
    "a password in the file": ("connections", 'password = "x"\nconnections', "secret_in_file", 11),
    "plain text abroad": ('host = "127.0.0.1"', 'host = "smtp.example.gov.cn"', "plain_text", 10),
}


@pytest.mark.parametrize(("old", "new", "finding", "line"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_bad_settings_stop_every_door_until_they_are_mended(
    office: Office, mailbox: Mailbox, old: str, new: str, finding: str, line: int
) -> None:
    good = (office.folder / "distributor.toml").read_text(encoding="utf-8")
    assert old in good
    office.write("distributor.toml", good.replace(old, new, 1))
    for arguments in (("check", "bulletin.md"), ("send", "7", "--yes"), ("status", "7")):
        assert_told(office.ask(*arguments), 2, f"distributor.toml:{line}")
        assert_told_as_json(office.ask(*arguments, "--json"), 2, "bad_file", finding, line)
    office.write("distributor.toml", good)
    assert_number_7_still_goes_out(office, mailbox)


def test_the_command_itself_says_it_without_a_traceback(tmp_path: Path) -> None:
    """Once through a process of its own: exit codes and streams are what a shell sees."""
    office = Office(tmp_path)
    office.write("recipients.yaml", "groups:\n  区领导:\n    direction: 上\n")
    for form in ((), ("--json",)):
        refused = office.run("finalise", "bulletin.md", "--yes", *form)
        assert refused.code == 2
        assert "Traceback" not in refused.out + refused.err
    assert json.loads(refused.out)["error"]["problems"][0]["line"] == 3
    assert refused.err == ""
