"""Pictures of a bulletin on their way into a letter: recognised, measured, and made small enough.

Mail carries PNG and JPEG (facts on mail clients: webp and SVG are not shown). A photo straight from
a phone is scaled down and says no more where it was taken (`recompress`). Nothing is fetched.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput, Place, Refused
from distributor.rendering.recompress import MAX_BYTES, MOST_PIXELS, Fitted, Unfit, fit
from distributor.rendering.rendition import InlinePicture
from distributor.words import words

__all__ = ["MAX_BYTES", "MAX_PICTURES", "Placed", "place_pictures"]

MAX_PICTURES = 50
_ENDINGS = {"PNG": "png", "JPEG": "jpg"}
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture ready for a letter, and the width in pixels at which it is shown."""

    picture: InlinePicture
    width: int


def place_pictures(bulletin: Bulletin, pictures: Mapping[str, bytes], *, widest: int) -> dict[str, Placed]:
    """Prepares every picture of the bulletin, by its source.

    Raises `BadInput` for a picture that is missing or cannot be shown, `Refused` for too many.
    """
    sources = list(dict.fromkeys(picture.source for picture in bulletin.pictures()))
    if len(sources) > MAX_PICTURES:
        raise Refused(
            words(
                "The bulletin has {count} pictures; a letter carries at most {limit}.",
                count=len(sources),
                limit=MAX_PICTURES,
            ),
            do=words("Leave some out, or put several into one picture."),
        )
    return {source: _placed(number, source, pictures, widest) for number, source in enumerate(sources, start=1)}


def _placed(number: int, source: str, pictures: Mapping[str, bytes], widest: int) -> Placed:
    if source not in pictures:
        raise BadInput(words("The picture is missing."), do=words("Put it beside the bulletin."), place=Place(source))
    fitted = _fitted(source, pictures[source])
    # The name is ours: a name from outside could carry a path or marks that turn text around.
    name = f"picture-{number}.{_ENDINGS[fitted.kind]}"
    cid = f"{hashlib.sha256(fitted.content).hexdigest()[:24]}.{number}@bulletin"
    return Placed(InlinePicture(cid, _MEDIA_TYPES[fitted.kind], name, fitted.content), min(fitted.width, widest))


def _fitted(source: str, content: bytes) -> Fitted:
    try:
        return fit(content)
    except Unfit as error:
        raise BadInput(
            words("The picture cannot be shown in a letter."),
            do=words("Save it as PNG or JPEG, at most {pixels} million pixels.", pixels=MOST_PIXELS // 1_000_000),
            place=Place(source),
        ) from error
