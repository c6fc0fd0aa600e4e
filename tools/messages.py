"""Keeps the catalogues in step with the code: `python tools/messages.py [--check]`.

Extracts every literal given to `words()` and `say()`, updates the two .po files (new sentences of
zh_CN come in empty, those of en as they stand in the code) and compiles the .mo files. With
--check it changes nothing and fails when a file would change or a translation is missing.
"""

import datetime as dt
import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "distributor" / "locales"
KEYWORDS = {"words": None, "say": None}
EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
GAP = re.compile(r"\{(\w+)")


def template() -> Catalog:
    """Every sentence of the code, without line numbers, so that moving code changes no catalogue."""
    catalog = Catalog(project="distributor", charset="utf-8")
    found = extract_from_dir(ROOT / "distributor", keywords=KEYWORDS, comment_tags=())
    for name, _line, message, _comments, _context in found:
        catalog.add(message, locations=[(f"distributor/{name}", 0)])
    return catalog


def update(language: str, sentences: Catalog) -> Catalog:
    """The catalogue of one language, brought up to date."""
    path = _po(language)
    catalog = Catalog(locale=language, project="distributor", charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    catalog.update(sentences, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    if language == "en":
        for message in catalog:
            message.string = message.id
    return catalog


def problems(language: str, catalog: Catalog) -> list[str]:
    """Missing translations, and translations whose gaps are not those of the sentence."""
    found = []
    for message in catalog:
        if not message.id:
            continue
        if not message.string:
            found.append(f"{language}: not translated: {message.id}")
        elif set(GAP.findall(str(message.string))) != set(GAP.findall(str(message.id))):
            found.append(f"{language}: other gaps: {message.id}")
    return found


def po_bytes(catalog: Catalog) -> bytes:
    """The .po file: the same sentences always give the same bytes."""
    out = io.BytesIO()
    write_po(out, _plain(catalog), sort_output=True, include_lineno=False, width=110)
    return out.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The compiled catalogue; sentences without a translation are left out and so stay English."""
    out = io.BytesIO()
    write_mo(out, _plain(catalog))
    return out.getvalue()


def _plain(catalog: Catalog) -> Catalog:
    """The same sentences under a header without dates, names and version numbers."""
    plain = Catalog(
        locale=catalog.locale,
        project="distributor",
        version="-",
        charset="utf-8",
        header_comment=f"# The sentences of distributor in {catalog.locale}; kept by tools/messages.py.",
        creation_date=EPOCH,
        revision_date=EPOCH,
        fuzzy=False,
    )
    for message in catalog:
        if message.id:
            files = sorted({place for place, _line in message.locations})
            plain.add(message.id, message.string, locations=[(place, 0) for place in files])
    return plain


def main(arguments: list[str]) -> int:
    """Updates the catalogues, or checks them. Returns the exit code."""
    check = "--check" in arguments
    sentences = template()
    bad: list[str] = []
    for language in ("zh_CN", "en"):
        catalog = update(language, sentences)
        bad += problems(language, catalog)
        for path, content in (
            (_po(language), po_bytes(catalog)),
            (_po(language).with_suffix(".mo"), mo_bytes(catalog)),
        ):
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            elif not path.exists() or path.read_bytes() != content:
                bad.append(f"{path.relative_to(ROOT)} is not in step with the code: run `make messages`.")
    print("\n".join(bad) or "The catalogues are complete.")
    return 1 if bad else 0


def _po(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "distributor.po"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
