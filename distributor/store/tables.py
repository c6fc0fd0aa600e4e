"""Every table there is: what the migrations must come to. Importing a schema module puts its tables into `metadata`."""

from distributor.store import (
    article_schema,
    chain_schema,
    mail_schema,
    office_schema,
    receipt_schema,
    reminder_schema,
    service_schema,
    upload_schema,
    withdrawal_schema,
)
from distributor.store.schema import metadata

SCHEMAS = (
    service_schema,
    receipt_schema,
    mail_schema,
    withdrawal_schema,
    office_schema,
    article_schema,
    reminder_schema,
    chain_schema,
    upload_schema,
)

__all__ = ["SCHEMAS", "metadata"]
