"""Records go by age and count, for each tenant as its settings have it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from engine.execution_id import CHANCE, execution_id
from engine.models import Recording, TenantSettings
from engine.retention import AT_ONCE, DAY, Retention
from engine.store.configurations import Entry, SealedSet
from engine.store.executions import ExecutionRow, Filter
from engine.store.store import Store
from engine.store.tables import configurations

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/claimsmith.db")
    for tenant in ("default", "acme"):
        await store.create_tenant(tenant, "tester")
    yield store
    await store.close()


def row(age: float, tenant: str = "default", number: int = 0) -> ExecutionRow:
    """A record so many days old."""
    return ExecutionRow(
        tenant=tenant,
        id=execution_id(time.time_ns() - int(age * DAY), number.to_bytes(CHANCE, "big")),
        decision="allow",
        client=None,
        user_digest=None,
        shape=1,
        marks=("rule r",),
        record=b"{}",
    )


async def count(store: Store, tenant: str = "default") -> int:
    return len(await store.executions(tenant, Filter(), 10_000))


async def test_by_age(store: Store) -> None:
    await store.add_executions(
        [row(age, tenant) for age in (0, 6.9, 7.1, 29.9, 30.1) for tenant in ("default", "acme")]
    )
    await store.change_settings("acme", TenantSettings(recording=Recording(days=7)), "tester")
    assert await Retention(store, 400).sweep() == 1 + 3
    assert (await count(store), await count(store, "acme")) == (4, 2)


async def test_sets_of_values_go_when_no_record_can_name_them(store: Store) -> None:
    day = timedelta(days=1)
    ages = (50, 40, 31.5, 30.5, 3)  # days ago, when each was made: the second replaced the first 40 days ago
    for number, age in enumerate(ages, 1):

        def change(
            before: SealedSet | None, new: int, now: datetime, made: int = number
        ) -> tuple[tuple[Entry, ...], bytes]:
            assert new == made
            return (), bytes([made])

        made = await store.change_configuration("default", change, "tester")
        async with store._database.writing() as connection:
            where = (configurations.c.tenant == "default") & (configurations.c.number == made.number)
            await connection.execute(
                update(configurations).where(where).values(created_at=datetime.now(UTC) - age * day)
            )
    await store.change_configuration("acme", lambda before, new, now: ((), b"x"), "tester")
    await Retention(store, 400).sweep()
    # The third was live 31 days ago, and a record of 30 days ago may name it.
    assert [one.number for one in await store.every_configuration() if one.tenant == "default"] == [3, 4, 5]
    assert [one.number for one in await store.every_configuration() if one.tenant == "acme"] == [1]
    await store.change_settings("default", TenantSettings(recording=Recording(days=1)), "tester")
    await Retention(store, 400).sweep()
    live = await store.configuration("default")
    assert live is not None
    assert [one.number for one in await store.every_configuration() if one.tenant == "default"] == [5] == [live.number]


async def test_by_count_and_many_at_a_time(store: Store) -> None:
    await store.add_executions([row(1, number=number) for number in range(3 * AT_ONCE)])
    await store.change_settings("default", TenantSettings(recording=Recording(count=50)), "tester")
    assert await Retention(store, 400).sweep() == 3 * AT_ONCE - 50
    assert await count(store) == 50
    assert await Retention(store, 400).sweep() == 0


async def test_it_sweeps_by_itself_and_goes_on_after_a_failure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.retention.FIRST", 0.01)
    monkeypatch.setattr("engine.retention.EVERY", 0.01)
    await store.add_executions([row(31)])
    retention, tenants, failures = Retention(store, 400), store.tenants, iter([RuntimeError("first")])

    async def failing_once():  # type: ignore[no-untyped-def]
        for failure in failures:
            raise failure
        return await tenants()

    monkeypatch.setattr(store, "tenants", failing_once)
    retention.start()
    async with asyncio.timeout(5):
        while await count(store):
            await asyncio.sleep(0.01)
    await retention.close()
    await store.add_executions([row(31)])
    await asyncio.sleep(0.1)
    assert await count(store) == 1
