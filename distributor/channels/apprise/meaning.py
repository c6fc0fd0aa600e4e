"""What became of a message, judged by what went over the wire; what Apprise says of it is a second witness.

Apprise says only yes or no. Its no may be a refusal or a lost answer, and its yes is often no more than HTTP 200,
under which 飞书 and 钉钉 also refuse. Codes decide where a platform's are known, never texts. No chat's trouble is
that of the account (ADR 0027). Sources: open.feishu.cn, custom bot guide; open.dingtalk.com, custom robot access,
error codes.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distributor.channels.apprise.exchange import Exchange
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.discretion import discreet_text
from distributor.words import say

_LONGEST_TEXT = 300
_MINUTE = dt.timedelta(minutes=1)
_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Codes:
    """A platform's answer: the keys of its code (0: yes), codes that end it, codes that ask for patience."""

    keys: tuple[str, ...]
    final: frozenset[int]
    busy: frozenset[int]


# No such hook; wrong sign; address not allowed; no keyword. Too often.
_FEISHU = _Codes(("code", "StatusCode"), frozenset({19001, 19021, 19022, 19024}), frozenset({11232}))
# Sign, address or keyword; chat dissolved; no such token; robot disabled; robot gone. Too often, twice.
_DINGTALK = _Codes(("errcode",), frozenset({310000, 400013, 400101, 400102, 400106}), frozenset({130101, 410100}))
_WECOM = _Codes(("errcode",), frozenset({93000, 93004, 93008}), frozenset({45009}))

_PLATFORMS: Mapping[str, _Codes] = {"feishu": _FEISHU, "lark": _FEISHU, "dingtalk": _DINGTALK, "wecombot": _WECOM}

#: The hook is gone or does not let us in; what we say is larger than it takes.
_FINAL_STATUS = frozenset({401, 403, 404, 410, 413})
_TOO_MANY, _BUSY = 429, 503


def judged(said: bool | None, exchanges: Sequence[Exchange], platform: str) -> Outcome:
    """The outcome of one message. `said`: what Apprise says of it; None: it broke, or did not end in time."""
    answered = [one for one in exchanges if one.status]
    refusals = [refusal for one in answered if (refusal := _refusal(one, platform))]
    if lost := next((one for one in exchanges if _is_lost(one, platform)), None):
        return _unknown(say("No answer that can be read came: {reason}.", reason=lost.reason or _shown(lost)))
    if said and not refusals and (answered or not exchanges):
        code = answered[-1].status if answered else 0
        return Outcome(Verdict.ACCEPTED, stage=Stage.REQUEST, reply=Reply(code, text="ok"))
    if refusals and len(refusals) == len(answered):
        return refusals[-1]
    if said is False and len(answered) == 1 and _document(answered[0]):
        # It reads well to us, and as a no to who knows the platform.
        return _outcome(Verdict.DEFERRED, Fault.NONE, answered[0], answered[0].status)
    if exchanges and not answered:
        return _not_sent(exchanges[-1])
    return _unknown(say("Nobody can tell what the platform took."))


def _is_lost(one: Exchange, platform: str) -> bool:
    """Whether a request left and nothing is known of it: a gateway's page is no answer of the platform."""
    if not one.sent or (one.status and _code(one, platform) is not None):
        return False
    if one.status in range(200, 300):
        return platform in _PLATFORMS
    return one.status == 0 or (one.status >= 500 and one.status != _BUSY)


def _refusal(one: Exchange, platform: str) -> Outcome | None:
    """The outcome of an answer that says no; None when it does not."""
    codes, code = _PLATFORMS.get(platform), _code(one, platform)
    if codes and code:
        final, busy = code in codes.final, code in codes.busy
    elif one.status in range(200, 300) and not _says_no(one):
        return None
    else:
        code, final, busy = one.status, one.status in _FINAL_STATUS, one.status in (_TOO_MANY, _BUSY)
    if final:
        return _outcome(Verdict.REJECTED, Fault.RECIPIENT, one, code)
    if busy:
        wait = min(dt.timedelta(seconds=one.wait), _HOUR) if one.wait else _MINUTE
        return _outcome(Verdict.DEFERRED, Fault.RECIPIENT, one, code, wait)
    return _outcome(Verdict.DEFERRED, Fault.NONE, one, code)


def _not_sent(one: Exchange) -> Outcome:
    fault = Fault.RECIPIENT if one.held_back else Fault.NETWORK
    return Outcome(Verdict.DEFERRED, fault, Stage.REQUEST, Reply(text=discreet_text(one.reason)))


def _unknown(text: str) -> Outcome:
    return Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.REQUEST, Reply(text=discreet_text(text)))


def _outcome(verdict: Verdict, fault: Fault, one: Exchange, code: int, wait: dt.timedelta | None = None) -> Outcome:
    return Outcome(verdict, fault, Stage.REQUEST, Reply(code, text=_text(one)), wait)


def _code(one: Exchange, platform: str) -> int | None:
    """The platform's own code, 0 for yes; None when it says none, or none that is known."""
    codes, document = _PLATFORMS.get(platform), _document(one)
    values = [document.get(key) for key in codes.keys] if codes else []
    return next((value for value in values if isinstance(value, int) and not isinstance(value, bool)), None)


def _says_no(one: Exchange) -> bool:
    """Whether an answer says no in the way of many interfaces (Slack, Telegram, Rocket.Chat)."""
    document = _document(one)
    return document.get("ok") is False or document.get("success") is False


def _document(one: Exchange) -> Mapping[str, Any]:
    try:
        document = json.loads(one.answer)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _text(one: Exchange) -> str:
    """What was said, in one line, without secrets."""
    document = _document(one)
    given = (document.get(key) for key in ("errmsg", "msg", "error", "message", "description"))
    said = next((text for text in given if text and isinstance(text, str)), "")
    text = said or one.answer[:_LONGEST_TEXT].decode("utf-8", "replace")
    return discreet_text(" ".join(text.split())[:_LONGEST_TEXT]) or _shown(one)


def _shown(one: Exchange) -> str:
    return f"HTTP {one.status}"
