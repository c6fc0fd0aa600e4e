"""What a refusal means: verdict and fault, by the rules about replies (`rules_file.py`).

What no rule may change stands here. Account and configuration faults are always DEFERRED: they stop the
account and charge no recipient. A 4xx is never for good, nor is a 552 to RCPT, the old form of 452
(RFC 5321 4.5.3.1.10). What no rule knows is temporary.
"""

from dataclasses import dataclass

from distributor.channels.smtp.rules import Rule, Rules
from distributor.channels.smtp.rules_file import shipped_rules
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict


@dataclass(frozen=True, slots=True)
class Ruling:
    """An outcome, and the rule that said so; None where none was asked or none fits."""

    outcome: Outcome
    rule: Rule | None = None


def classify(stage: Stage, reply: Reply, rules: Rules | None = None) -> Outcome:
    """The outcome of a refusal (4xx or 5xx) at a stage, by these rules or the shipped ones."""
    return ruling(stage, reply, rules).outcome


def ruling(stage: Stage, reply: Reply, rules: Rules | None = None) -> Ruling:
    """The same with its rule. Anything but a refusal that is asked about is network trouble."""
    if reply.code // 100 not in (4, 5):
        return Ruling(Outcome(Verdict.DEFERRED, Fault.NETWORK, stage, reply))
    rule = (rules or shipped_rules()).first(stage, reply)
    if rule is None:
        return Ruling(Outcome(Verdict.DEFERRED, Fault.NONE, stage, reply))
    verdict = Verdict.REJECTED if _is_final(stage, reply, rule) else Verdict.DEFERRED
    return Ruling(Outcome(verdict, rule.fault, stage, reply, rule.wait), rule)


def _is_final(stage: Stage, reply: Reply, rule: Rule) -> bool:
    old_452 = stage is Stage.RCPT and reply.code == 552
    return rule.final and reply.code >= 500 and not old_452 and rule.fault in (Fault.RECIPIENT, Fault.CONTENT)
