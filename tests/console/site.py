"""A tenant of its own at a real service, as it is before anybody opens the console."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx2

from api.callers import issue_token
from engine.keys import Keys
from tests.servers import TRUST


@dataclass(frozen=True)
class Site:
    url: str
    secret: str
    tenant: str

    @property
    def home(self) -> str:
        """Where the tenant's screens are."""
        return f"{self.url}/console/t/{self.tenant}"

    def token(self, scope: str = "admin", tenant: str | None = None, expires_in: int = 3600) -> str:
        return issue_token(
            Keys(self.secret), scope=scope, tenant=tenant or self.tenant, subject="ann", expires_in=expires_in
        )

    def call(self, method: str, path: str, body: Any = None, *, scope: str = "admin") -> Any:
        """What the API answers, decoded. Fails for an error."""
        headers = {"Authorization": f"Bearer {self.token(scope)}"}
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=30, headers=headers, verify=TRUST) as client:
            response = client.request(method, path, json=body) if body is not None else client.request(method, path)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def add(self, name: str, script: str, **fields: Any) -> str:
        """A live rule; its id."""
        return str(self.call("POST", "/v1/rules", {"name": name, "script": script, **fields})["id"])

    def execute(self, user: Any = None, context: Any = None) -> Any:
        """The answer to one login."""
        body = {"user": user or {"user_id": "u1"}, "context": context or {"clientID": "c1"}}
        return self.call("POST", "/v1/execute", body)

    def recorded(self, count: int) -> None:
        """Wait for the records of so many logins: they are written behind the answer."""
        end = time.monotonic() + 15
        while len(self.call("GET", "/v1/executions")["executions"]) < count:
            assert time.monotonic() < end
            time.sleep(0.1)
