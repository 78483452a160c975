"""What the engine tells of executions, as types: for those who read the API's document.

The engine makes these answers as plain JSON, since what is not to be shown may be masked anywhere in them. Every answer
in the tests is held against these types.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from engine.capability import Token
from engine.impact import Group
from engine.models import JSON, Decision, Denial, Moment, Notice, Step
from engine.replay import Difference, Remark


class Given(Struct, kw_only=True):
    """What was decided on."""

    user: JSON
    context: JSON


class Record(Struct, kw_only=True):
    """An execution as it is recorded, without what is not to be shown. `removed` are the places in the transaction that
    are masked, `dropped` those that were never kept. `engine` stamps what ran the rules, `configuration` is the number
    of the values that they could read. The seed stays sealed."""

    execution_id: str
    revision: int
    engine: str
    issuer: str | None
    configuration: int | None
    clock: Moment
    seed: Literal["sealed"]
    ms: float
    decision: Decision
    denial: Denial | None
    redirect: JSON
    multifactor: JSON
    idToken: JSON
    accessToken: JSON
    scope: JSON
    lifetime: dict[Token, int]
    updates: dict[str, JSON]
    warnings: list[Notice]
    steps: list[Step]
    transaction: Given
    removed: list[str]
    dropped: list[str]


class Summary(Struct, kw_only=True):
    """An execution in a list. `failed` are the rules that did not pass, `warnings` their codes."""

    execution_id: str
    revision: int
    clock: Moment
    ms: float
    decision: Decision
    client: JSON
    user: JSON
    claims: list[str]
    failed: list[str]
    denial: Denial | None
    warnings: list[str]


class Line(Struct, kw_only=True):
    """A line that ran. `values` are those of its names just before, `changed` the variables that are others after it,
    `writes` how many changes of the data it made, `depth` how many calls of the rule's own are around it."""

    rule: str
    version: int
    line: int
    source: str | None
    function: str
    depth: int
    writes: int
    values: dict[str, str]
    changed: dict[str, str]
    returned: str | UnsetType = UNSET
    raised: str | UnsetType = UNSET


class Timeline(Struct, kw_only=True):
    """Every line that ran, in order. One that is not `identical` tells of another execution than the recorded one."""

    identical: bool
    remarks: list[Remark]
    truncated: bool
    lines: list[Line]


class Replay(Struct, kw_only=True):
    """The new execution, and what of it is not as it was recorded."""

    identical: bool
    differences: list[Difference]
    remarks: list[Remark]
    execution: Record


class Impact(Struct, kw_only=True):
    """What became of the executions that were `replayed`: `unchanged`, `changed` in what is answered, now `denied`, now
    `allowed`, or decided `otherwise`. In those that `failed` a rule fails that did not; `left_out` were not replayed,
    for want of a worker, and neither were `unreadable` ones, whose records cannot be opened.
    `claims`, `rules` and `clients` say which the differences are about; `p95_before` and `p95_after` are milliseconds
    that 95 of 100 did not exceed."""

    replayed: int
    unchanged: int
    changed: Group
    denied: Group
    allowed: Group
    otherwise: Group
    failed: Group
    not_reproducible: Group
    left_out: int
    unreadable: int
    claims: dict[str, Group]
    rules: dict[str, Group]
    clients: dict[str, Group]
    p95_before: float
    p95_after: float
    would_change: bool
