"""Runs a job's rules in order, inside the worker.

What a rule does (deny, raise, run out of time) is a value in the journal, never an exception of ours.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.calls import Caller
from sandbox.failure import Failure
from sandbox.journal import Error, Journal, StepOutcome
from sandbox.limits import Limits
from sandbox.memory import Memory
from sandbox.plain import nested_within
from sandbox.program import Program
from sandbox.progress import RUNNING, Progress
from sandbox.step import Step, rule_time
from sandbox.timer import Timer
from sandbox.tracing import Tracer
from sandbox.tree import Tree
from sandbox.updates import STORES, Updates
from sandbox.wire import Answer, Denial, Job

# Nanoseconds. To touch as much memory as would have to be collected takes longer, and to ask the kernel how much it was
# costs as much as two guarded writes.
SLOW = 500_000
NO_TIMELINE = msgspec.Raw(b"[]")
NO_USER = b"null"


class Pipeline:
    """One execution of a job over its transaction."""

    def __init__(
        self,
        job: Job,
        programs: Mapping[str, Program],
        limits: Limits,
        progress: Progress,
        timer: Timer,
        memory: Memory,
        caller: Caller | None = None,
    ) -> None:
        """`caller` makes the calls of rules; without one they cannot make any."""
        self._caller = caller
        self._job = job
        self._programs = programs
        self._limits = limits
        self._progress = progress
        self._timer = timer
        self._memory = memory
        self._journal = Journal(limits, progress)
        self._updates: Updates = dict.fromkeys(STORES)
        self._skipped: list[int] = []
        self._times: list[int] = []
        self._denial: Denial | None = None
        self._tracer: Tracer | None = None
        self.slow = False  # whether a rule had time enough to use much memory
        self.abnormal = False  # a rule met a limit: the process may have kept something of it
        self._user: dict[str, Any] | None = None  # client credentials have none
        self._user_id: Any = None
        self._context: dict[str, Any] = {}

    def run(self) -> Answer:
        """The answer to the job; the transaction that cannot be read is an `invalid` one."""
        job = self._job
        self._progress.begin(job.seq)
        if self._caller is not None:
            self._caller.begin(job.seq)
        try:
            self._user = None if job.user == NO_USER else _object("user", job.user, self._limits)
            self._context = _object("context", job.context, self._limits)
            # A rule may write another one into `user`.
            self._user_id = None if self._user is None else self._user.get("user_id")
            for name in job.maps:
                if self._context.get(name) is None:
                    self._context[name] = {}
                elif type(self._context[name]) is not dict:
                    raise ValueError(f"context.{name}: expected an object")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return Answer(seq=job.seq, invalid=str(error))
        self._tree = Tree(self._user, self._context, self._journal)
        if job.traced:
            self._tracer = Tracer(self._limits, self._journal, self._waited)
        for index in range(len(job.rules)):
            if index in job.left_out:
                self._times.append(0)
                continue
            self._step(index)
            if self._denial is not None:
                break
        # After a denial there is nothing to return, and what the rule left may not be plain data.
        returned = job.returns if self._denial is None else ()
        return Answer(
            seq=job.seq,
            returns={name: self._context[name] for name in returned if name in self._context},
            updates=self._updates,
            denial=self._denial,
            skipped=self._skipped,
            times=self._times,
            journal=msgspec.Raw(self._journal.text()),
            calm=self._journal.calm,
            timeline=NO_TIMELINE if self._tracer is None else msgspec.Raw(self._tracer.text()),
        )

    def step(self, index: int) -> Step:
        """The part of the rule at `index`, which has not run yet."""
        data = self._user, self._context, self._updates
        return Step(
            self._job, index, data, self._user_id, self._tree, self._journal, self._timer, self._tracer, self._caller
        )

    def _step(self, index: int) -> None:
        rule = self._job.rules[index]
        before = msgspec.json.encode((self._user, self._context, self._updates)) if rule.skip else b""
        self._journal.begin()
        started = self._progress.enter(index, RUNNING)
        waited = self._waited()
        step = self.step(index)
        outcome, error = step.run(self._programs[rule.digest], self._memory)
        denial, changed = step.denial, step.doubtful
        vars(step).clear()  # its parts hold it
        self._journal.exceeded = None  # it holds the rule's frames
        waited = self._waited() - waited
        slow = time.monotonic_ns() - started - waited > SLOW
        self.slow |= slow
        if outcome == "exhausted" or (slow and self._memory.growth() > self._limits.collect_growth):
            outcome, error = self._collected(outcome, error, started + waited)
        self._memory.keep_back()
        microseconds = (time.monotonic_ns() - started) // 1000
        self.abnormal |= outcome in ("timed_out", "exhausted")
        if denial is not None:
            self._denial = denial
            outcome = "denied"
        elif outcome != "passed":
            if rule.skip:
                self._user, self._context, self._updates = msgspec.json.decode(before)
                changed = True
                self._skipped.append(index)
                self._journal.give_back(index)
            else:
                self._denial = Denial(step=index, kind="server_error", text=error.code if error else "")
        self._journal.end(index, outcome, microseconds, error)
        self._times.append(max(microseconds, 1))
        if changed:
            self._tree.look_again(self._user, self._context)

    def _waited(self) -> int:
        return 0 if self._caller is None else self._caller.waited

    def _collected(self, outcome: StepOutcome, error: Error | None, started: int) -> tuple[StepOutcome, Error | None]:
        """Give the next rule the memory back that this one has left in cycles, within the time of this one.

        Finalisers run here. What hangs in one is killed from outside, as in the rule itself.
        """
        left = rule_time(self._job, self._limits) - (time.monotonic_ns() - started) / 1e9
        self._timer.within(max(left, self._limits.kill_grace / 2), gc.collect)
        if self._timer.rang and outcome == "passed":
            late = Failure("timed_out", "rule_timed_out", "the rule's finalisers ran too long", line=self._timer.line)
            outcome, error = late.outcome, late.bare()
        return outcome, error


def _object(name: str, text: bytes, limits: Limits) -> dict[str, Any]:
    value = msgspec.json.decode(text)
    if type(value) is not dict:
        raise ValueError(f"{name}: expected an object")
    # Fewer brackets are no deeper.
    if text.count(b"{") + text.count(b"[") > limits.nesting and not nested_within(value, limits.nesting):
        raise ValueError(f"{name}: nested deeper than {limits.nesting} levels")
    return value
