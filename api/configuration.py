"""The operator's values for rules, over HTTP. Nobody reads one back."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from engine.store.configurations import Entry


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: str


class Values(msgspec.Struct, frozen=True):
    """`number` is that of their set: each change makes another."""

    number: int
    values: tuple[Entry, ...]


class SetValue(msgspec.Struct, frozen=True):
    key: str
    number: int


async def every(call: Call) -> Response:
    """The names of the values, when each was set and by whom."""
    return json_response(Values(*await call.service.configurations.entries(call.tenant)))


async def put(call: Call) -> Response:
    """Set a value. It is live here with the answer, everywhere within a second."""
    body = await call.json(Value)
    number = await call.service.configurations.put(call.tenant, call.path("key"), body.value, by=call.by)
    return json_response(SetValue(call.path("key"), number))


async def delete(call: Call) -> Response:
    """Delete a value."""
    await call.service.configurations.delete(call.tenant, call.path("key"), by=call.by)
    return Response(status_code=204)
