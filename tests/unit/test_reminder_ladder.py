"""The ladder of a reminder: which of a person's channels is next, whatever happened before."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery.state import State
from distributor.dispatch.reminder_ladder import Reach, ladder_of, next_reach, reach_beyond
from distributor.recipients.manners import PHONE
from distributor.store.next_channels import NextChannel
from distributor.store.records import DeliveryRecord
from distributor.store.reminders import Reminder

NOW = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)
ADDRESSES = {"wecom": "lisi", "email": "lisi@example.gov.cn", "wecom_robot": "石桥镇群"}


def ways(*channels: str) -> tuple[Reach, ...]:
    return tuple(Reach(channel, ADDRESSES[channel]) for channel in channels)


def before(*said: str) -> tuple[Reminder, ...]:
    """Earlier reminders, each as `channel standing`."""
    pairs = [one.split() for one in said]
    return tuple(
        Reminder(number, "a", 1, f"2026-11-2{number}", standing, NOW, "", channel)
        for number, (channel, standing) in enumerate(pairs)
    )


def copy(channel: str, state: State = State.ACCEPTED, follows: str = "") -> DeliveryRecord:
    who = ("lisi@example.gov.cn", ADDRESSES[channel], "李四", "石桥镇", None, (), ("李四",))
    return DeliveryRecord(
        f"copy-{channel}", 1, 1, "各镇", "发", channel, *who, state, "", 0, None, NOW, follows=follows
    )


def link(after: str, channel: str) -> NextChannel:
    return NextChannel("lisi@example.gov.cn", after, ADDRESSES[after].casefold(), channel, ADDRESSES[channel])


@pytest.mark.parametrize(
    ("ladder", "earlier", "by", "expected"),
    [
        ("wecom email", "", "", "wecom"),
        ("wecom email", "wecom sent", "", "email"),
        ("wecom email", "wecom sent,email sent", "", "email"),
        ("wecom email", "wecom sending", "", "email"),
        ("wecom email", "wecom moot", "", "wecom"),
        ("wecom email", "wecom refused", "", "email"),
        ("wecom email", "phone sent", "", "wecom"),
        ("wecom email", "", "email", "email"),
        ("wecom email", "wecom sent", "wecom", "wecom"),
        ("wecom email", "", "phone", "phone"),
        ("email", "", "wecom", "email"),
        ("email", "email sent", "", "email"),
        ("email", "email refused", "", "phone"),
        ("email", "email refused", "email", "phone"),
        ("", "", "", "phone"),
        ("email wecom_robot", "email sent", "", "email"),
        ("email wecom_robot", "", "wecom_robot", "wecom_robot"),
        ("email wecom_robot", "email refused", "", "wecom_robot"),
        ("wecom_robot", "", "", "wecom_robot"),
    ],
)
def test_each_reminder_climbs_one_step_unless_the_day_names_another(
    ladder: str, earlier: str, by: str, expected: str
) -> None:
    found = next_reach(ways(*ladder.split()), before(*filter(None, earlier.split(","))), by)
    assert (found.channel if found else PHONE) == expected


def test_the_ladder_is_the_person_s_chain_without_what_failed() -> None:
    links = [link("wecom", "wecom_robot"), link("wecom_robot", "email")]
    chain = ladder_of([copy("wecom")], links, lambda _: True)
    assert [each.channel for each in chain] == ["wecom", "email", "wecom_robot"]
    took_over = [copy("email", follows="copy-wecom"), copy("wecom", State.FAILED)]
    assert ladder_of(took_over, [link("wecom", "email")], lambda _: True) == ways("email")
    assert ladder_of([copy("wecom")], [link("wecom", "email")], lambda each: each.channel != "wecom") == ways("email")


def test_a_chain_that_leads_back_to_its_beginning_ends() -> None:
    links = [link("wecom", "email"), link("email", "wecom")]
    assert ladder_of([copy("wecom")], links, lambda _: True) == ways("wecom", "email")


@given(
    st.lists(st.sampled_from(sorted(ADDRESSES)), unique=True, min_size=1),
    st.lists(st.sampled_from(["sent", "sending", "moot"]), max_size=6),
)
def test_whoever_has_an_address_is_never_called_by_itself_and_a_chat_is_the_last_resort(
    channels: list[str], standings: list[str]
) -> None:
    ladder = tuple(sorted(ways(*channels), key=lambda each: each.channel == "wecom_robot"))
    earlier: list[Reminder] = []
    used = []
    for number, standing in enumerate(standings):
        found = next_reach(ladder, earlier)
        assert found is not None
        used.append(ladder.index(found))
        earlier.append(Reminder(number, "a", 1, f"2026-11-{number:02}", standing, NOW, "", found.channel))
        assert found.channel != "wecom_robot" or channels == ["wecom_robot"]
    assert used == sorted(used)


def test_a_certain_no_leads_to_the_next_and_the_last_no_to_nobody() -> None:
    ladder = ways("wecom", "email", "wecom_robot")
    assert reach_beyond(ladder, {"wecom"}) == ways("email")[0]
    assert reach_beyond(ladder, {"wecom", "email"}) == ways("wecom_robot")[0]
    assert reach_beyond(ladder, set(ADDRESSES)) is None
