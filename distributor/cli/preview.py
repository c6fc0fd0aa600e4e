"""`distributor preview FILE`: every form of a bulletin, to be looked at before anything is sent."""

import asyncio
import contextlib
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.check import letter_document
from distributor.cli.desk import Desk, existing_file
from distributor.cli.exits import Exit
from distributor.cli.problem_documents import problem_document
from distributor.dispatch.intake import Prepared, PreparedLetter, prepare
from distributor.dispatch.letter_check import CheckedLetter, checked_letters, distinct_problems
from distributor.dispatch.preview import write_preview
from distributor.dispatch.signoff import judge_bulletin
from distributor.errors import BadFile, DistributorError, Problem
from distributor.rendering.card import WECOM
from distributor.rendering.templates import Templates
from distributor.resources import shipped
from distributor.service.preview import serve_gallery
from distributor.settings.channels import EMAIL
from distributor.web.preview import HOST
from distributor.words import say, words

#: Where `--serve` listens when nobody says otherwise.
_PORT = 8766


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Write every letter, the page, the article and the PDF into a folder, to be looked at."))
    def preview(
        context: typer.Context,
        file: Annotated[
            str, typer.Argument(help=say("The bulletin: a Markdown or Word (.docx) file, as the office writes it."))
        ],
        out: Annotated[Path, typer.Option(help=say("The folder to write into."))] = Path("out/preview"),
        open_: Annotated[bool, typer.Option("--open", help=say("Open it in the browser."))] = False,
        serve: Annotated[
            bool, typer.Option("--serve", help=say("Serve it on this machine, anew after every edit, until Ctrl-C."))
        ] = False,
        port: Annotated[int, typer.Option(help=say("The port for --serve; 0 takes a free one."))] = _PORT,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        path = existing_file(file)
        return _serve(desk, path, out, port, open_=open_) if serve else _preview(desk, path, out, open_=open_)


def _preview(desk: Desk, path: Path, out: Path, *, open_: bool) -> int:
    prepared = prepare(path, desk.settings)
    index = write_preview(prepared, out)
    verdict = judge_bulletin(prepared, desk.settings.send)
    letters = checked_letters(prepared)
    findings = [*verdict.errors, *verdict.warnings, *distinct_problems(letters)]
    _say(desk, prepared, findings)
    desk.say(words("The letters are in {path}.", path=index))
    if open_:
        webbrowser.open(index.resolve().as_uri())
    desk.answer(_document(index, prepared, letters, findings))
    return Exit.DONE


def _say(desk: Desk, prepared: Prepared, findings: Sequence[Problem]) -> None:
    desk.problems(findings)
    for letter in prepared.letters:
        desk.say(
            words(
                "{group} ({direction}): {count} recipient(s), “{subject}”",
                group=letter.group.name,
                direction=letter.group.direction,
                count=len(letter.recipients),
                subject=letter.rendition.subject,
            )
        )


def _document(
    index: Path, prepared: Prepared, letters: Sequence[CheckedLetter], findings: Sequence[Problem]
) -> dict[str, object]:
    counts = {letter.group.name: len(letter.recipients) for letter in prepared.letters}
    documents = [letter_document(letter) for letter in letters]
    return {
        "index": str(index),
        "letters": [{**document, "recipients": counts[str(document["group"])]} for document in documents],
        "messages": [_message(letter) for letter in prepared.letters if letter.rendition.channel != EMAIL],
        "findings": [problem_document(problem) for problem in findings],
    }


def _message(letter: PreparedLetter) -> dict[str, object]:
    """What goes by another way than mail; `form` is what members of 企业微信 get, empty for chats."""
    channel = letter.rendition.channel
    return {
        "group": letter.group.name,
        "direction": letter.group.direction,
        "channel": channel,
        "form": letter.group.wecom_form if channel == WECOM else "",
        "title": letter.rendition.subject,
        "files": [file.file_name for file in letter.rendition.attachments],
        "recipients": len(letter.recipients),
    }


def _serve(desk: Desk, path: Path, out: Path, port: int, *, open_: bool) -> int:
    def ready(taken: int) -> None:
        address = f"http://{HOST}:{taken}/"
        desk.say(words("The preview is at {address}. Ctrl-C ends it.", address=address))
        desk.answer({"address": address})
        sys.stdout.flush()  # whoever reads it waits for nothing more
        if open_:
            webbrowser.open(address)

    settings = desk.settings
    own = settings.path(settings.folders.templates) if settings.folders.templates else shipped("templates")
    watched = [path.resolve().parent, own, settings.path(settings.folders.recipients)]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_gallery(out, lambda: _make(desk, path, out), watched=watched, port=port, ready=ready))
    return Exit.DONE


def _make(desk: Desk, path: Path, out: Path) -> None:
    """Writes the gallery anew; a fault is shown on the page in its place, and said here."""
    try:
        prepared = prepare(path, desk.settings)
        write_preview(prepared, out, live=True)
        problems: Sequence[Problem] = prepared.letter_problems
    except BadFile as error:
        problems = error.problems
        _show_trouble(out, error, problems)
    except DistributorError as error:
        problems = ()
        _show_trouble(out, error, ())
        desk.say(str(error), style="red")
    desk.problems(problems)


def _show_trouble(out: Path, error: DistributorError, problems: Sequence[Problem]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    page = Templates().render("web/trouble.html", {"faults": problems or [error]})
    (out / "index.html").write_text(page + "\n", encoding="utf-8")
