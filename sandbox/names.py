"""What a rule can name: its builtins, and the hooks that its compiled code calls. Made anew for every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sandbox.cache import cache
from sandbox.calls import Calls
from sandbox.classes import RuleClass, Super, make_class
from sandbox.configuration import Configuration
from sandbox.exposed import DATA_TYPES, EXCEPTIONS, exception_class
from sandbox.guards import Guards
from sandbox.http import http
from sandbox.modules import EXCEPTION_TYPES
from sandbox.recorder import Recorder, rule_line
from sandbox.tree import Tree
from sandbox.updates import Users
from sandbox.vocabulary import Vocabulary


class Step(Protocol):
    """What a step has that its names lead to."""

    guards: Guards
    recorder: Recorder
    tree: Tree

    @property
    def calls(self) -> Calls: ...

    @property
    def configuration(self) -> Configuration: ...

    def users(self) -> Users: ...

    def import_(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any: ...


def namespace(words: Vocabulary, step: Step) -> dict[str, Any]:
    """The globals of one step."""
    builtins = {**words.fixed, "__import__": step.import_}
    for name in words.made:
        builtins[name] = MADE[name](step)
    guards = step.guards
    return {
        "__builtins__": builtins,
        "__name__": "rule",
        "__metaclass__": make_class,
        "_Exception_": Exception,
        "_getattr_": guards.getattr,
        "_getitem_": guards.getitem,
        "_inplacevar_": guards.inplace,
        "_own_": step.tree.own,
        "_put_": guards.put,
        "_put_attribute_": guards.put_attribute,
        "_super_": Super,
        "_write_": guards.write,
    }


def _printer(recorder: Recorder) -> Any:
    def print(*values: Any, sep: str | None = " ", end: str | None = "\n", flush: bool = False) -> None:  # noqa: A001  its errors name it
        separator = " " if sep is None else sep
        if type(separator) is not str:
            raise TypeError("`sep` must be a string")
        text = separator.join([str(value) for value in values])
        recorder.check_open()
        recorder.journal.log(recorder.step, "info", text, rule_line())

    return print


def _type(value: Any, *more: Any) -> type:
    """`type(x)`. Classes are made by the `class` statement only."""
    if more:
        raise TypeError("type takes 1 argument in rules: write a `class` statement")
    kind = type(value)
    if kind in DATA_TYPES or kind in EXCEPTIONS or type(kind) is RuleClass or kind in EXCEPTION_TYPES:
        return kind
    if isinstance(value, Exception):
        return exception_class(kind)
    raise TypeError("the type of this value is not available in rules: test it with `isinstance`")


# The rows of `sandbox.exposed.PER_STEP`.
MADE: dict[str, Callable[[Step], Any]] = {
    "auth0": lambda step: step.users().auth0(),
    "cache": lambda step: cache(step.calls, step.recorder.journal.limits.depth),
    "configuration": lambda step: step.configuration,
    "delattr": lambda step: step.guards.builtin_delattr,
    "getattr": lambda step: step.guards.builtin_getattr,
    "hasattr": lambda step: step.guards.builtin_hasattr,
    "http": lambda step: http(step.calls, step.recorder.journal.limits.depth),
    "print": lambda step: _printer(step.recorder),
    "setattr": lambda step: step.guards.builtin_setattr,
    "type": lambda step: _type,
}
