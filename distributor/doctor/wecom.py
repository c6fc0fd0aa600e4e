"""Each app of WeCom and each robot: token, trusted address, who sees the app, its messages today, the callback address.

Nothing is sent to anybody. An errcode other than 0 is a failure whatever its text says.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from distributor.channels.wechat.interface import Answer, Unanswered
from distributor.channels.wechat.proof import sealed_question
from distributor.channels.wechat.token import NoToken
from distributor.channels.wechat.wecom import App, seal_of
from distributor.discretion import keep_secret
from distributor.dispatch.intake import load_recipients, templates_of
from distributor.doctor.callback import Callback, check_callback
from distributor.doctor.diagnosis import Context, Diagnosis, failure, of_error, ok, unchecked, warning
from distributor.errors import BadFile, BadInput
from distributor.misfit import Misfit
from distributor.settings import WeComApp
from distributor.words import Words, words

_FROM = re.compile(r"from ip: ?([0-9a-fA-F.:]+?),?(?:\s|$)")

#: Of today; the count begins anew at midnight in China.
_TODAY = b'{"time_type": 0}'

#: Names of people that are shown in one finding.
_SHOWN = 8

_ADVICE: Mapping[int, Words] = {
    40001: words("The Secret is not this app's: copy it again from the admin console into secret_file."),
    40013: words("corp_id is wrong: copy 企业ID from the admin console."),
    40056: words("agent_id is wrong: copy AgentId from the app's page in the admin console."),
    50003: words("The app is disabled: enable it in the admin console."),
    301002: words("The Secret belongs to another app than agent_id: copy both from the same page."),
}


def check_wecom(context: Context) -> Iterator[Diagnosis]:
    """One finding or more for each app and each robot of the settings; nothing where there are none."""
    for name, account in context.settings.wecom.items():
        label, here = f"wecom.{name}", account.found_from(context.settings.home)
        yield from _callback(f"{label}.callback", name, here, context)
        if not context.network:
            yield unchecked(label, words("Not checked: no network was allowed."))
            continue
        try:
            secret = here.app_secret()
        except BadInput as error:
            yield of_error(label, error)
            continue
        quick = here.model_copy(update={"timeout": min(here.timeout, context.patience)})
        found = asyncio.run(_ask(quick, secret))
        yield from _judged(label, found.app, context)
        if found.today is not None:
            yield _sent_today(f"{label}.quota", found.today, here.agent_id)
    for name, robot in context.settings.wecom_robot.items():
        label = f"wecom_robot.{name}"
        try:
            keep_secret(robot.found_from(context.settings.home).robot_key())
        except BadInput as error:
            yield of_error(label, error)
            continue
        yield unchecked(label, words("Not tried: a robot answers no question, and its chat would see a message."))


_Said = Answer | NoToken | Unanswered


@dataclass(frozen=True, slots=True)
class _Found:
    """What the platform says of an app, and, where it knows the app, of the messages that it sent today."""

    app: _Said
    today: Answer | Unanswered | None = None


async def _ask(account: WeComApp, secret: str) -> _Found:
    app = App(account, secret)
    try:
        known = await app.look("/cgi-bin/agent/get", {"agentid": str(account.agent_id)})
        if known.errcode:
            return _Found(known)
        try:
            return _Found(known, await app.ask("/cgi-bin/message/get_statistics", _TODAY))
        except Unanswered as trouble:
            return _Found(known, trouble)
    except (NoToken, Unanswered) as trouble:
        return _Found(trouble)
    finally:
        await app.close()


def _sent_today(label: str, found: Answer | Unanswered, agent_id: int) -> Diagnosis:
    """How much the app has sent today. The platform allows 200 messages a day for each account that the enterprise may
    have (path/90236), but no interface tells how many those are, so nobody here knows what is left."""
    if isinstance(found, Unanswered) or found.errcode:
        said = found.reason if isinstance(found, Unanswered) else f"{found.errcode} {found.errmsg}"
        what = words("The platform does not say how much the app has sent today: {reason}.", reason=said)
        return unchecked(label, what, words("Not every platform has this interface; sending does not need it."))
    rows = found.fields.get("statistics")
    apps = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    count = next((app.get("count", 0) for app in apps if app.get("agentid") == agent_id), 0)
    what = words("The app has sent {count} today, by the platform's count; the limit is 200 for each account of the "
                 "enterprise.", count=count)  # fmt: skip
    return ok(label, what)


def _judged(label: str, found: _Said, context: Context) -> Iterator[Diagnosis]:
    if isinstance(found, Unanswered):
        what = words("The platform gives no readable answer: {reason}.", reason=found.reason)
        yield failure(label, what, words("Check base_url, proxy, the network and the firewall."))
        return
    answer = found.answer if isinstance(found, NoToken) else found
    if answer.errcode or isinstance(found, NoToken):
        yield failure(label, f"{answer.errcode} {answer.errmsg}", _advice(answer))
        return
    if answer.fields.get("close"):
        yield failure(label, words("The app is disabled."), _ADVICE[50003])
        return
    name = answer.text("name")
    yield ok(label, words("The platform knows the app {name} and takes calls from this machine.", name=name))
    yield from _unseen(label, answer, context)


def _advice(answer: Answer) -> Words | None:
    if answer.errcode == 60020:
        address = _FROM.search(answer.errmsg)
        shown = address[1] if address else "?"
        return words(
            "Enter {address} in the admin console, at the app's 企业可信IP; it works a minute later.", address=shown
        )
    return _ADVICE.get(answer.errcode)


def _unseen(label: str, answer: Answer, context: Context) -> Iterator[Diagnosis]:
    """Members of the directory who are not in the app's 可见范围, as far as the platform lists single people."""
    if answer.fields.get("allow_partys") or answer.fields.get("allow_tags"):
        yield unchecked(label, words("Who sees the app is set by departments or tags; members were not compared."))
        return
    users = answer.fields.get("allow_userinfos", {})
    seen = {str(one.get("userid", "")).lower() for one in users.get("user", ())} if isinstance(users, dict) else set()
    try:
        resolved = load_recipients(context.settings, templates_of(context.settings))[1]
    except (BadFile, BadInput):
        return  # the recipients' own check says so
    unseen = [one.address for one in resolved.recipients if one.channel == "wecom" and one.address.lower() not in seen]
    if unseen:
        names = ", ".join(unseen[:_SHOWN]) + (" …" if len(unseen) > _SHOWN else "")
        what = words(
            "{count} member(s) of recipients.yaml do not see the app: {names}.", count=len(unseen), names=names
        )
        yield warning(
            label, what, words("Add them to the app's 可见范围 in the admin console, or correct their account.")
        )


def _callback(label: str, name: str, account: WeComApp, context: Context) -> Iterator[Diagnosis]:
    """The seal, and whether the address that is entered in the console answers as the platform wants."""
    try:
        seal = seal_of(account)
    except BadInput as error:
        yield of_error(label, error)
        return
    except Misfit as error:
        yield failure(label, error.what, error.do)
        return
    if seal is None:
        what = words("No callbacks: a button that is pressed on a card is not heard.")
        yield warning(label, what, words("Set callback_token_file and aes_key_file; see docs/wecom.md."))
        return
    question = partial(sealed_question, seal, at=context.now)
    yield from check_callback(Callback(label, f"/wecom/{name}", "接收消息", question), context)
