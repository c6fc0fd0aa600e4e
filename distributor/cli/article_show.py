"""How an article is shown to people and to programs."""

from collections.abc import Mapping

from distributor.cli.desk import Desk
from distributor.delivery.article import OUT, ArticleState
from distributor.reports.article import article_words, next_words
from distributor.store.articles import ArticleRecord, StepRecord
from distributor.words import say

Document = dict[str, object]

_COLOURS: Mapping[ArticleState, str] = {
    ArticleState.PUBLISHED: "green",
    ArticleState.SENT: "green",
    ArticleState.FAILED: "red",
    ArticleState.UNKNOWN: "magenta",
}


def show_article(desk: Desk, article: ArticleRecord) -> None:
    """Where an article stands, its steps, its readers, and what to do next."""
    if desk.as_json:
        return
    show_standing(desk, article)
    for step in article.steps:
        desk.say(f"  {desk.local(step.begun_at)}  {_step_words(step)}")
    for day, readers in article.readers[-7:]:
        read = say("{count} readers", count=readers)
        desk.say(f"  {day}  {read}")
    if what := next_words(article):
        desk.say(f"→ {what}")


def show_standing(desk: Desk, article: ArticleRecord) -> None:
    """One line about an article."""
    desk.say(article_words(article), style=_COLOURS.get(article.state, "bold"))


def went(article: ArticleRecord) -> bool:
    """Whether nothing is left to look after: it is out, or waits for its editor."""
    at_rest = OUT | {ArticleState.NEW, ArticleState.DRAFTED, ArticleState.PREVIEWED}
    return article.state in at_rest


def article_document(article: ArticleRecord) -> Document:
    """An article, machine-readable."""
    return {
        "account": article.account,
        "state": article.state.value,
        "address": article.address or None,
        "trouble": article.trouble or None,
        "media_id": article.media_id or None,
        "publish_id": article.publish_id or None,
        "msg_id": article.msg_id or None,
        "statistics_id": article.statistics_id or None,
        "changed_at": article.changed_at.isoformat(),
        "out_at": article.out_at.isoformat() if article.out_at else None,
        "look_at": article.look_at.isoformat() if article.look_at else None,
        "steps": [_step_document(step) for step in article.steps],
        "readers": [{"day": day.isoformat(), "readers": readers} for day, readers in article.readers],
    }


def _step_document(step: StepRecord) -> Document:
    return {
        "step": step.step,
        "actor": step.actor,
        "begun_at": step.begun_at.isoformat(),
        "ended_at": step.ended_at.isoformat() if step.ended_at else None,
        "result": step.result or None,
        "code": step.code,
        "text": step.text or None,
    }


def _step_words(step: StepRecord) -> str:
    names = {
        "draft": say("draft"),
        "preview": say("preview"),
        "publish": say("publishing"),
        "mass_send": say("mass send"),
    }
    results = {
        "": say("begun, no answer on record"),
        "done": say("done"),
        "refused": say("refused"),
        "lost": say("no readable answer"),
        "not_taken": say("did not go"),
        "failed": say("not let through"),
    }
    said = f"{step.code} {step.text}" if step.code else "" if step.result == "done" else step.text
    return " ".join(part for part in (f"{names[step.step]}: {results[step.result]}", said) if part)
