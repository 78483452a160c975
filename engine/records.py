"""Records of executions: written behind the answer, in batches, never in its way.

What waits is bounded. While the database does not answer it waits on; what then finds no room is counted as
dropped, and so is what could not be written at the end. A crash loses what waited: the records of the last moments,
or of a database's absence.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from engine.execution import Execution
from engine.models import JSON, Claims, Decision, Denial, Notice
from engine.store.errors import NotFound, Unavailable
from engine.store.executions import ExecutionRow
from engine.store.store import Store
from engine.trace import Trace

log = structlog.get_logger("claimsmith.records")

BATCH = 1000
PAUSE = 0.2  # between batches: many logins share one transaction, whose own cost is that of a dozen of them
RETRY = 0.5
LAST_WORDS = 5.0  # for what waits when the service stops


class Recorder(Protocol):
    def add(self, execution: Execution) -> None:
        """Take note of an execution; must not block and must not fail."""


class NoRecorder:
    """For executions that are recorded nowhere: trying a draft, running a case."""

    def add(self, execution: Execution) -> None:
        pass


class Records:
    def __init__(self, store: Store, most_waiting: int) -> None:
        self._store = store
        self._most = most_waiting
        # As text, which costs the garbage collector nothing.
        self._waiting: dict[str, ExecutionRow] = {}
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self.written = 0
        self.dropped = 0

    def start(self) -> None:
        self._writer = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Write what waits, within a bounded time, and stop. What comes later is dropped, and counted."""
        self._closed = True
        self._wake.set()
        if self._writer is not None:
            # Not cancelled at once: what is cut off in SQLite may keep it locked.
            await asyncio.wait([self._writer], timeout=LAST_WORDS)
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        if self._waiting:
            self.dropped += len(self._waiting)
            log.error("records are lost: the service stops, and the database does not answer", count=len(self._waiting))
            self._waiting.clear()

    def add(self, execution: Execution) -> None:
        if self._closed or len(self._waiting) >= self._most:
            self.dropped += 1
            return
        self._waiting[execution.id] = _row(execution)
        self._wake.set()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def get(self, tenant: str, id: str) -> bytes:
        """The record as JSON text, also while it still waits to be written. Raises `NotFound`."""
        waiting = self._waiting.get(id)
        if waiting is not None:
            if waiting.tenant != tenant:
                raise NotFound("execution", id)
            stored = waiting.record
        else:
            stored = await self._store.execution(tenant, id)
        return msgspec.json.encode(shown(msgspec.json.decode(stored, type=Record)))

    async def _write(self) -> None:
        while not self._closed or self._waiting:
            await self._wake.wait()
            if not self._closed:
                await asyncio.sleep(PAUSE)
                self._wake.clear()
            failed = False
            while self._waiting:
                try:
                    await self._flush()
                except Unavailable as error:
                    if not failed:
                        log.warning("records cannot be written", error=str(error), waiting=len(self._waiting))
                    failed = True
                    await asyncio.sleep(RETRY)

    async def _flush(self) -> None:
        """Write everything that waits. Raises `Unavailable`; what was not written by then goes on waiting."""
        while self._waiting:
            batch = list(self._waiting.values())[:BATCH]
            try:
                await self._store.add_executions(batch)
                self.written += len(batch)
            except Unavailable:
                raise
            except Exception:
                # One that cannot be stored must not take its neighbours with it.
                await self._write_singly(batch)
            for row in batch:
                self._waiting.pop(row.id, None)

    async def _write_singly(self, batch: list[ExecutionRow]) -> None:
        for row in batch:
            try:
                await self._store.add_executions([row])
                self.written += 1
            except Unavailable:
                raise
            except Exception:
                self.dropped += 1
                log.exception("a record cannot be stored", execution=row.id)
            self._waiting.pop(row.id, None)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as it is stored: its trace is made into steps by whoever reads it."""

    execution_id: str
    revision: int
    clock: datetime
    ms: float
    decision: Decision
    denial: Denial | None
    redirect: JSON
    multifactor: JSON
    idToken: Claims | None
    accessToken: Claims | None
    scope: list[str] | None
    updates: dict[str, Claims | None]
    warnings: tuple[Notice, ...]
    trace: Trace


def record(execution: Execution) -> Record:
    return Record(
        execution_id=execution.id,
        revision=execution.revision,
        clock=execution.clock,
        ms=round(execution.seconds * 1000, 3),
        decision=execution.decision,
        denial=execution.denial,
        redirect=execution.redirect,
        multifactor=execution.multifactor,
        idToken=execution.idToken,
        accessToken=execution.accessToken,
        scope=execution.scope,
        updates=execution.updates,
        warnings=execution.warnings,
        trace=execution.trace,
    )


def shown(record: Record) -> dict[str, JSON]:
    """A record as `GET /v1/executions/{id}` shows it: what ran and what it did, without the transaction."""
    members = msgspec.structs.asdict(record)
    trace: Trace = members.pop("trace")
    return {**members, "steps": trace.steps()}


def _row(execution: Execution) -> ExecutionRow:
    return ExecutionRow(
        id=execution.id,
        tenant=execution.tenant,
        revision=execution.revision,
        decision=execution.decision,
        created_at=execution.clock,
        record=msgspec.json.encode(record(execution)),
    )
