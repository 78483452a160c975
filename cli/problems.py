"""Static problems of scripts, found in the sandbox of this machine or on a service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from cli.client import Client
from cli.local import workbench
from cli.output import BAD, CHANGED, Output
from engine.files import read_script
from engine.folder import module_name, modules_beside
from sandbox.wire import Problem

AT_ONCE = 4


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """`modules` are those that it can import, None for the live ones of the service; `module` is its name where it is
    one."""

    text: str
    modules: dict[str, str] | None = None
    module: str | None = None


def script_at(path: Path) -> Script:
    """The script of a file, with the modules beside it. Raises `BadFile`."""
    return Script(text=read_script(path), modules=modules_beside(path) or None, module=module_name(path))


class Checked(msgspec.Struct, frozen=True):
    problems: list[Problem]


def problems_of(scripts: Sequence[Script], service: Client | None, done: Callable[[], None]) -> list[list[Problem]]:
    """For each script everything that stands against it, hints included; a few at once. `done` is called after each.

    Without a service the sandbox of this machine looks. Raises `Refused`.
    """
    if service is None:
        return asyncio.run(_here(scripts, done)) if scripts else []

    def ask(script: Script) -> list[Problem]:
        body = {"script": script.text, "modules": script.modules, "module": script.module}
        given = {name: value for name, value in body.items() if value is not None}
        found = service.ask("/v1/rules/check", given, Checked).problems
        done()
        return found

    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = [threads.submit(ask, script) for script in scripts]
        try:
            return [answer.result() for answer in asked]
        finally:
            # After a failure the others need not be asked any more.
            threads.shutdown(wait=True, cancel_futures=True)


async def _here(scripts: Sequence[Script], done: Callable[[], None]) -> list[list[Problem]]:
    turns = asyncio.Semaphore(AT_ONCE)
    async with workbench() as bench:

        async def look(script: Script) -> list[Problem]:
            async with turns:
                found = await bench.check(script.text, script.modules or {}, module=script.module or "")
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
