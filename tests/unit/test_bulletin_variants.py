"""Ways in which offices print a bulletin. Every text here is invented."""

import datetime as dt

import pytest

from distributor.bulletin.as_json import model_as_json
from distributor.bulletin.model import Bulletin, Kind
from distributor.bulletin.reading import parse_bulletin

HEAD = "# 松溪县林业简报\n\n第5期\n\n松溪县林业局　2026年3月12日\n\n---\n\n"
TAIL = "\n\n---\n\n报：县委\n\n发：各林场\n\n编辑：林一木　核签：高远山\n\n电话：0599-5550101\n"


def read(text: str) -> Bulletin:
    return parse_bulletin(text, "bulletin.md").bulletin


def body(text: str) -> list[tuple[str | None, list[tuple[str, str | None]]]]:
    bulletin = read(HEAD + text + TAIL)
    return [(part.heading, [(item.title, item.attribution) for item in part.items]) for part in bulletin.sections]


@pytest.mark.parametrize(
    ("line", "number", "total", "year"),
    [
        ("第350期", 350, None, None),
        ("(第23期)", 23, None, None),
        ("第二十三期", 23, None, None),
        ("第一百零八期", 108, None, None),
        ("第02期", 2, None, None),
        ("第 1 期", 1, None, None),
        ("第３６期（总第１２８期）", 36, 128, None),
        ("2023年第12期（总第412期）", 12, 412, 2023),
        ("二〇二三年第十二期", 12, None, 2023),
        ("〔2022〕第8期", 8, None, 2022),
        ("第〔2022〕8期", 8, None, 2022),
        ("〔2022〕8号", 8, None, 2022),
        ("总第77期", None, 77, None),
        ("20240401期", 20240401, None, None),
        ("No.12", 12, None, None),
        ("第**期", None, None, None),
        ("第___期", None, None, None),
    ],
)
def test_an_issue_line_gives_number_total_and_year(
    line: str, number: int | None, total: int | None, year: int | None
) -> None:
    bulletin = read(
        f"# 松溪县林业简报\n\n{line}\n\n松溪县林业局　2026年3月12日\n\n## 【要闻】\n\n**造林** 开工。（一队）"
    )
    assert (bulletin.issue_no, bulletin.total_no, bulletin.year) == (number, total, year)
    assert (bulletin.title, bulletin.issuer) == ("松溪县林业简报", "松溪县林业局")


@pytest.mark.parametrize(
    ("line", "kind", "number"),
    [
        ("增刊第2期", Kind.SUPPLEMENT, 2),
        ("第2期（增刊）", Kind.SUPPLEMENT, 2),
        ("特刊", Kind.SPECIAL, None),
        ("号　外", Kind.SPECIAL, None),
        ("（专刊）", Kind.SPECIAL, None),
        ("试刊号", Kind.TRIAL, None),
    ],
)
def test_a_special_series_is_told_from_the_ordinary_one(line: str, kind: Kind, number: int | None) -> None:
    bulletin = read(f"# 松溪县林业简报\n\n{line}\n\n松溪县林业局　2026年3月12日\n\n## 【要闻】\n\n**造林** 开工。")
    assert (bulletin.kind, bulletin.issue_no) == (kind, number)


@pytest.mark.parametrize(
    "printed",
    [
        *(
            "2026年3月5日",
            "2026年03月05日",
            "２０２６年３月５日",
            "2026 年 3 月 5 日",
            "二〇二六年三月五日",
            "二○二六年三月五日",
        ),
        *("二O二六年三月五日", "二0二六年三月五日", "2026.3.5", "2026-03-05", "2026/3/5"),
    ],
)
def test_a_date_is_read_in_every_print(printed: str) -> None:
    bulletin = read(f"# 松溪县林业简报\n\n第1期\n\n松溪县林业局编　　{printed}\n\n## 【要闻】\n\n**造林** 开工。")
    assert (bulletin.date, bulletin.issuer) == (dt.date(2026, 3, 5), "松溪县林业局")


