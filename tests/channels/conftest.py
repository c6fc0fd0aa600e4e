"""The scripted server, as most of the channels' tests want it."""

from collections.abc import AsyncIterator

import pytest

from tests.channels.server import ScriptedServer


@pytest.fixture(params=[True, False], ids=["pipelining", "verb by verb"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(pipelining=request.param) as server:
        yield server
