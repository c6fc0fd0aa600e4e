"""The admin's file: what it may say, and how every mistake in it is reported."""

import textwrap

import pytest

from distributor.bulletin.model import Direction
from distributor.errors import BadFile, Problem
from distributor.recipients.file import Loaded, parse_directory
from distributor.recipients.model import Acknowledge, Attach, OnUnknown, SatisfiedBy, WeComForm


def load(text: str, *, templates: tuple[str, ...] | None = None, channels: tuple[str, ...] = ("email",)) -> Loaded:
    return parse_directory(textwrap.dedent(text).encode(), known_templates=templates, known_channels=channels)


def problems(text: str, *, templates: tuple[str, ...] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(BadFile) as caught:
        load(text, templates=templates)
    return caught.value.problems


def only(text: str, *, templates: tuple[str, ...]) -> tuple[str, int, int, str]:
    """The one problem of a text: its code, line, column and advice."""
    (problem,) = problems(text, templates=templates)
    return problem.code, problem.place.line, problem.place.column, str(problem.do)


def group(*lines: str, people: str = "{name: 张三, email: zs@example.cn}") -> str:
    """A valid directory with one group that has more lines; they begin in line 4."""
    keys = "".join(f"    {line}\n" for line in lines)
    unit = f"      - unit: 石桥镇\n        people:\n          - {people}\n"
    return f"groups:\n  各单位:\n    direction: 发\n{keys}    members:\n{unit}"


def test_a_group_has_defaults_that_need_no_words() -> None:
    (only_group,) = load(group()).directory.groups

    assert (only_group.name, only_group.direction, only_group.template) == ("各单位", Direction.ISSUE, "发")
    assert (only_group.channels, only_group.acknowledge, only_group.due) == (("email",), Acknowledge.NEVER, None)
    assert (only_group.satisfied_by, only_group.on_unknown) == (SatisfiedBy.ANY, OnUnknown.HOLD)


def test_every_key_is_read() -> None:
    text = """
        count: 1
        groups:
          各单位:
            direction: 发
            template: 短信
            channels: [wecom, email]
            acknowledge: required
            due: 2  working  days
            satisfied_by: all
            on_unknown: resend
            wecom_form: card_and_file
            covers: [全区各单位]
            members:
              - unit: 石桥镇
                covers: [各镇]
                people:
                  - {name: 张三, role: 信息员, email: ZS@Example.cn, wecom: zhangsan, id: "007"}
    """
    (found,) = load(text, channels=("email", "wecom"), templates=("短信",)).directory.groups
    (unit,) = found.units
    (person,) = unit.people

    assert (found.template, found.channels, found.due) == ("短信", ("wecom", "email"), "2 working days")
    assert (found.satisfied_by, found.on_unknown, found.covers) == (SatisfiedBy.ALL, OnUnknown.RESEND, ("全区各单位",))
    assert found.wecom_form is WeComForm.CARD_AND_FILE
    assert (unit.name, unit.covers) == ("石桥镇", ("各镇",))
    assert (person.name, person.role, person.id) == ("张三", "信息员", "007")
    assert person.addresses == {"email": "ZS@example.cn", "wecom": "zhangsan"}


@pytest.mark.parametrize(
    ("direction", "line", "expected"),
    [
        pytest.param("报", "", (Attach.PDF_WITH_CODE,), id="up"),
        pytest.param("送", "", (), id="across"),
        pytest.param("发", "", (), id="down"),
        pytest.param("报", "attach: []", (), id="up-without"),
        pytest.param("发", "attach: [pdf]", (Attach.PDF,), id="down-with"),
        pytest.param("报", "attach: [pdf]", (Attach.PDF,), id="up-without-a-code"),
    ],
)
def test_the_pdf_goes_to_superiors_unless_the_group_says_otherwise(
    direction: str, line: str, expected: tuple[Attach, ...]
) -> None:
    text = group(*([line] if line else [])).replace("direction: 发", f"direction: {direction}")

    (only_group,) = load(text).directory.groups

    assert only_group.attached == expected


def test_a_person_knows_where_they_stand_in_the_file() -> None:
    place = load(group()).directory.groups[0].units[0].people[0].place

    assert str(place) == "recipients.yaml:7:20"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(group("tempalte: 发"), ("unknown_key", 4, 5, "template"), id="unknown key of a group"),
        pytest.param(group(people="{name: 张三, emial: a@b.cn}"), ("unknown_key", 7, 24, "email"), id="of a person"),
        pytest.param(
            group(people="{name：张三, email: a@b.cn}"), ("missing", 7, 13, "name"), id="full-width colon in braces"
        ),
        pytest.param(group("acknowledge: always"), ("not_a_choice", 4, 18, "never, optional, required"), id="choice"),
        pytest.param(group("acknowledge: requird"), ("not_a_choice", 4, 18, "required"), id="misspelt choice"),
        pytest.param(group("acknowledge: no"), ("not_a_choice", 4, 18, "never"), id="no is no choice"),
        pytest.param(
            group().replace("direction: 发", "direction: 抄送"), ("not_a_choice", 3, 16, "送"), id="direction"
        ),
        pytest.param(group("channels: [emial]"), ("not_a_choice", 4, 16, "email"), id="channel"),
        pytest.param(group("channels: []"), ("empty", 4, 15, "at least one"), id="no channel"),
        pytest.param(group("channels: email"), ("wrong_type", 4, 15, "list"), id="not a list"),
        pytest.param(group("due: soon"), ("due", 4, 10, "2 working days"), id="due"),
        pytest.param(group("due: 0 days"), ("due", 4, 10, "2 working days"), id="due in no days"),
        pytest.param(group(people="{name: no, email: a@b.cn}"), ("unquoted", 7, 20, '"no"'), id="no"),
        pytest.param(group(people="{name: 12:30, email: a@b.cn}"), ("unquoted", 7, 20, '"12:30"'), id="a time"),
        pytest.param(group(people="{name: 0123, email: a@b.cn}"), ("unquoted", 7, 20, '"0123"'), id="an octal number"),
        pytest.param(group(people="{name: 2026-01-01, email: a@b.cn}"), ("unquoted", 7, 20, "2026"), id="a date"),
        pytest.param(group(people="{name: , email: a@b.cn}"), ("missing", 7, 14, "value"), id="no name"),
        pytest.param(group(people="{email: a@b.cn}"), ("missing", 7, 13, "name"), id="name missing"),
        pytest.param(group(people="{name: '', email: a@b.cn}"), ("empty", 7, 20, "text"), id="empty name"),
        pytest.param(group(people="{name: 张三, email: 张三@b.cn}"), ("address_local", 7, 31, "ASCII"), id="address"),
        pytest.param(group(people='{name: "a\\nb", email: a@b.cn}'), ("text_control", 7, 20, "again"), id="line break"),
        pytest.param(
            group(people='{name: "=?x", email: a@b.cn}'), ("text_encoded", 7, 20, "without"), id="encoded-word"
        ),
        pytest.param(
            group(people=f"{{name: {'长' * 101}, email: a@b.cn}}"), ("text_long", 7, 20, "100"), id="long name"
        ),
        pytest.param(group(people="{name: 张三, email: a@b.cn, wecom: 张 三}"), ("wecom", 7, 46, "账号"), id="wecom"),
        pytest.param(group(people="张三"), ("wrong_type", 7, 13, "keys"), id="a person without keys"),
        pytest.param("count: 2\n" + group(), ("count", 1, 8, "correct count"), id="count"),
        pytest.param("count: many\n" + group(), ("wrong_type", 1, 8, "whole number"), id="count is no number"),
        pytest.param(group(people="{name: 张三}"), ("nobody", 1, 1, "email"), id="nobody has an address"),
        pytest.param("groups: {}", ("empty", 1, 9, "at least one"), id="no group"),
        pytest.param("groups:\n  x: {direction: 发, members: []}", ("empty", 2, 30, "at least one"), id="empty group"),
        pytest.param("groups:\n  x: {direction: 发}", ("missing", 2, 6, "members"), id="group without members"),
        pytest.param(
            "groups:\n  x:\n    direction: 发\n    members: [{unit: 甲}]",
            ("missing", 4, 15, "people"),
            id="unit without people",
        ),
        pytest.param(
            "groups:\n  x:\n    direction: 发\n    members: [{unit: 甲, people: []}]",
            ("empty", 4, 33, "one"),
            id="unit with no people",
        ),
        pytest.param("group: {}", ("unknown_key", 1, 1, "groups"), id="misspelt top"),
        pytest.param("- 张三", ("wrong_type", 1, 1, "groups"), id="a list"),
    ],
)
def test_a_mistake_names_its_place_and_what_to_write(text: str, expected: tuple[str, int, int, str]) -> None:
    code, line, column, advice = expected
    found = [(p.code, p.place.line, p.place.column) for p in problems(text)]

    assert (code, line, column) in found
    assert advice in next(str(p.do) for p in problems(text) if p.code == code)


