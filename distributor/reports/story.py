"""One copy's story in plain words, and what to do next."""

from distributor.delivery.state import State
from distributor.store.records import AttemptRecord, DeliveryRecord
from distributor.words import Words, words


def reason_words(delivery: DeliveryRecord) -> Words | str:
    """Why a copy stands where it stands, in a few words; empty when the state says it all."""
    last = _last_reply(delivery)
    if delivery.reason.startswith("person:"):
        return words("decided by a person")
    if delivery.state in (State.ACCEPTED, State.DELIVERED):
        return ""
    reasons = {
        "superseded": words("replaced or no longer on the list"),
        "expired": words("given up: too late. {reply}", reply=last),
        "no_reply": words("no answer after the letter was handed over"),
        "lost": words("the sender stopped while the letter was being handed over"),
        "content": words("the letter itself was refused: {reply}", reply=last),
    }
    if delivery.reason in reasons:
        return reasons[delivery.reason]
    return last


def hold_words(hold: str) -> Words | str:
    """Why a group's letter waits for a person."""
    reasons = {
        "content": words(
            "the mail server refused the letter itself; look at the replies with `distributor status`, "
            "then `distributor retry`"
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


def advice(delivery: DeliveryRecord) -> Words:
    """What to do next about one copy."""
    advices = {
        State.QUEUED: words("It waits to be sent: run `distributor send`."),
        State.CLAIMED: words("It is being worked on at this moment."),
        State.SENDING: words("It is being handed over at this moment."),
        State.DEFERRED: words("It is tried again at the time shown; `distributor retry` makes it due at once."),
        State.ACCEPTED: words("The mail server took responsibility. Whether it was read is not known."),
        State.DELIVERED: words("It has arrived. Nothing is left to do."),
        State.BOUNCED: words(
            "Correct the address in recipients.yaml and finalise again, or reach the person by phone."
        ),
        State.FAILED: words(
            "Correct the address in recipients.yaml and finalise again, or `distributor retry` if the refusal "
            "was a mistake."
        ),
        State.UNKNOWN: words(
            "Ask whether it arrived, then: `distributor resolve {key} --arrived`, `--resend` or `--lost`.",
            key=delivery.key,
        ),
        State.SUPPRESSED: words("The address is not tried: earlier letters were refused for good. Correct it."),
        State.CANCELLED: words("It was withdrawn before it was sent. Nothing is left to do."),
    }
    return advices[delivery.state]


def _last_reply(delivery: DeliveryRecord) -> str:
    return _reply(delivery.history[-1]) if delivery.history else ""


def _reply(attempt: AttemptRecord) -> str:
    return " ".join(part for part in (str(attempt.code or ""), attempt.enhanced, attempt.text) if part)
