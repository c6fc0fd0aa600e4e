"""Each Official Account (公众号): a token, the allowed address, the rights; no draft is made and nothing is sent."""

import asyncio
from collections.abc import Iterator

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import OfficialAccount, PlatformRefused
from distributor.channels.wechat.seal_files import read_seal
from distributor.dispatch.article.trouble import advice
from distributor.doctor.diagnosis import Context, Diagnosis, failure, of_error, ok, unchecked, warning
from distributor.errors import DistributorError
from distributor.misfit import Misfit
from distributor.settings import OfficialAccountSettings
from distributor.words import words


def check_official_accounts(context: Context) -> Iterator[Diagnosis]:
    """One finding or more for each account of the settings."""
    for name, account in context.settings.official_account.items():
        label, here = f"official_account.{name}", account.found_from(context.settings.home)
        try:
            yield from _callbacks(label, here)
            if context.network:
                yield from _try(label, here, context)
            else:
                yield unchecked(label, words("Not checked: no network was allowed."))
        except DistributorError as error:
            yield of_error(label, error)


def _try(label: str, account: OfficialAccountSettings, context: Context) -> Iterator[Diagnosis]:
    quick = account.model_copy(update={"timeout": min(account.timeout, context.patience)})
    try:
        drafts = asyncio.run(_ask(quick))
    except PlatformRefused as refusal:
        yield failure(label, str(refusal.outcome.reply), advice(refusal))
    except Unanswered as trouble:
        what = words("{base_url} gave no readable answer ({reason}).", base_url=account.base_url, reason=trouble.reason)
        yield failure(label, what, words("Check the network, the proxy and the firewall."))
    else:
        # Only a mass send itself shows whether there is a right and a quota for it.
        yield ok(label, words("The account can draft and publish; {count} drafts are in its box.", count=drafts))
        if not account.preview_to:
            what = words("Nobody is named who is to see the article first.")
            yield warning(label, what, words("Set preview_to in [official_account.…] to the editor's 微信号."))


async def _ask(account: OfficialAccountSettings) -> int:
    platform = OfficialAccount(account, account.app_secret())
    try:
        return await platform.check_rights()
    finally:
        await platform.close()


def _callbacks(label: str, account: OfficialAccountSettings) -> Iterator[Diagnosis]:
    """The seal of the callback address; without one the platform is asked, only less promptly."""
    try:
        read_seal(account.callback_token_file, account.aes_key_file, receive_id=account.app_id)
    except Misfit as error:
        yield failure(label, error.what, error.do)
