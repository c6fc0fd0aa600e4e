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
from distributor.dispatch.group_letter import proof, render_for, without_pixel
from distributor.errors import BadFile, BadInput, Place, Problem, Refused
from distributor.recipients.coverage import Coverage, coverage
from distributor.recipients.file import Loaded, load_directory
from distributor.recipients.manners import manners_of
from distributor.recipients.model import Directory, Group, Recipient, Reserve
from distributor.recipients.resolve import Resolved, directory_digest, resolve
from distributor.rendering.email import issue_title
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.settings import Settings
from distributor.store.records import BulletinKey, Frozen, Letter

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
            problems += proof(rendition, settings, path)
            problems += without_pixel(rendition, group, settings, path)
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
