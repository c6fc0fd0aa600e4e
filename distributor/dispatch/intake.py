"""Takes a bulletin in: reads it, resolves who gets it, and renders every group's letter.

Nothing is stored here. `finalise` stores what this prepares; `check` and `preview` only look at it,
so all three see the same thing.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from distributor.bulletin.model import Bulletin, Reading
from distributor.bulletin.reading import read_bulletin
from distributor.dispatch.letters import compile_for, prove_card
from distributor.dispatch.paper import pdf_of
from distributor.errors import BadFile, BadInput, Place, Problem, Refused
from distributor.recipients.coverage import Coverage, coverage
from distributor.recipients.file import Loaded, load_directory
from distributor.recipients.manners import manners_of
from distributor.recipients.model import Attach, Directory, Group, Recipient, Reserve, WeComForm
from distributor.recipients.resolve import Resolved, directory_digest, resolve
from distributor.rendering.card import WECOM, render_card
from distributor.rendering.email import HTML_WARN, GroupView, OfficeView, html_size, issue_title, render_email
from distributor.rendering.fields import PIXEL
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.rendering.wecom_forms import FormUnfit
from distributor.settings import Settings
from distributor.store.records import BulletinKey, Frozen, Letter
from distributor.words import words

CHANNEL = "email"

#: The forms in which a member of 企业微信 gets the PDF itself.
_WITH_PDF = frozenset({WeComForm.FILE, WeComForm.CARD_AND_FILE})

#: Errors of the text without which no letter can be made; what the rendering says then would only mislead.
_NO_LETTER = frozenset({"undecodable", "too_long", "title_missing", "control_character", "line_separator", "bidi"})


@dataclass(frozen=True, slots=True)
class PreparedLetter:
    """One group's letter on one channel, ready to be frozen."""

    group: Group
    rendition: Rendition
    recipients: tuple[Recipient, ...]
    reserves: tuple[Reserve, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A bulletin with everything that its distribution depends on."""

    path: Path
    reading: Reading
    settings: Settings
    templates: Templates
    loaded: Loaded
    resolved: Resolved
    coverage: Coverage
    directory_digest: str
    letters: tuple[PreparedLetter, ...]
    letter_problems: tuple[Problem, ...]

    @property
    def bulletin(self) -> Bulletin:
        return self.reading.bulletin

    @property
    def findings(self) -> tuple[Problem, ...]:
        """Everything found in the bulletin, the directory and between the two."""
        return (
            *self.reading.findings,
            *self.loaded.warnings,
            *self.resolved.warnings,
            *(self.reading.placed(problem, self.path.name) for problem in self.coverage.problems),
            *self.letter_problems,
        )

    def frozen(self, *, today: dt.date, edition: int) -> Frozen:
        """What the store keeps. `today` (in the office's zone) gives the year when the bulletin names none."""
        return Frozen(
            key=key_of(self.bulletin, today=today),
            edition=edition,
            title=issue_title(self.bulletin) + (f" 更正{edition - 1}" if edition > 1 else ""),
            digest=self.reading.digest,
            directory_digest=self.directory_digest,
            file_name=str(self.path.resolve()),
            source=self.reading.source,
            assets=self.reading.assets,
            letters=tuple(_frozen_letter(letter) for letter in self._letters_of(edition)),
            send_rule=str(self.bulletin.send_at or ""),
        )

    def _letters_of(self, edition: int) -> tuple[PreparedLetter, ...]:
        """The letters; those of a later edition say so. Which edition it is, only the store knows."""
        if edition == 1:
            return self.letters
        return tuple(
            replace(
                letter,
                rendition=render_for(
                    self.reading,
                    letter.group,
                    self.settings,
                    self.templates,
                    file=self.path.name,
                    channel=letter.rendition.channel,
                    edition=edition,
                ),
            )
            for letter in self.letters
        )


def load_recipients(settings: Settings, templates: Templates) -> tuple[Loaded, Resolved]:
    """Reads the directory and resolves it. Raises `BadFile` with everything that is wrong in it."""
    path = settings.path(settings.folders.recipients)
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())  # shorter in every message
    loaded = load_directory(
        path,
        known_templates=templates.names(),
        known_channels=settings.channels,
        known_chats=settings.chats,
    )
    return loaded, resolve(loaded.directory)


def templates_of(settings: Settings) -> Templates:
    """The office's own templates before the built-in ones."""
    folder = settings.folders.templates
    return Templates(settings.path(folder) if folder else None)


def prepare(path: Path, settings: Settings) -> Prepared:
    """Reads, resolves and renders one bulletin file.

    What is wrong with the text or a letter is a finding in the result. Raises `BadInput` when a file
    cannot be read at all, and `BadFile` for the directory.
    """
    templates = templates_of(settings)
    reading = read_bulletin(path)
    loaded, resolved = load_recipients(settings, templates)
    directory = loaded.directory
    letters: list[PreparedLetter] = []
    problems: list[Problem] = []
    for group, channel, members, reserves in _letters_owed(resolved, directory):
        try:
            rendition = render_for(reading, group, settings, templates, file=path.name, channel=channel)
            problems += _proof(rendition, settings, path)
            problems += _without_pixel(rendition, group, settings, path)
        except BadFile as error:  # the theme
            problems += error.problems
        except (BadInput, Refused) as error:
            if _follows_from_the_text(reading):
                continue
            problems.append(Problem(error.place or Place(path.name), error.code, error.what, error.do))
        else:
            letters.append(PreparedLetter(group, rendition, members, reserves))
    return Prepared(
        path=path,
        reading=reading,
        settings=settings,
        templates=templates,
        loaded=loaded,
        resolved=resolved,
        coverage=coverage(reading.bulletin, directory, file=path.name),
        directory_digest=directory_digest(resolved, directory),
        letters=tuple(letters),
        letter_problems=_distinct(problems),
    )


def _follows_from_the_text(reading: Reading) -> bool:
    """Whether a letter cannot be made because of an error that the text's own findings name better."""
    return any(error.code in _NO_LETTER or error.code.startswith("picture_") for error in reading.errors)


def _distinct(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Each problem once: what is wrong with the text is wrong in every group's letter."""
    return tuple(problem for at, problem in enumerate(problems) if problem not in problems[:at])


def _proof(rendition: Rendition, settings: Settings, path: Path) -> list[Problem]:
    """Proves that a rendition can be a letter or a card, and says when it is larger than mail systems like."""
    if rendition.channel != CHANNEL:
        prove_card(rendition)
        return []
    size = compile_for(settings, rendition).typical_size
    limit = settings.send.max_message_bytes
    if size > limit:
        raise Refused(
            words(
                "The letter to {group} has {size} bytes; the limit is {limit}.",
                group=rendition.group,
                size=size,
                limit=limit,
            ),
            do=words("Use fewer or smaller pictures."),
            place=Place(path.name),
        )
    if html_size(rendition) > HTML_WARN:
        what = words(
            "The letter to {group} has {size} KB of HTML; some mail programs cut it off at 100 KB.",
            group=rendition.group,
            size=html_size(rendition) // 1024,
        )
        return [Problem(Place(path.name), "html_large", what, words("Consider two numbers."), grade="warning")]
    return []


def _without_pixel(rendition: Rendition, group: Group, settings: Settings, path: Path) -> list[Problem]:
    """A warning when the group's letters are to be counted by a picture, and this one loads none."""
    if not group.pixel or rendition.channel != CHANNEL or PIXEL in rendition.fields:
        return []
    gaps = {"group": group.name}
    what = words("pixel has no effect: the letter to {group} loads no picture from the reader's page.", **gaps)
    if not settings.office.base_url:
        do = words("Set office.base_url, or remove pixel.")
    else:
        do = words("Print links.pixel as the built-in letter.html does, or remove pixel.")
    return [Problem(group.place or Place(path.name), "no_effect", what, do, grade="warning")]


def render_for(
    reading: Reading,
    group: Group,
    settings: Settings,
    templates: Templates,
    *,
    file: str,
    channel: str = CHANNEL,
    edition: int = 1,
) -> Rendition:
    """Renders the letter that one group gets on one channel, with its files.

    `file` names the bulletin in errors; `edition` above 1 is a correction (更正).
    """
    office = settings.office
    view = GroupView(
        name=group.name,
        direction=group.direction,
        template=group.template,
        acknowledge=group.acknowledge,
        due=group.due,
        pixel=group.pixel,
    )
    sender = OfficeView(
        name=office.name,
        phone=office.phone,
        reply_address=office.reply_to or office.sender,
        base_url=office.base_url,
    )
    # What goes to a chat is everybody's, and no paper for one reader.
    code = channel == CHANNEL and bool(office.base_url) and Attach.PDF_WITH_CODE in group.attached
    # Most forms for a member have no room for a file, and lead to the page that has it.
    carries = group.wecom_form in _WITH_PDF if channel == WECOM else bool(group.attached)
    files = (pdf_of(reading, templates, file=file, edition=edition, code=code),) if carries else ()
    bulletin = reading.bulletin
    if channel != CHANNEL:
        try:
            card = render_card(
                bulletin,
                group=view,
                office=sender,
                templates=templates,
                channel=channel,
                edition=edition,
                form=group.wecom_form,
                pictures=reading.assets,
            )
        except FormUnfit as error:
            error.place = group.place
            raise
        return replace(card, attachments=files)
    return render_email(
        bulletin,
        group=view,
        office=sender,
        templates=templates,
        pictures=reading.assets,
        edition=edition,
        attachments=files,
    )


def key_of(bulletin: Bulletin, *, today: dt.date) -> BulletinKey:
    """What makes two files the same number (design: numbers restart every year, supplements count apart)."""
    date = bulletin.date
    number = str(bulletin.issue_no) if bulletin.issue_no is not None else (date or today).isoformat()
    year = bulletin.year or (date or today).year
    return BulletinKey(bulletin.title, bulletin.issuer or "", year, bulletin.kind, number)


def _letters_owed(
    resolved: Resolved, directory: Directory
) -> Iterator[tuple[Group, str, tuple[Recipient, ...], tuple[Reserve, ...]]]:
    """Each group with each channel that somebody gets its letter on, at once or when another channel has failed."""
    for group in directory.groups:
        for channel in dict.fromkeys(group.channels):
            members = tuple(r for r in resolved.recipients if (r.group, r.channel) == (group.name, channel))
            reserves = tuple(
                r for r in resolved.reserves if (r.recipient.group, r.recipient.channel) == (group.name, channel)
            )
            if members or reserves:
                yield group, channel, members, reserves


def _frozen_letter(letter: PreparedLetter) -> Letter:
    return Letter(
        group=letter.group.name,
        direction=letter.group.direction,
        channel=letter.rendition.channel,
        rendition=letter.rendition.to_document(),
        recipients=letter.recipients,
        on_unknown=letter.group.on_unknown,
        manners=manners_of(letter.group),
        reserves=letter.reserves,
    )
