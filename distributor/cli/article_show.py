"""How an article is shown to people."""

from collections.abc import Mapping

from distributor.cli.desk import Desk
from distributor.delivery.article import OUT, ArticleState
from distributor.reports.article import article_words, next_words
from distributor.store.articles import ArticleRecord, StepRecord
from distributor.words import say

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
        read = say("readers: {count}", count=readers)
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
