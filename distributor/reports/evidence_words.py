"""What the rungs of the ladder, and where somebody stands, are called for people."""

from collections.abc import Sequence

from distributor.delivery.evidence import Grade, Kind, Rung, is_acknowledged
from distributor.reports.receipt_table import Standing
from distributor.store.receipt_records import Receipt, counted
from distributor.words import Words, words

RUNGS: dict[Rung, Words] = {
    Rung.NONE: words("nothing is known yet"),
    Rung.ACCEPTED: words("taken by the mail server"),
    Rung.RELAYED: words("handed on to a system that gives no further report"),
    Rung.REPORTED: words("arrived, as a person said"),
    Rung.DELIVERED: words("in the mailbox"),
    Rung.FETCHED: words("loaded by a machine, or nobody can tell"),
    Rung.OPENED: words("page opened, unverified"),
    Rung.READ: words("read, as the mail program reports"),
    Rung.REPLIED: words("answered by a person"),
    Rung.PHONED: words("签收 by phone"),
    Rung.SIGNED: words("签收 by the link, identity not verified"),
    Rung.IDENTIFIED: words("签收 by a person who was logged in"),
}

KINDS: dict[Kind, Words] = {
    Kind.DELAYED: words("a mail system reports that it is not there yet and still tried"),
    Kind.BOUNCED: words("a report says that it could not be delivered"),
    Kind.REFUSED: words("the recipient's own filter sent it back"),
    Kind.RELAYED: words("a mail system reports that it handed it on"),
    Kind.DELIVERED: words("a mail system reports that it is in the mailbox"),
    Kind.AUTO_REPLIED: words("the mailbox answered by itself"),
    Kind.DISPOSED: words("the mail program reports that it was put away without being read"),
    Kind.COMPLAINED: words("the recipient marked it as spam"),
    Kind.FETCHED: words("something of it was loaded, perhaps by a machine"),
    Kind.OPENED: words("its page was opened, nobody can tell by whom"),
    Kind.READ_AUTOMATICALLY: words("the mail program reports by itself that it was displayed"),
    Kind.READ: words("the mail program reports that it was read"),
    Kind.REPLIED: words("a person answered"),
    Kind.RETURNED: words("it was sent back on its page"),
    Kind.PHONED: words("签收 by phone, as the office noted"),
    Kind.SIGNED: words("签收 on its page"),
    Kind.IDENTIFIED: words("签收 by a person who was logged in"),
    Kind.UNCLASSIFIED: words("something came back that nobody has read yet"),
}

GRADES: dict[Grade, Words] = {
    Grade.TRANSPORT: words("a mail system says so"),
    Grade.UNVERIFIED: words("unverified: machines do this too"),
    Grade.CLIENT: words("the reader's program says so"),
    Grade.NOTED: words("noted by the office"),
    Grade.PERSON: words("a person did it"),
    Grade.IDENTIFIED: words("a person who proved who they are"),
}

STANDINGS: dict[Standing, Words] = {
    Standing.OVERDUE: words("overdue"),
    Standing.MISSING: words("not signed yet"),
    Standing.RETURNED: words("sent back"),
    Standing.UNREACHED: words("not reached"),
    Standing.NOT_ASKED: words("no 签收 asked for"),
    Standing.SIGNED: words("signed"),
}


def receipt_words(receipt: Receipt) -> Words | str:
    """One receipt in one sentence; one that counts for nothing says why."""
    said = [str(receipt.details[key]) for key in ("name", "remark", "reason", "status") if receipt.details.get(key)]
    what = (
        words("{what}: {details}", what=KINDS[receipt.kind], details="; ".join(said)) if said else KINDS[receipt.kind]
    )
    if receipt.standing == "review":
        return words("{what} (it does not count until a person has looked: {note})", what=what, note=receipt.note)
    return words("{what} (it does not count)", what=what) if receipt.standing == "dismissed" else what


def said_by_readers(receipts: Sequence[Receipt]) -> Words | None:
    """What is left to do after what readers said themselves; None when they said nothing."""
    counts = counted(receipts)
    if is_acknowledged(one.kind for one in counts):
        return words("It has been signed for. Nothing is left to do.")
    returned = [one for one in counts if one.kind is Kind.RETURNED]
    if returned:
        reason = returned[-1].details.get("reason", "")
        return words("It was sent back: {reason}. Settle it with them; they can still sign.", reason=reason)
    return None
