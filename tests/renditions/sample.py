"""A bulletin that holds every kind of block, built by hand, and the views its letters are made with."""

import datetime as dt
import io
from typing import Any

from PIL import Image

from distributor.bulletin.model import (
    AddresseeLine,
    Bulletin,
    BulletList,
    Contact,
    Digest,
    Direction,
    Duty,
    Item,
    Paragraph,
    Picture,
    Quote,
    Role,
    Section,
    Span,
    Table,
)
from distributor.recipients.model import Acknowledge
from distributor.rendering.email import GroupView, OfficeView, render_email
from distributor.rendering.mime import Personal
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates

OFFICE = OfficeView(name="云岭区河长制办公室", phone="0500-55550100", reply_address="hzb@example.gov.cn")
OFFICE_WITH_PAGE = OfficeView(
    name=OFFICE.name,
    phone=OFFICE.phone,
    reply_address=OFFICE.reply_address,
    base_url="https://bulletin.example.gov.cn",
)
GROUPS = {
    "报": GroupView(name="区领导", direction=Direction.REPORT, template="报"),
    "送": GroupView(name="兄弟区", direction=Direction.SEND, template="送"),
    "发": GroupView(
        name="各单位",
        direction=Direction.ISSUE,
        template="发",
        acknowledge=Acknowledge.REQUIRED,
        due="2 working days",
    ),
}


def paragraph(*parts: str | Span) -> Paragraph:
    return Paragraph(tuple(part if isinstance(part, Span) else Span(part) for part in parts))


def table(*rows: tuple[str, ...]) -> Table:
    return Table(tuple(tuple((Span(cell),) for cell in row) for row in rows), header_rows=1)


def png(width: int = 900, height: int = 300) -> bytes:
    """A picture with a fixed content."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "#7aa6c2").save(file, "PNG")
    return file.getvalue()


def every_block() -> Bulletin:
    return Bulletin(
        title="云岭区河长制 工作快报",
        issue_no=12,
        issue_line="（第12期）",
        year=2026,
        issuer="云岭区全面推行河长制工作领导小组办公室",
        date=dt.date(2026, 3, 6),
        marking="内部资料 注意保存",
        sections=(
            Section(
                "工作机制",
                (
                    Item(
                        title="石桥镇“四查 四改”推动河长制落细落实",
                        attribution="石桥镇",
                        body=(
                            paragraph(
                                "一是查责任。",
                                Span("镇级河长每周巡河一次，", bold=True),
                                "村级河长每日巡河，2026年以来累计巡河1,286次，整改问题93个。二是查排口。"
                                "对全镇47个入河排口逐一编号、建档、挂牌，做到“一口一策”。",
                            ),
                            Picture("图/巡河.png", "石桥镇河长在清溪河巡河"),
                        ),
                        run_in=True,
                    ),
                ),
                note=(Quote((paragraph("编者按：现将石桥镇的做法刊发，供各镇街参考。"),)),),
            ),
            Section(
                "工作动态",
                (
                    Item(
                        title="区水务局开展汛前检查",
                        attribution="区水务局",
                        body=(
                            paragraph(
                                "3月2日至4日，区水务局组织3个检查组对全区12座小型水库进行汛前检查，详见",
                                Span("检查通报", link="https://example.gov.cn/tb?a=1&b=2"),
                                "。",
                            ),
                            table(
                                ("河段", "水质", "同比"),
                                ("清溪河石桥段", "Ⅱ类", "提升一类"),
                                ("白沙河工业园区至汇合口段", "Ⅲ类", "持平"),
                            ),
                            BulletList(
                                (
                                    (paragraph("完善应急预案；"),),
                                    (
                                        paragraph("补齐防汛物资："),
                                        BulletList(((paragraph("编织袋"),), (paragraph("救生衣"),))),
                                    ),
                                ),
                                ordered=True,
                            ),
                        ),
                    ),
                    Item(
                        title="各地简讯",
                        inline_heading=True,
                        body=(paragraph("清河街道：5日，开展志愿清滩。柳林镇：近日，更新河长公示牌58块。"),),
                        digests=(
                            Digest("清河街道", "5日，开展志愿清滩。"),
                            Digest("柳林镇", "近日，更新河长公示牌58块。"),
                        ),
                    ),
                ),
            ),
        ),
        roles=(
            Role("编校", ("任一", "王　二"), Duty.EDITOR),
            Role("核签", ("李三",), Duty.APPROVER),
        ),
        addressees=(
            AddresseeLine(
                Direction.REPORT, "报", "市河长办、区委、区人大、\n区政府、区政协领导同志", ("市河长办", "区委")
            ),
            AddresseeLine(Direction.SEND, "送", "送：区委宣传部、各民主党派", ("区委宣传部", "各民主党派")),
            AddresseeLine(Direction.ISSUE, "发", "全区各单位主要领导、信息员", ("全区各单位主要领导", "信息员")),
        ),
        contact=Contact("hzb@example.gov.cn", "0500-55550100", "电子邮箱：hzb@example.gov.cn  电话：0500-55550100"),
        copies=60,
    )


TEMPLATES = Templates()
PICTURES = {"图/巡河.png": png()}


def letter(
    direction: str = "发",
    *,
    bulletin: Bulletin | None = None,
    office: OfficeView = OFFICE,
    templates: Templates | None = None,
) -> Rendition:
    return render_email(
        bulletin or every_block(),
        group=GROUPS[direction],
        office=office,
        templates=templates or TEMPLATES,
        pictures=PICTURES,
    )


def personal(**changes: Any) -> Personal:
    values: dict[str, Any] = {
        "to_name": "李四",
        "to_address": "lisi@example.gov.cn",
        "unit": "石桥镇",
        "role": "主管领导",
        "message_id": "<2a3b4c.d1@example.gov.cn>",
        "date": dt.datetime(2026, 3, 6, 9, 0, tzinfo=dt.UTC),
        "delivery_token": "mfrggzdfmztwq2lk",
        "links": {
            "read": "https://bulletin.example.gov.cn/r/abc",
            "acknowledge": "https://bulletin.example.gov.cn/a/abc?x=1&y=2",
        },
    }
    return Personal(**(values | changes))
