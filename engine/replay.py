"""A recorded execution, run again: as it was, or under other rules.

It is the same path as a login's, with the clock and the chance of then. What is measured is not run again: a rule that
was timed out or exhausted stands in the replay as it stands in the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.capability import TOKENS
from engine.configuration import Configurations, ConfigurationSet
from engine.engine import Engine
from engine.execution import Execution
from engine.models import CallRecord, Recording, Revision, Step, Transaction
from engine.record import Record, redacted, redaction_seen, shown
from engine.record import record as record_of
from engine.recorder import NoRecorder
from engine.store.store import Store
from engine.trace import Kill

# Parts of an execution that a caller sees, beside the tokens and updates, which are compared member by member.
PARTS = ("decision", "denial", "redirect", "multifactor", "scope", "lifetime", "warnings")
BESIDE_LOGINS = 0.004  # seconds: several times what this process takes for a replay
MEASURED = ("timed_out", "exhausted")
OF_STEP = ("rule", "version", "outcome", "writes", "logs", "calls", "error")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`part` is a member of an execution, `name` the claim, store or rule in it. What is absent is null, and not
    `present`."""

    part: str
    name: str | None = None
    old: Any
    new: Any
    was_present: bool = True
    is_present: bool = True


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something to know before one trusts a replay."""

    code: str
    text: str


REMARKS = {
    "engine_differs": "it was run by another Python, policy or RestrictedPython, which may do other things",
    "not_reproducible": "something that the rules were given is not in the record",
    "as_recorded": "a rule that was timed out or exhausted is not run again: that is measured, and not decided",
}


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """`identical` is about everything but times and the execution's own id."""

    execution: Execution
    identical: bool
    differences: tuple[Difference, ...]
    remarks: tuple[Remark, ...]


class Replayer:
    def __init__(self, engine: Engine, store: Store, configurations: Configurations | None = None) -> None:
        self._configurations = configurations
        self._engine = engine
        self._store = store
        self._seen = engine.logins
        self._turn = asyncio.Lock()

    async def give_way(self) -> None:
        """For those who replay many: while logins come, one goes on at a time, and that with pauses. Their workers have
        a low priority, but what this process does for them has none."""
        if self._engine.logins != self._seen:
            async with self._turn:
                self._seen = self._engine.logins
                await asyncio.sleep(BESIDE_LOGINS)

    async def again(self, tenant: str, record: Record, *, traced: bool = False) -> Replay:
        """The same revision; `traced` with a timeline. Raises what `Engine.evaluate` raises, and `NotFound`."""
        revision = await self._store.revision(tenant, record.revision)
        ended, remarks = _ended(record)
        configuration = await self._configuration(tenant, record)
        execution = await self._run(tenant, record, revision, {}, ended, configuration, record.trace.calls, traced)
        calls = [call for call in record.trace.calls if call.step in ended]
        trace = msgspec.structs.replace(execution.trace, calls=(*calls, *execution.trace.calls))
        execution = msgspec.structs.replace(execution, trace=trace)
        if record.denial is not None and any(_denied_by(record, index) for index in ended):
            # What the rule had asked for before it was ended is not known anew.
            execution = msgspec.structs.replace(
                execution,
                decision=record.decision,
                denial=record.denial,
                updates=record.updates,
                warnings=record.warnings,
            )
        found = (*_differences(record, execution), *_steps(record.trace.steps(), execution.steps))
        return _replay(record, execution, found, remarks)

    async def otherwise(
        self, tenant: str, record: Record, revision: Revision, scripts: Mapping[str, str] | None = None
    ) -> Replay:
        """Under other rules: what the caller would see is compared, not the way there. `scripts` as in `evaluate`: a
        draft is given placeholders for the values of the configuration."""
        configuration = await self._configuration(tenant, record)
        if scripts and configuration is None and self._configurations is not None:
            configuration = await self._configurations.live(tenant)
        if scripts and configuration is not None:
            configuration = configuration.placeholders
        calls = _calls(record, revision)
        execution = await self._run(tenant, record, revision, scripts or {}, {}, configuration, calls, False)
        return _replay(record, execution, _differences(record, execution), ())

    async def _run(
        self,
        tenant: str,
        record: Record,
        revision: Revision,
        scripts: Mapping[str, str],
        ended: Mapping[int, Kill],
        configuration: ConfigurationSet | None,
        calls: Sequence[CallRecord],
        traced: bool,
    ) -> Execution:
        user = bytes(record.user)
        return await self._engine.evaluate(
            Transaction(
                tenant=tenant,
                user=None if user == b"null" else user,
                context=bytes(record.context),
                capability=record.capability,
            ),
            revision=revision,
            scripts=scripts,
            recorder=NoRecorder(),
            clock=record.clock,
            seed=record.seed,
            ended=ended,
            configuration=configuration,
            calls=calls,
            background=True,
            traced=traced,
        )

    async def _configuration(self, tenant: str, record: Record) -> ConfigurationSet | None:
        """The values that the rules could read then."""
        if record.configuration is None or self._configurations is None:
            return None
        return await self._configurations.numbered(tenant, record.configuration)


