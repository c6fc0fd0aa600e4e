"""What single values of `distributor.toml` may hold. Each check raises `Misfit` with what to write instead."""

import datetime as dt
import ipaddress
import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from distributor.address import header_safe, read_address
from distributor.delivery.throttle import parse_limit
from distributor.misfit import Misfit, shortened, suggestion
from distributor.schedule.parse import parse_rule
from distributor.schedule.rule import Rule
from distributor.words import words

_SPANS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_MAILBOX = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<>"]*?))\s*<(?P<address>[^<>]*)>\s*')
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?", re.IGNORECASE)
_DSN = ("SUCCESS", "FAILURE", "DELAY")


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine, by its name alone: localhost, 127.0.0.0/8 or ::1 (RFC 6761 6.3)."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def duration(value: object) -> object:
    """Reads "3 days", "2 hours", "90 seconds"; leaves other kinds to pydantic, refuses nothing and less."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(second|minute|hour|day)s?\s*", value)
        value = dt.timedelta(seconds=int(match[1]) * _SPANS[match[2]]) if match else value
    if isinstance(value, dt.timedelta) and value > dt.timedelta():
        return value
    what = words("{value} is not a time span.", value=shortened(value))
    raise Misfit("duration", what, words('Write a time span such as "3 days" or "2 hours".'))


def rule(value: object) -> Rule:
    """A send rule. TOML reads hours and dates without quotes as values of its own; they are refused."""
    if isinstance(value, Rule):
        return value
    if isinstance(value, dt.time | dt.datetime):
        meant = f"{value:%H:%M}" if isinstance(value, dt.time) else f"{value:%Y-%m-%d %H:%M}"
        what = words("{value} without quotes is not a text: it may be read as something else.", value=value)
        raise Misfit("rule", what, words('Put it in quotes: "{value}".', value=meant))
    return parse_rule(str(value))


def zone(value: str) -> str:
    """A time zone of the IANA list."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        what = words("{value} is not a time zone.", value=shortened(value))
        names = [name for name in available_timezones() if name.count("/") == 1]
        near = suggestion(value, names) if "/" in value else words('For all of China it is "Asia/Shanghai".')
        raise Misfit("timezone", what, near) from error
    return value


def text(value: str) -> str:
    """A text that letters print: one line, safe in a header."""
    return header_safe(value.strip())


def name(value: str) -> str:
    """A text that must not be empty."""
    if not value.strip():
        raise Misfit("empty", words("The text is empty."), words("Write a text or remove the key."))
    return text(value)


def mailbox(value: str) -> tuple[str, str]:
    """The display name and the address of `名称 <address>` or of a bare address (RFC 5322 3.4)."""
    match = _MAILBOX.fullmatch(header_safe(value))
    if match is None:
        return "", read_address(value.strip()).text
    quoted = match["quoted"]
    shown = match["plain"].strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return shown, read_address(match["address"].strip()).text


def one_mailbox(value: str) -> str:
    """Checks that a text is one mailbox and keeps it as written."""
    mailbox(value)
    return value


def optional_mailbox(value: str) -> str:
    """Like `one_mailbox`; empty is allowed."""
    return one_mailbox(value) if value else value


def addresses(value: object) -> object:
    """A list of addresses; the environment writes it with commas."""
    return [part.strip() for part in re.split(r"[,;]", value) if part.strip()] if isinstance(value, str) else value


def limits(value: object) -> object:
    """Limits such as `20/minute`; the environment writes several with commas."""
    texts = addresses(value)
    return (
        [parse_limit(each) if isinstance(each, str) else each for each in texts] if isinstance(texts, list) else texts
    )


def address(value: str) -> str:
    """One bare address, normalised."""
    return read_address(value).text


def bounce_address(value: str) -> str:
    """An envelope sender; `{token}` stands at most once, before the @. Empty is allowed."""
    if not value:
        return value
    do = words("Write it as {form}.", form="bounce+{token}@example.gov.cn")
    refusal = Misfit("bounce_address", words("{value} is not a bounce address.", value=shortened(value)), do)
    local, _, domain = value.rpartition("@")
    if local.count("{token}") > 1:
        raise refusal
    try:
        read_address(f"{local.replace('{token}', 't' * 32)}@{domain}")
    except Misfit as error:
        raise refusal from error
    return value


