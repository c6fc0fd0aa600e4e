"""What cannot be understood on the command line is said in our words, never in the library's."""

import contextlib
import io

import pytest

from distributor.cli import main
from distributor.cli.exits import Exit
from distributor.cli.misuse import Misused

#: What is typed, what is said about it, and the advice ("": how to get help).
TYPED = {
    "one_too_many": (["status", "7", "8"], "8 is too much.", ""),
    "two_too_many": (["status", "7", "8", "(9)"], "8 (9) is too much.", ""),
    "no_command": (["mailbox"], "Which command?", ""),
    "no_such_command": (["sned"], "There is no command sned.", ""),
    "no_such_option": (["status", "--jsn"], "There is no option --jsn.", ""),
    "no_argument": (["why"], "recipient is missing.", ""),
    "no_value": (["article", "7", "--account"], "--account needs a value.", ""),
    "a_value_too_many": (["status", "--watch=1"], "--watch takes no value.", ""),
    "no_number": (["receipts", "--assign", "abc"], "--assign needs a whole number.", ""),
    "nearly_a_choice": (
        ["serve", "--role", "shedule"],
        "shedule is not possible for --role.",
        "Did you mean schedule?",
    ),
    "no_choice": (
        ["office", "add", "x", "--role", "boss"],
        "boss is not possible for --role.",
        "Possible are: viewer, editor.",
    ),
}

#: Sentences of the library that no command of ours brings about today.
SENTENCES = {
    "an_option_missing": ("Missing option '--to'.", "--to is missing."),
    "the_older_plural": ("Got unexpected extra arguments (a b)", "a b is too much."),
    "several_values": ("Option '--size' requires 2 arguments.", "--size needs a value."),
    "a_number": (
        "Invalid value for '--rate': Input should be a valid number, unable to parse",
        "--rate needs a number.",
    ),
    "a_range": (
        "Invalid value for '--next': Input should be greater than or equal to 1",
        "The number of --next is out of range.",
    ),
    "a_file": ("Invalid value for 'FILE': File 'a.md' does not exist.", "a.md is not there."),
    "any_other_value": ("Invalid value for '--x': of no use", "The value of --x cannot be understood: of no use"),
    "anything_else": ("Something new", "The command cannot be understood: Something new"),
}


@pytest.mark.parametrize(("typed", "what", "do"), TYPED.values(), ids=TYPED)
def test_a_mistake_is_said_in_our_words(typed: list[str], what: str, do: str) -> None:
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(["--lang", "en", *typed])
    assert code == Exit.BAD_INPUT
    assert said.getvalue().splitlines() == [what, f"→ {do or '`distributor --help` shows what can be said.'}"]


@pytest.mark.parametrize(("sentence", "what"), SENTENCES.values(), ids=SENTENCES)
def test_every_sentence_of_the_library_has_one_of_ours(sentence: str, what: str) -> None:
    assert str(Misused(sentence).what) == what
