"""Tries every template on every example bulletin: letters in each manner, page, article and PDF.

A template is a program that others write, and a fault in it may hide in a branch that today's bulletin does not
take. So each letter is made with and without a reader's page, for groups that do and do not sign, and for these as
a correction (更正) with a file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product

from distributor.bulletin.model import Bulletin, Direction, Reading
from distributor.bulletin.reading import READABLE, read_bulletin
from distributor.dispatch.letters import prove_card
from distributor.errors import BadFile, DistributorError, Place, Problem
from distributor.recipients.model import Acknowledge
from distributor.rendering.article import render_article
from distributor.rendering.card import CHAT, ROBOT, WECOM, render_card
from distributor.rendering.email import GroupView, OfficeView, render_email
from distributor.rendering.email_check import check_letter, check_reminder
from distributor.rendering.page import page_css, render_page_body
from distributor.rendering.pdf.document import Paper, render_pdf
from distributor.rendering.reminder import (
    ReminderView,
    reminder_card,
    reminder_letter,
    reminder_values,
    reminder_words,
)
from distributor.rendering.rendition import Attachment
from distributor.rendering.templates import Templates
from distributor.rendering.views import template_values
from distributor.resources import shipped

#: Made up, so that a template can be tried before there are settings.
_OFFICE = OfficeView(name="云岭区河长制办公室", phone="010-55550100", reply_address="hzb@example.gov.cn")
_FILE = Attachment("简报.pdf", "application/pdf", b"", code="links.read")
_WITH_PAGE = OfficeView(_OFFICE.name, _OFFICE.phone, _OFFICE.reply_address, "https://bulletin.example.gov.cn")

#: Reminders before and after a deadline, without one, with a page, and to somebody who has a card.
_LINK = f"{_WITH_PAGE.base_url}/b/sample#acknowledge"
_REMINDED = (
    ReminderView("石桥镇", "李四"),
    ReminderView("石桥镇", "李四", "2026年11月25日", has_card=True),
    ReminderView("石桥镇", "李四", "2026年11月25日", link=_LINK),
    ReminderView("石桥镇", "李四", "2026年11月25日", overdue=True, link=_LINK),
)


@dataclass(slots=True)
class Tried:
    """What came of it: how many forms were made of how many examples, and each fault once."""

    templates: tuple[str, ...]
    examples: tuple[str, ...]
    made: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, found: Iterable[Problem]) -> None:
        """Keeps what has not been told yet."""
        told = {(problem.place, problem.code) for problem in self.problems}
        self.problems += [problem for problem in found if (problem.place, problem.code) not in told]


def try_templates(templates: Templates) -> Tried:
    """Renders all templates on all shipped examples and checks the letters by the rules of mail programs."""
    files = sorted(path for path in shipped("examples").iterdir() if path.suffix in READABLE)
    tried = Tried(templates.names(), tuple(path.name for path in files))
    for path in files:
        reading = read_bulletin(path)
        for name, make in _forms(reading, templates):
            tried.add(_tried(make, name))
            tried.made += 1
    return tried


def _forms(reading: Reading, templates: Templates) -> Iterator[tuple[str, Callable[[], Iterable[Problem]]]]:
    """Everything to be made of one example: the template it begins with, and what makes it and says what is wrong."""
    for name, office, manner in product(templates.names(), (_OFFICE, _WITH_PAGE), Acknowledge):
        yield f"email/{name}", partial(_letter, reading, templates, name, office, manner)
    for channel, office, manner in product((WECOM, ROBOT, CHAT), (_OFFICE, _WITH_PAGE), Acknowledge):
        yield (
            f"{'chat' if channel == CHAT else 'wecom'}/{channel}",
            partial(_card, reading, templates, channel, office, manner),
        )
    bulletin = reading.bulletin
    for manner in Acknowledge:  # what an mpnews has besides the article
        yield "wecom/read_on.txt", partial(_read_on, bulletin, templates, manner)
    for view in _REMINDED:
        yield "reminder", partial(_reminder, bulletin, templates, view)
    yield "web/page.css", lambda: _none(page_css(templates))
    # Forms that take long are made once, as what says most.
    pictures = reading.assets
    yield (
        "web/_bulletin.html",
        lambda: _none(render_page_body(bulletin, templates=templates, picture_url=str, edition=2)),
    )
    yield "article", lambda: _none(render_article(bulletin, templates=templates, pictures=pictures, edition=2))
    yield "pdf", lambda: _none(render_pdf(Paper(bulletin, pictures, correction="更正", room=True), templates))


def _letter(
    reading: Reading, templates: Templates, name: str, office: OfficeView, manner: Acknowledge
) -> tuple[Problem, ...]:
    direction = next((known for known in Direction if known.value == name), Direction.ISSUE)
    pixel = manner is Acknowledge.OPTIONAL
    group = GroupView(name, direction, name, acknowledge=manner, due="2 working days", pixel=pixel)
    letter = render_email(
        reading.bulletin,
        group=group,
        office=office,
        templates=templates,
        pictures=reading.assets,
        edition=_edition(manner),
        attachments=() if manner is Acknowledge.NEVER or not office.base_url else (_FILE,),
    )
    found = check_letter(letter, reading.bulletin, templates=templates, template=name)
    # A group has to ask for it; here it is there only to be tried.
    return tuple(problem for problem in found if problem.code != "pixel")


def _card(
    reading: Reading, templates: Templates, channel: str, office: OfficeView, manner: Acknowledge
) -> tuple[Problem, ...]:
    group = GroupView("", Direction.ISSUE, "", acknowledge=manner, due="2 working days")
    prove_card(
        render_card(
            reading.bulletin,
            group=group,
            office=office,
            templates=templates,
            channel=channel,
            edition=_edition(manner),
        )
    )
    return ()


def _reminder(bulletin: Bulletin, templates: Templates, view: ReminderView) -> tuple[Problem, ...]:
    values = reminder_values(bulletin, view, _OFFICE, theme=templates.theme)
    reminder_card(values, templates)
    reminder_words(values, templates)
    return check_reminder(reminder_letter(values, templates), bulletin, templates=templates)


def _edition(manner: Acknowledge) -> int:
    return 1 if manner is Acknowledge.NEVER else 2


def _read_on(bulletin: Bulletin, templates: Templates, manner: Acknowledge) -> tuple[Problem, ...]:
    group = GroupView("", Direction.ISSUE, "", acknowledge=manner, due="2 working days")
    values = template_values(bulletin, group, _WITH_PAGE, {}, theme=templates.theme)
    return _none(templates.render("wecom/read_on.txt", values))


def _none(_: object) -> tuple[Problem, ...]:
    return ()


def _tried(make: Callable[[], Iterable[Problem]], name: str) -> Iterable[Problem]:
    try:
        return make()
    except BadFile as error:  # the theme, with all its faults
        return error.problems
    except DistributorError as error:
        return (Problem(error.place or Place(name), error.code, error.what, error.do),)
