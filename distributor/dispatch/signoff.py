"""What stands between a bulletin and its readers: the reasons to refuse it, and the doubts to confirm.

A classified text, a draft without 核签, an empty list of recipients are refused here for every door
(`finalise`, `send`, test letters), so no door can forget one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from distributor.dispatch.intake import Prepared
from distributor.errors import Place, Problem, Refused
from distributor.settings import Sending
from distributor.words import Words, words

#: Findings about the approver; `[send] require_approver = false` makes them doubts.
_APPROVER = frozenset({"approver_missing", "approver_blank"})

#: What may not leave the office in any letter, a test letter included.
_NEVER_MAILED = "classified"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings of one bulletin, parted into what blocks it and what needs a yes."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


class NotSignedOff(Refused):
    """The bulletin may not go out as it is; `problems` says why, one by one."""

    code = "not_signed_off"

    def __init__(self, what: Words, problems: Sequence[Problem]) -> None:
        super().__init__(what, do=words("Correct them in the file and try again."))
        self.problems = tuple(problems)


def judge_bulletin(prepared: Prepared, sending: Sending) -> Verdict:
    """Parts all findings into errors and warnings, by the office's own rules."""
    findings = [*prepared.findings, *_recipient_problems(prepared, sending)]
    errors = [finding for finding in findings if _blocks(finding, sending)]
    return Verdict(tuple(errors), tuple(finding for finding in findings if finding not in errors))


def require_clean(prepared: Prepared, sending: Sending) -> Verdict:
    """Returns the verdict when nothing blocks the bulletin. Raises `NotSignedOff` otherwise."""
    verdict = judge_bulletin(prepared, sending)
    if verdict.errors:
        what = words(
            "{file} cannot be finalised: {count} error(s).", file=prepared.path.name, count=len(verdict.errors)
        )
        raise NotSignedOff(what, verdict.errors)
    return verdict


def require_testable(prepared: Prepared, sending: Sending) -> tuple[Problem, ...]:
    """Returns what a test letter of this text should be sent with: every finding, as a warning.

    A draft may be tested. Raises `NotSignedOff` for a classified text, and when a group's letter cannot be made.
    """
    verdict = judge_bulletin(prepared, sending)
    unmade = {one.group for one in prepared.resolved.recipients} - {one.group.name for one in prepared.letters}
    blocks = [one for one in verdict.errors if unmade or one.code == _NEVER_MAILED or one in prepared.letter_problems]
    if blocks:
        what = words(
            "{file} cannot be sent, not even as a test: {count} error(s).", file=prepared.path.name, count=len(blocks)
        )
        raise NotSignedOff(what, blocks)
    return tuple(replace(one, grade="warning") for one in (*verdict.errors, *verdict.warnings))


def _blocks(finding: Problem, sending: Sending) -> bool:
    if finding.code in _APPROVER:
        return sending.require_approver
    return finding.grade == "error"


def _recipient_problems(prepared: Prepared, sending: Sending) -> list[Problem]:
    place = Place(prepared.loaded.directory.file)
    count = len(prepared.resolved.recipients)
    if count == 0:
        return [
            Problem(
                place,
                "no_recipients",
                words("Nobody in the directory can be reached."),
                words("Add people with addresses to the groups."),
            )
        ]
    if count > sending.max_recipients:
        return [
            Problem(
                place,
                "too_many_recipients",
                words(
                    "The directory comes to {count} recipients; the limit is {limit}.",
                    count=count,
                    limit=sending.max_recipients,
                ),
                words("If this is meant, raise `max_recipients` under [send] in distributor.toml."),
            )
        ]
    return []
