"""The send rule of one bulletin: read from its front matter, named with its place when it cannot be one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.bulletin.as_json import model_as_json
from distributor.bulletin.reading import parse_bulletin
from distributor.schedule.parse import parse_rule
from distributor.schedule.rule import WEEKDAYS
from tests.unit.test_bulletin_findings import GOOD


def with_front(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "", GOOD])


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("send_at: 2026-12-01 09:00", "2026-12-01 09:00"),
        ("Send_At: at once", "at once"),
        ("发送时间: 工作日17:00", "17:00 on working days"),
        ("发送时间: 2026年12月1日9:00", "2026-12-01 09:00"),
        ("发送时间: 每周一9:00，遇节假日顺延", "Monday 09:00 on working days"),
        ('定时发送: "每月31日 9:00"', "day 31 09:00"),
    ],
    ids=["date", "at once", "working days", "Chinese date", "comma", "quoted"],
)
def test_the_rule_is_read_by_whatever_name_and_is_no_finding(line: str, rule: str) -> None:
    reading = parse_bulletin(with_front(line), "b.md")
    assert str(reading.bulletin.send_at) == rule
    assert model_as_json(reading.bulletin)["send_at"] == rule
    assert reading.findings == ()


def test_a_bulletin_without_one_goes_out_by_the_rule_of_the_office() -> None:
    bulletin = parse_bulletin(GOOD, "b.md").bulletin
    assert bulletin.send_at is None
    assert model_as_json(bulletin)["send_at"] is None


def test_a_line_that_is_left_blank_says_nothing() -> None:
    reading = parse_bulletin(with_front("发送时间:", "编辑: 林一木"), "b.md")
    assert reading.bulletin.send_at is None
    assert reading.findings == ()


@pytest.mark.parametrize(
    ("line", "place", "advice"),
    [
        ("发送时间: 17.00 on working days", (3, 7), "Did you mean 17:00 on working days?"),
        ("send_at:   2026-02-30 09:00", (3, 12), "2026-02-28"),
        ("send_at: 明天上午", (3, 10), "Write it as one of"),
        ("send_at: 25:00", (3, 10), "00:00"),
    ],
    ids=["spelling", "no such day", "no rule", "no hour"],
)
def test_a_rule_that_is_not_understood_blocks_and_names_line_and_column(
    line: str, place: tuple[int, int], advice: str
) -> None:
    reading = parse_bulletin(with_front("编辑: 林一木", line), "b.md")
    [finding] = reading.findings
    assert (finding.code, finding.grade) == ("send_rule", "error")
    assert (finding.place.line, finding.place.column) == place
    assert advice in str(finding.do)
    assert reading.bulletin.send_at is None


@pytest.mark.parametrize("line", ["发送时间：工作日17:00", "定时发送：明天"], ids=["full-width colon", "in the text"])
def test_a_rule_that_is_only_printed_is_a_warning_and_not_forgotten(line: str) -> None:
    [finding] = parse_bulletin(GOOD.replace("## 【要闻】", f"{line}\n\n## 【要闻】"), "b.md").findings
    assert (finding.code, finding.grade, finding.place.line) == ("send_rule_printed", "warning", 9)


@pytest.mark.parametrize("key", ["send", "发"])
def test_the_addressee_lines_are_no_send_rules(key: str) -> None:
    reading = parse_bulletin(with_front(f"{key}: 各林场"), "b.md")
    assert reading.bulletin.send_at is None
    assert reading.bulletin.names_for(reading.bulletin.addressees[0].direction)


_RULES = st.one_of(
    st.just("at once"),
    st.builds("{:%H:%M}".format, st.times()),
    st.builds("{:%H:%M} on working days".format, st.times()),
    st.builds("{} {:%H:%M}".format, st.sampled_from(WEEKDAYS), st.times()),
    st.builds("day {} {:%H:%M} on working days".format, st.integers(1, 31), st.times()),
    st.builds("{:%Y-%m-%d} {:%H:%M}".format, st.dates(dt.date(2026, 1, 1), dt.date(2199, 12, 31)), st.times()),
)


@given(_RULES)
def test_every_rule_is_kept_as_it_is_written_down(rule: str) -> None:
    """What is frozen is the text of the rule: read back, it is the same rule."""
    bulletin = parse_bulletin(with_front(f"send_at: {rule}"), "b.md").bulletin
    assert bulletin.send_at == parse_rule(rule)
    assert parse_rule(str(bulletin.send_at)) == bulletin.send_at


@given(st.text(max_size=40))
def test_no_value_makes_reading_fail(value: str) -> None:
    reading = parse_bulletin(with_front(f"send_at: {value}"), "b.md")
    assert reading.bulletin.send_at is None or not [one for one in reading.findings if one.code == "send_rule"]
