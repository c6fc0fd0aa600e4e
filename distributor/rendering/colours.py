"""What two colours do to a reader: contrast, mixtures, and what a mail program's forced dark mode makes of them.

Colours are `#rrggbb`. Contrast and luminance are those of WCAG 2.1; text needs 4.5:1.
"""

import colorsys
import re

#: The contrast that text of ordinary size needs (WCAG 2.1, 1.4.3).
READABLE = 4.5

HEX = re.compile(r"#[0-9a-fA-F]{6}")

_STEPS = 50


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of a colour, from 0 to 1 (WCAG 2.1)."""
    parts = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(colour))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share of another in it, 0 to 1."""
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    return _hex(*(mine * (1 - share) + theirs * share for mine, theirs in pairs))


def readable_on(colour: str, paper: str) -> str:
    """The colour, lightened or darkened by as little as makes it readable on the paper."""
    towards = "#ffffff" if luminance(paper) < 0.18 else "#000000"
    candidates = (mixed(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next((shade for shade in candidates if contrast(shade, paper) >= READABLE), towards)


def inverted(colour: str) -> str:
    """The colour under a forced dark mode: light becomes dark, the hue stays.

    Gmail on iOS and Outlook on Windows recolour letters by themselves and do not publish how;
    turning the lightness around and keeping hue and saturation is what both come close to.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    return _hex(*colorsys.hls_to_rgb(hue, 1 - lightness, saturation))


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(*parts: float) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
