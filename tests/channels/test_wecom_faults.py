"""What can go wrong between us and WeCom, one sentence each, against the simulated platform."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from distributor.channels.base import File, Message, OpenFailed
from distributor.channels.wechat.uploads import Forgetful, Memory
from distributor.channels.wechat.wecom import App
from distributor.channels.wechat.wecom_app import WeComAppChannel
from distributor.channels.wechat.wecom_robot import WeComRobotChannel
from distributor.delivery.outcome import Fault, Outcome, Stage, Verdict
from distributor.recipients.model import WeComForm
from distributor.settings.wecom import WeComApp, WeComRobot
from distributor.simulators.faults import Broken, Garbled, LostAfter, LostBefore, Refuse
from distributor.simulators.wecom.company import App as SimulatedApp
from distributor.simulators.wecom.company import Member
from tests.channels.letters import NOBODY, Checkpoints
from tests.channels.test_wecom_contract import app_message, app_of, at_once, robot_message
from tests.channels.wecom_forms import WITH_UPLOADS, form_message
from tests.simulators.running import AGENT, CORP, SECRET, Running, running_wecom

SEND = "/cgi-bin/message/send"
ROBOT_SEND = "/cgi-bin/webhook/send"
PDF = File("云岭河长制工作简报第12期.pdf", "application/pdf", b"%PDF-1.7 ...")


@pytest.fixture
async def wecom() -> AsyncIterator[Running]:
    async with running_wecom("lisi", "wangwu") as running:
        yield running


async def sent(wecom: Running, *, member: str = "lisi", app: App | None = None) -> Outcome:
    """One message through a line of its own."""
    own = app or app_of(wecom)
    outcome = await WeComAppChannel(own).send(app_message(member), Checkpoints())
    if app is None:
        await own.close()
    return outcome


def said(wecom: Running, member: str = "lisi") -> int:
    return len(wecom.platform.company.before(member))


@pytest.mark.parametrize("code", [40014, 42001], ids=["invalid", "expired"])
async def test_80_a_token_that_ended_early_is_fetched_again_and_the_message_shown_once(
    wecom: Running, code: int
) -> None:
    wecom.platform.faults.script(SEND, Refuse(code))
    assert (await sent(wecom)).verdict is Verdict.ACCEPTED
    assert said(wecom) == 1


async def test_80_many_lines_fetch_one_token(wecom: Running) -> None:
    app = app_of(wecom)
    for _ in range(2):
        outcomes = await asyncio.gather(*(sent(wecom, app=app, member=name) for name in ("lisi", "wangwu") * 4))
        assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
        wecom.platform.tokens.expire_early()
    await app.close()
    assert wecom.platform.tokens.given == 2


@pytest.mark.parametrize(
    "fault", [LostBefore(), LostAfter(), Garbled(), Broken(502)], ids=["before", "after", "garbled", "gateway"]
)
async def test_without_an_answer_the_same_bytes_go_again_and_are_shown_once(
    wecom: Running, fault: LostBefore | LostAfter | Garbled | Broken
) -> None:
    wecom.platform.faults.script(SEND, fault)
    checkpoint = Checkpoints()
    app = app_of(wecom)
    outcome = await WeComAppChannel(app).send(app_message("lisi"), checkpoint)
    await app.close()
    assert outcome.verdict is Verdict.ACCEPTED
    assert checkpoint.calls == 1
    assert said(wecom) == 1


async def test_when_no_answer_ever_comes_nobody_knows(wecom: Running) -> None:
    wecom.platform.faults.script(SEND, *[LostAfter()] * 3)
    outcome = await sent(wecom)
    assert (outcome.verdict, outcome.stage) == (Verdict.UNKNOWN, Stage.REQUEST)
    assert said(wecom) == 1


async def test_a_refusal_of_the_second_request_says_nothing_of_the_first(wecom: Running) -> None:
    wecom.platform.faults.script(SEND, LostAfter(), Refuse(45009))
    assert (await sent(wecom)).verdict is Verdict.UNKNOWN
    assert said(wecom) == 1


@pytest.mark.parametrize(
    ("code", "verdict", "fault"),
    [
        (45009, Verdict.DEFERRED, Fault.THROTTLE),
        (45033, Verdict.DEFERRED, Fault.THROTTLE),
        (-1, Verdict.DEFERRED, Fault.NETWORK),
        (60020, Verdict.DEFERRED, Fault.CONFIGURATION),
        (48002, Verdict.DEFERRED, Fault.CONFIGURATION),
        (50003, Verdict.DEFERRED, Fault.ACCOUNT),
        (40058, Verdict.REJECTED, Fault.CONTENT),
        (81013, Verdict.REJECTED, Fault.RECIPIENT),
        (99999, Verdict.DEFERRED, Fault.NONE),
    ],
)
async def test_a_code_says_whose_trouble_it_is(wecom: Running, code: int, verdict: Verdict, fault: Fault) -> None:
    wecom.platform.faults.script(SEND, Refuse(code))
    outcome = await sent(wecom)
    assert (outcome.verdict, outcome.fault, outcome.reply.code) == (verdict, fault, code)
    assert said(wecom) == 0


async def test_errcode_0_with_our_member_among_the_invalid_ones_is_a_refusal(wecom: Running) -> None:
    wecom.platform.company.add_member(Member("Guest", licensed=False))
    wecom.platform.faults.script(SEND, None)
    message = app_message("guest")
    both = Message(message.delivery_id, message.envelope, (message.body.replace(b'"guest"', b'"GUEST|lisi"'),))
    app = app_of(wecom)
    outcome = await WeComAppChannel(app).send(both, Checkpoints())
    await app.close()
    assert (outcome.verdict, outcome.fault) == (Verdict.REJECTED, Fault.RECIPIENT)
    assert "unlicenseduser" in outcome.reply.text


async def test_a_member_is_the_same_in_any_case_of_letters(wecom: Running) -> None:
    assert (await sent(wecom, member="LISI")).verdict is Verdict.ACCEPTED
    assert said(wecom) == 1


async def test_an_accepted_message_is_known_by_the_platforms_id(wecom: Running) -> None:
    outcome = await sent(wecom)
    (shown,) = wecom.platform.company.before("lisi")
    assert shown.msgid in outcome.reference


async def test_an_address_that_is_not_trusted_names_the_address_to_enter(wecom: Running) -> None:
    wecom.platform.company.apps[AGENT] = SimulatedApp(AGENT, SECRET, trusted=frozenset())
    outcome = await sent(wecom)
    assert outcome.fault is Fault.CONFIGURATION
    assert "from ip: 127.0.0.1" in outcome.reply.text


async def test_a_wrong_secret_stops_the_account_and_is_not_shown(wecom: Running) -> None:
    app = App(WeComApp(corp_id=CORP, agent_id=AGENT, base_url=wecom.base_url), "wrong-secret", pause=at_once)
    with pytest.raises(OpenFailed) as failed:
        await WeComAppChannel(app).open()
    outcome = await WeComAppChannel(app).send(app_message("lisi"), Checkpoints())
    await app.close()
    assert failed.value.outcome.fault is Fault.CONFIGURATION
    assert (outcome.fault, outcome.stage) == (Fault.CONFIGURATION, Stage.AUTH)
    assert "wrong-secret" not in repr(outcome)


async def test_when_nobody_listens_nothing_was_sent(wecom: Running) -> None:
    app = App(WeComApp(corp_id=CORP, agent_id=AGENT, base_url=f"http://127.0.0.1:{NOBODY}"), SECRET, pause=at_once)
    outcome = await sent(wecom, app=app)
    await app.close()
    assert (outcome.verdict, outcome.fault, outcome.stage) == (Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT)
    assert SECRET not in repr(outcome)


UPLOAD, PICTURE = "/cgi-bin/media/upload", "/cgi-bin/media/uploadimg"


async def shown_form(
    wecom: Running,
    form: WeComForm,
    *,
    memory: Memory | None = None,
    member: str = "lisi",
    seen: Checkpoints | None = None,
) -> Outcome:
    """One bulletin in one form, through an app of its own: what another process would do."""
    app = app_of(wecom, memory=memory)
    outcome = await WeComAppChannel(app).send(form_message(form, member), seen or Checkpoints())
    await app.close()
    return outcome


@pytest.mark.parametrize("form", WITH_UPLOADS, ids=str)
async def test_what_a_form_shows_is_uploaded_once_for_everybody(wecom: Running, form: WeComForm) -> None:
    app = app_of(wecom)
    lines = [WeComAppChannel(app) for _ in range(4)]
    sends = (line.send(form_message(form, name), Checkpoints()) for line in lines for name in ("lisi", "wangwu"))
    assert {outcome.verdict for outcome in await asyncio.gather(*sends)} == {Verdict.ACCEPTED}
    await app.close()
    company = wecom.platform.company
    assert len(company.media) == 1
    assert len(company.pictures) == (1 if form is WeComForm.MPNEWS else 0)
    assert not [one for one in company.shown if one.cut]


@pytest.mark.parametrize("form", WITH_UPLOADS, ids=str)
@pytest.mark.parametrize(
    ("fault", "verdict", "whose"),
    [
        (Refuse(40006), Verdict.REJECTED, Fault.CONTENT),
        (Refuse(45009), Verdict.DEFERRED, Fault.THROTTLE),
        (Refuse(60020), Verdict.DEFERRED, Fault.CONFIGURATION),
        (LostAfter(), Verdict.DEFERRED, Fault.NETWORK),
        (Garbled(), Verdict.DEFERRED, Fault.NETWORK),
    ],
    ids=["too_large", "too_many", "not_trusted", "lost", "garbled"],
)
async def test_when_an_upload_goes_wrong_nothing_is_said(
    wecom: Running, form: WeComForm, fault: Refuse | LostAfter | Garbled, verdict: Verdict, whose: Fault
) -> None:
    wecom.platform.faults.script(UPLOAD, fault)
    checkpoint = Checkpoints()
    outcome = await shown_form(wecom, form, seen=checkpoint)
    assert (outcome.verdict, outcome.fault, outcome.stage) == (verdict, whose, Stage.UPLOAD)
    assert (checkpoint.calls, said(wecom)) == (0, 0)
    assert (await shown_form(wecom, form)).verdict is Verdict.ACCEPTED


async def test_a_picture_that_the_platform_does_not_take_holds_the_bulletin(wecom: Running) -> None:
    wecom.platform.faults.script(PICTURE, Refuse(40005))
    outcome = await shown_form(wecom, WeComForm.MPNEWS)
    assert (outcome.verdict, outcome.fault, outcome.stage) == (Verdict.REJECTED, Fault.CONTENT, Stage.UPLOAD)


async def test_a_token_that_ended_before_an_upload_is_fetched_again(wecom: Running) -> None:
    app = app_of(wecom)
    await WeComAppChannel(app).open()
    wecom.platform.tokens.expire_early()
    outcome = await WeComAppChannel(app).send(form_message(WeComForm.MPNEWS, "lisi"), Checkpoints())
    await app.close()
    assert (outcome.verdict, said(wecom)) == (Verdict.ACCEPTED, 1)


@pytest.mark.parametrize("form", [WeComForm.MPNEWS, WeComForm.FILE], ids=str)
async def test_a_media_id_that_came_to_its_end_is_replaced_at_the_next_try(wecom: Running, form: WeComForm) -> None:
    memory = Forgetful()
    assert (await shown_form(wecom, form, memory=memory)).verdict is Verdict.ACCEPTED
    wecom.clock.move(days=3)
    app = app_of(wecom, memory=memory)
    verdicts = []
    for _ in range(2):
        outcome = await WeComAppChannel(app).send(form_message(form, "wangwu"), Checkpoints())
        verdicts.append((outcome.verdict, outcome.fault, outcome.reply.code))
    await app.close()
    assert verdicts == [(Verdict.DEFERRED, Fault.NETWORK, 40007), (Verdict.ACCEPTED, Fault.NONE, 0)]
    assert said(wecom, "wangwu") == 1
    assert len(wecom.platform.company.pictures) <= 1  # an address lasts


async def test_a_media_id_that_is_refused_at_once_holds_the_bulletin(wecom: Running) -> None:
    wecom.platform.faults.script(SEND, Refuse(40007))
    outcome = await shown_form(wecom, WeComForm.FILE)
    assert (outcome.verdict, outcome.fault, said(wecom)) == (Verdict.REJECTED, Fault.CONTENT, 0)


@pytest.mark.parametrize("form", WITH_UPLOADS, ids=str)
async def test_a_copy_in_doubt_is_the_same_bytes_when_another_process_sends_it_again(
    wecom: Running, form: WeComForm
) -> None:
    memory = Forgetful()
    wecom.platform.faults.script(SEND, *[LostAfter()] * 3)
    assert (await shown_form(wecom, form, memory=memory)).verdict is Verdict.UNKNOWN
    assert (await shown_form(wecom, form, memory=memory)).verdict is Verdict.ACCEPTED
    assert said(wecom) == (2 if form is WeComForm.CARD_AND_FILE else 1)
    assert len(wecom.platform.company.media) == 1


async def test_a_card_is_followed_by_its_file_and_both_are_known_by_their_ids(wecom: Running) -> None:
    outcome = await shown_form(wecom, WeComForm.CARD_AND_FILE)
    card, file = wecom.platform.company.before("lisi")
    assert (card.kind, file.kind) == ("template_card", "file")
    reference = json.loads(outcome.reference)
    assert (reference["msgid"], reference["file_msgid"]) == (card.msgid, file.msgid)
    assert reference["response_code"]


@pytest.mark.parametrize(
    ("faults", "told"),
    [([Refuse(45009)], "45009"), ([LostBefore()] * 3, "CutOff|Protocol|Remote")],
    ids=["refused", "lost"],
)
async def test_a_card_that_is_out_stays_out_when_its_file_is_lost(
    wecom: Running, faults: list[Refuse | LostBefore], told: str
) -> None:
    wecom.platform.faults.script(SEND, None, *faults)
    outcome = await shown_form(wecom, WeComForm.CARD_AND_FILE)
    assert outcome.verdict is Verdict.ACCEPTED
    assert re.search(told, outcome.reply.text)
    assert [one.kind for one in wecom.platform.company.before("lisi")] == ["template_card"]


async def test_a_file_whose_answer_was_lost_is_shown_once(wecom: Running) -> None:
    wecom.platform.faults.script(SEND, None, LostAfter())
    outcome = await shown_form(wecom, WeComForm.CARD_AND_FILE)
    assert (outcome.reply.text, said(wecom)) == ("ok", 2)


@pytest.fixture
async def robot(wecom: Running) -> AsyncIterator[WeComRobotChannel]:
    channel = WeComRobotChannel({"石桥镇群": WeComRobot(key=SecretStr("robot-key"), base_url=wecom.base_url)})
    yield channel
    await channel.close()


def with_file(message: Message) -> Message:
    return Message(message.delivery_id, message.envelope, message.parts, (PDF,))


async def test_a_robot_says_the_words_and_then_shows_the_file(wecom: Running, robot: WeComRobotChannel) -> None:
    outcome = await robot.send(with_file(robot_message("石桥镇群")), Checkpoints())
    assert outcome.verdict is Verdict.ACCEPTED
    assert [one.kind for one in wecom.platform.company.before("robot-key")] == ["markdown_v2", "file"]
    assert [media.name for media in wecom.platform.company.media.values()] == [PDF.name]


async def test_when_the_file_is_refused_nothing_is_said(wecom: Running, robot: WeComRobotChannel) -> None:
    wecom.platform.faults.script("/cgi-bin/webhook/upload_media", Refuse(40006))
    checkpoint = Checkpoints()
    outcome = await robot.send(with_file(robot_message("石桥镇群")), checkpoint)
    assert (outcome.verdict, outcome.fault, checkpoint.calls) == (Verdict.REJECTED, Fault.CONTENT, 0)
    assert wecom.platform.company.before("robot-key") == []


async def test_words_that_were_said_stay_said_when_the_file_is_lost(wecom: Running, robot: WeComRobotChannel) -> None:
    wecom.platform.faults.script(ROBOT_SEND, None, Refuse(45009))
    outcome = await robot.send(with_file(robot_message("石桥镇群")), Checkpoints())
    assert outcome.verdict is Verdict.ACCEPTED
    assert "45009" in outcome.reply.text
    assert len(wecom.platform.company.before("robot-key")) == 1


async def test_a_robot_is_never_asked_twice_when_no_answer_came(wecom: Running, robot: WeComRobotChannel) -> None:
    wecom.platform.faults.script(ROBOT_SEND, LostAfter())
    outcome = await robot.send(robot_message("石桥镇群"), Checkpoints())
    assert outcome.verdict is Verdict.UNKNOWN
    assert len(wecom.platform.company.before("robot-key")) == 1


async def test_a_robot_that_was_removed_from_its_chat_is_a_final_refusal(
    wecom: Running, robot: WeComRobotChannel
) -> None:
    wecom.platform.company.retired_robots.add("robot-key")
    outcome = await robot.send(robot_message("石桥镇群"), Checkpoints())
    assert (outcome.verdict, outcome.fault) == (Verdict.REJECTED, Fault.RECIPIENT)
    assert "robot-key" not in repr(outcome)


@pytest.mark.parametrize("errcode", [45009, 45033, 40001, 41002, 48002, 50001, 50003, 60011, 60020])
async def test_what_stops_an_app_is_the_trouble_of_one_chat_where_a_robot_meets_it(
    wecom: Running, robot: WeComRobotChannel, errcode: int
) -> None:
    wecom.platform.faults.script(ROBOT_SEND, Refuse(errcode))
    outcome = await robot.send(robot_message("石桥镇群"), Checkpoints())
    assert (outcome.verdict, outcome.fault, outcome.reply.code) == (Verdict.DEFERRED, Fault.RECIPIENT, errcode)


async def test_a_text_that_is_too_long_for_a_robot_holds_the_bulletin(wecom: Running, robot: WeComRobotChannel) -> None:
    outcome = await robot.send(robot_message("石桥镇群", "简" * 1366), Checkpoints())
    assert (outcome.verdict, outcome.fault) == (Verdict.REJECTED, Fault.CONTENT)
