"""Whether a refusal proves that an address is dead. Pure; storing it is another's work.

Only codes that speak of the address itself count (RFC 3463 3.2, 3.3). Policy (x.7.x), a full mailbox (x.2.2),
size, content, throttling and everything temporary never strike a person, and neither do words without a code.
"""

#: No such user, no such domain, moved, null MX (RFC 7505), disabled.
ADDRESS_CODES = ("5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1")


def is_dead_address(status: str, *, permanent: bool) -> bool:
    """Whether an enhanced code, in a refusal that is final, says that the address is dead."""
    return permanent and status in ADDRESS_CODES
