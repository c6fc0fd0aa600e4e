"""What every test shares: no skip passes unseen, and messages are said in English unless a test says otherwise."""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

from distributor.words import set_language
from tests.samples import samples

LAB = Path(__file__).parent / "lab"

# Databases are made and thrown away by the hundred: in memory, where there is plenty of it, that takes a tenth of
# the time. Containers often have only 64 MB there.
_MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4_000_000_000:
    os.environ["TMPDIR"] = str(_MEMORY)

# How long an example takes, or its making, says more of the machine than of the code; timings belong in benchmarks.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The lab takes minutes, root, and servers that come as Debian packages, so it runs only when asked for."""
    parser.addoption("--lab", action="store_true", help="collect tests/lab too: real Postfix, Dovecot and Chromium")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for each core, for most tests wait for a process or a socket; each may start a PostgreSQL of its own."""
    return min(2 * (os.cpu_count() or 1), 16)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without --lab the lab is not there: a test that was not asked for is not a test that was skipped."""
    return True if collection_path == LAB and not config.getoption("--lab") else None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says so when a tier of tests has nothing to read, or was not asked for."""
    lines = []
    if samples() is None:
        lines.append("The sample bulletins are not beside the project: their tests are not collected.")
    if not config.getoption("--lab"):
        lines.append("The lab (real Postfix, Dovecot, Chromium) is not collected: `make lab` runs it.")
    return lines


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
