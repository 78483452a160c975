"""What hangs, is full, read-only or scarce: logins go on, the rest says what is wrong, and all mends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis.asyncio

from tests.servers import PostgresServer, _end, _launch, _redis_binary, _wait, fresh_database, postgres_server
from tests.service import Running, running
from tests.test_faults import FIRST, LAST, Load
from tests.test_lifecycle import Served, add_rule, login

pytestmark = pytest.mark.anyio

SECRET = "s" * 40
SLOWEST = 1.5  # seconds of a login, on a machine that does other things too


@contextlib.contextmanager
def redis_of_ones_own(folder: Path, *words: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    path = folder / "r.sock"
    command = [str(_redis_binary()), "--port", "0", "--unixsocket", str(path), "--save", "", *words]
    process = _launch(command, signal.SIGKILL, folder / "redis.log", None)
    try:
        _wait(process, path.exists, folder / "redis.log")
        yield f"unix://{path}", process
    finally:
        process.send_signal(signal.SIGCONT)
        _end(process, signal.SIGKILL)


async def ordinary(service: Running) -> None:
    await service.add("first", "", script=FIRST)
    await service.add("last", "", script=LAST)


async def degraded(service: Running) -> list[str]:
    return list((await service.call("GET", "/readyz")).json()["degraded"])


async def until(service: Running, wanted: list[str], within: float = 15.0) -> None:
    end = time.monotonic() + within
    while (found := await degraded(service)) != wanted:
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)


async def under_load(service: Running, seconds: float, what: str) -> None:
    load = Load(service)
    async with load.on():
        await asyncio.sleep(seconds)
    print("\n" + load.report(what))
    load.require_perfect()
    assert max(load.seconds) < SLOWEST


async def test_a_redis_that_hangs(tmp_path: Path) -> None:
    with redis_of_ones_own(tmp_path) as (url, process):
        async with running(tmp_path / "data", {"REDIS_URL": url}) as service:
            await ordinary(service)
            process.send_signal(signal.SIGSTOP)
            await under_load(service, 1.5, "Redis hangs")
            await service.add("new", "context.idToken['https://example.com/number'] = 0")
            await under_load(service, 0.5, "Redis hangs, after a change")
            process.send_signal(signal.SIGCONT)
            await service.add("newer", "pass")
            await until(service, [])


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "is gone"])
async def test_a_redis_that_nobody_asks(tmp_path: Path, how: signal.Signals) -> None:
    with redis_of_ones_own(tmp_path) as (url, process):
        async with running(tmp_path / "data", {"REDIS_URL": url}) as service:
            await ordinary(service)
            await until(service, [])
            process.send_signal(how)
            await until(service, ["redis"])
            if how is signal.SIGSTOP:
                process.send_signal(signal.SIGCONT)
                await until(service, [])


async def test_a_redis_that_is_full(tmp_path: Path) -> None:
    with redis_of_ones_own(tmp_path, "--maxmemory-policy", "noeviction") as (url, _):
        async with running(tmp_path / "data", {"REDIS_URL": url}) as service:
            client = redis.asyncio.from_url(url)
            await client.config_set("maxmemory", 1)
            await ordinary(service)
            await under_load(service, 1.0, "Redis is full")
            await service.add(
                "keeps", "cache.set('a', 1)\ncontext.idToken['https://example.com/number'] = cache.get('a') or 0"
            )
            answer = await service.execute({"user_id": "u", "email": "a@b.example", "permissions": []})
            assert answer["decision"] in ("allow", "deny")  # as the rule has it, which finds nothing kept
            await client.config_set("maxmemory", 0)
            await client.aclose()
            await service.add("newer", "pass")
            await until(service, [])


async def test_a_postgresql_that_hangs() -> None:
    with postgres_server() as server, fresh_database(server.url) as url, _folder() as folder:
        async with running(folder, {"DATABASE_URL": url, "CLAIMSMITH_SECRET": SECRET}) as service:
            await ordinary(service)
            await under_load(service, 0.5, "before")
            with stopped(server):
                await under_load(service, 3.0, "PostgreSQL hangs")
                began = time.monotonic()
                response = await service.call("POST", "/v1/execute", {"user": None, "context": {}}, tenant="unknown")
                assert (response.status_code, time.monotonic() - began < 3.0) == (503, True)
            await until(service, [], within=70)
            assert (await service.call("GET", "/v1/rules")).status_code == 200


async def test_a_postgresql_that_takes_no_writes() -> None:
    """A standby after a failover, or a disk that the operator has protected."""
    with postgres_server() as server, fresh_database(server.url) as url, _folder() as folder:
        async with running(folder, {"DATABASE_URL": url, "CLAIMSMITH_SECRET": SECRET}) as service:
            await ordinary(service)
            _psql(server, "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()")
            await asyncio.sleep(0.5)
            await under_load(service, 1.5, "PostgreSQL takes no writes")
            refused = await service.call("POST", "/v1/rules", {"name": "r", "script": FIRST})
            assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
            await until(service, ["records"])
            assert (await service.call("GET", "/v1/rules")).status_code == 200
            _psql(server, "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only")
            _psql(server, "SELECT pg_reload_conf()")
            await until(service, [], within=30)
            assert service.service.records.dropped == 0
            assert (await service.call("POST", "/v1/rules", {"name": "r", "script": FIRST})).status_code == 201


async def test_a_clock_that_steps_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as service:
        await service.add("r", "import time\ncontext.idToken.t = time.time()")
        real = time.time_ns
        first = [await service.execute() for _ in range(5)]
        monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)
        second = [await service.execute() for _ in range(5)]
        monkeypatch.setattr(time, "time_ns", real)
        third = [await service.execute() for _ in range(5)]
        answers = first + second + third
        assert {answer["decision"] for answer in answers} == {"allow"}
        assert second[0]["idToken"]["t"] < first[0]["idToken"]["t"] - 3000
        ids = {answer["execution_id"] for answer in answers}
        assert len(ids) == 15
        for answer in answers:
            record = await service.record(answer["execution_id"])
            again = await service.call("POST", f"/v1/executions/{record['execution_id']}/replay", {})
            assert again.json()["identical"] is True


async def test_a_tenant_whose_rules_all_time_out_starves_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, {"CLAIMSMITH_RULE_MS": "200"}) as service:
        await ordinary(service)
        await service.call("PUT", "/v1/tenants/hostile")
        await service.add("endless", "while True: pass", tenant="hostile")
        quiet = Load(service)
        async with quiet.on():
            await asyncio.sleep(2)
        ended = False
        said: dict[int, int] = {}
        people = itertools.count()

        async def flood() -> None:
            while not ended:
                body = {"user": {"user_id": f"u{next(people)}"}, "context": {}}
                response = await service.call("POST", "/v1/execute", body, tenant="hostile")
                said[response.status_code] = said.get(response.status_code, 0) + 1
                if response.status_code == 503:
                    assert int(response.headers["retry-after"]) >= 1

        flooding = [asyncio.create_task(flood()) for _ in range(64)]
        beside = Load(service)
        async with beside.on():
            await asyncio.sleep(4)
        ended = True
        await asyncio.gather(*flooding)
        print(f"\n{quiet.report('alone')}\n{beside.report('beside a flood of endless rules')}\nhostile: {said}")
        beside.require_perfect()
        assert sorted(beside.seconds)[len(beside.seconds) * 99 // 100] < SLOWEST


def test_file_descriptors_run_out(tmp_path: Path) -> None:
    """Connections that are open take them all: those that come are not accepted, and others are when these are gone."""
    served = Served(tmp_path / "data")
    try:
        address = httpx2.URL(served.address())
        with served.client() as client:
            add_rule(client)
            login(client)
            used = len([*Path(f"/proc/{served.process.pid}/fd").iterdir()])
            resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (used + 20, used + 20))
            taken = [socket.create_connection((address.host, address.port), timeout=5) for _ in range(60)]
            time.sleep(0.5)
            assert login(client)["decision"] == "allow"  # on a connection that is there
            for one in taken:
                one.close()
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(httpx2.HTTPError), served.client() as client:
                if login(client)["decision"] == "allow":
                    break
            assert time.monotonic() < end
            time.sleep(0.2)
        assert served.process.poll() is None
        assert served.stop() == 0
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cs") as folder:
        yield Path(folder)


@contextlib.contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    """All of its processes stand still, the one first that starts the others."""
    assert server._process is not None
    pids = [server._process.pid]
    os.kill(pids[0], signal.SIGSTOP)
    for pid in _children(pids[0]):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            pids.append(pid)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _psql(server: PostgresServer, text: str) -> Any:
    statements = [part for statement in text.split("; ") for part in ("-c", statement)]
    command = [str(server._binaries / "psql"), "--quiet", "--no-psqlrc", server.url, *statements]
    subprocess.run(command, check=True, capture_output=True)
