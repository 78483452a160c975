from __future__ import annotations

import pytest

from tests.servers import postgres_url, redis_server

__all__ = ["postgres_url", "redis_server"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
