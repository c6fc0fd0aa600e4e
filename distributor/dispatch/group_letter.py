"""One group's letter on one channel: made of the bulletin, and proved before anything is frozen."""

from dataclasses import replace
from pathlib import Path

from distributor.bulletin.model import Reading
from distributor.dispatch.letters import compile_for, prove_card
from distributor.dispatch.paper import pdf_of
from distributor.errors import Place, Problem, Refused
from distributor.recipients.model import Attach, Group, WeComForm
from distributor.rendering.card import WECOM, render_card
from distributor.rendering.email import HTML_WARN, GroupView, OfficeView, html_size, render_email
from distributor.rendering.fields import PIXEL
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.rendering.wecom_forms import FormUnfit
from distributor.settings import Settings
from distributor.settings.channels import EMAIL
from distributor.words import words

#: The forms in which a member of 企业微信 gets the PDF itself.
_WITH_PDF = frozenset({WeComForm.FILE, WeComForm.CARD_AND_FILE})


def render_for(
    reading: Reading,
    group: Group,
    settings: Settings,
    templates: Templates,
    *,
    file: str,
    channel: str = EMAIL,
    edition: int = 1,
) -> Rendition:
    """Renders the letter that one group gets on one channel, with its files.

    `file` names the bulletin in errors; `edition` above 1 is a correction (更正).
    """
    office = settings.office
    view = GroupView(
        name=group.name,
        direction=group.direction,
        template=group.template,
        acknowledge=group.acknowledge,
        due=group.due,
        pixel=group.pixel,
    )
    sender = OfficeView(
        name=office.name,
        phone=office.phone,
        reply_address=office.reply_to or office.sender,
        base_url=office.base_url,
    )
    # What goes to a chat is everybody's, and no paper for one reader.
    code = channel == EMAIL and bool(office.base_url) and Attach.PDF_WITH_CODE in group.attached
    # Most forms for a member have no room for a file, and lead to the page that has it.
    carries = group.wecom_form in _WITH_PDF if channel == WECOM else bool(group.attached)
    files = (pdf_of(reading, templates, file=file, edition=edition, code=code),) if carries else ()
    bulletin = reading.bulletin
    if channel != EMAIL:
        try:
            card = render_card(
                bulletin,
                group=view,
                office=sender,
                templates=templates,
                channel=channel,
                edition=edition,
                form=group.wecom_form,
                pictures=reading.assets,
            )
        except FormUnfit as error:
            error.place = group.place
            raise
        return replace(card, attachments=files)
    return render_email(
        bulletin,
        group=view,
        office=sender,
        templates=templates,
        pictures=reading.assets,
        edition=edition,
        attachments=files,
    )


def proof(rendition: Rendition, settings: Settings, path: Path) -> list[Problem]:
    """Proves that a rendition can be a letter or a card, and says when it is larger than mail systems like."""
    if rendition.channel != EMAIL:
        prove_card(rendition)
        return []
    size = compile_for(settings, rendition).typical_size
    limit = settings.send.max_message_bytes
    if size > limit:
        raise Refused(
            words(
                "The letter to {group} has {size} bytes; the limit is {limit}.",
                group=rendition.group,
                size=size,
                limit=limit,
            ),
            do=words("Use fewer or smaller pictures."),
            place=Place(path.name),
        )
    if html_size(rendition) > HTML_WARN:
        what = words(
            "The letter to {group} has {size} KB of HTML; some mail programs cut it off at 100 KB.",
            group=rendition.group,
            size=html_size(rendition) // 1024,
        )
        return [Problem(Place(path.name), "html_large", what, words("Consider two numbers."), grade="warning")]
    return []


def without_pixel(rendition: Rendition, group: Group, settings: Settings, path: Path) -> list[Problem]:
    """A warning when the group's letters are to be counted by a picture, and this one loads none."""
    if not group.pixel or rendition.channel != EMAIL or PIXEL in rendition.fields:
        return []
    gaps = {"group": group.name}
    what = words("pixel has no effect: the letter to {group} loads no picture from the reader's page.", **gaps)
    if not settings.office.base_url:
        do = words("Set office.base_url, or remove pixel.")
    else:
        do = words("Print links.pixel as the built-in letter.html does, or remove pixel.")
    return [Problem(group.place or Place(path.name), "no_effect", what, do, grade="warning")]
