"""Settings of a tenant as a form. The fields are one table; what was changed in them is a merge patch (RFC 7396)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec
from starlette.responses import Response

from api.console.asking import Refused, address
from api.console.differences import flat
from api.console.visit import Visit

Kind = Literal["switch", "choice", "number", "lines", "own lines"]


class Field(NamedTuple):
    """`path` is the dotted name. A `choice` is one of `choices`, "" being the default; "own lines" may be left to the
    service's own list."""

    path: str
    kind: Kind
    label: str
    meaning: str
    choices: tuple[tuple[str, str], ...] = ()


class Group(NamedTuple):
    title: str
    fields: tuple[Field, ...]


GROUPS = (
    Group(
        "What rules may do",
        (
            Field(
                "strict_claims",
                "switch",
                "Strict claims",
                "Names that specifications reserve are refused, instead of set with a warning.",
            ),
            Field(
                "scope_changes",
                "switch",
                "Rules may change scopes",
                "They set context.accessToken.scope. Without this it stays as the issuer sent it.",
            ),
            Field(
                "lifetime_changes",
                "switch",
                "Rules may change lifetimes",
                "They set how many seconds a token lives, in context.lifetime.",
            ),
            Field(
                "allowed_hosts",
                "lines",
                "Hosts that rules may call",
                "One to a line: api.example.com, api.example.com:8443, *.example.com for every name below it, "
                "http:// in front also without encryption. None: rules call nobody.",
            ),
        ),
    ),
    Group(
        "What is recorded",
        (
            Field(
                "recording.executions",
                "choice",
                "Logins",
                "Failures are denials, and logins in which a rule failed.",
                (("all", "all"), ("failures", "failures only"), ("none", "none")),
            ),
            Field(
                "recording.share",
                "number",
                "Share of the others",
                "From 0 to 1: which share of the logins that did not fail is recorded. Failures always are.",
            ),
            Field("recording.days", "number", "Days", "How long records are kept."),
            Field("recording.count", "number", "Records", "How many are kept at most; the oldest go first."),
            Field(
                "recording.redact",
                "own lines",
                "Not shown",
                "Patterns of what a record does not show, one to a line: /user/email, /context/request/body/*, "
                "/**/phone_number.",
            ),
            Field(
                "recording.drop",
                "lines",
                "Not even stored",
                "Patterns of what is taken out before anything is stored. A login that had any cannot be run again "
                "exactly.",
            ),
        ),
    ),
)
# Of each issuer's hook, below `hooks.NAME`.
HOOK_FIELDS = (
    Field("deadline_ms", "number", "Deadline (ms)", "How long it waits for the whole answer, where not as usual."),
    Field(
        "id_token_claims",
        "switch",
        "ID token's claims, too",
        "What rules set on context.idToken goes into its access token, where that is the only one.",
    ),
    Field(
        "version",
        "choice",
        "Protocol",
        "Which version of its protocol it speaks, where its calls say another.",
        (("", "as its calls say"), ("1", "1"), ("2", "2"), ("3", "3")),
    ),
)
FIELDS = tuple(field for group in GROUPS for field in group.fields)
DEFAULT = ":default"  # behind a field's name: the box that leaves a list to the service
HOOKS = "/v1/hooks/"
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")


async def one(visit: Visit) -> Response:
    """The settings of a tenant, its export, and its end."""
    return await shown(visit, visit.path("name"))


async def change(visit: Visit) -> Response:
    """Change what was changed in the form, and nothing else."""
    name, form = visit.path("name"), await visit.form()
    try:
        seen = msgspec.json.decode(form.get("seen", ""), type=dict[str, Any])
    except msgspec.DecodeError:
        return await shown(visit, name, said="The form was not whole: try again.", status=422)
    issuers = await _issuers(visit, seen)
    wanted = values(form, issuers)
    made = patch(flat(seen), wanted, issuers)
    if not made:
        return await shown(visit, name, said="Nothing was changed: everything is as it was.", status=422)
    try:
        await visit.api.send("PATCH", address("v1", "tenants", name, "settings"), made)
    except Refused as refused:
        if refused.status not in (400, 409, 422):
            raise
        problem = next((f" ({one['path']})" for one in refused.problems if "path" in one), "")
        return await shown(
            visit, name, said=refused.description + problem, status=refused.status, typed=wanted, seen=seen
        )
    return visit.go(address("tenants", name, "settings"), "The settings are changed, and live.")


async def shown(
    visit: Visit,
    name: str,
    *,
    said: str = "",
    status: int = 200,
    typed: Mapping[str, Any] | None = None,
    seen: Any = None,
) -> Response:
    """The page, with what was `typed` in the place of what is set."""
    settings = await visit.api.get(address("v1", "tenants", name, "settings"))
    present = {field.path: None for field in FIELDS} | flat(settings) | dict(typed or {})
    return visit.page(
        "tenant_settings.html",
        status,
        name=name,
        groups=GROUPS,
        hook_fields=HOOK_FIELDS,
        issuers=await _issuers(visit, settings),
        values=present,
        set_hooks=settings["hooks"],
        seen=json.dumps(settings if seen is None else seen),
        wrong=said,
    )


def values(form: Mapping[str, str], issuers: list[str]) -> dict[str, Any]:
    """What the form says, by dotted names. None is the default. What is no number stays a text, which the API
    refuses with its place."""
    fields = [(field.path, field) for field in FIELDS]
    fields += [(f"hooks.{issuer}.{field.path}", field) for issuer in issuers for field in HOOK_FIELDS]
    return {path: _value(form, path, field) for path, field in fields}


def patch(seen: Mapping[str, Any], wanted: Mapping[str, Any], issuers: list[str]) -> dict[str, Any]:
    """What of `seen` is `wanted` otherwise, as a merge patch."""
    made: dict[str, Any] = {}
    for path, value in wanted.items():
        if seen.get(path, False if isinstance(value, bool) else None) == value:
            continue
        *above, last = path.split(".")
        place = made
        for member in above:
            place = place.setdefault(member, {})
        place[last] = (value or None) if path.startswith("hooks.") else value
    for issuer in made.get("hooks", {}):
        if not any(wanted[f"hooks.{issuer}.{field.path}"] for field in HOOK_FIELDS):
            made["hooks"][issuer] = None
    return made


def _value(form: Mapping[str, str], path: str, field: Field) -> Any:
    text = form.get(path, "").strip()
    if field.kind == "switch":
        return path in form
    if field.kind == "own lines" and path + DEFAULT in form:
        return None
    if field.kind in ("lines", "own lines"):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.kind == "number" and NUMBER.fullmatch(text):
        return json.loads(text)
    return text or None


async def _issuers(visit: Visit, settings: Mapping[str, Any]) -> list[str]:
    """The names of all issuers that have hooks, and of those that have settings."""
    paths = (await visit.api.get("/openapi.json"))["paths"]
    known = [path.removeprefix(HOOKS).partition("/")[0] for path in paths if path.startswith(HOOKS)]
    return known + [name for name in settings.get("hooks", {}) if name not in known]
