"""The command line: thin doors over the rooms, and the one place where an error becomes an exit code."""

import sys
from collections.abc import Sequence

from distributor.cli.exits import Exit
from distributor.cli.streams import OutputLost, usable_streams
from distributor.words import language_of, language_of_environment, say, set_language


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code (see `distributor.cli.exits`)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Help texts are said while the commands are being defined, so the language comes first.
    set_language(_language(given))
    with usable_streams():
        from distributor.cli.app import run

        try:
            code = run(given)
            sys.stdout.flush()
        except OutputLost as lost:
            if not lost.nobody_reads:
                sys.stderr.write(say("The output cannot be written: {reason}.", reason=lost) + "\n")
            return Exit.UNAVAILABLE
    return code


def _language(arguments: Sequence[str]) -> str:
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            return language_of(arguments[position + 1])
        if argument.startswith("--lang="):
            return language_of(argument.removeprefix("--lang="))
    return language_of_environment()
