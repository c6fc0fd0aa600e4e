"""`[retention]`: how long what came back is kept beyond what it proves."""

import datetime as dt

from pydantic import Field

from distributor.settings.table import Duration, Table


class Retention(Table):
    """`[retention]`: what is removed when its time is over; the record of copies, 签收 and decisions stays."""

    raw_reports: Duration = Field(
        dt.timedelta(days=90), description="Reports and answers as they came in; what they prove stays."
    )
    openings: Duration = Field(
        dt.timedelta(days=365),
        description="Notes that a page was opened or something was loaded, by nobody knows whom.",
    )
    replies: Duration = Field(
        dt.timedelta(days=365), description="The words of mail servers at each attempt; verdict and code stay."
    )
