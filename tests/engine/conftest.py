"""An empty store, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.store.store import Store
from tests.servers import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/claimsmith.db"
    else:
        with fresh_database(request.getfixturevalue("postgres_url")) as database:
            yield database


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """A store with the tenant `default`."""
    store = await Store.open(url)
    try:
        await store.create_tenant("default", "root")
        yield store
    finally:
        await store.close()
