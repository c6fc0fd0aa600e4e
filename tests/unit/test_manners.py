"""How a group is asked for receipts: read from the directory, kept beside the letter, counted in working days."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from distributor.bulletin.model import Direction
from distributor.recipients.file import parse_directory
from distributor.recipients.manners import Manners, manners_of, read_manners
from distributor.recipients.model import Acknowledge, Group, Remark, SatisfiedBy
from distributor.recipients.resolve import directory_digest, resolve
from distributor.workdays.calendar import Workdays

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


@pytest.mark.parametrize("text", ["soon", "1 day", "0 days before the hour", "on the days", "1 working day afterwards"])
def test_a_day_to_remind_on_that_is_no_such_day_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="not a day to remind on"):
        group(f"remind: [{text}]")


@pytest.mark.parametrize("more", ["remark: never", "remind: [on the day]"])
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
    manners = Manners(remind=("1 working day before", "on the day", "2 working days after", "3 days after"))
    assert manners.reminder_days(dt.date(2026, 11, 30), Workdays()) == (
        dt.date(2026, 11, 27),
        dt.date(2026, 11, 30),
        dt.date(2026, 12, 2),
        dt.date(2026, 12, 3),
    )
