"""An execution that comes too late is answered in time, and recorded as what it was: support finds it by the answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from api.issuers.kinds import read_secret
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from sandbox.pool import Pool
from sandbox.process import Worker
from tests.issuers.hooked import hooked
from tests.issuers.test_cases import SECRETS
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALLS = Path(__file__).parent / "calls"
WAIT = 0.8  # seconds, by the hook's settings; a fifth of it is left for the way
RULES = ["context.idToken['https://example.com/a'] = 'b'", "print('here')\nsum(range(10**12))"]


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The one reads before it looks at its timers, the other after."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="module")
async def service(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: tuple[str, dict[str, Any]]
) -> AsyncIterator[Running]:
    patient = {"CLAIMSMITH_RULE_MS": "20000", "CLAIMSMITH_EXECUTION_MS": "60000"}
    async with running(tmp_path_factory.mktemp("late"), patient) as service:
        yield service


async def ready(service: Running, issuer: str, *rules: str) -> str:
    settings = {"deadline_ms": round(WAIT * 1000)}
    return await hooked(service, issuer, secrets={"key": SECRETS[issuer]}, rules=rules, settings=settings)


async def call(service: Running, issuer: str, tenant: str) -> tuple[float, httpx2.Response]:
    text = json.dumps(next(iter(json.loads((CALLS / f"{issuer}.json").read_text()).values()))).encode()
    secret = read_secret(msgspec.json.encode(SECRETS[issuer]))
    headers = {"content-type": "application/json", **signed(secret, ISSUERS[issuer].scheme, text, time.time())}
    began = time.monotonic()
    response = await service.client.post(f"/v1/hooks/{issuer}/{tenant}", content=text, headers=headers)
    return time.monotonic() - began, response


def counted(service: Running, issuer: str) -> list[int]:
    engine = service.service.engine
    hooks = service.service.metrics.hooks
    return [
        hooks[issuer, "failed"],
        engine.decisions["deny"],
        engine.denials["server_error"],
        engine.outcomes["passed"],
        engine.outcomes["timed_out"],
    ]


@pytest.mark.parametrize("issuer", ["okta", "hydra"])
async def test_a_worker_that_does_not_end_in_time(
    service: Running, monkeypatch: pytest.MonkeyPatch, issuer: str
) -> None:
    """The kernel takes its time to end it."""
    tenant = await ready(service, issuer, *RULES)
    kill = Worker.kill

    def slowly(worker: Worker, why: str | None = None) -> None:
        asyncio.get_running_loop().call_later(1.5, kill, worker, why)

    monkeypatch.setattr(Worker, "kill", slowly)
    before = counted(service, issuer)
    seconds, response = await call(service, issuer, tenant)
    assert 0.5 < seconds < WAIT
    assert "rule execution failed" in response.text
    assert [now - then for now, then in zip(counted(service, issuer), before, strict=True)] == [1] * 5

    record = await service.record(response.headers["claimsmith-execution"], tenant)
    assert (record["decision"], record["denial"]["error"], record["issuer"]) == ("deny", "server_error", issuer)
    first, second = record["steps"]
    assert (first["outcome"], first["writes"][0]["new"]) == ("passed", "b")
    assert (second["outcome"], second["error"]["code"]) == ("timed_out", "execution_timed_out")
    assert [line["text"] for line in second["logs"]] == ["here"]
    listed = await written(service, "/v1/executions?decision=deny&rule=rule-2", tenant)
    assert [(one["execution_id"], one["failed"]) for one in listed] == [(record["execution_id"], ["rule-2"])]
    again = await service.call("POST", f"/v1/executions/{record['execution_id']}/replay", {}, tenant=tenant)
    assert [remark["code"] for remark in again.json()["remarks"]] == ["as_recorded"]
    await workers_gone(service)


@pytest.mark.parametrize("issuer", ["okta", "hydra"])
@pytest.mark.parametrize("rules", [RULES, RULES[:1]], ids=["late", "done meanwhile"])
async def test_a_process_that_stands_still(
    service: Running, monkeypatch: pytest.MonkeyPatch, issuer: str, rules: list[str]
) -> None:
    """Until after the deadline, as on a machine that has too much to do: whatever the answer is, its record is there,
    and says the same."""
    tenant = await ready(service, issuer, *rules)
    pump = Pool._pump

    def standing_still(pool: Pool, one: Any) -> None:
        pump(pool, one)
        monkeypatch.undo()
        asyncio.get_running_loop().call_soon(time.sleep, WAIT)

    monkeypatch.setattr(Pool, "_pump", standing_still)
    _, response = await call(service, issuer, tenant)
    record = await service.record(response.headers["claimsmith-execution"], tenant)
    outcomes = [step["outcome"] for step in record["steps"]]
    assert outcomes == (["passed"] if rules == RULES[:1] else ["passed", "timed_out"])
    assert ("rule execution failed" in response.text) == (rules == RULES)
    await workers_gone(service)


async def written(service: Running, path: str, tenant: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while service.service.records.waiting:
            await asyncio.sleep(0.02)
    found: list[dict[str, Any]] = (await service.call("GET", path, tenant=tenant)).json()["executions"]
    return found


async def workers_gone(service: Running) -> None:
    """What nobody waits for has ended, too."""
    async with asyncio.timeout(10):
        while service.service.pool.busy or service.service.pool.waiting:
            await asyncio.sleep(0.02)
