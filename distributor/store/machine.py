"""This machine, and its note of the last heartbeat: a small JSON file that no backup of the database may hold.

The note is replaced at once or not at all, so a power cut leaves the old one or the new one.
"""

import datetime as dt
import hashlib
import json
import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any

from distributor.delivery.gap import Heartbeat, Machine
from distributor.errors import Place, Unavailable
from distributor.words import words

_MACHINE_ID = Path("/etc/machine-id")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

#: Where the system names no start of its own, each start of the program counts as one.
_NO_BOOT_ID = uuid.uuid4().hex


def this_machine(now: dt.datetime) -> Machine:
    """Who this machine is; `now` is the hour by its clock (UTC)."""
    # machine-id(5) asks not to show the number itself.
    host = hashlib.blake2b(f"{_text(_MACHINE_ID)}\n{socket.gethostname()}".encode(), digest_size=16).hexdigest()
    return Machine(host, _text(_BOOT_ID) or _NO_BOOT_ID, _uptime(), now)


def read_note(path: Path) -> Heartbeat | None:
    """The heartbeat noted last; None when there is no note. Raises `Unavailable` when it cannot be read."""
    try:
        return _heartbeat(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(
            words("The note of the last heartbeat cannot be read."),
            do=words("Check the rights of the file; if it is damaged, delete it and answer the question that follows."),
            place=Place(str(path)),
        ) from error


def write_note(path: Path, heartbeat: Heartbeat) -> None:
    """Notes a heartbeat. Raises `Unavailable` when the file cannot be written."""
    text = json.dumps(_document(heartbeat), indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode())
    except OSError as error:
        raise Unavailable(
            words("The note of the last heartbeat cannot be written."),
            do=words("Check the rights of the folder and the space on the disk."),
            place=Place(str(path)),
        ) from error


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _uptime() -> dt.timedelta:
    # CLOCK_BOOTTIME goes on while the machine sleeps; only Linux has it.
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return dt.timedelta(milliseconds=time.clock_gettime_ns(clock) // 1_000_000)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _document(heartbeat: Heartbeat) -> dict[str, Any]:
    machine = heartbeat.machine
    return {
        "database": heartbeat.database,
        "instance": heartbeat.instance,
        "count": heartbeat.count,
        "mark": heartbeat.mark,
        "previous": heartbeat.previous,
        "host": machine.host,
        "boot": machine.boot,
        "uptime": machine.uptime.total_seconds(),
        "at": machine.now.astimezone(dt.UTC).isoformat(),
    }


def _heartbeat(document: dict[str, Any]) -> Heartbeat:
    at = dt.datetime.fromisoformat(document["at"])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    machine = Machine(str(document["host"]), str(document["boot"]), dt.timedelta(seconds=document["uptime"]), at)
    return Heartbeat(
        database=str(document["database"]),
        instance=str(document["instance"]),
        machine=machine,
        count=int(document["count"]),
        mark=str(document["mark"]),
        previous=str(document["previous"]),
    )
