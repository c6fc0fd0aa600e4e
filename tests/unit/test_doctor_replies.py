"""The doctor looks at the office's own rules about replies."""

import datetime as dt
from pathlib import Path

from distributor.doctor.diagnosis import Context, Verdict
from distributor.doctor.examination import examine
from distributor.doctor.replies import check_replies
from distributor.settings import Office, Settings


def context(home: Path) -> Context:
    office = Office(name="河长办", sender="hzb@example.gov.cn")
    return Context(settings=Settings(office=office, home=home), now=dt.datetime(2026, 11, 23, tzinfo=dt.UTC))


def test_it_counts_the_rules_of_both_files(tmp_path: Path) -> None:
    (tmp_path / "replies.yaml").write_text("rules:\n  - {text: not today, class: temporary}\n", encoding="utf-8")
    (found,) = examine(context(tmp_path), {"replies": check_replies})
    assert found.verdict is Verdict.OK
    assert ", 1 are your own" in str(found.what)


def test_it_names_the_line_of_a_rule_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "replies.yaml").write_text("rules:\n  - {text: not today}\n", encoding="utf-8")
    (found,) = examine(context(tmp_path), {"replies": check_replies})
    assert found.verdict is Verdict.FAILURE
    assert "replies.yaml:2:5" in str(found.what)
