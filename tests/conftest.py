"""What every test shares: no skip passes unseen, and messages are said in English unless a test says otherwise."""

import pytest

from distributor.words import set_language
from tests.samples import samples


def pytest_report_header() -> list[str]:
    """Says so when a tier of tests has nothing to read."""
    if samples() is None:
        return ["The sample bulletins are not beside the project: their tests are not collected."]
    return []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A skipped test fails the run: a check that did not happen is not a check that passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of pytest-xdist; the main process counts for all
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{len(skipped)} test(s) were skipped, which counts as a failure.", red=True)


@pytest.fixture(autouse=True)
def _english() -> None:
    set_language("en")
