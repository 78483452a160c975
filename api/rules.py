"""Rules over HTTP: saved, checked, ordered, deployed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from api.body import json_response, read_json
from api.call import Call
from api.versions import shown_version, shown_versions
from engine.library import MOST_MODULES
from engine.models import (
    ALWAYS,
    Conditions,
    Expected,
    Message,
    ModuleName,
    Moment,
    OnFailure,
    PipelineModule,
    PipelineRule,
    Revision,
    Rule,
    RuleName,
    RuleOrder,
)
from engine.store.errors import EtagMismatch
from engine.store.pipeline import WantedRule
from engine.store.rules import RuleChanges
from sandbox.wire import Problem

Name = RuleName
Order = RuleOrder

MOST_RULES = 2_000  # in one call
BODIES = 16  # the call that brings all rules at once may be as long as so many others


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    script: str
    order: Order | None = None
    enabled: bool = True
    on_failure: OnFailure = "deny"
    conditions: Conditions = ALWAYS
    deploy: bool | None = None
    expected: Expected = None
    message: Message = ""


class ChangedRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET
    script: str | UnsetType = UNSET
    order: Order | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    on_failure: OnFailure | UnsetType = UNSET
    conditions: Conditions | UnsetType = UNSET
    deploy: bool | None = None
    expected: Expected = None
    message: Message = ""


class PutRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    script: str
    order: Order
    id: str | None = None
    enabled: bool = True
    on_failure: OnFailure = "deny"
    conditions: Conditions = ALWAYS


class PutModule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: ModuleName
    script: str


class PutRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expected` is the live revision that the caller has seen: another one is a conflict. Without `modules` those stay
    as they are."""

    expected: Annotated[int, msgspec.Meta(ge=1)]
    rules: Annotated[list[PutRule], msgspec.Meta(max_length=MOST_RULES)]
    modules: list[PutModule] | None = None
    prune: bool = False
    message: Message = ""


class WholeOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: list[str]
    expected: Expected = None
    message: Message = ""


Modules = Annotated[dict[ModuleName, str], msgspec.Meta(max_length=MOST_MODULES)]  # sources by name


class CheckedScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `module` it is the module of this name. `modules` are those that it may import, instead of the live ones."""

    script: str
    module: ModuleName | None = None
    modules: Modules | None = None


class SavedRule(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    script: str
    version: int
    sha256: str
    order: int
    enabled: bool
    on_failure: OnFailure
    conditions: Conditions


class ShownRule(SavedRule, frozen=True, kw_only=True):
    """A rule as it is live, or as it is saved where it is not. `draft` is what was saved and is not live yet;
    `revision` is the live one, where the rule is."""

    id: str
    live: bool
    revision: int | None
    draft: SavedRule | None
    created_at: Moment
    updated_at: Moment


class ShownRules(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    rules: list[ShownRule]


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """What is live: one new revision, or the present one where nothing changes."""

    revision: int
    rules: tuple[PipelineRule, ...]
    modules: tuple[PipelineModule, ...]


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    rules: list[str]


class Problems(msgspec.Struct, frozen=True):
    problems: list[Problem]


async def create(call: Call) -> Response:
    """Make a rule. It is checked, stored, and live unless `deploy` is false."""
    body = await call.json(NewRule)
    rule, revision = await call.service.authoring.create(
        call.tenant,
        name=body.name,
        script=body.script,
        order=body.order,
        enabled=body.enabled,
        on_failure=body.on_failure,
        conditions=body.conditions,
        deploy=_deploys(call, body.deploy),
        by=call.by,
        expected=body.expected,
        message=body.message,
    )
    headers = {"ETag": etag(rule), "Location": f"/v1/rules/{rule.id}"}
    return json_response(await _shown(call, rule, revision), 201, headers)


async def every(call: Call) -> Response:
    """All rules in the order they run."""
    # First the number: who puts rules expecting it, and somebody was in between, must get a conflict.
    live = await call.service.live.revision(call.tenant)
    rules = await call.service.store.rules(call.tenant)
    shas = {entry.sha256 for rule in rules for entry in (rule.live, rule.saved) if entry}
    scripts = await call.service.store.scripts(shas)
    shown = [_rule(rule, scripts, live.number) for rule in rules]
    return json_response(ShownRules(revision=live.number, rules=shown))


async def one(call: Call) -> Response:
    """One rule, as it is live and as it is saved."""
    rule = await call.service.store.rule(call.tenant, call.path("id"))
    return json_response(await _shown(call, rule, None), headers={"ETag": etag(rule)})


async def change(call: Call) -> Response:
    """Change any of a rule's fields; a new script makes a new version. `If-Match` is honoured, and so is `expected`."""
    body = await call.json(ChangedRule)
    changes = RuleChanges(
        name=body.name,
        script=body.script,
        order=body.order,
        enabled=body.enabled,
        on_failure=body.on_failure,
        conditions=body.conditions,
    )
    rule, revision = await call.service.authoring.change(
        call.tenant,
        call.path("id"),
        changes,
        deploy=_deploys(call, body.deploy),
        by=call.by,
        expected=body.expected,
        message=body.message,
        guard=_if_match(call),
    )
    return json_response(await _shown(call, rule, revision), headers={"ETag": etag(rule)})


