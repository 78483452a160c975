"""Trying a draft: the same execution as in production, recorded nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from api.body import decode_text, json_response, read_body, require_unique_names
from api.call import Call
from api.errors import ApiError
from api.execute import NO_CONTEXT, NO_USER, NULL, Context, User
from api.rules import Modules, Name
from engine.calls.given import Exchange, Given
from engine.cases import YEARS, nanoseconds, seed_of
from engine.configuration import ConfigurationSet
from engine.library import drafts as library_of
from engine.library import mentioned, sha256
from engine.models import ALWAYS, Conditions, OnFailure, PipelineRule, Revision, Transaction
from engine.record import record, shown
from engine.recorder import NoRecorder

MOST_DRAFTS = 1000


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    script: str
    name: Name = "draft"
    on_failure: OnFailure = "deny"
    conditions: Conditions = ALWAYS


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of `script` (alone), `rules` (in their order) and `revision`, or none for what is live; drafts import
    `modules` (their sources by name), or the live ones. `clock` is the time that the rules see, without a zone it is
    UTC; their chance is that of `seed`, where it is given. They read `configuration` instead of the live values. With
    `http` they get these answers to their calls, with `cache` they find these values, and with either nothing goes
    outside."""

    user: User = msgspec.field(default_factory=lambda: NO_USER)
    context: Context = msgspec.field(default_factory=lambda: NO_CONTEXT)
    script: str | None = None
    rules: list[Draft] | None = None
    modules: Modules | None = None
    revision: int | None = None
    clock: datetime | None = None
    seed: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    configuration: dict[str, str] | None = None
    http: list[Exchange] | None = None
    cache: dict[str, Any] | None = None


_trial = msgspec.json.Decoder(Trial)


async def try_(call: Call) -> Response:
    """Try a draft, a revision or the live rules. An execution as in production, which is recorded nowhere."""
    text = await read_body(call.request, call.headers, call.service.settings.body_bytes)
    body = decode_text(text, _trial)
    require_unique_names(text, besides=("user", "context"))  # as in `execute`, where those are the worker's to read
    if sum(given is not None for given in (body.script, body.rules, body.revision)) > 1:
        raise ApiError("invalid_request", "give one of `script`, `rules` and `revision`")
    if body.clock is not None and body.clock.year not in YEARS:
        raise ApiError("invalid_request", f"`$.clock`: give a time from {YEARS[0]} to {YEARS[-1]}")
    live = await call.service.store.live_revision(call.tenant)
    revision, scripts = live, dict[str, str]()
    if body.revision is not None:
        revision = await call.service.store.revision(call.tenant, body.revision)
    drafts = [Draft(body.script)] if body.script is not None else body.rules
    if drafts is not None:
        revision, scripts = await drafted(call, live, drafts, body.modules)
    elif body.modules is not None:
        raise ApiError("invalid_request", "`modules` are for `script` and `rules`")
    user = bytes(body.user).strip()
    execution = await call.service.engine.evaluate(
        Transaction(tenant=call.tenant, user=None if user == NULL else user, context=bytes(body.context).strip()),
        revision=revision,
        scripts=scripts,
        recorder=NoRecorder(),
        clock=None if body.clock is None else nanoseconds(body.clock),
        seed=None if body.seed is None else seed_of(body.seed),
        configuration=await _configuration(call, body),
        outside=None if body.http is None and body.cache is None else Given(body.http or (), body.cache),
    )
    return json_response(shown(record(execution), live.settings.recording))


async def _configuration(call: Call, body: Trial) -> ConfigurationSet:
    """The values that are given; else the live ones for those who may use them, and placeholders for others."""
    if body.configuration is not None:
        return call.service.configurations.given(body.configuration)
    live = await call.service.configurations.live(call.tenant)
    return live if call.caller.allows("configuration:use") else live.placeholders


async def candidate(
    call: Call, revision: int | None, drafts: list[Draft] | None, modules: Modules | None = None
) -> tuple[Revision, dict[str, str]] | None:
    """The revision of this number, or the live one with these rules instead; None where neither is given. Running a
    draft is executing code: that needs `rules:write`."""
    if revision is not None and drafts is not None:
        raise ApiError("invalid_request", "give one of `revision` and `rules`")
    if modules is not None and drafts is None:
        raise ApiError("invalid_request", "`modules` are for `rules`: give both")
    if drafts is not None:
        call.caller.require("rules:write")
        return await drafted(call, await call.service.store.live_revision(call.tenant), drafts, modules)
    if revision is not None:
        return await call.service.store.revision(call.tenant, revision), {}
    return None


async def drafted(
    call: Call, live: Revision, drafts: list[Draft], modules: Modules | None = None
) -> tuple[Revision, dict[str, str]]:
    """The live revision with other rules, which are valid, and the sources of those by SHA-256. They import `modules`,
    or the live ones."""
    if len(drafts) > MOST_DRAFTS:
        raise ApiError("invalid_request", f"`$.rules`: at most {MOST_DRAFTS} rules")
    sources = await call.service.validity.modules(call.tenant) if modules is None else modules
    # What is live has been compiled.
    stored = {rule.sha256 for rule in live.rules} if modules is None else set()
    for draft in drafts:
        if sha256(draft.script) not in stored:
            await call.service.validity.require(draft.script, sources)
    scripts = {sha256(text): text for text in (*(draft.script for draft in drafts), *sources.values())}
    rules = tuple(
        PipelineRule(
            id=f"draft-{index}",
            name=draft.name,
            version=0,
            sha256=sha256(draft.script),
            order=index,
            enabled=True,
            on_failure=draft.on_failure,
            conditions=draft.conditions,
            imports=mentioned(draft.script, sources),
        )
        for index, draft in enumerate(drafts, 1)
    )
    library = live.modules if modules is None else library_of(modules)
    return msgspec.structs.replace(live, rules=rules, modules=library, created_at=datetime.now(UTC)), scripts
