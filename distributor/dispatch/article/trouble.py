"""What a refusal or a silence of the platform means for the person who asked, and what to do about it."""

from collections.abc import Mapping

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import PlatformRefused
from distributor.delivery.outcome import Fault, Stage
from distributor.errors import Refused, Unavailable
from distributor.words import Words, words

#: By the platform's code (developers.weixin.qq.com, global return codes).
_ADVICE: Mapping[int, Words] = {
    40164: words(
        "Add the address in the reply to IP白名单 (mp.weixin.qq.com, 设置与开发), or set a proxy that is there."
    ),
    48001: words(
        "Only verified (认证) accounts may do this; look at 接口权限 at mp.weixin.qq.com, and whether 认证 is over."
    ),
    45028: words("The account has no mass send left for now. Wait for tomorrow (or next month), or use --publish."),
    40001: words("Check app_id and the AppSecret; a new one may have been made at mp.weixin.qq.com."),
    40013: words("Check app_id and the AppSecret; a new one may have been made at mp.weixin.qq.com."),
    40125: words("Check app_id and the AppSecret; a new one may have been made at mp.weixin.qq.com."),
    40132: words("Check preview_to: it is the editor's own 微信号, and the editor must follow the account."),
    43004: words("Check preview_to: it is the editor's own 微信号, and the editor must follow the account."),
}
_BY_FAULT: Mapping[Fault, Words] = {
    Fault.THROTTLE: words("The platform wants fewer requests; wait some minutes."),
    Fault.ACCOUNT: words("Look at the notices of the account at mp.weixin.qq.com."),
    Fault.CONTENT: words("The platform does not take the text or a picture as it is; change it and finalise again."),
    Fault.CONFIGURATION: words("Check [official_account] in distributor.toml, and `distributor doctor`."),
    Fault.RECIPIENT: words("Check preview_to: it is the editor's own 微信号, and the editor must follow the account."),
}


class PlatformSaidNo(Refused):
    """The platform refused a step; nothing of it was done."""

    code = "platform_refused"


class PlatformSilent(Unavailable):
    """No answer can be read, and nothing irrevocable was asked."""

    code = "platform_silent"


class InDoubt(Unavailable):
    """A step that cannot be taken back may have been taken; it is not made again before somebody has looked."""

    code = "in_doubt"


def advice(refusal: PlatformRefused) -> Words:
    """What to do about a refusal."""
    known = _ADVICE.get(refusal.errcode) or _BY_FAULT.get(refusal.outcome.fault)
    if refusal.errcode == 40001 and refusal.outcome.stage is not Stage.AUTH:
        known = None  # the token was not the newest twice: somebody else fetches tokens with force
    return known or words("Try again; if it stays, look the code up at developers.weixin.qq.com.")


def said_no(refusal: PlatformRefused) -> PlatformSaidNo:
    """The error for a person, with the platform's own code and words."""
    return PlatformSaidNo(words("The platform refused: {reply}.", reply=str(refusal.outcome.reply)), do=advice(refusal))


def silent(trouble: Unanswered) -> PlatformSilent:
    """The error for a person, for a step that can simply be made again."""
    what = words("The platform gave no readable answer ({reason}).", reason=trouble.reason)
    return PlatformSilent(what, do=words("Check the network and the proxy, and try again; nothing is done twice."))


def in_doubt(reason: str) -> InDoubt:
    """The error for a person, for a step that cannot be taken back."""
    what = words("The platform gave no answer ({reason}); the article may be on its way.", reason=reason)
    do = words("It is not sent again. In a minute: `distributor article --look`; a running service looks by itself.")
    return InDoubt(what, do=do)