async def delete(call: Call) -> Response:
    """Take a rule out of the pipeline. Its versions and records stay readable."""
    matches = _if_match(call)

    def guard(rule: Rule) -> None:
        if rule.live is not None:
            call.caller.require("rules:deploy")
        matches(rule)

    await call.service.authoring.delete(call.tenant, call.path("id"), by=call.by, guard=guard)
    return Response(status_code=204)


async def put_all(call: Call) -> Response:
    """Put many rules live with one revision, or none of them."""
    limit = BODIES * call.service.settings.body_bytes
    body = await read_json(call.request, call.headers, PutRules, limit)
    revision = await call.service.authoring.put_rules(
        call.tenant,
        [WantedRule(**msgspec.structs.asdict(rule)) for rule in body.rules],
        None if body.modules is None else {module.name: module.script for module in body.modules},
        expected=body.expected,
        prune=body.prune,
        by=call.by,
        message=body.message,
    )
    return json_response(Pipeline(revision=revision.number, rules=revision.rules, modules=revision.modules))


async def set_order(call: Call) -> Response:
    """Put all rules in order. Each is named once."""
    body = await call.json(WholeOrder)
    revision = await call.service.authoring.set_order(
        call.tenant, body.rules, by=call.by, expected=body.expected, message=body.message
    )
    return json_response(Ordered(revision=revision.number, rules=body.rules))


async def check(call: Call) -> Response:
    """Every problem of a script, hints included. Nothing is stored."""
    body = await call.json(CheckedScript)
    values = (await call.service.configurations.live(call.tenant)).values
    modules = await call.service.validity.modules(call.tenant) if body.modules is None else body.modules
    problems = await call.service.validity.check(body.script, values, modules, module=body.module)
    return json_response(Problems(problems))


async def versions(call: Call) -> Response:
    """The versions of a rule, the newest first."""
    found = await call.service.store.versions(call.tenant, call.path("id"))
    return json_response(shown_versions(found))


async def version(call: Call) -> Response:
    """One version with its script."""
    found = await call.service.store.version(call.tenant, call.path("id"), call.number("n"))
    return json_response(shown_version(found))


def etag(rule: Rule) -> str:
    """Changes with anything that was saved or went live."""
    return f'"{hashlib.sha256(msgspec.json.encode(rule)).hexdigest()[:20]}"'


def _if_match(call: Call) -> Callable[[Rule], None]:
    """As a guard inside the write."""

    def guard(rule: Rule) -> None:
        if call.expects_other(etag(rule)):
            raise EtagMismatch("rule", rule.id)

    return guard


def _deploys(call: Call, asked: bool | None) -> bool:
    """Whether a change goes live: by default when the caller may deploy."""
    if asked is None:
        return call.caller.allows("rules:deploy")
    if asked:
        call.caller.require("rules:deploy")
    return asked


async def _shown(call: Call, rule: Rule, revision: Revision | None) -> ShownRule:
    scripts = await call.service.store.scripts({entry.sha256 for entry in (rule.live, rule.saved) if entry})
    live = revision or await call.service.live.revision(call.tenant)
    return _rule(rule, scripts, live.number)


def _rule(rule: Rule, scripts: dict[str, str], revision: int) -> ShownRule:
    return ShownRule(
        **_members(rule.live or rule.saved, scripts),
        id=rule.id,
        live=rule.live is not None,
        revision=revision if rule.live else None,
        draft=SavedRule(**_members(rule.saved, scripts)) if rule.live and rule.live != rule.saved else None,
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _members(entry: PipelineRule, scripts: dict[str, str]) -> dict[str, Any]:
    return {
        "name": entry.name,
        "script": scripts.get(entry.sha256, ""),
        "version": entry.version,
        "sha256": entry.sha256,
        "order": entry.order,
        "enabled": entry.enabled,
        "on_failure": entry.on_failure,
        "conditions": entry.conditions,
    }
