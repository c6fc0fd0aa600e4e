"""The rules of the house that a machine can check: imports run one way, a library has one door, rooms stay small."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "distributor"

#: The floors, from the ground up. A room may use any floor below it, never one above or beside it.
FLOORS: list[set[str]] = [
    {"words"},
    {"errors"},
    {"resources", "misfit", "discretion", "notify", "header_text", "passwords", "http_calls"},
    {"address", "yaml", "log"},
    {"workdays"},
    {"schedule"},
    {"delivery"},
    {"bulletin", "settings"},
    {"recipients", "receipts", "oidc"},
    {"rendering", "store"},
    {"channels", "reports"},
    {"dispatch"},
    {"web", "doctor"},
    {"service", "simulators"},
    {"cli"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}

#: Rooms that must not meet although the floors would allow it.
STRANGERS = {("channels", "store"), ("store", "channels"), ("store", "rendering")}

#: A library enters the house by these rooms only.
DOORS = {
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "jinja2": {"rendering"},
    "css_inline": {"rendering"},
    "nh3": {"rendering"},
    "typst": {"rendering/pdf"},
    "segno": {"rendering/pdf"},
    "xlsxwriter": {"reports"},
    "aiosmtplib": {"channels/smtp"},
    "cryptography": {"channels/wechat"},
    "defusedxml": {"bulletin", "simulators", "web"},
    "httpx2": {"channels/wechat", "doctor/visit", "http_calls", "oidc/asking", "simulators"},
    "joserfc": {"oidc/id_token"},
    "markdown_it": {"bulletin"},
    "mdit_py_plugins": {"bulletin"},
    "mammoth": {"bulletin/docx/reader"},
    "ruamel": {"yaml"},
    "chinese_calendar": {"workdays"},
    "apscheduler": {"schedule"},
    "structlog": {"log"},
    "starlette": {"web", "simulators"},
    "uvicorn": {"web"},
    "pwdlib": {"passwords"},
    "watchfiles": {"service"},
    "prometheus_client": {"web"},
    "dns": {"doctor"},
    "imap_tools": {"receipts"},
    "flufl": {"receipts"},
    "typer": {"cli"},
    "rich": {"cli"},
    "aiosmtpd": {"cli"},
    "apprise": {"channels/apprise"},
    "requests": {"channels/apprise"},
    "urllib3": {"channels/apprise"},
}


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parts[len(PACKAGE.parts)] != "_data")


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    here = room(path)
    if here in ("__init__", "__main__"):
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "distributor" or parts[1] in (here, "__version__"):
            continue
        there = parts[1]
        assert (here, there) not in STRANGERS, f"{here} must not know {there}"
        assert FLOOR[there] < FLOOR[here], f"{here} must not use {there}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_has_one_door(path: Path) -> None:
    inside = path.relative_to(PACKAGE).as_posix().removesuffix(".py")
    for name in imports(path):
        doors = DOORS.get(name.split(".")[0])
        assert doors is None or any(inside == door or inside.startswith(f"{door}/") for door in doors), (
            f"{inside} imports {name}; its doors are {sorted(doors or ())}"
        )


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {str(path): count for path in files() if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert not long
