"""Production, a trial, a replay, a replay under a tracer, and rules on trial beside the live ones: one execution."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.calls.given import Given
from engine.calls.made import World
from engine.cases import Case, clock_of, read_cases
from engine.execution import Execution
from engine.folder import read_modules
from engine.models import Transaction
from engine.recorder import NoRecorder
from tests.sandbox.test_ordinary import ORDINARY, Login, read
from tests.service import Running, running

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent.parent.parent / "sample_rules"
SAMPLES = [*sorted(FOLDER.glob("*.py")), *sorted((FOLDER / "gallery").glob("*.py"))]
MODULES = read_modules(FOLDER)
CASES = [(path, case) for path in SAMPLES for case in read_cases(path.with_suffix(".cases.json"))]
LOGINS = [(path, login) for path in ORDINARY for login in read(path)[1]]
NO_VALUES: Mapping[str, str] = {}
SEED = bytes(range(32))


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("one-path")) as service:
        for name, script in MODULES.items():
            await service.authoring.put_module("default", name, script, by="tester")
        yield service


def same(execution: Execution) -> dict[str, Any]:
    """All of an execution but its id and its times, and what it was run by."""
    members = msgspec.structs.asdict(execution)
    for name in ("id", "tenant", "revision", "transaction", "seconds", "timeline", "trace", "ran", "masking"):
        del members[name]
    steps = msgspec.to_builtins(execution.steps)
    for step in steps:
        for name in ("ms", "rule_id", "version"):
            del step[name]
        for call in step["calls"]:
            del call["ms"]
    ended = [(how, rule) for how, _, rule in execution.ended]
    return members | {"steps": steps, "ended": ended}


def nothing() -> World | None:
    return None


async def all_ways(
    service: Running,
    script: str,
    transaction: Transaction,
    clock: int,
    configuration: Mapping[str, str] = NO_VALUES,
    outside: Callable[[], World | None] = nothing,
) -> list[dict[str, Any]]:
    """All of an execution by each way. Who runs the rules by way of `outside` is answered anew."""
    for key, value in configuration.items():
        await service.service.configurations.put("default", key, value, by="tester")
    engine, replayer, store = service.service.engine, service.service.replayer, service.service.store
    rules = await store.rules("default")
    if rules:
        changes = {"script": script, "deploy": True}
        assert (await service.call("PATCH", f"/v1/rules/{rules[0].id}", changes)).status_code == 200
    else:
        await service.add("it", "", script=script)
    live = await store.live_revision("default")
    given: dict[str, Any] = {"clock": clock, "seed": SEED}
    production = await engine.evaluate(transaction, outside=outside(), **given)
    sha256 = hashlib.sha256(script.encode()).hexdigest()
    draft = msgspec.structs.replace(live, rules=(msgspec.structs.replace(live.rules[0], id="draft"),))
    tried = await engine.evaluate(
        transaction, revision=draft, scripts={sha256: script}, recorder=NoRecorder(), outside=outside(), **given
    )
    record = await service.service.records.get("default", production.id)
    again = await replayer.again("default", record)
    traced = await replayer.again("default", record, traced=True)
    beside = await replayer.otherwise("default", record, live)
    assert again.identical
    assert traced.identical
    assert beside.identical
    return [same(one) for one in (production, tried, again.execution, traced.execution, beside.execution)]


@pytest.mark.parametrize(("path", "case"), CASES, ids=[f"{path.stem}: {case.name}" for path, case in CASES])
async def test_cases(service: Running, path: Path, case: Case) -> None:
    transaction = Transaction(
        tenant="default",
        user=None if case.user is None else msgspec.json.encode(case.user),
        context=msgspec.json.encode(case.context),
    )
    clock = clock_of(case) or 1_800_000_000_000_000_000
    first, *others = await all_ways(
        service, path.read_text(), transaction, clock, case.configuration, lambda: Given(case.http, case.cache)
    )
    for other in others:
        assert other == first


@pytest.mark.parametrize(
    ("path", "login"), LOGINS, ids=[f"{path.stem}-{number}" for number, (path, _) in enumerate(LOGINS)]
)
async def test_ordinary_rules(service: Running, path: Path, login: Login) -> None:
    transaction = Transaction(
        tenant="default", user=msgspec.json.encode(login.user), context=msgspec.json.encode(login.context)
    )
    first, *others = await all_ways(service, path.read_text(), transaction, 1_800_000_000_123_456_789)
    for other in others:
        assert other == first
