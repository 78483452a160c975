"""A change made by one replica is heard by the others at once, through a real Redis; without it they look."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from engine.announcements import CHANNEL, Announcements
from engine.live import POLL
from engine.recurring import SHORTEST
from tests.servers import fresh_database
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SECRET = "a secret of two replicas " * 2
CLAIM = "https://example.com/n"


PATIENCE = 10.0


@pytest.fixture
async def replicas(
    tmp_path: Path, postgres_url: str, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Running, Running, str]]:
    """Two that find nothing by looking: what they know of each other they have heard."""
    monkeypatch.setattr("engine.live.POLL", 600.0)
    with fresh_database(postgres_url) as database:
        environ = {"DATABASE_URL": database, "REDIS_URL": redis_server, "CLAIMSMITH_SECRET": SECRET}
        async with running(tmp_path / "one", environ) as one, running(tmp_path / "two", environ) as two:
            yield one, two, redis_server


async def claim(service: Running) -> Any:
    return (await service.execute())["idToken"].get(CLAIM)


async def delay(service: Running, wanted: Any) -> float:
    began = time.monotonic()
    while await claim(service) != wanted:
        assert time.monotonic() - began < PATIENCE
        await asyncio.sleep(0.002)
    return time.monotonic() - began


async def test_changes_are_heard_at_once(replicas: tuple[Running, Running, str]) -> None:
    one, two, _ = replicas
    rule = await one.add("r", f"context.idToken['{CLAIM}'] = 0")
    await delay(two, 0)
    delays = []
    for number in range(1, 21):
        here, there = (one, two) if number % 2 else (two, one)
        script = {"script": f"def rule(user, context):\n    context.idToken['{CLAIM}'] = {number}\n"}
        assert (await here.call("PATCH", f"/v1/rules/{rule.id}", script)).status_code == 200
        assert await claim(here) == number
        delays.append(await delay(there, number))
    assert sorted(delays)[10] < POLL / 4, delays


async def test_values_secrets_and_tenants_are_heard_of_too(replicas: tuple[Running, Running, str]) -> None:
    one, two, _ = replicas
    await one.add("r", f"context.idToken['{CLAIM}'] = configuration.get('KEY')")
    await delay(two, None)
    await two.call("PUT", "/v1/configuration/KEY", {"value": "first-value"})
    await delay(one, "first-value")
    await one.call("PUT", "/v1/configuration/KEY", {"value": "second-value"})
    await delay(two, "second-value")
    await one.call("PUT", "/v1/issuers/okta/secrets/s", {"type": "header", "value": "correct-horse-battery"})
    began = time.monotonic()
    while not two.service.hook_secrets.live("default", "okta"):
        assert time.monotonic() - began < PATIENCE
        await asyncio.sleep(0.005)
    await one.call("DELETE", "/v1/issuers/okta/secrets/s")
    began = time.monotonic()
    while two.service.hook_secrets.live("default", "okta"):
        assert time.monotonic() - began < PATIENCE
        await asyncio.sleep(0.005)


async def test_a_flood_of_messages_makes_nobody_look_all_the_time(
    replicas: tuple[Running, Running, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is not trusted: whoever writes to it can make replicas look, and no more than that."""
    one, _, url = replicas
    looked = 0
    real = one.service.store.live_stamps

    async def counted() -> Any:
        nonlocal looked
        looked += 1
        return await real()

    monkeypatch.setattr(one.service.store, "live_stamps", counted)
    client = redis.asyncio.from_url(url)
    began = time.monotonic()
    while (took := time.monotonic() - began) < 1.0 or looked < 3:
        await client.publish(CHANNEL, b"\x00 not what we say")
    seen = looked
    await client.aclose()
    assert one.service.live._announcements is not None and one.service.live._announcements.heard > 100
    assert seen <= 1 + took / SHORTEST
    assert (await one.execute())["decision"] == "allow"


async def test_without_redis_changes_are_found_by_looking(tmp_path: Path, postgres_url: str) -> None:
    with fresh_database(postgres_url) as database:
        environ = {"DATABASE_URL": database, "REDIS_URL": "redis://127.0.0.1:9", "CLAIMSMITH_SECRET": SECRET}
        async with running(tmp_path / "one", environ) as one, running(tmp_path / "two", environ) as two:
            await one.add("r", f"context.idToken['{CLAIM}'] = 1")
            await delay(two, 1)


@pytest.mark.parametrize("text", [b"*1\r\n:1\r\n", b":1\r\n", b"$abc\r\n", b"*1\r\n" * 5_000, b"xyz\r\n"])
async def test_what_is_no_redis_does_not_end_the_listening(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("engine.announcements.PAUSE", 0.01)
    connections = 0
    again = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if connections == 2:
            again.set()
        with contextlib.suppress(ConnectionError):  # the client may leave without having read everything
            while given := await reader.read(4096):
                writer.write(text if b"SUBSCRIBE" in given else b"+OK\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = redis.asyncio.from_url(f"redis://127.0.0.1:{port}", protocol=2, socket_timeout=0.25)
        announcements = Announcements(client)
        announcements.start(lambda: None)
        await asyncio.wait_for(again.wait(), 5)
        announcements.announce()
        await asyncio.sleep(0.05)
        await announcements.close()
        await client.aclose()


class MadeUp:
    """A client that is its own channel."""

    def pubsub(self) -> Any:
        return self

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def subscribe(self, channel: str) -> None:
        pass

    async def ping(self) -> None:
        pass


async def test_it_ends_though_a_client_swallows_the_first_cancellation() -> None:
    """As one does whose own time limit is over at that very moment."""
    swallowed = 0

    class Client(MadeUp):
        async def get_message(self, **_: object) -> None:
            nonlocal swallowed
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed += 1

    announcements = Announcements(Client())  # type: ignore[arg-type]
    announcements.start(lambda: None)
    await asyncio.sleep(0.05)
    await asyncio.wait_for(announcements.close(), 5)
    assert swallowed == 1


async def test_it_looks_once_redis_has_noted_it() -> None:
    """A look before that would miss what is announced between the two."""
    noted = asyncio.Event()
    looked: list[bool] = []

    class Client(MadeUp):
        async def subscribe(self, channel: str) -> None:
            asyncio.get_running_loop().call_later(0.05, noted.set)

        async def get_message(self, **_: object) -> dict[str, str]:
            if looked:
                await asyncio.sleep(60)
            await noted.wait()
            return {"type": "subscribe"}

    announcements = Announcements(Client())  # type: ignore[arg-type]
    announcements.start(lambda: looked.append(noted.is_set()))
    async with asyncio.timeout(5):
        while not looked:
            await asyncio.sleep(0.01)
    await announcements.close()
    assert (looked, announcements.heard) == ([True], 0)
