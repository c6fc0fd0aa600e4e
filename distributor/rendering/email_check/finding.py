"""One rule that a letter breaks, and what to look for in the templates to find the line."""

from dataclasses import dataclass

from distributor.words import Words


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule. `needles` are texts that the faulty line of a template holds, the likeliest first."""

    code: str
    what: Words
    do: Words | None = None
    needles: tuple[str, ...] = ()
    grade: str = "error"  # error | warning
    part: str = "html"  # html | text | subject
