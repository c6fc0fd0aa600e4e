"""`[oidc]`: an identity provider (统一身份认证) that people log in with on the office's own pages."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from distributor.misfit import Misfit
from distributor.settings import values as check
from distributor.settings.table import Duration, OptionalPath, Table, Text
from distributor.settings.wecom import platform_secret
from distributor.words import words


class Oidc(Table):
    """`[oidc]`: logging in to the office's own pages by OpenID Connect; needs `pip install distributor[oidc]`."""

    issuer: Annotated[str, AfterValidator(check.issuer)] = Field(
        "", description="The identity provider, exactly as it names itself; empty: passwords only."
    )
    client_id: Text = Field("", description="What the provider calls this program.")
    client_secret: SecretStr = Field(SecretStr(""), description="Only from the environment, never in the file.")
    client_secret_file: OptionalPath = Field(None, description="A file that holds the client's secret.")
    label: Text = Field("", description="What people call the provider, such as `统一身份认证`; for the button.")
    scopes: Annotated[tuple[Text, ...], BeforeValidator(check.addresses)] = Field(
        ("openid", "email"), description="What is asked for; `openid` must be among it."
    )
    passwords: bool = Field(True, description="Whether people may log in with a password as well.")
    ca_file: OptionalPath = Field(None, description="A CA to trust besides the system's.")
    proxy: Text = Field("", description="`http://host:port` of a proxy on the way there; empty: none.")
    timeout: Duration = Field(dt.timedelta(seconds=10), description="For each request.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer and not self.client_id:
            what = words("{key} is missing.", key="client_id")
            raise Misfit("missing", what, words("Write what the identity provider calls this program."))
        if not self.issuer and not self.passwords:
            what = words("Nobody could log in: passwords is false, and there is no issuer.")
            raise Misfit("nobody_enters", what, words("Set issuer, or leave passwords true."))
        if "openid" not in self.scopes or any(len(scope.split()) != 1 for scope in self.scopes):
            what = words("{value} is not possible here.", value=" ".join(self.scopes))
            raise Misfit("scopes", what, words('Write a list with "openid" in it, such as ["openid", "email"].'))
        return self

    def found_from(self, folder: Path) -> "Oidc":
        """The same settings with their relative files taken from `folder`."""
        files = {"client_secret_file": self.client_secret_file, "ca_file": self.ca_file}
        return self.model_copy(update={name: folder / path for name, path in files.items() if path is not None})

    def secret(self) -> str:
        """The client's secret: from the environment, else from its file. Raises `BadInput` when there is none."""
        return platform_secret(self.client_secret, self.client_secret_file)
