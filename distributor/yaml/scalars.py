"""Values that are meant to stand without quotes, for the models of YAML files.

Elsewhere a scalar without quotes that YAML versions read differently is refused (`layout.py`).
"""

from distributor.misfit import Misfit, Unquoted, shortened
from distributor.words import words


def truth(value: object) -> object:
    """`true` or `false` without quotes. Raises `Misfit` for anything else."""
    if isinstance(value, Unquoted) and value.text.lower() in ("true", "false"):
        return value.text.lower() == "true"
    what = words("{value} is not possible here.", value=shortened(value))
    raise Misfit("wrong_type", what, words("Write true or false without quotes."))


def bare(value: object) -> object:
    """A text that may stand without quotes although it looks like a day or a number."""
    return value.text if isinstance(value, Unquoted) else value


def one_or_more(value: object) -> object:
    """One value may stand without a list around it."""
    return [value] if isinstance(value, str | Unquoted) else value