MASTHEADS = {
    "number on the title's line": "# 松溪县林业简报 第5期\n\n松溪县林业局　2026年3月12日",
    "number and date in one line": "## 松溪县林业简报\n\n第5期 (2026-3-12)\n\n松溪县林业局",
    "letter-spaced, no markup": "松 溪 县 林 业 简 报\n\n第 5 期\n\n松溪县林业局   2026年3月12日",
    "title and number in brackets": "# 【松溪县林业简报】\n\n**【第5期】**\n\n松溪县林业局  2026年3月12日\n\n护绿在线",
    "title in brackets": "# 【松溪县林业简报】\n\n第5期\n\n松溪县林业局\n2026年3月12日",
    "table below the number": "# 松溪县林业简报\n\n第5期\n\n| 松溪县林业局 | 2026年3月12日 |\n|---|---|",
    "issuer and date above the title": "松溪县林业局　　　2026年3月12日\n\n# 松溪县林业简报\n\n第5期",
    "issuer with its role": "# 松溪县林业简报\n\n第5期\n\n松溪县林业局主办　　2026年3月12日",
    "labelled issuer": "# 松溪县林业简报\n\n第5期\n\n编发单位：松溪县林业局　　2026年3月12日",
    "signer in the masthead": "# 松溪县林业简报\n\n第5期\n\n松溪县林业局　　签发人：高远山\n\n2026年3月12日",
    "no blank after the hash": "#松溪县林业简报\n\n第5期\n\n松溪县林业局　2026年3月12日",
    "one paragraph": "松溪县林业简报\n第5期\n松溪县林业局  2026年3月12日",
    "front matter only": "---\ntitle: 松溪县林业简报\nissue: 5\nissuer: 松溪县林业局\ndate: 2026-03-12\n---",
    "Chinese front matter": "---\n刊名: 松溪县林业简报\n期号: 第5期\n编发单位: 松溪县林业局\n日期: 2026年3月12日\n---",
    "date only in front matter": "---\ndate: 2026-03-12\n---\n\n# 松溪县林业简报\n\n第5期\n\n松溪县林业局",
    "comment before front matter": "<!-- draft -->\n---\ntitle: 简报\n---\n\n"
    "# 松溪县林业简报\n\n第5期\n\n松溪县林业局　2026年3月12日",
}


@pytest.mark.parametrize("masthead", MASTHEADS.values(), ids=MASTHEADS)
def test_a_masthead_is_read_in_every_layout(masthead: str) -> None:
    bulletin = read(masthead + "\n\n---\n\n## 【要闻】\n\n**春季造林开工** 三月五日开工。（一队）" + TAIL)
    assert bulletin.title == "松溪县林业简报"
    assert (bulletin.issue_no, bulletin.issuer, bulletin.date) == (5, "松溪县林业局", dt.date(2026, 3, 12))
    assert [part.heading for part in bulletin.sections] == ["要闻"]
    assert [item.title for item in bulletin.sections[0].items] == ["春季造林开工"]


def test_several_title_lines_are_one_title() -> None:
    bulletin = read(
        "# 松溪县绿化委员会\n# 工 作 简 报\n\n第5期\n\n县绿化办　2026年3月12日\n\n## 【要闻】\n\n**造林** 开工。"
    )
    assert bulletin.masthead == ("松溪县绿化委员会", "工作简报")
    assert bulletin.title == "松溪县绿化委员会 工作简报"


def test_a_date_at_the_end_of_the_text_is_the_bulletin_s() -> None:
    bulletin = read(
        "# 松溪县林业简报\n\n第5期\n\n林业局\n\n### 火险\n\n风大。\n\n二0二六年三月十二日\n\n---\n\n报：县委"
    )
    assert bulletin.date == dt.date(2026, 3, 12)
    assert bulletin.extra == ("二0二六年三月十二日",)


