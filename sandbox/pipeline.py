"""Runs a job's rules in order, inside the worker.

What a rule does (deny, raise, run out of time) is a value in the journal, never an exception of ours.
"""

from __future__ import annotations

import hashlib
import signal
import time
import traceback
import types
from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.exposed import BUILTINS, DATA_TYPES, EXCEPTIONS, UnauthorizedError
from sandbox.guards import Guards, RuleClass, make_class
from sandbox.journal import BudgetExceeded, Error, Journal, StepOutcome
from sandbox.limits import Limits
from sandbox.modules import EXCEPTION_TYPES, Modules, Namespace
from sandbox.plain import NotPlain, nested_within, plain
from sandbox.progress import RUNNING, Progress
from sandbox.recorder import FILENAME, Recorder, rule_line
from sandbox.tree import Tree
from sandbox.wire import Answer, Denial, DenialKind, Job

OMITTED: Any = object()
STORES = ("user_metadata", "app_metadata")


class TimeLimit(BaseException):
    """Raised inside a rule by its soft limit. A rule can neither name it nor catch it."""


class CallbackError(Exception):
    """A callback used in a way that has no meaning; `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Timer:
    """The soft limit: raises `TimeLimit` in whatever runs, and again until the rule has ended."""

    def __init__(self) -> None:
        self._armed = False
        self.rang = False
        self.line = 0
        signal.signal(signal.SIGALRM, self._ring)

    def start(self, seconds: float) -> None:
        self._armed, self.rang = True, False
        # Again every few milliseconds: an exception inside a finaliser is discarded by the interpreter.
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.005)

    def stop(self) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, number: int, frame: types.FrameType | None) -> None:
        if self._armed:
            if not self.rang:
                self.rang, self.line = True, rule_line()
            raise TimeLimit


class Pipeline:
    """One execution of a job over its transaction."""

    def __init__(
        self, job: Job, codes: Mapping[str, types.CodeType], limits: Limits, progress: Progress, timer: Timer
    ) -> None:
        self._job = job
        self._codes = codes
        self._limits = limits
        self._progress = progress
        self._timer = timer
        self._journal = Journal(limits, progress)
        self._updates: dict[str, dict[str, Any] | None] = dict.fromkeys(STORES)
        self._skipped: list[int] = []
        self._denial: Denial | None = None
        self.abnormal = False  # a rule met a limit: the process may have kept something of it
        self._user: dict[str, Any] = {}
        self._user_id: Any = None
        self._context: dict[str, Any] = {}

    def run(self) -> Answer:
        """The answer to the job; the transaction that cannot be read is an `invalid` one."""
        job = self._job
        self._progress.begin(job.seq)
        try:
            self._user = _object("user", job.user, self._limits)
            self._context = _object("context", job.context, self._limits)
            self._user_id = self._user.get("user_id")  # a rule may write another one into `user`
            for name in job.maps:
                if self._context.get(name) is None:
                    self._context[name] = {}
                elif type(self._context[name]) is not dict:
                    raise ValueError(f"context.{name}: expected an object")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return Answer(seq=job.seq, invalid=str(error))
        for index in range(len(job.rules)):
            if index not in job.left_out:
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
            journal=msgspec.Raw(self._journal.text()),
        )

    def _step(self, index: int) -> None:
        rule = self._job.rules[index]
        before = msgspec.json.encode((self._user, self._context, self._updates)) if rule.skip else b""
        self._journal.begin(index)
        self._progress.enter(index, RUNNING)
        started = time.perf_counter_ns()
        step = Step(self, index)
        outcome, error = step.run(self._codes[rule.digest])
        microseconds = (time.perf_counter_ns() - started) // 1000
        self.abnormal |= outcome in ("timed_out", "exhausted")
        if step.denial is not None:
            self._denial = step.denial
            outcome = "denied"
        elif outcome != "passed":
            if rule.skip:
                self._user, self._context, self._updates = msgspec.json.decode(before)
                self._skipped.append(index)
                self._journal.give_back(index)
            else:
                self._denial = Denial(step=index, kind="server_error", text=error.code if error else "")
        self._journal.end(index, outcome, microseconds, error)


class Step:
    """One rule's part of an execution."""

    def __init__(self, pipeline: Pipeline, index: int) -> None:
        self._limits = pipeline._limits
        self._timer = pipeline._timer
        self._journal = pipeline._journal
        self._updates = pipeline._updates
        self._maps, self._returns = pipeline._job.maps, pipeline._job.returns
        self._user, self._context = pipeline._user, pipeline._context
        self._user_id = pipeline._user_id
        self._index = index
        self._called = False
        self._misuse: CallbackError | None = None
        self.denial: Denial | None = None
        self._recorder = Recorder(index, Tree(self._user, self._context, self._journal), self._journal)
        seed = hashlib.sha256(pipeline._job.seed + index.to_bytes(4, "big")).digest()
        self._modules = Modules(pipeline._job.clock, seed, self._recorder.change)
        self._guards = Guards(self._recorder, self._modules.special())

    def run(self, code: types.CodeType) -> tuple[StepOutcome, Error | None]:
        timer, late = self._timer, None
        try:
            try:
                timer.start(self._limits.rule_time)
                outcome, error = self._attempt(code)
            finally:
                timer.stop()
                self._recorder.close()
        except TimeLimit as limit:
            # It may have come inside the `finally` above.
            timer.stop()
            self._recorder.close()
            late = limit
        if timer.rang:
            # Also when the rule went on: the interpreter discards exceptions inside finalisers.
            milliseconds = round(self._limits.rule_time * 1000)
            frames = _frames(late) or [(timer.line, "")]
            return "timed_out", Error(
                code="rule_timed_out",
                message=f"the rule ran longer than {milliseconds} ms",
                line=frames[-1][0] or None,
                frames=frames,
            )
        return outcome, error

    def _attempt(self, code: types.CodeType) -> tuple[StepOutcome, Error | None]:
        """The rule, and everything of it that may run its code: texts of its exceptions, its data."""
        try:
            namespace = self._namespace()
            exec(code, namespace)  # noqa: S102  the purpose of this program
            rule = namespace["rule"]
            if type(rule) is not types.FunctionType:
                raise TypeError("`rule` is no longer a function")
            if rule.__code__.co_argcount == 2:
                rule(self._user, self._context)
            else:
                rule(self._user, self._context, self._callback)
                if not self._called:
                    raise CallbackError("callback_not_called", "the rule ended without calling `callback`")
            if self._misuse is not None:
                raise self._misuse
            if self.denial is None:
                self._leave_plain_data()
            if self._journal.exceeded is not None:
                raise self._journal.exceeded
            return "passed", None
        except UnauthorizedError as error:
            self._deny("unauthorized", _text(error, self._limits))
            return "denied", None
        except (MemoryError, RecursionError) as error:
            if isinstance(error, MemoryError):
                return "exhausted", _error("rule_memory", "the rule used up its memory", error)
            return "exhausted", _error("rule_recursion", "the rule nests its calls too deeply", error)
        except BudgetExceeded as error:
            return "exhausted", _error(error.code, str(error), error)
        except CallbackError as error:
            return "raised", _error(error.code, str(error), error)
        except Exception as error:
            text = _text(error, self._limits)
            name = type(error).__name__
            return "raised", _error("rule_raised", f"{name}: {text}" if text else name, error)

    # What the rule can name

    def _namespace(self) -> dict[str, Any]:
        guards = self._guards
        builtins = {name: value for name, (value, _) in BUILTINS.items()}
        builtins.update(
            {
                "__import__": self._modules.import_,
                "__build_class__": __build_class__,
                "auth0": self._auth0(),
                "delattr": guards.builtin_delattr,
                "getattr": guards.builtin_getattr,
                "hasattr": guards.builtin_hasattr,
                "print": self._print,
                "setattr": guards.builtin_setattr,
                "type": _type,
            }
        )
        return {
            "__builtins__": builtins,
            "__name__": "rule",
            "__metaclass__": make_class,
            "_Exception_": Exception,
            "_getattr_": guards.getattr,
            "_getitem_": guards.getitem,
            "_inplacevar_": guards.inplace,
            "_write_": guards.write,
        }

    def _print(self, *values: Any, sep: str | None = " ", end: str | None = "\n", flush: bool = False) -> None:
        separator = " " if sep is None else sep
        if type(separator) is not str:
            raise TypeError("`sep` must be a string")
        text = separator.join([str(value) for value in values])
        self._recorder.check_open()
        self._journal.log(self._index, "info", text, rule_line())

    def _auth0(self) -> Namespace:
        members = {}
        for store, names in (
            ("user_metadata", ("updateUserMetadata", "update_user_metadata")),
            ("app_metadata", ("updateAppMetadata", "update_app_metadata")),
        ):
            members.update(dict.fromkeys(names, self._updater(store)))
        return Namespace("auth0", {"users": Namespace("auth0.users", members)})

    def _updater(self, store: str) -> Any:
        def update(user_id: Any, patch: Any) -> None:
            if type(user_id) is not str or user_id != self._user_id:
                raise ValueError(f"only the metadata of the user who logs in can be changed, not of {user_id!r}")
            if type(patch) is not dict:
                raise TypeError(f"`{store}` is changed by a dict, not by a `{type(patch).__name__}`")
            try:
                new = plain(patch, self._limits.depth)
            except NotPlain as error:
                raise ValueError(f"`{store}`: {error}") from None
            self._recorder.check_open()
            if self.denial is not None:
                return
            old = self._updates[store]
            known = self._user.get(store)
            new = merged(old, new, known if type(known) is dict else {})
            size = len(msgspec.json.encode(new))
            if size > self._limits.updates:
                text = f"the changes of `{store}` have {size} bytes: the limit is {self._limits.updates}"
                self._journal.exceed("updates_too_large", text)
            self._updates[store] = new
            self._journal.write(
                self._index,
                "add" if old is None else "replace",
                ("updates", store),
                old,
                self._updates[store],
                rule_line(),
            )

        return update

    def _callback(self, error: Any = None, user: Any = OMITTED, context: Any = OMITTED) -> None:
        self._recorder.check_open()
        if self._called:
            if self.denial is None:
                self._misuse = CallbackError("callback_called_twice", "`callback` was called a second time")
                raise self._misuse
            return
        self._called = True
        if error is None:
            for name, given, own in (("user", user, self._user), ("context", context, self._context)):
                if given is not OMITTED and given is not own:
                    self._misuse = CallbackError(
                        "callback_object",
                        f"`callback` was given another `{name}` than the rule's own: change `{name}` itself",
                    )
                    raise self._misuse
        elif isinstance(error, UnauthorizedError):
            self._deny("unauthorized", _text(error, self._limits))
        else:
            self._deny("access_denied", _text(error, self._limits))

    def _deny(self, kind: DenialKind, text: str) -> None:
        if self.denial is None:
            self.denial = Denial(step=self._index, kind=kind, text=text)
            self._journal.deny(self._index, kind, text)

    def _leave_plain_data(self) -> None:
        """The next rule finds plain data, within its limits: no object of this rule's making."""
        self._recorder.make_plain(self._maps, self._limits.depth)
        if not (nested_within(self._user, self._limits.nesting) and nested_within(self._context, self._limits.nesting)):
            raise BudgetExceeded("too_large", f"the data is nested deeper than {self._limits.nesting} levels")
        for name in self._returns:
            if name not in self._maps and len(msgspec.json.encode(self._context.get(name))) > self._limits.claims:
                raise BudgetExceeded("too_large", f"`context.{name}` has more than {self._limits.claims} bytes")
        for name in self._maps:
            claims = self._context.get(name)
            if type(claims) is not dict:
                raise CallbackError("claims_replaced", f"`context.{name}` must stay a dict: set claims on it")
            size = len(msgspec.json.encode(claims))
            if size > self._limits.claims:
                raise BudgetExceeded(
                    "claims_too_large",
                    f"`context.{name}` has {size} bytes: the limit is {self._limits.claims}",
                )


