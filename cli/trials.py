"""Cases run against their rules, here or on a service, and what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from cli.client import Client, Rejected
from cli.local import workbench
from cli.refusal import Refused
from engine.cases import Case, lines_run
from engine.expecting import CaseDifference, parts_of_record, told
from engine.models import Recording
from engine.record import record, shown
from engine.workbench import Workbench
from sandbox.pool import Busy
from sandbox.processors import processors
from sandbox.wire import Problem

AT_ONCE = 4
ALL_SHOWN = Recording(redact=())  # the person at the terminal has written what is in there


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's script and its cases, as they were read."""

    path: Path
    script: str
    cases: list[Case]
    modules: dict[str, str] = {}  # that it can import


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One case. `record` is the execution's, as `GET /v1/executions/{id}` shows one; None where the script has
    `problems` and nothing ran."""

    path: Path
    case: str
    record: dict[str, Any] | None
    problems: list[Problem]
    differences: list[CaseDifference]
    lines: frozenset[int] = frozenset()  # that ran, where that was asked for
    all_lines: frozenset[int] = frozenset()  # that hold a statement

    @property
    def passed(self) -> bool:
        return self.record is not None and not self.differences

    @property
    def ms(self) -> float:
        return 0.0 if self.record is None else float(self.record["ms"])


def results(
    tested: Sequence[Tested], service: Client | None, done: Callable[[], None], *, traced: bool = False
) -> list[Result]:
    """The results in the order of the cases; `done` is called after each rule. Without a service the sandbox of this
    machine runs them, and can tell which lines ran. Raises `Refused`."""
    if service is None:
        found = asyncio.run(_here(tested, done, traced))
    else:

        def ask(one: Tested) -> list[Result]:
            answered = [_there(service, one, case) for case in one.cases]
            done()
            return answered

        with ThreadPoolExecutor(AT_ONCE) as threads:
            found = list(threads.map(ask, tested))
    return [result for one in found for result in one]


async def _here(tested: Sequence[Tested], done: Callable[[], None], traced: bool) -> list[list[Result]]:
    # No more than can run at once: a case's deadline counts from its arrival.
    turns = asyncio.Semaphore(processors())
    async with workbench() as bench:

        async def run(one: Tested) -> list[Result]:
            async with turns:
                found = await _run(bench, one, traced)
            done()
            return found

        return await asyncio.gather(*(run(one) for one in tested))


async def _run(bench: Workbench, one: Tested, traced: bool) -> list[Result]:
    problems = await bench.check(one.script, one.modules)
    if any(problem.severity == "error" for problem in problems):
        return [_unrunnable(one, case, problems) for case in one.cases]
    found = []
    all_lines = await bench.lines(one.script) if traced else frozenset[int]()
    for case in one.cases:
        try:
            execution = await bench.run(one.path.stem, one.script, case, modules=one.modules, traced=traced)
        except Busy as exc:
            raise Refused(f"{one.path}: case `{case.name}` was not run: {exc}") from None
        result = _result(one, case, shown(record(execution), ALL_SHOWN))
        lines = lines_run(execution) & all_lines
        found.append(msgspec.structs.replace(result, lines=lines, all_lines=all_lines))
    return found


def _there(service: Client, one: Tested, case: Case) -> Result:
    body = {
        "user": case.user,
        "context": case.context,
        "clock": case.clock,
        "seed": case.seed or case.name,
        "configuration": case.configuration,
        "http": case.http,
        "cache": case.cache,
        "rules": [{"name": one.path.stem, "script": one.script}],
        "modules": one.modules,
    }
    try:
        return _result(one, case, service.ask("/v1/try", body, dict[str, Any]))
    except Rejected as exc:
        if exc.status != 422 or not exc.problems:
            raise Refused(f"{one.path}: case `{case.name}`: {exc}") from None
        return _unrunnable(one, case, msgspec.convert(exc.problems, list[Problem]))


def _unrunnable(one: Tested, case: Case, problems: list[Problem]) -> Result:
    errors = [problem for problem in problems if problem.severity == "error"]
    return Result(path=one.path, case=case.name, record=None, problems=errors, differences=[])


def _result(one: Tested, case: Case, record: dict[str, Any]) -> Result:
    differences = told(case, parts_of_record(record))
    return Result(path=one.path, case=case.name, record=record, problems=[], differences=differences)
