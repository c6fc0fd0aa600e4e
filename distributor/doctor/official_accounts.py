"""Each Official Account (公众号): token, allowed address, rights, what is left for today, the callback address.

No draft is made and nothing is sent.
"""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from zoneinfo import ZoneInfo

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import CallsLeft, OfficialAccount, PlatformRefused
from distributor.channels.wechat.proof import plain_question
from distributor.channels.wechat.seal_files import read_seal
from distributor.dispatch.article.trouble import advice
from distributor.doctor.callback import Callback, check_callback
from distributor.doctor.diagnosis import Context, Diagnosis, failure, of_error, ok, unchecked, warning
from distributor.errors import DistributorError
from distributor.misfit import Misfit
from distributor.settings import OfficialAccountSettings
from distributor.store.inspection import looking
from distributor.store.mass_sends import mass_sends_since
from distributor.words import say, words

#: The days and months of the platform.
_CHINA = ZoneInfo("Asia/Shanghai")

#: The interfaces that take an article from the draft to its readers.
_CALLS = ("/cgi-bin/draft/add", "/cgi-bin/freepublish/submit", "/cgi-bin/message/mass/sendall")


def check_official_accounts(context: Context) -> Iterator[Diagnosis]:
    """One finding or more for each account of the settings."""
    for name, account in context.settings.official_account.items():
        label, here = f"official_account.{name}", account.found_from(context.settings.home)
        try:
            yield from _callback(f"{label}.callback", name, here, context)
            if context.network:
                yield from _try(label, name, here, context)
            else:
                yield unchecked(label, words("Not checked: no network was allowed."))
        except DistributorError as error:
            yield of_error(label, error)


def _try(label: str, name: str, account: OfficialAccountSettings, context: Context) -> Iterator[Diagnosis]:
    quick = account.model_copy(update={"timeout": min(account.timeout, context.patience)})
    try:
        drafts = asyncio.run(_ask(quick))
    except PlatformRefused as refusal:
        yield failure(label, str(refusal.outcome.reply), advice(refusal))
    except Unanswered as trouble:
        what = words("{base_url} gave no readable answer ({reason}).", base_url=account.base_url, reason=trouble.reason)
        yield failure(label, what, words("Check the network, the proxy and the firewall."))
    else:
        # Only a mass send itself shows whether there is a right to it.
        yield ok(label, words("The account can draft and publish. Drafts in its box: {count}.", count=drafts))
        if not account.preview_to:
            what = words("Nobody is named who is to see the article first.")
            yield warning(label, what, words("Set preview_to in [official_account.…] to the editor's 微信号."))
        yield from judge_calls(f"{label}.quota", asyncio.run(_left(quick)))
        yield from _mass_sends(f"{label}.quota", name, context)


async def _ask(account: OfficialAccountSettings) -> int:
    platform = OfficialAccount(account, account.app_secret())
    try:
        return await platform.check_rights()
    finally:
        await platform.close()


async def _left(account: OfficialAccountSettings) -> dict[str, CallsLeft | str]:
    """What is left of the calls of each interface that an article needs, or why that is not known."""
    platform = OfficialAccount(account, account.app_secret())
    found: dict[str, CallsLeft | str] = {}
    try:
        for path in _CALLS:
            try:
                found[path] = await platform.calls_left(path) or say("no numbers")
            except PlatformRefused as refusal:
                found[path] = str(refusal.outcome.reply)
            except Unanswered as trouble:
                found[path] = trouble.reason
    finally:
        await platform.close()
    return found


def judge_calls(label: str, found: Mapping[str, CallsLeft | str]) -> Iterator[Diagnosis]:
    """What the platform says of its interfaces: one finding for what is left, one for each where there is none."""
    left = {path: one for path, one in found.items() if isinstance(one, CallsLeft)}
    for path, reason in found.items():
        if isinstance(reason, str):
            what = words(
                "The platform does not say how often {path} may be called: {reason}.", path=path, reason=reason
            )
            yield unchecked(label, what, words("Look at 接口权限 at mp.weixin.qq.com."))
    for path, one in left.items():
        if not one.left:
            what = words(
                "{path} may not be called any more today (0 of {allowed} left).", path=path, allowed=one.allowed
            )
            yield warning(label, what, words("Wait for tomorrow; the platform counts anew after midnight in China."))
    if any(one.left for one in left.values()):
        shown = ", ".join(f"{path} {one.left}/{one.allowed}" for path, one in left.items() if one.left)
        yield ok(label, words("Calls that are left today: {calls}.", calls=shown))


def _mass_sends(label: str, name: str, context: Context) -> Iterator[Diagnosis]:
    """What the office itself has on record, because no interface tells how many mass sends an account has left."""
    here = context.now.astimezone(_CHINA)
    today = here.replace(hour=0, minute=0, second=0, microsecond=0)
    with looking(context.settings.database_url) as conn:
        if conn is None:
            return
        day, month = (mass_sends_since(conn, name, since) for since in (today, today.replace(day=1)))
    what = words(
        "Mass sends from here: {day} today, {month} this month. What is left shows at mp.weixin.qq.com only; "
        "usual is one a day for a 订阅号, four a month for a 服务号.",
        day=day,
        month=month,
    )
    yield unchecked(label, what)


def _callback(label: str, name: str, account: OfficialAccountSettings, context: Context) -> Iterator[Diagnosis]:
    """The callback address; without one the platform is asked, only less promptly."""
    try:
        seal = read_seal(account.callback_token_file, account.aes_key_file, receive_id=account.app_id)
    except Misfit as error:
        yield failure(label, error.what, error.do)
        return
    if seal is not None:
        question = partial(plain_question, seal.token, at=context.now)
        yield from check_callback(Callback(label, f"/official-account/{name}", "消息推送", question), context)
