"""Sentences for people, kept apart from the language they are said in.

A sentence is written in English at the place that knows the facts, carried as
`Words`, and put into the reader's language when it is shown. So an error raised
in a parser can be read in 简体中文 on one screen and in English on another.
"""

import gettext
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LANGUAGES = ("zh_CN", "en")
_CATALOGUES = Path(__file__).parent / "locales"


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence: its English form with `{named}` gaps, and what fills them.

    `str()` says it in the current language. A gap may hold other `Words`.
    """

    english: str
    gaps: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return _catalogue(_language.get()).gettext(self.english).format(**self.gaps)


def words(english: str, /, **gaps: object) -> Words:
    """Makes a sentence. The English text must be a literal: the catalogues are extracted from it."""
    return Words(english, gaps)


def say(english: str, /, **gaps: object) -> str:
    """Says a sentence at once in the current language."""
    return str(Words(english, gaps))


def language_of(locale: str | None) -> str:
    """Maps a locale name (`zh_CN.UTF-8`, `zh-Hans`, `en_GB`, `C`) to one of `LANGUAGES`."""
    return "zh_CN" if (locale or "").lower().startswith("zh") else "en"


def language_of_environment(environment: Mapping[str, str] | None = None) -> str:
    """Chooses the language by DISTRIBUTOR_LANG, LC_ALL, LC_MESSAGES, LANG, in that order."""
    env = os.environ if environment is None else environment
    names = ("DISTRIBUTOR_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    return language_of(next((env[name] for name in names if env.get(name)), None))


def set_language(language: str) -> None:
    """Sets the language of everything said from here on in this context."""
    _language.set(language_of(language))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Says things in one language for the length of a block."""
    token = _language.set(language_of(language))
    try:
        yield
    finally:
        _language.reset(token)


_language: ContextVar[str] = ContextVar("language", default="en")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("distributor", _CATALOGUES, [language], fallback=True)
