"""What the platforms' error codes mean for a delivery: whose trouble it is, and whether to try again.

Codes decide, never texts, which the vendor changes. A code that is not here is temporary and nobody's fault.
Source: developer.work.weixin.qq.com/document/path/90313; developers.weixin.qq.com, global return codes.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from distributor.channels.wechat.interface import Answer
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict

#: The token is not accepted (any more): it is fetched again, and the request made once more.
STALE_TOKEN = frozenset({40014, 42001})

_COMMON: Mapping[Fault, frozenset[int]] = {
    Fault.CONTENT: frozenset(
        {40004, 40005, 40006, 40007, 40008, 40009, 40033, 40035, 40058, 40063}
        | {44001, 44002, 44003, 44004, 45001, 45002, 45003, 45004, 45005, 45006, 45007, 45008, 47001}
    ),
    Fault.THROTTLE: frozenset({45009, 45011, 45033}),
    Fault.CONFIGURATION: frozenset({40001, 40013, 40125, 41001, 41002, 41004, 48001, 50001}),
    Fault.NETWORK: frozenset({-1}),
}
_WECOM: Mapping[Fault, frozenset[int]] = {
    Fault.RECIPIENT: frozenset({40003, 46004, 60111, 81013, 93000, 93004, 93008}),
    Fault.CONTENT: frozenset({42045}),
    Fault.ACCOUNT: frozenset({50003}),
    Fault.CONFIGURATION: frozenset({40056, 41011, 48002, 60011, 60020, 301002}),
}
_OFFICIAL: Mapping[Fault, frozenset[int]] = {
    Fault.RECIPIENT: frozenset({40003, 43004, 48002, 50005}),
    Fault.ACCOUNT: frozenset({45028, 48004, 50002}),
    Fault.CONFIGURATION: frozenset({40164}),
}

Codes = Mapping[int, Fault]


def _by_code(*tables: Mapping[Fault, frozenset[int]]) -> Codes:
    return {code: fault for table in tables for fault, codes in table.items() for code in codes}


#: What the codes of an enterprise's WeCom and its robots mean.
WECOM = _by_code(_COMMON, _WECOM)
#: What the codes of an Official Account mean.
OFFICIAL_ACCOUNT = _by_code(_COMMON, _OFFICIAL)

#: A throttled account is left alone until the next of the platform's windows.
_WINDOW = dt.timedelta(seconds=60)


def refused(answer: Answer, stage: Stage, codes: Codes) -> Outcome:
    """The outcome of a refusal: final when it is the person or the text, temporary otherwise."""
    fault = codes.get(answer.errcode, Fault.NONE)
    final = fault in (Fault.RECIPIENT, Fault.CONTENT)
    verdict = Verdict.REJECTED if final else Verdict.DEFERRED
    wait = _WINDOW if fault is Fault.THROTTLE else None
    return Outcome(verdict, fault, stage, Reply(answer.errcode, text=answer.errmsg), wait)


#: What elsewhere stops an account. A robot has none: its key, its limit and its settings are those of one chat.
_OF_ONE_ROBOT = frozenset({Fault.ACCOUNT, Fault.CONFIGURATION, Fault.THROTTLE})


def refused_in_chat(answer: Answer, stage: Stage) -> Outcome:
    """The outcome of a robot's refusal: its trouble is that of its chat, tried again for this chat alone."""
    outcome = refused(answer, stage, WECOM)
    return replace(outcome, fault=Fault.RECIPIENT) if outcome.fault in _OF_ONE_ROBOT else outcome