def host(value: str) -> str:
    """A server's name or IP address, without scheme, port or path."""
    stripped = value.strip()
    try:
        ipaddress.ip_address(stripped)
    except ValueError as error:
        if not _HOST.fullmatch(stripped) or len(stripped) > 253:
            what = words("{value} is not the name of a server.", value=shortened(value))
            do = words("Write the name only, such as smtp.example.gov.cn; the port has its own key.")
            raise Misfit("host", what, do) from error
    return stripped


def optional_host(value: str) -> str:
    """Like `host`; empty is allowed."""
    return host(value) if value else value


def bind(value: str) -> str:
    """`host:port` to listen on, an IPv6 address in brackets. Empty is allowed."""
    if not value:
        return value
    name, _, port = value.rpartition(":")
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if not bare or (":" in bare) != (bare != name) or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        what = words("{value} is not a place to listen on.", value=shortened(value))
        raise Misfit("bind", what, words("Write host and port, such as 127.0.0.1:8025."))
    host(bare)
    return value


def hours(value: str) -> str:
    """Hours of a day, such as 09:00-17:00; the first before the last."""
    match = re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)", value.replace(" ", ""), re.ASCII)
    plain = value.replace(" ", "")
    if match is None or minutes(plain.partition("-")[0]) >= minutes(plain.partition("-")[2]):
        what = words("{value} are no hours of a day.", value=shortened(value))
        raise Misfit("hours", what, words("Write the first and the last hour, such as 09:00-17:00."))
    return plain


def minutes(text: str) -> int:
    """The minutes since midnight of an hour such as 09:30."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def network(value: str) -> str:
    """An address or a network, such as 10.0.0.5 or 10.0.0.0/24."""
    try:
        return str(ipaddress.ip_network(value.strip()))
    except ValueError as error:
        what = words("{value} is not a network.", value=shortened(value))
        raise Misfit(
            "network", what, words("Write an address or a network, such as 10.0.0.5 or 10.0.0.0/24.")
        ) from error


def page(value: str) -> str:
    """The reader's page: https, or http on this machine. Without a closing slash; empty is allowed."""
    if not value:
        return value
    try:
        parts = urlsplit(value)
        known = parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment or parts.username or not value.isascii() or not value.isprintable():
        what = words("{value} is not the address of a page.", value=shortened(value))
        raise Misfit("base_url", what, words("Write it as https://bulletin.example.gov.cn."))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        what = words("{value} is not encrypted.", value=shortened(value))
        raise Misfit("base_url", what, words("Begin it with https://; http:// is possible on this machine only."))
    return value.rstrip("/")


def issuer(value: str) -> str:
    """An identity provider's own name: a URL like that of a page, kept as written (OpenID Connect Discovery 3)."""
    page(value)
    return value


def database(value: str) -> str:
    """sqlite:///file or postgresql://… The value may hold a password, so no message shows it."""
    scheme, found, rest = value.partition("://")
    if found and scheme in ("postgresql", "postgresql+psycopg") and rest:
        return value
    if found and scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return value
    what = words("The database's address begins with {scheme}, which is not supported.", scheme=shortened(scheme, 20))
    if found and scheme == "sqlite":
        what = words("The database's address names no file.")
    if not found:
        what = words("The database's address has no ://.")
    raise Misfit("database_url", what, words("Write sqlite:///data/distributor.db or postgresql://host/name."))


def has_password(url: str) -> bool:
    """Whether a URL carries a password."""
    return bool(re.match(r"[^/]+://[^/@]*:[^/]*@", url)) or "password=" in url.lower()


def notify(value: str) -> str:
    """The NOTIFY wish of RFC 3461 4.1: NEVER, or a comma list of the others. Empty: not asked."""
    parts = [part.strip().upper() for part in value.split(",") if part.strip()]
    if parts == ["NEVER"] or all(part in _DSN for part in parts):
        return ",".join(dict.fromkeys(parts))
    what = words("{value} is not a list of delivery reports.", value=shortened(value))
    raise Misfit("dsn", what, words("Write a comma list of {choices}, or NEVER alone.", choices=", ".join(_DSN)))
