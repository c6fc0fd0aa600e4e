"""The task id that names a copy, on its card and in the event of the card's button.

A task id serves one card only, in letters, digits, `_`, `-` and `@`, and 128 bytes at most
(developer.work.weixin.qq.com/document/path/90236).
"""

import re

_TASK = re.compile(r"bulletin-([0-9A-Za-z]{1,64})")


def task_id(delivery_id: str) -> str:
    """The task id of a copy's card: the same on every attempt, so that a retry is the same bytes."""
    return f"bulletin-{delivery_id}"


def delivery_of(task: str) -> str | None:
    """The copy whose card has this task id; None when it is not one of ours."""
    found = _TASK.fullmatch(task)
    return found[1] if found else None
