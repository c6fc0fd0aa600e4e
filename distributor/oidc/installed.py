"""Whether what the extra `oidc` brings is there."""

from importlib.util import find_spec


def is_installed() -> bool:
    """Whether people can log in by a provider at all; nothing is loaded for the answer."""
    return find_spec("joserfc") is not None
