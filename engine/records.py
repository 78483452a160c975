"""Records of executions: written behind the answer, in batches, never in its way.

What waits is bounded. While the database does not answer it waits on; what then finds no room is counted as
dropped, and so is what could not be written at the end. A crash loses what waited: the records of the last moments,
or of a database's absence.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from typing import Any, NamedTuple

import msgspec
import structlog

from engine.ending import end
from engine.execution import Execution
from engine.models import Recording
from engine.record import MOST_CLIENT, Record, marks, read, record, text_of, without_dropped
from engine.seal import Broken, Seal
from engine.store.errors import NotFound, Unavailable
from engine.store.executions import ExecutionRow, Filter, Found
from engine.store.store import Store

log = structlog.get_logger("claimsmith.records")

BATCH = 1000
BATCH_BYTES = 16 * 1024 * 1024
PAUSE = 0.5  # between batches: many logins share one transaction, whose own cost is that of a dozen of them
RETRY = 0.5
BREATH = 256 * 1024  # bytes of records that are opened at a stretch
LAST_WORDS = 5.0  # for what waits when the service stops


class Opened(NamedTuple):
    """Records of one look, opened, and the ids of those that cannot be: changed in the database, or sealed with a key
    that is lost. `last` is the id at which the look has ended; None where it found nothing."""

    records: list[Record]
    unreadable: list[str]
    last: str | None

    @property
    def looked_at(self) -> int:
        return len(self.records) + len(self.unreadable)


class Records:
    def __init__(self, store: Store, seal: Seal, most_waiting: int, most_bytes: int) -> None:
        """At most `most_waiting` records of `most_bytes` together wait to be written."""
        self._store = store
        self._seal = seal
        self._most, self._most_bytes = most_waiting, most_bytes
        # As text, which costs the garbage collector nothing.
        self._waiting: dict[str, ExecutionRow] = {}
        self._bytes = 0
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._turn = asyncio.Lock()  # of who writes records, or removes them
        self._share = random.Random()  # noqa: S311  which executions are recorded is no secret
        self.held_back = False  # whether the database refuses them just now
        self.written = 0
        self.dropped = 0
        self.left_out = 0  # by the tenant's settings

    def start(self) -> None:
        self._writer = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Write what waits, within a bounded time, and stop. What comes later is dropped, and counted."""
        self._closing.set()
        self._wake.set()
        if self._writer is not None:
            # Not cancelled at once: what is cut off in SQLite may keep it locked.
            await asyncio.wait([self._writer], timeout=LAST_WORDS)
            await end(self._writer)
        if self._waiting:
            self.dropped += len(self._waiting)
            log.error("records are lost: the service stops, and the database does not answer", count=len(self._waiting))
            self._waiting.clear()

    def add(self, execution: Execution, recording: Recording) -> None:
        if not self._wanted(execution, recording):
            self.left_out += 1
            return
        if self._closing.is_set() or len(self._waiting) >= self._most or self._bytes >= self._most_bytes:
            self.dropped += 1
            return
        try:
            row = self._waiting[execution.id] = self._row(execution, recording)
            self._bytes += len(row.record)
        except Exception:  # a login that was decided must not fail for its record
            self.dropped += 1
            log.exception("a record cannot be made", execution=execution.id)
            return
        self._wake.set()

    def _wanted(self, execution: Execution, recording: Recording) -> bool:
        if recording.executions == "all" and recording.share == 1:
            return True
        if recording.executions == "none":
            return False
        if execution.failed or execution.decision == "deny":
            return True
        return recording.executions == "all" and self._share.random() < recording.share

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    async def get(self, tenant: str, id: str) -> Record:
        """The record, also while it waits to be written. Raises `NotFound`, also for one that cannot be opened."""
        waiting = self._waiting.get(id)
        if waiting is not None:
            if waiting.tenant != tenant:
                raise NotFound("execution", id)
            return self._opened(tenant, id, waiting.record)
        return self._opened(tenant, id, await self._store.execution(tenant, id))

    async def page(self, tenant: str, which: Filter, limit: int) -> Opened:
        """Up to `limit` records, newest first, of those that are written."""
        return await self._all_opened(tenant, await self._store.executions(tenant, which, limit))

    async def oldest(self, tenant: str, which: Filter, limit: int) -> Opened:
        """Up to `limit` records that are written, oldest first; `which` has no marks."""
        return await self._all_opened(tenant, await self._store.oldest_executions(tenant, which, limit))

    async def count(self, tenant: str, which: Filter) -> int:
        """How many records that are written."""
        return await self._store.count_executions(tenant, which)

    def digest(self, tenant: str, user_id: str) -> bytes:
        """What a person's records are found by."""
        return self._seal.digest(tenant, user_id)

    async def erase(self, tenant: str, user_id: str, *, by: str) -> int:
        """Remove a person's records, those that wait included; answers how many there were."""
        digest = self.digest(tenant, user_id)
        async with self._turn:  # what is being written now is there afterwards
            waiting = [row for row in self._waiting.values() if row.tenant == tenant and row.user_digest == digest]
            for row in waiting:
                self._forget(row)
            return await self._store.erase_executions(tenant, digest, waiting=len(waiting), by=by)

    async def _all_opened(self, tenant: str, found: list[Found]) -> Opened:
        made: list[Record] = []
        unreadable: list[str] = []
        size = 0
        for one in found:
            size += len(one.record)
            if size > BREATH:  # logins wait meanwhile
                size = 0
                await asyncio.sleep(0)
            try:
                made.append(self._opened(tenant, one.id, one.record))
            except NotFound:  # it is in the log
                unreadable.append(one.id)
        return Opened(made, unreadable, found[-1].id if found else None)

    def _opened(self, tenant: str, id: str, sealed: bytes) -> Record:
        try:
            return read(self._seal.open(sealed, f"{tenant} {id}"))
        except (Broken, msgspec.DecodeError) as error:
            log.error("a record cannot be read", execution=id, error=str(error))
            raise NotFound("execution", id) from None

    async def _write(self) -> None:
        while not self._closing.is_set() or self._waiting:
            await self._wake.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), PAUSE)
            self._wake.clear()
            while True:
                try:
                    async with self._turn:
                        await self._flush()
                    self.held_back = False
                    break
                except Unavailable as error:
                    if not self.held_back:
                        log.warning("records cannot be written", error=str(error), waiting=len(self._waiting))
                    self.held_back = True
                    await asyncio.sleep(RETRY)
            if self._waiting:
                self._wake.set()

    async def _flush(self) -> None:
        """Write everything that waits now. Raises `Unavailable`; what was not written by then goes on waiting.

        What has come meanwhile is left for the next time: else, under load, there would be no end of small batches.
        """
        count = len(self._waiting)
        while count > 0 and self._waiting:
            batch = self._batch(count)
            count -= len(batch)
            try:
                await self._store.add_executions(batch)
                self.written += len(batch)
            except Unavailable:
                raise
            except Exception:
                # One that cannot be stored must not take its neighbours with it.
                await self._write_singly(batch)
            for row in batch:
                self._forget(row)

    def _batch(self, most: int) -> list[ExecutionRow]:
        batch: list[ExecutionRow] = []
        size = 0
        for row in itertools.islice(self._waiting.values(), min(most, BATCH)):
            size += len(row.record)
            if batch and size > BATCH_BYTES:
                break
            batch.append(row)
        return batch

    def _forget(self, row: ExecutionRow) -> None:
        if self._waiting.pop(row.id, None) is not None:
            self._bytes -= len(row.record)

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
            self._forget(row)

    def _row(self, execution: Execution, recording: Recording) -> ExecutionRow:
        """The record sealed. What is not to be kept goes before."""
        made = record(execution)
        if recording.drop:
            made = without_dropped(made, recording)
        found = marks(execution.ran, execution.ended, tuple(made.idToken or ()), tuple(made.accessToken or ()))
        tenant, user = execution.tenant, _user_id(execution)
        return ExecutionRow(
            tenant=tenant,
            id=execution.id,
            decision=execution.decision,
            client=_client(made),
            user_digest=None if user is None else self._seal.digest(tenant, user),
            shape=found.shape,
            marks=found.marks,
            record=self._seal.seal(text_of(made), f"{tenant} {execution.id}"),
        )


class _User(msgspec.Struct, frozen=True):
    user_id: msgspec.Raw = msgspec.Raw(b"null")


class _Context(msgspec.Struct, frozen=True):
    clientID: Any = None


_user = msgspec.json.Decoder(_User)
_context = msgspec.json.Decoder(_Context)


def _user_id(execution: Execution) -> str | None:
    """What a person is found by: a text, or a number as the issuer writes it."""
    user = execution.transaction.user
    found = b"null" if user is None else bytes(_user.decode(user).user_id)
    if found[:1] == b'"':
        return msgspec.json.decode(found, type=str)
    return found.decode() if found[:1] in b"-0123456789" else None


def _client(record: Record) -> str | None:
    """What a client is found by; none for a name that no database stores."""
    found = _context.decode(record.context).clientID
    return found[:MOST_CLIENT] if isinstance(found, str) and "\0" not in found else None
