"""Redis behind Sentinel: the client follows the master, and logins do not notice that it changes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.redis_client import close, read_sentinels, redis_client
from tests.servers import _end, _launch, _redis_binary, _wait
from tests.service import running

pytestmark = pytest.mark.anyio

SERVICE = "claims"
LATEST = 30.0  # seconds until the Sentinel has noticed and decided


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def server(folder: Path, name: str, *words: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(_redis_binary()), *words, "--port", str(port), "--bind", "127.0.0.1"]
    process = _launch(command, signal.SIGKILL, folder / f"{name}.log", None)
    try:
        _wait(process, lambda: listens(port), folder / f"{name}.log")
        yield process
    finally:
        if process.poll() is None:
            _end(process, signal.SIGKILL)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_a_failover_is_followed(tmp_path: Path) -> None:
    master, replica, sentinel = free_port(), free_port(), free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"sentinel monitor {SERVICE} 127.0.0.1 {master} 1\nsentinel down-after-milliseconds {SERVICE} 300\n"
        f"sentinel failover-timeout {SERVICE} 2000\n"
    )
    plain = ("--save", "", "--dir", str(tmp_path))
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(server(tmp_path, "master", *plain, port=master))
        more = (*plain, "--replicaof", "127.0.0.1", str(master), "--repl-diskless-sync-delay", "0")
        stack.enter_context(server(tmp_path, "replica", *more, port=replica))
        stack.enter_context(server(tmp_path, "sentinel", str(config), "--sentinel", port=sentinel))
        url = f"redis+sentinel://127.0.0.1:{sentinel}/{SERVICE}"
        client = redis_client(url)
        await known_to(sentinel, replica)
        async with running(tmp_path / "data", {"REDIS_URL": url}) as service:
            await service.add("r", "context.idToken.a = 1")
            assert (await service.execute())["idToken"] == {"a": 1}
            assert service.service.compiled.redis_available
            assert await client.keys()  # the compiled rule
            _end(first, signal.SIGKILL)
            began = time.monotonic()
            while True:
                assert (await service.execute())["idToken"] == {"a": 1}
                with contextlib.suppress(Exception):
                    if await client.set("probe", "x"):
                        break
                assert time.monotonic() - began < LATEST
                await asyncio.sleep(0.1)
            await service.add("second", "context.idToken.b = 2")
            assert (await service.execute())["idToken"] == {"a": 1, "b": 2}
            keys = await client.keys()
            assert len(keys) >= 2, keys  # the second rule is kept by the new master
        await close(client)


async def known_to(sentinel: int, replica: int) -> None:
    """Until the Sentinel could make it the master."""
    client = redis_client(f"redis://127.0.0.1:{sentinel}")
    began = time.monotonic()
    while True:
        replicas = await client.sentinel_slaves(SERVICE)
        if any(str(replica) in str(one) and "slave" in str(one) and "s_down" not in str(one) for one in replicas):
            break
        assert time.monotonic() - began < LATEST, replicas
        await asyncio.sleep(0.1)
    await close(client)


def test_an_address_of_sentinels() -> None:
    found = read_sentinels("redis+sentinel://u:p%40ss@a,b:1,[::1]:2/claims/3?sentinel_password=s")
    assert found.hosts == [("a", 26_379), ("b", 1), ("::1", 2)]
    assert (found.service, found.database) == ("claims", 3)
    assert found.of_master == {"username": "u", "password": "p@ss"}
    assert found.of_sentinels == {"password": "s"}


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://",
        "redis+sentinel://a",
        "redis+sentinel:///claims",
        "redis+sentinel://a:x/claims",
        "redis+sentinel://a,,b/claims",
        "redis+sentinel://a/claims/x",
        "redis+sentinel://s3cret@a/claims?x=1",
    ],
)
def test_what_is_no_address_of_sentinels(url: str) -> None:
    with pytest.raises(ValueError, match=r"Sentinels: |parameter") as raised:
        read_sentinels(url)
    assert "s3cret" not in str(raised.value)
