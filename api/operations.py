"""What operators and their machines ask: alive, ready, and how it goes."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.metrics import CONTENT_TYPE
from api.service import Service
from api.together import together


async def healthz(service: Service, request: Request) -> Response:
    """The process answers."""
    return json_response({"status": "ok"})


async def readyz(service: Service, request: Request) -> Response:
    """503 only while no execution can be answered. Details are for callers with a token."""
    ready = service.pool.hello is not None
    shown: dict[str, Any] = {"ready": ready, "degraded": service.degraded()}
    if "authorization" in request.headers:
        await service.callers.authenticate(request.headers)
        hello = service.pool.hello
        shown |= {
            "confinement": hello.layers if hello else {},
            "engine": {
                "policy": hello.policy,
                "restrictedpython": hello.restrictedpython,
                "python": hello.cache_tag,
            }
            if hello
            else {},
            "redis": service.redis_note,
            "workers": {"processes": max(len(service.pool.processes) - 1, 0), "busy": service.pool.busy},
            "records": {"waiting": service.records.waiting, "dropped": service.records.dropped},
        }
    if not ready:
        raise ApiError("temporarily_unavailable", "the sandbox is starting")
    return json_response(shown)


async def metrics(call: Call) -> Response:
    """Those of all processes of this machine's service, added up, or with `?process=own` of the one that answers. Names
    of rules are a tenant's own, so they are only for who may see all tenants'."""
    text = call.service.metrics.text(rules=call.caller.allows("metrics"))
    if call.service.process is not None and call.request.query_params.get("process") != "own":
        text = await together(text, call.service.process, call.headers["authorization"])
    return Response(text, headers={"Content-Type": CONTENT_TYPE})
