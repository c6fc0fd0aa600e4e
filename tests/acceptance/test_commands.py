"""Every command's contract: its JSON keys, its exit codes, its help, and what it leaves alone."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from distributor import __version__
from distributor.cli.mailbox import Mailbox
from tests.acceptance.letterbox import by_address
from tests.acceptance.office import BULLETIN, Office
from tests.channels.server import ScriptedServer, TakeAndDrop

COMMANDS = (
    (),
    ("init",),
    ("check",),
    ("preview",),
    ("pdf",),
    ("finalise",),
    ("send",),
    ("status",),
    ("why",),
    ("resolve",),
    ("retry",),
    ("cancel",),
    ("demo",),
    ("recipients",),
    ("recipients", "check"),
    ("recipients", "list"),
    ("templates",),
    ("templates", "check"),
    ("schedule",),
)

# ── JSON: these keys are promised to scripts; a change here is a change of the contract ──────────

PROBLEM = {"code", "grade", "file", "line", "column", "paragraph", "near", "what", "do"}
BULLETIN_KEYS = {
    "id",
    "title",
    "number",
    "kind",
    "year",
    "edition",
    "digest",
    "recipients_digest",
    "finalised_at",
    "released_at",
    "valid_until",
    "send_at",
}
TRIED = {"templates", "examples", "made", "findings", "errors", "warnings"}
LETTER = {"group", "direction", "subject", "html_bytes", "findings"}
BOOKS = {"planned", "by_state", "open", "unknown", "balanced", "finished"}
STATUS = {"bulletin", "books", "next_due", "dispatches", "deliveries", "recipients", "articles"}
DISPATCH = {"group", "direction", "channel", "hold", "books"}
DELIVERY = {
    "id",
    "recipient",
    "name",
    "unit",
    "role",
    "people",
    "group",
    "credited",
    "direction",
    "channel",
    "address",
    "state",
    "reason",
    "next_attempt_at",
    "changed_at",
    "attempts",
    "evidence",
    "ladder",
    "receipts",
}
ATTEMPT = {"number", "started_at", "ended_at", "account", "verdict", "fault", "stage", "reply"}
PLAN = {"bulletin", "to_send", "waiting", "unknown", "groups", "previous", "changes"}
GROUP_PLAN = {"group", "direction", "to_send", "waiting", "settled", "unknown", "hold"}
CHANGES = {"added", "removed", "moved", "readdressed", "renamed", "shrink"}
ERROR = {"code", "what", "do", "place", "problems"}
RECIPIENT = {"recipient", "name", "unit", "role", "people", "group", "direction", "credited", "channel", "address"}
MODEL = {
    "title",
    "issue_no",
    "total_no",
    "issuer",
    "date",
    "sections",
    "editor",
    "approver",
    "report_to",
    "send_to",
    "distribute_to",
    "contact",
    "roles",
}


def told(office: Office, *arguments: str, code: int = 0) -> Any:
    """Runs a command with --json; it says its JSON and nothing else on standard output."""
    ran = office.ask(*arguments, "--json")
    assert ran.code == code, ran
    return ran.json


def assert_status(document: Any) -> None:
    assert document.keys() >= STATUS
    assert document["bulletin"].keys() == BULLETIN_KEYS
    assert document["books"].keys() == BOOKS
    for dispatch in document["dispatches"]:
        assert (dispatch.keys(), dispatch["books"].keys()) == (DISPATCH, BOOKS)
    for delivery in document["deliveries"]:
        assert delivery.keys() == DELIVERY
        for attempt in delivery["attempts"]:
            assert (attempt.keys(), attempt["reply"].keys()) == (ATTEMPT, {"code", "enhanced", "text"})


def assert_plan(plan: Any) -> None:
    assert (plan.keys(), plan["bulletin"].keys()) == (PLAN, BULLETIN_KEYS)
    assert all(group.keys() == GROUP_PLAN for group in plan["groups"])
    assert plan["previous"] is None or plan["previous"].keys() == BULLETIN_KEYS
    assert plan["changes"] is None or plan["changes"].keys() == CHANGES


def test_looking_at_a_bulletin_answers_with_these_keys(office: Office) -> None:
    office.write("bulletin.md", BULLETIN.format(number=7).replace("发：各镇人民政府", "发：区气象局、各镇人民政府"))
    checked = told(office, "check", "bulletin.md")
    assert checked.keys() == {"file", "digest", "bulletin", "findings", "letters", "errors", "warnings"}
    assert checked["letters"] == []
    assert checked["bulletin"].keys() >= MODEL
    assert (checked["errors"], checked["warnings"]) == (0, 1)
    assert checked["findings"][0].keys() == PROBLEM
    alone = told(office, "check", "bulletin.md", "--text-only")
    assert (alone.keys(), alone["warnings"]) == (checked.keys(), 0)

    seen = told(office, "preview", "bulletin.md", "--out", str(office.folder / "seen"))
    assert seen.keys() == {"index", "letters", "messages", "findings"}
    assert all(letter.keys() == {*LETTER, "recipients"} for letter in seen["letters"])
    letters = told(office, "check", "bulletin.md", "--email")["letters"]
    assert [(letter.keys(), letter["findings"]) for letter in letters] == [(LETTER, [])] * len(letters) != []
    assert Path(seen["index"]).is_file()
    assert office.ask("status").code == 4, "looking has stored something"


def test_trying_the_templates_answers_with_these_keys(office: Office) -> None:
    assert told(office, "templates", "check").keys() == TRIED
    file = office.write("own/email/报/subject.txt", "{{ bulletin.titel }}")
    tried = told(office, "templates", "check", str(office.folder / "own"), code=5)
    (finding,) = tried["findings"]
    assert (finding.keys(), finding["file"], finding["line"]) == (PROBLEM, str(file), 1)
    assert (tried["errors"], tried["warnings"]) == (1, 0)


def test_the_directory_answers_with_these_keys(office: Office) -> None:
    checked = told(office, "recipients", "check", "--bulletin", str(office.folder / "bulletin.md"))
    assert checked.keys() == {"groups", "recipients", "warnings"}
    listed = told(office, "recipients", "list")
    assert listed.keys() == {"recipients"}
    assert [recipient.keys() for recipient in listed["recipients"]] == [RECIPIENT] * 3


def test_sending_answers_with_these_keys(office: Office) -> None:
    frozen = told(office, "finalise", "bulletin.md")
    assert frozen.keys() == {"bulletin", "again", "replaced", "recipients", "warnings"}
    assert frozen["bulletin"].keys() == BULLETIN_KEYS
    assert frozen["recipients"].keys() == {"added", "cancelled", "kept", "withdrawn"}
    rehearsed = told(office, "send", "7", "--dry-run")
    assert rehearsed.keys() == {"dry_run", "plan", "letters", "largest_bytes", "total_bytes"}
    assert_plan(rehearsed["plan"])
    tried = told(office, "send", "7", "--test-to", "a@example.gov.cn")
    assert tried.keys() == {"trials"}
    assert tried["trials"][0].keys() == {"group", "subject", "verdict", "reply"}

    sent = told(office, "send", "7", "--yes")
    assert sent.keys() == {"sent", "plan", "stopped_by", "accounts", *STATUS}
    assert_plan(sent["plan"])
    assert_status(sent)
    again = told(office, "send", "7", "--yes", code=4)
    assert again.keys() == {"sent", "plan", *STATUS}
    assert (sent["sent"], again["sent"]) == (True, False)

    office.write("next.md", BULLETIN.format(number=8))
    told(office, "finalise", "next.md")
    assert_plan(told(office, "send", "8", "--dry-run")["plan"])
    assert_status(told(office, "status", "7"))
    listed = told(office, "status")
    assert listed.keys() == {"bulletins", "paused", "left_alone"}
    assert [entry.keys() for entry in listed["bulletins"]] == [{*BULLETIN_KEYS, "books"}] * 2
    asked = told(office, "why", "单位1")
    assert asked.keys() == {"deliveries"}
    assert [entry.keys() for entry in asked["deliveries"]] == [{*DELIVERY, "bulletin", "advice"}] * 2


def test_decisions_answer_with_these_keys(office: Office) -> None:
    told(office, "finalise", "bulletin.md")
    withdrawn = told(office, "cancel", "7", "--yes")
    assert withdrawn.keys() == {"decision", "moved", "left", "holds_lifted"}
    assert [moved.keys() for moved in withdrawn["moved"]] == [DELIVERY] * 3
    assert told(office, "cancel", "7", "--yes", code=4).keys() == withdrawn.keys()
    assert told(office, "retry", "7", "--only", "单位1", "--yes").keys() == withdrawn.keys()


ERRORS = {
    "no such file": (("check", "nothing.md"), 2, "bad_input"),
    "nothing finalised": (("status", "7"), 2, "bad_input"),
    "nobody of that name": (("why", "谁"), 2, "bad_input"),
    "not confirmed": (("send", "bulletin.md"), 5, "not_confirmed"),
    "no flag": (("resolve", "单位1"), 2, "bad_input"),
    "an argument is missing": (("finalise",), 2, "usage"),
    "an option is unknown": (("status", "--vigorously"), 2, "usage"),
}


@pytest.mark.parametrize(("arguments", "code", "name"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_answers_with_these_keys(office: Office, arguments: tuple[str, ...], code: int, name: str) -> None:
    error = told(office, *arguments, code=code)
    assert error.keys() == {"error"}
    assert error["error"].keys() == ERROR
    assert error["error"]["code"] == name
    assert error["error"]["what"]


# ── Help, and a fresh folder ──────────────────────────────────────────────────────────────────────

ALL_HELP = """\
import json, sys, io, contextlib
from distributor.cli import main
pages = {}
for command in json.loads(sys.argv[1]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main([*command, "--help"])
    pages[" ".join(command)] = [code, out.getvalue()]
json.dump(pages, sys.stdout)
"""


def help_pages(office: Office, lang: str) -> dict[str, tuple[int, str]]:
    """The help of every command, as a process that starts in this language shows it."""
    ran = subprocess.run(
        [sys.executable, "-c", ALL_HELP, json.dumps(COMMANDS)],
        env=office._environ(lang),
        cwd=office.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: (code, page) for name, (code, page) in json.loads(ran.stdout).items()}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_command_explains_itself(tmp_path: Path, lang: str) -> None:
    for name, (code, page) in help_pages(Office(tmp_path), lang).items():
        assert code == 0, name
        assert name in page
        assert "--help" in page
        described = any("\u4e00" <= char <= "\u9fff" for char in page.replace("简报", "").replace("报/送/发", ""))
        assert described or lang == "en", f"{name} is not explained in Chinese"


def test_the_version_is_the_package_s(tmp_path: Path) -> None:
    office = Office(tmp_path)
    assert office.ask("--version").out == f"distributor {__version__}\n"


def test_a_fresh_folder_works_as_it_is(tmp_path: Path) -> None:
    """Through the real command, in a folder with nothing in it."""
    office = Office(tmp_path / "unused")
    office.folder = tmp_path / "fresh"
    office.folder.mkdir()
    assert office.run("init").code == 0
    assert office.run("recipients", "check").code == 0
    checked = office.run("check", "examples/river-12.md")
    assert (checked.code, "Nothing looks wrong." in checked.out) == (0, True), checked
    assert office.run("preview", "examples/river-12.md").code == 0
    assert (office.folder / "out" / "preview" / "index.html").is_file()
    assert (office.folder / "secrets" / "token.key").stat().st_mode & 0o077 == 0


def test_a_second_init_keeps_what_is_there(tmp_path: Path) -> None:
    office = Office(tmp_path / "unused")
    folder = tmp_path / "fresh"
    first = told(office, "init", str(folder))
    assert first["made"] == ["distributor.toml", "recipients.yaml", "calendar.yaml", "examples", "inbox"]
    assert not list((folder / "inbox").iterdir())
    key = (folder / "secrets" / "token.key").read_bytes()
    (folder / "recipients.yaml").write_text("# mine\n", encoding="utf-8")
    (folder / "examples" / "river-12.md").unlink()
    again = told(office, "init", str(folder), code=4)
    assert (again["made"], again["kept"]) == ([], first["made"])
    assert (folder / "recipients.yaml").read_text(encoding="utf-8") == "# mine\n"
    assert (folder / "secrets" / "token.key").read_bytes() == key
    assert told(office, "init", str(folder), "--templates")["made"] == ["templates"]


# ── What a person decides ─────────────────────────────────────────────────────────────────────────


def test_why_names_nobody_it_does_not_know(office: Office) -> None:
    told(office, "finalise", "bulletin.md")
    unknown = office.ask("why", "联络员99")
    assert unknown.code == 2
    assert "Nobody called 联络员99" in unknown.err
    assert "recipients list" in unknown.err


@pytest.mark.parametrize("flags", [(), ("--arrived", "--lost"), ("--arrived", "--resend", "--lost")])
def test_resolve_needs_exactly_one_flag(office: Office, flags: tuple[str, ...]) -> None:
    told(office, "finalise", "bulletin.md")
    refused = office.ask("resolve", "单位1", "7", *flags)
    assert refused.code == 2
    assert "exactly one of --arrived, --resend or --lost" in refused.err


def test_resolve_settles_only_what_is_unknown(office: Office) -> None:
    told(office, "send", "bulletin.md", "--yes")
    assert told(office, "resolve", "单位1", "7", "--lost", code=4)["moved"] == []
    assert set(office.states().values()) == {"accepted"}


@pytest.mark.parametrize(
    ("flag", "state", "code"), [("--arrived", "accepted", 0), ("--lost", "failed", 0), ("--resend", "queued", 0)]
)
async def test_a_copy_in_doubt_is_settled_by_a_person(tmp_path: Path, flag: str, state: str, code: int) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port, connections=1)
        server.plan("DOT", TakeAndDrop(), address="unit1@example.gov.cn")
        sent = await asyncio.to_thread(office.ask, "send", "bulletin.md", "--yes")
        assert sent.code == 3
        assert "In doubt: 1" in sent.out
        again = await asyncio.to_thread(office.ask, "send", "7", "--yes")
        assert again.code == 3, "an unknown copy was sent again by itself"
        assert len(by_address(server)) == 3
        resolved = await asyncio.to_thread(office.ask, "resolve", "单位1", "7", flag)
        assert resolved.code == code
        assert office.states()["unit1@example.gov.cn"] == state
        assert office.audit()[-1].action == f"delivery.{flag.removeprefix('--')}"


def test_cancel_withdraws_only_what_has_not_gone_out(office: Office, mailbox: Mailbox) -> None:
    told(office, "finalise", "bulletin.md")
    told(office, "send", "7", "--only", "单位1", "--yes")
    withdrawn = told(office, "cancel", "7", "--yes")
    assert sorted(moved["address"] for moved in withdrawn["moved"]) == [
        "leader1@example.gov.cn",
        "unit2@example.gov.cn",
    ]
    assert office.states() == {
        "leader1@example.gov.cn": "cancelled",
        "unit1@example.gov.cn": "accepted",
        "unit2@example.gov.cn": "cancelled",
    }
    assert office.ask("send", "7", "--yes").code == 4
    assert list(by_address(mailbox)) == ["unit1@example.gov.cn"]


def test_cancel_asks_first(office: Office) -> None:
    told(office, "finalise", "bulletin.md")
    assert office.ask("cancel", "7").code == 5
    assert set(office.states().values()) == {"queued"}


def test_retry_does_not_release_what_was_never_sent(office: Office, mailbox: Mailbox) -> None:
    told(office, "finalise", "bulletin.md")
    told(office, "send", "7", "--only", "单位1", "--yes")
    assert told(office, "retry", "7", "--yes", code=4)["moved"] == []
    assert {copy.next_attempt_at for copy in office.deliveries() if copy.state.value == "queued"} == {None}
    assert list(by_address(mailbox)) == ["unit1@example.gov.cn"]


def test_retry_brings_nobody_back_who_was_withdrawn_unless_named(office: Office, mailbox: Mailbox) -> None:
    told(office, "finalise", "bulletin.md")
    told(office, "cancel", "7", "--yes")
    assert told(office, "retry", "7", "--yes", code=4)["moved"] == []
    told(office, "retry", "7", "--only", "单位1", "--yes")
    assert office.states()["unit1@example.gov.cn"] == "queued"
    assert office.ask("send", "7", "--yes").code == 0
    assert list(by_address(mailbox)) == ["unit1@example.gov.cn"]


def test_two_publications_with_one_number_are_told_apart(office: Office) -> None:
    office.write("other.md", BULLETIN.format(number=7).replace("巡河工作快报", "护林工作快报"))
    told(office, "finalise", "bulletin.md")
    told(office, "finalise", "other.md")
    doubt = office.ask("send", "7", "--yes")
    assert doubt.code == 2
    assert "can mean several bulletins" in doubt.err
    assert "#2" in doubt.err
    assert told(office, "status", "#2", code=3)["bulletin"]["title"] == "云岭区护林工作快报 第7期"
    assert told(office, "status", str(office.folder / "other.md"), code=3)["bulletin"]["id"] == 2
