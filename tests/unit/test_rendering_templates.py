"""Templates tell their faults with file, line and what is missing, and cannot depend on one recipient."""

from pathlib import Path

import pytest
from jinja2.sandbox import SandboxedEnvironment

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput
from distributor.rendering.fields import Field, FieldMisuse, LinkFields, RecipientFields, mark, split
from distributor.rendering.templates import Templates


def _render(folder: Path, template: str, name: str = "email/试/body.txt", **values: object) -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(template, encoding="utf-8")
    known = {"recipient": RecipientFields(), "links": LinkFields(), "bulletin": Bulletin(title="简报")}
    return Templates(folder).render(name, known | values)


def test_the_shipped_templates_are_the_three_directions() -> None:
    assert Templates().names() == ("发", "报", "送")


def test_a_template_of_the_office_is_listed_beside_the_shipped_ones(tmp_path: Path) -> None:
    _render(tmp_path, "", "email/街道/body.html")
    assert set(Templates(tmp_path).names()) == {"报", "送", "发", "街道"}


def test_a_single_file_of_the_office_replaces_the_shipped_one(tmp_path: Path) -> None:
    assert _render(tmp_path, "本办：{{ bulletin.title }}", "email/报/subject.txt") == "本办：简报"
    assert Templates(tmp_path).names() == Templates().names()


def test_an_unknown_template_names_the_ones_there_are() -> None:
    with pytest.raises(BadInput, match="报") as caught:
        Templates().require("抱")
    assert "抱" in str(caught.value)


def test_a_printed_field_leaves_a_mark(tmp_path: Path) -> None:
    text = _render(tmp_path, "致{{ recipient.unit }}：")
    assert split(text) == ["致", "recipient.unit", "："]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param("{{ recipient.name | upper }}", id="filtered"),
        pytest.param("{{ recipient.name | wrapped }}", id="wrapped"),
        pytest.param("{{ recipient.name | length }}", id="measured"),
        pytest.param("{{ recipient.name | e }}", id="escaped"),
        pytest.param("{{ recipient.name | safe }}", id="declared-safe"),
        pytest.param("{{ recipient.name | list }}", id="listed"),
        pytest.param("{{ recipient.name | join('、') }}", id="joined"),
        pytest.param("{% if recipient.name %}a{% endif %}", id="tested"),
        pytest.param("{% if not recipient.role %}a{% endif %}", id="negated"),
        pytest.param("{% if recipient.unit == '区委' %}a{% endif %}", id="compared"),
        pytest.param("{% if recipient.unit != '区委' %}a{% endif %}", id="compared-unequal"),
        pytest.param("{% if recipient.unit < '区委' %}a{% endif %}", id="ordered"),
        pytest.param("{% if recipient.unit in ['区委'] %}a{% endif %}", id="looked-up"),
        pytest.param("{% if '区' in recipient.unit %}a{% endif %}", id="searched"),
        pytest.param("{% for char in recipient.name %}a{% endfor %}", id="iterated"),
        pytest.param("{{ '尊敬的' ~ recipient.name }}", id="concatenated"),
        pytest.param("{{ '尊敬的' + recipient.name }}", id="added"),
        pytest.param("{{ '%s' | format(recipient.name) }}", id="formatted"),
        pytest.param("{{ '%s' % recipient.name }}", id="formatted-with-percent"),
        pytest.param("{{ recipient.name[0] }}", id="indexed"),
        pytest.param("{{ recipient.name.upper() }}", id="called-upon"),
        pytest.param("{{ links.read | urlencode }}", id="link-encoded"),
        pytest.param("{{ {recipient.name: 1} }}", id="used-as-a-key"),
    ],
)
def test_any_use_of_a_field_but_printing_is_refused(tmp_path: Path, use: str) -> None:
    with pytest.raises(BadInput) as caught:
        _render(tmp_path, f"第一行\n{use}\n")
    place = caught.value.place
    assert place is not None
    assert (Path(place.file).name, place.line) == ("body.txt", 2)
    assert "recipient." in str(caught.value) or "links." in str(caught.value)


def test_a_field_says_its_name_when_it_is_misused() -> None:
    with pytest.raises(FieldMisuse) as caught:
        str(Field("recipient.name"))
    assert caught.value.name == "recipient.name"
    assert repr(Field("recipient.name")) == "Field(recipient.name)"
    assert split(mark(Field("links.read"))) == ["", "links.read", ""]


@pytest.mark.parametrize(
    ("template", "line", "told"),
    [
        pytest.param("一\n二{{ bulletin.titel }}", 2, "titel", id="unknown-field-of-an-object"),
        pytest.param("一\n二\n{{ bulettin.title }}", 3, "bulettin", id="unknown-name"),
        pytest.param("一\n{% if %}", 2, "Expected", id="syntax"),
        pytest.param("一\n{% for a in b %}\n三", 3, "endfor", id="unclosed-block"),
        pytest.param("{{ bulletin.title | nosuch }}", 1, "nosuch", id="unknown-filter"),
        pytest.param("一\n{{ bulletin.issuer }}", 2, "does not have", id="printing-what-is-not-there"),
        pytest.param("一\n{{ 1 // 0 }}", 2, "ZeroDivisionError", id="arithmetic"),
        pytest.param("一\n{{ ''.__class__.__mro__ }}", 2, "unsafe", id="sandbox"),
    ],
)
def test_a_fault_is_told_with_file_line_and_reason(tmp_path: Path, template: str, line: int, told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        _render(tmp_path, template)
    place = caught.value.place
    assert place is not None
    assert (Path(place.file), place.line) == (tmp_path / "email/试/body.txt", line)
    assert caught.value.do is not None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.txt"):
        _render(tmp_path, '{% include "nowhere.txt" %}')


def test_text_that_looks_like_a_template_stays_text(tmp_path: Path) -> None:
    assert (
        _render(tmp_path, "{{ bulletin.title }}", bulletin=Bulletin(title="{{ 7*7 }}{% raw %}")) == "{{ 7*7 }}{% raw %}"
    )


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    bulletin = Bulletin(title="<b>&\"'")
    assert (
        _render(tmp_path, "{{ bulletin.title }}", "email/试/body.html", bulletin=bulletin) == "&lt;b&gt;&amp;&#34;&#39;"
    )
    assert _render(tmp_path, "{{ bulletin.title }}", bulletin=bulletin) == "<b>&\"'"


def test_an_edited_template_is_compiled_anew_and_an_unchanged_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "own.txt"
    page.write_text("{{ title }} one", encoding="utf-8")
    assert Templates(tmp_path).render("own.txt", {"title": "简报"}) == "简报 one"

    page.write_text("{{ title }} two", encoding="utf-8")
    assert Templates(tmp_path).render("own.txt", {"title": "简报"}) == "简报 two"

    monkeypatch.setattr(SandboxedEnvironment, "_parse", lambda *what: pytest.fail("it was compiled again"))
    assert Templates(tmp_path).render("own.txt", {"title": "快报"}) == "快报 two"
