"""What the program says is said in both languages: nothing missing, no gap lost, no sentence half in the other one."""

import ast
import re
import string

import pytest
from babel.messages.catalog import Catalog

from distributor.words import LANGUAGES, Words, language_of, say, set_language, speaking, words
from tools import messages

_CODE = re.compile(r"`[^`]*`")
#: Hanzi beside half-width punctuation, or apart from a digit or a gap by a space: not as Chinese is set.
_ILL_SET = re.compile(
    r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff] \d|\d [\u4e00-\u9fff]|[\u4e00-\u9fff] \(|\) [\u4e00-\u9fff]"
)
_GAP = re.compile(r"\{[^}]*\}")
_LETTERS = re.compile(r"[A-Za-z]")
_HANZI = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def sentences() -> Catalog:
    """Every sentence of the code."""
    return messages.template()


def _pairs(catalog: Catalog) -> list[tuple[str, str]]:
    return [(str(message.id), str(message.string)) for message in catalog if message.id]


def _gaps(sentence: str) -> list[str]:
    """The gaps of a sentence with their format, sorted: `{limit:g}` is not `{limit}`."""
    return sorted(f"{name}:{form}" for _text, name, form, _conversion in string.Formatter().parse(sentence) if name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_says_every_sentence_and_loses_no_gap(language: str, sentences: Catalog) -> None:
    catalog = messages.update(language, sentences)
    assert messages.problems(language, catalog) == []
    lost = [(said, sentence) for sentence, said in _pairs(catalog) if _gaps(said) != _gaps(sentence)]
    assert lost == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_of_a_catalogue_are_in_step_with_the_code(language: str, sentences: Catalog) -> None:
    catalog = messages.update(language, sentences)
    folder = messages.LOCALES / language / "LC_MESSAGES"
    assert (folder / "distributor.po").read_bytes() == messages.po_bytes(catalog)
    assert (folder / "distributor.mo").read_bytes() == messages.mo_bytes(catalog)


def test_a_missing_translation_is_found() -> None:
    catalog = Catalog(locale="zh_CN")
    catalog.add("A sentence that nobody has translated.")
    assert messages.problems("zh_CN", catalog) == ["zh_CN: not translated: A sentence that nobody has translated."]


def test_a_translation_with_another_gap_is_found() -> None:
    catalog = Catalog(locale="zh_CN")
    catalog.add("{count} letters wait.", "有{number}件信函。")
    assert messages.problems("zh_CN", catalog) == ["zh_CN: other gaps: {count} letters wait."]


def test_chinese_is_said_in_chinese_and_set_as_chinese(sentences: Catalog) -> None:
    pairs = _pairs(messages.update("zh_CN", sentences))
    assert [
        said for sentence, said in pairs if _LETTERS.search(_GAP.sub("", sentence)) and not _HANZI.search(said)
    ] == []
    assert [said for _sentence, said in pairs if _ILL_SET.search(_CODE.sub("`", said))] == []


def test_commands_options_and_keys_stay_as_they_are_typed(sentences: Catalog) -> None:
    typed = re.compile(r"`[^`]+`|--[a-z][a-z-]*|[\w.-]+\.(?:toml|yaml)")
    for sentence, said in _pairs(messages.update("zh_CN", sentences)):
        assert [word for word in typed.findall(sentence) if word not in said] == [], sentence


def test_no_sentence_hides_where_the_catalogues_cannot_find_it() -> None:
    """Before Python 3.12 an f-string is one token, so a sentence inside it would never be translated."""
    hidden = [
        f"{path.name}:{call.lineno}"
        for path in sorted((messages.ROOT / "distributor").rglob("*.py"))
        for string in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in messages.KEYWORDS
    ]
    assert hidden == []


def test_a_sentence_in_a_gap_is_said_in_the_readers_language() -> None:
    refused = words("it refuses the connection: {reply}", reply="554 no")
    outer = words("The mail server {server} cannot be used: {what}", server="smtp.example.gov.cn:465", what=refused)
    assert str(outer) == ("The mail server smtp.example.gov.cn:465 cannot be used: it refuses the connection: 554 no")
    with speaking("zh_CN"):
        assert str(outer) == "邮件服务器 smtp.example.gov.cn:465 无法使用：服务器拒绝连接：554 no"


def test_a_sentence_made_in_one_language_is_said_in_another_later() -> None:
    with speaking("zh_CN"):
        sentence = words("Nothing was done.")
        assert str(sentence) == "没有进行任何操作。"
    assert str(sentence) == "Nothing was done."


def test_what_fills_a_gap_is_not_read_for_gaps() -> None:
    title = "第{count}期 %s {0.__class__}"
    with speaking("zh_CN"):
        assert say("{label} is finalised.", label=title) == f"“{title}”已定稿。"


def test_a_sentence_that_no_catalogue_has_stays_english() -> None:
    with speaking("zh_CN"):
        assert str(Words("Not in any catalogue: {gap}.", {"gap": 1})) == "Not in any catalogue: 1."


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh_CN.UTF-8", "zh_CN"),
        ("zh-Hans", "zh_CN"),
        ("ZH", "zh_CN"),
        ("en_GB.UTF-8", "en"),
        ("fr_FR.UTF-8", "en"),
        ("C", "en"),
        ("C.UTF-8", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_locale_speaks_one_of_the_languages_and_an_unknown_one_english(locale: str | None, language: str) -> None:
    assert language_of(locale) == language


def test_an_unknown_language_is_answered_in_english() -> None:
    set_language("tlh")
    assert say("Nothing was done.") == "Nothing was done."