ONE = [("要闻", [("造林开工", "一队"), ("检疫完成", "检疫站")])]
SECTIONS = {
    "heading in brackets": "## 【要闻】\n\n**造林开工** 已办好。（一队）\n\n**检疫完成** 已办好。（检疫站）",
    "bold heading": "## **【要 闻】**\n\n造林开工 已办好。（一队）\n\n检疫完成 已办好。（检疫站）",
    "plain line": "【要闻】\n\n造林开工 已办好。（一队）\n\n检疫完成 已办好。（检疫站）",
    "square brackets": "**[要闻]**\n\n造林开工 已办好. (一队)\n\n检疫完成 已办好. (检疫站)",
    "marks around": "※ 要闻 ※\n\n★造林开工\n\n已办好。（一队）\n\n★检疫完成\n\n已办好。（检疫站）",
    "diamonds": "◆要闻◆\n\n**造林开工**\n\n已办好。\n\n（一队）\n\n**检疫完成**\n\n已办好。\n\n（检疫站）",
    "counted": "一、要闻\n\n**１．造林开工** 已办好。（一队）\n\n**２．检疫完成** 已办好。（检疫站）",
    "counted heading": "## 一、要闻\n\n1. 造林开工 已办好。（一队）\n2. 检疫完成 已办好。（检疫站）",
    "numbered apart": "## 要闻\n\n1. 造林开工 已办好。\n\n（一队）\n\n2. 检疫完成 已办好。\n\n（检疫站）",
    "two levels": "## 要闻\n\n### 造林开工\n\n已办好。　　【一队】\n\n### 检疫完成\n\n已办好。　　【检疫站】",
    "a level left out": "## 要闻\n\n#### 造林开工\n\n已办好。／文：一队\n\n#### 检疫完成\n\n已办好。／文：检疫站",
    "bullets with a colon": "## 【要闻】\n\n- **造林开工**：已办好。（一队）\n- **检疫完成：**已办好。（检疫站）",
    "lines without markup": "【要闻】\n\n造林开工\n已办好。\n（一队）\n\n检疫完成\n已办好。\n（检疫站）",
    "lone titles": "## 【要闻】\n\n造林开工\n\n已办好。（一队）\n\n检疫完成\n\n已办好。（检疫站）",
    "inline opening": "**【要闻】** 造林开工 已办好。（一队）\n\n检疫完成 已办好。（检疫站）",
    "source labelled": "## 【要闻】\n\n**造林开工** 已办好。\n\n供稿：一队\n\n**检疫完成** 已办好。\n\n检疫站供稿",
    "after a contents list": "## 目　录\n\n1. 造林开工\n2. 检疫完成\n\n## 【要闻】\n\n**造林开工** 已办好。（一队）\n\n"
    "**检疫完成** 已办好。（检疫站）",
    "dot leaders": "目录\n\n☆造林开工……………1\n\n☆检疫完成……………2\n\n【要闻】\n\n**☆造林开工**\n\n已办好。（一队）\n\n"
    "**☆检疫完成**\n\n已办好。（检疫站）",
}


@pytest.mark.parametrize("text", SECTIONS.values(), ids=SECTIONS)
def test_sections_titles_and_sources_are_found_in_every_layout(text: str) -> None:
    assert body(text) == ONE


def test_a_title_with_quotes_keeps_its_space() -> None:
    assert body("## 【要闻】\n\n县林场“植绿护绿 爱我家园”活动启动 12日，活动启动。（县林场）") == [
        ("要闻", [("县林场“植绿护绿 爱我家园”活动启动", "县林场")])
    ]


def test_bold_brackets_inside_a_section_hold_unit_led_digests() -> None:
    bulletin = read(
        HEAD
        + "## 【动态】\n\n**造林开工** 开工了。（一队）\n\n**【护林前线】** 东坪镇：3日，巡山。西岭乡：4日，培训。"
        + TAIL
    )
    item = bulletin.sections[0].items[1]
    assert (item.title, item.inline_heading, item.attribution) == ("护林前线", True, None)
    assert [(digest.unit, digest.text) for digest in item.digests] == [
        ("东坪镇", "3日，巡山。"),
        ("西岭乡", "4日，培训。"),
    ]


def test_a_paragraph_with_a_space_before_a_number_goes_on_with_the_report() -> None:
    assert body(
        "## 【经验】\n\n**邻县管护经验** 主要做法有三条。\n\n设有苗圃、仓库、展厅等 11 个功能区。村民参与。"
    ) == [("经验", [("邻县管护经验", None)])]


def test_a_list_or_bold_words_inside_a_report_with_a_heading_are_its_text() -> None:
    points = "- **抢墒**：抓紧。\n- **管护**：跟上。\n\n**要求从严** 认真落实。"
    text = f"## 【要闻】\n\n### 造林任务安排\n\n{points}\n\n#### 其他\n\n照旧。"
    assert body(text) == [("要闻", [("造林任务安排", None)])]


