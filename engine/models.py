"""The nouns of the engine: what is stored, what goes live, what one execution is.

All are immutable. `dict` appears only for JSON that belongs to users (claims, metadata).
Times are UTC; `datetime` where stored, milliseconds where measured.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from engine.capability import Capability

OnFailure = Literal["deny", "skip"]
Decision = Literal["allow", "deny", "redirect", "step_up"]
Outcome = Literal["passed", "denied", "raised", "timed_out", "exhausted", "refused", "skipped"]
# By which an execution is found; `failed` is whatever has an error.
Ended = Literal["failed", "denied", "raised", "timed_out", "exhausted", "refused"]

JSON = Any
Moment = Annotated[datetime, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Claims = dict[str, JSON]
NULL = msgspec.Raw(b"null")
# A name can be a file's name, so that a folder of rules and the store can hold the same.
RULE_NAME = r"\A[A-Za-z0-9]([A-Za-z0-9 ._-]*[A-Za-z0-9])?\Z"
Message = Annotated[str, msgspec.Meta(max_length=500, description="what its maker says of it, for people")]
# What goes live on top of the revision that its maker has seen, or not at all; None: on top of whatever is live.
Expected = Annotated[int, msgspec.Meta(ge=1, description="the live revision: another one is a conflict")] | None
RuleName = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=RULE_NAME)]
MODULE_NAME = r"\A[a-z][a-z0-9_]*\Z"  # as the `import` statement has it
ModuleName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=MODULE_NAME)]
CONFIGURATION_KEY = r"\A[A-Za-z0-9_\-@*+:]{1,127}\Z"
RuleOrder = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
# `host`, `host:port`, `*.host` for all names below it, `[address]`; with `http://` in front also without encryption.
ALLOWED_HOST = r"\A(http://)?((\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?\Z"
AllowedHost = Annotated[str, msgspec.Meta(max_length=260, pattern=ALLOWED_HOST)]
Pattern = Annotated[str, msgspec.Meta(min_length=2, max_length=300, pattern="^/")]
# One that every database stores, and every terminal shows.
WantedText = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"\A[^\x00-\x1f\x7f]+\Z")]
Wanted = Annotated[tuple[WantedText, ...], msgspec.Meta(max_length=500)]


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What of a tenant's executions is recorded, for how long, and what of a record is not shown.

    A failure is a denial, or an execution in which a rule failed: it is recorded but with `none`. `share` is that of
    the others. `redact` and `drop` are patterns: what `drop` names is not even sealed.
    """

    executions: Literal["all", "failures", "none"] = "all"
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 30
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] = 1_000_000
    redact: tuple[Pattern, ...] | None = None  # None: `engine.redaction.DEFAULT`
    drop: tuple[Pattern, ...] = ()


class HookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How calls of one issuer's hook are answered, where that is not as usual for it: how long it waits for the whole
    answer; whether what rules set on `idToken` goes into its access token, too, where that is the only one; and which
    version of its protocol it speaks, where its calls say another."""

    deadline_ms: Annotated[int, msgspec.Meta(ge=50, le=30_000)] | None = None
    id_token_claims: bool = False
    version: Literal["1", "2", "3"] | None = None


HookName = Annotated[str, msgspec.Meta(max_length=40, pattern=r"\A[a-z0-9-]+\Z")]


class TenantSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of a tenant. They are part of the revision, so that every change of them is in its history and live
    everywhere at once; `recording` alone decides no execution, and is not taken back with an earlier revision."""

    strict_claims: bool = False
    scope_changes: bool = False
    lifetime_changes: bool = False
    hooks: dict[HookName, HookSettings] = {}  # by the issuer's name
    allowed_hosts: Annotated[tuple[AllowedHost, ...], msgspec.Meta(max_length=200)] = ()  # that rules may call
    recording: Recording = Recording()


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    created_at: Moment


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable source of a rule. `sha256` is the lower-case hex digest of the UTF-8 script."""

    rule_id: str
    number: int
    script: str
    sha256: str
    created_at: datetime
    created_by: str


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """For which logins a rule runs: those of one of these clients (their ids), through one of these connections, and by
    one of these protocols. An empty list says nothing. `without_user`: also where there is no user (client
    credentials), which the rule is given as None."""

    clients: Wanted = ()
    connections: Wanted = ()
    protocols: Wanted = ()
    without_user: bool = False


ALWAYS = Conditions()


class PipelineRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as one revision holds it. `imports` are the modules that it names."""

    id: str
    name: str
    version: int
    sha256: str
    order: int
    enabled: bool
    on_failure: OnFailure
    conditions: Conditions = ALWAYS
    imports: tuple[str, ...] = ()


class ModuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable source of a module, as `RuleVersion` of a rule."""

    name: str
    number: int
    script: str
    sha256: str
    created_at: datetime
    created_by: str


class PipelineModule(msgspec.Struct, frozen=True, kw_only=True):
    """A module as one revision holds it. `imports` are other modules that it names."""

    name: str
    version: int
    sha256: str
    imports: tuple[str, ...] = ()


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides an execution. `rules` stand in the order they run, disabled ones included; `modules` are
    what they can import beside the language's own. `message` is what its maker says of it, for people."""

    tenant: str
    number: int
    rules: tuple[PipelineRule, ...]
    settings: TenantSettings
    created_at: datetime
    created_by: str
    restores: int | None = None
    modules: tuple[PipelineModule, ...] = ()
    message: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its author sees it: the saved state, and the live one where it differs.

    `live` is the entry of the live revision, `None` while the rule was never deployed (or is deleted).
    `saved` is what the last save left: its `version` is the newest version.
    """

    id: str
    saved: PipelineRule
    live: PipelineRule | None
    created_at: datetime
    updated_at: datetime


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """How the caller names its call, for logs and traces alone. `trace_id` and `span_id` are hexadecimal, both or none;
    `sampled` says whether the caller keeps this trace."""

    request_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    sampled: bool = False


NO_LABELS: dict[str, str] = {}


def labels(origin: Origin | None) -> dict[str, str]:
    """What a log line about the call says of it."""
    if origin is None:
        return NO_LABELS
    named = (("request_id", origin.request_id), ("trace_id", origin.trace_id))
    return {name: value for name, value in named if value is not None}


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """One `(user, context)` pair to decide on, as JSON text. `user` is None where there is none
    (client credentials). `deadline` is after how many seconds the rules have to be done, if less than the limit;
    `until`, on the monotonic clock, is when there has to be an execution, whatever they do; `capability` is what the
    issuer's protocol can carry, where that is not all."""

    tenant: str
    user: bytes | None
    context: bytes
    deadline: float | None = None
    until: float | None = None
    capability: Capability | None = None
    origin: Origin | None = None


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded change. `path` is a JSON Pointer below `/user`, `/context` or `/updates`."""

    path: str
    op: Literal["add", "replace", "remove"]
    old: JSON
    new: JSON
    line: int
    rolled_back: bool = False


class CallRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call of a rule, the `ordinal`th of its step (from 0). `request` and `answer` are those of
    `sandbox.exchanges`: secrets are masked in the request, and in `masked`, which is the answer where it held any. An
    `answer` of null: the call was cut off, or the record had no room for it."""

    step: int
    ordinal: int
    kind: Literal["http", "cache"]
    line: int
    ms: float
    request: msgspec.Raw
    answer: msgspec.Raw = NULL
    masked: msgspec.Raw = NULL

    @property
    def answered(self) -> bool:
        return bytes(self.answer) != b"null"

    @property
    def shown(self) -> JSON:
        """The answer as it may be shown."""
        masked = msgspec.json.decode(self.masked)
        return msgspec.json.decode(self.answer) if masked is None else masked


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    level: str
    text: str
    line: int


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One of the rule's own calls. `values` are those of the names on its line, as short text. Columns count
    characters from 1; `end_column` is the first behind the expression that failed."""

    line: int
    function: str
    source: str | None = None
    column: int | None = None
    end_column: int | None = None
    values: dict[str, str] = {}


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """The exception that was handled, or named by `from`, when the one after it was raised."""

    message: str
    line: int | None = None
    frames: tuple[Frame, ...] = ()
    causes: tuple[Cause, ...] = ()


class StepError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step failed, for the rule's author. `line` is None where it cannot be known; `frames` stand outermost
    first, `causes` nearest first."""

    code: str
    message: str
    line: int | None = None
    frames: tuple[Frame, ...] = ()
    causes: tuple[Cause, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's part of an execution. `reason` says why one was `skipped`."""

    rule: str
    rule_id: str
    version: int
    outcome: Outcome
    ms: float
    reason: str | None = None
    writes: tuple[Write, ...] = ()
    logs: tuple[LogLine, ...] = ()
    calls: tuple[JSON, ...] = ()
    error: StepError | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was refused, left out or is unwise, said where its owner looks."""

    code: str
    message: str
    claim: str | None = None
    rule: str | None = None
    line: int | None = None


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """`error` is for the token's caller; `rule` names who denied, if a rule did."""

    error: Literal["unauthorized", "access_denied", "server_error", "interaction_required"]
    description: str
    rule: str | None = None


class RanRule(msgspec.Struct, frozen=True, array_like=True):
    """What a trace needs to know of a rule."""

    id: str
    name: str
    version: int
    on_failure: OnFailure
