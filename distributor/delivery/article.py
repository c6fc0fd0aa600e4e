"""The law of an article: where one edition stands with one Official Account (公众号), and how it may move.

No delivery: an article goes to nobody in particular. Publishing and mass sending cannot be taken back, so each has
a begun mark (`publishing`, `sending`) that is on the disk before its request leaves, and from there the law leads on
by evidence alone: what the platform said or shows, or what a person saw. Nothing here sends twice.
"""

import datetime as dt
from collections.abc import Collection
from enum import StrEnum


class ArticleState(StrEnum):
    """Where an article stands. Each member says what the word does not mean."""

    NEW = "new"  # nothing is at the platform
    DRAFTING = "drafting"  # a draft may be at the platform; nothing irrevocable, so it is simply drafted again
    DRAFTED = "drafted"  # a draft is in the box; nobody but the account's editors sees it
    PREVIEWED = "previewed"  # the editor was shown the draft; not "approved"
    PUBLISHING = "publishing"  # the request may have gone; never made again by itself from here
    PUBLISH_TAKEN = "publish_taken"  # the platform took the task; it may still refuse the text
    PUBLISHED = "published"  # the article has an address; no reader was told
    SENDING = "sending"  # the request may have gone; never made again by itself from here
    SEND_TAKEN = "send_taken"  # the platform took the task; it may still refuse the text
    SENT = "sent"  # the platform says that it was sent to the readers; not "read"
    FAILED = "failed"  # the platform did not let it through, or a person saw that it is not out
    UNKNOWN = "unknown"  # it left the box and nobody can say what became of it; a person looks


class ArticleFact(StrEnum):
    """What can happen to an article."""

    DRAFT = "draft"  # somebody wants a draft made, or made anew
    DRAFTED = "drafted"  # the draft is in the box
    SHOW = "show"  # the editor was shown it
    PUBLISH = "publish"  # the durable note before the request to publish
    SEND = "send"  # the durable note before the request to mass-send
    NOT_TAKEN = "not_taken"  # refused, never left, or the draft is still in the box
    PUBLISH_TAKEN = "publish_taken"  # the platform named its task
    SEND_TAKEN = "send_taken"
    PUBLISHED = "published"  # the platform shows the article
    SENT = "sent"  # the platform says that its task is done
    FAIL = "fail"  # the platform says that it failed, or a person that it is not out
    LOSE = "lose"  # the draft has left the box, and there is no trace of it after a day


S, F = ArticleState, ArticleFact

#: States that a task's name corrects: whoever said otherwise did not know.
_CORRECTED = (S.PUBLISHING, S.SENDING, S.DRAFTING, S.DRAFTED, S.PREVIEWED, S.UNKNOWN, S.FAILED)

TRANSITIONS: dict[tuple[ArticleState, ArticleFact], ArticleState] = {
    (S.NEW, F.DRAFT): S.DRAFTING,
    (S.DRAFTING, F.DRAFT): S.DRAFTING,
    (S.DRAFTED, F.DRAFT): S.DRAFTING,
    (S.PREVIEWED, F.DRAFT): S.DRAFTING,
    # What failed is not out, so the edition may be drafted and go once more.
    (S.FAILED, F.DRAFT): S.DRAFTING,
    (S.DRAFTING, F.DRAFTED): S.DRAFTED,
    # The draft to be changed is gone, and a request of ours may have taken it.
    (S.DRAFTING, F.LOSE): S.UNKNOWN,
    (S.DRAFTED, F.SHOW): S.PREVIEWED,
    (S.PREVIEWED, F.SHOW): S.PREVIEWED,
    (S.DRAFTED, F.PUBLISH): S.PUBLISHING,
    (S.PREVIEWED, F.PUBLISH): S.PUBLISHING,
    (S.DRAFTED, F.SEND): S.SENDING,
    (S.PREVIEWED, F.SEND): S.SENDING,
    (S.PUBLISHING, F.NOT_TAKEN): S.DRAFTED,
    # The answer was lost and the task with it, but the article itself is there.
    (S.PUBLISHING, F.PUBLISHED): S.PUBLISHED,
    (S.PUBLISHING, F.LOSE): S.UNKNOWN,
    (S.PUBLISH_TAKEN, F.PUBLISHED): S.PUBLISHED,
    (S.PUBLISH_TAKEN, F.FAIL): S.FAILED,
    (S.SENDING, F.NOT_TAKEN): S.DRAFTED,
    (S.SENDING, F.LOSE): S.UNKNOWN,
    (S.SEND_TAKEN, F.SENT): S.SENT,
    (S.SEND_TAKEN, F.FAIL): S.FAILED,
    # A person has looked at the account.
    (S.UNKNOWN, F.PUBLISHED): S.PUBLISHED,
    (S.UNKNOWN, F.SENT): S.SENT,
    (S.UNKNOWN, F.FAIL): S.FAILED,
    # The platform's own word, also when it comes late, from a process that was frozen: one draft goes out once.
    **{(state, F.PUBLISH_TAKEN): S.PUBLISH_TAKEN for state in _CORRECTED},
    **{(state, F.SEND_TAKEN): S.SEND_TAKEN for state in _CORRECTED},
}

