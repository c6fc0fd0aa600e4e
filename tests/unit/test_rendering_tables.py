"""A table is printed as one where a phone has room for it."""

import pytest

from distributor.rendering.tables import fits, fits_phone
from tests.renditions.sample import table


@pytest.mark.parametrize(
    ("rows", "room"),
    [
        pytest.param([], True, id="no rows"),
        pytest.param([["很长的单元格" * 9] * 4], True, id="four long columns"),
        pytest.param([["河流", "断面数", "优良断面", "优良率", "比上季度"]], True, id="five short columns"),
        pytest.param([["甲"] * 5, ["河流名称与断面所在位置"] + ["乙"] * 4], True, id="one column is long"),
        pytest.param([["河流名称与断面所在位置"] * 5], False, id="five long columns"),
        pytest.param([["甲"], ["乙"] * 11], True, id="ragged"),
        pytest.param([["12.5%"] * 9], False, id="nine numbers"),
    ],
)
def test_a_table_fits_when_no_cell_has_to_break(rows: list[list[str]], room: bool) -> None:
    assert fits(rows) is room


def test_a_bulletins_table_is_measured_by_its_text() -> None:
    assert fits_phone(table(("一", "二", "三", "四", "五")))
    assert not fits_phone(table(("一二三四五六七",) * 6))
