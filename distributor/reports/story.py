"""One copy's story in plain words, and what to do next."""

import shlex

from distributor.delivery.decision import Decision, decision_of
from distributor.delivery.evidence import kind_behind
from distributor.delivery.reason import Reason
from distributor.delivery.state import State
from distributor.reports.evidence_words import KINDS
from distributor.store.records import AttemptRecord, DeliveryRecord
from distributor.words import Words, words

_DECIDED = {
    Decision.ARRIVED: words("a person said that it arrived"),
    Decision.LOST: words("a person said that it did not arrive"),
    Decision.RESEND: words("a person decided to send it again"),
    Decision.RETRY: words("a person decided to try again"),
    Decision.CANCEL: words("a person withdrew it"),
}


def reason_words(delivery: DeliveryRecord) -> Words | str:
    """Why a copy stands where it stands, in a few words; empty when the state says it all."""
    last = _last_reply(delivery)
    if decision := decision_of(delivery.reason):
        return _DECIDED[decision]
    if kind := kind_behind(delivery.reason):
        return KINDS[kind] if delivery.state is State.BOUNCED else ""
    if delivery.state in (State.ACCEPTED, State.DELIVERED):
        return ""
    reasons = {
        Reason.SUPERSEDED: words("replaced or no longer on the list"),
        Reason.EXPIRED: words("given up: too late. {reply}", reply=last),
        Reason.NO_REPLY: words("no answer after the letter was handed over"),
        Reason.WORKER_LOST: _worker_lost(delivery),
        Reason.CONTENT: words("the letter itself was refused: {reply}", reply=last),
        Reason.RESENT: words("no answer came; it is sent again, as its group says"),
        Reason.SUPPRESSED: words("the address is not tried any more; `distributor suppressions list` says why"),
        Reason.LIMIT: words("a sending limit was reached; it waits for room"),
    }
    if delivery.reason in reasons:
        return reasons[Reason(delivery.reason)]
    return last


def _worker_lost(delivery: DeliveryRecord) -> Words:
    if delivery.state is State.UNKNOWN:
        return words("the sender stopped while the letter was being handed over")
    return words("the sender stopped before the letter was handed over")


def hold_words(hold: str, bulletin: str) -> Words | str:
    """Why a group's letter waits for a person; `bulletin` is how a command names it."""
    reasons = {
        "content": words(
            "the mail server refused the letter itself; look at the replies with `distributor status {bulletin}`, "
            "then `distributor retry {bulletin}`",
            bulletin=bulletin,
        ),
        "late": words("its hour was missed; if it should still go: `distributor resume {bulletin}`", bulletin=bulletin),
        "list_changed": words(
            "the recipients have changed since; finalise it again to take the new list, "
            "then `distributor resume {bulletin}`",
            bulletin=bulletin,
        ),
        "changed": words(
            "another text of the same number was dropped; finalise the right file, "
            "then `distributor resume {bulletin}`",
            bulletin=bulletin,
        ),
        "doubts": words("there were warnings; if it should go: `distributor resume {bulletin}`", bulletin=bulletin),
        "hour": words(
            "its hour could not be worked out; `distributor schedule {bulletin}` says why. When that is mended: "
            "`distributor resume {bulletin}`, or at once: `distributor send {bulletin} --now`",
            bulletin=bulletin,
        ),
    }
    return reasons.get(hold, hold)


def story(delivery: DeliveryRecord) -> list[Words]:
    """What happened to one copy, in order; the caller shows the times in its own zone."""
    lines = [
        words(
            "{name} ({unit}) gets the letter of group {group} ({direction}) at {address}.",
            name=delivery.name,
            unit=delivery.unit,
            group=delivery.group,
            direction=delivery.direction,
            address=delivery.address,
        )
    ]
    if delivery.credited:
        lines.append(words("The same copy counts for {groups}.", groups="、".join(delivery.credited)))
    if len(delivery.people) > 1:
        lines.append(words("The address is shared by {people}.", people="、".join(delivery.people)))
    return lines


def attempt_words(attempt: AttemptRecord) -> Words:
    """One attempt in one sentence."""
    reply = _reply(attempt)
    sentences = {
        "accepted": words("the mail server accepted the letter: {reply}", reply=reply),
        "deferred": words("not taken for now, at {stage}: {reply}", stage=attempt.stage, reply=reply),
        "rejected": words("refused, at {stage}: {reply}", stage=attempt.stage, reply=reply),
        "unknown": words("the letter was handed over, but no answer came back: {reply}", reply=reply),
    }
    return sentences.get(attempt.verdict, words("begun; no result was recorded"))


def advice(delivery: DeliveryRecord, bulletin: str, *, hold: str | None = None, served: bool = False) -> Words:
    """What to do next about one copy.

    `bulletin` is how a command names it, `hold` why its group's letter waits, `served` whether a service runs.
    """
    if hold and delivery.state in (State.QUEUED, State.DEFERRED):
        return words("Its group is on hold: {reason}.", reason=hold_words(hold, bulletin))
    if delivery.state is State.QUEUED and served and not delivery.is_put_aside:
        return words("It waits to be sent; the service sends it when it is due.")
    if delivery.is_put_aside:
        return words(
            "The letter itself was refused. When it should go after all: `distributor retry {bulletin} --only {key}`.",
            bulletin=bulletin,
            key=shlex.quote(delivery.key),
        )
    if delivery.state is State.ACCEPTED and decision_of(delivery.reason) is Decision.ARRIVED:
        return words("A person said that it arrived. Nothing is left to do.")
    if delivery.state is State.FAILED and delivery.reason == Reason.EXPIRED:
        return words(
            "Its time was over before it could be sent. If it still matters: "
            "`distributor retry {bulletin} --only {key}`, then `distributor send {bulletin}`.",
            bulletin=bulletin,
            key=shlex.quote(delivery.key),
        )
    return _advice_of(delivery, bulletin)


def _advice_of(delivery: DeliveryRecord, bulletin: str) -> Words:
    key = shlex.quote(delivery.key)
    again = words("`distributor retry {bulletin} --only {key}`", bulletin=bulletin, key=key)
    advices = {
        State.QUEUED: words("It waits to be sent: run `distributor send {bulletin}`.", bulletin=bulletin),
        State.CLAIMED: words("It is being worked on at this moment."),
        State.SENDING: words("It is being handed over at this moment."),
        State.DEFERRED: words("It is tried again at the time shown; {again} makes it due at once.", again=again),
        State.ACCEPTED: words("The mail server took responsibility. Whether it was read is not known."),
        State.DELIVERED: words("It has arrived. Nothing is left to do."),
        State.BOUNCED: words(
            "Correct the address in recipients.yaml and finalise again, or reach the person by phone."
        ),
        State.FAILED: words(
            "Correct the address in recipients.yaml and finalise again, or {again} if the refusal was a mistake.",
            again=again,
        ),
        State.UNKNOWN: words(
            "Ask whether it arrived, then: `distributor resolve {key} {bulletin} --arrived`, `--resend` or `--lost`.",
            key=key,
            bulletin=bulletin,
        ),
        State.SUPPRESSED: words("The address is not tried: earlier letters were refused for good. Correct it."),
        State.CANCELLED: words("It was withdrawn before it was sent. Nothing is left to do."),
    }
    return advices[delivery.state]


def _last_reply(delivery: DeliveryRecord) -> str:
    return _reply(delivery.history[-1]) if delivery.history else ""


def _reply(attempt: AttemptRecord) -> str:
    return " ".join(part for part in (str(attempt.code or ""), attempt.enhanced, attempt.text) if part)
