"""Why an identity provider could not tell who somebody is."""

from enum import Enum

from distributor.words import Words


class Fault(Enum):
    """What kind of trouble it is."""

    UNREACHABLE = "unreachable"  # no answer, or the provider says that it cannot
    CLIENT = "client"  # the provider does not take our name or secret
    SPENT = "spent"  # the code was used, has expired, or was given to somebody else
    UNTRUSTED = "untrusted"  # there is an answer, and it does not hold


class OidcTrouble(Exception):
    """Nobody is known for sure. `reason` names no token, no code and no secret."""

    def __init__(self, fault: Fault, reason: Words) -> None:
        super().__init__(reason.english)
        self.fault = fault
        self.reason = reason
