"""A bulletin in every form that a member of WeCom may get it in, as the program makes it."""

import json
from functools import cache
from typing import Any

from distributor.channels.base import Envelope, Message
from distributor.channels.wechat.wecom import ONCE
from distributor.dispatch.letters import files_of
from distributor.recipients.model import Acknowledge, WeComForm
from distributor.rendering.card import WECOM, fill_card, render_card
from distributor.rendering.personal import sample_copy
from distributor.rendering.rendition import Attachment, Rendition
from distributor.rendering.views import GroupView
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block
from tests.simulators.running import AGENT

PDF = Attachment("云岭河长制工作快报第12期.pdf", "application/pdf", b"%PDF-1.7 ...")

#: The forms that show something which the platform must be given first.
WITH_UPLOADS = (WeComForm.MPNEWS, WeComForm.FILE, WeComForm.CARD_AND_FILE)


@cache
def rendition(form: WeComForm) -> Rendition:
    """The sample bulletin in one form, for a group that signs where the form lets it."""
    signs = Acknowledge.NEVER if form is WeComForm.FILE else Acknowledge.REQUIRED
    known = GROUPS["发"]
    group = GroupView(known.name, known.direction, known.template, signs, known.due)
    made = render_card(
        every_block(),
        group=group,
        office=OFFICE_WITH_PAGE,
        templates=TEMPLATES,
        channel=WECOM,
        form=form,
        pictures=PICTURES,
    )
    files = (PDF,) if form in (WeComForm.FILE, WeComForm.CARD_AND_FILE) else ()
    return Rendition(**{name: getattr(made, name) for name in made.__slots__} | {"attachments": files})


def form_message(form: WeComForm, address: str) -> Message:
    """One member's message: the same bytes on every attempt."""
    made, delivery_id = rendition(form), f"delivery-of-{address}"
    task = "bulletin-" + address.encode().hex()[:100]
    body = fill_card(made, sample_copy("李四"), address={"touser": address, "agentid": AGENT, **ONCE}, task=task)
    return Message(delivery_id, Envelope("", address), (body,), files_of(made))


def with_marks(form: WeComForm, reader: str, content: dict[str, Any], names: dict[str, str]) -> bytes:
    """The message as it was handed to the channel, from what a reader has before his eyes.

    `names` are the platform's for the files, by mark.
    """
    document = json.loads(form_message(form, reader).body)
    text = json.dumps(content, ensure_ascii=False)
    for mark, name in names.items():
        text = text.replace(name, mark)
    return json.dumps({**document, document["msgtype"]: json.loads(text)}, ensure_ascii=False).encode()
