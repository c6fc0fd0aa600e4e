"""The reader's and the office's pages as parts of the service, with its settings and its clock."""

from distributor.dispatch.intake import templates_of
from distributor.service.office import Office
from distributor.web.office import OfficePages
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


def office_pages_of(office: Office) -> OfficePages:
    """The office's own pages. Raises `BadInput` and `BadFile` for bad templates."""
    return OfficePages(office.database, lambda: office.settings, templates_of(office.settings), clock=office.clock)