#: Facts that are true whenever they come; all others count only as the answer to what the record shows.
LATE = frozenset({F.PUBLISH_TAKEN, F.SEND_TAKEN})

#: Out for good: nothing moves it any more.
OUT = frozenset({S.PUBLISHED, S.SENT})

#: Between the begun mark and the platform's last word: somebody has to look.
UNDER_WAY = frozenset({S.PUBLISHING, S.PUBLISH_TAKEN, S.SENDING, S.SEND_TAKEN})

#: Begun, and no answer on record.
BEGUN = frozenset({S.PUBLISHING, S.SENDING})

#: A request that was under way when its answer was lost is given so long before anybody looks, and the platform
#: itself refuses the same mass send again within a minute (45066).
SETTLE = dt.timedelta(minutes=1)

#: For so long the platform knows a mass send by our own id, and for so long a lost publication is looked for.
MEMORY = dt.timedelta(hours=24)

_SOONEST, _LATEST = dt.timedelta(seconds=10), dt.timedelta(minutes=10)

#: Readers are counted for so many days after an article went out; a day without a figure is asked for so long.
_COUNTED_DAYS, _PATIENT_DAYS = 30, 3


class ForbiddenArticleMove(Exception):
    """A fact arrived that the table does not allow in this state."""

    def __init__(self, state: ArticleState, fact: ArticleFact) -> None:
        super().__init__(f"{fact} is not possible in state {state}")
        self.state = state
        self.fact = fact


def advance(state: ArticleState, fact: ArticleFact) -> ArticleState:
    """Returns the state after a fact. Raises `ForbiddenArticleMove` when the table has no such arrow."""
    try:
        return TRANSITIONS[state, fact]
    except KeyError:
        raise ForbiddenArticleMove(state, fact) from None


def allows(state: ArticleState, fact: ArticleFact) -> bool:
    """Whether a fact may happen in a state."""
    return (state, fact) in TRANSITIONS


def next_look(begun: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When to ask the platform again about what is under way since `begun`: soon at first, ten minutes later at last.

    Both are UTC. A clock that was set back makes nobody wait longer than the longest pause.
    """
    return now + min(max((now - begun) / 4, _SOONEST), _LATEST)


def days_to_ask(out_on: dt.date, today: dt.date, known: Collection[dt.date]) -> tuple[dt.date, ...]:
    """The days whose readers are to be asked for, oldest first; all dates are those of the platform (Asia/Shanghai).

    The platform counts a day when it is over. One that has no figure after three days gets none.
    """
    first = max(out_on, today - dt.timedelta(days=_PATIENT_DAYS))
    last = min(today - dt.timedelta(days=1), out_on + dt.timedelta(days=_COUNTED_DAYS - 1))
    span = (last - first).days + 1
    return tuple(day for day in (first + dt.timedelta(days=n) for n in range(max(span, 0))) if day not in known)
