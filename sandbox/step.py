"""One rule's part of an execution: runs it, and says how it ended."""

from __future__ import annotations

import hashlib
import types
from functools import partial
from typing import Any

import msgspec

from sandbox import failure, names
from sandbox.exposed import UnauthorizedError
from sandbox.failure import CallbackError, Failure
from sandbox.guards import Guards
from sandbox.journal import BudgetExceeded, Error, Journal, StepOutcome
from sandbox.memory import Memory
from sandbox.modules import Modules
from sandbox.plain import nested_within
from sandbox.program import Program
from sandbox.recorder import Recorder
from sandbox.timer import TimeLimit, Timer
from sandbox.tree import Tree
from sandbox.updates import Updates, Users
from sandbox.verdict import Verdict
from sandbox.wire import Denial, Job

JSON = dict[str, Any]


class Step:
    """What a rule is given belongs to its step alone; once it has run, nothing of the rule changes data any more."""

    def __init__(
        self, job: Job, index: int, data: tuple[JSON, JSON, Updates], user_id: Any, journal: Journal, timer: Timer
    ) -> None:
        self._job = job
        self._limits = journal.limits
        self._timer = timer
        self._journal = journal
        self._user, self._context, updates = data
        self._recorder = Recorder(index, Tree(self._user, self._context, journal), journal)
        self._verdict = Verdict(self._recorder, self._user, self._context)
        self._users = Users(updates, self._user, user_id, self._recorder, self._verdict)
        seed = hashlib.sha256(job.seed + index.to_bytes(4, "big")).digest()
        self._modules = Modules(job.clock, seed, self._recorder.change)
        self._guards = Guards(self._recorder, self._modules.special())

    @property
    def denial(self) -> Denial | None:
        return self._verdict.denial

    def run(self, program: Program, memory: Memory) -> tuple[StepOutcome, Error | None]:
        """`passed`, or how it failed. A denial, which counts for more, is in `denial`."""
        timer, failed = self._timer, None
        try:
            try:
                timer.start(self._limits.rule_time)
                failed = self._attempt(program.code, memory)
            finally:
                timer.stop()
                self._recorder.close()
        except (TimeLimit, BudgetExceeded, MemoryError) as error:
            # The time limit may have come inside the `finally` above, any of them in the text of an exception.
            timer.stop()
            self._recorder.close()
            memory.give_way()
            failed = Failure("exhausted", "rule_memory", failure.NO_MEMORY, error)
        # Also when the rule went on: the interpreter discards what is raised inside finalisers.
        if timer.rang:
            seen = failed.exception if failed is not None and isinstance(failed.exception, TimeLimit) else None
            text = f"the rule ran longer than {round(self._limits.rule_time * 1000)} ms"
            failed = Failure("timed_out", "rule_timed_out", text, seen, timer.line)
        elif self._journal.exceeded is not None:
            failed = failure.of(self._journal.exceeded, self._limits)
        if failed is None:
            return "passed", None
        told = timer.within(self._limits.kill_grace / 2, partial(failed.error, program))
        return failed.outcome, told or failed.bare()

    def _attempt(self, code: types.CodeType, memory: Memory) -> Failure | None:
        """The rule, and everything of it that may run its code: texts of its exceptions, its data."""
        try:
            self._call(code)
            if self.denial is None:
                self._leave_plain_data()
        except UnauthorizedError as error:
            self._verdict.deny("unauthorized", failure.text_of(error, self._limits))
        except TimeLimit:
            raise
        except BaseException as error:
            # Whatever was raised: the rule's frames still hold what it has, and libraries that find no memory for the
            # text of an error may crash.
            memory.give_way()
            return failure.of(error, self._limits)
        return None

    def _call(self, code: types.CodeType) -> None:
        namespace = self._namespace()
        exec(code, namespace)  # noqa: S102  the purpose of this program
        rule = namespace["rule"]
        if type(rule) is not types.FunctionType:
            raise TypeError("`rule` is no longer a function")
        if rule.__code__.co_argcount == 2:
            rule(self._user, self._context)
        else:
            rule(self._user, self._context, self._verdict.callback)
            self._verdict.check_called()
        self._verdict.check_use()

    def _namespace(self) -> dict[str, Any]:
        return names.namespace(self._guards, self._modules, self._recorder, self._users)

    def _leave_plain_data(self) -> None:
        """The next rule finds plain data, within its limits: no object of this rule's making."""
        limits, job, line_of = self._limits, self._job, self._recorder.line_of
        self._recorder.make_plain(job.maps, limits.depth)
        for name, value in (("user", self._user), ("context", self._context)):
            if not nested_within(value, limits.nesting):
                text = f"`{name}` is nested deeper than {limits.nesting} levels"
                raise BudgetExceeded("too_large", text, line_of(name))
            size = len(msgspec.json.encode(value))
            if size > limits.data:
                text = f"`{name}` has {size} bytes: the limit is {limits.data}"
                raise BudgetExceeded("too_large", text, line_of(name))
        for name in job.returns:
            if name not in job.maps and len(msgspec.json.encode(self._context.get(name))) > limits.claims:
                text = f"`context.{name}` has more than {limits.claims} bytes"
                raise BudgetExceeded("too_large", text, line_of("context", name))
        for name in job.maps:
            claims = self._context.get(name)
            if type(claims) is not dict:
                raise CallbackError("claims_replaced", f"`context.{name}` must stay a dict: set claims on it")
            size = len(msgspec.json.encode(claims))
            if size > limits.claims:
                text = f"`context.{name}` has {size} bytes: the limit is {limits.claims}"
                raise BudgetExceeded("claims_too_large", text, line_of("context", name))
