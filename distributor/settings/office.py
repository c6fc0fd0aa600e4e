"""`[office]`: who sends, and who is told."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from distributor.settings import values as check
from distributor.settings.table import Address, Table, Text


class Office(Table):
    """`[office]`: who sends, and who is told when something needs a person."""

    name: Annotated[str, AfterValidator(check.name)] = Field(description="The office's name as letters print it.")
    sender: Annotated[str, AfterValidator(check.one_mailbox)] = Field(
        alias="from", description="The From header: `名称 <address>`."
    )
    reply_to: Annotated[str, AfterValidator(check.optional_mailbox)] = Field(
        "", description="Where answers go; empty: to `from`."
    )
    editors: Annotated[tuple[Address, ...], BeforeValidator(check.addresses)] = Field(
        (), description="Addresses of the editors."
    )
    phone: Text = Field("", description="The number printed for questions and 签收 by phone.")
    base_url: Annotated[str, AfterValidator(check.page)] = Field(
        "", description="The reader's page, https (http on this machine only); empty: no public page."
    )
    timezone: Annotated[str, AfterValidator(check.zone)] = Field("Asia/Shanghai", description="The zone people read.")

    @property
    def sender_address(self) -> str:
        """The bare address of `from`, normalised."""
        return check.mailbox(self.sender)[1]
