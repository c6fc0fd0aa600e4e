"""`distributor pdf FILE`: the bulletin as a PDF for printing and keeping, as 报 letters carry it."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from distributor.bulletin.reading import read_bulletin
from distributor.cli.desk import Desk, existing_file
from distributor.cli.exits import Exit
from distributor.cli.problem_documents import problem_document
from distributor.dispatch.intake import templates_of
from distributor.dispatch.paper import pdf_of
from distributor.errors import BadInput
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Write a bulletin as a PDF with red masthead, for printing and keeping; nothing is sent."))
    def pdf(
        context: typer.Context,
        file: Annotated[
            str, typer.Argument(help=say("The bulletin: a Markdown or Word (.docx) file, as the office writes it."))
        ],
        out: Annotated[Path, typer.Option("--out", "-o", help=say("The file to write, or a folder."))] = Path("out"),
        open_: Annotated[bool, typer.Option("--open", help=say("Open it when it is there."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _pdf(desk, file, out, open_when_written=open_)


def _pdf(desk: Desk, file: str, out: Path, *, open_when_written: bool) -> int:
    path = existing_file(file)
    reading = read_bulletin(path)
    made = pdf_of(reading, templates_of(desk.settings), file=str(path))
    target = out if out.suffix.lower() == ".pdf" else out / made.file_name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(made.content)
    except OSError as error:
        raise BadInput(
            words("Nothing can be written into {path}.", path=target.parent),
            do=words("Name another file or folder with --out."),
        ) from error
    findings = (*reading.errors, *reading.warnings)
    desk.problems(findings)
    desk.say(words("The PDF is in {path}.", path=target))
    if open_when_written:
        webbrowser.open(target.resolve().as_uri())
    desk.answer(
        {
            "file": str(path),
            "pdf": str(target),
            "bytes": len(made.content),
            "findings": [problem_document(problem) for problem in findings],
        }
    )
    return Exit.DONE
