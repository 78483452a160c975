"""The functions that a rule's compiled code calls for every attribute, item and change.

`user` and `context` are plain dicts: on a dict, `d.name` is one of its methods, or else the key "name".
Everything else is allowed by the exact type of the object (`sandbox.exposed`).
"""

from __future__ import annotations

import _string  # type: ignore[import-not-found]
import operator
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sandbox.classes import RuleClass, Super
from sandbox.configuration import Configuration
from sandbox.exposed import ATTRIBUTES, CLASS_ATTRIBUTES, exception_class
from sandbox.facades import WRAPPED
from sandbox.language import is_own_name
from sandbox.modules import Module, Modules, Namespace
from sandbox.plain import COLLECTIONS
from sandbox.recorder import Recorder

DICT_CHANGES: dict[str, Callable[..., Any]] = {
    "update": dict.update,
    "setdefault": dict.setdefault,
    "pop": dict.pop,
    "popitem": dict.popitem,
    "clear": dict.clear,
}


def _sort(items: list[Any], /, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
    """`list.sort`, but for the list while `key` runs: CPython empties it, and a change by `key` would be lost."""
    items[:] = sorted(items, key=key, reverse=reverse)


LIST_CHANGES: dict[str, Callable[..., Any]] = {
    "append": list.append,
    "extend": list.extend,
    "insert": list.insert,
    "pop": list.pop,
    "remove": list.remove,
    "clear": list.clear,
    "sort": _sort,
    "reverse": list.reverse,
}
GENERIC = {dict, list, tuple, set, frozenset, *COLLECTIONS}
NOTHING: frozenset[str] = frozenset()
# The attributes that need no wrapping: nearly all, so that they are looked for first.
BARE = {kind: frozenset(name for name in names if (kind, name) not in WRAPPED) for kind, names in ATTRIBUTES.items()}
DICT_METHODS = ATTRIBUTES[dict] | DICT_CHANGES.keys()

INPLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "%=": operator.imod,
    "**=": operator.ipow,
    "<<=": operator.ilshift,
    ">>=": operator.irshift,
    "|=": operator.ior,
    "^=": operator.ixor,
    "&=": operator.iand,
    "//=": operator.ifloordiv,
    "@=": operator.imatmul,
}


class HasModules(Protocol):
    """A step, as far as guards look at it."""

    @property
    def modules(self) -> Modules: ...


class Guards:
    """The guards of one step."""

    def __init__(self, recorder: Recorder, step: HasModules) -> None:
        self._recorder = recorder
        self._step = step

    def getattr(self, holder: Any, name: str) -> Any:
        """`holder.name`. Raises AttributeError where there is none, saying how to read a field that may be missing."""
        kind = type(holder)
        if kind is dict:
            if name in DICT_METHODS:
                if name in DICT_CHANGES:
                    return self._change(holder, DICT_CHANGES[name])
                return getattr(holder, name)
            try:
                return holder[name]
            except KeyError:
                raise AttributeError(
                    f'there is no `{name}` here: `.get("{name}")` gives None for a field that may be missing'
                ) from None
        if name in BARE.get(kind, NOTHING):
            return getattr(holder, name)
        if (kind, name) in WRAPPED and name in ATTRIBUTES[kind]:
            return WRAPPED[kind, name](getattr(holder, name))
        if kind is list and name in LIST_CHANGES:
            if name == "append":
                return lambda value, /: self._recorder.append(holder, value)
            return self._change(holder, LIST_CHANGES[name])
        if kind is str and name in ("format", "format_map"):
            return self._format(holder, name)
        if isinstance(holder, type):
            return self._class_attribute(holder, name)
        if kind is Module or kind is Namespace or kind is Super or kind is Configuration:
            return holder.member(name)
        if type(kind) is RuleClass:
            if name == "__class__":
                return kind
            self._own_name(name)
            if name == "args" and isinstance(holder, Exception):
                return holder.args
            if name in vars(holder) or _defines(kind, name):
                return getattr(holder, name)
        elif isinstance(holder, Exception):
            if name == "args":
                return holder.args
            if name == "__class__":
                return exception_class(kind)
        raise AttributeError(f"a `{kind.__name__}` has no attribute `{name}` in rules")

    def getitem(self, holder: Any, key: Any) -> Any:
        """`holder[key]`."""
        if isinstance(holder, type):
            if holder in GENERIC:
                return holder  # `Roles = list[str]`
            raise TypeError(f"`{holder.__name__}[...]` is an annotation, not a value")
        return holder[key]

    def put(self, value: Any, holder: Any, key: Any) -> None:
        """`holder[key] = value`, the simple kind: in the order of its evaluation, and without a `Store`."""
        if type(holder) is dict or type(holder) is list:
            self._recorder.set_item(holder, key, value)
        else:
            Store(holder, self._recorder)[key] = value

    def put_attribute(self, value: Any, holder: Any, name: str) -> None:
        """`holder.name = value`, likewise."""
        if type(holder) is dict and name not in DICT_METHODS:
            self._recorder.set_item(holder, name, value)
        else:
            setattr(Store(holder, self._recorder), name, value)

    def write(self, holder: Any) -> Store:
        """What `holder.name = value`, `holder[key] = value` and `del` act on."""
        return Store(holder, self._recorder)

    def inplace(self, op: str, left: Any, right: Any) -> Any:
        """`left op right` for an augmented assignment."""
        act = INPLACE[op]
        if type(left) in (dict, list):
            return self._recorder.change(left, lambda: act(left, right))
        return act(left, right)

    def builtin_getattr(self, holder: Any, name: str, *default: Any) -> Any:
        """`getattr`, guarded like the dot: names that an author cannot write after a dot do not exist."""
        if len(default) > 1:
            raise TypeError(f"getattr takes 2 or 3 arguments, not {len(default) + 2}")
        try:
            return self.getattr(holder, _plain_name(name))
        except AttributeError:
            if default:
                return default[0]
            raise

    def builtin_hasattr(self, holder: Any, name: str) -> bool:
        try:
            self.getattr(holder, _plain_name(name))
        except AttributeError:
            return False
        return True

    def builtin_setattr(self, holder: Any, name: str, value: Any) -> None:
        setattr(self.write(holder), _plain_name(name), value)

    def builtin_delattr(self, holder: Any, name: str) -> None:
        delattr(self.write(holder), _plain_name(name))

    def _change(self, holder: Any, method: Callable[..., Any]) -> Callable[..., Any]:
        change = self._recorder.change
        return lambda *args, **keywords: change(holder, lambda: method(holder, *args, **keywords))

    def _class_attribute(self, holder: type, name: str) -> Any:
        special = self._step.modules.special.get((holder, name))
        if special is not None:
            return special
        if name in CLASS_ATTRIBUTES.get(holder, ()):
            return getattr(holder, name)
        if name == "__name__":
            return type.__dict__["__name__"].__get__(holder)  # text, whatever the class defines
        if type(holder) is RuleClass:
            self._own_name(name)
            if _defines(holder, name):
                return getattr(holder, name)
        raise AttributeError(f"`{holder.__name__}` has no attribute `{name}` in rules")

    @staticmethod
    def _own_name(name: str) -> None:
        if name.startswith("_") and not is_own_name(name):
            raise AttributeError(f"the attribute `{name}` is not available in rules")

    def _format(self, text: str, name: str) -> Callable[..., str]:
        formatter = SafeFormatter(self)
        if name == "format":
            return lambda *args, **keywords: formatter.vformat(text, args, keywords)
        return lambda mapping: formatter.vformat(text, (), mapping)


