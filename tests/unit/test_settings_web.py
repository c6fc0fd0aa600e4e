"""Where the service's pages may be read."""

import pytest

from distributor.misfit import Misfit
from distributor.settings import Office, Settings, Web
from distributor.settings.values import bind


@pytest.mark.parametrize(
    ("written", "listens"),
    [
        ("127.0.0.1:8025", ("127.0.0.1", 8025)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:8025", ("::1", 8025)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
        ("", None),
    ],
)
def test_a_place_to_listen_on_is_host_and_port_or_nothing(written: str, listens: tuple[str, int] | None) -> None:
    assert Web(bind=written).listens == listens


@pytest.mark.parametrize(
    "written",
    ["8025", ":8025", "127.0.0.1", "::1:8025", "[127.0.0.1]:8025", "a b:1", "x:70000", "x:٣", "http://x:1", "x:-1"],
)
def test_any_other_place_is_refused(written: str) -> None:
    with pytest.raises(Misfit):
        bind(written)


@pytest.mark.parametrize(
    ("written", "codes"), [("127.0.0.1:1", []), ("[::1]:1", []), ("", []), ("0.0.0.0:1", ["open_pages"])]
)
def test_pages_that_other_machines_can_read_are_a_warning(written: str, codes: list[str]) -> None:
    settings = Settings(office=Office(name="河长办", sender="hzb@example.gov.cn"), web=Web(bind=written))
    assert [warning.code for warning in settings.warnings()] == codes
