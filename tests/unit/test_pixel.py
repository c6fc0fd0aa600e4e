"""A picture of one point that a group may have loaded: only where it says so, and the check of letters tells it."""

import dataclasses
from pathlib import Path

import pytest

from distributor.errors import BadFile
from distributor.recipients.file import Loaded, parse_directory
from distributor.recipients.manners import USUAL, manners_of, read_manners
from distributor.recipients.resolve import directory_digest, resolve
from distributor.rendering.email import render_email
from distributor.rendering.email_check import check_letter
from distributor.rendering.gallery import sample_page
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.rendering.views import OfficeView
from tests.renditions.sample import GROUPS, OFFICE, OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block

DIRECTORY = """\
groups:
  各单位:
    direction: {direction}
    channels: [{channel}]
{pixel}
    members:
      - unit: 石桥镇
        people: [{{name: 李四, email: lisi@example.gov.cn, wecom: lisi}}]
"""


def loaded(pixel: str = "", *, direction: str = "发", channel: str = "email") -> Loaded:
    line = f"    pixel: {pixel}" if pixel else ""
    text = DIRECTORY.format(direction=direction, channel=channel, pixel=line)
    return parse_directory(text.encode(), known_channels=("email", "wecom"))


def letter(direction: str = "发", *, office: OfficeView = OFFICE_WITH_PAGE, pixel: bool = True) -> Rendition:
    group = dataclasses.replace(GROUPS[direction], pixel=pixel)
    return render_email(every_block(), group=group, office=office, templates=TEMPLATES, pictures=PICTURES)


@pytest.mark.parametrize("direction", ["报", "送", "发"])
def test_no_group_has_one_unless_it_says_so(direction: str) -> None:
    (group,) = loaded(direction=direction).directory.groups
    assert not group.pixel
    assert manners_of(group).pixel is False
    assert read_manners("{}") == USUAL


def test_a_group_that_says_so_keeps_it_with_its_letter() -> None:
    (group,) = loaded("true").directory.groups
    assert read_manners(manners_of(group).to_document()).pixel is True


@pytest.mark.parametrize("value", ["yes", "1", '"true"', "on"])
def test_only_true_and_false_are_understood(value: str) -> None:
    with pytest.raises(BadFile):
        loaded(value)


def test_a_list_without_one_keeps_the_digest_it_had() -> None:
    plain, without, with_one = (loaded(value).directory for value in ("", "false", "true"))
    digests = [directory_digest(resolve(each), each) for each in (plain, without, with_one)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("direction", "channel", "codes"),
    [("发", "email", []), ("报", "email", ["manners"]), ("发", "wecom", ["no_effect"])],
)
def test_an_odd_one_is_a_warning(direction: str, channel: str, codes: list[str]) -> None:
    found = loaded("true", direction=direction, channel=channel).warnings
    assert [(problem.code, problem.grade) for problem in found] == [(code, "warning") for code in codes]


@pytest.mark.parametrize("direction", GROUPS)
def test_the_letter_loads_it_once_and_its_text_says_nothing_of_it(direction: str) -> None:
    made = letter(direction)
    assert made.html.count("links.pixel") == 1
    assert "links.pixel" not in made.text
    assert letter(direction, pixel=False).html == made.html.replace(made.html[slice(*_img(made.html))], "")


def _img(page: str) -> tuple[int, int]:
    """Where the picture stands in a page."""
    at = page.index("links.pixel")
    return page.rindex("<img", 0, at), page.index(">", at) + 1


def test_without_a_readers_page_there_is_none() -> None:
    assert "links.pixel" not in letter(office=OFFICE).fields


@pytest.mark.parametrize("direction", GROUPS)
def test_the_check_of_letters_knows_it_and_warns(direction: str) -> None:
    found = check_letter(letter(direction), every_block(), templates=TEMPLATES, template=direction)
    assert [(problem.code, problem.grade) for problem in found] == [("pixel", "warning")]
    assert found[0].place.line
    assert "links.pixel" in Path(found[0].place.file).read_text("utf-8").splitlines()[found[0].place.line - 1]


def test_any_other_picture_from_elsewhere_stays_an_error(tmp_path: Path) -> None:
    (tmp_path / "email" / "发").mkdir(parents=True)
    page = (
        '{% extends "email/_base/letter.html" %}'
        '{% block note %}<tr><td><img src="{{ links.read }}" alt="" width="1"></td></tr>{% endblock %}'
    )
    (tmp_path / "email" / "发" / "body.html").write_text(page, encoding="utf-8")
    templates = Templates(tmp_path)
    made = render_email(
        every_block(), group=GROUPS["发"], office=OFFICE_WITH_PAGE, templates=templates, pictures=PICTURES
    )
    found = check_letter(made, every_block(), templates=templates, template="发")
    assert {"picture", "alt"} <= {problem.code for problem in found if problem.grade == "error"}


def test_looking_at_a_letter_in_the_office_loads_nothing() -> None:
    assert "http" not in sample_page(letter()).replace("https://example.invalid", "").replace("https://example.gov", "")
    assert 'src="data:,"' in sample_page(letter())
