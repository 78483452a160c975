"""What a rule can name: its builtins, and the hooks that its compiled code calls. Made anew for every step."""

from __future__ import annotations

from typing import Any

from sandbox.classes import RuleClass, Super, make_class
from sandbox.exposed import BUILTINS, DATA_TYPES, EXCEPTIONS, exception_class
from sandbox.guards import Guards
from sandbox.modules import EXCEPTION_TYPES, Modules
from sandbox.recorder import Recorder, rule_line
from sandbox.updates import Users


def namespace(guards: Guards, modules: Modules, recorder: Recorder, users: Users) -> dict[str, Any]:
    builtins = {name: value for name, (value, _) in BUILTINS.items()}
    builtins.update(
        {
            "__import__": modules.import_,
            "__build_class__": __build_class__,
            "auth0": users.auth0(),
            "delattr": guards.builtin_delattr,
            "getattr": guards.builtin_getattr,
            "hasattr": guards.builtin_hasattr,
            "print": _printer(recorder),
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
