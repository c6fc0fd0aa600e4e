"""What a refusal means: verdict and fault, by stage, code, enhanced code and text.

Chinese providers say 5xx for "slow down" and 4xx for "your settings are wrong", so the text comes
first. Account and configuration faults are always DEFERRED: they stop the account and charge no
recipient. What is not known is temporary. Sources: RFC 5321 4.2 and 4.5.3, RFC 3463, RFC 4954 6,
and the lists of codes that 163, QQ and Aliyun publish.
"""

import re
from dataclasses import dataclass

from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict

_ANY = frozenset(Stage)
_LETTER = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT})
_CONTENT = frozenset({Stage.DATA, Stage.BODY, Stage.DOT})


@dataclass(frozen=True, slots=True)
class Rule:
    """A known text: at these stages, with a code that begins with one of `classes`, it means this."""

    pattern: re.Pattern[str]
    fault: Fault
    classes: str
    stages: frozenset[Stage]
    temporary: bool

    def fits(self, stage: Stage, reply: Reply, said: str) -> bool:
        """Whether the rule speaks of this reply; `said` is the reply's whole line."""
        return str(reply.code)[0] in self.classes and stage in self.stages and bool(self.pattern.search(said))


def _rule(
    pattern: str,
    fault: Fault,
    classes: str = "45",
    stages: frozenset[Stage] = _ANY,
    *,
    temporary: bool = False,
) -> Rule:
    return Rule(re.compile(pattern, re.IGNORECASE), fault, classes, stages, temporary)


_NOT_RCPT = _ANY - {Stage.RCPT}

#: The first rule that fits decides. The order is part of the meaning.
RULES = (
    # A person's full mailbox is not our sending quota.
    _rule(
        r" [45]\.2\.2 |(mailbox|user|recipient)\b.*quota|quota.*\b(mailbox|user|recipient)",
        Fault.RECIPIENT,
        stages=_LETTER,
    ),
    _rule(r"(daily|monthly|hourly|sending) .*quota|over .*sending limit", Fault.ACCOUNT),
    _rule(r"quota exceeded|exceed\w* .*quota", Fault.ACCOUNT, stages=_NOT_RCPT),
    # Whoever sends too fast must wait, whatever the class of the code says.
    _rule(r"frequency limited|too frequent|rate.?limit|mailbox unavailable or access denied", Fault.THROTTLE),
    _rule(r"too many (?!hops|received)|too much mail|connection denied|behaviou?r spam", Fault.THROTTLE),
    _rule(r"RCPT attempts|total of RCPTs|try again later", Fault.THROTTLE),
    _rule(r"DT:SPM|\b(MI|HL|RP):[A-Z]{3}\b", Fault.THROTTLE, "4"),
    # Our own name and login.
    _rule(r"mail from .*(must equal|must be same|doesn.t conform|does not conform)", Fault.CONFIGURATION),
    _rule(r"not owned by (user|auth)|sender (address )?(is )?(not allowed|rejected)", Fault.CONFIGURATION, "5"),
    _rule(r"\b(spf|dkim|dmarc)\b", Fault.CONFIGURATION, "5"),
    # Some recipients take letters only from people they know; that is no matter of our login.
    _rule(r"authenticat|login fail|not logged in", Fault.ACCOUNT, "5", _NOT_RCPT),
    _rule(r"account (is )?(unavailable|disabled|locked|suspended)", Fault.ACCOUNT, "5", _NOT_RCPT),
    # Either our login is missing or this one domain is not served: one reply cannot tell.
    _rule(
        r"relay(ing)? (access )?(is )?(denied|not permitted|not allowed)|unable to relay",
        Fault.RECIPIENT,
        temporary=True,
    ),
    # What the letter says.
    _rule(r"DT:SPM|\bspam\b|\bvirus\b|content (is )?(denied|rejected)|reject by content", Fault.CONTENT, "5", _CONTENT),
    _rule(r"(message|mail) (size )?(is )?too (large|big)|exceeds .*(size|limit)", Fault.CONTENT, "5", _LETTER),
    # Whether the person is there.
    _rule(r"mailbox not found|(no such|unknown|invalid) (user|recipient|mailbox)", Fault.RECIPIENT, "5", _LETTER),
    _rule(r"user (unknown|not found|suspended|disabled)|user (does not|doesn.t) exist", Fault.RECIPIENT, "5", _LETTER),
)

