"""`distributor article`: what an editor types, what is asked, what is said, and with which exit code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.simulators.faults import LostAfter, Refuse
from tests.acceptance.office import Office, Ran
from tests.integration.newsroom import picture, text_with_picture
from tests.integration.test_article_doctor import beside
from tests.simulators.running import APP_ID, APP_SECRET, RunningAccount

ACCOUNT = """
[official_account.main]
app_id = "{app_id}"
secret_file = "wechat"
base_url = "{base_url}"
preview_to = "editor"
"""


@pytest.fixture
def platform() -> Iterator[RunningAccount]:
    with beside() as running:
        yield running


@pytest.fixture
def office(tmp_path: Path, platform: RunningAccount) -> Office:
    """An office with an account; its bulletin is finalised."""
    made = Office(tmp_path / "office")
    settings = (made.folder / "distributor.toml").read_text(encoding="utf-8")
    made.write("distributor.toml", settings + ACCOUNT.format(app_id=APP_ID, base_url=platform.base_url))
    made.write("wechat", APP_SECRET).chmod(0o600)
    assert made.call("finalise", "bulletin.md", "--yes") == 0
    return made


def article(office: Office, *arguments: str) -> Ran:
    return office.ask("article", "7", *arguments)


def test_without_an_article_it_says_how_to_begin(office: Office) -> None:
    ran = article(office)
    assert (ran.code, "--draft" in ran.out) == (4, True)


def test_an_editor_goes_step_by_step_to_the_address(office: Office, platform: RunningAccount) -> None:
    assert article(office, "--draft", "--preview").code == 0
    assert len(platform.platform.account.previews) == 1
    published = article(office, "--publish", "--yes")
    assert (published.code, len(platform.platform.account.published)) == (3, 1)
    platform.platform.outgoing.finish_publishing()
    looked = article(office, "--look")
    assert looked.code == 0
    assert "https://mp.weixin.qq.com/s/" in looked.out
    shown = article(office, "--json").json["articles"][0]
    assert shown["state"] == "published"
    assert [(step["step"], step["result"]) for step in shown["steps"]] == [
        ("draft", "done"),
        ("preview", "done"),
        ("publish", "done"),
    ]
    assert APP_SECRET not in looked.out + article(office, "--json").out
    again = article(office, "--publish", "--yes")
    assert (again.code, len(platform.platform.account.published)) == (5, 1)


@pytest.mark.parametrize("step", ["--publish", "--mass-send"])
def test_nothing_irrevocable_happens_without_a_yes(office: Office, platform: RunningAccount, step: str) -> None:
    article(office, "--draft")
    ran = article(office, step)
    assert ran.code == 5
    assert (platform.platform.account.published, platform.platform.account.mass_sent) == ([], [])


@pytest.mark.parametrize(
    ("path", "steps", "code"),
    [
        ("/cgi-bin/draft/add", ["--draft"], 48001),
        ("/cgi-bin/media/uploadimg", ["--draft"], 40005),
        ("/cgi-bin/material/add_material", ["--draft"], 45009),
        ("/cgi-bin/message/mass/preview", ["--draft", "--preview"], 43004),
        ("/cgi-bin/freepublish/submit", ["--draft", "--publish", "--yes"], 48001),
        ("/cgi-bin/message/mass/sendall", ["--draft", "--mass-send", "--yes"], 45028),
        ("/cgi-bin/stable_token", ["--draft"], 40164),
    ],
)
def test_success_is_never_said_over_an_errcode(
    office: Office, platform: RunningAccount, path: str, steps: list[str], code: int
) -> None:
    platform.platform.faults.script(path, *[Refuse(code)] * 3)
    if path.endswith("uploadimg"):
        with_picture(office)
    ran = article(office, *steps)
    assert ran.code == 5
    assert str(code) in ran.err
    assert (platform.platform.account.published, platform.platform.account.mass_sent) == ([], [])


def with_picture(office: Office) -> None:
    office.write("bulletin.md", text_with_picture())
    (office.folder / "图.png").write_bytes(picture(1))
    assert office.call("finalise", "bulletin.md", "--yes") == 0


def test_a_doubt_is_said_with_an_exit_code_of_its_own(office: Office, platform: RunningAccount) -> None:
    platform.platform.faults.script("/cgi-bin/freepublish/submit", LostAfter())
    ran = article(office, "--draft", "--publish", "--yes")
    assert (ran.code, "not sent again" in ran.err) == (6, True)
    assert article(office).code == 3


def test_status_shows_the_article_beside_the_books(office: Office) -> None:
    article(office, "--draft")
    assert "公众号 main" in office.ask("status", "7").out
    document = office.ask("status", "7", "--json").json
    assert [one["state"] for one in document["articles"]] == ["drafted"]
    assert document["books"]["planned"] == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["--publish", "--mass-send"],
        ["--arrived", "--lost"],
        ["--arrived", "--draft"],
        ["--draft", "--account", "other"],
    ],
    ids=" ".join,
)
def test_contradictions_are_refused(office: Office, arguments: list[str]) -> None:
    assert article(office, *arguments).code == 2


def test_without_a_doubt_there_is_nothing_to_settle(office: Office) -> None:
    assert article(office, "--lost", "--yes").code == 2
    article(office, "--draft")
    assert article(office, "--lost", "--yes").code == 5


def test_without_an_account_it_says_which_table_to_write(tmp_path: Path) -> None:
    plain = Office(tmp_path / "plain")
    plain.call("finalise", "bulletin.md", "--yes")
    ran = plain.ask("article", "7", "--draft")
    assert (ran.code, "[official_account.main]" in ran.err) == (2, True)
