"""An office with a real mailbox to send to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.cli.mailbox import Mailbox, serving
from tests.acceptance.office import Office


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    """Takes whatever it is offered."""
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def office(tmp_path: Path, mailbox: Mailbox) -> Iterator[Office]:
    """An office whose mail server is `mailbox`."""
    with serving(mailbox) as port:
        yield Office(tmp_path / "office", port=port)