#: Codes that mean the same at every stage but RCPT, where they may speak of one address.
CODES = {
    421: Fault.THROTTLE,
    436: Fault.CONFIGURATION,  # Aliyun: MAIL FROM does not conform
    440: Fault.CONFIGURATION,  # Aliyun: mail from account does not conform
    504: Fault.CONFIGURATION,
    526: Fault.ACCOUNT,  # Aliyun: authentication failure
    530: Fault.ACCOUNT,  # RFC 4954 6: authentication required
    534: Fault.ACCOUNT,
    535: Fault.ACCOUNT,
    538: Fault.CONFIGURATION,  # RFC 4954 6: encryption required
    555: Fault.CONFIGURATION,  # a parameter that the server does not know
}

RCPT_CODES = frozenset({421, 530, 535, 555})

#: Whose fault a refusal is when neither the text nor the code says more, by the first digit.
STAGES = {
    Stage.CONNECT: {4: Fault.THROTTLE, 5: Fault.ACCOUNT},
    Stage.GREETING: {4: Fault.THROTTLE, 5: Fault.ACCOUNT},
    Stage.EHLO: {4: Fault.THROTTLE, 5: Fault.CONFIGURATION},
    # A refused STARTTLS is never a reason to go on in clear, nor to try every few minutes.
    Stage.STARTTLS: {4: Fault.CONFIGURATION, 5: Fault.CONFIGURATION},
    Stage.AUTH: {4: Fault.THROTTLE, 5: Fault.ACCOUNT},
    Stage.MAIL: {4: Fault.THROTTLE, 5: Fault.CONFIGURATION},
    Stage.RCPT: {4: Fault.RECIPIENT, 5: Fault.RECIPIENT},
    Stage.DATA: {4: Fault.NONE, 5: Fault.CONTENT},
    Stage.BODY: {4: Fault.NONE, 5: Fault.CONTENT},
    Stage.DOT: {4: Fault.NONE, 5: Fault.CONTENT},
}


def classify(stage: Stage, reply: Reply) -> Outcome:
    """The outcome of a refusal (4xx or 5xx) at a stage. Anything else that is asked about is network trouble."""
    if reply.code // 100 not in (4, 5):
        return Outcome(Verdict.DEFERRED, Fault.NETWORK, stage, reply)
    said = str(reply)
    rule = next((rule for rule in RULES if rule.fits(stage, reply, said)), None)
    fault = rule.fault if rule else _by_code(stage, reply)
    final = reply.code >= 500 and fault in (Fault.RECIPIENT, Fault.CONTENT)
    if _is_old_452(stage, reply) or (rule is not None and rule.temporary):
        final = False
    return Outcome(Verdict.REJECTED if final else Verdict.DEFERRED, fault, stage, reply)


def _by_code(stage: Stage, reply: Reply) -> Fault:
    if stage is not Stage.STARTTLS and reply.code in (CODES if stage is not Stage.RCPT else RCPT_CODES):
        return CODES[reply.code]
    return _by_enhanced_code(stage, reply) or _by_stage(stage, reply)


def _by_enhanced_code(stage: Stage, reply: Reply) -> Fault | None:
    """What RFC 3463 and its registry (RFC 5248) add once a letter is under way."""
    _, _, kind = reply.enhanced.partition(".")
    if stage not in _LETTER or not kind:
        return None
    subject, _, detail = kind.partition(".")
    if kind in ("2.3", "3.4"):
        return Fault.CONTENT  # too big for the mailbox or the system
    final = reply.code >= 500
    if final and kind in ("1.7", "1.8"):
        return Fault.CONFIGURATION  # the sender's address
    if final and subject == "7" and detail.isdigit() and 20 <= int(detail) <= 26:
        return Fault.CONFIGURATION  # DKIM, SPF, reverse DNS of ours
    if subject in ("1", "2") and stage is not Stage.MAIL:
        return Fault.RECIPIENT
    if subject == "6" and stage in _CONTENT:
        return Fault.CONTENT
    return None


def _by_stage(stage: Stage, reply: Reply) -> Fault:
    if stage in _LETTER and reply.code in (500, 502, 503):
        return Fault.NONE  # out of step; the next try starts afresh
    if stage in _LETTER and stage is not Stage.RCPT and reply.code == 552:
        return Fault.CONTENT  # RFC 1870 6.1: larger than the server takes
    if stage is Stage.RCPT and reply.code in (452, 552) and not reply.enhanced:
        return Fault.THROTTLE
    if stage is Stage.RCPT and reply.enhanced.endswith(".5.3"):
        return Fault.THROTTLE
    return STAGES[stage][reply.code // 100]


def _is_old_452(stage: Stage, reply: Reply) -> bool:
    # RFC 5321 4.5.3.1.10: a 552 to RCPT is the old form of 452, too many recipients.
    return stage is Stage.RCPT and reply.code == 552
