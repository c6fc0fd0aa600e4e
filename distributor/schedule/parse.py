"""Send rules as people write them, in English or Chinese. What is not understood is refused with advice.

at once                          立即
17:00                            每天17:00
17:00 on working days            工作日17:00
Monday 09:00 [on working days]   每周一 9:00 [遇节假日顺延]
day 31 09:00 [on working days]   每月31日 9:00 [遇节假日顺延]
2026-12-01 09:00                 2026年12月1日 9:00
"""

import datetime as dt
import re
import unicodedata

from distributor.misfit import Misfit, nearest, shortened
from distributor.schedule.rule import AT_ONCE, WEEKDAYS, Days, Rule
from distributor.words import Words, words
from distributor.workdays.spans import read_day

_AT_ONCE = ("at once", "立即", "立即发送")
_HOUR = re.compile(r"(?:上午|(下午))?\s*(?<![\d:])(\d{1,2})(?::(\d\d)|[点时](?:(\d{1,2})分|整)?)(?![\d:])")
_WORKING = re.compile(
    r"(?:\bon |\bevery |每个?)?(?:working days?|workdays?|工作日)"
    r"|遇(?:法定)?(?:节假日|假日|休息日)顺延(?:[至到]下一?个?工作日)?"
)
_DAILY = re.compile(r"|daily|every day|每天|每日")
_WEEKLY = re.compile(
    rf"(?:on |every )?(?P<english>{'|'.join(WEEKDAYS).lower()})s?|每?个?(?:周|星期|礼拜)(?P<chinese>[一二三四五六日天])"
)
_MONTHLY = re.compile(
    r"(?:on )?(?:the )?(?:day (\d{1,2})|(\d{1,2})(?:st|nd|rd|th))(?: of (?:the|every|each) month)?|每月(\d{1,2})[日号]"
)
_DATE = re.compile(r"(?:on )?(2[01]\d\d)(?:-(\d\d)-(\d\d)|年(\d{1,2})月(\d{1,2})日)")

#: An hour in other spellings, for the advice only: 17.00, 1700, 5 pm, 晚上8点.
_LOOSE_HOUR = re.compile(r"(晚上)?\s*(?<!\d)(\d{1,2})[.:h点时]?\s*(\d\d)?(?!\d)\s*(pm)?")

_LOOSE_DATE = re.compile(r"(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)")


def parse_rule(text: str) -> Rule:
    """Reads a send rule. Raises `Misfit` with the nearest right spelling."""
    plain = " ".join(re.sub("[,，、]", " ", unicodedata.normalize("NFKC", text)).lower().split())
    if plain in _AT_ONCE:
        return AT_ONCE
    found = _HOUR.search(plain)
    if found is None:
        raise _unknown(text, plain)
    hour = _hour(found)
    rest, count = _WORKING.subn(" ", f"{plain[: found.start()]} {plain[found.end() :]}")
    rest = re.sub(r"^(?:at|在|于)\b|\b(?:at|的)$", "", " ".join(rest.split())).strip()
    rule = _rule(rest, hour, working=bool(count))
    if rule is None:
        raise _unknown(text, plain, hour)
    return rule


def _rule(rest: str, hour: dt.time, *, working: bool) -> Rule | None:
    """The rule for the words that stand beside the hour."""
    if _DAILY.fullmatch(rest):
        return Rule(days=Days.DAILY, hour=hour, working=working)
    if found := _WEEKLY.fullmatch(rest):
        return Rule(days=Days.WEEKLY, hour=hour, working=working, weekday=_weekday(found))
    if found := _MONTHLY.fullmatch(rest):
        day = int(found[1] or found[2] or found[3])
        if not 1 <= day <= 31:
            what = words("No month has a day {day}.", day=day)
            raise Misfit("no_such_day", what, words("Write a day from 1 to 31."))
        return Rule(days=Days.MONTHLY, hour=hour, working=working, day=day)
    if found := _DATE.fullmatch(rest):
        date = read_day(f"{found[1]}-{int(found[2] or found[4]):02}-{int(found[3] or found[5]):02}")
        if working:
            what = words("A rule with a date cannot say working days too.")
            raise Misfit("rule", what, words("Write the date and the hour alone."))
        return Rule(days=Days.ONCE, hour=hour, date=date)
    return None


def _hour(found: re.Match[str]) -> dt.time:
    hour, minute = int(found[2]), int(found[3] or found[4] or 0)
    if found[1] and 1 <= hour < 12:
        hour += 12
    if hour > 23 or minute > 59:
        what = words("{value} is not an hour of the day.", value=found[0].strip())
        raise Misfit("hour", what, words("Write it from 00:00 to 23:59."))
    return dt.time(hour, minute)


def _weekday(found: re.Match[str]) -> int:
    if found["english"]:
        return WEEKDAYS.index(found["english"].capitalize()) + 1
    return "一二三四五六日".index(found["chinese"].replace("天", "日")) + 1


def _unknown(text: str, plain: str, hour: dt.time | None = None) -> Misfit:
    what = words("{value} is not a send rule.", value=shortened(text))
    if hour is None or re.search("晚上|pm", plain):
        hour = _loose_hour(plain)
    return Misfit("rule", what, _advice(plain, hour))


def _loose_hour(plain: str) -> dt.time | None:
    for found in _LOOSE_HOUR.finditer(plain):
        hour = int(found[2]) + (12 if (found[1] or found[4]) and int(found[2]) < 12 else 0)
        if hour <= 23 and int(found[3] or 0) <= 59:
            return dt.time(hour, int(found[3] or 0))
    return None


def _advice(plain: str, hour: dt.time | None) -> Words:
    at = f"{hour or dt.time(17):%H:%M}"
    choices = ["at once", "立即", f"{at} on working days", f"工作日{at}", f"每天{at}"]
    if hour is not None:
        choices.insert(2, at)
    choices += [f"{weekday} {at}" for weekday in WEEKDAYS]
    date = _LOOSE_DATE.search(plain)
    near = f"{date[1]}-{date[2]:0>2}-{date[3]:0>2} {at}" if date and hour else nearest(plain, choices)
    if near is not None:
        return words("Did you mean {word}?", word=near)
    examples = '"at once", "17:00", "17:00 on working days", "Monday 09:00", "2026-12-01 09:00"'
    return words("Write it as one of {examples}.", examples=examples)
