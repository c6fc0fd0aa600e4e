"""Whether a rendered letter keeps to what mail clients show: the rules of the email part, checked by code.

Nothing here changes a letter. Each finding names the rule, the clients that break it, and the template's line.
"""

from distributor.rendering.email_check.letter import check_letter, check_reminder
from distributor.rendering.email_check.support import clients

__all__ = ["check_letter", "check_reminder", "clients"]
