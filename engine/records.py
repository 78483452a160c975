"""Records of executions: written behind the answer, in batches, never in its way.

What waits is bounded; what finds no room, or could not be written, is counted as dropped. A crash loses what
waited: at most the records of the last moments.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import msgspec
import structlog

from engine.models import Execution
from engine.store.errors import NotFound, StoreError
from engine.store.executions import ExecutionRow
from engine.store.store import Store

log = structlog.get_logger("claimsmith.records")

BATCH = 200
PAUSE = 0.05  # between batches, so that many logins share one transaction
RETRIES = 5
RETRY = 0.5


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
        self._waiting: dict[str, Execution] = {}
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self.written = 0
        self.dropped = 0

    def start(self) -> None:
        self._writer = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Write what waits, within a bounded time, and stop."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
            await self._flush(retries=1)

    def add(self, execution: Execution) -> None:
        if len(self._waiting) >= self._most:
            self.dropped += 1
            return
        self._waiting[execution.id] = execution
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
            return msgspec.json.encode(record(waiting))
        return await self._store.execution(tenant, id)

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(PAUSE)
            self._wake.clear()
            await self._flush(RETRIES)

    async def _flush(self, retries: int) -> None:
        while self._waiting:
            batch = list(self._waiting.values())[:BATCH]
            rows = [_row(execution) for execution in batch]
            for attempt in range(retries):
                try:
                    await self._store.add_executions(rows)
                    self.written += len(rows)
                    break
                except StoreError as error:
                    if attempt == 0:
                        log.warning("records cannot be written", error=str(error), waiting=len(self._waiting))
                    await asyncio.sleep(RETRY if attempt + 1 < retries else 0)
            else:
                self.dropped += len(rows)
            for execution in batch:
                self._waiting.pop(execution.id, None)


def record(execution: Execution) -> dict[str, Any]:
    """An execution as `GET /v1/executions/{id}` shows it: what ran and what it did, without the transaction."""
    return {
        "execution_id": execution.id,
        "revision": execution.revision,
        "clock": execution.clock,
        "ms": round(execution.seconds * 1000, 3),
        "decision": execution.decision,
        "denial": execution.denial,
        "redirect": execution.redirect,
        "multifactor": execution.multifactor,
        "idToken": execution.idToken,
        "accessToken": execution.accessToken,
        "scope": execution.scope,
        "updates": execution.updates,
        "warnings": execution.warnings,
        "steps": execution.steps,
    }


def _row(execution: Execution) -> ExecutionRow:
    return ExecutionRow(
        id=execution.id,
        tenant=execution.tenant,
        revision=execution.revision,
        decision=execution.decision,
        created_at=execution.clock,
        record=msgspec.json.encode(record(execution)),
    )
