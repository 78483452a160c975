"""Last calls of hooks, on a real Redis: everyone's latest, nobody's inventions, and nothing that waits."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import redis.asyncio

from api.redis_client import redis_client
from engine import last_calls
from engine.keys import Keys
from engine.last_calls import AT_ONCE, EVERY, EXPIRES, FORGET, LONGEST, PREFIX, LastCalls, Noted
from tests.test_degraded import redis_of_ones_own

pytestmark = pytest.mark.anyio

CURRENT, PREVIOUS = "c" * 32, "p" * 32
TENANTS = {"acme", "other"}
ANSWERED, REFUSED = ("hydra", "answered"), ("hydra", "refused")


class Clock:
    def __init__(self, seconds: float = 1_800_000_000.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def client(redis_server: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis_client(redis_server)
    await client.flushall()
    yield client
    await client.aclose()


def process(client: redis.asyncio.Redis | None, clock: Clock, *secrets: str) -> LastCalls:
    return LastCalls(Keys(*(secrets or (CURRENT,))), client, TENANTS.__contains__, clock)


async def found(calls: LastCalls, tenant: str = "acme") -> dict[tuple[str, str], tuple[int, str | None]]:
    notes, _ = await calls.of(tenant, ["hydra", "okta"])
    return {place: (noted.at // 1000 - 1_800_000_000_000, noted.error) for place, noted in notes.items()}


async def names(client: redis.asyncio.Redis) -> set[bytes]:
    return {name for name in await client.keys(PREFIX + "*") if isinstance(name, bytes)}


async def stored(client: redis.asyncio.Redis, name: bytes) -> bytes:
    text = await client.get(name)
    assert isinstance(text, bytes)
    return text


async def test_each_process_finds_the_latest_of_all(client: redis.asyncio.Redis) -> None:
    clock = Clock()
    one, two = process(client, clock), process(client, clock)
    one.note("acme", "hydra", None)
    clock.seconds += 0.5
    two.note("acme", "hydra", None)
    two.note("acme", "okta", "signature")
    await two.close()
    await one.close()  # the earlier call is written later, and does not take the place of the other
    three = process(client, clock)  # as after a restart
    assert await found(three) == {ANSWERED: (500, None), ("okta", "refused"): (500, "signature")}
    assert await found(one) == await found(three)
    assert await found(three, "other") == {}
    assert (await three.of("acme", ["hydra"]))[1] is True
    assert {await client.ttl(name) for name in await names(client)} <= {EXPIRES, EXPIRES - 1}


async def test_an_answer_and_a_refusal_stand_beside_each_other(client: redis.asyncio.Redis) -> None:
    clock = Clock()
    calls = process(client, clock)
    calls.note("acme", "hydra", None)
    clock.seconds += 1
    calls.note("acme", "hydra", "stale")
    assert await found(calls) == {ANSWERED: (0, None), REFUSED: (1000, "stale")}


async def test_it_writes_by_itself_and_only_the_latest(client: redis.asyncio.Redis) -> None:
    calls = LastCalls(Keys(CURRENT), client, TENANTS.__contains__)
    calls.start()
    try:
        before = (await client.info("commandstats")).get("cmdstat_eval", {"calls": 0})["calls"]
        began = time.monotonic()
        while not await names(client):
            for _ in range(100):
                calls.note("acme", "hydra", None)
            await asyncio.sleep(0.01)
            assert time.monotonic() - began < EVERY + 5
        written = (await client.info("commandstats"))["cmdstat_eval"]["calls"] - before
        assert 1 <= written <= 1 + (time.monotonic() - began) / EVERY
    finally:
        await calls.close()


async def test_unknown_tenants_are_not_remembered_and_ended_ones_forgotten(
    client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = {"acme"}
    calls = LastCalls(Keys(CURRENT), client, tenants.__contains__)
    for number in range(1000):
        calls.note(f"stranger{number}", "hydra", "no_secret")
    calls.note("acme", "hydra", "no_secret")
    assert calls._own.keys() == {"acme"}
    assert len(calls._waiting) == 1
    monkeypatch.setattr(last_calls, "EVERY", 0.001)
    tenants.clear()
    for _ in range(FORGET):
        await calls._act()
    assert calls._own == {}


async def test_many_at_once(client: redis.asyncio.Redis) -> None:
    tenants = [f"t{number}" for number in range(2 * AT_ONCE + 1)]
    calls = LastCalls(Keys(CURRENT), client, lambda tenant: True)
    for tenant in tenants:
        calls.note(tenant, "hydra", None)
    await calls.close()
    assert len(await names(client)) == len(tenants)


async def test_redis_tells_who_reads_it_nothing(client: redis.asyncio.Redis) -> None:
    calls = process(client, Clock())
    calls.note("acme", "hydra", "signature")
    await calls.close()
    (name,) = await names(client)
    for text in (name, await stored(client, name)):
        assert not any(word in text for word in (b"acme", b"hydra", b"signature", b"refused"))


@pytest.mark.parametrize("wrong", ["changed", "swapped", "later", "short", "text", "long", "list"])
async def test_what_is_no_note_of_ours_is_removed_and_not_shown(client: redis.asyncio.Redis, wrong: str) -> None:
    clock = Clock()
    calls = process(client, clock)
    calls.note("acme", "hydra", None)
    await calls._write()
    (name,) = await names(client)
    good = await stored(client, name)
    calls.note("other", "hydra", None)
    await calls._write()
    (foreign,) = await names(client) - {name}
    values = {
        "changed": good[:-1] + bytes([good[-1] ^ 1]),
        "swapped": await stored(client, foreign),
        "later": b"f" * 16 + good[16:],  # which would keep all later ones out
        "short": good[:20],
        "text": b"\xff",
        "long": good + b"x" * 10_000_000,
    }
    await client.delete(name)
    if wrong == "list":
        await client.rpush(name, "x")
    else:
        await client.set(name, values[wrong])
    reader = process(client, clock)
    assert await found(reader) == {}
    assert name not in await names(client)
    assert (await found(reader, "other")) == {ANSWERED: (0, None)}
    assert await found(calls) == {ANSWERED: (0, None)}  # its own
    clock.seconds += 1
    calls.note("acme", "hydra", None)
    await calls.close()
    assert await found(reader) == {ANSWERED: (1000, None)}


async def test_one_that_cannot_be_written_takes_no_other_with_it(client: redis.asyncio.Redis) -> None:
    calls = process(client, Clock())
    calls.note("acme", "hydra", None)
    await calls._write()
    (name,) = await names(client)
    await client.delete(name)
    await client.rpush(name, "x")
    calls.note("acme", "hydra", None)
    calls.note("acme", "okta", None)
    await calls._write()
    assert await found(process(client, Clock())) == {("okta", "answered"): (0, None)}
    assert not calls._waiting


async def test_a_rotation_of_the_secret(client: redis.asyncio.Redis) -> None:
    clock = Clock()
    before = process(client, clock, PREVIOUS)
    before.note("acme", "hydra", None)
    await before.close()
    during = process(client, clock, CURRENT, PREVIOUS)
    assert await found(during) == {ANSWERED: (0, None)}
    clock.seconds += 1
    during.note("acme", "hydra", None)
    await during.close()
    assert await found(process(client, clock, CURRENT, PREVIOUS)) == {ANSWERED: (1000, None)}
    assert await found(process(client, clock, CURRENT)) == {ANSWERED: (1000, None)}
    assert await found(process(client, clock, PREVIOUS)) == {ANSWERED: (0, None)}


async def test_without_redis_a_process_knows_its_own() -> None:
    calls = process(None, Clock())
    calls.start()
    calls.note("acme", "hydra", None)
    notes, by_all = await calls.of("acme", ["hydra"])
    assert (notes, by_all) == ({ANSWERED: Noted(1_800_000_000_000_000, None)}, False)
    assert not calls._waiting
    await calls.close()


async def test_redis_that_is_away_and_comes_back(tmp_path: Path) -> None:
    clock = Clock()
    with redis_of_ones_own(tmp_path) as (url, server):
        client = redis_client(url)
        calls = process(client, clock)
        calls.note("acme", "hydra", None)
        server.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        await calls._write()
        clock.seconds += 1
        calls.note("acme", "hydra", None)
        assert await calls.of("acme", ["hydra"]) == ({ANSWERED: Noted(1_800_000_001_000_000, None)}, False)
        assert time.monotonic() - began < 2
        assert len(calls._waiting) == 1
        server.send_signal(signal.SIGCONT)
        end = time.monotonic() + 5
        while calls._waiting and time.monotonic() < end:
            await calls._write()
        assert await found(process(client, clock)) == {ANSWERED: (1000, None)}
        server.send_signal(signal.SIGSTOP)
        calls.note("acme", "hydra", None)
        began = time.monotonic()
        await calls.close()
        assert time.monotonic() - began < 3
        server.send_signal(signal.SIGCONT)
        with contextlib.suppress(Exception):
            await client.aclose()


def test_a_note_is_shorter_than_what_is_read() -> None:
    text = msgspec.json.encode(Noted(10**18, "x" * 100))
    assert len(text) + 16 + 12 + 16 < LONGEST
