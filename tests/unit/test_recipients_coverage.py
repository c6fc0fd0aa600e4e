"""The bulletin's own 报/送/发 lines against the directory."""

import pytest

from distributor.bulletin.model import AddresseeLine, Bulletin, Direction
from distributor.recipients.coverage import Coverage, Standing, body, coverage, plain
from distributor.recipients.file import parse_directory

FILE = """
groups:
  区领导:
    direction: 报
    covers: [区政协]
    members:
      - {unit: 区委办公室, covers: [区委], people: [{name: 张三, email: a@b.cn}]}
      - {unit: 区政府, people: [{name: 李四}]}
  有关部门:
    direction: 送
    members:
      - {unit: 区纪委监委, people: [{name: 王五, email: c@d.cn}]}
  各镇:
    direction: 发
    members:
      - {unit: 石桥镇, covers: [各镇（街道）], people: [{name: 赵六, email: e@f.cn}]}
      - {unit: 清溪镇, covers: [各镇（街道）], people: [{name: 孙七, email: g@h.cn}]}
"""
DIRECTORY = parse_directory(FILE.encode()).directory


def line(direction: str, *names: str, at: int = 9) -> AddresseeLine:
    return AddresseeLine(Direction(direction), direction, "、".join(names), names, at)


def cover(*lines: AddresseeLine) -> Coverage:
    return coverage(Bulletin("简报", addressees=lines), DIRECTORY, file="b.md")


FULL = (line("报", "区委", "区政府", "区政协领导同志"), line("送", "区纪委监委"), line("发", "各镇(街道)"))


def standing(direction: str, name: str) -> Standing:
    return cover(line(direction, name)).names[0].standing


@pytest.mark.parametrize(
    ("direction", "name", "expected"),
    [
        pytest.param("报", "区委", Standing.COVERED, id="by covers of a unit"),
        pytest.param("报", "区委办公室", Standing.COVERED, id="by the unit's name"),
        pytest.param("报", "区政协", Standing.COVERED, id="by covers of a group"),
        pytest.param("报", "区政协领导同志", Standing.COVERED, id="with a closing title"),
        pytest.param("报", "区委主要负责同志。", Standing.COVERED, id="with a full stop"),
        pytest.param("报", "区　委", Standing.COVERED, id="letter-spaced"),
        pytest.param("发", "各镇(街道)", Standing.COVERED, id="half-width brackets"),
        pytest.param("发", "各镇（街道）主要领导", Standing.COVERED, id="brackets and a title"),
        pytest.param("报", "区政府", Standing.UNREACHABLE, id="nobody has an address"),
        pytest.param("发", "区纪委监委", Standing.OTHER_DIRECTION, id="gets another letter"),
        pytest.param("报", "区妇联", Standing.UNKNOWN, id="nobody answers"),
        pytest.param("报", "区委宣传部", Standing.UNKNOWN, id="only the beginning is the same"),
        pytest.param("报", "领导同志", Standing.UNKNOWN, id="a title alone"),
    ],
)
def test_a_name_stands_to_the_directory(direction: str, name: str, expected: Standing) -> None:
    assert standing(direction, name) is expected


@pytest.mark.parametrize(
    ("name", "closed"),
    [("区政协领导同志", "区政协"), ("各单位主要领导", "各单位"), ("领导", "领导"), ("区委办", "区委办")],
)
def test_a_closing_title_is_taken_off_once(name: str, closed: str) -> None:
    assert body(name) == closed


def test_a_plain_name_has_no_spaces_and_no_closing_punctuation() -> None:
    assert plain(" 石　桥\u200b镇（街道）。") == "石桥镇(街道)"


def test_a_name_that_stands_for_many_units_reaches_them_all() -> None:
    assert cover(FULL[2]).names[0].units == (("各镇", "石桥镇"), ("各镇", "清溪镇"))


def test_a_covered_bulletin_has_no_warning_but_for_the_unit_without_address() -> None:
    found = cover(*FULL)

    assert [(p.code, p.grade, str(p.place)) for p in found.problems] == [("named_unreachable", "warning", "b.md:9")]
    assert "区政府" in str(found.problems[0].what)
    assert found.not_named == ()


def test_a_named_body_nobody_answers_to_is_a_warning_at_the_line() -> None:
    (problem,) = [p for p in cover(*FULL, line("报", "区妇联", at=12)).problems if p.place.line == 12]

    assert problem.code == "named_unknown"
    assert "区妇联" in str(problem.what)


def test_a_body_on_the_wrong_line_is_a_warning_that_says_which_letter_it_gets() -> None:
    (problem,) = [p for p in cover(*FULL, line("发", "区纪委监委", at=12)).problems if p.place.line == 12]

    assert problem.code == "named_other_direction"
    assert "送" in str(problem.what)


def test_a_unit_that_no_name_means_is_a_warning_at_the_unit() -> None:
    found = cover(*FULL[:2], line("发", "石桥镇"))
    (problem,) = [p for p in found.problems if p.code == "reached_not_named"]

    assert found.not_named == (("各镇", "清溪镇"),)
    assert str(problem.place) == "recipients.yaml:17:16"


def test_a_missing_line_is_one_warning_for_the_group() -> None:
    problems = [p for p in cover(*FULL[:2]).problems if "各镇" in str(p.what)]

    assert [p.code for p in problems] == ["no_line"]


def test_a_line_that_was_left_empty_counts_as_missing() -> None:
    assert "no_line" in [p.code for p in cover(*FULL[:2], line("发")).problems]
