"""The letter templates: the office's own folder first, then the ones that ship.

Templates are written by people who are not programmers, so every fault in one is told with
its file, its line and what was missing. They run in Jinja2's sandbox: a template can print
a bulletin and nothing more.
"""

import dataclasses
import difflib
import traceback
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from distributor.bulletin.model import BulletList, Paragraph, Picture, Quote, Table
from distributor.errors import BadInput, Place
from distributor.misfit import suggestion
from distributor.rendering import fields, plain, tables
from distributor.rendering.compiled import Compiled
from distributor.rendering.theme import Theme, look
from distributor.rendering.theme_file import load_theme
from distributor.resources import shipped
from distributor.words import Words, words

_KINDS = {"paragraph": Paragraph, "table": Table, "listing": BulletList, "picture": Picture, "quote": Quote}

#: What templates call a value, where it is not the name of its kind.
_SEEN_AS = {"GroupView": "group", "OfficeView": "office", "RecipientFields": "recipient", "LinkFields": "links"}


class _NothingToPrint(Exception):
    """A template printed a field that is not there in this bulletin."""


class _FieldMissing(Exception):
    """A template used a name that is not there. `known` is what could have been meant; empty at the top."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


class _Missing(StrictUndefined):
    """What Jinja2 puts in the place of a name that is not there: it says which one as soon as it is used."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:  # the sandbox's own words
            return self._undefined_hint
        owner = self._undefined_obj
        if owner is missing:
            raise _FieldMissing(str(self._undefined_name), ())
        kind = type(owner).__name__
        raise _FieldMissing(f"{_SEEN_AS.get(kind, kind.lower())}.{self._undefined_name}", _names_in(owner))


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """One template file as it stands on the disk. `name` is its path within the folders."""

    name: str
    path: Path
    text: str


class Templates:
    """All templates, looked up file by file: a folder of the office may replace a single file.

    With them comes the office's look, `theme`, which is read when it is first asked for.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folders = [path for path in (folder, shipped("templates")) if path is not None]

    @cached_property
    def theme(self) -> Theme:
        """The look that `theme.yaml` in the first folder that has one asks for. Raises `BadFile`."""
        return load_theme(self._folders)

    @cached_property
    def _environment(self) -> SandboxedEnvironment:
        return _environment(self._folders, look(self.theme))

    def names(self) -> tuple[str, ...]:
        """The email templates a group may name: folders under `email/` that hold a `body.html`."""
        found = {body.parent.name for folder in self._folders for body in folder.glob("email/*/body.html")}
        return tuple(sorted(name for name in found if not name.startswith("_")))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where templates are looked up: the office's folder, if it has one, before the shipped one."""
        return tuple(self._folders)

    def sources(self, *folders: str) -> tuple[Source, ...]:
        """The files that rendering from these folders reads, in their order; the office's before the built-in ones."""
        found: dict[str, Source] = {}
        for under in folders:
            for folder in self._folders:
                for path in sorted((folder / under).glob("*.*")):
                    name = f"{under}/{path.name}"
                    if name not in found and path.is_file():
                        found[name] = Source(name, path, path.read_text(encoding="utf-8", errors="replace"))
        return tuple(found.values())

    def require(self, name: str) -> None:
        """Raises `BadInput` with the nearest right names when a group's template is not there."""
        known = self.names()
        if name in known:
            return
        nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or known
        raise BadInput(
            words("There is no letter template “{name}”.", name=name),
            do=words("Choose one of: {names}.", names="、".join(nearest)),
        )

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """Renders one file. Raises `BadInput` that names the template's file, the line and the trouble.

        A theme that does not fit raises `BadFile`.
        """
        environment = self._environment  # a fault in the theme is told as the theme's
        try:
            return environment.get_template(name).render(values)
        except TemplateNotFound as error:
            raise BadInput(
                words("The template file {file} is missing.", file=error.name or name),
                do=words("Restore the file, or remove what refers to it."),
                place=Place(name),
            ) from error
        except TemplateSyntaxError as error:
            what = words("The template cannot be understood: {reason}", reason=error.message or "")
            raise _bad(what, Place(error.filename or name, error.lineno)) from error
        except _FieldMissing as error:
            what = words("The template uses a field that does not exist: {reason}.", reason=error.name)
            advice = suggestion(error.name.rpartition(".")[2], tuple(error.known or values))
            raise BadInput(what, do=advice, place=self._place(error, name)) from error
        # A template is a program that others write: whatever it raises is told as its own fault.
        except Exception as error:
            raise _bad(_trouble(error), self._place(error, name)) from error

    def _place(self, error: Exception, name: str) -> Place:
        """The innermost line of a template on the way to an error."""
        roots = tuple(str(folder) for folder in self._folders)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(roots)]
        return Place(frames[-1].filename, frames[-1].lineno or 0) if frames else Place(name)


def _bad(what: Words, place: Place) -> BadInput:
    return BadInput(what, do=words("Correct the template at this line."), place=place)


def _trouble(error: Exception) -> Words:
    if isinstance(error, fields.FieldMisuse):
        return words(
            "The template does something else with {field} than printing it; a letter is made once per group, "
            "so it cannot depend on one recipient.",
            field=error.name,
        )
    if isinstance(error, _NothingToPrint):
        return words("The template prints something that this bulletin does not have.")
    if isinstance(error, SecurityError):
        return words("The template does something that templates may not do: {reason}.", reason=str(error))
    return words("The template fails: {reason}.", reason=f"{type(error).__name__} {error}".strip())


def _names_in(owner: object) -> tuple[str, ...]:
    """The fields that a template may print of a value."""
    if isinstance(owner, Mapping):
        return tuple(map(str, owner))
    if dataclasses.is_dataclass(owner):
        return tuple(field.name for field in dataclasses.fields(owner))
    return tuple(name for name in getattr(type(owner), "__slots__", ()) if not name.startswith("_"))


#: All environments are alike in what compiling depends on.
_COMPILED = Compiled()


def _environment(folders: list[Path], given: Mapping[str, object]) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folders),
        bytecode_cache=_COMPILED,
        undefined=_Missing,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.globals.update(given)
    environment.tests.update({name: _kind_test(kind) for name, kind in _KINDS.items()})
    text = (plain.wrapped, plain.centred, plain.justified, plain.flush_right, plain.indented, plain.drawn)
    environment.filters.update({rule.__name__: rule for rule in (*text, tables.fits_phone)})
    return environment


def _printed(value: object) -> object:
    if isinstance(value, fields.Field):
        return fields.mark(value)
    if value is None:
        raise _NothingToPrint
    return value


def _kind_test(kind: type) -> Callable[[object], bool]:
    return lambda block: isinstance(block, kind)
