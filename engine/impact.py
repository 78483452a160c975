"""What other rules would have done to the logins that were recorded: each replayed, all of them summed up."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any

import anyio
import msgspec

from engine.capability import TOKENS
from engine.models import Recording, Revision
from engine.record import Record, redaction_seen
from engine.records import Records
from engine.redaction import Redaction
from engine.replay import Difference, Replay, Replayer
from engine.store.errors import Unavailable
from engine.store.executions import Filter
from engine.trace import Blame
from sandbox.journal import pointer
from sandbox.pool import Busy
from sandbox.process import SandboxUnavailable

PAGE = 200  # records read at a time
AT_ONCE = 8  # replays under way
EXAMPLES = 5  # executions named in each group
MOST_GROUPS = 500  # of one kind; what is beyond is counted together
BEYOND = "(others)"
EVERY = 0.25  # seconds between two reports of progress
ATTEMPTS = 5  # of a replay that finds no worker
PAUSE = 0.2


class Group(msgspec.Struct, kw_only=True):
    """How many executions, and the first of them by their ids."""

    count: int = 0
    examples: list[str] = []

    def add(self, id: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(id)


class Spread(msgspec.Struct):
    """Milliseconds by steps of a twentieth: a percentile of any number of them in a bounded memory."""

    counts: dict[int, int] = {}

    def add(self, ms: float) -> None:
        step = math.ceil(math.log(max(ms, 0.001), 1.05))
        self.counts[step] = self.counts.get(step, 0) + 1

    def percentile(self, part: float) -> float:
        """0 for none."""
        wanted = sum(self.counts.values()) * part
        for step in sorted(self.counts):
            wanted -= self.counts[step]
            if wanted <= 0:
                return round(1.05**step, 3)
        return 0.0


class Impact(msgspec.Struct, kw_only=True):
    """What came of any number of replays, as a value that can be stored and added to.

    `unchanged`, `changed`, `denied` (and were not), `allowed` (and were not) and `otherwise` (another decision of
    the remaining ones) are all that were `replayed`. Of these, `failed` are those in which a rule now fails that did
    not, and `not_reproducible` those of which something was not recorded. `left_out` were not replayed, and neither
    were those that are `unreadable`: their records cannot be opened. `before` and `after` are the milliseconds that
    the rules took.
    """

    replayed: int = 0
    unchanged: int = 0
    changed: Group = msgspec.field(default_factory=Group)
    denied: Group = msgspec.field(default_factory=Group)
    allowed: Group = msgspec.field(default_factory=Group)
    otherwise: Group = msgspec.field(default_factory=Group)
    failed: Group = msgspec.field(default_factory=Group)
    not_reproducible: Group = msgspec.field(default_factory=Group)
    left_out: int = 0
    unreadable: int = 0
    claims: dict[str, Group] = {}
    rules: dict[str, Group] = {}
    clients: dict[str, Group] = {}
    before: Spread = msgspec.field(default_factory=Spread)
    after: Spread = msgspec.field(default_factory=Spread)

    @property
    def would_change(self) -> bool:
        """Whether a caller would see anything else."""
        return self.replayed > self.unchanged

    def add(self, record: Record, replay: Replay, recording: Recording) -> None:
        """Count one more, under the names by which it is shown."""
        execution, id = replay.execution, record.execution_id  # noqa: A001
        self.replayed += 1
        before, after = record.trace.steps(), execution.steps
        self.before.add(sum(step.ms for step in before))
        self.after.add(sum(step.ms for step in after))
        failed_before = {step.rule for step in before if step.error is not None}
        if any(step.error is not None and step.rule not in failed_before for step in after):
            self.failed.add(id)
        if any(remark.code == "not_reproducible" for remark in replay.remarks):
            self.not_reproducible.add(id)
        if replay.identical:
            self.unchanged += 1
            return
        kind = self.changed
        if record.decision != execution.decision:
            kind = {"deny": self.denied, "allow": self.allowed}.get(execution.decision, self.otherwise)
        kind.add(id)
        redaction = redaction_seen(recording, record)
        _group(self.clients, _client(record, redaction)).add(id)
        for name in {one.name for one in replay.differences if one.part in TOKENS and one.name is not None}:
            _group(self.claims, redaction.everywhere(name)).add(id)
        for name in _rules(record, replay):
            _group(self.rules, name).add(id)


class Progress(msgspec.Struct, frozen=True):
    replayed: int
    of: int


class Analysis:
    """One analysis: `run` it once."""

    def __init__(self, records: Records, replayer: Replayer, tenant: str, which: Filter, recording: Recording) -> None:
        """`recording` says what of the logins is not shown."""
        self._records = records
        self._replayer = replayer
        self._tenant = tenant
        self._which = which
        self._recording = recording
        self.impact = Impact()

    async def run(self, revision: Revision, scripts: Mapping[str, str], most: int) -> AsyncIterator[Progress]:
        """Replay up to `most` records, the newest first, under `revision`; says how far it is. `impact` is complete
        when it has ended."""
        # Shielded, here and below: whoever has left is told so again and again, and a connection to the database would
        # be broken off in its end.
        with anyio.CancelScope(shield=True):
            of = min(await self._records.count(self._tenant, self._which), most)
        queue: asyncio.Queue[Record | None] = asyncio.Queue(PAGE)
        workers = [asyncio.create_task(self._replay_all(queue, revision, scripts)) for _ in range(AT_ONCE)]
        reader = asyncio.create_task(self._read(queue, most))
        tasks = [reader, *workers]
        try:
            while True:
                done, pending = await asyncio.wait(tasks, timeout=EVERY, return_when=asyncio.FIRST_EXCEPTION)
                for task in done:
                    task.result()  # what went wrong ends the analysis
                yield Progress(min(self.impact.replayed + self.impact.left_out + self.impact.unreadable, of), of)
                if not pending:
                    break
        finally:
            for task in tasks:
                task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, queue: asyncio.Queue[Record | None], most: int) -> None:
        which, left = self._which, most
        while left > 0:
            page = await self._records.page(self._tenant, which, min(PAGE, left))
            for record in page.records:
                await queue.put(record)
            self.impact.unreadable += len(page.unreadable)
            left -= len(page.records)
            if page.last is None:
                break
            which = msgspec.structs.replace(which, before=page.last)
        for _ in range(AT_ONCE):
            await queue.put(None)

    async def _replay_all(
        self, queue: asyncio.Queue[Record | None], revision: Revision, scripts: Mapping[str, str]
    ) -> None:
        while (record := await queue.get()) is not None:
            replay = await patiently(self._replayer, self._tenant, record, revision, scripts)
            if replay is None:
                self.impact.left_out += 1
            else:
                self.impact.add(record, replay, self._recording)


async def patiently(
    replayer: Replayer, tenant: str, record: Record, revision: Revision, scripts: Mapping[str, str]
) -> Replay | None:
    """The record under another revision; None where no worker was to be had for a while. Logins come first."""
    await replayer.give_way()
    for _ in range(ATTEMPTS):
        try:
            return await replayer.otherwise(tenant, record, revision, scripts)
        except (Busy, SandboxUnavailable, Unavailable):
            await asyncio.sleep(PAUSE)
    return None


def shown_impact(impact: Impact) -> dict[str, Any]:
    """As the API shows it: groups with most executions first, and of the times what 95 of 100 do not exceed."""
    shown = msgspec.to_builtins(impact)
    for kind in ("claims", "rules", "clients"):
        shown[kind] = dict(sorted(shown[kind].items(), key=lambda entry: -entry[1]["count"]))
    shown["p95_before"], shown["p95_after"] = (spread.percentile(0.95) for spread in (impact.before, impact.after))
    del shown["before"], shown["after"]
    return {**shown, "would_change": impact.would_change}


def _group(groups: dict[str, Group], name: str) -> Group:
    if name not in groups and len(groups) >= MOST_GROUPS:
        name = BEYOND
    return groups.setdefault(name, Group())


def _client(record: Record, redaction: Redaction) -> str:
    found = redaction.masked(record.given("context"), "context").get("clientID")
    return str(redaction.everywhere(found)) if isinstance(found, str) else ""


def _rules(record: Record, replay: Replay) -> set[str]:
    """Who is behind the differences: the rule that sets a claim now, or that has set it then; who denies."""
    now, then = Blame(replay.execution.trace), Blame(record.trace)
    found: set[str | None] = {denial.rule for denial in (record.denial, replay.execution.denial) if denial is not None}
    for one in replay.differences:
        if (path := _path(one)) is not None:
            found.add(now.of(path)[0] or then.of(path)[0])
    return {name for name in found if name is not None}


def _path(one: Difference) -> str | None:
    if one.part in TOKENS and one.name is not None:
        return pointer(("context", one.part, one.name))
    if one.part in ("redirect", "multifactor"):
        return pointer(("context", one.part))
    if one.part == "updates" and one.name is not None:
        return pointer(("updates", one.name))
    return None
