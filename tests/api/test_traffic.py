"""`GET /v1/traffic` on real records: it says what the list of them says, added up."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

import api.traffic
from engine.record import Record
from engine.traffic import MOST_CLAIMS, Tally
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NS = "https://example.com/"
RULE = f"""\
if user.user_id == 'mallory':
    raise UnauthorizedError('not you')
if user.get('plan'):
    context.idToken['{NS}plan'] = user.plan
context.accessToken['iss'] = 'somebody else'"""
FAILING = "user['missing']['name']"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("traffic")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def asked(service: Running, tenant: str, query: str = "") -> dict[str, Any]:
    while service.service.records.waiting:
        await asyncio.sleep(0.01)
    response = await service.call("GET", f"/v1/traffic{query}", scope="executions:read", tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_it_is_what_the_records_say(service: Running, tenant: str) -> None:
    plans = await service.add("plans", RULE, tenant=tenant)
    broken = await service.add("broken", FAILING, tenant=tenant, on_failure="skip")
    for user in ({"user_id": "ada", "plan": "gold"}, {"user_id": "bob"}, {"user_id": "mallory"}):
        context = {"clientID": "web", "accessToken": {"iss": "https://issuer.example/"}}
        await service.execute(user, context, tenant=tenant)
    await service.call("PATCH", f"/v1/rules/{broken.id}", {"enabled": False}, tenant=tenant)
    await service.execute({"user_id": "eve"}, tenant=tenant)
    found = await asked(service, tenant)
    response = await service.call("GET", "/v1/executions", tenant=tenant)
    eve, mallory, bob, ada = response.json()["executions"]
    assert (found["executions"], found["failed"], found["more"]) == (4, 2, False)
    assert found["decisions"] == {"allow": 3, "deny": 1, "redirect": 0, "step_up": 0}
    assert (found["first_at"], found["last_at"]) == (ada["clock"], eve["clock"])
    times = sorted(one["ms"] for one in (eve, mallory, bob, ada))
    assert (found["p50"], found["p95"], found["p99"]) == (times[1], times[3], times[3])
    assert found["clients"] == [
        {"client": "web", "executions": 3, "failed": 2, "denied": 1, "last_at": mallory["clock"]},
        {"client": None, "executions": 1, "failed": 0, "denied": 0, "last_at": eve["clock"]},
    ]
    one, other = found["rules"]
    assert (one["id"], one["name"], one["runs"]) == (plans.id, "plans", 4)
    assert one["outcomes"] == {"passed": 3, "denied": 1}
    assert (one["last_at"], one["last_claim_at"]) == (eve["clock"], ada["clock"])
    assert (one["claims"], one["more_claims"]) == ([f"{NS}plan"], False)  # `iss` was restored
    assert (other["id"], other["runs"], other["outcomes"]) == (broken.id, 2, {"raised": 2})
    assert (other["last_at"], other["last_claim_at"], other["claims"]) == (bob["clock"], None, [])
    steps = [(await service.record(one["execution_id"], tenant))["steps"] for one in (ada, bob, mallory, eve)]
    assert one["p95_ms"] == max(step["ms"] for of in steps for step in of if step["rule"] == "plans")
    assert (found["other_rules"], found["other_clients"]) == (0, 0)


async def test_the_series_is_the_time_in_equal_parts(service: Running, tenant: str) -> None:
    for _ in range(3):
        await service.execute(tenant=tenant)
    found = await asked(service, tenant, "?minutes=60")
    since, until = time_of(found["since"]), time_of(found["until"])
    assert until - since == timedelta(hours=1)
    starts = [time_of(one["at"]) for one in found["series"]]
    assert (len(starts), starts[0]) == (48, since)
    assert {after - before for before, after in itertools.pairwise(starts)} == {timedelta(seconds=75)}
    assert [one["count"] for one in found["series"]] == [0] * 47 + [3]
    assert found["series"][0] == {"at": found["since"], "count": 0, "failed": 0, "denied": 0, "p50": None, "p95": None}
    assert found["series"][47]["p95"] == found["p95"]


async def test_with_more_it_begins_with_the_oldest_that_was_looked_at(service: Running, tenant: str) -> None:
    for _ in range(3):
        await service.execute(tenant=tenant)
    found = await asked(service, tenant, "?limit=2")
    assert (found["executions"], found["more"]) == (2, True)
    assert found["since"] == found["first_at"]
    assert sum(one["count"] for one in found["series"]) == 2
    found = await asked(service, tenant, "?limit=3")
    assert (found["executions"], found["more"]) == (3, False)


async def test_long_logins_are_fewer(service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.traffic, "PAGE", 1)
    monkeypatch.setattr(api.traffic, "MOST_BYTES", 2000)
    for _ in range(3):
        await service.execute({"user_id": "u1", "long": "x" * 1000}, tenant=tenant)
    found = await asked(service, tenant)
    assert (found["executions"], found["more"]) == (2, True)


async def test_older_ones_and_others_are_not_counted(
    service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.execute(tenant=tenant)
    assert (await asked(service, await fresh.tenant(service)))["executions"] == 0
    monkeypatch.setattr(api.traffic, "now", lambda: time.time_ns() + 61 * 10**9)
    found = await asked(service, tenant, "?minutes=1")
    assert (found["executions"], found["first_at"], found["p50"], found["rules"]) == (0, None, None, [])
    assert (await asked(service, tenant, "?minutes=2"))["executions"] == 1


async def test_what_is_not_shown_of_a_record_is_not_shown_here(service: Running) -> None:
    tenant = await fresh.tenant(service, recording={"redact": ["/user/email"]})
    script = f"context.idToken['{NS}' + user.email] = 1\ncontext.idToken['{NS}b'] = user.email"
    await service.add("leaks", script, tenant=tenant)
    await service.execute({"user_id": "u1", "email": "ada@example.com"}, {"clientID": "ada@example.com"}, tenant=tenant)
    found = await asked(service, tenant)
    assert "ada@example.com" not in str(found)
    assert found["rules"][0]["claims"] == [f"{NS}***", f"{NS}b"]
    assert found["clients"][0]["client"] == "***"


async def test_claims_that_were_undone_or_denied_are_no_claims(service: Running, tenant: str) -> None:
    await service.add("undone", f"context.idToken['{NS}a'] = 1\n{FAILING}", tenant=tenant, on_failure="skip", order=1)
    await service.add("whole", f"context.idToken = {{'{NS}b': 1}}", tenant=tenant, order=2)
    await service.add("many", f"for n in range(30):\n    context.idToken['{NS}' + str(n)] = n", tenant=tenant, order=3)
    await service.execute(tenant=tenant)
    undone, whole, many = (await asked(service, tenant))["rules"]
    assert (undone["last_claim_at"], undone["claims"]) == (None, [])
    assert whole["claims"] == [f"{NS}b"]
    assert (len(many["claims"]), many["more_claims"]) == (MOST_CLAIMS, True)


async def test_it_breathes_between_two_records(service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(20):
        await service.execute(tenant=tenant)
    turns, seen = 0, []
    add = Tally.add

    def noting(self: Tally, record: Record) -> None:
        seen.append(turns)
        add(self, record)

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(Tally, "add", noting)
    task = asyncio.create_task(turning())
    try:
        assert (await asked(service, tenant))["executions"] == 20
    finally:
        task.cancel()
    assert len(set(seen)) == 20, seen


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=1001", "?limit=x", "?minutes=0", "?minutes=10081", "?minutes=1e3", "?since=1h"]
)
async def test_what_cannot_be_asked(service: Running, tenant: str, query: str) -> None:
    response = await service.call("GET", f"/v1/traffic{query}", tenant=tenant)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
