"""What the READMEs show is what happens: their commands are run in order, in both languages, in a folder of their own.

Two commands are recognised and not run here: `make test` runs this very test, and `make demo` installs first;
its recipe, `distributor demo`, is run in its place. `.ci/run` runs both as written. A scripted SMTP server on
loopback stands in for the relay, and for the mailbox that the READMEs start.

The English commands are run by a shell, as a person gives them. The Chinese README has the same ones, which a test
here holds; they are run within this process, because starting the program thirty more times proves nothing new.
"""

import asyncio
import contextlib
import io
import os
import pty
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from unittest import mock

import pytest

from distributor.cli import main
from distributor.cli.exits import Exit
from distributor.delivery.state import State
from distributor.recipients.file import load_directory
from distributor.settings.file import load_settings
from tests.acceptance.readme import ROOT, Block, Command, blocks, commands, text_of
from tests.channels.server import Say, ScriptedServer, TakeAndDrop

LANGUAGES = ("en", "zh")
FOLDERS = (Path(sys.executable).parent, *map(Path, os.environ["PATH"].split(os.pathsep)))

#: Commands with another one in their place; None: nothing is run.
IN_PLACE = {"make demo": "distributor demo", "make test": None, ". .venv/bin/activate": None}

MAILBOX = "python -m aiosmtpd "
TROUBLE = "distributor send 增刊第2期 --group "


class Keyboard(io.StringIO):
    """A terminal to read answers from."""

    def isatty(self) -> bool:
        return True


@dataclass
class Newcomer:
    """Follows a README in an empty folder: runs its commands, writes its files."""

    folder: Path
    language: str
    server: ScriptedServer
    environment: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    async def follow(self, block: Block) -> None:
        if block.kind in ("toml", "yaml"):
            (self.folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.kind == "console":
            for command in commands(block):
                await self.obey(command)

    async def obey(self, command: Command) -> None:
        line = IN_PLACE.get(command.line, command.line)
        if line is None or line.startswith(MAILBOX):
            assert not command.shown
        elif line.startswith("cd "):
            self.folder /= line.removeprefix("cd ")
        elif line.startswith("export "):
            self.environment |= dict(pair.split("=", 1) for pair in shlex.split(line)[1:])
        else:
            if line.startswith(TROUBLE):
                self.make_trouble()
            await self.run(line, command)
        self.done.append(command.line)

    def make_trouble(self) -> None:
        """What the READMEs tell of: one address is not known, and the line breaks after the dot of another letter."""
        self.server.plan("RCPT", Say("550 5.1.1 no such mailbox"), address="fangqiming@example.gov.cn")
        self.server.plan("DOT", TakeAndDrop(), address="suhe@example.gov.cn")

    async def run(self, line: str, command: Command) -> None:
        at_once = self.language == "zh" and line.startswith("distributor ")
        code, output = await asyncio.to_thread(self._here if at_once else self._shell, line, command.answers)
        assert code == command.code, f"$ {line}\n{output}"
        missing = command.missing(output)
        assert missing is None, f"$ {line}\ndoes not say:\n{missing}\nbut:\n{output}"

    def _shell(self, line: str, answers: int) -> tuple[int, str]:
        """Runs one line where a person sits at the keyboard, who says yes as often as the README does."""
        keyboard, stdin = pty.openpty()
        try:
            os.write(keyboard, b"y\n" * answers)
            ran = subprocess.run(
                ["/bin/sh", "-c", line],
                cwd=self.folder,
                env=self._environ(),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
            )
        finally:
            os.close(stdin)
            os.close(keyboard)
        return ran.returncode, ran.stdout

    def _here(self, line: str, answers: int) -> tuple[int, str]:
        """Runs one command of the program within this process, with the same surroundings."""
        output = io.StringIO()
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, self._environ(), clear=True),
            mock.patch("sys.stdin", Keyboard("y\n" * answers)),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            code = main(shlex.split(line)[1:])
        return code, output.getvalue()

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTOR_")}
        given = dict(self.environment)
        if "DISTRIBUTOR_SMTP__MAIN__PORT" in given:
            given["DISTRIBUTOR_SMTP__MAIN__PORT"] = str(self.server.port)
        path = os.pathsep.join(map(str, FOLDERS))
        return {**kept, "PATH": path, "DISTRIBUTOR_LANG": self.language, "COLUMNS": "160", **given}


