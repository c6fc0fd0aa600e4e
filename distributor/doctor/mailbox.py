"""The mailbox: connect, login, open the folder, exactly as for reading; no mail is fetched, marked or moved."""

from collections.abc import Iterator, Mapping

from distributor.discretion import keep_secret
from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, unchecked, warning
from distributor.receipts.mailbox import Folder, MailboxFault, MailboxTrouble
from distributor.words import Words, words

NAME = "mailbox"

_ADVICE: Mapping[MailboxFault, Words] = {
    MailboxFault.NETWORK: words("Check host and port, the network and the firewall."),
    MailboxFault.LOGIN: words(
        "Check the username and the password; many providers want a 授权码. Do not try again and again: "
        "they lock accounts."
    ),
    MailboxFault.FOLDER: words("Check the name of the folder in [mailbox]; it must be there."),
    MailboxFault.CERTIFICATE: words("Name the server as its certificate does, or give its CA as ca_file."),
}


def check_mailbox(context: Context) -> Iterator[Diagnosis]:
    """Whether the folder of the settings can be read. Raises `BadInput` when its password cannot be read."""
    settings = context.settings.mailbox.found_from(context.settings.home)
    if not settings.host:
        what = words("No mailbox is read: bounces, read reports and answers are not seen.")
        yield warning(NAME, what, words("Add a table [mailbox] to distributor.toml."))
        return
    if not context.network:
        yield unchecked(NAME, words("Not checked: no network was allowed."))
        return
    password = settings.secret()
    keep_secret(password)
    quick = settings.model_copy(update={"timeout": min(settings.timeout, context.patience)})
    try:
        with Folder(quick, password):
            yield ok(NAME, words("{name} can be read.", name=settings.name))
    except MailboxTrouble as trouble:
        yield failure(NAME, trouble.text, _ADVICE[trouble.fault])
