"""Limits as an operator writes them, and the arithmetic of windows against a model that counts by hand."""

import datetime as dt
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery.throttle import Limit, Scope, Want, choose_in_order, grant_in_order, parse_limit
from distributor.misfit import Misfit


@pytest.mark.parametrize(
    ("text", "count", "seconds", "shown"),
    [
        ("20/minute", 20, 60, "20/minute"),
        (" 500 / day ", 500, 86400, "500/day"),
        ("1/second", 1, 1, "1/second"),
        ("100/hour", 100, 3600, "100/hour"),
        ("5000/3 minutes", 5000, 180, "5000/3 minutes"),
        ("5000/180 seconds", 5000, 180, "5000/3 minutes"),
        ("7/Minutes", 7, 60, "7/minute"),
        ("9/24 hours", 9, 86400, "9/day"),
    ],
)
def test_a_limit_is_read_and_shown(text: str, count: int, seconds: int, shown: str) -> None:
    limit = parse_limit(text)
    assert limit == Limit(count, dt.timedelta(seconds=seconds))
    assert str(limit) == shown
    assert parse_limit(str(limit)) == limit


@pytest.mark.parametrize(
    ("text", "what", "advice"),
    [
        ("", "is not a limit", "20/minute"),
        ("20", "is not a limit", "20/minute"),
        ("20 per minute", "is not a limit", "20/minute"),
        ("-1/minute", "is not a limit", "20/minute"),
        ("1.5/minute", "is not a limit", "20/minute"),
        ("20／分钟", "is not a limit", "20/minute"),
        ("２０/minute", "is not a limit", "20/minute"),
        ("99999999/day", "is not a limit", "20/minute"),
        ("20/minte", "minte is not a unit", "Did you mean minute?"),
        ("20/fortnight", "fortnight is not a unit", "second, minute, hour, day"),
        ("0/minute", "let nothing leave", "distributor pause"),
        ("20/0 minutes", "let nothing leave", "distributor pause"),
        ("20/2 days", "more than a day", "500/day"),
        ("20/minute\n\x1b[31m", "is not a limit", "20/minute"),
    ],
)
def test_what_is_no_limit_is_refused_with_advice(text: str, what: str, advice: str) -> None:
    with pytest.raises(Misfit) as caught:
        parse_limit(text)
    assert caught.value.code == "limit"
    assert what in str(caught.value.what)
    assert advice in str(caught.value.do)
    assert "\x1b" not in str(caught.value.what)


def test_a_want_needs_room_in_all_its_scopes_and_does_not_stop_others() -> None:
    minute, day = parse_limit("3/minute"), parse_limit("10/day")
    account = Scope("account:main", (minute, day))
    qq, sina = (Scope(f"domain:main:{name}", (parse_limit("1/minute"),)) for name in ("qq.com", "sina.com"))
    wants = [Want(key, (account, domain)) for key, domain in [("1", qq), ("2", qq), ("3", sina), ("4", qq)]]
    used = defaultdict(int, {("account:main", day): 7})
    assert grant_in_order(wants, used) == (True, False, True, False)
    used["account:main", day] = 9
    assert grant_in_order(wants, used) == (True, False, False, False)
    assert grant_in_order([Want("free", ())], {}) == (True,)
    assert grant_in_order([Want("only counted", (Scope("account:main"),))], {}) == (True,)


def test_a_scope_named_twice_counts_once() -> None:
    scope = Scope("account:main", (parse_limit("2/minute"),))
    want = Want("1", (scope, scope))
    assert grant_in_order([want] * 3, defaultdict(int)) == (True, True, False)


@given(
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True), max_size=30),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 6)),
)
def test_no_batch_takes_more_than_there_is_nor_leaves_room_unused(
    batch: list[list[str]], before: dict[str, int]
) -> None:
    limit = parse_limit("5/minute")
    wants = [Want(str(n), tuple(Scope(name, (limit,)) for name in chosen)) for n, chosen in enumerate(batch)]
    used = defaultdict(int, {(name, limit): count for name, count in before.items()})
    counts = defaultdict(int, before)
    for chosen, granted in zip(batch, grant_in_order(wants, used), strict=True):
        assert granted == all(counts[name] < 5 for name in chosen)
        for name in chosen:
            counts[name] += granted


@given(
    st.lists(st.lists(st.sampled_from(["first", "second", "third"]), min_size=1, unique=True), max_size=12),
    st.dictionaries(st.sampled_from(["first", "second", "third"]), st.integers(0, 4)),
)
def test_each_letter_takes_the_first_of_its_ways_that_has_room(ways: list[list[str]], room: dict[str, int]) -> None:
    limits = {name: Limit(5, dt.timedelta(minutes=1)) for name in ("first", "second", "third")}
    used = {(name, limit): 5 - room.get(name, 0) for name, limit in limits.items()}
    asked = [
        [Want(str(number), (Scope(name, (limits[name],)),)) for name in names] for number, names in enumerate(ways)
    ]
    left, expected = Counter({name: room.get(name, 0) for name in limits}), []
    for names in ways:
        expected.append(next((number for number, name in enumerate(names) if left[name] > 0), None))
        if expected[-1] is not None:
            left[names[expected[-1]]] -= 1
    choice = choose_in_order(asked, used)
    assert list(choice.chosen) == expected
    assert all(left[name] == 0 for name, _ in choice.full)