@pytest.mark.timeout(400)  # thirty processes one after another: 40 s on an idle machine
@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_commands_of_the_readme_work_as_written_in_their_order(tmp_path: Path, language: str) -> None:
    async with ScriptedServer() as server:
        newcomer = Newcomer(tmp_path, language, server)
        for block in blocks(language):
            await newcomer.follow(block)
    tried = {line.split()[1] for line in newcomer.done if line.startswith("distributor ")}
    assert tried == {
        *("init", "recipients", "check", "preview", "finalise", "send", "status", "why"),
        *("resolve", "retry", "cancel", "backup", "receipts", "pdf", "templates", "explain-reply", "forget"),
    }
    assert {"make demo", "make test"} <= set(newcomer.done)
    letters = [letter.recipient for letter in server.delivered if letter.recipient != "editor@example.gov.cn"]
    # Twice the number 12 would be one too many; the supplement went to three, one of them at the second try.
    assert sorted(letters) == sorted(
        ["luzhiyuan@example.gov.cn", "fangqiming@example.gov.cn", "suhe@example.gov.cn"] * 2 + ["qinmo@example.gov.cn"]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_settings_and_the_list_of_the_readme_are_free_of_faults(tmp_path: Path, language: str) -> None:
    """As they stand, without the environment that the tour puts over them."""
    kinds = [block.kind for block in blocks(language) if block.kind in ("toml", "yaml")]
    assert kinds == ["toml", "yaml"]
    for block in blocks(language):
        if block.kind in kinds:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    settings = load_settings(tmp_path / "distributor.toml", environ={})
    loaded = load_directory(settings.path(settings.folders.recipients))
    assert not loaded.warnings
    assert settings.account()[1].password_file
    assert [group.direction.value for group in loaded.directory.groups] == ["报", "送", "发"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_lists_every_exit_code_and_every_state(language: str) -> None:
    cells = [cell.strip() for cell in re.findall(r"^\| ([^|]+) \|", text_of(language), re.MULTILINE)]
    assert [int(cell) for cell in cells if cell.isdigit()] == sorted(Exit)
    states = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert {state.value for state in State} <= states


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_links_and_pictures_of_the_readme_are_there(language: str) -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text_of(language)) if "://" not in target]
    assert len(targets) > 10
    for target in targets:
        assert (ROOT / target).exists(), target
    for picture in (ROOT / "docs" / "pictures").glob("*.png"):
        assert f"docs/pictures/{picture.name}" in targets
        assert picture.stat().st_size < 250_000


def test_the_two_readmes_tell_the_same_story_in_the_same_order() -> None:
    """The same headings one by one, the same commands, the same files to write but for remarks."""
    headings = [re.findall(r"^#+ ", text_of(language), re.MULTILINE) for language in LANGUAGES]
    assert headings[0] == headings[1]
    for english, chinese in zip_longest(blocks("en"), blocks("zh")):
        assert english.kind == chinese.kind
        if english.kind == "console":
            steps = [[(c.line, c.code, c.answers) for c in commands(block)] for block in (english, chinese)]
            assert steps[0] == steps[1]
        elif english.kind in ("toml", "yaml"):
            bare = [re.sub(r"\s*#.*", "", block.text) for block in (english, chinese)]
            assert bare[0] == bare[1]


@pytest.mark.parametrize(
    ("shown", "output", "missing"),
    [
        (("a  b",), "x\na b\n", None),
        (("a b",), "a bc\n", "a b"),
        (("one … of 3",), "one or two of 3\n", None),
        (("b", "a"), "a\nb\n", "a"),
        (("Go? [y/N] y", "gone"), "Go? [y/N] going\ngone\n", None),
    ],
    ids=["columns differ", "more than shown", "left out", "wrong order", "question"],
)
def test_a_line_that_is_not_said_is_noticed(shown: tuple[str, ...], output: str, missing: str | None) -> None:
    assert Command("x", shown).missing(output) == missing
