"""The exit codes, each with one meaning, for scripts that call the program."""

from enum import IntEnum

from distributor.errors import BadInput, DistributorError, Refused, Unavailable


class Exit(IntEnum):
    """What a command came to."""

    DONE = 0  # all done
    CRASHED = 1  # a bug; nothing that a person can mend
    BAD_INPUT = 2  # a file or an argument cannot be used
    PARTLY = 3  # something is done, something remains or failed; the output says what
    NOTHING = 4  # there was nothing to do
    REFUSED = 5  # declined for safety: not signed off, changed since, not confirmed, stopped by Ctrl-C …
    UNAVAILABLE = 6  # the database, the mail server, the disk or the output did not answer as it must


def exit_of(error: DistributorError) -> Exit:
    """The exit code of an error."""
    kinds = ((BadInput, Exit.BAD_INPUT), (Refused, Exit.REFUSED), (Unavailable, Exit.UNAVAILABLE))
    return next((code for kind, code in kinds if isinstance(error, kind)), Exit.CRASHED)
