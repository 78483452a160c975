"""One pipeline run and what was decided."""

from __future__ import annotations

from datetime import datetime

import msgspec

from engine.models import JSON, Claims, Decision, Denial, Notice, Step
from engine.trace import Trace


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One pipeline run and its decision. Claims are None with every decision but `allow`."""

    id: str
    tenant: str
    revision: int
    decision: Decision
    idToken: Claims | None = None
    accessToken: Claims | None = None
    updates: dict[str, Claims | None]
    redirect: dict[str, JSON] | None = None
    multifactor: JSON = None
    denial: Denial | None = None
    scope: list[str] | None = None
    warnings: tuple[Notice, ...] = ()
    trace: Trace = Trace()
    clock: datetime
    seconds: float

    @property
    def steps(self) -> tuple[Step, ...]:
        """What each rule did. Made of the trace at every call: a login itself has no need of it."""
        return self.trace.steps()
