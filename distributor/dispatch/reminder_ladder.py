"""The ladder of a reminder: by which of a person's channels the next one goes, and when only a call is left.

Its steps are the person's own channels in the order of the directory, frozen with the bulletin; one on which the
letter itself failed, or whose address is not tried any more, is left out. Each reminder climbs one step. ADR 0030.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from distributor.address import is_forgotten, same
from distributor.delivery.state import State
from distributor.recipients.manners import PHONE
from distributor.settings import Settings
from distributor.settings.channels import WEBHOOKS
from distributor.store.next_channels import NextChannel
from distributor.store.records import DeliveryRecord
from distributor.store.reminders import Reminder

#: On a channel where the letter did not arrive, no reminder does.
_LOST = frozenset({State.BOUNCED, State.FAILED, State.SUPPRESSED})


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to a person: a channel, and their address on it."""

    channel: str
    address: str


def ladder_of(
    copies: Sequence[DeliveryRecord], links: Iterable[NextChannel], usable: Callable[[Reach], bool]
) -> tuple[Reach, ...]:
    """The ways to one person, the first one first. A group chat comes last: others read along there."""
    lost = {(copy.channel, same(copy.address)) for copy in copies if copy.state in _LOST}
    found = [each for each in _chain(copies, links) if (each.channel, same(each.address)) not in lost and usable(each)]
    return tuple(sorted(found, key=lambda each: each.channel in WEBHOOKS))


def is_usable(settings: Settings, reach: Reach) -> bool:
    """Whether the settings have the channel, and the person was not forgotten."""
    if is_forgotten(reach.address) or reach.channel not in settings.channels:
        return False
    return reach.channel not in WEBHOOKS or reach.address in settings.chats[reach.channel]


def next_reach(ladder: Sequence[Reach], earlier: Collection[Reminder], by: str = "") -> Reach | None:
    """The way of one more reminder after the `earlier` ones; None when the person is to be called.

    `by` is what the directory names for the day; a channel that the person does not have is passed over.
    """
    refused = {one.channel for one in earlier if one.standing == "refused"}
    left = [each for each in ladder if each.channel not in refused]
    if by == PHONE or not left:
        return None
    named = next((each for each in left if each.channel == by), None)
    if named is not None:
        return named
    # A group chat is for whoever has nothing else, or for whom the directory names it.
    own = [each for each in left if each.channel not in WEBHOOKS] or left
    climbed = sum(one.standing in ("sent", "sending") and one.channel != PHONE for one in earlier)
    return own[min(climbed, len(own) - 1)]


def reach_beyond(ladder: Sequence[Reach], refused: Collection[str]) -> Reach | None:
    """Where a reminder goes that these channels refused for certain; None when all did."""
    return next((each for each in ladder if each.channel not in refused), None)


def _chain(copies: Sequence[DeliveryRecord], links: Iterable[NextChannel]) -> list[Reach]:
    """The person's channels, each followed by the one that would be next; then copies that stand in no chain."""
    after: dict[tuple[str, str], list[Reach]] = {}
    for link in links:
        after.setdefault((link.after_channel, link.after_address), []).append(Reach(link.channel, link.address))
    chain: dict[tuple[str, str], Reach] = {}

    def add(reach: Reach) -> None:
        here = (reach.channel, same(reach.address))
        if here not in chain:
            chain[here] = reach
            for following in after.get(here, ()):
                add(following)

    for copy in sorted(copies, key=lambda each: bool(each.follows)):
        add(Reach(copy.channel, copy.address))
    return list(chain.values())
