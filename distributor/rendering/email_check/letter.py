"""Looks at one rendered letter with every rule, and says where in the templates each fault comes from."""

from collections.abc import Iterable, Iterator

from distributor.bulletin.model import Bulletin
from distributor.errors import Place, Problem
from distributor.rendering import fields
from distributor.rendering.email_check.colour_rules import colour_findings
from distributor.rendering.email_check.elements import element_findings
from distributor.rendering.email_check.finding import Finding
from distributor.rendering.email_check.markup import read_elements
from distributor.rendering.email_check.page_rules import masthead_findings, page_findings
from distributor.rendering.email_check.text_rules import completeness_findings, subject_findings, text_findings
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Source, Templates
from distributor.rendering.views import issue_title, number_line

_PARTS = {"html": (".html", ".css"), "text": (".txt",), "subject": ("subject.txt",)}


def check_letter(
    rendition: Rendition, bulletin: Bulletin, *, templates: Templates, template: str
) -> tuple[Problem, ...]:
    """Every rule of a letter that this one breaks, each once, at its line in the templates where one can be found."""
    sources = templates.sources(f"email/{template}", "email/_base")
    return _problems(letter_findings(rendition, bulletin, templates=templates), sources)


def check_reminder(rendition: Rendition, bulletin: Bulletin, *, templates: Templates) -> tuple[Problem, ...]:
    """The same for a reminder, which has a letter's look and need not say what the bulletin says."""
    sources = templates.sources("reminder", "email/_base")
    return _problems(_form_findings(rendition, bulletin, templates=templates), sources)


def letter_findings(rendition: Rendition, bulletin: Bulletin, *, templates: Templates) -> Iterator[Finding]:
    """The findings themselves, as often as they occur."""
    yield from _form_findings(rendition, bulletin, templates=templates)
    elements = read_elements(rendition.html)
    body = next((element.text for element in elements if element.tag == "body"), "")
    yield from completeness_findings(bulletin, rendition.text, body)


def _form_findings(rendition: Rendition, bulletin: Bulletin, *, templates: Templates) -> Iterator[Finding]:
    """Whether it is shown as meant, whatever it says."""
    elements = read_elements(rendition.html)
    yield from page_findings(rendition, elements)
    lines = templates.theme.title_lines(bulletin)
    yield from masthead_findings(lines, number_line(bulletin), issue_title(bulletin), elements)
    for element in elements:
        yield from element_findings(element, mark=fields.START)
    yield from colour_findings(elements)
    yield from text_findings(rendition)
    yield from subject_findings(bulletin, rendition)


def _problems(findings: Iterable[Finding], sources: Iterable[Source]) -> tuple[Problem, ...]:
    """Each finding once, with its line."""
    found: dict[tuple[str, str], Problem] = {}
    for finding in findings:
        problem = Problem(_place(finding, sources), finding.code, finding.what, finding.do, finding.grade)
        found.setdefault((finding.code, str(finding.what)), problem)
    return tuple(found.values())


def _place(finding: Finding, sources: Iterable[Source]) -> Place:
    """The first line that holds a needle, the likeliest needle first; else the letter's own template as a whole."""
    files = [source for source in sources if source.name.endswith(_PARTS[finding.part])]
    for needle in finding.needles:
        for source in files:
            for number, line in enumerate(source.text.splitlines(), start=1):
                if needle in line:
                    return Place(str(source.path), number)
    return Place(str(files[0].path)) if files else Place(finding.part)
