"""The outside of one case: it answers the calls of a rule in their order, and keeps what they asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.calls.given import Exchange, Given
from engine.engine import Engine
from engine.execution import Execution
from engine.models import Transaction
from sandbox.exchanges import CacheRequest, HttpAnswer, HttpRequest


class Heard:
    """The first call gets the first answer, whatever it asks: whether it was the right question is compared later."""

    def __init__(self, answers: Sequence[dict[str, Any]]) -> None:
        self._answers = list(answers)
        self._cache = Given(())
        self.requests: list[HttpRequest] = []
        self.kept: list[tuple[Any, float]] = []  # values put into the cache, with the seconds that they stay

    async def http(self, tenant: str, request: HttpRequest, hosts: tuple[str, ...], seconds: float) -> bytes:
        self.requests.append(request)
        if len(self.requests) > len(self._answers):
            return msgspec.json.encode(HttpAnswer(failure="failed", message="the case has no answer to this call"))
        answer = self._answers[len(self.requests) - 1]
        if "transport_error" in answer:
            return msgspec.json.encode(HttpAnswer(failure="connection", message=answer["transport_error"]))
        body = answer.get("body", "")
        exchange = Exchange(
            method=request.method,
            url=request.url,
            status=answer.get("status", 200 if answer.get("ok", True) else 400),
            body=body if isinstance(body, str) else json.dumps(body),
        )
        return await Given((exchange,)).http(tenant, request, hosts, seconds)

    async def cache(self, tenant: str, request: CacheRequest) -> bytes:
        if request.op == "set":
            self.kept.append((msgspec.json.decode(request.value), request.ttl))
        return await self._cache.cache(tenant, request)


class Listening:
    """An engine whose rules call this outside in place of the one that a case gives."""

    def __init__(self, engine: Engine, outside: Heard) -> None:
        self._engine = engine
        self._outside = outside

    async def evaluate(self, transaction: Transaction, **given: Any) -> Execution:
        return await self._engine.evaluate(transaction, **{**given, "outside": self._outside})
