"""The files that ship with the program: templates, examples, starter files, what providers' replies mean.

In a wheel they lie under `distributor/_data/`; in a checkout they lie beside the package.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """Returns the path of a shipped file or folder (`templates`, `examples`, `recipients.yaml`, …)."""
    packed = _PACKAGE / "_data" / name
    return packed if packed.exists() else _PACKAGE.parent / name
