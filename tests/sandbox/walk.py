"""A walk through everything that a rule can reach, by the guards that its compiled code calls.

It starts from what a rule can name, and goes on by attributes, items, operators, calls, the exceptions that these
raise, and by what library code gives to an object of a rule's class that it is handed: the spy.
"""

from __future__ import annotations

import builtins
import collections
import gc
import itertools
import types
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sandbox.classes import RuleClass, Super, make_class
from sandbox.configuration import Configuration
from sandbox.exposed import ATTRIBUTES, CLASS_ATTRIBUTES, DATA_TYPES, EXCEPTIONS, OPAQUE
from sandbox.facades import EXCEPTION_TYPES
from sandbox.failure import CallbackError
from sandbox.guards import Guards
from sandbox.journal import BudgetExceeded
from sandbox.language import MAGIC_METHODS
from sandbox.members import MEMBERS
from sandbox.modules import Module, Namespace

OPAQUE_TYPES = frozenset(kind for kinds, _ in OPAQUE for kind in kinds)
CLASSES = frozenset({*ATTRIBUTES, *CLASS_ATTRIBUTES, *OPAQUE_TYPES, *DATA_TYPES, *EXCEPTIONS, *EXCEPTION_TYPES})
OURS = frozenset({Configuration, Module, Namespace, Super})
# Raised at a rule by code of ours or of the library, with text and numbers in them and nothing else.
RAISED = frozenset(
    {CallbackError, BudgetExceeded, UnicodeDecodeError, UnicodeEncodeError, *EXCEPTIONS, *EXCEPTION_TYPES}
)
# What a rule must not hold, though its type is harmless.
KEPT_BACK = [
    getattr(builtins, name)
    for name in """__build_class__ __import__ BaseException GeneratorExit KeyboardInterrupt SystemExit breakpoint
    compile delattr dir eval exec getattr globals hasattr hash id input locals memoryview open setattr super type
    vars""".split()
]
MUTABLE = frozenset({dict, list, set, bytearray, collections.deque, collections.OrderedDict, collections.defaultdict})

NAMES = sorted(
    {name for names in (*ATTRIBUTES.values(), *CLASS_ATTRIBUTES.values(), *MEMBERS.values()) for name in names}
    | set(
        """__self__ __func__ __globals__ __code__ __closure__ __wrapped__ __dict__ __class__ __subclasses__ __mro__ mro
        __base__ __bases__ __module__ __loader__ __spec__ __builtins__ __init__ __new__ __reduce__ __reduce_ex__
        __getattribute__ __defaults__ __kwdefaults__ __traceback__ __context__ __cause__ __notes__ __objclass__
        gi_frame gi_code gi_yieldfrom tb_frame tb_next f_back f_globals f_builtins f_locals f_code co_code cr_frame
        ag_frame obj name value func args keywords default_factory fget fset cache_info cache_clear format format_map
        now today utcnow fromtimestamp utcfromtimestamp strptime throw add_note with_traceback split subgroup users
        updateUserMetadata updateAppMetadata planted append extend insert sort reverse remove pop update setdefault
        popitem clear"""
        .split()
    )
)  # fmt: skip
TIMES = 2  # that many objects of a kind are looked at, beside those it starts from; the items of all


def arguments(spy: Any) -> list[tuple[Any, ...]]:
    """What every function is called with."""
    plain = [(), ("a",), (b"YQ==",), (1,), ([1, 2],), ({"a": 1},), ("a", "a"), ("a", "b", "abc"), (["a"], 1)]
    return [*plain, (len, [[1], [2]]), (spy,), (spy, spy), ("a", spy), ("a", "a", spy), (spy, "a", "a")]


def shared() -> dict[int, Any]:
    """Everything mutable that is alive: what is reached of it would carry one login's data to the next."""
    gc.unfreeze()  # a service that ran in this process has hidden them
    alive = gc.get_objects()
    # Modules in C name objects that they have freed, to use them again (CPython 3.12): asked for, those come to life.
    holders = [value for value in alive if type(value) is not types.ModuleType]
    return {id(value): value for value in (*alive, *gc.get_referents(*holders)) if type(value) in MUTABLE}


