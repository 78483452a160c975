"""One rule's part of an execution: runs it, and says how it ended."""

from __future__ import annotations

import functools
import types
from typing import Any

import msgspec

from sandbox import failure, names
from sandbox.calls import Caller, Calls
from sandbox.configuration import Configuration
from sandbox.exposed import UnauthorizedError
from sandbox.failure import CallbackError, Failure
from sandbox.guards import Guards
from sandbox.journal import BudgetExceeded, Error, Journal, StepOutcome
from sandbox.limits import Limits
from sandbox.memory import Memory
from sandbox.modules import Modules
from sandbox.plain import nested_within
from sandbox.program import NONE_SHARED, Program
from sandbox.recorder import Recorder
from sandbox.shared import SharedModules
from sandbox.timer import TimeLimit, Timer
from sandbox.tracing import Tracer
from sandbox.tree import Tree
from sandbox.updates import Updates, Users
from sandbox.verdict import Verdict
from sandbox.wire import Denial, Job

JSON = dict[str, Any]


def rule_time(job: Job, limits: Limits) -> float:
    """Seconds that a rule of this job has."""
    return limits.rule_time + limits.tracing_time if job.traced else limits.rule_time


class Step:
    """What a rule is given belongs to its step alone; once it has run, nothing of the rule changes data any more."""

    def __init__(
        self,
        job: Job,
        index: int,
        data: tuple[JSON | None, JSON, Updates],
        user_id: Any,
        tree: Tree,
        journal: Journal,
        timer: Timer,
        tracer: Tracer | None = None,
        caller: Caller | None = None,
    ) -> None:
        self._job = job
        self._tracer = tracer
        self._caller = caller
        self._modules = NONE_SHARED
        self._limits = journal.limits
        self._timer = timer
        self._journal = journal
        self._user, self._context, self._updates = data
        self._user_id = user_id
        self.tree = tree
        self.recorder = Recorder(index, tree, journal)
        self.guards = Guards(self.recorder, self)

    # Made when a rule first needs them: most need none.

    @functools.cached_property
    def modules(self) -> Modules:
        return Modules(self._job.clock, self._job.seed, self.recorder.step, self.recorder.change)

    @functools.cached_property
    def calls(self) -> Calls:
        return Calls(self.recorder, self._caller, self._limits)

    @functools.cached_property
    def configuration(self) -> Configuration:
        return Configuration(msgspec.json.decode(self._job.configuration, type=dict[str, str]))

    @functools.cached_property
    def verdict(self) -> Verdict:
        return Verdict(self.recorder, self._user, self._context)

    def users(self) -> Users:
        return Users(self._updates, self._user, self._user_id, self.recorder, self.verdict)

    def import_(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What the `import` statement of a rule calls, and that of a module which it imports."""
        if name in self._modules and not level and type(fromlist) is not list:
            return self.shared.module(name)
        return self.modules.import_(name, globals, locals, fromlist, level)

    @functools.cached_property
    def shared(self) -> SharedModules:
        return SharedModules(self._modules, lambda vocabulary: names.namespace(vocabulary, self))

    @property
    def denial(self) -> Denial | None:
        return self.verdict.denial if "verdict" in self.__dict__ else None

    @property
    def doubtful(self) -> bool:
        """Whether the data hold objects now that their tree has not seen: what was no plain data was made so."""
        return self.recorder.doubtful

    def run(self, program: Program, memory: Memory) -> tuple[StepOutcome, Error | None]:
        """`passed`, or how it failed. A denial, which counts for more, is in `denial`."""
        timer, failed = self._timer, None
        self._modules = program.modules
        try:
            try:
                timer.start(rule_time(self._job, self._limits))
                failed = self._attempt(program, memory)
            finally:
                timer.stop()
                self.recorder.close()
        except (TimeLimit, BudgetExceeded, MemoryError) as error:
            # The time limit may have come inside the `finally` above, any of them in the text of an exception.
            timer.stop()
            self.recorder.close()
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
        told = timer.within(self._limits.kill_grace / 2, functools.partial(failed.error, program))
        return failed.outcome, told or failed.bare()

    def _attempt(self, program: Program, memory: Memory) -> Failure | None:
        """The rule, and everything of it that may run its code: texts of its exceptions, its data."""
        try:
            namespace = names.namespace(program.vocabulary, self)
            tracer = self._tracer
            try:
                if tracer is not None:
                    tracer.start(self.recorder.step, program, (self._user, self._context))
                self._call(program, namespace)
            finally:
                if tracer is not None:
                    tracer.stop()
            if self.denial is None:
                self._leave_plain_data()
            # Functions and their globals hold each other: undone here, there is seldom anything left to collect, which
            # costs as much as a rule. What runs in finalisers changes nothing any more, and is in the rule's time.
            self.recorder.close()
            namespace.clear()
            if "shared" in self.__dict__:
                self.shared.clear()
        except UnauthorizedError as error:
            self.verdict.deny("unauthorized", failure.text_of(error, self._limits))
        except TimeLimit:
            raise
        except BaseException as error:
            # Whatever was raised: the rule's frames still hold what it has, and libraries that find no memory for the
            # text of an error may crash.
            memory.give_way()
            return failure.of(error, self._limits)
        return None

    def _call(self, program: Program, namespace: dict[str, Any]) -> None:
        exec(program.code, namespace)  # noqa: S102  the purpose of this program
        rule = namespace["rule"]
        if type(rule) is not types.FunctionType:
            raise TypeError("`rule` is no longer a function")
        if rule.__code__.co_argcount == 2:
            rule(self._user, self._context)
        else:
            rule(self._user, self._context, self.verdict.callback)
            self.verdict.check_called()
            self.verdict.check_use()

    def _leave_plain_data(self) -> None:
        """The next rule finds plain data, within its limits: no object of this rule's making."""
        limits, job, recorder = self._limits, self._job, self.recorder
        recorder.make_plain(job.maps, limits.depth)
        for name in job.maps:
            if type(self._context.get(name)) is not dict:
                raise CallbackError("claims_replaced", f"`context.{name}` must stay a dict: set claims on it")
        if recorder.doubtful:
            # What was made plain, or shown in parts, may be longer than was counted: from now on all is measured.
            self._journal.grown += limits.data
        # JSON text of an object is at most four times as long as it came (1e15), and longer by what was written.
        grown = self._journal.grown
        sizes = {"user": 4 * (len(job.user) + grown), "context": 4 * (len(job.context) + grown)}
        for name, value in (("user", self._user), ("context", self._context)):
            if value is None:
                continue
            if recorder.doubtful and not nested_within(value, limits.nesting):
                text = f"`{name}` is nested deeper than {limits.nesting} levels"
                raise BudgetExceeded("too_large", text, recorder.line_of(name))
            if sizes[name] > limits.data:
                self._require_size((name,), value, limits.data, "too_large")
        if sizes["context"] > limits.claims:
            for name in dict.fromkeys((*job.maps, *job.returns)):
                code = "claims_too_large" if name in job.maps else "too_large"
                self._require_size(("context", name), self._context.get(name), limits.claims, code)

    def _require_size(self, path: tuple[str, ...], value: Any, most: int, code: str) -> None:
        size = len(msgspec.json.encode(value))
        if size > most:
            text = f"`{'.'.join(path)}` has {size} bytes: the limit is {most}"
            raise BudgetExceeded(code, text, self.recorder.line_of(*path))
