"""What the office's pages say: their labels, and what to do about a copy, for people who have buttons, not commands."""

from types import SimpleNamespace

from distributor.delivery.decision import Decision, decision_of
from distributor.delivery.evidence import Kind
from distributor.delivery.reason import Reason
from distributor.delivery.state import State
from distributor.dispatch.holds import CHANGED, DOUBTS, HOUR, LATE, LIST_CHANGED
from distributor.store.logins import Role
from distributor.store.records import DeliveryRecord
from distributor.words import Words, words

#: The labels of the templates, by the name that a template prints (`t.name`).
LABELS = SimpleNamespace(
    jump=words("Skip to the content"),
    pages=words("Pages"),
    language=words("Language"),
    bulletins=words("Bulletins"),
    receipts=words("Receipts to look at"),
    log_in=words("Log in"),
    log_out=words("Log out"),
    or_password=words("Or with a password"),
    name=words("Name"),
    password=words("Password"),
    needs=words("Waits for a person"),
    needs_nothing=words("Nothing waits for a person."),
    none_yet=words("No bulletin has been finalised yet."),
    older=words("Older bulletins"),
    newest=words("The newest bulletins"),
    bulletin=words("Bulletin"),
    copies=words("Copies"),
    finalised=words("Finalised"),
    released=words("Released"),
    next_due=words("Next attempt"),
    send_rule=words("Its own rule"),
    not_released=words("not released, or on hold"),
    planned=words("planned"),
    books=words("The books"),
    books_bar=words("The books as a bar: what was reached, what is under way, what is in doubt, what was missed."),
    by_group=words("By group"),
    group=words("Group"),
    on_the_way=words("on the way"),
    reached=words("accepted or delivered"),
    missed=words("not reached"),
    doubt=words("in doubt"),
    withdrawn=words("withdrawn"),
    as_of=words("As of"),
    live=words("The figures follow the sending by themselves."),
    ladder=words("What is known"),
    ladder_about=words("Each person counts once, on the highest rung that is proved. Rungs are never added up."),
    rung=words("Rung"),
    people=words("People"),
    share=words("Share"),
    units=words("Who has signed"),
    unit=words("Unit"),
    standing=words("Standing"),
    evidence=words("What is known"),
    signed_units=words("Units that have signed"),
    open_units=words("Units that have not signed, those who owe it first"),
    all_signed=words("Every unit that was asked has signed."),
    by=words("until"),
    more=words("More are not listed here."),
    trouble=words("Needs a person"),
    no_trouble=words("No copy needs a person."),
    what_happened=words("What happened"),
    what_to_do=words("What to do"),
    letters=words("The letters"),
    letter=words("Letter"),
    letters_about=words("As frozen when the bulletin was finalised, with a made-up reader."),
    subject=words("Subject"),
    attachments=words("Attached"),
    plain_text=words("The text part"),
    all_copies=words("All copies"),
    everybody=words("Who got what"),
    address=words("Address"),
    state=words("State"),
    time=words("Time"),
    role=words("Role"),
    channel=words("Channel"),
    decide=words("Decide"),
    retry=words("Try again"),
    cancel=words("Withdraw"),
    resume=words("Let it go on"),
    remind=words("Remind (催办)"),
    pause=words("Pause"),
    pause_all=words("Pause everything"),
    pause_reason=words("Why, for those who look later"),
    resolve=words("Settle the doubt"),
    back=words("Back"),
    yes=words("Yes"),
    no=words("No, go back"),
    story=words("What happened to this copy"),
    attempts=words("Attempts"),
    came_back=words("What came back"),
    nothing_back=words("Nothing has come back about this copy."),
    source=words("Source"),
    kind=words("What it is"),
    said=words("What it says"),
    received=words("Came in"),
    note=words("Why a person must look"),
    no_receipts=words("Every receipt has found its copy."),
    receipts_about=words("These fit nobody or need a person's eye; they count for nothing until somebody has looked."),
    suggested=words("It may belong to"),
    nothing_to_decide=words("There is nothing to decide here at this moment."),
    assign=words("It belongs to the suggested copy"),
    dismiss=words("Put it aside"),
    next_page=words("Next page"),
    first_page=words("First page"),
    logged_in=words("Logged in as"),
)

ROLES = {Role.VIEWER: words("viewer"), Role.EDITOR: words("editor")}

