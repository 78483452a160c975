"""The operator's values for rules, over HTTP. Nobody reads one back."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: str


async def every(call: Call) -> Response:
    """The names of the values, when each was set and by whom, and the number of their set."""
    number, entries = await call.service.configurations.entries(call.tenant)
    return json_response({"number": number, "values": entries})


async def put(call: Call) -> Response:
    """Set a value: live here with the answer, everywhere within a second."""
    body = await call.json(Value)
    number = await call.service.configurations.put(call.tenant, call.path("key"), body.value, by=call.by)
    return json_response({"key": call.path("key"), "number": number})


async def delete(call: Call) -> Response:
    await call.service.configurations.delete(call.tenant, call.path("key"), by=call.by)
    return Response(status_code=204)
