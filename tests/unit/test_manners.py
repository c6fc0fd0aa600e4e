"""How a group is asked for receipts: read from the directory, kept beside the letter, counted in working days."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from distributor.bulletin.model import Direction
from distributor.recipients.file import parse_directory
from distributor.recipients.manners import Manners, ReminderStep, manners_of, read_manners
from distributor.recipients.model import Acknowledge, Group, Remark, SatisfiedBy
from distributor.recipients.resolve import directory_digest, resolve
from distributor.workdays.calendar import KNOWN, Workdays

ZONE = ZoneInfo("Asia/Shanghai")
DIRECTORY = """groups:
  各单位:
    direction: 发
    acknowledge: required
    due: 2 working days
    {more}
    members:
      - unit: 石桥镇
        people: [{{name: 李四, email: lisi@example.gov.cn}}]
"""


def group(more: str = "covers: [全区]") -> Group:
    return parse_directory(DIRECTORY.format(more=more).encode()).directory.groups[0]


def test_manners_are_read_back_as_they_were_written() -> None:
    manners = Manners(
        acknowledge=Acknowledge.REQUIRED,
        due="3 days",
        satisfied_by=SatisfiedBy.ALL,
        remark=Remark.OPTIONAL,
        remind=("1 working day before",),
    )
    assert read_manners(manners.to_document()) == manners


def test_a_letter_of_an_earlier_version_has_the_usual_manners() -> None:
    assert read_manners("{}") == Manners()


def test_the_directory_says_what_is_asked() -> None:
    found = manners_of(group("remind: [1 working day before, on the day, 2  days after]"))
    assert found.remind == ("1 working day before", "on the day", "2 days after")
    assert (found.acknowledge, found.due) == (Acknowledge.REQUIRED, "2 working days")


@pytest.mark.parametrize(
    ("direction", "remark"), [(Direction.REPORT, Remark.NEVER), (Direction.ISSUE, Remark.OPTIONAL)]
)
def test_superiors_are_not_asked_for_a_remark_unless_the_directory_says_so(
    direction: Direction, remark: Remark
) -> None:
    assert manners_of(Group("甲", direction, (), "报")).remark is remark
    assert manners_of(Group("甲", direction, (), "报", remark=Remark.OPTIONAL)).remark is Remark.OPTIONAL


@pytest.mark.parametrize(
    "text", ["soon", "1 day", "0 days before the hour", "on the day by ", "on the days", "1 working day afterwards"]
)
def test_a_day_to_remind_on_that_is_no_such_day_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="not a day to remind on"):
        group(f"remind: [{text}]")


def test_a_way_to_remind_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(Exception, match="no way to remind somebody") as refused:
        group("remind: [on the day by phne]")
    assert "phone" in str(refused.value)


@pytest.mark.parametrize("more", ["remark: never", "remind: [on the day]", "wecom_form: mpnews"])
def test_a_list_with_other_manners_is_another_list(more: str) -> None:
    def digest(more: str) -> str:
        directory = parse_directory(DIRECTORY.format(more=more).encode()).directory
        return directory_digest(resolve(directory), directory)

    assert digest(more) != digest("covers: [全区]")


@pytest.mark.parametrize(
    ("due", "asked", "until"),
    [
        ("2 working days", "2026-11-23T09:00", "2026-11-25"),
        ("2 working days", "2026-11-27T17:00", "2026-12-01"),
        ("2 working days", "2026-11-28T10:00", "2026-12-01"),
        ("1 working day", "2026-09-30T10:00", "2026-10-08"),
        ("3 days", "2026-11-27T17:00", "2026-11-30"),
        ("1 day", "2026-11-23T23:59", "2026-11-24"),
    ],
    ids=["week", "over a weekend", "asked on a Saturday", "over National Day", "plain days", "one day"],
)
def test_a_deadline_is_the_end_of_a_day_and_counts_from_the_day_after(due: str, asked: str, until: str) -> None:
    since = dt.datetime.fromisoformat(asked).replace(tzinfo=ZONE).astimezone(dt.UTC)
    deadline = Manners(due=due).deadline(since, Workdays(), ZONE)
    assert deadline is not None
    assert deadline.astimezone(ZONE).isoformat() == f"{until}T23:59:59+08:00"


def test_without_a_deadline_there_is_none() -> None:
    assert Manners().deadline(dt.datetime(2026, 11, 23, tzinfo=dt.UTC), Workdays(), ZONE) is None


def test_reminders_are_counted_from_the_deadline_in_working_days() -> None:
    manners = Manners(remind=("1 working day before", "on the day", "2 working days after by email", "3 days after"))
    assert manners.reminder_steps(dt.date(2026, 11, 30), Workdays()) == (
        ReminderStep(dt.date(2026, 11, 27)),
        ReminderStep(dt.date(2026, 11, 30)),
        ReminderStep(dt.date(2026, 12, 2), "email"),
        ReminderStep(dt.date(2026, 12, 3)),
    )


@pytest.mark.parametrize(
    ("step", "due", "day"),
    [
        ("on the day", "2026-11-28", "2026-11-27"),
        ("1 day before", "2026-11-30", "2026-11-27"),
        ("2 days after by phone", "2026-11-26", "2026-11-30"),
        ("1 day after", "2026-09-30", "2026-10-08"),
    ],
    ids=["a deadline on a Saturday", "before, on a Sunday", "after, on a Saturday", "after, on National Day"],
)
def test_a_reminder_never_falls_on_a_day_off(step: str, due: str, day: str) -> None:
    (found,) = Manners(remind=(step,)).reminder_steps(dt.date.fromisoformat(due), Workdays())
    assert found.day == dt.date.fromisoformat(day)


def test_a_reminder_in_a_year_that_nobody_has_announced_is_left_out_and_the_others_stay() -> None:
    manners = Manners(remind=("on the day", "2 working days after"))
    last_day = max(KNOWN)
    (found,) = manners.reminder_steps(dt.date(last_day, 12, 31), Workdays())
    assert found.day <= dt.date(last_day, 12, 31)


def test_a_channel_that_a_group_does_not_have_is_told() -> None:
    loaded = parse_directory(DIRECTORY.format(more="remind: [on the day, 1 day after by wecom]").encode())
    (finding,) = [one for one in loaded.warnings if one.code == "no_effect"]
    assert "wecom" in str(finding.what)
    loaded = parse_directory(DIRECTORY.format(more="remind: [1 day after by email, 2 days after by phone]").encode())
    assert loaded.warnings == ()