#: What a receipt is.
KINDS: dict[Kind, Words] = {
    Kind.DELAYED: words("a report that it is delayed"),
    Kind.BOUNCED: words("a bounce"),
    Kind.REFUSED: words("sent back by the recipient's own filter"),
    Kind.RELAYED: words("a report that it was handed on"),
    Kind.DELIVERED: words("a report that it is in the mailbox"),
    Kind.AUTO_REPLIED: words("an automatic answer"),
    Kind.DISPOSED: words("a report of the mail program that is no reading"),
    Kind.COMPLAINED: words("a complaint: marked as spam"),
    Kind.FETCHED: words("something of it was loaded"),
    Kind.OPENED: words("its page was opened"),
    Kind.READ_AUTOMATICALLY: words("a read report that a program sent by itself"),
    Kind.READ: words("a read report"),
    Kind.REPLIED: words("an answer"),
    Kind.RETURNED: words("sent back (退回)"),
    Kind.PHONED: words("签收 by phone"),
    Kind.SIGNED: words("签收 on the page"),
    Kind.IDENTIFIED: words("签收 by a person who was logged in"),
    Kind.UNCLASSIFIED: words("something that a person must understand"),
}

#: Where a receipt came in.
SOURCES: dict[str, Words] = {
    "page": words("on the reader's page"),
    "phone": words("by phone"),
    "mailbox": words("by mail"),
    "pixel": words("by a picture in the letter"),
    "wecom": words("by WeCom"),
}

#: What is shown of a receipt's details, in this order; the rest is for programs.
DETAILS: dict[str, Words] = {
    "name": words("Name"),
    "for": words("Signed for"),
    "member": words("Member"),
    "remark": words("Remark"),
    "reason": words("Reason"),
    "noted_by": words("Noted by"),
    "subject": words("Subject"),
    "text": words("What it says"),
    "address": words("Address"),
    "original": words("Original address"),
    "status": words("Status"),
}

#: Why a group's letter waits.
HOLDS: dict[str, Words] = {
    "content": words("the mail server refused the letter itself; look at its replies before you let it go on"),
    LATE: words("its hour was missed"),
    LIST_CHANGED: words("the recipients have changed since; finalise it again to take the new list"),
    CHANGED: words("another text of the same number was dropped; finalise the right file"),
    DOUBTS: words("there were warnings"),
    HOUR: words("its hour could not be worked out"),
}


def hold_reason(hold: str) -> Words | str:
    """Why a letter waits, for somebody who has a button to let it go on."""
    return HOLDS.get(hold, hold)


_ADVICE: dict[State, Words] = {
    State.QUEUED: words("It waits for its time."),
    State.CLAIMED: words("It is being worked on at this moment."),
    State.SENDING: words("It is being handed over at this moment."),
    State.DEFERRED: words("It is tried again by itself; the button makes it due at once."),
    State.ACCEPTED: words("The mail server took responsibility. Whether it was read is not known."),
    State.DELIVERED: words("It has arrived. Nothing is left to do."),
    State.BOUNCED: words("Correct the address in recipients.yaml and finalise again, or reach the person by phone."),
    State.FAILED: words(
        "Correct the address in recipients.yaml and finalise again, or try again if the refusal was a mistake."
    ),
    State.UNKNOWN: words("Ask the person whether it arrived, then settle the doubt. It is never sent again by itself."),
    State.SUPPRESSED: words("The address is not tried: earlier letters were refused for good. Correct it."),
    State.CANCELLED: words("It was withdrawn before it was sent. Nothing is left to do."),
}


def what_to_do(delivery: DeliveryRecord, *, hold: str | None = None) -> Words:
    """What to do next about one copy. `hold` is why its group's letter waits."""
    if hold and delivery.state in (State.QUEUED, State.DEFERRED):
        return words("Its group is on hold: {reason}.", reason=hold_reason(hold))
    if delivery.is_put_aside:
        return words("The letter itself was refused. When it should go after all, try again.")
    if delivery.state is State.ACCEPTED and decision_of(delivery.reason) is Decision.ARRIVED:
        return words("A person said that it arrived. Nothing is left to do.")
    if delivery.state is State.FAILED and delivery.reason == Reason.EXPIRED:
        return words("Its time was over before it could be sent. If it still matters, try again.")
    return _ADVICE[delivery.state]
