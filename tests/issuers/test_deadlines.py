"""Every answer is there before its issuer stops waiting, in real time: one that fails open issues the token else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.issuers.kinds import read_secret
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from engine.models import Revision
from tests.issuers.hooked import hooked
from tests.issuers.test_cases import SECRETS
from tests.service import Running, running

pytestmark = pytest.mark.anyio

# An operator who gives rules all the time in the world.
PATIENT = {"CLAIMSMITH_RULE_MS": "20000", "CLAIMSMITH_EXECUTION_MS": "60000"}
CALLS = Path(__file__).parent / "calls"
FAILED = {"error": {"errorSummary": "rule execution failed"}}
NOT_NOW = {"error": {"errorSummary": "the rules cannot be run just now"}}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("deadlines"), PATIENT) as service:
        yield service


async def timed(
    service: Running, issuer: str, tenant: str, *, pause: float = 0.0, body: bytes | None = None
) -> tuple[float, int, Any]:
    """One call, whose body comes in pieces with a `pause` between them: how long its answer took, and the answer."""
    text = body or json.dumps(next(iter(json.loads((CALLS / f"{issuer}.json").read_text()).values()))).encode()
    secret = read_secret(msgspec.json.encode(SECRETS[issuer]))
    headers = {"content-type": "application/json", **signed(secret, ISSUERS[issuer].scheme, text, time.time())}

    async def pieces() -> AsyncIterator[bytes]:
        size = len(text) // 10 + 1
        for start in range(0, len(text), size):
            await asyncio.sleep(pause)
            yield text[start : start + size]

    began = time.monotonic()
    response = await service.client.post(f"/v1/hooks/{issuer}/{tenant}", content=pieces(), headers=headers)
    return time.monotonic() - began, response.status_code, response.json()


@pytest.mark.parametrize(
    ("rule", "settings"), [("while True: pass", {}), ("sum(range(10**12))", {"deadline_ms": 30_000})]
)
async def test_okta_is_told_no_before_its_three_seconds(service: Running, rule: str, settings: dict[str, int]) -> None:
    tenant = await hooked(service, "okta", secrets={"key": SECRETS["okta"]}, rules=[rule], settings=settings)
    seconds, status, answer = await timed(service, "okta", tenant)
    assert (status, answer) == (200, FAILED)
    assert 2.5 < seconds < 2.9


async def test_a_shorter_deadline_is_kept(service: Running) -> None:
    how = {"deadline_ms": 500}
    tenant = await hooked(service, "okta", secrets={"key": SECRETS["okta"]}, rules=["while True: pass"], settings=how)
    seconds, status, answer = await timed(service, "okta", tenant)
    assert (status, answer) == (200, FAILED)
    assert 0.3 < seconds < 0.5


async def test_how_long_zitadel_waits_is_a_setting_there_and_here(service: Running) -> None:
    rule = "while True: pass"
    how = {"deadline_ms": 1_000}
    tenant = await hooked(service, "zitadel", secrets={"key": SECRETS["zitadel"]}, rules=[rule], settings=how)
    seconds, status, _ = await timed(service, "zitadel", tenant)
    assert (status, 0.7 < seconds < 1.0) == (500, True)


async def test_a_slow_body_is_part_of_the_time(service: Running) -> None:
    """Of a call that came in slowly the rules have what is left."""
    tenant = await hooked(service, "okta", secrets={"key": SECRETS["okta"]}, rules=["while True: pass"])
    seconds, status, answer = await timed(service, "okta", tenant, pause=0.15)
    assert (status, answer, seconds < 2.9) == (200, FAILED, True)
    seconds, status, answer = await timed(service, "okta", tenant, pause=0.5)  # more than five seconds in all
    assert (status, answer, seconds < 2.9) == (200, NOT_NOW, True)


async def test_supabase_is_answered_within_five_seconds(service: Running) -> None:
    tenant = await hooked(service, "supabase", secrets={"key": SECRETS["supabase"]}, rules=["while True: pass"])
    seconds, status, answer = await timed(service, "supabase", tenant)
    assert (status, answer) == (200, {"error": {"http_code": 500, "message": "rule execution failed"}})
    assert 4.5 < seconds < 4.9


@pytest.mark.parametrize("issuer", ["supabase", "zitadel"])
async def test_an_empty_body_is_answered_at_once(service: Running, issuer: str) -> None:
    tenant = await hooked(service, issuer, secrets={"key": SECRETS[issuer]})
    secret = read_secret(msgspec.json.encode(SECRETS[issuer]))
    headers = {"content-type": "application/json", **signed(secret, ISSUERS[issuer].scheme, b"", time.time())}
    began = time.monotonic()
    response = await service.client.post(f"/v1/hooks/{issuer}/{tenant}", content=b"", headers=headers)
    assert "the body is empty" in response.text
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize(("delay", "pause", "wanted"), [(1.2, 0.0, FAILED), (1.2, 0.5, NOT_NOW), (60.0, 0.0, NOT_NOW)])
async def test_a_database_that_hangs_is_part_of_the_time(
    service: Running, monkeypatch: pytest.MonkeyPatch, delay: float, pause: float, wanted: Any
) -> None:
    """The rules of a tenant are not known here yet, and the database takes its time to tell them, or all of it; and the
    body comes in slowly."""
    tenant = await hooked(service, "okta", secrets={"key": SECRETS["okta"]}, rules=["while True: pass"])
    asked = service.service.live.revision

    async def slowly(name: str) -> Revision:
        await asyncio.sleep(delay)
        return await asked(name)

    monkeypatch.setattr(service.service.live, "revision", slowly)
    seconds, status, answer = await timed(service, "okta", tenant, pause=pause)
    assert (status, answer) == (200, wanted)
    assert seconds < 2.9


async def test_nobody_makes_it_look_for_a_tenant(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no secret is refused before anything is looked for or read."""
    looked = []

    async def look(name: str) -> Revision:
        looked.append(name)
        raise TimeoutError

    monkeypatch.setattr(service.service.live, "revision", look)
    seconds, status, answer = await timed(service, "supabase", "no-such-tenant", pause=1.0)
    assert (status, answer, seconds < 0.5, looked) == (401, {"error": "invalid_signature"}, True, [])
