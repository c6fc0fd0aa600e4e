"""The callback addresses of Official Accounts (公众号), `/official-account/NAME`, as parts of the service."""

from distributor.channels.wechat.seal import Seal
from distributor.channels.wechat.seal_files import read_seal
from distributor.errors import BadInput
from distributor.misfit import Misfit
from distributor.service.office import Office
from distributor.web.account_callbacks import AccountCallbacks
from distributor.words import words


def account_callbacks(office: Office) -> AccountCallbacks:
    """The addresses of the accounts that have a seal. A bad seal is told and left out: polling does without."""
    seals: dict[str, Seal] = {}
    for name, account in office.settings.official_account.items():
        here = account.found_from(office.settings.home)
        try:
            seal = read_seal(here.callback_token_file, here.aes_key_file, receive_id=here.app_id)
        except (BadInput, Misfit) as error:
            trouble = error.what
            what = words("Callbacks of the account {account} are not taken: {trouble}", account=name, trouble=trouble)
            office.tell(f"callbacks:official_account:{name}", what)
        else:
            seals |= {name: seal} if seal else {}
    return AccountCallbacks(seals, office.database, office.clock)
