"""Calls of issuers' hooks against a whole service: a tenant with its secrets, settings and rules, and one request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import pytest

import api.hooks
from engine.models import Conditions
from tests.api import fresh
from tests.service import Running

JSON = dict[str, Any]


async def hooked(
    service: Running,
    issuer: str,
    *,
    secrets: Mapping[str, JSON],
    rules: Sequence[str] = (),
    settings: JSON | None = None,
) -> str:
    """A tenant for one test, whose rules run for machines, too. The answer of each secret was 2xx."""
    tenant = await fresh.tenant(service, scope_changes=True, lifetime_changes=True, hooks={issuer: settings or {}})
    for name, secret in secrets.items():
        response = await service.call("PUT", f"/v1/issuers/{issuer}/secrets/{name}", secret, tenant=tenant)
        assert response.status_code < 300, response.text
    for number, body in enumerate(rules, 1):
        await service.add(f"rule-{number}", body, tenant=tenant, conditions=Conditions(without_user=True))
    return tenant


async def call(
    service: Running, issuer: str, tenant: str, headers: Mapping[str, str], body: bytes | JSON | str
) -> httpx2.Response:
    text = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return await service.client.post(f"/v1/hooks/{issuer}/{tenant}", content=text, headers=dict(headers))


def at(monkeypatch: pytest.MonkeyPatch, seconds: float | None) -> None:
    """The time of the service's clock while signatures are looked at."""
    if seconds is not None:
        monkeypatch.setattr(api.hooks, "now", lambda: seconds)


def rule_of(effect: JSON) -> str:
    """A rule's body that has this effect, in the words of the published cases."""
    lines = []
    if "deny" in effect:
        lines.append(f"raise UnauthorizedError({effect['deny']['reason']!r})")
    if "error" in effect:
        lines.append("while True: pass" if "timed out" in effect["error"]["reason"] else "raise ValueError('x')")
    for token, name in (("idToken", "id_token"), ("accessToken", "access_token")):
        lines += [f"context.{token}[{claim!r}] = {value!r}" for claim, value in effect.get(name, {}).items()]
        lines += [f"del context.{token}[{claim!r}]" for claim in effect.get(f"remove_{name}", [])]
    if "lifetime" in effect:
        seconds = {"id_token": "idToken", "access_token": "accessToken"}
        lines.append(f"context.lifetime = { {seconds[name]: value for name, value in effect['lifetime'].items()}!r}")
    return "\n".join(lines) or "pass"
