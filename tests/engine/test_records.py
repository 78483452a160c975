"""Records: written in batches behind the answer, bounded, and counted where they are lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.execution import Execution
from engine.models import Recording, Transaction
from engine.record import shown as shown_record
from engine.recorder import NoRecorder
from engine.records import BATCH, Records
from engine.seal import KEY, Seal
from engine.store.errors import NotFound, Unavailable, Unstorable
from engine.store.executions import ExecutionRow
from engine.store.store import Store
from tests.servers import fresh_database, postgres_server

pytestmark = pytest.mark.anyio


class Faulty(Store):
    """A real store that can be away, hang, or refuse single rows."""

    away = False
    hangs = False
    refuses: frozenset[str] = frozenset()
    batches: list[int]

    async def add_executions(self, rows: Sequence[ExecutionRow]) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise Unavailable("connection refused")
        if any(row.id in self.refuses for row in rows):
            raise Unstorable("record", "cannot be stored")
        self.batches.append(len(rows))
        await super().add_executions(rows)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Faulty]:
    store = await Faulty.open(f"sqlite:///{tmp_path}/claimsmith.db")
    assert isinstance(store, Faulty)
    store.batches = []
    await store.create_tenant("default", "tester")
    await store.create_tenant("acme", "tester")
    yield store
    await store.close()


def execution(number: int, tenant: str = "default") -> Execution:
    return Execution(
        id=f"exe{number}",
        tenant=tenant,
        revision=1,
        decision="allow",
        idToken={"https://example.com/n": number},
        accessToken={},
        updates={},
        transaction=Transaction(tenant=tenant, user=b'{"user_id":"u1"}', context=b"{}"),
        clock=1_767_225_600_000_000_000,
        seconds=0.0012345,
    )


async def written(records: Records, count: int, within: float = 5.0) -> None:
    end = time.monotonic() + within
    while records.written < count or records.waiting:
        assert time.monotonic() < end, (records.written, records.waiting, records.dropped)
        await asyncio.sleep(0.01)


async def shown(records: Records, number: int, tenant: str = "default") -> dict[str, Any]:
    return shown_record(await records.get(tenant, f"exe{number}"), Recording())


def recorded(store: Store, most_waiting: int, most_bytes: int = 2**30) -> Records:
    return Records(store, Seal(bytes(KEY)), most_waiting, most_bytes)


async def test_batches(store: Faulty) -> None:
    records = recorded(store, 10_000)
    records.start()
    for number in range(3 * BATCH):
        records.add(execution(number), Recording())
    await written(records, 3 * BATCH)
    assert store.batches == [BATCH] * 3
    assert records.dropped == 0
    assert (await shown(records, 3 * BATCH - 1))["idToken"] == {"https://example.com/n": 3 * BATCH - 1}
    await records.close()


async def test_waiting_and_written_records_read_the_same(store: Faulty) -> None:
    records = recorded(store, 10)
    records.add(execution(1), Recording())
    waiting = await records.get("default", "exe1")
    assert records.written == 0
    assert waiting.ms in (1.234, 1.235)
    records.start()
    await written(records, 1)
    assert await records.get("default", "exe1") == waiting
    await records.close()


async def test_a_record_is_its_tenants_alone(store: Faulty) -> None:
    records = recorded(store, 10)
    records.add(execution(1, "acme"), Recording())
    for _ in range(2):
        assert await records.get("acme", "exe1")
        with pytest.raises(NotFound):
            await records.get("default", "exe1")
        with pytest.raises(NotFound):
            await records.get("acme", "exe2")
        records.start()
        await written(records, 1)
    await records.close()


async def test_what_finds_no_room_is_counted(store: Faulty) -> None:
    records = recorded(store, 5)
    for number in range(8):
        records.add(execution(number), Recording())
    assert (records.waiting, records.dropped) == (5, 3)
    with pytest.raises(NotFound):
        await records.get("default", "exe7")
    records.start()
    await written(records, 5)
    records.add(execution(7), Recording())
    await written(records, 6)
    assert records.dropped == 3
    await records.close()


async def test_they_wait_for_a_database_that_is_away(store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.records.RETRY", 0.05)
    records = recorded(store, 20)
    records.start()
    store.away = True
    for number in range(30):
        records.add(execution(number), Recording())
    async with asyncio.timeout(30):
        while not records.held_back:
            await asyncio.sleep(0.01)
    assert (records.waiting, records.written, records.dropped, records.held_back) == (20, 0, 10, True)
    assert (await shown(records, 3))["execution_id"] == "exe3"
    store.away = False
    await written(records, 20)
    assert (records.dropped, records.held_back) == (10, False)
    await records.close()


async def test_one_that_cannot_be_stored_does_not_take_its_neighbours(store: Faulty) -> None:
    records = recorded(store, 100)
    store.refuses = frozenset({"exe3", "exe7"})
    for number in range(10):
        records.add(execution(number), Recording())
    records.start()
    await written(records, 8)
    assert (records.written, records.dropped) == (8, 2)
    records.add(execution(11), Recording())
    await written(records, 9)
    await records.close()


async def test_close_writes_what_waits(store: Faulty) -> None:
    records = recorded(store, 10_000)
    records.start()
    for number in range(BATCH + 1):
        records.add(execution(number), Recording())
    await records.close()
    assert (records.written, records.waiting, records.dropped) == (BATCH + 1, 0, 0)
    records.add(execution(9999), Recording())
    assert (records.waiting, records.dropped) == (0, 1)


async def test_close_does_not_wait_for_the_next_batch(store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.records.PAUSE", 60.0)
    records = recorded(store, 10)
    records.start()
    records.add(execution(1), Recording())
    await asyncio.sleep(0.1)
    assert records.waiting == 1
    async with asyncio.timeout(2):
        await records.close()
    assert (records.written, records.waiting, records.dropped) == (1, 0, 0)


@pytest.mark.parametrize("fault", ["away", "hangs"])
async def test_close_does_not_wait_for_ever(store: Faulty, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.records.LAST_WORDS", 0.3)
    records = recorded(store, 10_000)
    records.start()
    setattr(store, fault, True)
    for number in range(1000):
        records.add(execution(number), Recording())
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await records.close()
    assert time.monotonic() - began < 1.5
    assert (records.written, records.waiting, records.dropped) == (0, 0, 1000)


async def test_a_tenant_that_was_deleted(store: Faulty) -> None:
    records = recorded(store, 100)
    for number in range(4):
        records.add(execution(number, "acme" if number % 2 else "default"), Recording())
    await store.delete_tenant("acme", "root")
    records.start()
    await written(records, 4)
    assert await shown(records, 2)
    with pytest.raises(NotFound):
        await records.get("acme", "exe1")
    await records.close()


async def test_on_postgresql_that_stops_and_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.records.RETRY", 0.05)
    with postgres_server() as server, fresh_database(server.url) as url:
        store = await Store.open(url)
        await store.create_tenant("default", "tester")
        records = recorded(store, 10_000)
        records.start()
        records.add(execution(0), Recording())
        await written(records, 1)
        server.stop()
        for number in range(1, 500):
            records.add(execution(number), Recording())
        await asyncio.sleep(0.3)
        assert (records.written, records.waiting) == (1, 499)
        server.start()
        await written(records, 500, 15.0)
        assert (await shown(records, 499))["execution_id"] == "exe499"
        await records.close()
        await store.close()


def test_no_recorder() -> None:
    NoRecorder().add(execution(1), Recording())
