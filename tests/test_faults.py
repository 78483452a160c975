"""Rules that misbehave and processes that die, under the load of sixteen connections."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.servers import fresh_database, postgres_server
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALLERS = 16
NAMESPACE = "https://example.com/"
LIMIT = 0.250 + 0.100  # a rule's time, and what the issue allows beyond it
MARGIN = 0.650  # for a machine that does other things too: the figures are printed

FIRST = """def rule(user, context):
    context.idToken["https://example.com/permissions"] = user.permissions
"""
LAST = """def rule(user, context, callback):
    context.idToken["https://example.com/email"] = user.email.lower()
    callback(None, user, context)
"""
# Each as the body of a rule, and what the record may say of it.
ATTACKS: dict[str, tuple[str, set[str]]] = {
    "loop": ("while True:\n    pass", {"timed_out"}),
    "sum": ("return sum(range(10 ** 12))", {"timed_out"}),
    "power": ("nine = len('123456789')\nreturn nine ** nine ** 8", {"timed_out", "exhausted"}),
    "regex": ("return re.search('^(a+)+$', 'a' * 40 + '!')", {"timed_out"}),
    "finally": (
        "def endless():\n    try:\n        yield 1\n    finally:\n        while True:\n            pass\n"
        "for _ in endless():\n    break\nwhile True:\n    pass",
        {"timed_out"},
    ),
    "list": ("return len([0] * (10 ** 10 // 8 * len(user.user_id)))", {"exhausted"}),
}


def script(attack: str) -> str:
    """A rule that does harm to those who ask for it, from its third line on."""
    body = "".join(f"        {line}\n" for line in ATTACKS[attack][0].splitlines())
    return f"import re\ndef rule(user, context):\n    if user.get('attack') == '{attack}':\n{body}"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A line for every login would be a load of its own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


class Load:
    """Ordinary logins, one after another on each connection, each checked."""

    def __init__(self, service: Running, tenant: str = "default") -> None:
        self._service = service
        self._tenant = tenant
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False
        self.asked = 0
        self.right = 0
        self.wrong: list[dict[str, Any]] = []
        self.failed: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.expected: set[Any] = {None, 0}  # what a rule under change may say

    @contextlib.asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        self._tasks = [asyncio.create_task(self._caller(n)) for n in range(CALLERS)]
        try:
            yield
        finally:
            self._stopped = True
            await asyncio.gather(*self._tasks)

    async def _caller(self, number: int) -> None:
        turn = 0
        while not self._stopped:
            turn += 1
            who = f"User{number}.{turn}@Example.com"
            user = {"user_id": f"u{number}", "email": who, "permissions": [f"read:{number}.{turn}"]}
            began = time.monotonic()
            self.asked += 1
            response = await self._service.call(
                "POST", "/v1/execute", {"user": user, "context": {}}, scope="execute", tenant=self._tenant
            )
            self.seconds.append(time.monotonic() - began)
            answer = response.json()
            if response.status_code != 200:
                self.failed[f"{response.status_code} {answer['error']}: {answer['error_description']}"] += 1
            elif answer["decision"] != "allow":
                record = await self._service.record(answer["execution_id"], self._tenant)
                errors = [step["error"]["code"] for step in record["steps"] if step["error"]]
                self.failed[f"{answer['decision']} {answer['denial']} {errors}"] += 1
            elif self._is_right(answer["idToken"], user):
                self.right += 1
            else:
                self.wrong.append(answer)

    def _is_right(self, claims: dict[str, Any], user: dict[str, Any]) -> bool:
        changing = claims.pop(NAMESPACE + "number", None)
        return changing in self.expected and claims == {
            NAMESPACE + "permissions": user["permissions"],
            NAMESPACE + "email": user["email"].lower(),
        }

    def report(self, what: str) -> str:
        seconds = sorted(self.seconds)
        times = ", ".join(f"p{p} {seconds[len(seconds) * p // 100] * 1000:.1f}" for p in (50, 95, 99))
        return (
            f"{what}: asked {self.asked}, right {self.right}, wrong {len(self.wrong)}, failed {dict(self.failed)}; "
            f"ms {times}, most {seconds[-1] * 1000:.1f}"
        )

    def require_perfect(self) -> None:
        assert not self.wrong, self.wrong[:3]
        assert not self.failed, self.failed
        assert self.asked == self.right > 0


async def ordinary(service: Running, tenant: str, on_failure: str) -> None:
    """The ordinary pipeline: a rule, one that does harm when asked, another rule."""
    await service.add("first", "", script=FIRST, tenant=tenant)
    for attack in ATTACKS:
        if tenant in ("default", attack):
            await service.add(attack, "", script=script(attack), tenant=tenant, on_failure=on_failure)
    await service.add("last", "", script=LAST, tenant=tenant)


@pytest.mark.parametrize("on_failure", ["deny", "skip"])
@pytest.mark.parametrize("where", ["the same tenant", "a tenant of its own"])
async def test_a_rule_hurts_only_its_own_login(tmp_path: Path, where: str, on_failure: str) -> None:
    async with running(tmp_path) as service:
        tenants = {attack: "default" if where == "the same tenant" else attack for attack in ATTACKS}
        for tenant in sorted({*tenants.values(), "default"}):
            await service.call("PUT", f"/v1/tenants/{tenant}")
            await ordinary(service, tenant, on_failure)
        load = Load(service)
        times: dict[str, list[float]] = {attack: [] for attack in ATTACKS}
        lines: dict[str, list[int]] = {attack: [] for attack in ATTACKS}
        async with load.on():
            await asyncio.sleep(0.3)
            for attack in [*ATTACKS, *ATTACKS]:
                user = {"user_id": "u", "email": "Eve@Example.com", "permissions": ["none"], "attack": attack}
                began = time.monotonic()
                answer = await service.execute(user, tenant=tenants[attack])
                times[attack].append(time.monotonic() - began)
                record = await service.record(answer["execution_id"], tenants[attack])
                require_harmless(answer, record, attack, on_failure)
                lines[attack] += line_of(record, attack)
        shown = ", ".join(f"{name} {' '.join(f'{t * 1000:.0f}' for t in each)}" for name, each in times.items())
        print(f"\n{where}, {on_failure}: ms until answered: {shown}")
        print(load.report("beside it"))
        load.require_perfect()
        # On a machine that is busy, it may take as much longer as a login without any harm takes there.
        assert max(max(each) for each in times.values()) < LIMIT + MARGIN + max(load.seconds)
        # One that is about to be killed has 25 ms to say where it is: on a busy machine it may miss them once.
        assert all(lines.values()), lines


def line_of(record: dict[str, Any], attack: str) -> list[int]:
    """Where it was stopped, if that is known: a line of the attack's own."""
    (line,) = (step["error"]["line"] for step in record["steps"] if step["rule"] == attack)
    assert line is None or 3 < line <= 3 + len(ATTACKS[attack][0].splitlines())
    return [] if line is None else [line]


