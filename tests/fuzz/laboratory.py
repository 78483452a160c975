"""One program after another through the real compiler and real workers, and everything that has to hold of each.

A program runs three times in one worker: for an ordinary user, for somebody whose data is a canary, and for the
ordinary user again, who must get the same answer as before. Then an ordinary rule runs there, and has to be right.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sandbox import journal
from sandbox.limits import Limits
from sandbox.plain import nested_within
from sandbox.pool import Busy, Killed, Pool, Request, RuleCode
from sandbox.program import load
from sandbox.wire import Answer, Compiled
from tests.fuzz import bytecode, interpreter, replay
from tests.fuzz.canaries import Canaries
from tests.fuzz.logins import LOGINS, ORDINARY
from tests.fuzz.sameness import differences_between
from tests.sandbox import trial

RULE_TIME = 0.06
# Problems that say something of the compiler: it has ended, or its belt had to hold what the policy let through.
NEVER = ("compile_crashed", "compile_timeout", "code_not_allowed")
LIMITS = Limits(rule_time=RULE_TIME)
HANG = 8.0  # seconds, on a machine that is busy with other things too
EARLIER = "earlier login"
# What takes its time, or its worker, is seen through to its end once in so many programs.
SLOW = {"timed_out": 5, "killed: time": 5, "exhausted": 4, "busy": 1000, "hang": 1000, "killed: deadline": 5}


@dataclass
class Verdict:
    """What became of a program, and what is wrong with it."""

    outcome: str
    findings: list[tuple[str, str]] = field(default_factory=list)  # kind, detail
    first: Answer | None = None


class Laboratory:
    def __init__(self, tenants: int = 3, patience: float = HANG) -> None:
        """`patience`: seconds until a program that is not answered is said to hang."""
        self._patience = patience
        self.canaries = Canaries(("environment", "file", "other tenant", "memory", EARLIER))
        self.pool = Pool(LIMITS, workers=tenants + 2, workers_per_tenant=1, queue=100)
        self._folder = tempfile.TemporaryDirectory()
        self._expected: dict[str, Any] = {}
        self._ordinary: RuleCode | None = None
        self.key = self.canaries.values["memory"]  # of the service, where a worker must not read

    @property
    def file(self) -> Path:
        return Path(self._folder.name) / "canary"

    async def start(self) -> None:
        os.environ["CLAIMSMITH_SECRET"] = self.canaries.values["environment"]
        self.file.write_text(self.canaries.values["file"])
        await self.pool.start()
        self._ordinary = await trial.compiled(self.pool, ORDINARY)
        other = trial.USER | {"email": self.canaries.values["other tenant"]}
        await self.pool.run(trial.request(self._ordinary, key="another", user=other))
        first = await self.pool.run(trial.request(self._ordinary, key="expected"))
        assert isinstance(first, Answer) and first.denial is None, first.journal
        self._expected = first.returns["idToken"]

    async def close(self) -> None:
        await self.pool.close()
        os.environ.pop("CLAIMSMITH_SECRET", None)
        self._folder.cleanup()

    # Compiling

    async def compile(self, script: str) -> tuple[Compiled, list[tuple[str, str]]]:
        """Compile the way the service does."""
        try:
            compiled = await asyncio.wait_for(self.pool.compile(script), self._patience + 2 * LIMITS.compile_time)
        except TimeoutError:
            return Compiled(), [("hang", "the compiler did not answer")]
        return compiled, self.check_compiled(script, compiled)

    def check_compiled(self, script: str, compiled: Compiled) -> list[tuple[str, str]]:
        errors = [problem for problem in compiled.problems if problem.severity == "error"]
        found = []
        if bool(errors) == bool(compiled.code):
            found.append(("compile", f"{len(errors)} errors and {len(compiled.code)} bytes of code"))
        lines = script.count("\n") + 2
        for problem in compiled.problems:
            if not (1 <= problem.line <= lines and problem.column >= 1 and problem.message):
                found.append(
                    (
                        "compile",
                        f"a problem at line {problem.line} of {lines}, column {problem.column}: {problem.message}",
                    )
                )
            if problem.code in NEVER:
                found.append(("compile", f"{problem.code}: {problem.message}"))
        found += [("canary", name) for name in self.canaries.seen(msgspec.json.encode(compiled.problems))]
        if compiled.code:
            code = load(compiled.code).code  # of our own programs, in a process for nothing else
            if type(code) is not types.CodeType:
                found.append(("bytecode", "no code"))
            else:
                found += [("bytecode", text) for text in bytecode.strange(code, script)]
        return found

    # Running

    async def examine(
        self, tenant: str, script: str, compiled: Compiled, login: int, before: RuleCode | None = None
    ) -> Verdict:
        """Run an accepted program in the worker of `tenant`; `before` it another rule that is skipped when it fails."""
        assert self._ordinary is not None, "started"
        rule = RuleCode(hashlib.sha256(script.encode("utf-8", "replace")).hexdigest(), compiled.code, False)
        rules = (rule,) if before is None else (before, rule)
        user, context = LOGINS[login % len(LOGINS)]

        def request(user: dict[str, Any]) -> Request:
            return trial.request(*rules, key=tenant, user=user, context=context, seconds=5.0)

        clean = request(user)
        first, verdict = await self._answer(clean)
        self._check(clean, first, "", verdict)
        verdict.first = first if isinstance(first, Answer) else None
        if verdict.outcome in SLOW and login % SLOW[verdict.outcome]:
            return verdict
        shown = {"email": self.canaries.values[EARLIER], "name": self.canaries.values[EARLIER]}
        dirty = request(user | shown | {"user_metadata": {"color": self.canaries.values[EARLIER]}})
        again, good = request(user), trial.request(self._ordinary, key=tenant, seconds=5.0)
        answers = await asyncio.gather(self._answer(dirty), self._answer(again), self._answer(good))
        for sent, (answer, more), own in zip((dirty, again, good), answers, (EARLIER, "", ""), strict=True):
            self._check(sent, answer, own, more)
            verdict.findings += more.findings
        unread = any(kind == "journal" for kind, _ in verdict.findings)
        if isinstance(first, Answer) and isinstance(answers[1][0], Answer) and not unread:
            differences = differences_between(first, answers[1][0])
            if differences and not await interpreter.differs(self.pool, first, again):
                verdict.findings += differences
        ordinary = answers[2][0]
        if isinstance(ordinary, Answer):
            claims = ordinary.returns.get("idToken")
            if claims != self._expected and b"timed_out" not in bytes(ordinary.journal):
                verdict.findings.append(("next login", f"{claims!r}, {bytes(ordinary.journal)[-500:]!r}"))
        elif not isinstance(ordinary, str):
            verdict.findings.append(("next login", f"killed: {ordinary.cause}"))
        return verdict

    async def _answer(self, request: Request) -> tuple[Answer | Killed | str, Verdict]:
        began = time.monotonic()
        try:
            answer = await asyncio.wait_for(self.pool.run(request), self._patience + 5.0)
        except Busy:
            return "busy", Verdict("busy")
        except TimeoutError:
            return "hang", Verdict("hang", [("hang", "no answer")])
        verdict = Verdict("")
        if (took := time.monotonic() - began) > self._patience:
            verdict.findings.append(("hang", f"the answer took {took:.1f} s"))
        if isinstance(answer, Killed):
            verdict.outcome = f"killed: {answer.cause}"
            if answer.cause == "died":
                verdict.findings.append(("death", "the worker died"))
        return answer, verdict

    def _check(self, request: Request, answer: Answer | Killed | str, own: str, verdict: Verdict) -> None:
        """What has to hold of any answer."""
        if isinstance(answer, str):
            return
        found = verdict.findings
        found += [("canary", name) for name in self.canaries.seen(msgspec.json.encode(answer), own)]
        try:
            events = journal.read(answer.journal)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            found.append(("journal", f"cannot be read: {error}"))
            return
        if isinstance(answer, Killed):
            return
        ends = {event.step: event for event in events if isinstance(event, journal.End)}
        last = ends.get(len(request.rules) - 1) or ends.get(0)
        verdict.outcome = last.outcome if last is not None else "nothing"
        if last is None:
            found.append(("journal", "no step has ended"))
        if answer.invalid is not None:
            found.append(("journal", f"the login is said to be invalid: {answer.invalid}"))
        limits = self.pool.limits
        for name, value in answer.returns.items():
            size = len(msgspec.json.encode(value))
            if size > limits.claims or not nested_within([value], limits.nesting + 1):
                found.append(("limits", f"context.{name} has {size} bytes"))
        if (
            len(answer.journal) > limits.journal + 32 * 1024
            # A rule that was undone gives its budget back, and leaves a part of its trace.
            or sum(isinstance(e, journal.Write) for e in events)
            > limits.writes + limits.skipped_events * len(answer.skipped)
        ):
            found.append(("limits", f"a journal of {len(answer.journal)} bytes and {len(events)} events"))
        found += [("provenance", text) for text in replay.unexplained(request, answer)]