def test_an_attachment_that_does_not_exist_is_named_with_those_there_are() -> None:
    (problem,) = problems(group("attach: [docx]"))

    assert (problem.place.line, problem.place.column) == (4, 14)
    assert "docx" in str(problem.what)
    assert "pdf" in str(problem.do)


def test_an_unknown_template_is_compared_with_those_there_are() -> None:
    assert only(group("template: 报2"), templates=("报", "发")) == ("not_a_choice", 4, 15, "Did you mean 报?")


def test_a_direction_without_a_template_of_its_name_is_an_error() -> None:
    code, line, column, _ = only(group(), templates=("报",))

    assert (code, line, column) == ("not_a_choice", 3, 16)


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = """
        groups:
          甲:
            directon: 发
            direction: 发
            members:
              - unit: 一
                people:
                  - {name: 12, email: a@b>}
                  - {name: 好人, email: ok@example.cn}
                  - {name: 王五, email: 王五@example.cn}
          乙:
            direction: 发
            acknowledge: maybe
            members: []
    """
    found = problems(text)

    assert [(p.code, p.place.line) for p in found] == [
        ("unknown_key", 4),
        ("unquoted", 9),
        ("address_invalid", 9),
        ("address_local", 11),
        ("not_a_choice", 14),
        ("empty", 15),
    ]


