"""Finds the house's sample bulletins, which lie beside the project and are never part of it."""

import os
from pathlib import Path


def samples() -> Path | None:
    """The samples folder: $DISTRIBUTOR_SAMPLES, or ../shared/samples beside the checkout; None when absent."""
    named = os.environ.get("DISTRIBUTOR_SAMPLES")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "samples"
    return folder if folder.is_dir() else None
