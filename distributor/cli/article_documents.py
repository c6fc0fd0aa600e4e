"""An article as machine-readable answer. The keys are part of the contract and never translated."""

from distributor.store.articles import ArticleRecord, StepRecord

Document = dict[str, object]


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
