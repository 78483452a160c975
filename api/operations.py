"""What operators and their machines ask: alive, ready, and how it goes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.metrics import CONTENT_TYPE
from api.service import Service
from api.together import together


class WhichProcess(msgspec.Struct, frozen=True):
    process: Annotated[Literal["own"] | None, msgspec.Meta(description="`own`: that of the one that answers")] = None


class Health(msgspec.Struct, frozen=True):
    status: Literal["ok"] = "ok"


class Stamps(msgspec.Struct, frozen=True):
    """What compiled rules are made by."""

    policy: str
    restrictedpython: str
    python: str


class Workers(msgspec.Struct, frozen=True):
    processes: int
    busy: int


class RecordsWaiting(msgspec.Struct, frozen=True):
    waiting: int
    dropped: int


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What does not work while logins are answered all the same is `degraded`. The rest is for callers with a token."""

    ready: bool
    degraded: list[str]
    confinement: dict[str, str] | UnsetType = UNSET
    engine: Stamps | UnsetType = UNSET
    redis: str | UnsetType = UNSET
    workers: Workers | UnsetType = UNSET
    records: RecordsWaiting | UnsetType = UNSET


async def healthz(service: Service, request: Request) -> Response:
    """The process answers."""
    return json_response(Health())


async def readyz(service: Service, request: Request) -> Response:
    """Logins can be answered. 503 only while none can; details are for callers with a token."""
    known = "authorization" in request.headers
    if known:
        await service.callers.authenticate(request.headers)
    hello = service.pool.hello
    if hello is None:
        raise ApiError("temporarily_unavailable", "the sandbox is starting")
    ready = Ready(ready=True, degraded=service.degraded())
    if known:
        ready = msgspec.structs.replace(
            ready,
            confinement=hello.layers,
            engine=Stamps(policy=hello.policy, restrictedpython=hello.restrictedpython, python=hello.cache_tag),
            redis=service.redis_note,
            workers=Workers(processes=max(len(service.pool.processes) - 1, 0), busy=service.pool.busy),
            records=RecordsWaiting(waiting=service.records.waiting, dropped=service.records.dropped),
        )
    return json_response(ready)


async def metrics(call: Call) -> Response:
    """How it goes, in Prometheus' text format. That of all processes of this machine's service, added up. Names of
    rules are a tenant's own, so they are only for who may see all tenants'."""
    asked = call.query(WhichProcess)
    text = call.service.metrics.text(rules=call.caller.allows("metrics"))
    if call.service.process is not None and asked.process is None:
        text = await together(text, call.service.process, call.service.settings.scheme, call.headers["authorization"])
    return Response(text, headers={"Content-Type": CONTENT_TYPE})
