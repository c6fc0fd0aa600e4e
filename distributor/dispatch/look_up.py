"""Finds people's accounts in 企业微信 by mobile number or mail address, for the admin to write into recipients.yaml.

The platform locks the interface for a day when more than a fifth of an enterprise was asked for in vain
(developer.work.weixin.qq.com/document/path/95402 and 95895). So what was asked is remembered, numbers are checked
before they are asked for, and the asking ends at a twentieth of the people in the directory, counted over a day.
"""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.token import NoToken
from distributor.channels.wechat.wecom import App
from distributor.errors import Unavailable
from distributor.recipients.model import Directory, Person, Unit
from distributor.store import lookups
from distributor.store.database import Database
from distributor.words import words

#: Misses count against us for so long.
A_DAY = dt.timedelta(days=1)

#: One in so many people of the directory may be asked for in vain within a day; at least one.
SHARE = 20

#: Nobody by that number or address (46004), or a number that cannot be one (60103).
_NOBODY = (46004, 60103)

#: How mail addresses are asked for: the enterprise's own first, then private ones.
_OWN, _PRIVATE = 1, 2


@dataclass(frozen=True, slots=True)
class Found:
    """One person whose account was wanted. `userid` is empty when nobody was found, None when nobody was asked."""

    unit: Unit
    person: Person
    userid: str | None


def wanted(directory: Directory) -> tuple[tuple[Unit, Person], ...]:
    """Who has no account, but a number or an address to find it by, in groups that use WeCom; each person once."""
    found: dict[tuple[str, str], tuple[Unit, Person]] = {}
    for group in directory.groups:
        for unit in group.units if "wecom" in group.channels else ():
            for person in unit.people:
                if "wecom" not in person.addresses and _questions(person):
                    found.setdefault((unit.name, person.name), (unit, person))
    return tuple(found.values())


def budget(directory: Directory) -> int:
    """How often the platform may be asked in vain within a day."""
    return max(sum(len(unit.people) for group in directory.groups for unit in group.units) // SHARE, 1)


async def look_up(
    database: Database,
    app: App,
    corp_id: str,
    people: Sequence[tuple[Unit, Person]],
    *,
    most: int,
    clock: Callable[[], dt.datetime],
) -> tuple[Found, ...]:
    """Asks for everybody, until `most` were asked for in vain. Raises `Unavailable` when the platform refuses."""
    found = []
    for unit, person in people:
        userid: str | None = ""
        for path, asked in _questions(person):
            userid = await _one(database, app, corp_id, path, asked, most=most, now=clock())
            if userid or userid is None:
                break
        found.append(Found(unit, person, userid))
    return tuple(found)


async def _one(
    database: Database, app: App, corp_id: str, path: str, asked: dict[str, object], *, most: int, now: dt.datetime
) -> str | None:
    question = json.dumps(asked, sort_keys=True)
    with database.read() as conn:
        known = lookups.remembered(conn, corp_id, question, misses_since=now - A_DAY)
        missed = lookups.misses(conn, corp_id, since=now - A_DAY)
    if known is not None:
        return known
    if missed >= most:
        return None
    try:
        answer = await app.ask(path, json.dumps(asked).encode())
    except NoToken as trouble:
        raise _refused(f"{trouble.answer.errcode} {trouble.answer.errmsg}") from trouble
    except Unanswered as trouble:
        raise _refused(trouble.reason) from trouble
    if answer.errcode and answer.errcode not in _NOBODY:
        raise _refused(f"{answer.errcode} {answer.errmsg}")
    userid = "" if answer.errcode else answer.text("userid")
    with database.write() as conn:
        lookups.remember(conn, corp_id, question, userid, now=now)
    return userid


def _questions(person: Person) -> list[tuple[str, dict[str, object]]]:
    questions: list[tuple[str, dict[str, object]]] = []
    if person.mobile:
        questions.append(("/cgi-bin/user/getuserid", {"mobile": person.mobile}))
    elif email := person.addresses.get("email"):
        path = "/cgi-bin/user/get_userid_by_email"
        questions += [(path, {"email": email, "email_type": kind}) for kind in (_OWN, _PRIVATE)]
    return questions


def _refused(reply: str) -> Unavailable:
    return Unavailable(
        words("The platform does not answer the question: {reply}", reply=reply),
        do=words("`distributor doctor` says what is wrong; what was found so far is remembered."),
    )
