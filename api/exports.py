"""Tenants out of the service and back, over HTTP, for administrators: JSON lines (`engine.exports.lines`)."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.responses import Response

from api.body import json_response, read_lines
from api.call import Call
from api.errors import ApiError
from api.hook_secrets import ACCEPTED
from api.tenants import require_meaning
from engine.exports.exports import BREATH
from engine.exports.lines import LONGEST_LINE
from engine.exports.reading import Reader, Section, decoded

MEDIA_TYPE = "application/x-ndjson"
BODIES = 64  # an export may be as long as so many other bodies


class Passphrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    passphrase: str

    def __repr__(self) -> str:
        return "<Passphrase>"


class PassphraseLine(Passphrase, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="passphrase"):
    """May stand before the section that it opens."""


_passphrase = msgspec.json.Decoder(PassphraseLine)


async def export(call: Call) -> Response:
    """The tenant with its history, and the names of its secrets."""
    return await _exported(call, None)


async def export_with_secrets(call: Call) -> Response:
    """The same with the values of its secrets, encrypted under a passphrase."""
    body = await call.json(Passphrase)
    return await _exported(call, body.passphrase)


async def import_(call: Call) -> Response:
    """Make the tenant what an export says: all of it, or nothing. Twice is the same."""
    replace, dry_run = (_flag(call, name) for name in ("replace", "dry_run"))
    if unknown := call.request.query_params.keys() - {"replace", "dry_run"}:
        raise ApiError("invalid_request", f"`{min(unknown)[:40]}`: known are `replace` and `dry_run`")
    section, passphrase = await _section(call)
    content = section.content
    if content.tenant.id != call.path("tenant"):
        text = f"the export is of the tenant `{content.tenant.id}`, not of `{call.path('tenant')[:80]}`"
        raise ApiError("unprocessable", text)
    require_meaning(content.live.settings)
    for secret in content.hook_secrets:
        if secret.type not in ACCEPTED.get(secret.issuer, ()):
            text = f"there is no issuer `{secret.issuer}` that can show a secret of the type `{secret.type}`"
            raise ApiError("unprocessable", text)
    done = await call.service.exports.take(section, passphrase, replace=replace, dry_run=dry_run, by=call.by)
    missing = {"configuration": done.missing_configuration, "hook_secrets": done.missing_hook_secrets}
    answer: dict[str, Any] = {
        "tenant": content.tenant.id,
        "outcome": done.put.outcome,
        "dry_run": dry_run,
        "revision": done.put.live.number,
        "differences": done.put.differences,
        "missing": missing,
    }
    return json_response(answer)


async def _exported(call: Call, passphrase: str | None) -> Response:
    lines = await call.service.exports.section(call.path("tenant"), passphrase, by=call.by)
    limit = _limit(call)
    # Rather none than one that cannot be imported.
    if (size := sum(map(len, lines))) > limit:
        text = f"the export has {size} bytes, and {limit} can be imported: set CLAIMSMITH_BODY_BYTES higher"
        raise ApiError("unprocessable", text)
    if (longest := max(map(len, lines))) > LONGEST_LINE:
        raise ApiError("unprocessable", f"a line of the export has {longest} bytes: {LONGEST_LINE} are the most")
    return Response(b"".join(lines), media_type=MEDIA_TYPE)


async def _section(call: Call) -> tuple[Section, str | None]:
    body = await read_lines(call.request, call.headers, _limit(call))
    passphrase = None
    reader, size = Reader(), 0
    for number, line in enumerate(iter(lambda: body.readline(LONGEST_LINE + 1), b""), 1):
        if number == 1 and line.startswith(b'{"kind":"passphrase"'):
            passphrase = decoded(line, _passphrase, number).passphrase
            reader = Reader(first=2)
            continue
        reader.take(line)
        if (size := size + len(line)) > BREATH:
            size = 0
            await asyncio.sleep(0)
    return reader.section(), passphrase


def _limit(call: Call) -> int:
    return BODIES * call.service.settings.body_bytes


def _flag(call: Call, name: str) -> bool:
    text = call.request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise ApiError("invalid_request", f"`{name}`: `{text[:40]}` is neither `true` nor `false`")
    return text == "true"
