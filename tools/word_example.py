"""Writes examples/river-13.docx, a bulletin as an office types it in Word, or checks with --check that it is in step.

The file is built from here alone and is the same, byte for byte, on every machine: its parts are stored, not packed.
"""

import argparse
import sys
import zipfile
from pathlib import Path

from tests.docx_builder import Word, paragraph, picture, run, table, text_box, zipped

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FILE = EXAMPLES / "river-13.docx"

_CENTRED = '<w:jc w:val="center"/>'
_RED_RULE = '<w:pBdr><w:bottom w:val="single" w:sz="24" w:space="1" w:color="C00000"/></w:pBdr>'
_INDENT = '<w:spacing w:line="560" w:lineRule="exact"/><w:ind w:firstLineChars="200" w:firstLine="640"/>'
_RED = '<w:rFonts w:eastAsia="方正小标宋简体"/><w:color w:val="C00000"/><w:sz w:val="72"/>'
_BLACK = '<w:rFonts w:eastAsia="黑体"/>'
_KAI = '<w:rFonts w:eastAsia="楷体_GB2312"/>'


def build() -> bytes:
    """The bytes of the example."""
    word = Word()
    shown = word.media((EXAMPLES / "pictures" / "water-quality.png").read_bytes(), "image1.png")
    word.margin("footer", paragraph("— 1 —", shape=_CENTRED))
    word.add(*_masthead(), *_work(), *_notes(shown), *_tail())
    return zipped(word.files(), zipfile.ZIP_STORED)


def _masthead() -> list[str]:
    """A red head in a text box, as templates of Word and WPS have it."""
    title = paragraph(run("云岭区河湖保护工作简报", look=_RED), shape=_CENTRED)
    return [
        paragraph(text_box(title)),
        paragraph("第13期（总第88期）", shape=_CENTRED),
        paragraph("云岭区河长制办公室\t2026年10月30日", shape=_RED_RULE),
    ]


def _text(*runs: str) -> str:
    return paragraph(*runs, shape=_INDENT)


def _section(title: str) -> str:
    return paragraph(run(f"【{title}】", look=_BLACK), style="20", shape=_CENTRED)


def _work() -> list[str]:
    return [
        _section("工作部署"),
        _text(
            run("秋冬季河道清淤全面开工", bold=True),
            " 10月26日，区水务局启动秋冬季河道清淤，涉及青石溪、柳河、东关渠3条河道11.6公里，清淤面积4.8万m",
            run("2", look='<w:vertAlign w:val="superscript"/>'),
            "，计划年底前完工。区河长办要求各施工点做到：",
        ),
        paragraph("淤泥日产日清，不在河岸过夜；", style="a4", number=(1, 0)),
        paragraph("运输车辆密闭苫盖，出场冲洗；", style="a4", number=(1, 0)),
        paragraph("每个施工点公示河长、监理和监督电话。", style="a4", number=(1, 0)),
        _text("（区水务局）"),
        _text(
            run("入河排口“一口一牌”完成过半", bold=True),
            " 截至10月底，全区入河排口已立标识牌148块，占应立总数的五成八。"
            "标识牌载明排口编号、责任单位和监督电话，居民扫码即可反映问题。（区生态环境局）",
        ),
    ]


def _notes(shown: str) -> list[str]:
    rows = (
        ("河流", "巡查次数", "发现问题", "已办结"),
        ("青石溪", "86", "12", "12"),
        ("柳河", "104", "19", "17"),
        ("东关渠", "73", "9", "9"),
    )
    return [
        _section("巡河通报"),
        _text(
            run("10月河长巡查情况", bold=True),
            " 10月，各级河长巡河263次，发现问题40个，办结38个，其余2个正在整改。分河流情况如下：",
        ),
        table(*rows),
        _text("前三季度优良断面数量的变化见下图。"),
        paragraph(
            picture(shown, "前三季度优良断面数量：一季度7个，二季度8个，三季度10个"),
            shape=_CENTRED,
        ),
        _text("（区河长办）"),
    ]


def _tail() -> list[str]:
    """Sign-off, addressees in a table of one column, contact."""
    addressees = (
        ("报：区委、区人大、区政府、区政协领导同志",),
        ("送：区纪委监委、区委组织部、区委宣传部",),
        ("发：各镇人民政府、各街道办事处、区河长制成员单位",),
    )
    return [
        paragraph(run("编校：许知远　　校对：沈若溪　　核签：顾明川", look=_KAI)),
        table(*addressees, heading=False),
        paragraph("电子邮箱：hzb@example.gov.cn　　电话：010-55550112　　（共印60份）"),
    ]


def main() -> int:
    """Writes the file, or says with exit code 1 that it differs from what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the file is not in step")
    content = build()
    if not parser.parse_args().check:
        FILE.write_bytes(content)
        return 0
    if FILE.exists() and FILE.read_bytes() == content:
        return 0
    print(f"{FILE.name} is not in step: run python -m tools.word_example", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
