"""A typical day in both languages: in Chinese nothing of ours is left in English, and nothing is left unfilled.

Data (names, paths, commands in backticks, the mail server's own words) stays as it is in either language.
"""

import re
from pathlib import Path

import pytest

from distributor.cli.mailbox import Mailbox, serving
from tests.acceptance.office import BULLETIN, Office, Ran

Day = dict[str, Ran]

DRAFT = BULLETIN.format(number=8).replace("核签：陆建", "核签：").replace("报：区委", "报：区气象局、区委")


def spend_a_day(folder: Path, lang: str) -> Day:
    """What people do and what goes wrong, one command after the other."""
    day: Day = {}
    mailbox = Mailbox(folder / "mailbox")
    with serving(mailbox) as port:
        office = Office(folder / "office", port=port)

        def do(step: str, *arguments: str, code: int) -> None:
            day[step] = office.ask(*arguments, lang=lang)
            assert day[step].code == code, (step, day[step])

        do("begin", "init", str(folder / "fresh"), code=0)
        do("begin again", "init", str(folder / "fresh"), code=4)
        do("an empty list", "status", code=4)
        do("check", "check", "bulletin.md", code=0)
        office.write("draft.md", DRAFT)
        do("check a draft", "check", "draft.md", code=5)
        do("finalise a draft", "finalise", "draft.md", code=5)
        do("preview", "preview", "bulletin.md", "--out", str(folder / "seen"), code=0)
        do("check the directory", "recipients", "check", code=0)
        do("list the directory", "recipients", "list", code=0)
        do("finalise", "finalise", "bulletin.md", code=0)
        do("finalise again", "finalise", "bulletin.md", code=4)
        do("send without a yes", "send", "7", code=5)
        do("rehearse", "send", "7", "--dry-run", code=0)
        do("try", "send", "7", "--test-to", "editor@example.gov.cn", code=0)
        do("a wrong name", "send", "7", "--only", "联络员22", "--yes", code=2)
        do("send a part", "send", "7", "--group", "区领导", "--yes", code=0)
        do("status of a part", "status", "7", code=3)
        do("withdraw", "cancel", "7", "--only", "单位2", "--yes", code=0)
        text = (office.folder / "recipients.yaml").read_text(encoding="utf-8")
        office.write("recipients.yaml", text.replace("联络员1, email: unit1@", "联络员9, email: unit9@"))
        do("recipients edited", "send", "7", "--yes", code=5)
        office.write("recipients.yaml", text.replace("email: unit1@", "emial: unit1＠"))
        do("a slip in the directory", "recipients", "check", code=2)
        office.write("recipients.yaml", text)
        do("send", "send", "7", "--yes", code=0)
        do("send again", "send", "7", "--yes", code=4)
        do("status", "status", "7", code=0)
        do("list", "status", code=0)
        do("why", "why", "单位1", "7", code=0)
        do("why nobody", "why", "谁", code=2)
        do("resolve nothing", "resolve", "单位1", "7", "--lost", code=4)
        do("resolve how", "resolve", "单位1", "7", code=2)
        office.write("bulletin.md", BULLETIN.format(number=7).replace("6处", "9处"))
        do("text edited", "send", "bulletin.md", code=5)
        do("finalise what is sent", "finalise", "bulletin.md", code=5)
        do("correct", "finalise", "bulletin.md", "--correction", code=0)
        do("misuse", "status", "--vigorously", code=2)
    settings = (office.folder / "distributor.toml").read_text(encoding="utf-8")
    # The mailbox's own port may be somebody else's by now; on this one nobody listens.
    office.write("distributor.toml", settings.replace(f"port = {port}\n", "port = 1\n"))
    do("server down", "send", "7", "--yes", code=6)
    do("why not", "why", "领导1", "7", code=0)
    office.write("distributor.toml", "[office\n")
    do("a slip in the settings", "status", code=2)
    return day


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Day]:
    """The same day in both languages, on a terminal so wide that no sentence is broken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "400")
        return {lang: spend_a_day(tmp_path_factory.mktemp(lang), lang) for lang in ("zh", "en")}


#: Commands, quoted texts of the office, paths and addresses, and what other programs said.
NOT_OURS = re.compile(
    r"`[^`]*`|\S*[/@]\S*|\[\S+\]|\(line \d+, column \d+\)"
    r"|250 2\.0\.0 kept|Connect call failed|Errno \d+"
    r"|Expected '\]' at the end of a table declaration"
    r"|--[a-z-]+|distributor\.toml|recipients\.yaml|max_recipients"
)
ENGLISH = re.compile(r"\b[A-Za-z]{2,}(?:[ ,;:]+[A-Za-z]{2,})+\b")
STATES = re.compile(r"\b(queued|claimed|sending|deferred|accepted|delivered|bounced|failed|unknown|cancelled)\b")


def spoken(ran: Ran) -> str:
    """What a person reads, without what is not ours."""
    return NOT_OURS.sub(" ", ran.out + ran.err)


def test_in_chinese_nothing_of_ours_is_english(days: dict[str, Day]) -> None:
    left = {
        step: found
        for step, ran in days["zh"].items()
        if (found := [*ENGLISH.findall(spoken(ran)), *STATES.findall(spoken(ran))])
    }
    assert not left


def test_every_sentence_in_chinese_is_chinese(days: dict[str, Day]) -> None:
    """A line with letters in it has Chinese in it too, unless it is data from end to end."""
    wrong = [
        (step, line)
        for step, ran in days["zh"].items()
        for line in spoken(ran).splitlines()
        if re.search(r"[A-Za-z]{3,}", line) and not re.search("[\u4e00-\u9fff]", line)
    ]
    assert not wrong


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_gap_is_left_unfilled(days: dict[str, Day], lang: str) -> None:
    for step, ran in days[lang].items():
        assert not re.search(r"\{\w+\}|Words\(", ran.out + ran.err), step


def test_the_two_languages_say_different_words_and_come_to_the_same(days: dict[str, Day]) -> None:
    for step, ran in days["en"].items():
        other = days["zh"][step]
        assert ran.code == other.code
        assert ran.out + ran.err != other.out + other.err, step


def test_every_refusal_says_what_to_do(days: dict[str, Day]) -> None:
    for day in days.values():
        for step, ran in day.items():
            if step == "resolve how":  # the sentence is the advice
                continue
            assert ran.code not in (2, 5) or "→ " in ran.out + ran.err, (step, ran)


@pytest.mark.parametrize(
    "command", [(), ("resolve",), ("demo",), ("recipients",), ("recipients", "check")], ids=" ".join
)
def test_a_help_page_is_chinese_but_for_what_is_typed(tmp_path: Path, command: tuple[str, ...]) -> None:
    page = Office(tmp_path).run(*command, "--help", lang="zh").out
    described = [line for line in page.splitlines() if "│" in line]
    assert described
    assert [line for line in described if not re.search("[\u4e00-\u9fff]", line)] == []
    assert [line for line in described if re.search(r"\[[a-z]", line)] == []
