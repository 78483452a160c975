"""Static problems of scripts, found in the sandbox of this machine or on a service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from cli.client import Client
from cli.local import workbench
from cli.output import BAD, CHANGED, Output
from sandbox.wire import Problem

AT_ONCE = 4


class Checked(msgspec.Struct, frozen=True):
    problems: list[Problem]


def problems_of(scripts: Sequence[str], service: Client | None, done: Callable[[], None]) -> list[list[Problem]]:
    """For each script everything that stands against it, hints included; a few at once. `done` is called after each.

    Without a service the sandbox of this machine looks. Raises `Refused`.
    """
    if service is None:
        return asyncio.run(_here(scripts, done)) if scripts else []

    def ask(script: str) -> list[Problem]:
        found = service.ask("/v1/rules/check", {"script": script}, Checked).problems
        done()
        return found

    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = [threads.submit(ask, script) for script in scripts]
        try:
            return [answer.result() for answer in asked]
        finally:
            # After a failure the others need not be asked any more.
            threads.shutdown(wait=True, cancel_futures=True)


async def _here(scripts: Sequence[str], done: Callable[[], None]) -> list[list[Problem]]:
    turns = asyncio.Semaphore(AT_ONCE)
    async with workbench() as bench:

        async def look(script: str) -> list[Problem]:
            async with turns:
                found = await bench.check(script)
            done()
            return found

        return await asyncio.gather(*(look(script) for script in scripts))


def show_problem(output: Output, file: object, problem: Problem) -> None:
    """One line: `file:line:column: code message`."""
    style, word = (CHANGED, "hint: ") if problem.severity == "hint" else (BAD, "")
    output.line(f"{file}:{problem.line}:{problem.column}: ", (problem.code, style), f" {word}{problem.message}")


def plain(file: object, problem: Problem) -> dict[str, Any]:
    """For machines."""
    return {"file": str(file), **msgspec.to_builtins(problem)}
