"""Rules run through a real pool, with the parts of a transaction that a test does not care about filled in."""

from __future__ import annotations

import asyncio
import hashlib
import json
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from sandbox import journal
from sandbox.exchanges import CacheAnswer, CacheRequest, HttpAnswer, HttpRequest
from sandbox.limits import Limits
from sandbox.pool import Killed, Pool, Request, RuleCode
from sandbox.wire import Answer, Call, CallKind, Problem

CLOCK = 1_800_000_000_123_456_789  # 2027-01-15 08:00:00 UTC and a little
SEED = bytes(range(32))
USER: dict[str, Any] = {
    "user_id": "auth0|1",
    "email": "ada@example.com",
    "permissions": ["read"],
    "app_metadata": {"roles": ["admin", "staff"], "level": 3},
    "user_metadata": {"color": "blue"},
}
CONTEXT: dict[str, Any] = {"clientID": "client", "idToken": {}, "accessToken": {}, "stats": {"loginsCount": 7}}
CONFIGURATION = {"KEY": "a-key", "SECRET": "a-secret"}
RETURNS = ("idToken", "accessToken", "redirect", "multifactor")


class Standing:
    """Answers calls in place of the outside: it says what it was asked, and keeps what it is given."""

    changes = False

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    async def answer(self, call: Call) -> bytes:
        return self.said(call.kind, bytes(call.request))

    def said(self, kind: CallKind, text: bytes) -> bytes:
        if kind == "http":
            asked = msgspec.json.decode(text, type=HttpRequest)
            headers = {"content-type": "application/json", "x-method": asked.method}
            status = 404 if "missing" in asked.url else 200
            body = json.dumps({"url": asked.url, "body": asked.body})
            return msgspec.json.encode(HttpAnswer(status=status, url=asked.url, headers=headers, body=body))
        kept = msgspec.json.decode(text, type=CacheRequest)
        found = CacheAnswer(found=kept.key in self._kept, value=self._kept.get(kept.key))
        if kept.op == "set":
            self._kept[kept.key] = msgspec.json.decode(kept.value)
        elif kept.op == "delete":
            self._kept.pop(kept.key, None)
        return msgspec.json.encode(found)


class Refused(Exception):
    """The source does not compile."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.line}:{p.column} {p.code}: {p.message}" for p in problems))
        self.problems = problems


def rule(body: str) -> str:
    """A script whose rule has this body."""
    return "def rule(user, context):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"


async def compiled(pool: Pool, script: str, skip: bool = False) -> RuleCode:
    result = await pool.compile(script)
    if not result.code:
        raise Refused(result.problems)
    return RuleCode(hashlib.sha256(script.encode()).hexdigest(), result.code, skip)


def request(*rules: RuleCode, **changes: Any) -> Request:
    values: dict[str, Any] = {
        "key": "tenant",
        "user": json.dumps(changes.pop("user", USER)).encode(),
        "context": json.dumps(changes.pop("context", CONTEXT)).encode(),
        "rules": rules,
        "maps": ("idToken", "accessToken"),
        "returns": RETURNS,
        "clock": CLOCK,
        "seed": SEED,
        "configuration": json.dumps(CONFIGURATION).encode(),
        "broker": Standing(),
        "deadline": time.monotonic() + changes.pop("seconds", 5.0),
    }
    return Request(**values | changes)


async def run(pool: Pool, *scripts: str, skip: bool = False, **changes: Any) -> Answer | Killed:
    codes = [await compiled(pool, script, skip) for script in scripts]
    return await pool.run(request(*codes, **changes))


async def answer(pool: Pool, *scripts: str, skip: bool = False, **changes: Any) -> Answer:
    result = await run(pool, *scripts, skip=skip, **changes)
    assert isinstance(result, Answer), result
    return result


async def claims(pool: Pool, *scripts: str, **changes: Any) -> dict[str, Any]:
    """The ID token's claims after the scripts, all of which have to pass."""
    result = await answer(pool, *scripts, **changes)
    assert outcomes(result) == ["passed"] * len(scripts), journal.read(result.journal)
    claims: dict[str, Any] = result.returns["idToken"]
    return claims


def outcomes(result: Answer | Killed) -> list[str]:
    return [event.outcome for event in journal.read(result.journal) if isinstance(event, journal.End)]


def errors(result: Answer) -> list[tuple[str, str, int | None]]:
    return [
        (event.error.code, event.error.message, event.error.line)
        for event in journal.read(result.journal)
        if isinstance(event, journal.End) and event.error is not None
    ]


def writes(result: Answer) -> list[tuple[str, str, Any, Any, int]]:
    return [
        (event.op, event.path, event.old, event.new, event.line)
        for event in journal.read(result.journal)
        if isinstance(event, journal.Write)
    ]


def refusals(result: Answer) -> list[tuple[str, str]]:
    return [(event.path, event.reason) for event in journal.read(result.journal) if isinstance(event, journal.Refuse)]


def logs(result: Answer | Killed) -> list[str]:
    return [event.text for event in journal.read(result.journal) if isinstance(event, journal.Log)]


def pool(limits: Limits | None = None, *, workers: int = 4, per_tenant: int = 2, queue: int = 100) -> Pool:
    return Pool(limits or Limits(), workers=workers, workers_per_tenant=per_tenant, queue=queue)


def open_files() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def eventually(true: Callable[[], Any], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.01)
