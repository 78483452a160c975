"""Records as they come: each once, also one that is written late, and the last ones when there are too many."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.execution import Execution
from engine.execution_id import CHANCE, execution_id, first_id
from engine.following import Following
from engine.models import Recording, Transaction
from engine.record import Record
from engine.records import Records
from engine.seal import KEY, Seal
from engine.store.errors import Unavailable
from engine.store.executions import Filter
from engine.store.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    store = await Store.open(f"sqlite:///{tmp_path}/claimsmith.db")
    await store.create_tenant("default", "tester")
    yield Records(store, Seal(bytes(KEY)), 100_000, 2**30)
    await store.close()


async def write(records: Records, *names: int, ago: float = 0.0) -> None:
    for name in names:
        clock = time.time_ns() - int(ago * 1e9)
        records.add(
            Execution(
                id=execution_id(clock, name.to_bytes(CHANCE, "big")),
                tenant="default",
                revision=name,
                decision="allow" if name % 2 else "deny",
                transaction=Transaction(tenant="default", user=b"{}", context=b"{}"),
                updates={},
                clock=clock,
                seconds=0.001,
            ),
            Recording(),
        )
    await records._flush()


async def names(following: Following) -> list[int]:
    return [record.revision for record in await following.fresh()]


async def test_each_once_oldest_first(records: Records) -> None:
    await write(records, 1, ago=0.1)
    following = Following(records, "default", Filter())
    assert await names(following) == []
    await write(records, 2)
    await write(records, 3)
    assert await names(following) == [2, 3]
    assert await names(following) == []
    await write(records, 4)
    assert await names(following) == [4]


async def test_what_is_written_late_is_seen(records: Records) -> None:
    following = Following(records, "default", Filter(first=execution_id(0, bytes(CHANCE))))
    await write(records, 1)
    assert await names(following) == [1]
    await write(records, 2, ago=5)
    assert await names(following) == [2]
    await write(records, 3, ago=60)
    assert await names(following) == []


async def test_from_an_earlier_time_on(records: Records) -> None:
    await write(records, 1, ago=60)
    await write(records, 2, ago=40)
    following = Following(records, "default", Filter(first=first_id(time.time_ns() - 50_000_000_000)))
    await write(records, 3)
    assert await names(following) == [2, 3]
    await write(records, 4)
    assert await names(following) == [4]


async def test_what_came_while_the_database_did_not_answer(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    following = Following(records, "default", Filter(first=first_id(time.time_ns() - 50_000_000_000)))
    with monkeypatch.context() as patched:
        patched.setattr(records, "page", unavailable)
        with pytest.raises(Unavailable):
            await following.fresh()
    await write(records, 1, ago=40)
    assert await names(following) == [1]


async def unavailable(*_: object) -> list[Record]:
    raise Unavailable("away")


async def test_a_filter(records: Records) -> None:
    following = Following(records, "default", Filter(decision="deny"))
    await write(records, 1, 2, 3, 4)
    assert sorted(await names(following)) == [2, 4]


async def test_too_many_at_once(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.following.MOST", 5)
    following = Following(records, "default", Filter())
    await write(records, *range(1, 4))
    assert (len(await names(following)), following.missed) == (3, False)
    await write(records, *range(4, 12))
    assert (len(await names(following)), following.missed) == (5, True)
    assert (await names(following), following.missed) == ([], False)