def require_harmless(answer: dict[str, Any], record: dict[str, Any], attack: str, on_failure: str) -> None:
    steps = {step["rule"]: step for step in record["steps"]}
    assert steps["first"]["outcome"] == "passed"
    assert [write["path"] for write in steps["first"]["writes"]] == [
        "/context/idToken/https:~1~1example.com~1permissions"
    ]
    assert steps[attack]["outcome"] in ATTACKS[attack][1]
    if on_failure == "deny":
        assert answer["decision"] == "deny"
        assert answer["idToken"] is None
        assert answer["denial"]["rule"] == attack
        assert "last" not in steps
    else:
        assert answer["decision"] == "allow"
        assert answer["idToken"] == {NAMESPACE + "permissions": ["none"], NAMESPACE + "email": "eve@example.com"}
        assert [(w["code"], w["rule"]) for w in answer["warnings"]] == [("rule_skipped", attack)]
        assert steps["last"]["outcome"] == "passed"


def worker(service: Running) -> int | None:
    """A worker that has logins at this moment, if there is one."""
    workers = [worker for worker in service.service.pool._workers if worker.pid is not None]
    return max(workers, key=lambda worker: len(worker.in_flight)).pid if workers else None


def zygote(service: Running) -> int | None:
    process = service.service.pool._workers.zygote
    return process.pid if process is not None and process.alive else None


def private_redis(service: Running) -> int | None:
    server = service.service.private_redis
    return server.pid if server is not None else None


