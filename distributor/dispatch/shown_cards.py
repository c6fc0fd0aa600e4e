"""What is done to a message that its reader has already: a card's button says 已签收, or the message is taken back.

A card that was signed for elsewhere is changed with the code that the platform gave for it, once and within 72 hours;
a withdrawn bulletin is asked back within 24 hours, after which the platform refuses
(developer.work.weixin.qq.com/document/path/94888 and 94867). Neither changes a delivery: what was shown was shown.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from distributor.channels.wechat.interface import Answer, Unanswered
from distributor.channels.wechat.token import NoToken
from distributor.dispatch.lines import Lines
from distributor.errors import BadInput
from distributor.settings import Settings
from distributor.settings.channels import accounts_of
from distributor.store.database import Connection, Database
from distributor.store.shown_cards import RECALLED, SIGNED, ShownCard, book_change, signed_cards, withdrawn_cards

RECALL_WITHIN = dt.timedelta(hours=24)
CHANGE_WITHIN = dt.timedelta(hours=72)

#: So many cards are looked after in one go.
AT_ONCE = 50

DONE, LATE, REFUSED = "done", "late", "refused"


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one card. `reply` is the platform's, when it refused."""

    card: ShownCard
    result: str
    reply: str = ""


async def grey_signed(
    database: Database, settings: Settings, lines: Lines, *, clock: Callable[[], dt.datetime]
) -> tuple[Ended, ...]:
    """Lets the cards of copies that were signed for elsewhere say 已签收.

    Without an answer they wait for the next time. Raises `Unavailable`.
    """
    since = clock() - CHANGE_WITHIN
    cards = _look(database, lambda conn: signed_cards(conn, since=since, limit=AT_ONCE))
    ended = []
    for card in cards:
        code = card.reference.get("response_code", "")
        if not code:  # a form without a button
            ended.append(_book(database, Ended(card, DONE), SIGNED, clock()))
            continue
        change = {
            "userids": [card.member],
            "response_code": code,
            "button": {"replace_name": "已签收"},
        }
        answer = await _ask(settings, lines, card, "/cgi-bin/message/update_template_card", change)
        if answer is None:
            break
        ended.append(_book(database, _ended(card, answer), SIGNED, clock()))
    return tuple(ended)


async def recall_withdrawn(
    database: Database,
    settings: Settings,
    lines: Lines,
    *,
    clock: Callable[[], dt.datetime],
    bulletin_id: int | None = None,
) -> tuple[Ended, ...]:
    """Asks the cards of withdrawn bulletins back. Raises `Unavailable`.

    Without an answer they wait for the next time.
    """
    ended: list[Ended] = []
    while cards := _look(database, lambda conn: withdrawn_cards(conn, limit=AT_ONCE, bulletin_id=bulletin_id)):
        for card in cards:
            if clock() - card.shown_at >= RECALL_WITHIN:
                ended.append(_book(database, Ended(card, LATE), RECALLED, clock()))
                continue
            answer = await _recall(settings, lines, card)
            if answer is None:
                return tuple(ended)
            ended.append(_book(database, _ended(card, answer), RECALLED, clock()))
    return tuple(ended)


async def _recall(settings: Settings, lines: Lines, card: ShownCard) -> Answer | None:
    """Asks a message back, and then the file that was shown after it: the answer that says no, if one does."""
    ids = [card.reference.get("msgid", "")]
    if beside := card.reference.get("file_msgid"):
        ids.append(beside)
    answers = []
    for msgid in ids:
        answer = await _ask(settings, lines, card, "/cgi-bin/message/recall", {"msgid": msgid}, agent=False)
        if answer is None:
            return None
        answers.append(answer)
    return next((answer for answer in answers if answer.errcode), answers[0])


async def _ask(
    settings: Settings, lines: Lines, card: ShownCard, path: str, document: Mapping[str, object], *, agent: bool = True
) -> Answer | None:
    """The platform's answer; None when there is none now."""
    if card.account not in accounts_of(settings, "wecom"):
        return Answer(-1, "the account is not in the settings any more")
    try:
        app = lines.app(settings, card.account)
        body = {**document, "agentid": app.agent_id} if agent else document
        return await app.ask(path, json.dumps(body, ensure_ascii=False).encode())
    except (BadInput, NoToken, Unanswered):
        return None


def _ended(card: ShownCard, answer: Answer) -> Ended:
    if answer.errcode == 0:
        return Ended(card, DONE)
    return Ended(card, REFUSED, f"{answer.errcode} {answer.errmsg}")


def _book(database: Database, ended: Ended, kind: str, now: dt.datetime) -> Ended:
    with database.write() as conn:
        book_change(conn, ended.card.delivery_id, kind, ended.result, ended.reply, now=now)
    return ended


def _look(database: Database, find: Callable[[Connection], Sequence[ShownCard]]) -> Sequence[ShownCard]:
    with database.read() as conn:
        return find(conn)
