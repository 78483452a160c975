"""One process of the fuzzing: makes programs, has them compiled and examined, and says what came of them.

A program is known by the seed and its number, so that any can be made again. The lines on standard output are JSON:
`{"begun": number}` before a batch, `{"finding": ...}` when something is wrong, `{"counts": ...}` twice a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

import uvloop

from sandbox.pool import Pool, RuleCode
from sandbox.process import SandboxUnavailable
from sandbox.program import Program, load
from sandbox.wire import Compiled
from tests.fuzz import batch
from tests.fuzz.draw import Seeded
from tests.fuzz.findings import Finding
from tests.fuzz.interpreter import overflows_the_stack
from tests.fuzz.laboratory import Laboratory
from tests.fuzz.minimise import minimised
from tests.fuzz.programs import program

BATCH = 32
TENANTS = 3
ALSO_SINGLE = 20  # every so many programs compile the way the service does it, too
SKIPPED_BEFORE = 7  # before every so many programs runs another one, which is skipped when it fails
SHAPELESS = ("hang", "death", "service")  # findings that are slow to try again


class Shift:
    """Works through the programs from `first` on in batches, leaving `others` batches to others between two."""

    def __init__(
        self, seed: str, first: int = 0, others: int = 0, say: Callable[[Finding], None] = lambda _: None
    ) -> None:
        self._seed = seed
        self._next = first
        self._stride = BATCH * (others + 1)
        self._say = say
        self.counts: Counter[str] = Counter()
        self.findings: dict[str, Finding] = {}
        self.begun: Callable[[int], None] = lambda _: None
        self._laboratory = Laboratory(TENANTS)
        self._stopped = False
        self._queue: asyncio.Queue[tuple[int, str, Compiled] | None] = asyncio.Queue(2 * BATCH)

    def stop(self) -> None:
        self._stopped = True

    async def work(self, programs: int | None = None) -> None:
        """Until `stop`, or until so many programs are done."""
        pool, code = batch.pool(), batch.compiler()
        await self._laboratory.start()
        await pool.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._produce(pool, code, programs))
                for tenant in range(TENANTS):
                    group.create_task(self._consume(f"tenant {tenant}"))
        finally:
            await pool.close()
            await self._laboratory.close()

    async def _produce(self, pool: Pool, code: RuleCode, programs: int | None) -> None:
        made = 0
        while not self._stopped and (programs is None or made < programs):
            first, count = self._next, BATCH if programs is None else min(BATCH, programs - made)
            self._next += self._stride
            made += count
            self.begun(first)
            scripts = []
            for number in range(first, first + count):
                way, script = program(Seeded(f"{self._seed}:{number}"))
                self.counts[f"made: {way}"] += 1
                scripts.append(script.replace("CANARY_FILE", str(self._laboratory.file)))
                await asyncio.sleep(0)
            for number, script, compiled in zip(
                range(first, first + count), scripts, await self._compiled(pool, code, scripts), strict=True
            ):
                await self._queue.put((number, script, compiled))
        for _ in range(TENANTS):
            await self._queue.put(None)

    async def _compiled(self, pool: Pool, code: RuleCode, scripts: list[str]) -> list[Compiled]:
        if all(map(batch.is_text, scripts)):
            compiled = await batch.compiled(pool, code, scripts)
            if compiled is not None:
                return compiled
            self.counts["batches compiled one by one"] += 1
        results = []
        for script in scripts:
            self.counts["compiled alone"] += 1
            results.append((await self._laboratory.compile(script))[0])
        return results

    async def _consume(self, tenant: str) -> None:
        before: RuleCode | None = None
        while (job := await self._queue.get()) is not None:
            number, script, compiled = job
            try:
                rule = await self._try(
                    tenant, number, script, compiled, before if number % SKIPPED_BEFORE == 0 else None
                )
            except SandboxUnavailable:
                self.counts["no worker"] += 1  # the machine is too busy to start one
            except Exception as error:
                await self._found(
                    tenant, Finding("service", f"{type(error).__name__}: {error}", script, f"{self._seed}:{number}")
                )
            else:
                before = rule or before

    async def _try(
        self, tenant: str, number: int, script: str, compiled: Compiled, before: RuleCode | None
    ) -> RuleCode | None:
        """Examine one program. Returns it, as a rule that may be skipped, when it was accepted."""
        found = self._laboratory.check_compiled(script, compiled)
        outcome, rule = "refused", None
        if number % ALSO_SINGLE == 0:
            self.counts["compiled alone"] += 1
            alone, more = await self._laboratory.compile(script)
            found += more
            if not same(alone, compiled):
                found.append(("compile", "compiled alone it is another than among others"))
        if compiled.code:
            verdict = await self._laboratory.examine(tenant, script, compiled, number, before)
            outcome = verdict.outcome
            rule = RuleCode(hashlib.sha256(script.encode("utf-8", "replace")).hexdigest(), compiled.code, True)
            rules = [each for each in (before, rule) if each is not None]
            deaths = [each for each in verdict.findings if each[0] == "death"]
            if deaths and await overflows_the_stack(*rules):
                self.counts["died: stack overflow"] += 1
                verdict.findings = [each for each in verdict.findings if each not in deaths]
            found += verdict.findings
        self.counts[outcome] += 1
        self.counts["programs"] += 1
        for kind, detail in found:
            await self._found(tenant, Finding(kind, detail, script, f"{self._seed}:{number}"))
        return rule

    async def _found(self, tenant: str, finding: Finding) -> None:
        number = int(finding.origin.rpartition(":")[2])
        self.counts[f"FOUND {finding.kind}"] += 1
        known = finding.signature in self.findings
        self.findings.setdefault(finding.signature, finding)
        if known:
            return
        if finding.kind not in SHAPELESS:

            async def happens(script: str) -> bool:
                return any(
                    f.signature == finding.signature for f in await reproduced(self._laboratory, script, number, tenant)
                )

            if await happens(finding.script):
                finding = Finding(
                    finding.kind, finding.detail, await minimised(finding.script, happens), finding.origin
                )
        self.findings[finding.signature] = finding
        self._say(finding)


def same(one: Compiled, other: Compiled) -> bool:
    """Whether two compilations are the same; their bytes may differ in which equal parts they share."""
    codes = [load(each.code) if each.code else None for each in (one, other)]
    return one.problems == other.problems and _told(codes[0]) == _told(codes[1])


def _told(program: Program | None) -> object:
    return None if program is None else (_constant(program.code), program.source, program.names)


def _constant(value: object) -> object:
    """A constant as what can be compared: `nan`, which the compiler makes of `1e400 % 3`, is not equal to itself."""
    if isinstance(value, types.CodeType):
        return value.replace(co_consts=()), _constant(value.co_consts)
    if isinstance(value, tuple):
        return [_constant(each) for each in value]
    return value if value == value else repr(value)


async def reproduced(laboratory: Laboratory, script: str, login: int, tenant: str = "again") -> list[Finding]:
    """What is wrong with one script, compiled and run the way the service does it."""
    compiled, found = await laboratory.compile(script)
    if compiled.code:
        found = found + (await laboratory.examine(tenant, script, compiled, login)).findings
    return [Finding(kind, detail, script, f"again:{login}") for kind, detail in found]


async def main(seed: str, first: int, others: int) -> None:
    logging.getLogger("claimsmith.sandbox").setLevel(logging.ERROR)  # that workers are ended is no news here

    def say(what: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    shift = Shift(seed, first, others, lambda finding: say({"finding": asdict(finding)}))
    shift.begun = lambda number: say({"begun": number})
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, shift.stop)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the terminal's goes to all: the one that counts decides

    async def tell() -> None:
        while True:
            await asyncio.sleep(0.5)
            say({"counts": shift.counts, "time": time.monotonic()})

    teller = asyncio.create_task(tell())
    await shift.work()
    teller.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await teller
    say({"counts": shift.counts, "time": time.monotonic()})


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
