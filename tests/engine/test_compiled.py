"""The cache of compiled rules, on a real Redis and a real sandbox: what is found where, and what is refused."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from engine.compiled import EXPIRES, FORMAT, HEAD, PREFIX, CacheCounts, CompiledRules, RuleRefused, digest_of, sign
from engine.keys import Keys
from engine.library import NO_MODULES, Sources
from sandbox.limits import Limits
from sandbox.pool import Pool
from sandbox.process import SandboxUnavailable
from tests.servers import redis as another_redis

pytestmark = pytest.mark.anyio

KEYS = Keys("current " * 8)
TIMEOUT = 0.25


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(Limits(), workers=2, workers_per_tenant=1, queue=10)
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
async def client(redis_server: str) -> AsyncIterator[redis.asyncio.Redis]:
    async with connected(redis_server) as client:
        await client.flushall()
        yield client


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
    )
    try:
        yield client
    finally:
        await client.aclose()


def script(number: int = 0) -> str:
    return f"def rule(user, context):\n    context.idToken['https://example.com/n'] = {number}\n"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def source(text: str) -> Callable[[], Awaitable[tuple[str, Sources]]]:
    async def read() -> tuple[str, Sources]:
        return text, NO_MODULES

    return read


async def nothing() -> tuple[str, Sources]:
    raise AssertionError("the script is not needed")


async def get(rules: CompiledRules, text: str) -> bytes:
    return await rules.code(sha(text), source(text))


def key(pool: Pool, text: str) -> str:
    assert pool.hello is not None
    return PREFIX + digest_of(sha(text), pool.hello)


async def test_memory_then_redis_then_compile(pool: Pool, client: redis.asyncio.Redis) -> None:
    first = CompiledRules(pool, KEYS, client)
    code = await get(first, script())
    assert first.counts == CacheCounts(compiled=1)
    assert await first.code(sha(script()), nothing) == code
    assert first.counts == CacheCounts(compiled=1, memory=1)
    assert await client.keys("*") == [key(pool, script()).encode()]

    second = CompiledRules(pool, KEYS, client)
    assert await second.code(sha(script()), nothing) == code
    assert await second.code(sha(script()), nothing) == code
    assert second.counts == CacheCounts(redis=1, memory=1)
    assert pool.counts.compiles == 1


async def test_an_upload_is_there_for_the_next_login(pool: Pool, client: redis.asyncio.Redis) -> None:
    rules = CompiledRules(pool, KEYS, client)
    compiled = await rules.compile(script())
    assert await rules.code(sha(script()), nothing) == compiled.code
    assert await CompiledRules(pool, KEYS, client).code(sha(script()), nothing) == compiled.code
    assert pool.counts.compiles == 1
    assert not (await rules.compile("def rule(:")).code
    assert len(await client.keys("*")) == 1


async def test_an_entry_lives_as_long_as_it_is_used(pool: Pool, client: redis.asyncio.Redis) -> None:
    await get(CompiledRules(pool, KEYS, client), script())
    assert EXPIRES - 10 < await client.ttl(key(pool, script())) <= EXPIRES
    await client.expire(key(pool, script()), 100)
    await get(CompiledRules(pool, KEYS, client), script())
    assert await client.ttl(key(pool, script())) > EXPIRES - 10


Tamper = Callable[[Pool, redis.asyncio.Redis, bytes], Awaitable[object]]


async def flip(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.set(key(pool, script()), entry[:-3] + bytes([entry[-3] ^ 1]) + entry[-2:])


async def flip_tag(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.set(key(pool, script()), entry[:5] + bytes([entry[5] ^ 1]) + entry[6:])


async def other_format(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.set(key(pool, script()), b"\x02" + entry[1:])


async def truncate(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.set(key(pool, script()), entry[:-1])


async def only_a_tag(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.set(key(pool, script()), entry[:HEAD])


async def empty(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.set(key(pool, script()), b"")


async def longer(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.append(key(pool, script()), "more")


async def oversize(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    """Rightly signed, and larger than any code may be."""
    code = bytes(pool.limits.code + 1)
    tag = sign(KEYS.derive("compiled-rules"), key(pool, script()).removeprefix(PREFIX), code)
    await client.set(key(pool, script()), FORMAT + tag + code)


async def a_list(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.delete(key(pool, script()))
    await client.rpush(key(pool, script()), entry)


async def a_hash(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.delete(key(pool, script()))
    await client.hset(key(pool, script()), "a", "b")


async def swapped(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    """The entry of another rule, signed by the service itself."""
    await get(CompiledRules(pool, KEYS, client), script(2))
    other = await client.get(key(pool, script(2)))
    assert other is not None
    await client.set(key(pool, script()), other)


async def other_secret(pool: Pool, client: redis.asyncio.Redis, entry: bytes) -> None:
    await client.delete(key(pool, script()))
    await get(CompiledRules(pool, Keys("another secret " * 4), client), script())


@pytest.mark.parametrize(
    "tamper",
    [
        flip,
        flip_tag,
        other_format,
        truncate,
        only_a_tag,
        empty,
        longer,
        oversize,
        a_list,
        a_hash,
        swapped,
        other_secret,
    ],
    ids=lambda tamper: tamper.__name__,
)  # fmt: skip
async def test_what_the_service_did_not_store_is_refused(
    pool: Pool, client: redis.asyncio.Redis, tamper: Tamper
) -> None:
    """Counted, compiled again and overwritten; never code, and no reason to leave Redis alone."""
    good = await get(CompiledRules(pool, KEYS, client), script())
    entry = await client.get(key(pool, script()))
    assert isinstance(entry, bytes)
    await tamper(pool, client, entry)

    rules = CompiledRules(pool, KEYS, client)
    assert await get(rules, script()) == good
    assert rules.counts == CacheCounts(refused=1, compiled=1)
    assert rules.redis_available

    after = CompiledRules(pool, KEYS, client)
    assert await after.code(sha(script()), nothing) == good
    assert after.counts == CacheCounts(redis=1)


async def test_another_policy_has_other_entries(pool: Pool, client: redis.asyncio.Redis) -> None:
    await get(CompiledRules(pool, KEYS, client), script())
    hello = pool.hello
    assert hello is not None and pool._workers.zygote is not None
    names = {digest_of(sha(script()), hello)}
    for field in ("policy", "restrictedpython", "cache_tag", "magic"):
        changed = msgspec.structs.replace(hello, **{field: "another"})
        pool._workers.zygote.hello = changed
        names.add(digest_of(sha(script()), changed))
        rules = CompiledRules(pool, KEYS, client)
        await get(rules, script())
        assert rules.counts == CacheCounts(compiled=1), field
    assert len(names) == 5
    assert {bytes(name).decode() for name in await client.keys("*") if isinstance(name, bytes)} == {
        PREFIX + name for name in names
    }


async def test_entries_of_the_previous_secret_are_good_during_rotation(pool: Pool, client: redis.asyncio.Redis) -> None:
    await get(CompiledRules(pool, Keys("previous " * 8), client), script())
    rotating = CompiledRules(pool, Keys("current " * 8, "previous " * 8), client)
    await rotating.code(sha(script()), nothing)
    assert rotating.counts == CacheCounts(redis=1)
    await get(rotating, script(1))
    after = CompiledRules(pool, KEYS, client)
    await after.code(sha(script(1)), nothing)
    await get(after, script())
    assert after.counts == CacheCounts(redis=1, refused=1, compiled=1)


# Redis away


async def test_redis_goes_and_comes_back(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.compiled.RETRY", 60.0)
    folder = Path(tempfile.mkdtemp(prefix="r-"))
    link = folder / "redis.sock"
    async with connected(f"unix://{link}") as client:
        rules = CompiledRules(pool, KEYS, client)
        began = time.monotonic()
        await get(rules, script(1))
        away = time.monotonic() - began
        assert rules.counts.redis_errors == 1
        assert not rules.redis_available
        for number in range(2, 6):
            await get(rules, script(number))
        assert rules.counts == CacheCounts(compiled=5, redis_errors=1)  # left alone
        with another_redis() as url:
            link.symlink_to(url.removeprefix("unix://"))
            rules._left_alone_until -= 60.0  # as a minute later
            assert rules.redis_available
            await get(rules, script(6))
            assert len(await client.keys("*")) == 1
            again = CompiledRules(pool, KEYS, client)
            await again.code(sha(script(6)), nothing)
            assert again.counts == CacheCounts(redis=1)
        print(f"\na login without Redis: {away * 1000:.1f} ms")
        assert away < 1.0
    link.unlink()
    folder.rmdir()


async def test_a_redis_that_hangs(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and never answers: one login waits for the time-out, the others not at all."""
    connections: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read()

    monkeypatch.setattr("engine.compiled.RETRY", 60.0)
    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with connected(f"redis://127.0.0.1:{port}") as client:
        rules = CompiledRules(pool, KEYS, client)
        began = time.monotonic()
        await get(rules, script(1))
        first = time.monotonic() - began
        began = time.monotonic()
        await get(rules, script(2))
        second = time.monotonic() - began
        print(f"\nfirst login {first * 1000:.0f} ms, next {second * 1000:.0f} ms")
        assert TIMEOUT <= first < TIMEOUT + 1.0
        assert rules.counts == CacheCounts(compiled=2, redis_errors=1)
        assert len(connections) == 1
    for writer in connections:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_without_redis(pool: Pool) -> None:
    rules = CompiledRules(pool, KEYS, None)
    await get(rules, script())
    await get(rules, script())
    assert rules.counts == CacheCounts(compiled=1, memory=1)
    assert not rules.redis_available


