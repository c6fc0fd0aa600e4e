"""The page for operators names only commands, options, files and figures that exist."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest
import typer

from distributor.cli.app import build_app
from distributor.web import figures, metrics

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNIT = ROOT / "packaging" / "systemd" / "distributor.service"

COMMANDS = typer.main.get_command(build_app())


def said() -> set[str]:
    """What the page tells people to type after the program's name."""
    in_blocks = re.findall(r"^[#$] distributor (.*)$", PAGE, re.MULTILINE)
    in_sentences = re.findall(r"`distributor ([^`]*)`", PAGE)
    return {*in_blocks, *in_sentences}


@pytest.mark.parametrize("line", sorted(said()))
def test_every_command_of_the_page_exists_with_its_options(line: str) -> None:
    name, *words = line.split()
    command = COMMANDS.commands[name]  # type: ignore[attr-defined]  # the app is a group of commands
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_every_figure_of_the_page_is_counted() -> None:
    sources = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (figures, metrics))
    named = set(re.findall(r"distributor_[a-z_]+", PAGE)) - {"distributor_"}
    assert named
    assert {name for name in named if name.removesuffix("_total") not in sources} == set()


def anchors(page: str) -> set[str]:
    """The names by which GitHub links to headings."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_link_of_the_page_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, anchor = target.partition("#")
        page = (ROOT / "docs" / file).read_text(encoding="utf-8") if file else PAGE
        assert not anchor or anchor in anchors(page), target


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read(UNIT, encoding="utf-8")
    return parser


def test_the_unit_is_killed_only_after_the_longest_wait_for_a_reply() -> None:
    """RFC 5321 4.5.3.2.6: a server may take 10 minutes to answer the final dot."""
    service = unit()["Service"]
    assert int(service["TimeoutStopSec"]) > 600
    assert (service["Type"], service["User"], service["Restart"]) == ("notify", "distributor", "on-failure")


@pytest.mark.parametrize(
    ("key", "value"),
    [("NoNewPrivileges", "true"), ("ProtectSystem", "strict"), ("ReadWritePaths", "/var/lib/distributor"),
     ("PrivateTmp", "true"), ("ProtectHome", "true"), ("CapabilityBoundingSet", "")],
)  # fmt: skip
def test_the_unit_gives_the_service_its_folder_and_nothing_else(key: str, value: str) -> None:
    assert unit()["Service"][key] == value


IMAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LET_IN = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_image_runs_without_rights_and_leaves_the_offices_files_out() -> None:
    assert re.search(r"^USER distributor$", IMAGE, re.MULTILINE)
    assert "--require-hashes" in IMAGE
    assert next(line for line in LET_IN if line[:1] not in ("#", "")) == "*"
    assert not {"!secrets", "!data", "!inbox", "!.git"} & set(LET_IN)


def built_from() -> list[str]:
    """What the wheel is built from, and the list that the image installs first."""
    project, wheel = PROJECT["project"], PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    listed = re.findall(r"pip install --require-hashes -r (\S+)", IMAGE)
    files = [project["readme"], *project["license-files"], *listed, "pyproject.toml"]
    return sorted({*files, *wheel["packages"], *wheel["force-include"]})


@pytest.mark.parametrize("path", built_from())
def test_the_image_is_given_everything_the_wheel_is_built_from(path: str) -> None:
    assert f"!{path}" in LET_IN
