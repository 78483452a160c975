"""Compiling, seen from the service: each script in a child of its own, which has run no rule and compiles no other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from sandbox.limits import Limits
from sandbox.process import SandboxUnavailable, Worker, ZygoteProcess
from sandbox.wire import Compiled, CompileJob, Hello, Outline, Problem, frame, to_worker

NO_MODULES: Mapping[str, str] = {}
COMPILERS = 2
TRIES = 6  # of a script whose children end
FALSE_START = 0.1  # seconds before another try when a child ends without an answer


class Compilers:
    """`greeting` waits for a zygote that lives, `zygote` is that one, or None."""

    def __init__(
        self, limits: Limits, greeting: Callable[[], Awaitable[Hello]], zygote: Callable[[], ZygoteProcess | None]
    ) -> None:
        self._limits = limits
        self._greeting = greeting
        self._zygote = zygote
        self.children: set[Worker] = set()
        # Whoever uploads what stalls the compiler does not make logins wait: those have their own.
        self._turns = {stored: asyncio.Semaphore(COMPILERS) for stored in (False, True)}

    def close(self) -> None:
        for child in self.children:
            child.kill()

    async def closing(self) -> None:
        """Until all have ended."""
        while self.children:  # noqa: ASYNC110  each ends by itself, within a millisecond
            await asyncio.sleep(0.001)

    async def compile(
        self, source: str, *, modules: Mapping[str, str] = NO_MODULES, module: str = "", stored: bool = False
    ) -> Compiled:
        """Compile in a child of its own, which ends with its answer. The source may import `modules` (their sources by
        their names), or is itself the `module` of this name. `stored` source has compiled before.

        Source that stalls or crashes the compiler comes back as a problem; a crash is one only when it happens
        twice, since the child may have been ended by something else. Raises `SandboxUnavailable`.
        """
        try:
            job = frame(to_worker.encode(CompileJob(source, modules=dict(modules), module=module)))
        except UnicodeEncodeError as error:
            line = source.count("\n", 0, error.start) + 1
            column = error.start - source.rfind("\n", 0, error.start)
            text = f"the character {source[error.start]!r} is not text"
            return Compiled(problems=[Problem(line=line, column=column, code="syntax_error", message=text)])
        try:
            async with self._turns[stored]:
                body = await self._ask_again_and_again(job)
        except TimeoutError:
            return _crashed("compile_timeout", f"compiling takes longer than {self._limits.compile_time:g} s")
        if not body:
            return _crashed("compile_crashed", "the script ends the compiler")
        with contextlib.suppress(msgspec.DecodeError):
            compiled = msgspec.json.decode(body, type=Compiled)
            if len(compiled.code) <= self._limits.code:
                return compiled
        return _crashed("compile_crashed", "the compiled script is too large")

    async def outline(self, source: str) -> Outline:
        """What a stored script says of claims, as far as it can be told; nothing, of one that cannot be read in time.
        Raises `SandboxUnavailable`."""
        try:
            async with self._turns[False]:
                body = await self._ask(frame(to_worker.encode(CompileJob(source, outline=True))))
            return msgspec.json.decode(body or b"{}", type=Outline)
        except (TimeoutError, msgspec.DecodeError):
            return Outline()

    async def _ask_again_and_again(self, job: bytes) -> bytes:
        """The answer of a child; nothing where two have ended without one while their zygote lived on. Who dies with
        the zygote says nothing about the script. Raises `TimeoutError`, `SandboxUnavailable`."""
        own = 0
        for _ in range(TRIES):
            zygote = self._zygote()
            if body := await self._ask(job):
                return body
            own += zygote is not None and zygote is self._zygote() and not zygote.ended
            if own == 2:
                return b""
            await asyncio.sleep(FALSE_START)
        raise SandboxUnavailable("the sandbox is starting")

    async def _ask(self, job: bytes) -> bytes:
        """The answer of a child; nothing when it ended without one. Raises `TimeoutError`."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def answered(worker: Worker, body: bytes) -> None:
            if not answer.done():
                answer.set_result(body)

        def ended(worker: Worker) -> None:
            self.children.discard(worker)
            if not answer.done():
                answer.set_result(b"")

        await self._greeting()
        zygote = self._zygote()
        if zygote is None:
            raise SandboxUnavailable("the service is stopping")
        try:
            child = await Worker.start(zygote, "compile", answered, ended, 4 * self._limits.code)
        except SandboxUnavailable:
            return b""
        if child.ended:
            return b""
        self.children.add(child)
        try:
            child.send(job)
            return await asyncio.wait_for(answer, self._limits.compile_time)
        finally:
            child.kill()


def _crashed(code: str, message: str) -> Compiled:
    return Compiled(problems=[Problem(line=1, column=1, code=code, message=f"{message}: simplify it")])