# Many at once


async def test_fifty_first_logins_compile_once(pool: Pool, client: redis.asyncio.Redis) -> None:
    rules = CompiledRules(pool, KEYS, client)
    asked = 0

    async def read() -> tuple[str, Sources]:
        nonlocal asked
        asked += 1
        return script(), NO_MODULES

    codes = await asyncio.gather(*(rules.code(sha(script()), read) for _ in range(50)))
    assert len(set(codes)) == asked == pool.counts.compiles == rules.counts.compiled == 1


async def test_one_who_gives_up_does_not_stop_the_others(pool: Pool) -> None:
    rules = CompiledRules(pool, KEYS, None)
    tasks = [asyncio.create_task(get(rules, script())) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1] == results[2]
    assert pool.counts.compiles == 1


async def test_a_failure_that_nobody_waits_for_is_no_noise(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    rules = CompiledRules(pool, KEYS, None)

    async def fail() -> tuple[str, Sources]:
        await asyncio.sleep(0.01)
        raise RuntimeError("the database is away")

    task = asyncio.create_task(rules.code("0" * 64, fail))
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    gc.collect()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    # And it is not remembered.
    assert await rules.code(sha(script()), source(script()))


async def test_a_stored_rule_that_does_not_compile_any_more(pool: Pool, client: redis.asyncio.Redis) -> None:
    rules = CompiledRules(pool, KEYS, client)
    text = "def rule(user, context):\n    import os\n"
    with pytest.raises(RuleRefused, match=r"2:\d+: .*`os`"):
        await get(rules, text)
    assert await client.keys("*") == []
    assert rules.counts == CacheCounts()


async def test_the_memory_is_bounded(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = CompiledRules(pool, KEYS, None)
    size = len(await get(rules, script(1)))
    monkeypatch.setattr("engine.compiled.MOST_BYTES", 3 * size + 10)
    for number in (2, 3, 1, 4):
        await get(rules, script(number))
    # The one that was used longest ago is gone.
    assert rules.counts == CacheCounts(compiled=4, memory=1)
    await get(rules, script(1))
    assert rules.counts.memory == 2
    await get(rules, script(2))
    assert rules.counts.compiled == 5
    assert rules._bytes == sum(len(code) for code in rules._memory.values()) <= 3 * size + 10
    for _ in range(3):
        await rules.compile(script(2))
    assert rules._bytes == sum(len(code) for code in rules._memory.values())


async def test_while_the_zygote_is_replaced(pool: Pool) -> None:
    """Whoever comes meanwhile waits, up to a bound."""
    rules = CompiledRules(pool, KEYS, None)
    await get(rules, script())
    for number in range(1, 4):
        assert pool._workers.zygote is not None and pool._workers.zygote._process is not None
        pool._workers.zygote._process.kill()
        results: list[Any] = await asyncio.gather(
            *(get(rules, script(number)) for _ in range(3)), get(rules, script()), rules.compile(script(number + 10))
        )
        assert all(results)
    assert pool.counts.zygote_starts >= 2


async def test_no_zygote_at_all(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.workers.ZYGOTE_PATIENCE", 0.2)
    await pool.close()
    with pytest.raises(SandboxUnavailable):
        await get(CompiledRules(pool, KEYS, None), script())
