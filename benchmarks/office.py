"""A made-up office with one frozen bulletin: two groups, any number of recipients, letters of a chosen size.

Only the texts are made up; rows, tokens and letters are made by the program's own parts.
"""

import datetime as dt
from pathlib import Path

from distributor.dispatch.letters import Letters
from distributor.receipts.tokens import Purpose, load_key, token_hash
from distributor.recipients.model import Recipient
from distributor.rendering import fields
from distributor.rendering.rendition import Rendition
from distributor.settings import DatabaseSettings, Office, Settings, SmtpAccount
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.dispatches import release
from distributor.store.records import BulletinKey, Frozen, Letter

_ITEM = "石桥镇组织河长巡河二十三人次，清理河道漂浮物四点五吨，整改排污口两处，群众反映的问题均已办结。"
_SURNAMES = "王李张刘陈杨黄赵吴周"
_GIVEN = ("伟", "芳", "建国", "秀英", "志强", "晓燕", "海涛", "玉兰", "文博", "雪梅")

_RECIPIENT, _LINKS = fields.RecipientFields(), fields.LinkFields()
NAME, UNIT, ROLE = map(fields.mark, (_RECIPIENT.name, _RECIPIENT.unit, _RECIPIENT.role))
READ, ACKNOWLEDGE = map(fields.mark, (_LINKS.read, _LINKS.acknowledge))


def settings_of(home: Path, *, port: int, connections: int) -> Settings:
    """The office's settings: a relay on loopback, the ledger in a file under `home`."""
    account = SmtpAccount(host="127.0.0.1", port=port, security="none", connections=connections)
    office = Office(
        name="云岭区河长制办公室",
        sender="云岭区河长办 <hzb@example.gov.cn>",
        reply_to="hzb@example.gov.cn",
        base_url="https://bulletin.example.gov.cn",
    )
    url = DatabaseSettings(url="sqlite:///distributor.db")
    return Settings(office=office, database=url, smtp={"main": account}, home=home)


def letters_of(database: Database, settings: Settings) -> Letters:
    """The maker of this office's letters."""
    return Letters(database, settings, load_key(settings.path(settings.folders.key)))


def freeze(settings: Settings, *, letters: int, octets: int, now: dt.datetime) -> tuple[int, int]:
    """Freezes and releases the bulletin; returns its id and the size of one letter on the wire, near `octets`."""
    database = Database.open(settings.database_url)
    maker, key = letters_of(database, settings), load_key(settings.path(settings.folders.key))
    items = _items(maker, octets, now)
    superiors = max(1, letters // 10)
    groups = (_letter("报", 0, superiors, items), _letter("发", superiors, letters, items))

    def hashes(delivery_id: str) -> tuple[str, str]:
        return token_hash(key.token(Purpose.ENVELOPE, delivery_id)), token_hash(key.token(Purpose.LINK, delivery_id))

    try:
        with database.write() as conn:
            record, _ = save_frozen(conn, _frozen(groups), now=now, token_hashes=hashes)
            release(conn, record.id, at=now, valid_until=now + settings.send.valid_for)
    finally:
        database.close()
    return record.id, _size(maker, _rendition("发", items), now)


def _frozen(letters: tuple[Letter, ...]) -> Frozen:
    return Frozen(
        key=BulletinKey("云岭河长制工作简报", "云岭区河长制办公室", 2026, "ordinary", "12"),
        edition=1,
        title="云岭河长制工作简报 第12期",
        digest="0" * 64,
        directory_digest="0" * 64,
        file_name="benchmark.md",
        source=_ITEM.encode(),
        assets={},
        letters=letters,
    )


def _letter(direction: str, start: int, end: int, items: int) -> Letter:
    people = tuple(_recipient(number, direction) for number in range(start, end))
    return Letter(direction, direction, "email", _rendition(direction, items).to_document(), people)


def _recipient(number: int, group: str) -> Recipient:
    name = _SURNAMES[number % 10] + _GIVEN[number // 10 % 10]
    address = f"recipient{number:06}@example.gov.cn"
    return Recipient(address, "email", address, name, f"第{number % 97 + 1}镇", "信息员", group, (), (name,))


def _rendition(direction: str, items: int) -> Rendition:
    """A letter as the templates make it: a greeting, the items twice (text and HTML), the links."""
    subject = f"【{direction}】云岭河长制工作简报 第12期（{UNIT}）"
    numbered = [f"{number}. {_ITEM}" for number in range(1, items + 1)]
    text = "\n".join((f"{UNIT} {NAME} {ROLE}：", "", *numbered, "", f"在线阅读：{READ}", f"签收：{ACKNOWLEDGE}", ""))
    page = "\n".join(f'<p style="margin:0 0 12px;line-height:1.8;font-size:16px">{item}</p>' for item in numbered)
    html = f"""<!doctype html><html lang="zh-CN"><body>
<p>{UNIT} {NAME} {ROLE}：</p>
{page}
<p><a href="{READ}">在线阅读</a> <a href="{ACKNOWLEDGE}">签收</a></p>
</body></html>
"""
    return Rendition(direction, direction, "email", subject, text, html)


def _items(maker: Letters, octets: int, now: dt.datetime) -> int:
    """How many items make a letter of about this size."""
    empty, ten = (_size(maker, _rendition("发", items), now) for items in (0, 10))
    return max(0, round((octets - empty) / (ten - empty) * 10))


def _size(maker: Letters, rendition: Rendition, now: dt.datetime) -> int:
    return len(maker.trial(rendition, "recipient000000@example.gov.cn", now=now).body)
