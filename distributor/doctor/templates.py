"""The letter templates of every group, tried on the shipped example bulletins."""

from collections.abc import Iterator

from distributor.bulletin.reading import READABLE, read_bulletin
from distributor.dispatch.group_letter import render_for
from distributor.dispatch.intake import load_recipients, templates_of
from distributor.dispatch.letters import prove
from distributor.doctor.diagnosis import Context, Diagnosis, failure, of_error, ok
from distributor.errors import BadFile, BadInput, DistributorError
from distributor.resources import shipped
from distributor.words import words

NAME = "templates"


def check_templates(context: Context) -> Iterator[Diagnosis]:
    """Renders and compiles one letter for each group and example; the same fault is said once."""
    templates = templates_of(context.settings)
    try:
        groups = load_recipients(context.settings, templates)[0].directory.groups
    except (BadFile, BadInput):
        return  # the recipients' own check says so
    examples = sorted(path for path in shipped("examples").iterdir() if path.suffix in READABLE)
    readings = {path.name: read_bulletin(path) for path in examples}
    faults: dict[str, Diagnosis] = {}
    for group in groups:
        for file, reading in readings.items():
            try:
                for channel in group.channels:
                    rendition = render_for(reading, group, context.settings, templates, file=file, channel=channel)
                    prove(context.settings, rendition)
            except BadFile as error:  # the theme
                for fault in error.problems:
                    faults.setdefault(str(fault), failure(NAME, f"{fault.place}: {fault.what}", fault.do))
            except DistributorError as error:
                faults.setdefault(str(error), of_error(NAME, error))
    yield from faults.values()
    if not faults:
        gaps = {"groups": len(groups), "examples": len(readings)}
        yield ok(NAME, words("The letters of {groups} group(s) can be made of {examples} example(s).", **gaps))