def merged(old: dict[str, Any] | None, new: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Two patches of metadata as one, in Auth0's terms: merge at the root, null deletes, an empty one clears.

    A patch after one that clears cannot say so; it deletes the keys that are known instead.
    """
    if old is None or not new:
        return new
    if not old:
        old = dict.fromkeys(known)
    return old | new


def _object(name: str, text: bytes, limits: Limits) -> dict[str, Any]:
    value = msgspec.json.decode(text)
    if type(value) is not dict:
        raise ValueError(f"{name}: expected an object")
    if not nested_within(value, limits.nesting):
        raise ValueError(f"{name}: nested deeper than {limits.nesting} levels")
    return value


def _type(value: Any, *more: Any) -> type:
    """`type(x)`. Classes are made by the `class` statement only."""
    if more:
        raise TypeError("type takes 1 argument in rules: write a `class` statement")
    kind = type(value)
    if kind in DATA_TYPES or kind in EXCEPTIONS or type(kind) is RuleClass or kind in EXCEPTION_TYPES:
        return kind
    raise TypeError("the type of this value is not available in rules: test it with `isinstance`")


def _text(error: Any, limits: Limits) -> str:
    """The text of an exception or of what was given to `callback`; calls a rule's own `__str__`."""
    text = str(error)
    text = text if type(text) is str else ""
    if isinstance(error, KeyError) and len(error.args) == 1:
        text = repr(error.args[0])
    return text[: limits.text].encode("utf-8", "replace").decode()


def _error(code: str, message: str, error: BaseException) -> Error:
    frames = _frames(error)
    return Error(code=code, message=message, line=frames[-1][0] or None if frames else None, frames=frames)


def _frames(error: BaseException | None) -> list[tuple[int, str]]:
    """The rule's own frames, outermost first: of many the ten at either end."""
    if error is None:
        return []
    frames = [
        (line or 0, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == FILENAME
    ]
    return frames if len(frames) <= 20 else frames[:10] + frames[-10:]
