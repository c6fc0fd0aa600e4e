"""The folder that a demo works in: everything of an office, on this machine, and only ever made by a demo."""

import shutil
from pathlib import Path

from distributor.errors import BadInput
from distributor.resources import shipped
from distributor.settings import Settings, SmtpAccount
from distributor.settings.file import FILE_NAME, load_settings
from distributor.words import words

#: Stands in every folder that a demo has made.
MARK = ".distributor-demo"


def refuse_an_office(folder: Path) -> None:
    """A demo only ever touches a folder that a demo has made."""
    if folder.exists() and not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(
            words("{folder} was not made by a demo; nothing in it is touched.", folder=folder),
            do=words("Name a new folder: distributor demo --folder NAME"),
        )


def lay_out(folder: Path) -> None:
    """Puts the example settings, recipients and bulletins there; what somebody has edited since stays."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    for name in (FILE_NAME, "recipients.yaml", "examples"):
        source, target = shipped(name), folder / name
        if not target.exists():
            shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)


def settings_of(folder: Path, port: int) -> Settings:
    """The example settings, with the mailbox of this machine in place of the relay."""
    account = SmtpAccount(host="127.0.0.1", port=port, security="none", connections=3)
    settings = load_settings(folder / FILE_NAME, environ={})
    return settings.model_copy(update={"smtp": {"main": account}})


def with_page(settings: Settings, address: str) -> Settings:
    """The same settings for letters that lead to the reader's page at `address`."""
    return settings.model_copy(update={"office": settings.office.model_copy(update={"base_url": address})})
