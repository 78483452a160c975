"""One pipeline run and what was decided."""

from __future__ import annotations

import msgspec

from engine.capability import Token
from engine.masking import NOTHING, Masking
from engine.models import JSON, CallRecord, Claims, Decision, Denial, Ended, Notice, Step, Transaction
from engine.trace import NO_EVENTS, Trace


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One pipeline run and its decision. Claims are None with every decision but `allow`; `lifetime` are the seconds
    that rules have given tokens.

    `clock` is in nanoseconds since the epoch; `engine` stamps what ran the rules (`engine.ready`); `ran` are the ids
    and names of the rules that did, `ended` which of them did not pass: how, the rule's id, and its name; `failed` says
    whether one of them did not end well. With the transaction, the revision, the clock, the seed, the set of
    `configuration` values (None: no rule mentions them) and the calls of the trace all of it can be had again;
    `unrecorded` is the first call that a replay had no recorded answer to. `masking` takes secrets out of what is
    recorded.
    """

    id: str
    tenant: str
    transaction: Transaction
    engine: str = ""
    revision: int
    decision: Decision
    idToken: Claims | None = None
    accessToken: Claims | None = None
    updates: dict[str, Claims | None]
    redirect: dict[str, JSON] | None = None
    multifactor: JSON = None
    denial: Denial | None = None
    scope: list[str] | None = None
    lifetime: dict[Token, int] = {}
    warnings: tuple[Notice, ...] = ()
    trace: Trace = Trace()
    ran: tuple[str, ...] = ()
    ended: tuple[tuple[Ended, str, str], ...] = ()
    failed: bool = False
    clock: int
    seed: bytes = b""
    configuration: int | None = None
    unrecorded: CallRecord | None = None
    masking: Masking = NOTHING
    timeline: msgspec.Raw = NO_EVENTS  # of a traced one (`sandbox.timeline`)
    seconds: float

    @property
    def steps(self) -> tuple[Step, ...]:
        """What each rule did. Made of the trace at every call: a login itself has no need of it."""
        return self.trace.steps()
