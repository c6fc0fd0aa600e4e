"""The rules for subject and text part: everything is there, and it is set for people.

A text part that says "see HTML" is empty for those who read it: screen readers, watches, archives. Lines are
measured in columns, a hanzi taking two; a line with a personal field has no length yet and is never measured.
"""

import unicodedata
from collections.abc import Iterator

from distributor.bulletin.model import Bulletin
from distributor.rendering import fields, plain
from distributor.rendering.email_check.finding import Finding
from distributor.rendering.rendition import Rendition
from distributor.rendering.views import issue_title, number_line, printed_contact
from distributor.words import words

#: A subject is cut off by phones after about forty hanzi.
_SUBJECT = 80


def said(bulletin: Bulletin) -> Iterator[str]:
    """What every complete form of a bulletin says: titles, units, short reports, names, sign-off, contact."""
    yield bulletin.title
    for section in bulletin.sections:
        yield section.heading or ""
        for item in section.items:
            yield item.title
            yield item.attribution or ""
            yield from (part for digest in item.digests for part in (digest.unit, digest.text))
    yield from (name for line in bulletin.addressees for name in line.names)
    yield from (name for role in bulletin.roles for name in role.names)
    yield from printed_contact(bulletin.contact)


def completeness_findings(bulletin: Bulletin, text: str, html_text: str) -> Iterator[Finding]:
    """Whether both parts say everything; `html_text` is the HTML's text as read with its pictures blocked."""
    for part, whole, needle in (("text", text, "content"), ("html", html_text, "content")):
        closed = _closed(whole)
        missing = [words_ for words_ in said(bulletin) if _closed(words_) not in closed]
        for lost in missing[:3]:
            what = words("The {part} part does not say “{text}”.", part=part, text=lost[:40])
            do = words("Print {field} in the template, or what is missing there.", field="{{ content }}")
            yield Finding(f"{part}_incomplete", what, do, (needle,), part=part)


def text_findings(rendition: Rendition) -> Iterator[Finding]:
    """Lines that are too long or end in blanks, tabs, and markup that slipped into the text."""
    for line in rendition.text.splitlines():
        if fields.split(line)[1:] or "://" in line:
            continue
        if plain.width(line) > plain.WIDTH:
            gaps = {"text": line[:20], "columns": plain.width(line), "limit": plain.WIDTH}
            what = words("A line of the text part has {columns} columns, {limit} is the limit: “{text}…”.", **gaps)
            do = words("Put the filter wrapped behind it.")
            yield Finding("text_line", what, do, (line.strip()[:12], line.strip()[:4]), part="text")
        if "\t" in line or line != line.rstrip():
            what = words("A line of the text part has a tab or ends in blanks: “{text}…”.", text=line[:20])
            yield Finding("text_blank", what, None, (line.strip()[:12],), "warning", part="text")


def subject_findings(bulletin: Bulletin, rendition: Rendition) -> Iterator[Finding]:
    """Whether the subject tells this number from every other, and can be read on a phone."""
    subject, needles = rendition.subject, ("title", "{{")
    number = number_line(bulletin)
    if number and _closed(number) not in _closed(subject):
        what = words("The subject does not name {number}; mail programs put equal subjects together.", number=number)
        yield Finding(
            "subject", what, words("Print {field} in subject.txt.", field="{{ title }}"), needles, part="subject"
        )
    if fields.split(subject)[1:]:
        what = words("The subject prints a personal field; it should be the same for everybody in a group.")
        yield Finding("subject_personal", what, words("Remove it."), needles, "warning", part="subject")
    elif plain.width(subject) > _SUBJECT:
        gaps = {"title": issue_title(bulletin)[:20], "columns": plain.width(subject), "limit": _SUBJECT}
        what = words("The subject has {columns} columns; phones cut it off after {limit}.", **gaps)
        yield Finding("subject_long", what, None, needles, "warning", part="subject")


def _closed(text: str) -> str:
    # A telephone number in full-width digits is read as one in ASCII.
    return "".join(unicodedata.normalize("NFKC", text).split())
