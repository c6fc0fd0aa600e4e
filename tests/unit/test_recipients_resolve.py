"""One letter per address: who wins, who is credited, what the digest covers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.address import same
from distributor.bulletin.model import Direction
from distributor.errors import Place
from distributor.recipients.file import parse_directory
from distributor.recipients.model import Acknowledge, Directory, Group, OnUnknown, Person, Unit
from distributor.recipients.resolve import directory_digest, resolve

ISSUE, REPORT, SEND = Direction.ISSUE, Direction.REPORT, Direction.SEND


def person(name: str, email: str | None = None, **addresses: str) -> Person:
    return Person(
        name, addresses=addresses if email is None else {"email": email, **addresses}, place=Place("r.yaml", 7)
    )


def group(name: str, direction: Direction, *people: Person, channels: tuple[str, ...] = ("email",)) -> Group:
    return Group(name, direction, (Unit(f"{name}的单位", people),), template=direction.value, channels=channels)


def codes(directory: Directory) -> list[str]:
    return [warning.code for warning in resolve(directory).warnings]


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [(ISSUE, REPORT, "乙"), (ISSUE, SEND, "乙"), (REPORT, SEND, "甲"), (SEND, SEND, "甲")],
)
def test_a_person_in_two_groups_gets_the_letter_of_the_higher_direction(
    first: Direction, second: Direction, winner: str
) -> None:
    directory = Directory((group("甲", first, person("张三", "a@b.cn")), group("乙", second, person("张三", "A@b.cn"))))
    (recipient,) = resolve(directory).recipients

    assert recipient.group == winner
    assert recipient.credited == ("乙" if winner == "甲" else "甲",)
    assert codes(directory) == ["several_groups"]


def test_the_warning_names_both_places() -> None:
    text = "groups:\n"
    for name, direction in (("甲", "发"), ("乙", "报")):
        text += f"  {name}:\n    direction: {direction}\n    members:\n      - unit: 单位\n        people: "
        text += "[{name: 张三, email: a@b.cn}]\n"
    (warning,) = resolve(parse_directory(text.encode()).directory).warnings

    assert warning.place.line == 6
    assert "recipients.yaml:11" in str(warning.what)
    assert warning.grade == "warning"


def test_a_shared_mailbox_gets_one_letter_and_credits_everyone() -> None:
    directory = Directory((group("甲", ISSUE, person("张三", "desk@b.cn"), person("李四", "desk@b.cn")),))
    (recipient,) = resolve(directory).recipients

    assert (recipient.name, recipient.people, recipient.key) == ("张三", ("张三", "李四"), "desk@b.cn")
    assert codes(directory) == ["shared_mailbox"]


def test_a_mailbox_shared_across_groups_is_addressed_to_the_superior() -> None:
    directory = Directory(
        (group("甲", ISSUE, person("李四", "desk@b.cn")), group("乙", REPORT, person("张三", "desk@b.cn")))
    )
    (recipient,) = resolve(directory).recipients

    assert (recipient.name, recipient.group, recipient.people) == ("张三", "乙", ("张三", "李四"))
    assert sorted(codes(directory)) == ["several_groups", "shared_mailbox"]


def test_the_same_person_twice_in_a_group_is_one_recipient() -> None:
    directory = Directory((group("甲", ISSUE, person("张三", "a@b.cn"), person("张三", "A@B.cn")),))

    assert len(resolve(directory).recipients) == 1
    assert codes(directory) == ["listed_twice"]


def test_two_spellings_of_a_chinese_domain_are_one_address() -> None:
    people = "[{name: 张三, email: a@例子.中国}, {name: 张三, email: a@xn--fsqu00a.xn--fiqs8s}]"
    text = f"groups:\n  甲:\n    direction: 发\n    members:\n      - {{unit: 单位, people: {people}}}\n"

    assert len(resolve(parse_directory(text.encode()).directory).recipients) == 1


def test_an_id_is_the_key_and_the_address_is_otherwise() -> None:
    with_id = Person("张三", addresses={"email": "ZS@b.cn"}, id="zs")
    directory = Directory((group("甲", ISSUE, with_id, person("李四", "LS@b.cn")),))

    assert [r.key for r in resolve(directory).recipients] == ["zs", "ls@b.cn"]
    assert [r.address for r in resolve(directory).recipients] == ["ZS@b.cn", "LS@b.cn"]


def test_only_the_first_channel_with_an_address_is_planned() -> None:
    people = person("张三", "a@b.cn", wecom="zs"), person("李四", "c@d.cn"), person("王五", wecom="ww")
    directory = Directory((group("甲", ISSUE, *people, channels=("wecom", "email")),))

    assert [(r.channel, r.address) for r in resolve(directory).recipients] == [
        ("wecom", "zs"),
        ("email", "c@d.cn"),
        ("wecom", "ww"),
    ]


def test_a_person_whom_no_channel_of_the_group_reaches_is_named() -> None:
    directory = Directory((group("甲", ISSUE, person("张三", wecom="zs"), person("李四", "c@d.cn")),))
    resolved = resolve(directory)

    assert [(u.group, u.unit, u.person) for u in resolved.unreachable] == [("甲", "甲的单位", "张三")]
    assert [r.name for r in resolved.recipients] == ["李四"]


NAMES = st.sampled_from(["张三", "李四", "王五", "赵六"])
ADDRESSES = st.dictionaries(
    st.sampled_from(["email", "wecom"]), st.sampled_from(["a@b.cn", "A@b.cn", "c@d.cn", "C@d.cn", "e@f.cn"])
)
PEOPLE = st.builds(lambda name, addresses: Person(name, addresses=addresses), NAMES, ADDRESSES)
GROUPS = st.builds(
    lambda direction, people, channels: (direction, people, channels),
    st.sampled_from(Direction),
    st.lists(PEOPLE, min_size=1, max_size=5),
    st.permutations(["email", "wecom"]).flatmap(lambda order: st.sampled_from([tuple(order), tuple(order[:1])])),
)
DIRECTORIES = st.lists(GROUPS, min_size=1, max_size=5).map(
    lambda groups: Directory(
        tuple(
            group(f"组{n}", direction, *people, channels=channels)
            for n, (direction, people, channels) in enumerate(groups)
        )
    )
)


@given(DIRECTORIES)
def test_nobody_gets_two_letters_and_nobody_is_forgotten(directory: Directory) -> None:
    resolved = resolve(directory)
    reached = [(r.channel, same(r.address)) for r in resolved.recipients]
    listed = sum(len(unit.people) for one in directory.groups for unit in one.units)

    assert len(reached) == len(set(reached))
    credited = {(one, name) for r in resolved.recipients for one in (r.group, *r.credited) for name in r.people}
    missed = {(u.group, u.person) for u in resolved.unreachable}
    everyone = {(one.name, p.name) for one in directory.groups for unit in one.units for p in unit.people}
    assert everyone <= credited | missed
    assert len(resolved.recipients) + len(resolved.unreachable) <= listed


@given(DIRECTORIES, st.randoms(use_true_random=False))
def test_the_order_of_groups_changes_neither_addresses_nor_directions_nor_credit(
    directory: Directory, rng: random.Random
) -> None:
    shuffled = Directory(tuple(rng.sample(directory.groups, len(directory.groups))))
    direction = {one.name: one.direction for one in directory.groups}

    def outcome(one: Directory) -> set[tuple[object, ...]]:
        return {
            (r.channel, same(r.address), direction[r.group], frozenset((r.group, *r.credited)), frozenset(r.people))
            for r in resolve(one).recipients
        }

    assert outcome(shuffled) == outcome(directory)


@given(DIRECTORIES, st.randoms(use_true_random=False))
def test_the_order_of_groups_of_other_directions_changes_nothing(directory: Directory, rng: random.Random) -> None:
    """Only among groups of one direction does the file's order decide."""
    keys = {direction: rng.random() for direction in Direction}
    sorted_anew = Directory(tuple(sorted(directory.groups, key=lambda one: keys[one.direction])))

    assert resolve(sorted_anew).recipients == resolve(directory).recipients


