"""`distributor demo --wechat`: the units of the example get cards in a simulated 企业微信, and a group chat its words.

The platform is the one that the tests use, on a socket of this machine. One member is unknown to it, so that their
mail takes over; one presses the button on their card, which comes in as a callback does. All of it says 模拟.
"""

import asyncio
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from distributor.channels.wechat.seal import Seal
from distributor.cli.demo.answers import Answered
from distributor.errors import BadInput
from distributor.rendering.card import ACKNOWLEDGE
from distributor.settings import Settings, WeComApp, WeComRobot
from distributor.simulators.callbacks import call_once
from distributor.simulators.wecom.company import App, Clock, Company, Member
from distributor.simulators.wecom.platform import WeCom
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.records import BulletinRecord
from distributor.web.server import serve
from distributor.words import Words, words

HOST = "127.0.0.1"
ACCOUNT, CHAT = "main", "各镇街工作群"
_CORP, _AGENT = "ww0123456789abcdef", 1000002

PRESSED = words("模拟: 签收 was pressed on the card in 企业微信")
TAKEN_OVER = words("模拟: not a member of 企业微信, so the mail took over")

_GROUP = re.compile(r"(?ms)^  各镇街:\n.*?(?=^  \S|\Z)")
_PERSON = re.compile(r"email: ([a-z]+)@example\.gov\.cn\}")
_CHAT = f"""      - unit: {CHAT}
        people:
          - {{name: {CHAT}, wecom_robot: {CHAT}}}

"""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The running platform of a demo: where it listens, and the seal of our callback address."""

    platform: WeCom
    address: str
    seal: Seal
    secret: str
    key: str

    def settings(self, settings: Settings) -> Settings:
        """The same settings with the app and the robot."""
        app = WeComApp(corp_id=_CORP, agent_id=_AGENT, secret=SecretStr(self.secret), base_url=self.address)
        robot = WeComRobot(key=SecretStr(self.key), base_url=self.address)
        return settings.model_copy(update={"wecom": {ACCOUNT: app}, "wecom_robot": {CHAT: robot}})


def use_wecom(folder: Path) -> tuple[str, ...]:
    """Gives the example's units accounts in 企业微信, and returns these; a list that was given them before stays.

    Raises `BadInput` when somebody has edited the example's units away.
    """
    file = folder / "recipients.yaml"
    text = file.read_text(encoding="utf-8")
    group = _GROUP.search(text)
    if group is None:
        raise BadInput(
            words("{file} has no group 各镇街 any more.", file=file),
            do=words("Start over: distributor demo --wechat --fresh"),
        )
    if "wecom:" not in group[0]:
        fresh = _PERSON.sub(r"email: \1@example.gov.cn, wecom: \1}", group[0]).rstrip() + "\n" + _CHAT
        fresh = fresh.replace("    members:\n", "    channels: [wecom, wecom_robot, email]\n    members:\n", 1)
        counted = re.sub(r"(?m)^count: (\d+)", lambda found: f"count: {int(found[1]) + 1}", text, count=1)
        text = counted.replace(group[0], fresh)
        file.write_text(text, encoding="utf-8", newline="\n")
    return tuple(re.findall(r"wecom: ([a-z]+)", text))


@contextmanager
def wecom(members: tuple[str, ...], clock: Clock) -> Iterator[Simulated]:
    """Runs the platform in a thread of its own for the length of a block. It does not know the last member."""
    token, key = secrets.token_hex(16), secrets.token_hex(22)[:43]
    seal = Seal.of(token=token, encoding_aes_key=key, receive_id=_CORP)
    secret, robot = secrets.token_hex(16), secrets.token_hex(16)
    company = Company(_CORP, clock, apps={_AGENT: App(_AGENT, secret)}, robots={robot})
    for userid in members[:-1]:
        company.add_member(Member(userid))
    platform = WeCom(company, seal)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(serve(platform.app, HOST, 0))
    thread = threading.Thread(target=loop.run_forever, name="wecom", daemon=True)
    thread.start()
    try:
        yield Simulated(platform, f"http://{HOST}:{server.port}", seal, secret, robot)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def press_a_card(simulated: Simulated, database: Database, record: BulletinRecord, page: str) -> Answered:
    """Lets the first member who has a card press its button, and says for whom the mail took over."""
    with database.read() as conn:
        copies = {copy.id: copy for copy in deliveries_of(conn, record.id)}
    how: dict[str, Words] = {copy.id: TAKEN_OVER for copy in copies.values() if copy.follows}
    cards = {shown.reader: shown for shown in simulated.platform.company.shown if "button_list" in shown.content}
    pressed = next((copy for copy in copies.values() if copy.channel == "wecom" and copy.address in cards), None)
    if pressed is not None:
        call = simulated.platform.callbacks.press(cards[pressed.address], ACKNOWLEDGE)
        asyncio.run(call_once(f"{page}/wecom/{ACCOUNT}", call))
        how[pressed.id] = PRESSED
    return Answered(how, None)
