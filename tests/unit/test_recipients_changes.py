"""What changed between two lists of recipients."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.recipients.changes import compare
from distributor.recipients.model import Recipient

ZHANG = Recipient("a@b.cn", "email", "a@b.cn", "张三", "石桥镇", "信息员", "各镇")
LI = Recipient("c@d.cn", "email", "c@d.cn", "李四", "清溪镇", None, "各镇")
WANG = Recipient("ww", "email", "e@f.cn", "王五", "区委", None, "区领导")


def many(count: int) -> list[Recipient]:
    return [Recipient(f"{n}@b.cn", "email", f"{n}@b.cn", f"人{n}", "单位", None, "组") for n in range(count)]


def test_the_same_list_in_another_order_is_no_change() -> None:
    changes = compare([ZHANG, LI, WANG], [WANG, ZHANG, LI])

    assert changes.nothing
    assert changes.shrink == 0


def test_who_came_and_who_went() -> None:
    changes = compare([ZHANG, LI], [LI, WANG])

    assert (changes.added, changes.removed, changes.shrink) == ((WANG,), (ZHANG,), 0.5)
    assert not changes.nothing


def test_another_group_is_a_move() -> None:
    (change,) = compare([ZHANG], [replace(ZHANG, group="区领导")]).moved

    assert (change.before.group, change.after.group) == ("各镇", "区领导")


def test_another_address_under_the_same_id() -> None:
    changes = compare([WANG], [replace(WANG, address="new@f.cn")])

    assert [c.after.address for c in changes.readdressed] == ["new@f.cn"]
    assert (changes.added, changes.removed) == ((), ())


def test_another_address_of_the_same_name_and_unit() -> None:
    """Without an id the address is the key, so the name and the unit have to tell."""
    changes = compare([ZHANG, LI], [replace(ZHANG, key="z@b.cn", address="z@b.cn"), LI])

    assert [c.after.address for c in changes.readdressed] == ["z@b.cn"]
    assert changes.shrink == 0


def test_a_new_id_at_the_same_address_is_no_other_person() -> None:
    assert compare([ZHANG], [replace(ZHANG, key="zhang")]).nothing


def test_two_of_one_name_and_unit_are_not_mixed_up() -> None:
    twin = replace(ZHANG, key="x@b.cn", address="x@b.cn")
    changes = compare([ZHANG, twin], [replace(ZHANG, key="n@b.cn", address="n@b.cn")])

    assert (len(changes.removed), len(changes.added), changes.readdressed) == (2, 1, ())


def test_a_new_name_at_the_same_desk_is_shown() -> None:
    assert [c.after.name for c in compare([LI], [replace(LI, name="赵六")]).renamed] == ["赵六"]


def test_the_case_of_an_address_is_no_change() -> None:
    assert compare([ZHANG], [replace(ZHANG, address="A@b.cn")]).nothing


@pytest.mark.parametrize(("left", "alarming"), [(10, False), (8, False), (7, True), (0, True)])
def test_more_than_a_fifth_gone_is_alarming(left: int, *, alarming: bool) -> None:
    """Fault 44: a directory cut at the end of a line is still a valid directory."""
    assert compare(many(10), many(10)[:left]).alarming is alarming


def test_a_first_bulletin_is_not_alarming() -> None:
    assert not compare([], many(3)).alarming


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_everybody_is_accounted_for(before: int, after: int, skip: int) -> None:
    old, new = many(before), many(skip + after)[skip:]
    changes = compare(old, new)

    assert len(old) - len(changes.removed) == len(new) - len(changes.added)
    assert 0 <= changes.shrink <= 1


def test_twenty_thousand_are_compared_at_once() -> None:
    assert compare(many(20_000), many(19_999)).removed == (many(20_000)[-1],)
