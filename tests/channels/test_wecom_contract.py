"""The contract of channels, kept by WeCom's app and robots against the simulated platform."""

import html
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from pydantic import SecretStr

from distributor.channels.base import Channel, Envelope, File, Message
from distributor.channels.wechat.uploads import Memory
from distributor.channels.wechat.wecom import App
from distributor.channels.wechat.wecom_app import WeComAppChannel
from distributor.channels.wechat.wecom_robot import WeComRobotChannel
from distributor.recipients.model import WeComForm
from distributor.settings.wecom import WeComApp, WeComRobot
from distributor.simulators.faults import LostAfter, Refuse
from tests.channels.contract import Answer, Carrier, ChannelContract
from tests.channels.wecom_forms import form_message, with_marks
from tests.simulators.running import AGENT, CORP, SECRET, Running, Stage, running_wecom, standing_stage

PEOPLE = [
    "lisi@example.gov.cn",
    "a@example.gov.cn",
    "b@example.gov.cn",
    *(f"{name}@x.test" for name in "abcdefg"),
    *(f"{name}{number}@x.test" for name in "abcdefgh" for number in range(5)),
]

#: The suite loses the answer for this reader. What he has before his eyes all the same, it does not count.
UNANSWERED = "f@x.test"


async def at_once(seconds: float) -> None:
    """Nobody waits in these tests."""


def app_message(address: str, text: str = "云岭河长制工作简报 第12期") -> Message:
    document = {
        "touser": address,
        "msgtype": "text",
        "agentid": AGENT,
        "text": {"content": text},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 14400,
    }
    body = json.dumps(document, ensure_ascii=False).encode()
    return Message(f"delivery of {address}", Envelope("", address), (body,))


def robot_message(address: str, text: str = "云岭河长制工作简报 第12期") -> Message:
    body = json.dumps({"msgtype": "markdown_v2", "markdown_v2": {"content": text}}, ensure_ascii=False).encode()
    return Message(f"delivery of {address}", Envelope("", address), (body,))


def app_of(wecom: Running, *, memory: Memory | None = None) -> App:
    return App(WeComApp(corp_id=CORP, agent_id=AGENT, base_url=wecom.base_url), SECRET, pause=at_once, memory=memory)


@dataclass
class AppCarrier:
    """An app's lines to the members of a simulated company."""

    wecom: Running
    app: App

    def channel(self) -> Channel:
        return WeComAppChannel(self.app)

    def letter(self, address: str) -> Message:
        return app_message(address)

    def answers(self, address: str, *answers: Answer) -> None:
        path, faults = "/cgi-bin/message/send", self.wecom.platform.faults
        for answer in answers:
            match answer:
                case Answer.NOT_NOW | Answer.NO_AFTER:
                    faults.script(path, Refuse(45009), to=address)
                case Answer.NOBODY:
                    faults.script(path, Refuse(81013), to=address)
                case Answer.LOST_BEFORE:  # what an app loses before its step is its token, twice in a row
                    faults.script(path, Refuse(42001), Refuse(42001), to=address)
                case Answer.LOST_AFTER:
                    faults.script(path, LostAfter(), LostAfter(), LostAfter(), to=address)

    def delivered(self) -> list[tuple[str, bytes]]:
        return [
            (one.reader, app_message(one.reader, one.content["content"]).body)
            for one in self.wecom.platform.company.shown
            if one.reader != UNANSWERED
        ]


@dataclass
class FormCarrier(AppCarrier):
    """The same lines, carrying one of the forms that the program makes."""

    form: WeComForm = WeComForm.CARD

    def letter(self, address: str) -> Message:
        return form_message(self.form, address)

    def delivered(self) -> list[tuple[str, bytes]]:
        company = self.wecom.platform.company
        names = {file.mark: name for file in self.letter("").files if file.mark for name in self._names(file)}
        kind = json.loads(self.letter("").body)["msgtype"]
        return [
            (one.reader, with_marks(self.form, one.reader, dict(one.content), names))
            for one in company.shown
            if one.reader != UNANSWERED and one.kind == kind
        ]

    def _names(self, file: File) -> list[str]:
        company = self.wecom.platform.company
        known = {html.escape(address): media for address, media in company.pictures.items()} | company.media
        return [name for name, media in known.items() if media.content == file.content]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """One socket for all forms."""
    async with standing_stage() as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module", params=WeComForm, ids=str)
async def form_carrier(request: pytest.FixtureRequest, stage: Stage) -> AsyncIterator[Carrier]:
    wecom = stage.play(*PEOPLE)
    app = app_of(wecom)
    yield FormCarrier(wecom, app, request.param)
    await app.close()


@pytest.mark.asyncio(loop_scope="module")
class TestWeComAppChannel(ChannelContract):
    @pytest.fixture
    def carrier(self, form_carrier: Carrier) -> Carrier:
        return form_carrier


@dataclass
class RobotCarrier:
    """Robots of group chats, one for each address of the suite."""

    wecom: Running
    robots: dict[str, WeComRobot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wecom.platform.company.robots.update(PEOPLE)
        self.robots = {name: WeComRobot(key=SecretStr(name), base_url=self.wecom.base_url) for name in PEOPLE}

    def channel(self) -> Channel:
        return WeComRobotChannel(self.robots)

    def letter(self, address: str) -> Message:
        return robot_message(address)

    def answers(self, address: str, *answers: Answer) -> None:
        path, faults = "/cgi-bin/webhook/send", self.wecom.platform.faults
        for answer in answers:
            match answer:
                case Answer.NOT_NOW | Answer.NO_AFTER | Answer.LOST_BEFORE:
                    faults.script(path, Refuse(45009), to=address)
                case Answer.NOBODY:
                    faults.script(path, Refuse(93000), to=address)
                case Answer.LOST_AFTER:
                    faults.script(path, LostAfter(), to=address)

    def delivered(self) -> list[tuple[str, bytes]]:
        return [
            (one.reader, robot_message(one.reader, one.content["content"]).body)
            for one in self.wecom.platform.company.shown
            if one.reader != UNANSWERED
        ]


class TestWeComRobotChannel(ChannelContract):
    @pytest.fixture
    async def carrier(self) -> AsyncIterator[Carrier]:
        async with running_wecom(*PEOPLE) as wecom:
            yield RobotCarrier(wecom)
