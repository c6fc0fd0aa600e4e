"""What looks wrong at a bulletin's end: who signed, whom it goes to, how to reach the office."""

from collections.abc import Iterator

from distributor.bulletin.assemble import Pieces
from distributor.bulletin.fields import FieldKind
from distributor.bulletin.findings import error, warning
from distributor.bulletin.model import Bulletin, Direction, Duty
from distributor.bulletin.shape import compact
from distributor.errors import Place, Problem
from distributor.words import words


def check_tail(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    """The findings about sign-off, addressees and contact."""
    yield from _sign_off(pieces, bulletin, file)
    yield from _addressees(bulletin, file)
    yield from _contact(pieces, bulletin, file)


def _sign_off(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    lines = {compact(each.label): each.line for each in pieces.tail.fields if each.kind is FieldKind.ROLE}
    approvers = [role for role in bulletin.roles if role.duty is Duty.APPROVER]
    approvers = approvers or [role for role in bulletin.roles if role.duty is Duty.REVIEWER]
    if not approvers:
        yield error(
            Place(file),
            "approver_missing",
            words("Nobody has approved the bulletin: it has no 核签 or 签发."),
            words("Add who approved it, such as 核签：李某."),
        )
    elif not any(role.names for role in approvers):
        yield error(
            Place(file, lines.get(compact(approvers[0].label), 0)),
            "approver_blank",
            words("{label} is blank: nobody has approved the bulletin.", label=approvers[0].label),
            words("Add the name of who approved it."),
        )
    for role in bulletin.roles:
        if role.duty in (Duty.EDITOR, Duty.PROOFREADER) and not role.names:
            yield warning(
                Place(file, lines.get(compact(role.label), 0)),
                "editor_blank",
                words("{label} is blank.", label=role.label),
                words("Add the name, or take the label out."),
            )


def _addressees(bulletin: Bulletin, file: str) -> Iterator[Problem]:
    for line in bulletin.addressees:
        if not line.names:
            yield warning(
                Place(file, line.line),
                "addressees_empty",
                words("The line {label} names nobody.", label=line.label),
                words("Name whom the bulletin goes to, or take the line out."),
            )
    if not any(bulletin.names_for(direction) for direction in Direction):
        yield error(
            Place(file),
            "addressees_missing",
            words("The bulletin names nobody it goes to."),
            words("Add lines such as 报：区委、区政府 and 发：各镇街."),
        )


def _contact(pieces: Pieces, bulletin: Bulletin, file: str) -> Iterator[Problem]:
    if not bulletin.contact.email and not bulletin.contact.phone:
        line = next((each.line for each in pieces.tail.fields if each.kind in (FieldKind.PHONE, FieldKind.EMAIL)), 0)
        yield warning(
            Place(file, line),
            "contact_missing",
            words("The bulletin gives neither a telephone number nor a mail address."),
            words("Add a last line such as 电话：010-55550100."),
        )
