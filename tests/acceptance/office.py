"""An office in a folder of its own, and the installed command run in it as a person would."""

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributor.cli import main
from distributor.store.audit import AuditEntry, entries
from distributor.store.bulletins import list_bulletins
from distributor.store.database import Database
from distributor.store.deliveries import books, deliveries_of
from distributor.store.records import Books, DeliveryRecord

SETTINGS = """\
[office]
name = "云岭区河长制办公室"
from = "云岭区河长办 <hzb@example.gov.cn>"
editors = ["editor@example.gov.cn"]
phone = "010-5555 0100"

[smtp.main]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
timeout = "20 seconds"
dot_timeout = "{dot_timeout}"

[send]
require_approver = {require_approver}
"""

BULLETIN = """\
# 云岭区巡河工作快报

第{number}期

云岭区河长制办公室

2026年11月20日

---

## 【工作动态】

**石桥镇开展冬季巡河** 11月18日，石桥镇组织三级河长巡河，整改问题6处。（石桥镇）

编校：周明　　核签：陆建

---

报：区委、区政府领导同志

发：各镇人民政府、各街道办事处

---

电子邮箱：hzb@example.gov.cn　　电话：010-55550100
"""


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Office:
    """A folder with settings, recipients and a bulletin."""

    folder: Path
    port: int = 1
    connections: int = 2
    require_approver: bool = True
    dot_timeout: str = "60 seconds"
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.write(
            "distributor.toml",
            SETTINGS.format(
                port=self.port,
                connections=self.connections,
                dot_timeout=self.dot_timeout,
                require_approver=str(self.require_approver).lower(),
            ),
        )
        self.write("bulletin.md", BULLETIN.format(number=7))
        self.recipients(leaders=1, units=2)

    def write(self, name: str, text: str) -> Path:
        """Puts a file into its place, whole at once: a service that looks meanwhile sees the old one or the new."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / ".being-written"
        fresh.write_text(text, encoding="utf-8")
        return fresh.replace(path)

    def recipients(self, *, leaders: int, units: int, extra: Sequence[str] = (), on_unknown: str = "hold") -> None:
        """Writes a directory with so many 报 and so many 发 recipients."""
        lines = ["groups:", "  区领导:", "    direction: 报", "    covers: [区委, 区政府领导同志]", "    members:"]
        lines += ["      - unit: 区委办公室", "        people:"]
        lines += [f"          - {{name: 领导{n}, email: leader{n}@example.gov.cn}}" for n in range(1, leaders + 1)]
        lines += ["  各单位:", "    direction: 发", f"    on_unknown: {on_unknown}"]
        lines += ["    covers: [各镇人民政府, 各街道办事处]", "    members:"]
        for n in range(1, units + 1):
            lines += [f"      - unit: 单位{n}", "        people:"]
            lines += [f"          - {{name: 联络员{n}, email: unit{n}@example.gov.cn}}"]
        self.write("recipients.yaml", "\n".join([*lines, *extra]) + "\n")

    def run(self, *arguments: str, lang: str = "en", timeout: float = 100) -> Ran:
        """Runs the command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "distributor", *arguments],
            cwd=self.folder,
            env=self._environ(lang),
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    async def start(self, *arguments: str, program: Sequence[str] = ("-m", "distributor")) -> Process:
        """Starts the command and leaves it running."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *program,
            *arguments,
            cwd=self.folder,
            env=self._environ("en"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            stdin=asyncio.subprocess.DEVNULL,
        )

    def call(self, *arguments: str) -> int:
        """Runs the command inside this process, which is quicker; its words go where pytest keeps them."""
        settings = str(self.folder / "distributor.toml")
        given = [str(self.folder / a) if (self.folder / a).is_file() else a for a in arguments]
        return main(["--config", settings, "--lang", "en", *given])

    def ask(self, *arguments: str, lang: str = "en") -> Ran:
        """Runs the command inside this process and keeps what it says."""
        settings = str(self.folder / "distributor.toml")
        given = [str(self.folder / a) if (self.folder / a).is_file() else a for a in arguments]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["--config", settings, "--lang", lang, *given])
        return Ran(code, out.getvalue(), err.getvalue())

    def deliveries(self) -> tuple[DeliveryRecord, ...]:
        """Every copy of the newest bulletin, as the database has it."""
        with self._database() as database, database.read() as conn:
            return deliveries_of(conn, list_bulletins(conn, 1)[0].id, history=True)

    def books(self) -> Books:
        """The books of the newest bulletin."""
        with self._database() as database, database.read() as conn:
            return books(conn, list_bulletins(conn, 1)[0].id)

    def audit(self) -> tuple[AuditEntry, ...]:
        """The audit log, oldest entry first."""
        with self._database() as database, database.read() as conn:
            return entries(conn)

    def states(self) -> dict[str, str]:
        """Every address and where its copy stands."""
        return {delivery.address: delivery.state.value for delivery in self.deliveries()}

    @contextmanager
    def _database(self) -> Iterator[Database]:
        database = Database.open("sqlite:///data/distributor.db", home=self.folder)
        try:
            yield database
        finally:
            database.close()

    def _environ(self, lang: str) -> dict[str, str]:
        root = str(Path(__file__).resolve().parents[2])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTOR_")}
        return {**kept, "DISTRIBUTOR_LANG": lang, "PYTHONPATH": root, "COLUMNS": "160", **self.environment}
