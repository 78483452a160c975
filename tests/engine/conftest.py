"""An empty store, on both databases."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from engine.store.database import Database
from engine.store.store import Store
from tests.servers import fresh_database


async def migrate(url: str) -> None:
    await (await Database.open(url)).close()


@pytest.fixture(scope="session")
def tables_of_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database that has its tables, and nothing in them."""
    file = tmp_path_factory.mktemp("tables") / "claimsmith.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def tables_of_postgresql(postgres_url: str) -> Iterator[str]:
    """The name of such a database."""
    with fresh_database(postgres_url) as url:
        asyncio.run(migrate(url))
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of an empty database; for the tests that take a `store` too, it is a copy of one that has its tables."""
    copied = "store" in request.fixturenames
    if request.param == "sqlite":
        if copied:
            shutil.copy(request.getfixturevalue("tables_of_sqlite"), tmp_path / "claimsmith.db")
        yield f"sqlite:///{tmp_path}/claimsmith.db"
    else:
        template = request.getfixturevalue("tables_of_postgresql") if copied else None
        with fresh_database(request.getfixturevalue("postgres_url"), template) as database:
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