def test_headings_in_a_code_fence_are_text() -> None:
    bulletin = read(
        HEAD + "## 【要闻】\n\n**平台上线** 说明如下：\n\n```\n## 【不是栏目】\n报：不是单位\n```\n\n（信息科）" + TAIL
    )
    assert [part.heading for part in bulletin.sections] == ["要闻"]
    assert bulletin.sections[0].items[0].attribution == "信息科"
    assert bulletin.names_for(bulletin.addressees[0].direction) == ("县委",)


def test_a_bulletin_pasted_as_one_code_fence_is_read() -> None:
    assert (
        read("```\n" + HEAD + "## 【要闻】\n\n**造林** 开工了。（一队）" + TAIL + "\n```\n").title == "松溪县林业简报"
    )


def test_a_heading_without_text_is_an_empty_section() -> None:
    assert body("## 【要闻】\n\n## 【动态】\n\n**造林** 开工了。（一队）") == [
        ("要闻", []),
        ("动态", [("造林", "一队")]),
    ]


def test_a_remark_in_many_brackets_is_no_section() -> None:
    assert [head for head, _ in body("## 【要闻】\n\n**造林** 开工了。（一队）\n\n【【【【欢迎来稿】】】】】")] == [
        "要闻"
    ]


def test_an_editor_s_note_stands_before_the_reports() -> None:
    bulletin = read(HEAD + "> 编者按：请各林场借鉴。\n\n## 【要闻】\n\n编者按：请参考。\n\n**造林** 开工了。" + TAIL)
    assert [len(part.note) for part in bulletin.sections] == [1, 1]
    sections = model_as_json(bulletin)["sections"]
    assert isinstance(sections, list)
    assert [part["heading"] for part in sections] == ["要闻"]


NO_SOURCE = [
    "开工了（详见附件）",
    "开工了。（完）",
    "涉及全县12个镇（街道）",
    "发往各林场（所）",
    "合计15万元。（单位：元）",
    "开工了。（下转第3页）",
]


@pytest.mark.parametrize("text", NO_SOURCE)
def test_a_bracket_that_is_a_remark_or_part_of_a_name_is_no_source(text: str) -> None:
    ((_, items),) = body(f"## 【要闻】\n\n**造林** {text}")
    assert items == [("造林", None)]


SOURCES = {
    "（林业局 供稿）": "林业局",
    "（县林业局办公室供稿）": "县林业局办公室",
    "*（张 三  李小四）*": "张三 李小四",
    "（文/图　一队　编辑/王五）": "一队",
    "（来源：县林业局）": "县林业局",
    "（通讯员 王小芳）": "王小芳",
    "【一队】": "一队",
    "（一队、县林业局）": "一队、县林业局",
    "(县林场)": "县林场",
}


@pytest.mark.parametrize(("printed", "name"), SOURCES.items(), ids=SOURCES)
def test_a_source_is_named_without_its_trimmings(printed: str, name: str) -> None:
    ((_, items),) = body(f"## 【要闻】\n\n**造林** 开工了。{printed}")
    assert items == [("造林", name)]


TAILS = {
    "several lines": "报：县委，\n    县政府。\n送：县纪委\n发：各林场、\n　　各乡镇",
    "one line": "报：县委、县政府　送：县纪委　发：各林场、各乡镇",
    "bold ASCII labels": "**报:** 县委, 县政府\n**送:** 县纪委\n**发:** 各林场, 各乡镇",
    "copied up and across": "抄报：县委；县政府\n抄送：县纪委\n下发：各林场、各乡镇（共印60份）",
    "letter-spaced labels": "呈 报：县委、县政府\n抄 送：县纪委\n下 发：各林场、各乡镇",
    "two labels up": "呈报：县委\n报送：县政府\n送：县纪委\n发：各林场、各乡镇",
    "table with colons": "| 报：县委、县政府 |\n|---|\n| 送：县纪委 |\n| 发：各林场、各乡镇 |",
    "table of two columns": "| 报 | 县委、县政府 |\n|---|---|\n| 送 | 县纪委 |\n| 发 | 各林场、各乡镇 |",
    "bullets": "- 报：县委、县政府\n- 送：县纪委\n- 发：各林场、各乡镇",
    "separated by blanks": "报：县委办 县政府办\n\n送：县纪委\n\n发：各林场　各乡镇",
    "front matter": "",
}


