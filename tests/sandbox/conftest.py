from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.pool import Pool
from tests.sandbox import trial


@pytest.fixture(scope="session")
async def pool(anyio_backend: str) -> AsyncIterator[Pool]:
    """One pool for all tests that do not count its workers."""
    pool = trial.pool()
    await pool.start()
    yield pool
    await pool.close()
