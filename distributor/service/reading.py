"""The reader's and the office's pages, and WeCom's callback addresses: parts of the service, with its settings."""

from distributor.channels.wechat.seal import Seal
from distributor.channels.wechat.wecom import seal_of
from distributor.dispatch.intake import templates_of
from distributor.errors import BadInput
from distributor.misfit import Misfit
from distributor.oidc.installed import is_installed
from distributor.service.office import Office
from distributor.web.callbacks import WeComCallbacks
from distributor.web.office import OfficePages
from distributor.web.reader import Reader
from distributor.words import words


def reader_of(office: Office) -> Reader:
    """The pages of all copies. Raises `BadInput` and `BadFile` for bad templates.

    They answer without a `base_url` too: one that is set while the service runs stands in letters at once, and those
    that left with one that was taken back lead here as long as the proxy passes them on.
    """

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


def callbacks_of(office: Office) -> WeComCallbacks | None:
    """The callback addresses of the apps that have a seal; None when no app has. A bad seal is told and left out."""
    seals: dict[str, Seal] = {}
    for name, app in office.settings.wecom.items():
        try:
            if seal := seal_of(app.found_from(office.settings.home)):
                seals[name] = seal
        except (BadInput, Misfit) as error:
            trouble = error.what
            what = words("WeCom's callbacks for {account} are not taken: {trouble}", account=name, trouble=trouble)
            office.tell(f"callbacks:{name}", what)
    return WeComCallbacks(seals, office.database, office.clock) if seals else None


def office_pages_of(office: Office) -> OfficePages:
    """The office's own pages. Raises `BadInput` and `BadFile` for bad templates."""
    if office.settings.oidc.issuer and not is_installed():
        what = words("The identity provider is set, but what it needs is not installed.")
        office.tell("oidc:library", what)
    return OfficePages(office.database, lambda: office.settings, templates_of(office.settings), clock=office.clock)
