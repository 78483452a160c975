from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import postgres_url, redis_server

__all__ = ["postgres_url", "redis_server"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def brief_pauses() -> Iterator[None]:
    """Services in this process write their records soon: half a second is long for whoever waits for each of them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("engine.records.PAUSE", 0.02)
        yield