@pytest.mark.parametrize("victim", [worker, zygote, private_redis], ids=["worker", "zygote", "redis"])
async def test_the_service_heals(tmp_path: Path, victim: Callable[[Running], int | None]) -> None:
    """Meanwhile a rule changes all the time, so that compiling and Redis are needed too."""
    environ = {"REDIS_URL": ""} if victim is private_redis else {}
    async with running(tmp_path, environ) as service:
        await service.add("first", "", script=FIRST)
        rule = await service.add("number", 'context.idToken["https://example.com/number"] = 0')
        await service.add("last", "", script=LAST)
        load = Load(service)
        killed, changes, changes_failed = 0, 0, Counter[str]()
        async with load.on():
            end = time.monotonic() + 3

            def going_on() -> bool:
                return time.monotonic() < end or killed < 3

            async def kill() -> None:
                nonlocal killed
                while going_on():
                    await asyncio.sleep(0.2)
                    if (pid := victim(service)) is None:
                        continue
                    with contextlib.suppress(ProcessLookupError):  # it has ended, and nobody has noticed yet
                        os.kill(pid, signal.SIGKILL)
                        killed += 1
                    # Who waits for the next one is answered before that is killed, too: a login has two seconds.
                    answered = load.right + 2 * CALLERS
                    while load.right < answered:
                        await asyncio.sleep(0.01)

            async def change() -> None:
                nonlocal changes
                while going_on():
                    changes += 1
                    load.expected.add(changes)
                    text = f'def rule(user, context):\n    context.idToken["{NAMESPACE}number"] = {changes}\n'
                    response = await service.call("PATCH", f"/v1/rules/{rule.id}", {"script": text})
                    if response.status_code != 200:
                        changes_failed[response.text] += 1

            async with asyncio.timeout(60):
                await asyncio.gather(kill(), change())
            await asyncio.sleep(0.5)
        counts = service.service.pool.counts
        print(f"\n{victim.__name__} killed {killed} times; {changes} changes, failed {dict(changes_failed)}")
        print(load.report("logins"), counts, service.service.compiled.counts)
        assert not changes_failed
        load.require_perfect()
        if victim is private_redis:
            client = service.service.compiled._redis
            assert client is not None
            async with asyncio.timeout(10):
                while not await answers(client):
                    await asyncio.sleep(0.05)
        assert (await service.call("GET", "/readyz")).status_code == 200


async def answers(client: Any) -> bool:
    try:
        return bool(await client.ping())
    except Exception:
        return False


async def test_a_full_disk(tmp_path: Path) -> None:
    """Logins go on and their records wait; an upload says that it cannot be kept. With room again, nothing is lost."""
    async with running(tmp_path) as service:
        await service.add("first", "", script=FIRST)
        database = service.service.store._database
        async with database.writing() as connection:
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
            # For SQLite a file that may not grow is a disk without room. It counts for
            # this connection, which is the one that all writes take in turn.
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        user = {"user_id": "u" * 5000, "permissions": ["read"], "email": "a@example.com"}
        answers = [await service.execute(user) for _ in range(50)]
        assert {answer["decision"] for answer in answers} == {"allow"}
        await says(service, ["records"])
        long = {"name": "second", "script": FIRST + "# a long comment\n" * 3000}
        refused = await service.call("POST", "/v1/rules", long)
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
        assert [rule.saved.name for rule in await service.service.store.rules("default")] == ["first"]
        async with database.writing() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert (await service.call("POST", "/v1/rules", long)).status_code == 201
        async with asyncio.timeout(10):
            while service.service.records.waiting:
                await asyncio.sleep(0.05)
        assert (service.service.records.written, service.service.records.dropped) == (50, 0)
        await says(service, [])


async def says(service: Running, expected: list[str]) -> None:
    """Wait until `/readyz` says that just these are degraded: when the writer has tried is the disk's affair."""
    async with asyncio.timeout(30):
        while (await service.call("GET", "/readyz")).json()["degraded"] != expected:
            await asyncio.sleep(0.1)


async def test_a_flood_while_the_database_is_stopped(tmp_path: Path) -> None:
    """No login fails or waits for it; what finds no room is dropped and counted; recording goes on by itself."""
    with postgres_server() as server, fresh_database(server.url) as url:
        environ = {"DATABASE_URL": url, "CLAIMSMITH_SECRET": "s" * 40, "CLAIMSMITH_RECORDS_QUEUE": "300"}
        async with running(tmp_path, environ) as service:
            await service.add("r", "context.idToken['a'] = user.user_id")
            records = service.service.records

            async def flood(count: int) -> list[float]:
                times = []
                for number in range(count):
                    began = time.monotonic()
                    answer = await service.execute({"user_id": f"u{number}"})
                    times.append(time.monotonic() - began)
                    assert answer["idToken"] == {"a": f"u{number}"}
                return times

            usual = sorted(await flood(200))
            while records.waiting:
                await asyncio.sleep(0.01)
            written = records.written
            server.stop()
            stopped = sorted(await flood(800))
            assert (records.written, records.waiting, records.dropped) == (written, 300, 500)
            # Not a time limit: none of them may have waited for a database that does not answer, which takes seconds.
            assert stopped[len(stopped) // 2] < 20 * usual[len(usual) // 2]
            assert stopped[-1] < 1.0
            shown = (await service.call("GET", "/metrics")).text
            assert 'claimsmith_records_total{fate="dropped"} 500.0' in shown
            ready = (await service.call("GET", "/readyz")).json()
            assert "records" in ready["degraded"]
            server.start()
            async with asyncio.timeout(30):
                while records.waiting:
                    await asyncio.sleep(0.05)
            assert records.written == written + 300
            await flood(10)
            async with asyncio.timeout(30):
                while records.written < written + 310:
                    await asyncio.sleep(0.05)
            assert records.dropped == 500
            listed = (await service.call("GET", "/v1/executions?limit=500")).json()["executions"]
            assert len(listed) == 500
