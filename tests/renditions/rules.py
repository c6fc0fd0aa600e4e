"""Reads the elements of a finished page, for tests that look at them."""

from distributor.rendering.email_check.markup import read_elements


def elements(page: str) -> list[tuple[str, dict[str, str]]]:
    """Every element of a page with its attributes, in order."""
    return [(element.tag, element.attributes) for element in read_elements(page)]
