"""A whole service in this process, for tests: real workers, real store, and Redis as asked for. All that it answers is
held against the document of its API."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2

from api.app import create_app
from api.callers import issue_token
from api.service import DEFAULT_TENANT, Service
from api.settings import Settings
from engine.authoring import Authoring
from engine.models import Rule
from engine.validity import Validity
from tests.declared import require_declared


@contextlib.asynccontextmanager
async def running(data: Path, environ: dict[str, str] | None = None) -> AsyncIterator[Running]:
    """A started service with its data in `data`; without Redis unless `environ` says otherwise."""
    settings = Settings.from_environ({"REDIS_URL": "none", **(environ or {})}, data=data)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        hooks = {"response": [require_declared]}
        async with httpx2.AsyncClient(transport=transport, base_url="http://claimsmith", event_hooks=hooks) as client:
            yield Running(app.state.service, client)


class Running:
    """What is asked without a tenant is asked in `tenant`."""

    def __init__(self, service: Service, client: httpx2.AsyncClient, tenant: str = DEFAULT_TENANT) -> None:
        self.service = service
        self.client = client
        self.tenant = tenant

    def within(self, tenant: str) -> Running:
        """The same service, asked in another tenant: for tests that share it."""
        return Running(self.service, self.client, tenant)

    @property
    def authoring(self) -> Authoring:
        return self.service.authoring

    @property
    def validity(self) -> Validity:
        return self.service.validity

    def token(self, scope: str = "admin", tenant: str | None = None, subject: str = "tester") -> str:
        return issue_token(
            self.service.keys, scope=scope, tenant=tenant or self.tenant, subject=subject, expires_in=600
        )

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        scope: str = "admin",
        tenant: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """One request as a caller with `scope`; bytes are sent as they are, anything else as JSON."""
        sent = {"Authorization": f"Bearer {self.token(scope, tenant)}", **(headers or {})}
        if isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
            return await self.client.request(method, path, content=body, headers=sent)
        if body is None:
            return await self.client.request(method, path, headers=sent)
        return await self.client.request(method, path, json=body, headers=sent)

    async def add(self, name: str, body: str, *, tenant: str | None = None, **fields: Any) -> Rule:
        """A live rule whose function has this body."""
        lines = "\n".join("    " + line for line in body.splitlines())
        script = f"def rule(user, context):\n{lines}\n"
        given = {"order": None, "enabled": True, "on_failure": "deny", "deploy": True, "by": "tester"} | fields
        rule, _ = await self.authoring.create(
            tenant or self.tenant, name=name, script=given.pop("script", script), **given
        )
        return rule

    async def execute(self, user: Any = None, context: Any = None, **fields: Any) -> dict[str, Any]:
        """The answer to one login."""
        tenant = fields.pop("tenant", None)
        body = {"user": user if user is not None else {"user_id": "u1"}, "context": context or {}, **fields}
        response = await self.call("POST", "/v1/execute", body, scope="execute", tenant=tenant)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    async def record(self, execution_id: str, tenant: str | None = None) -> dict[str, Any]:
        response = await self.call("GET", f"/v1/executions/{execution_id}", tenant=tenant)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]
