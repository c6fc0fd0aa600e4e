"""All checks in their order, each kept from spoiling the others."""

from collections.abc import Iterator, Mapping

from distributor.doctor.accounts import check_accounts
from distributor.doctor.calendar import check_calendar
from distributor.doctor.clock import check_clock
from distributor.doctor.database import check_database
from distributor.doctor.diagnosis import Check, Context, Diagnosis, failure, of_error, of_problem
from distributor.doctor.disk import check_disk
from distributor.doctor.key import check_key
from distributor.doctor.mailbox import check_mailbox
from distributor.doctor.office import check_office
from distributor.doctor.official_accounts import check_official_accounts
from distributor.doctor.other_chats import check_other_chats
from distributor.doctor.pages import check_pages
from distributor.doctor.quotas import check_quotas
from distributor.doctor.recipients import check_recipients
from distributor.doctor.replies import check_replies
from distributor.doctor.sender import check_sender
from distributor.doctor.settings import check_settings
from distributor.doctor.templates import check_templates
from distributor.doctor.wecom import check_wecom
from distributor.doctor.zone import check_zone
from distributor.errors import BadFile, DistributorError
from distributor.words import words

CHECKS: Mapping[str, Check] = {
    "settings": check_settings,
    "database": check_database,
    "disk": check_disk,
    "clock": check_clock,
    "zone": check_zone,
    "calendar": check_calendar,
    "recipients": check_recipients,
    "templates": check_templates,
    "replies": check_replies,
    "key": check_key,
    "smtp": check_accounts,
    "wecom": check_wecom,
    "apprise": check_other_chats,
    "mailbox": check_mailbox,
    "official_account": check_official_accounts,
    "quotas": check_quotas,
    "pages": check_pages,
    "office": check_office,
    "sender": check_sender,
}


def examine(context: Context, checks: Mapping[str, Check] = CHECKS) -> Iterator[Diagnosis]:
    """Every finding, as soon as it is there. Never raises: a check that breaks is a finding too."""
    for name, check in checks.items():
        try:
            yield from check(context)
        except BadFile as error:
            yield from (of_problem(name, problem) for problem in error.problems)
        except DistributorError as error:
            yield of_error(name, error)
        # The doctor is called when something is odd; one odd thing must not hide the rest.
        except Exception as error:
            what = words("The check itself failed: {reason}", reason=f"{type(error).__name__}: {error}")
            yield failure(name, what, words("Report this with the output of the command."))