@pytest.mark.parametrize("layout", TAILS)
def test_addressees_are_read_in_every_layout(layout: str) -> None:
    front = "---\n报: [县委, 县政府]\n送: 县纪委\n发: 各林场、各乡镇\n---\n\n" if layout == "front matter" else ""
    bulletin = read(
        f"{front}{HEAD}## 【要闻】\n\n**造林** 开工了。（一队）\n\n---\n\n{TAILS[layout]}\n\n编辑：林一木　核签：高远山"
    )
    model = model_as_json(bulletin)
    report = ["县委办", "县政府办"] if layout == "separated by blanks" else ["县委", "县政府"]
    assert (model["report_to"], model["send_to"], model["distribute_to"]) == (report, ["县纪委"], ["各林场", "各乡镇"])
    assert (model["editor"], model["approver"]) == ("林一木", "高远山")


ROLES = {
    "编校：林一木　核签：高远山": ("林一木", "高远山"),
    "责任编辑：林 一　审核：何三　签发：高　山": ("林一", "高山"),
    "编辑：林一木、何三石　核稿：高远山": ("林一木、何三石", "高远山"),
    "**编辑：林一木**　**审签：高远山**": ("林一木", "高远山"),
    "Editor: 林一木  审定: 高远山": ("林一木", "高远山"),
    "编校：　　　核签：": (None, None),
    "编辑：宣传科": ("宣传科", None),
    "编辑：林一木　审核：何三石　核签：　　": ("林一木", None),
}


@pytest.mark.parametrize(("line", "signed"), ROLES.items(), ids=ROLES)
def test_the_sign_off_names_editor_and_approver(line: str, signed: tuple[str | None, str | None]) -> None:
    model = model_as_json(read(HEAD + f"## 【要闻】\n\n**造林** 开工了。（一队）\n\n{line}\n\n---\n\n报：县委"))
    assert (model["editor"], model["approver"]) == signed


CONTACTS = {
    "电话：0599-5550101　传真：0599-5550102": ("0599-5550101", None),
    "传真：0599-5550102": (None, None),
    "联系电话：０５９９－５５５０１０１": ("0599-5550101", None),
    "电话：010--55550404 E-mail：<ly@example.cn>": ("010-55550404", "ly@example.cn"),
    "电话：55550303（内线 8021）\u00a0\u00a0邮箱：ly@example.cn": ("55550303", "ly@example.cn"),
    "欢迎投稿：ly@example.cn ｜ QQ群：100200300": (None, "ly@example.cn"),
    "电话：13900001111、55550001": ("13900001111", None),
}


@pytest.mark.parametrize(("line", "contact"), CONTACTS.items(), ids=CONTACTS)
def test_the_contact_is_a_telephone_and_a_mail_address(line: str, contact: tuple[str | None, str | None]) -> None:
    text = HEAD + f"## 【要闻】\n\n**造林** 热线12345678，邮箱no@example.cn。（一队）\n\n---\n\n报：县委\n\n{line}\n"
    found = read(text).contact
    assert (found.phone, found.email) == contact


def test_the_office_and_date_of_printing_stand_in_for_a_missing_masthead_line() -> None:
    bulletin = read(
        "# 林业简报\n\n第5期\n\n## 【要闻】\n\n**造林** 开工了。\n\n报：县委\n\n松溪县林业局　2026年3月12日印发"
    )
    assert (bulletin.issuer, bulletin.date) == ("松溪县林业局", dt.date(2026, 3, 12))


@pytest.mark.parametrize(
    "label", ["机密", "秘密★1年", "【绝密】", "密级：秘密", "机 密", "000012　　秘密", "> 机密", "- 绝密★"]
)
def test_a_secrecy_marking_before_the_masthead_is_found(label: str) -> None:
    reading = parse_bulletin(f"{label}\n\n{HEAD}**造林** 保守秘密。（一队）{TAIL}", "bulletin.md")
    assert reading.bulletin.classification
    assert "classified" in {finding.code for finding in reading.errors}


@pytest.mark.parametrize("label", ["内部资料　注意保存", "【内部交流】", "内部参阅"])
def test_an_internal_marking_is_a_warning_and_no_section(label: str) -> None:
    reading = parse_bulletin(f"{label}\n\n{HEAD}**造林** 开工了。（一队）{TAIL}", "bulletin.md")
    assert reading.bulletin.marking is not None
    assert [finding.code for finding in reading.findings] == ["internal"]
