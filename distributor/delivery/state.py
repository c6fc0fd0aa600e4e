"""The state machine of a delivery: what happened to the transport, never what the reader did.

`TRANSITIONS` is the whole law. `advance` is the only way to move, and the ledger writes the
result by compare-and-set, so a row can only ever walk along an arrow of this table.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a delivery stands. Each member says what the word does not mean."""

    QUEUED = "queued"  # waits for its next attempt; the group may still be on hold
    CLAIMED = "claimed"  # leased by a worker; nothing irrevocable has happened
    SENDING = "sending"  # the irrevocable byte may have gone; never sent again by itself from here
    DEFERRED = "deferred"  # a temporary failure; has a next attempt
    ACCEPTED = "accepted"  # the next hop took responsibility; not "delivered"
    DELIVERED = "delivered"  # a report or the reader proves arrival; not "read"
    BOUNCED = "bounced"  # reported undeliverable after acceptance
    FAILED = "failed"  # refused, or given up: rejected, exhausted, expired
    UNKNOWN = "unknown"  # the connection or process died after the irrevocable byte, before the reply
    SUPPRESSED = "suppressed"  # not tried: the address is on the suppression list
    CANCELLED = "cancelled"  # withdrawn by a person or superseded


class Fact(StrEnum):
    """What can happen to a delivery."""

    CLAIM = "claim"  # a worker leases it
    RELEASE = "release"  # given back untried: lease over, account or content trouble; no attempt is charged
    MARK = "mark"  # the durable note before the irrevocable byte
    ACCEPT = "accept"  # 250 to the dot
    DEFER = "defer"  # a temporary refusal, or a connection lost before the irrevocable byte
    REJECT = "reject"  # a permanent refusal of this recipient
    LOSE = "lose"  # no reply after the irrevocable byte
    GIVE_UP = "give_up"  # retries exhausted, or valid_until has passed
    SUPPRESS = "suppress"  # the address is on the suppression list
    CANCEL = "cancel"  # a person withdraws it
    DELIVER = "deliver"  # a receipt proves arrival
    BOUNCE = "bounce"  # a receipt reports failure
    RESEND = "resend"  # policy or a person sends an unknown one again, knowing the risk
    RETRY = "retry"  # a person asks for another try


S, F = State, Fact

TRANSITIONS: dict[tuple[State, Fact], State] = {
    (S.QUEUED, F.CLAIM): S.CLAIMED,
    (S.QUEUED, F.GIVE_UP): S.FAILED,
    (S.QUEUED, F.SUPPRESS): S.SUPPRESSED,
    (S.QUEUED, F.CANCEL): S.CANCELLED,
    (S.QUEUED, F.RETRY): S.QUEUED,
    # It is to be sent again, and meanwhile the earlier copy proves to be there: a second one is spared.
    (S.QUEUED, F.DELIVER): S.DELIVERED,
    (S.DEFERRED, F.CLAIM): S.CLAIMED,
    (S.DEFERRED, F.GIVE_UP): S.FAILED,
    (S.DEFERRED, F.SUPPRESS): S.SUPPRESSED,
    (S.DEFERRED, F.CANCEL): S.CANCELLED,
    (S.DEFERRED, F.RETRY): S.QUEUED,
    # The server said "later" and kept the letter all the same.
    (S.DEFERRED, F.DELIVER): S.DELIVERED,
    (S.CLAIMED, F.RELEASE): S.QUEUED,
    (S.CLAIMED, F.MARK): S.SENDING,
    (S.CLAIMED, F.DEFER): S.DEFERRED,
    (S.CLAIMED, F.REJECT): S.FAILED,
    (S.CLAIMED, F.GIVE_UP): S.FAILED,
    # The mark that follows finds another state and fails, so a cancelled letter cannot leave.
    (S.CLAIMED, F.CANCEL): S.CANCELLED,
    (S.SENDING, F.ACCEPT): S.ACCEPTED,
    (S.SENDING, F.REJECT): S.FAILED,
    (S.SENDING, F.DEFER): S.DEFERRED,
    # A content refusal of the dot puts the whole dispatch on hold; the row waits, uncharged.
    (S.SENDING, F.RELEASE): S.QUEUED,
    (S.SENDING, F.GIVE_UP): S.FAILED,
    (S.SENDING, F.LOSE): S.UNKNOWN,
    # A reply that comes late, after the lease was over, still tells the truth.
    (S.UNKNOWN, F.ACCEPT): S.ACCEPTED,
    (S.UNKNOWN, F.REJECT): S.FAILED,
    (S.UNKNOWN, F.DEFER): S.DEFERRED,
    (S.UNKNOWN, F.DELIVER): S.DELIVERED,
    (S.UNKNOWN, F.BOUNCE): S.BOUNCED,
    (S.UNKNOWN, F.RESEND): S.QUEUED,
    # The reply comes even later: the row was queued again by RESEND and nobody has claimed it since. Only the attempt
    # that marked can bring this fact, and its epoch is still the row's, so the letter is there and a second copy is
    # spared. After the next claim, or under a newer text, the epoch is another one and the reply is only kept.
    (S.QUEUED, F.ACCEPT): S.ACCEPTED,
    (S.ACCEPTED, F.DELIVER): S.DELIVERED,
    (S.ACCEPTED, F.BOUNCE): S.BOUNCED,
    # Proof of arrival wins over a bounce in whatever order they come (greeting-card bounces, aliases).
    (S.DELIVERED, F.DELIVER): S.DELIVERED,
    (S.DELIVERED, F.BOUNCE): S.DELIVERED,
    (S.BOUNCED, F.BOUNCE): S.BOUNCED,
    (S.BOUNCED, F.DELIVER): S.DELIVERED,
    (S.BOUNCED, F.RETRY): S.QUEUED,
    (S.FAILED, F.DELIVER): S.DELIVERED,
    (S.FAILED, F.RETRY): S.QUEUED,
    (S.SUPPRESSED, F.RETRY): S.QUEUED,
    # Withdrawn by mistake, or listed again by a later freeze; nothing of it had left.
    (S.CANCELLED, F.RETRY): S.QUEUED,
}

#: Arrows that need the epoch of the attempt they speak of: without one, anybody might say it of any row.
FENCED = frozenset({(S.QUEUED, F.ACCEPT)})

#: Counted on the settled side of the books. `unknown` balances but leaves the dispatch open.
SETTLED = frozenset({S.ACCEPTED, S.DELIVERED, S.BOUNCED, S.FAILED, S.SUPPRESSED, S.CANCELLED})

#: A worker may claim these once their time has come.
CLAIMABLE = frozenset({S.QUEUED, S.DEFERRED})


class ForbiddenMove(Exception):
    """A fact arrived that the table does not allow in this state."""

    def __init__(self, state: State, fact: Fact) -> None:
        super().__init__(f"{fact} is not possible in state {state}")
        self.state = state
        self.fact = fact


def advance(state: State, fact: Fact) -> State:
    """Returns the state after a fact. Raises `ForbiddenMove` when the table has no such arrow."""
    try:
        return TRANSITIONS[state, fact]
    except KeyError:
        raise ForbiddenMove(state, fact) from None


def states_that_allow(fact: Fact) -> frozenset[State]:
    """The states in which a fact may happen; the ledger's compare-and-set uses them."""
    return frozenset(state for state, known in TRANSITIONS if known is fact)
