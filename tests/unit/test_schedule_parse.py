"""Send rules as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.misfit import Misfit
from distributor.schedule.parse import parse_rule
from tests.unit.test_schedule_rule import RULES


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("at once", "at once", id="at once"),
        pytest.param(" At  Once ", "at once", id="blanks and capitals"),
        pytest.param("立即", "at once", id="立即"),
        pytest.param("17:00", "17:00", id="an hour"),
        pytest.param("9:05", "09:05", id="an hour with one digit"),
        pytest.param("17：00", "17:00", id="a full-width colon"),
        pytest.param("17点", "17:00", id="点"),
        pytest.param("17时30分", "17:30", id="时 分"),
        pytest.param("每天17:00", "17:00", id="每天"),
        pytest.param("every day at 17:00", "17:00", id="every day"),
        pytest.param("17:00 on working days", "17:00 on working days", id="working days"),
        pytest.param("17:00 every working day", "17:00 on working days", id="every working day"),
        pytest.param("on workdays at 17:00", "17:00 on working days", id="workdays first"),
        pytest.param("工作日17:00", "17:00 on working days", id="工作日"),
        pytest.param("每个工作日 １７：００", "17:00 on working days", id="full-width digits"),
        pytest.param("工作日下午5点", "17:00 on working days", id="下午"),
        pytest.param("上午9:30", "09:30", id="上午"),
        pytest.param("工作日的17点", "17:00 on working days", id="的"),
        pytest.param("Monday 09:00", "Monday 09:00", id="a weekday"),
        pytest.param("09:00 on Mondays", "Monday 09:00", id="on Mondays"),
        pytest.param("每周一 9:00", "Monday 09:00", id="每周一"),
        pytest.param("星期天9:00", "Sunday 09:00", id="星期天"),
        pytest.param("Friday 16:00 on working days", "Friday 16:00 on working days", id="a weekday that moves"),
        pytest.param("每周五16:00，遇节假日顺延", "Friday 16:00 on working days", id="顺延"),
        pytest.param("day 31 09:00", "day 31 09:00", id="a day of the month"),
        pytest.param("the 1st of every month at 9:00", "day 1 09:00", id="the 1st"),
        pytest.param("每月31日9:00遇法定节假日顺延至下一个工作日", "day 31 09:00 on working days", id="每月"),
        pytest.param("2026-12-01 09:00", "2026-12-01 09:00", id="a date"),
        pytest.param("2026年12月1日9:00", "2026-12-01 09:00", id="年月日"),
    ],
)
def test_a_rule_is_understood(text: str, meant: str) -> None:
    assert str(parse_rule(text)) == meant


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param("", "rule", '"at once"', id="nothing"),
        pytest.param("at onse", "rule", "Did you mean at once?", id="a slip"),
        pytest.param("立刻", "rule", "立即", id="another word for 立即"),
        pytest.param("17.00", "rule", "Did you mean 17:00?", id="a dot"),
        pytest.param("1700", "rule", "Did you mean 17:00?", id="no colon"),
        pytest.param("17:00:00", "rule", "17:00", id="seconds"),
        pytest.param("5 pm on working days", "rule", "Did you mean 17:00 on working days?", id="pm"),
        pytest.param("5:00 pm", "rule", "Did you mean 17:00?", id="an hour and pm"),
        pytest.param(
            "17:30 on workng days", "rule", "Did you mean 17:30 on working days?", id="a slip behind the hour"
        ),
        pytest.param("Mondey 09:00", "rule", "Did you mean Monday 09:00?", id="a slip in the weekday"),
        pytest.param("周八 9:00", "rule", "", id="no such weekday"),
        pytest.param("2026/12/1 9:00", "rule", "Did you mean 2026-12-01 09:00?", id="a date with slashes"),
        pytest.param("2026-12-1T09:00", "rule", "Did you mean 2026-12-01 09:00?", id="a date as machines write it"),
        pytest.param("9999-12-31 23:59", "rule", "Write it as one of", id="the end of all days"),
        pytest.param("25:00", "hour", "00:00 to 23:59", id="hour 25"),
        pytest.param("17:60", "hour", "00:00 to 23:59", id="minute 60"),
        pytest.param("24:00", "hour", "00:00 to 23:59", id="hour 24"),
        pytest.param("2027-02-29 09:00", "no_such_day", "2027-02-28", id="29 February (fault 83)"),
        pytest.param("2026年11月31日 9:00", "no_such_day", "2026-11-30", id="31 November (fault 83)"),
        pytest.param("day 32 09:00", "no_such_day", "from 1 to 31", id="day 32"),
        pytest.param("day 0 09:00", "no_such_day", "from 1 to 31", id="day 0"),
        pytest.param("2026-12-01 09:00 on working days", "rule", "alone", id="a date and working days"),
        pytest.param("9:00 17:00", "rule", "", id="two hours"),
        pytest.param("0 17 * * 1-5", "rule", '"17:00 on working days"', id="cron"),
        pytest.param("\u202e17:00", "rule", "", id="a bidirectional control"),
    ],
)
def test_what_is_not_a_rule_is_refused_with_advice(text: str, code: str, said: str) -> None:
    with pytest.raises(Misfit) as caught:
        parse_rule(text)

    assert caught.value.code == code
    assert said in str(caught.value.do)


@given(RULES)
def test_a_rule_is_read_back_from_its_own_words(rule: object) -> None:
    again = parse_rule(str(rule))

    assert str(again) == str(rule)
    assert parse_rule(str(again)) == again


@given(st.text(st.characters() | st.sampled_from("0123456789:点时月日年工作周一 ondays"), max_size=40))
def test_any_text_is_a_rule_or_a_misfit(text: str) -> None:
    with suppress(Misfit):
        rule = parse_rule(text)
        assert parse_rule(str(rule)) == rule
