"""Writes docs/delivery-states.md from the transition table itself, so that the two cannot drift apart.

Run it after changing the table: python tools/states_doc.py
"""

import inspect
import re
from pathlib import Path

from distributor.delivery.state import CLAIMABLE, FENCED, SETTLED, TRANSITIONS, Fact, State

DOCUMENT = Path(__file__).parent.parent / "docs" / "delivery-states.md"

_HEAD = """# The states of a delivery

A delivery is one recipient on one channel of one letter. Its state says what happened to the transport, never what
the reader did. `distributor/delivery/state.py` holds the whole law; this page is written from it by
`tools/states_doc.py`, and a test fails when the two differ.

Three rules stand behind the table:

- **Before the irrevocable byte a letter is sent at least once, after it at most once.** `sending` is committed to
  the disk before the final dot (or the HTTP request). What dies after that is `unknown`, and nothing sends an
  unknown letter again but a person's word, or the group's own `on_unknown: resend`.
- **A fact that the table does not allow changes nothing.** Every write is a compare-and-set on state and epoch; the
  epoch rises with each claim, so a worker that lost its lease cannot write.
- **The books balance.** planned = accepted + delivered + bounced + failed + unknown + suppressed + cancelled, or the
  letter is not finished. `unknown` balances but leaves it open.
"""

_FENCED = """`{fact}` in state `{origin}` is allowed only to the attempt itself, under the epoch of its own claim: a
reply that comes after the row was queued again and before anybody claimed it. Nobody else can say it of a row that
waits."""


def render() -> str:
    """The whole document."""
    parts = [
        _HEAD,
        "## States\n",
        _states(),
        "## Facts\n",
        _facts(),
        "## Arrows\n",
        _arrows(),
        "## Picture\n",
        _picture(),
    ]
    return "\n".join(parts)


def _meanings(kind: type) -> dict[str, str]:
    """What the comment behind each member says."""
    found = re.findall(r'^ +[A-Z_]+ = "(\w+)"  # (.+)$', inspect.getsource(kind), re.MULTILINE)
    return dict(found)


def _states() -> str:
    meanings = _meanings(State)
    rows = [f"| `{each}` | {meanings[each]} | {_standing(each)} |" for each in State]
    return "\n".join(["| state | meaning | in the books |", "|---|---|---|", *rows, ""])


def _standing(each: State) -> str:
    if each in SETTLED:
        return "settled"
    if each is State.UNKNOWN:
        return "counted, leaves the letter open"
    return "open, may be claimed" if each in CLAIMABLE else "open"


def _facts() -> str:
    meanings = _meanings(Fact)
    rows = [f"| `{each}` | {meanings[each]} |" for each in Fact]
    return "\n".join(["| fact | meaning |", "|---|---|", *rows, ""])


def _arrows() -> str:
    """One row per state, one column per fact would be mostly empty: each arrow is a line."""
    rows = [f"| `{origin}` | `{fact}` | `{target}` |" for (origin, fact), target in TRANSITIONS.items()]
    fenced = [_FENCED.format(origin=origin, fact=fact) for origin, fact in sorted(FENCED)]
    return "\n".join(["| in state | the fact | leads to |", "|---|---|---|", *rows, "", *fenced, ""])


def _picture() -> str:
    labels: dict[tuple[State, State], list[str]] = {}
    for (origin, fact), target in TRANSITIONS.items():
        labels.setdefault((origin, target), []).append(fact)
    lines = [f"    {origin} --> {target}: {', '.join(facts)}" for (origin, target), facts in labels.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {State.QUEUED}", *lines, "```", ""])


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
    print(f"{DOCUMENT} written")
