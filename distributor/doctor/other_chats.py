"""Each group chat by Apprise: its URL is there and understood, and nothing would go in clear. Nothing is sent."""

from collections.abc import Iterator

from distributor.channels.apprise.service import service_of
from distributor.doctor.diagnosis import Context, Diagnosis, failure, of_error, ok
from distributor.errors import BadInput
from distributor.words import words


def check_other_chats(context: Context) -> Iterator[Diagnosis]:
    """One finding for each chat of the settings; nothing where there are none."""
    for name, account in context.settings.apprise.items():
        label = f"apprise.{name}"
        try:
            service = service_of(account.found_from(context.settings.home))
        except BadInput as error:
            yield of_error(label, error)
            continue
        if service.is_clear:
            what = words("The chat's URL is not encrypted; only https goes to another machine.")
            yield failure(label, what, words("Write the URL's encrypted form, such as jsons:// for json://."))
            continue
        files = words("files are shown") if service.takes_files else words("files are not shown")
        yield ok(
            label, words("Understood as {service}; {files}. Its chat was not tried.", service=service.name, files=files)
        )
