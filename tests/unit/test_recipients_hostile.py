"""Files that are broken, cut short, or made to do harm (faults 43 to 49 of the fault catalogue)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.errors import BadFile, Problem
from distributor.recipients.file import parse_directory
from distributor.yaml.document import MOST_PROBLEMS
from distributor.yaml.source import LARGEST
from tests.unit.test_recipients_file import group

BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 9)) for name in range(ord("b"), ord("j"))
)


def codes(source: bytes) -> list[tuple[str, int]]:
    with pytest.raises(BadFile) as caught:
        parse_directory(source)
    return [(problem.code, problem.place.line) for problem in caught.value.problems]


def test_a_bracket_that_is_not_closed_is_named_although_an_address_is_near() -> None:
    source = "groups:\n  甲:\n    members:\n      - {name: 苏禾, email: suhe@example.gov.cn\n      - {name: 方启明}\n"
    with pytest.raises(BadFile) as caught:
        parse_directory(source.encode())
    assert "} / ]" in str(caught.value.problems[0].do)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(b"", ("empty", 0), id="an empty file"),
        pytest.param("# 只有注释\n".encode(), ("empty", 0), id="comments only"),
        pytest.param(b"groups: [", ("yaml_syntax", 1), id="broken in the middle of an edit"),
        pytest.param("groups：\n  甲: x".encode(), ("yaml_syntax", 2), id="full-width colon"),
        pytest.param("groups:\n  甲: @x".encode(), ("yaml_syntax", 2), id="an at at the start"),
        pytest.param(b'groups: "\\UFFFFFFFF"', ("yaml_syntax", 0), id="an escape beyond Unicode"),
        pytest.param(b"groups:\n\tx: 1", ("indent", 2), id="a tab in the indentation"),
        pytest.param(b"groups:\n  - \t x: 1", ("indent", 2), id="a tab after a dash"),
        pytest.param("groups:\n　x: 1".encode(), ("indent", 2), id="a full-width space in the indentation"),
        pytest.param("groups:\n  \u00a0x: 1".encode(), ("indent", 2), id="a non-breaking space in the indentation"),
        pytest.param(BOMB, ("alias", 1), id="aliases that explode"),
        pytest.param(b"groups: *x", ("alias", 1), id="an alias to nothing"),
        pytest.param(b"<<: {a: b}", ("unknown_key", 1), id="a merge key"),
        pytest.param(b"groups: !!python/object/apply:os.system ['true']", ("tag", 1), id="a Python object"),
        pytest.param(b"groups: !secret x", ("tag", 1), id="a tag"),
        pytest.param(b"[" * 100_000, ("too_deep", 1), id="deep lists"),
        pytest.param(b"{a: " * 100_000, ("too_deep", 1), id="deep tables"),
        pytest.param(b"- " * 30 + b"x", ("too_deep", 1), id="deep dashes"),
        pytest.param(b"groups: {}\n---\ngroups: {}", ("documents", 2), id="two documents"),
        pytest.param(b"? [a]\n: b", ("key", 1), id="a list as a key"),
        pytest.param(b"x" * (LARGEST + 1), ("too_large", 0), id="too large"),
        pytest.param("groups:\n  单位: x".encode("gbk"), ("encoding", 2), id="GBK"),
        pytest.param("groups:\n  单位: x".encode("utf-16"), ("encoding", 0), id="UTF-16"),
        pytest.param("groups: x".encode("utf-16-le"), ("encoding", 0), id="UTF-16 without a mark"),
        pytest.param(b"groups:\n  \xff\x80\xff\xff: x", ("encoding", 2), id="no encoding at all"),
        pytest.param("groups:\n  a\u202eb: x".encode(), ("control_character", 2), id="a bidirectional control"),
        pytest.param(b"groups:\n  a\x00b: x", ("control_character", 2), id="NUL"),
        pytest.param(b"groups:\n  a\rb: x", ("control_character", 2), id="a bare carriage return"),
        pytest.param("a\u2028groups: {}".encode(), ("control_character", 1), id="a line separator"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(source: bytes, expected: tuple[str, int]) -> None:
    assert expected in codes(source)


def test_gbk_is_told_apart_so_that_the_advice_is_right() -> None:
    with pytest.raises(BadFile, match=r"saved as GBK.*Save it as UTF-8"):
        parse_directory("名: 一".encode("gbk"))


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    source = b"\xef\xbb\xbf" + group().replace("\n", "\r\n").encode()

    assert parse_directory(source).directory == parse_directory(group().encode()).directory


def test_blank_lines_and_comments_may_hold_any_spaces() -> None:
    assert parse_directory(("　\n\t\n#\t注释\n" + group()).encode()).warnings == ()


def test_poison_addresses_are_each_reported_while_the_rest_is_checked() -> None:
    """Fault 48: the file as a whole is refused, so that the last good one stays in force."""
    poison = ["张三@b.cn", "a b@c.cn", "a" * 300 + "@b.cn", "zs＠b.cn"]
    rows = [f"{{name: 甲, email: {address}}}" for address in poison]
    rows += ['{name: 乙, email: "a@b>\\r\\nRCPT TO:<x@y.cn>"}', "{name: 丙, email: fine@b.cn}"]

    assert codes(group(people="\n          - ".join(rows)).encode()) == [
        ("address_local", 7),
        ("address_space", 8),
        ("address_long", 9),
        ("address_fullwidth", 10),
        ("address_control", 11),
    ]


@pytest.mark.parametrize("lines", range(1, 7))
def test_a_file_cut_in_the_first_unit_is_refused(lines: int) -> None:
    cut = "\n".join(group().split("\n")[:lines]) + "\n"

    assert codes(cut.encode())


def test_a_file_cut_at_the_end_of_a_person_is_refused_when_it_has_a_count() -> None:
    """Fault 44: what is left is valid YAML and a valid directory of fewer people."""
    whole = "count: 2\n" + group(people="{name: 甲, email: a@b.cn}\n          - {name: 乙, email: c@d.cn}")
    cut = "\n".join(whole.split("\n")[:8]) + "\n"
    parse_directory(whole.encode())

    assert codes(cut.encode()) == [("count", 1)]


def test_no_more_problems_are_shown_than_a_person_can_read() -> None:
    rows = "\n          - ".join("{name: 甲, email: x}" for _ in range(MOST_PROBLEMS + 5))
    found = codes(group(people=rows).encode())

    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1] == ("more", 0)


def test_two_thousand_people_are_read() -> None:
    rows = "\n          - ".join(f"{{name: 甲{n}, email: a{n}@example.cn}}" for n in range(2000))
    loaded = parse_directory(group(people=rows).encode())

    assert sum(len(unit.people) for unit in loaded.directory.groups[0].units) == 2000


def faults(source: bytes) -> tuple[Problem, ...] | None:
    """What a file is refused for; None when it is read."""
    try:
        parse_directory(source)
    except BadFile as refused:
        return refused.problems
    return None


def well_said(found: tuple[Problem, ...] | None) -> bool:
    return found is None or (len(found) > 0 and all(str(fault) and fault.grade == "error" for fault in found))


@given(st.binary(max_size=400))
def test_random_bytes_are_read_or_refused(source: bytes) -> None:
    assert well_said(faults(source))


PIECES = (
    *(
        "groups",
        "direction",
        "报",
        "发",
        "members",
        "unit",
        "people",
        "name",
        "email",
        "a@b.cn",
        "张三",
        "no",
        "12",
        "~",
    ),
    *(
        "count",
        "covers",
        "channels",
        "{",
        "}",
        "[",
        "]",
        ",",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "#",
        "? ",
    ),
    *("&a ", "*a ", "!t ", "|", ">", "'", '"', "\\", "%", "@", "`", "\t", "：", "＠", "\u202e", "---\n", "...\n", "<<"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@example("groups:\n  ? |\n    a\n  : b")
@example('groups: "\\x00\\u202e"')
@example("%YAML 9.9\n---\na: 1")
@example("a: 1\n...\n%TAG ! x\n---\nb")
def test_random_yaml_is_read_or_refused(text: str) -> None:
    assert well_said(faults(text.encode()))


@given(st.integers(0, len(group())), st.integers(0, len(group())), st.text(max_size=3))
def test_a_directory_with_one_slip_of_the_finger_is_read_or_refused(start: int, end: int, slip: str) -> None:
    text = group()
    slipped = text[: min(start, end)] + slip + text[max(start, end) :]

    assert well_said(faults(slipped.encode(errors="surrogatepass")))
