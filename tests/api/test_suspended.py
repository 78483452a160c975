"""A rule that runs out of time at every login takes no worker for it any more, and is tried again."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from engine.models import Conditions, PipelineRule, Step, StepError
from engine.suspended import COUNTED, FAILURES, LEFT_OUT, MOST, PEOPLE, WITHIN, Suspended
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

_people = itertools.count()
SLOW = "if user.user_id != 'quick':\n    while True: pass\ncontext.idToken.a = 1"


FEW = PEOPLE  # failures in a row, where each of them takes as long as a rule may


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("suspended")) as service:
        yield service


@pytest.fixture
def service(shared: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """One that suspends sooner, with the time that rules have everywhere: of a short one a busy machine takes all."""
    monkeypatch.setattr("engine.suspended.FAILURES", FEW)
    return shared


async def codes(service: Running, tenant: str, answer: dict[str, Any]) -> list[str | None]:
    steps = (await service.record(answer["execution_id"], tenant))["steps"]
    return [step["error"] and step["error"]["code"] for step in steps]


async def suspend(service: Running, tenant: str) -> None:
    for number in range(FEW):
        answer = await service.execute({"user_id": f"u{number}"}, tenant=tenant)
        assert await codes(service, tenant, answer) == [None, "rule_timed_out"]


@pytest.mark.parametrize("on_failure", ["deny", "skip"])
async def test_it_is_left_out_and_tried_again(
    service: Running, monkeypatch: pytest.MonkeyPatch, on_failure: str
) -> None:
    now = 1000.0
    suspended = Suspended(lambda: now)
    monkeypatch.setattr(service.service.engine, "suspended", suspended)
    tenant = await fresh.tenant(service)
    await service.add("first", "context.idToken.first = 1", tenant=tenant)
    await service.add("slow", SLOW, tenant=tenant, on_failure=on_failure)
    await suspend(service, tenant)
    began = time.monotonic()
    answer = await service.execute({"user_id": "quick"}, tenant=tenant)  # it would pass, and is not asked
    assert time.monotonic() - began < 1
    assert await codes(service, tenant, answer) == [None, "rule_suspended"]
    if on_failure == "deny":
        assert (answer["decision"], answer["denial"]["error"]) == ("deny", "server_error")
        assert answer["denial"]["rule"] == "slow"
    else:
        assert (answer["decision"], answer["idToken"]) == ("allow", {"first": 1})
        assert [one["code"] for one in answer["warnings"]] == ["rule_skipped"]
    again = await service.call("POST", f"/v1/executions/{answer['execution_id']}/replay", {}, tenant=tenant)
    assert again.json()["identical"] is True, again.json()["differences"]
    now += LEFT_OUT
    tried = await service.execute(tenant=tenant)  # the one that tries it
    assert await codes(service, tenant, tried) == [None, "rule_timed_out"]
    assert await codes(service, tenant, await service.execute(tenant=tenant)) == [None, "rule_suspended"]
    now += LEFT_OUT
    tried = await service.execute({"user_id": "quick"}, tenant=tenant)
    assert (tried["decision"], await codes(service, tenant, tried)) == ("allow", [None, None])
    assert await codes(service, tenant, await service.execute(tenant=tenant)) == [None, "rule_timed_out"]
    assert suspended.suspensions == 1


@pytest.mark.parametrize("on_failure", ["deny", "skip"])
async def test_logins_that_it_does_not_run_for_are_none_of_its_business(
    service: Running, monkeypatch: pytest.MonkeyPatch, on_failure: str
) -> None:
    now = 1000.0
    monkeypatch.setattr(service.service.engine, "suspended", Suspended(lambda: now))
    tenant = await fresh.tenant(service)
    only = Conditions(clients=("app",))
    await service.add("slow", SLOW, tenant=tenant, on_failure=on_failure, conditions=only)
    await service.add("last", "context.idToken.last = 1", tenant=tenant)
    for number in range(FEW):
        await service.execute({"user_id": f"u{number}"}, {"clientID": "app"}, tenant=tenant)
    assert service.service.engine.suspended.suspensions == 1
    other = await service.execute(context={"clientID": "other"}, tenant=tenant)
    assert (other["decision"], other["idToken"], other["warnings"]) == ("allow", {"last": 1}, [])
    assert await codes(service, tenant, other) == [None, None]
    now += LEFT_OUT
    await service.execute(context={"clientID": "other"}, tenant=tenant)  # nor does it try the rule
    tried = await service.execute({"user_id": "quick"}, {"clientID": "app"}, tenant=tenant)
    assert (tried["decision"], tried["idToken"]) == ("allow", {"a": 1, "last": 1})


async def test_one_that_is_changed_begins_anew(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("first", "pass", tenant=tenant)
    slow = await service.add("slow", SLOW, tenant=tenant)
    await suspend(service, tenant)
    assert await codes(service, tenant, await service.execute(tenant=tenant)) == [None, "rule_suspended"]
    script = "def rule(user, context):\n    context.idToken.a = 2\n"
    await service.call("PATCH", f"/v1/rules/{slow.id}", {"script": script}, tenant=tenant)
    assert (await service.execute(tenant=tenant))["idToken"] == {"a": 2}


async def test_one_person_suspends_nothing_for_others(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("slow", SLOW, tenant=tenant)
    for _ in range(2 * FEW):
        await service.execute({"user_id": "hostile"}, tenant=tenant)
    assert (await service.execute({"user_id": "quick"}, tenant=tenant))["decision"] == "allow"


async def test_trials_and_deadlines_of_callers_suspend_nothing(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("slow", "sum(range(10**9)) if user.user_id != 'quick' else None", tenant=tenant)
    body = {"user": {"user_id": "u"}, "context": {}}
    for _ in range(FEW + 1):
        await service.call("POST", "/v1/try", body, tenant=tenant)
        await service.execute(tenant=tenant, deadline_ms=5)
    assert (await service.execute({"user_id": "quick"}, tenant=tenant))["decision"] == "allow"


def anybody() -> Callable[[], str]:
    """Somebody else each time."""
    return next(_people).__str__


def rule(name: str = "r") -> PipelineRule:
    return PipelineRule(id=name, name=name, version=1, sha256="0", order=1, enabled=True, on_failure="deny")


def failed(code: str = COUNTED, name: str = "r") -> list[Step]:
    error = StepError(code=code, message="")
    return [Step(rule=name, rule_id=name, version=1, outcome="timed_out", ms=1.0, error=error)]


def test_what_counts() -> None:
    now = 0.0
    suspended = Suspended(lambda: now)
    for _ in range(FAILURES - 1):
        suspended.note("t", [rule()], ["r"], failed(), anybody())
    suspended.note("t", [rule()], ["r"], [], anybody())  # one that passes is the end of the row
    for _ in range(FAILURES - 1):
        suspended.note("t", [rule()], ["r"], failed(), anybody())
    suspended.note("t", [rule()], [], [], anybody())  # one at which it did not run is not
    assert suspended.among("t", [rule()]) == {}
    suspended.note("t", [rule()], ["r"], failed(), anybody())
    assert [*suspended.among("t", [rule("other"), rule()])] == [1]
    assert suspended.among("other", [rule()]) == {}


def test_a_row_that_takes_long_is_none() -> None:
    now = 0.0
    suspended = Suspended(lambda: now)
    for _ in range(3 * FAILURES):
        suspended.note("t", [rule()], ["r"], failed(), anybody())
        now += 2 * WITHIN / FAILURES
    assert suspended.suspensions == 0


def test_what_is_remembered_is_bounded() -> None:
    suspended = Suspended()
    for number in range(MOST + 10):
        suspended.note("t", [rule(str(number))], [str(number)], failed(name=str(number)), anybody())
    assert len(suspended._failing) == MOST


def test_it_takes_several_people() -> None:
    suspended = Suspended()
    for number in range(3 * FAILURES):
        suspended.note("t", [rule()], ["r"], failed(), str(number % (PEOPLE - 1)).__str__)
    assert suspended.suspensions == 0
    suspended.note("t", [rule()], ["r"], failed(), "another".__str__)
    assert suspended.suspensions == 1