def digest(text: str) -> str:
    directory = parse_directory(text.encode()).directory
    return directory_digest(resolve(directory), directory)


FILE = """
groups:
  甲:
    direction: 发
    members:
      - unit: 一
        people: [{name: 张三, email: a@b.cn}, {name: 李四, email: c@d.cn}]
  乙:
    direction: 报
    members: [{unit: 二, people: [{name: 王五, email: e@f.cn}]}]
"""

SAME = """
# another look of the same directory
count: 3
groups:
  乙:
    acknowledge: never
    members:
      - people:
          - email: e@F.cn
            name: "王五"
        covers: [某某]
        unit: 二
    direction: 报
  甲:
    direction: 发
    template: 发
    members:
      - unit: 一
        people:
          - {name: 李四, email: c@d.cn}
          - {name: 张三, email: a@b.cn}
"""


def test_the_look_of_the_file_does_not_change_the_digest() -> None:
    assert digest(SAME) == digest(FILE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("张三", "张山"),
        ("a@b.cn", "z@b.cn"),
        ("unit: 一", "unit: 三"),
        ("direction: 发", "direction: 送"),
        ("direction: 发", "direction: 发\n    acknowledge: required"),
        ("direction: 发", "direction: 发\n    on_unknown: resend"),
        ("direction: 发", "direction: 发\n    template: 简"),
        ("direction: 发", "direction: 发\n    due: 3 days"),
        ("name: 李四", "name: 李四, role: 主任"),
        (", {name: 李四, email: c@d.cn}", ""),
    ],
)
def test_whatever_a_letter_depends_on_changes_the_digest(old: str, new: str) -> None:
    assert digest(FILE.replace(old, new)) != digest(FILE)


def test_the_digest_is_the_same_in_every_run() -> None:
    one = Group("甲", ISSUE, (Unit("一", (person("张三", "a@b.cn"),)),), "发", acknowledge=Acknowledge.REQUIRED)
    directory = Directory((one, group("乙", REPORT, person("李四", "c@d.cn"))))

    assert one.on_unknown is OnUnknown.HOLD
    assert directory_digest(resolve(directory), directory) == (
        "b0e820a121c4c9b8589b22b8edd14b24420ef3fa3ae407b7df0b4575ff3a7080"
    )
