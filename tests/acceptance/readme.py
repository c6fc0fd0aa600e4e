"""Reads the READMEs as a newcomer does: the commands in order, what they are said to answer, the files to write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_QUESTION = re.compile(r"(.*\[y/N\]) y$")
_ASKED = re.compile(r"([?？]) (?:\[y/N\])? ")

#: Stands in a README for whatever is left out of a line, or for lines that are left out.
ELLIPSIS = "…"


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    kind: str
    text: str

    @property
    def file(self) -> str:
        """The name of the file that the block shows, from its first line `# name`."""
        return self.text.splitlines()[0].removeprefix("# ")


@dataclass(frozen=True)
class Command:
    """One command, and the lines that a reader is told to expect."""

    line: str
    shown: tuple[str, ...]
    code: int = 0

    @property
    def answers(self) -> int:
        """How many questions the reader answers with y."""
        return sum(1 for line in self.shown if _QUESTION.match(line))

    def missing(self, output: str) -> str | None:
        """The first shown line that the output does not have, in this order; None when all are there."""
        # What follows a question stands on its line, because the Enter of the answer is not in the output.
        apart = _ASKED.sub("\\1 [y/N]\n", output)
        actual = iter(_plain(line) for line in apart.splitlines())
        for line in self.shown:
            pattern = _pattern(line)
            if not any(pattern.fullmatch(found) for found in actual):
                return line
        return None


def text_of(language: str) -> str:
    """The whole README."""
    return READMES[language].read_text(encoding="utf-8")


def blocks(language: str) -> tuple[Block, ...]:
    """The fenced blocks of a README, in order."""
    return tuple(Block(kind, body) for kind, body in _FENCE.findall(text_of(language)))


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block. `$ echo $?` states the exit code of the command before it; otherwise it is 0."""
    assert block.text.startswith("$ "), "a console block begins with a command"
    pieces = [piece.splitlines() for piece in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]]
    for (line, *shown), (after, *numbers) in zip(pieces, [*pieces[1:], [""]], strict=True):
        if line != "echo $?":
            code = int(numbers[0]) if after == "echo $?" else 0
            yield Command(line, tuple(text for text in shown if text != ELLIPSIS), code)


def _pattern(shown: str) -> re.Pattern[str]:
    """Columns may be wider or narrower than shown."""
    question = _QUESTION.match(shown)
    parts = (re.escape(part) for part in _plain(question[1] if question else shown).split(ELLIPSIS))
    return re.compile(".*".join(parts))


def _plain(line: str) -> str:
    return " ".join(line.split())
