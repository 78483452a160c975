"""An engine of one's own, for the time of a command: the real sandbox, nothing stored, nothing recorded."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Collection

from engine.cases import Case, run_case
from engine.compiled import CompiledRules
from engine.engine import Engine
from engine.execution import Execution
from engine.keys import Keys
from engine.library import NO_MODULES, Sources, sources_for
from engine.live import Live
from engine.recorder import NoRecorder
from engine.store.store import Store
from sandbox.limits import Limits
from sandbox.pool import Pool
from sandbox.processors import processors
from sandbox.wire import Problem

QUEUE = 100_000  # what waits is bounded by what one command asks for


class Workbench:
    """Checks scripts and runs cases as a service with these limits would."""

    def __init__(self, engine: Engine, compiled: CompiledRules, pool: Pool) -> None:
        self._engine = engine
        self._pool = pool
        self._compiled = compiled

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, limits: Limits, unconfined_by: Collection[str] = ()) -> AsyncIterator[Workbench]:
        """`unconfined_by` as in `Pool`. Every process that is started ends on the way out.

        Raises `SandboxUnavailable` (`Unconfined`) where rules cannot be run here.
        """
        processes = 2 * processors()
        async with contextlib.AsyncExitStack() as stack:
            # The engine wants a store to read stored rules from; there are none.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="claimsmith-"))
            store = await Store.open(f"sqlite:///{folder}/claimsmith.db")
            stack.push_async_callback(store.close)
            pool = Pool(
                limits, workers=processes, workers_per_tenant=processes, queue=QUEUE, unconfined_by=unconfined_by
            )
            stack.push_async_callback(pool.close)
            await pool.start()
            compiled = CompiledRules(pool, Keys(secrets.token_hex(32)), None)
            yield cls(Engine(store, Live(store), pool, compiled, NoRecorder()), compiled, pool)

    async def check(self, script: str, modules: Sources = NO_MODULES, *, module: str = "") -> list[Problem]:
        """Everything that stands against a script, which may import `modules`, or is itself one; hints included. Raises
        `SandboxUnavailable`."""
        if module:
            return (await self._compiled.compile_module(module, script, modules)).problems
        return (await self._compiled.compile(script, sources_for(script, modules))).problems

    async def run(
        self, rule: str, script: str, case: Case, *, modules: Sources = NO_MODULES, traced: bool = False
    ) -> Execution:
        """See `run_case`; `traced` with a timeline."""
        return await run_case(self._engine, rule, script, case, modules=modules, traced=traced)

    async def lines(self, script: str) -> frozenset[int]:
        """The lines of a script that hold a statement. Raises `SandboxUnavailable`."""
        return frozenset((await self._pool.outline(script)).lines)
