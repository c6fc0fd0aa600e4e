"""Each thing that may be wrong in a bulletin is named once, with its place, and graded."""

import pytest

from distributor.bulletin.reading import parse_bulletin
from distributor.errors import Problem

GOOD = """# 松溪县林业简报

第5期（总第45期）

松溪县林业局　2026年3月12日

---

## 【要闻】

**春季造林开工** 三月五日，造林开工（见表）。（一队）

**苗木检疫完成** 完成了。（检疫站）

编辑：林一木　核签：高远山

---

报：县委

发：各林场

电话：0599-5550101
"""


def findings(text: str) -> list[Problem]:
    return list(parse_bulletin(text, "b.md").findings)


def test_a_well_made_bulletin_has_no_findings() -> None:
    assert findings(GOOD) == []


CASES = {
    "title": ("# 松溪县林业简报\n", "", "title_missing", "error", 0),
    "number placeholder": ("第5期（总第45期）", "第 xx 期", "number_placeholder", "error", 3),
    "number missing": ("第5期（总第45期）\n\n", "", "number_missing", "error", 0),
    "total": ("总第45期", "总第3期", "total_below_number", "warning", 3),
    "impossible date": ("3月12日", "13月12日", "date_impossible", "error", 5),
    "open date": ("3月12日", "  月  日", "date_impossible", "error", 5),
    "no date": ("　2026年3月12日", "", "date_missing", "error", 3),
    "two dates": ("电话", "松溪县林业局　2026年3月13日印发\n\n电话", "date_differs", "warning", 23),
    "year": ("第5期（", "2025年第5期（", "year_differs", "warning", 3),
    "other number": ("完成了。", "本刊第4期已登。", "number_differs", "warning", 13),
    "bracket": ("（一队）", "（一队", "unbalanced", "warning", 11),
    "quote": ("完成了。", "“完成了。", "unbalanced", "warning", 13),
    "closing bracket": ("完成了。", "完成了】。", "unbalanced", "warning", 13),
    "conjunction": ("完成了。", "设施 and 区域。", "latin_conjunction", "warning", 13),
    "blank approver": ("高远山", "", "approver_blank", "error", 15),
    "no approver": ("　核签：高远山", "", "approver_missing", "error", 0),
    "blank editor": ("林一木", "　　", "editor_blank", "warning", 15),
    "empty line": ("各林场", "", "addressees_empty", "warning", 21),
    "nobody": ("报：县委\n\n发：各林场\n\n", "", "addressees_missing", "error", 0),
    "no contact": ("电话：0599-5550101", "", "contact_missing", "warning", 0),
    "secret": ("# 松溪县林业简报", "机密★1年\n\n# 松溪县林业简报", "classified", "error", 1),
    "internal": ("# 松", "内部资料\n\n# 松", "internal", "warning", 1),
    "control": ("完成了", "完成\x07了", "control_character", "error", 13),
    "bidi": ("完成了", "完成\u202e了", "bidi", "error", 13),
    "separator": ("完成了", "完成\u2028了", "line_separator", "error", 13),
    "private": ("完成了", "完成\ue000了", "private_character", "warning", 13),
    "coded word": ("# 松溪县", "# =?utf-8?b?5p2+?= 县", "header_unsafe", "error", 1),
    "long title": ("# 松溪县", "# " + "松" * 60 + " " + "溪" * 10 + "\n# " + "县" * 40, "title_too_long", "error", 1),
    "empty section": ("## 【要闻】", "## 【要闻】\n\n## 【动态】", "section_empty", "warning", 9),
    "repeated title": ("苗木检疫完成", "春季造林开工", "title_repeated", "warning", 13),
    "no text": (GOOD[GOOD.index("**春") : GOOD.index("编辑")], "", "body_missing", "error", 0),
    "link": ("完成了。", "[完成了](a.md)。", "link_dropped", "warning", 13),
    "link title": ("完成了。", '[完成](https://a.example "暗语")了。', "link_title", "warning", 13),
    "too deep": ("完成了。", "完成了。\n\n" + ">" * 40 + " 埋没\n\n", "text_lost", "error", 0),
}


@pytest.mark.parametrize(("old", "new", "code", "grade", "line"), CASES.values(), ids=CASES)
def test_a_fault_is_found_where_it_stands(old: str, new: str, code: str, grade: str, line: int) -> None:
    assert old in GOOD
    found = [problem for problem in findings(GOOD.replace(old, new, 1)) if problem.code == code]
    assert [problem.grade for problem in found] == [grade]
    assert not line or found[0].place.line == line
    assert (found[0].place.column > 0) == (found[0].place.line > 0)
    assert found[0].do is not None
    assert str(found[0]).startswith("b.md")


def test_an_enumeration_with_one_bracket_is_balanced() -> None:
    assert findings(GOOD.replace("完成了。", "完成：1）甲；2）乙。")) == []


def test_a_conjunction_is_shown_with_its_column() -> None:
    (problem,) = findings(GOOD.replace("完成了。", "设施 and 区域。"))
    assert (problem.place.line, GOOD.splitlines()[12].index("完成了") + 4) == (13, problem.place.column)


def test_a_reviewer_alone_is_who_approved() -> None:
    assert findings(GOOD.replace("核签", "审核")) == []


def test_one_kind_of_finding_does_not_flood_the_report() -> None:
    assert len(findings(GOOD.replace("完成了。", "甲 and 乙。" * 500))) == 20
