"""Tenants out of the service and back, over HTTP, for administrators: JSON lines (`engine.exports.lines`)."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.body import json_response, read_lines
from api.call import Call
from api.errors import ApiError
from api.hook_secrets import ACCEPTED
from api.row import Media
from api.tenants import require_meaning
from engine.exports.exports import BREATH
from engine.exports.lines import LONGEST_LINE, Line
from engine.exports.reading import Reader, Section, decoded
from engine.store.content import Deviation

MEDIA_TYPE = "application/x-ndjson"
BODIES = 64  # an export may be as long as so many other bodies

Flag = Literal["true", "false"]


class Passphrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    passphrase: str

    def __repr__(self) -> str:
        return "<Passphrase>"


class PassphraseLine(Passphrase, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="passphrase"):
    """May stand before the section that it opens."""


class ImportOptions(msgspec.Struct, frozen=True):
    replace: Annotated[Flag, Meta(description="`true`: also a tenant that is there, and another")] = "false"
    dry_run: Annotated[Flag, Meta(description="`true`: do all of it, and take it back")] = "false"


class MissingValues(msgspec.Struct, frozen=True):
    """Names of the export that have no value now."""

    configuration: tuple[str, ...]
    hook_secrets: tuple[str, ...]


class ImportDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the tenant, and which of its revisions is live."""

    tenant: str
    outcome: Literal["made", "replaced", "unchanged"]
    dry_run: bool
    revision: int
    differences: list[Deviation]
    missing: MissingValues


EXPORT = Media(MEDIA_TYPE, get_args(Line))
IMPORT = Media(MEDIA_TYPE, (PassphraseLine, *get_args(Line)))

_passphrase = msgspec.json.Decoder(PassphraseLine)


async def export(call: Call) -> Response:
    """A tenant with its history, and the names of its secrets. One JSON object to a line."""
    return await _exported(call, None)


async def export_with_secrets(call: Call) -> Response:
    """A tenant with the values of its secrets. They are encrypted under a passphrase."""
    body = await call.json(Passphrase)
    return await _exported(call, body.passphrase)


async def import_(call: Call) -> Response:
    """Make a tenant what an export says. All of it, or nothing; twice is the same."""
    options = call.query(ImportOptions)
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
    replace, dry_run = options.replace == "true", options.dry_run == "true"
    done = await call.service.exports.take(section, passphrase, replace=replace, dry_run=dry_run, by=call.by)
    return json_response(
        ImportDone(
            tenant=content.tenant.id,
            outcome=done.put.outcome,
            dry_run=dry_run,
            revision=done.put.live.number,
            differences=list(done.put.differences),
            missing=MissingValues(done.missing_configuration, done.missing_hook_secrets),
        )
    )


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
