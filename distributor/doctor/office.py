"""The office's own pages: who can log in at all, and whether the identity provider does what a login needs.

The provider is asked for what it says of itself and for its keys, and is given a code that cannot be one: by its
answer it is seen whether it takes our name and secret. Nobody is logged in.
"""

import asyncio
from collections.abc import Iterator

from distributor.doctor.diagnosis import Context, Diagnosis, failure, of_error, ok, unchecked, warning
from distributor.errors import BadInput
from distributor.oidc.installed import is_installed
from distributor.oidc.journey import journey, new_secret, way_back
from distributor.oidc.trouble import Fault, OidcTrouble
from distributor.settings import Oidc, Settings
from distributor.store.database import Connection
from distributor.store.identities import identities
from distributor.store.inspection import looking
from distributor.store.logins import Login, Role, list_logins
from distributor.words import words

NAME, PROVIDER = "office", "office.oidc"

_ADVICE = {
    Fault.UNREACHABLE: words("Check issuer, ca_file and proxy in [oidc], the network and the firewall."),
    Fault.CLIENT: words("Copy client_id and the secret again from the provider's console."),
    Fault.UNTRUSTED: words("Compare [oidc] with what the provider's console says of this program."),
}


def check_office(context: Context) -> Iterator[Diagnosis]:
    """Who can log in, and the identity provider where one is set. Raises `Unavailable` for a bad database."""
    with looking(context.settings.database_url) as conn:
        if conn is not None:
            yield from who_enters(conn, context.settings)
    oidc = context.settings.oidc.found_from(context.settings.home)
    if oidc.issuer:
        yield from _provider(oidc, context)


def who_enters(conn: Connection, settings: Settings) -> Iterator[Diagnosis]:
    """Whether somebody can log in, an editor among them, and whom no way lets in. Nothing where there is no login."""
    oidc, linked = settings.oidc, identities(conn)
    provider = bool(oidc.issuer and settings.office.base_url) and is_installed()
    able: list[Login] = []
    shut: list[Login] = []
    for login in list_logins(conn):
        identity = linked.get(login.key)
        by_provider = provider and identity is not None and identity.issuer == oidc.issuer
        (able if by_provider or (oidc.passwords and login.password_at) else shut).append(login)
    do = words("Link them with `distributor office link`, or give them a password; see passwords in [oidc].")
    if shut and not able:
        yield failure(NAME, words("Nobody can log in on the office's pages."), do)
    elif shut:
        names = "、".join(login.name for login in shut)
        yield warning(NAME, words("They cannot log in on the office's pages: {names}.", names=names), do)
    elif able:
        yield ok(NAME, words("Everybody with a login can log in on the office's pages ({count}).", count=len(able)))
    if able and any(login.role is Role.EDITOR for login in shut) and all(login.role is Role.VIEWER for login in able):
        yield warning(NAME, words("No editor can log in on the office's pages: nobody could decide there."), do)


def _provider(oidc: Oidc, context: Context) -> Iterator[Diagnosis]:
    if not is_installed():
        do = words("Install it: pip install 'distributor[oidc]'.")
        yield failure(PROVIDER, words("The identity provider is set, but what it needs is not installed."), do)
        return
    base_url = context.settings.office.base_url
    if not base_url:
        what = words("People cannot come back from the identity provider: [office] base_url is empty.")
        yield failure(PROVIDER, what, words("Set base_url to the address under which the pages are reached."))
        return
    try:
        oidc.secret()
    except BadInput as error:
        yield of_error(PROVIDER, error)
        return
    if not context.network:
        yield unchecked(PROVIDER, words("Not checked: no network was allowed."))
        return
    quick = oidc.model_copy(update={"timeout": min(oidc.timeout, context.patience)})
    yield from asyncio.run(_asked(quick, context, way_back(base_url)))


async def _asked(oidc: Oidc, context: Context, redirect_uri: str) -> list[Diagnosis]:
    # Only offices with a provider need the library.
    from distributor.oidc.provider import Provider

    found = []
    try:
        provider = Provider(oidc, lambda: context.now)
        try:
            metadata = await provider.metadata()
            if not await provider.keys():
                raise OidcTrouble(Fault.UNTRUSTED, words("It publishes no key for RS256 or ES256."))
            if not metadata.s256:
                what = words("It does not say that it checks PKCE with S256.")
                found += [warning(PROVIDER, what, words("Turn PKCE on for this program in its console."))]
            trial = journey(new_secret(), new_secret(), redirect_uri)
            known = await provider.takes_client(trial)
        finally:
            await provider.close()
    except OidcTrouble as trouble:
        return [*found, failure(PROVIDER, trouble.reason, _ADVICE.get(trouble.fault))]
    gaps = {"issuer": oidc.issuer, "address": redirect_uri}
    what = words("{issuer} answers, and names itself so. The redirect URI to register there: {address}", **gaps)
    found += [ok(PROVIDER, what)]
    if not known:
        found += [unchecked(PROVIDER, words("Whether it takes client_id and secret is seen at the first login."))]
    return found