def _calls(record: Record, revision: Revision) -> list[CallRecord]:
    """The recorded calls, by the places that their rules have in another revision: the same rule, else one of its
    name."""
    enabled = [rule for rule in revision.rules if rule.enabled]
    places = {rule.name: place for place, rule in enumerate(enabled)}
    places |= {rule.id: place for place, rule in enumerate(enabled)}
    found = []
    for call in record.trace.calls:
        rule = record.trace.rules[call.step]
        place = places.get(rule.id, places.get(rule.name))
        if place is not None:
            found.append(msgspec.structs.replace(call, step=place))
    return found


def shown_replay(replay: Replay, record: Record, recording: Recording) -> dict[str, Any]:
    """A replay as `POST /v1/executions/{id}/replay` shows it, redacted like a record."""
    again = record_of(replay.execution)
    redaction = redaction_seen(recording, record, again)
    # What a rule did is shown as its record shows it.
    then = _of_steps(redacted(record, recording).trace.steps())
    now = _of_steps(redacted(again, recording).trace.steps())
    differences = []
    for one in replay.differences:
        at = ("context", one.part, one.name) if one.part in TOKENS else ()
        old, new = (redaction.masked(value, *at) for value in (one.old, one.new))
        if one.part in then or one.part in now:
            old, new = then.get(one.part), now.get(one.part)
        differences.append({**msgspec.to_builtins(one), "old": old, "new": new})
    return {
        "identical": replay.identical,
        "differences": [redaction.everywhere(one, names=True) for one in msgspec.to_builtins(differences)],
        "remarks": msgspec.to_builtins(replay.remarks),
        "execution": shown(again, recording),
    }


def _ended(record: Record) -> tuple[dict[int, Kill], tuple[Remark, ...]]:
    """The rules that are not run again, with what is known of them, by their places."""
    places = {rule.id: index for index, rule in enumerate(record.trace.rules)}
    ended, remarks = {}, []
    for step in record.trace.steps():
        if step.outcome in MEASURED:
            ended[places[step.rule_id]] = record.trace.ended(places[step.rule_id])
            text = f"rule `{step.rule}` was {step.outcome}: that stands as it was recorded, and is not run again"
            remarks.append(Remark(code="as_recorded", text=text))
    return ended, tuple(remarks)


def _denied_by(record: Record, index: int) -> bool:
    return record.denial is not None and record.denial.rule == record.trace.rules[index].name


def _replay(record: Record, execution: Execution, found: Sequence[Difference], remarks: tuple[Remark, ...]) -> Replay:
    if record.engine and execution.engine and record.engine != execution.engine:
        text = f"it was run by `{record.engine}`, and now by `{execution.engine}` (policy, RestrictedPython, Python)"
        remarks = (Remark(code="engine_differs", text=text), *remarks)
    if record.dropped:
        text = f"the tenant's settings keep nothing of {', '.join(f'`{place}`' for place in record.dropped)}"
        remarks = (Remark(code="not_reproducible", text=text), *remarks)
    if (call := execution.unrecorded) is not None:
        rule = execution.trace.rules[call.step].name
        text = f"rule `{rule}` makes a call in line {call.line} that the record has no answer to"
        remarks = (Remark(code="not_reproducible", text=text), *remarks)
    return Replay(execution=execution, identical=not found, differences=tuple(found), remarks=remarks)


def _differences(record: Record, again: Execution) -> list[Difference]:
    execution = record_of(again)  # both without the secrets of their configuration
    found = [
        Difference(part=part, old=old, new=new)
        for part in PARTS
        if _text(old := getattr(record, part)) != _text(new := getattr(execution, part))
    ]
    for token in TOKENS:
        found += _members(token, getattr(record, token), getattr(execution, token))
    return found + _members("updates", record.updates, execution.updates)


def _members(part: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[Difference]:
    """Member by member; a token that there is or was none of has no members."""
    before, after = old or {}, new or {}
    return [
        Difference(
            part=part,
            name=name,
            old=before.get(name),
            new=after.get(name),
            was_present=name in before,
            is_present=name in after,
        )
        for name in dict.fromkeys((*before, *after))
        if (name in before) != (name in after) or _text(before.get(name)) != _text(after.get(name))
    ]


def _steps(old: Sequence[Step], new: Sequence[Step]) -> list[Difference]:
    before, after = _of_steps(old), _of_steps(new)
    rules = {part: value for part, value in before.items() if part.endswith(".rule")}
    return [
        Difference(
            part=part, name=rules.get(f"{part.partition('.')[0]}.rule"), old=before.get(part), new=after.get(part)
        )
        for part in dict.fromkeys((*before, *after))
        if _text(_untimed(before.get(part))) != _text(_untimed(after.get(part)))
    ]


def _of_steps(steps: Sequence[Step]) -> dict[str, Any]:
    """Each member of each step, by the name that a difference has for it."""
    return {
        f"steps[{index}].{member}": msgspec.to_builtins(getattr(step, member))
        for index, step in enumerate(steps)
        for member in OF_STEP
    }


def _untimed(value: Any) -> Any:
    """Calls without their times."""
    if not isinstance(value, list | tuple):
        return value
    return [{**one, "ms": 0} if isinstance(one, dict) and "ms" in one else one for one in value]


def _text(value: Any) -> bytes:
    """As JSON with sorted names: in a token `True` is not `1`."""
    return msgspec.json.encode(value, order="sorted")
