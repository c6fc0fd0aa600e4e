"""The theme's logo as a picture that travels with a letter or an article."""

import hashlib

from distributor.rendering.pictures import Placed
from distributor.rendering.rendition import InlinePicture
from distributor.rendering.theme import Theme

_ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}


def placed_logo(theme: Theme) -> Placed | None:
    """The logo with the width it is shown at; None when the office has none."""
    if theme.logo is None:
        return None
    name = f"logo.{_ENDINGS[theme.logo.media_type]}"
    cid = f"{hashlib.sha256(theme.logo.content).hexdigest()[:24]}.0@bulletin"
    return Placed(InlinePicture(cid, theme.logo.media_type, name, theme.logo.content), theme.logo.width)