def test_one_bad_address_does_not_also_say_that_the_list_is_empty() -> None:
    assert [p.code for p in problems(group(people="{name: 张三, email: x}"))] == ["address_invalid"]


def test_a_key_written_twice_names_both_places() -> None:
    (problem,) = problems(group("acknowledge: never", "acknowledge: required"))

    assert (problem.code, problem.place.line) == ("duplicate_key", 5)
    assert "recipients.yaml:4:5" in str(problem.what)


def test_a_group_written_twice_names_both_places() -> None:
    text = group() + "  各单位:\n    direction: 报\n"
    (problem,) = problems(text)

    assert (problem.code, problem.place.line) == ("duplicate_key", 8)


def test_one_id_may_not_have_two_addresses() -> None:
    text = group(people="{name: 张三, email: a@b.cn, id: zs}\n          - {name: 李四, email: c@d.cn, id: zs}")
    (problem,) = problems(text)

    assert (problem.code, problem.place.line, problem.place.column) == ("id_twice", 8, 43)
    assert "recipients.yaml:7" in str(problem.what)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param(group(people="{name: 张三, email: a@oa}"), "intranet_address", 7, id="intranet"),
        pytest.param(group("due: 3 days"), "no_effect", 4, id="due without 签收"),
        pytest.param(
            group("acknowledge: required").replace("direction: 发", "direction: 报"),
            "manners",
            4,
            id="签收 from superiors",
        ),
        pytest.param(group("wecom_form: news"), "no_effect", 4, id="a form without the channel"),
        pytest.param(
            group(people="{name: 张三, email: a@b.cn}\n          - {name: 李四}"), "no_address", 8, id="no address"
        ),
        pytest.param(
            group() + "      - unit: 石桥镇\n        people: [{name: 李四, email: l@b.cn}]\n",
            "unit_twice",
            8,
            id="unit twice",
        ),
    ],
)
def test_what_is_only_odd_is_a_warning(text: str, code: str, line: int) -> None:
    (warning,) = load(text).warnings

    assert (warning.code, warning.grade, warning.place.line) == (code, "warning", line)


def test_a_file_is_not_signed_for() -> None:
    text = group("channels: [wecom, email]", "wecom_form: file", "acknowledge: optional")
    with pytest.raises(BadFile) as raised:
        load(text, channels=("email", "wecom"))
    (problem,) = raised.value.problems

    assert (problem.code, problem.place.line) == ("wecom_form", 5)
    assert "card_and_file" in str(problem.do)


def test_the_right_count_passes() -> None:
    assert load("count: 1\n" + group()).warnings == ()