class Walk:
    def __init__(self, guards: Guards, before: dict[int, Any]) -> None:
        """`before` are the mutable objects that were there before the step."""
        self._guards = guards
        self._before = before
        self._seen: dict[int, Any] = {}
        self._errors: set[type] = set()
        self._times: Counter[Any] = Counter()
        self._pending: collections.deque[tuple[str, Any, Any]] = collections.deque()
        self._path = ""
        self.found: list[tuple[str, str]] = []
        self.types: set[type] = set()
        self.spy: Any = None
        self.spy = self._spy()

    def reach(self, path: str, value: Any, origin: Any = None) -> None:
        """Note that a rule can reach `value`. `origin` tells one function from another."""
        if isinstance(value, BaseException) and type(value) in self._errors:
            # Its text is made anew every time. What else it holds is looked at.
            for part in value.args:
                if type(part) is not str:
                    self.reach(f"{path}.args", part)
            return
        if id(value) in self._seen or value is self.spy or value is type(self.spy):
            return
        if type(value) is types.MethodType and value.__self__ is self.spy:
            return  # the spy is the rule's own
        if isinstance(value, BaseException):
            self._errors.add(type(value))
        self._seen[id(value)] = value
        self.types.add(type(value))
        problem = self._problem(value)
        if problem is not None:
            self.found.append((path, problem))
        else:
            self._pending.append((path, value, origin))

    def run(self, *, until_found: bool = False) -> None:
        starts = len(self._pending)
        while self._pending and not (until_found and self.found):
            self._path, value, origin = self._pending.popleft()
            self._items(value)
            kind = self._kind(value, origin)
            starts -= 1
            if starts < 0:
                self._times[kind] += 1
                if self._times[kind] > TIMES:
                    continue
            holder = repr(value) if type(value) in OURS else value if isinstance(value, type) else type(value)
            for step, act in self._edges(value):
                path = self._path + step
                try:
                    child = act()
                except (Exception, BudgetExceeded) as error:
                    self.reach(path + " raises", error)
                else:
                    self.reach(path, child, (holder, step))

    @staticmethod
    def _kind(value: Any, origin: Any) -> Any:
        if isinstance(value, type):
            return value
        return (type(value), origin) if callable(value) or type(value) in OURS else type(value)

    def _items(self, value: Any) -> None:
        if isinstance(value, BaseException | str):
            return  # no items, or a string in a string, without end
        try:
            items = list(itertools.islice(iter(value), 8))
            items += value.values() if type(value) is dict else ()
        except (Exception, BudgetExceeded) as error:
            self.reach(self._path + " iterated raises", error)
        else:
            for item in items:
                self.reach(self._path + "<item>", item)

    def _edges(self, value: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
        guards, spy = self._guards, self.spy
        for name in dict.fromkeys((*NAMES, *dir(value), *dir(type(value)))):
            yield f".{name}", partial(guards.builtin_getattr, value, name)
            if not name.startswith("_"):
                yield f".{name} ", partial(guards.getattr, value, name)
        for key in (0, "a", -1, slice(0, 1), spy):
            yield f"[{key}]", partial(guards.getitem, value, key)
        # These look for the item without end.
        endless = not hasattr(value, "__contains__") or type(value) is range
        for symbol, operate in OPERATORS.items():
            if symbol == "in" and endless:
                continue
            yield f" {symbol} spy", partial(operate, value, spy)
            yield f" {symbol} reflected", partial(operate, spy, value)
        for op in ("+=", "|=", "*=", "%="):
            yield f" {op} spy", partial(guards.inplace, op, value, spy)
        if callable(value) and value is not spy:
            for args in arguments(spy):
                yield f"({', '.join(map(type_name, args))})", partial(value, *args)

    def _problem(self, value: Any) -> str | None:
        kind = type(value)
        if any(value is kept for kept in KEPT_BACK):
            return f"`{value.__name__}` itself"
        if id(value) in self._before:
            return f"a `{kind.__name__}` that was there before"
        if isinstance(value, type):
            return None if value in CLASSES or kind is RuleClass else f"the class `{value.__name__}`"
        known = kind in ATTRIBUTES or kind in OPAQUE_TYPES or kind in OURS or kind in RAISED or type(kind) is RuleClass
        return None if known else f"a `{kind.__module__}.{kind.__name__}`"

    def _spy(self) -> Any:
        """An object of a rule's class that has every method, and notes what it is given."""

        def method(name: str, answer: Any) -> Any:
            def note(spy: Any, *args: Any, **keywords: Any) -> Any:
                for value in (*args, *keywords.values()):
                    self.reach(f"{self._path} -> spy.{name}", value)
                return spy if answer is None else answer() if callable(answer) else answer

            return note

        names = (set(NAMES) - {name for name in NAMES if name.startswith("_")}) | MAGIC_METHODS - {"__init__"}
        return make_class("Spy", (object,), {name: method(name, ANSWERS.get(name)) for name in names})()


def type_name(value: Any) -> str:
    return type(value).__name__


def _stop() -> Any:
    raise StopIteration


ANSWERS: dict[str, Any] = {
    "__bool__": True,
    "__contains__": False,
    "__eq__": False,
    "__format__": "a",
    "__ge__": True,
    "__gt__": True,
    "__hash__": 1,
    "__int__": 1,
    "__float__": 1.0,
    "__index__": 1,
    "__iter__": lambda: iter(["a", "b"]),
    "__le__": True,
    "__len__": 1,
    "__length_hint__": 1,
    "__lt__": True,
    "__ne__": True,
    "__next__": _stop,
    "__repr__": "a",
    "__reversed__": lambda: iter(["a"]),
    "__str__": "a",
    "__trunc__": 1,
    "__ceil__": 1,
    "__floor__": 1,
    "__round__": 1,
    "__setitem__": None,
    "keys": lambda: ["a"],
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "|": lambda a, b: a | b,
    "&": lambda a, b: a & b,
    "^": lambda a, b: a ^ b,
    "**": lambda a, b: a**b if type(a) is not int else None,
    "in": lambda a, b: b in a,
    "format": lambda a, b: f"{a}{b}",
}
