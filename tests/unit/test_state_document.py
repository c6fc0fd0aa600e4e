"""docs/delivery-states.md says what the table says."""

import runpy
from pathlib import Path

from distributor.delivery.state import TRANSITIONS, Fact, State

_TOOL = Path(__file__).parents[2] / "tools" / "states_doc.py"


def test_the_page_is_what_the_tool_writes_from_the_table() -> None:
    """After a change of the table: python tools/states_doc.py"""
    tool = runpy.run_path(str(_TOOL))
    assert tool["DOCUMENT"].read_text(encoding="utf-8") == tool["render"]()


def test_the_page_names_every_state_fact_and_arrow() -> None:
    page = runpy.run_path(str(_TOOL))["render"]()
    assert all(f"| `{name}` | " in page for name in (*State, *Fact))
    assert all(f"| `{origin}` | `{fact}` | `{target}` |" in page for (origin, fact), target in TRANSITIONS.items())