def _plain_name(name: Any) -> str:
    if type(name) is not str:
        raise TypeError("an attribute's name is a string")
    if name.startswith("_") and not is_own_name(name):
        raise AttributeError(f"the attribute `{name}` is not available in rules")
    return name


def _defines(kind: type, name: str) -> bool:
    return any(name in vars(base) for base in kind.__mro__ if type(base) is RuleClass)


class Store:
    """The left side of an assignment."""

    __slots__ = ("_holder", "_recorder")
    _holder: Any
    _recorder: Recorder

    def __init__(self, holder: Any, recorder: Recorder) -> None:
        object.__setattr__(self, "_holder", holder)
        object.__setattr__(self, "_recorder", recorder)

    def __setitem__(self, key: Any, value: Any) -> None:
        holder = self._holder
        kind = type(holder)
        if kind is not dict and kind is not list and type(kind) is not RuleClass and kind not in COLLECTIONS:
            raise TypeError(f"a `{kind.__name__}` cannot be changed")
        self._recorder.set_item(holder, key, value)

    def __delitem__(self, key: Any) -> None:
        holder = self._holder
        if type(holder) in COLLECTIONS or type(type(holder)) is RuleClass:
            del holder[key]
            return
        if type(holder) is not dict and type(holder) is not list:
            raise TypeError(f"a `{type(holder).__name__}` cannot be changed")
        self._recorder.delete_item(holder, key)

    def __setattr__(self, name: str, value: Any) -> None:
        holder = self._holder
        if type(holder) is dict:
            if name in DICT_METHODS:
                raise AttributeError(
                    f'`{name}` is a method of a dict: write `["{name}"] = ...` for a field of that name'
                )
            self._recorder.set_item(holder, name, value)
        elif type(type(holder)) is RuleClass or type(holder) is RuleClass:
            setattr(holder, name, value)
        else:
            raise TypeError(f"attributes of a `{type(holder).__name__}` cannot be changed")

    def __delattr__(self, name: str) -> None:
        holder = self._holder
        if type(holder) is dict:
            if name not in holder:
                raise AttributeError(f"there is no `{name}` here")
            self._recorder.delete_item(holder, name)
        elif type(type(holder)) is RuleClass:
            delattr(holder, name)
        else:
            raise TypeError(f"attributes of a `{type(holder).__name__}` cannot be changed")


class SafeFormatter(string.Formatter):
    """`str.format` whose fields go through the guards: `"{0.name}"` reads no more than `x.name` does."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self._next = 0

    def parse(self, format_string: str) -> Iterator[Any]:
        """Numbers the fields that have none: `string.Formatter` does not know `"{.name}"`, `str.format` does."""
        for literal, field, spec, conversion in super().parse(format_string):
            if field is not None and field[:1] in ("", ".", "["):
                field, self._next = f"{self._next}{field}", self._next + 1
            yield literal, field, spec, conversion

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return args[key] if isinstance(key, int) else self._guards.getitem(kwargs, key)

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        first, rest = _split_field(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            guards = self._guards
            value = guards.builtin_getattr(value, str(key)) if is_attribute else guards.getitem(value, key)
        return value, first


def _split_field(field_name: str) -> tuple[int | str, Iterator[tuple[bool, int | str]]]:
    # The same C function that `string.Formatter.get_field` calls.
    return _string.formatter_field_name_split(field_name)  # type: ignore[no-any-return]
