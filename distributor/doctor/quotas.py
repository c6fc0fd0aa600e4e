"""What is left of the limits that the office set for its accounts, by the durable windows that sending keeps to.

A platform's own quotas are asked for by the checks of the platforms.
"""

import math
from collections.abc import Iterator

from distributor.doctor.diagnosis import Context, Diagnosis, ok, warning
from distributor.settings.channels import EMAIL, account_of, every_account, limited_scopes
from distributor.store.inspection import looking
from distributor.store.windows import Usage, usage
from distributor.words import say, words


def check_quotas(context: Context) -> Iterator[Diagnosis]:
    """One finding or more for each account that has limits. Raises `Unavailable`."""
    settings = context.settings
    scopes = {account: limited_scopes(settings, account) for account in every_account(settings)}
    with looking(settings.database_url) as conn:
        if conn is None:
            return  # nothing was ever sent
        usages = {account: usage(conn, each) for account, each in scopes.items()}
    for account, each in usages.items():
        label = f"smtp.{account}" if account_of(account)[0] == EMAIL else account
        yield from judge(f"{label}.limits", each)


def judge(name: str, usages: tuple[Usage, ...]) -> Iterator[Diagnosis]:
    """What the use of one account's limits means."""
    for one in usages:
        if one.wait:
            gaps = {"limit": _limit(one), "seconds": math.ceil(one.wait.total_seconds())}
            what = words("The limit {limit} is used up; there is room again in {seconds} s.", **gaps)
            yield warning(name, what, words("Letters wait for it by themselves; raise the limit if more is allowed."))
    left = [say("{left} of {limit}", left=one.count - one.used, limit=_limit(one)) for one in usages if not one.wait]
    if left:
        yield ok(name, words("Left of the limits: {left}.", left=", ".join(left)))


def _limit(one: Usage) -> str:
    """A limit, with its domain where it is for one."""
    domain = one.scope.rpartition(":")[2] if one.scope.startswith("domain:") else ""
    return f"{one.limit} ({domain})" if domain else one.limit
