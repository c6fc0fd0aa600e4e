"""What is said of an article: where it stands, how many read it, what to do next."""

from collections.abc import Mapping

from distributor.delivery.article import OUT, ArticleState
from distributor.store.articles import ArticleRecord
from distributor.words import Words, say, words

S = ArticleState


#: Where an article stands, in a few words.
_STANDINGS: Mapping[ArticleState, Words] = {
    S.NEW: words("not drafted yet"),
    S.DRAFTING: words("not drafted yet"),
    S.DRAFTED: words("drafted, not out"),
    S.PREVIEWED: words("drafted and shown to the editor, not out"),
    S.PUBLISHING: words("may be on its way: the platform's answer is missing"),
    S.SENDING: words("may be on its way: the platform's answer is missing"),
    S.PUBLISH_TAKEN: words("at the platform, which looks at it before it is published"),
    S.SEND_TAKEN: words("at the platform, which is sending it"),
    S.PUBLISHED: words("published"),
    S.SENT: words("sent to the readers of the account"),
    S.FAILED: words("not out: the platform did not let it through, or somebody saw that it is not there"),
    S.UNKNOWN: words("in doubt: nobody knows whether it is out"),
}

_WORD = words("Give the word with --publish or --mass-send.")
_WAIT = words("A running service looks at the platform by itself; --look does it now.")

#: What the editor can do next.
_NEXT: Mapping[ArticleState, Words] = {
    S.NEW: words("Draft it with --draft."),
    S.DRAFTING: words("Draft it with --draft."),
    S.DRAFTED: words("Look at it with --preview, then give the word with --publish or --mass-send."),
    S.PREVIEWED: _WORD,
    S.PUBLISHING: _WAIT,
    S.SENDING: _WAIT,
    S.PUBLISH_TAKEN: _WAIT,
    S.SEND_TAKEN: _WAIT,
    S.FAILED: words("See the reason at mp.weixin.qq.com, correct it, and draft it anew with --draft."),
    S.UNKNOWN: words("Look at mp.weixin.qq.com, then say it with --arrived or --lost."),
}


def article_words(article: ArticleRecord) -> Words:
    """One line: the account, where the article stands there, its address, the newest count of readers, the trouble."""
    line = words("Article (公众号 {account}): {standing}", account=article.account, standing=_STANDINGS[article.state])
    parts = [str(line), article.address, article.trouble if article.state not in OUT else ""]
    if article.readers:
        day, readers = article.readers[-1]
        parts.append(say("readers on {day}: {count}", count=readers, day=day))
    return words("{line}.", line="; ".join(part for part in parts if part))


def next_words(article: ArticleRecord) -> Words | None:
    """What the editor can do next; None when there is nothing to do."""
    return _NEXT.get(article.state)
