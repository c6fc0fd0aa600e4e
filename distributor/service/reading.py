"""The reader's page as a part of the service: made when the office has a public page, with the service's clock."""

from distributor.dispatch.intake import templates_of
from distributor.service.office import Office
from distributor.web.reader import Reader
from distributor.words import words


def reader_of(office: Office) -> Reader | None:
    """The pages of all copies; None when no public page is set. Raises `BadInput` and `BadFile` for bad templates."""
    if not office.settings.office.base_url:
        return None

    def alarm() -> None:
        office.tell("page:guesses", words("Somebody tries links of the reader's page that were never given out."))

    return Reader(
        office.database,
        lambda: office.settings,
        office.key,
        templates_of(office.settings),
        clock=office.clock,
        alarm=alarm,
    )
