"""The modules a rule can import: facades of explicit names, never the real thing.

A real module leads anywhere (`json.codecs.sys.modules`). A facade leads to its members only, which are
functions, constants and data types: `sandbox.members` lists them.
"""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.drawn import DRAWN, Change, Drawn
from sandbox.facades import EXCEPTION_TYPES, FIXED
from sandbox.members import MEMBERS

__all__ = ["EXCEPTION_TYPES", "MEMBERS", "Module", "Modules", "Namespace"]


class Module:
    """A facade. The guards read its members; `from m import name` reads them as attributes."""

    __slots__ = ("__members", "__name__")

    def __init__(self, name: str, members: Mapping[str, Any]) -> None:
        self.__name__ = name
        self.__members = dict(members)

    def member(self, name: str) -> Any:
        try:
            return self.__members[name]
        except KeyError:
            raise AttributeError(f"`{self.__name__}` has no `{name}` in rules") from None

    __getattr__ = member

    def __repr__(self) -> str:
        return f"<module {self.__name__}>"


class Namespace(Module):
    """An object of the language that is not imported: `http`, `cache`, `auth0`, `auth0.users`."""

    __slots__ = ()

    def __init__(self, name: str, members: Mapping[str, Any]) -> None:
        super().__init__(name, members)
        for member, value in members.items():
            if type(value) is types.FunctionType:
                value.__qualname__ = f"{name}.{member}"  # as errors name it

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


class Modules:
    """The modules of one step: fixed members, and those drawn from its clock and seed."""

    def __init__(self, clock: int, seed: bytes, step: int, change: Change) -> None:
        """`clock` is in nanoseconds since the epoch, `seed` the execution's, of which each step has its part.
        `change` records what `random.shuffle` does to a list."""
        self._clock, self._seed, self._step, self._change = clock, seed, step, change
        self._made: dict[str, Module] = {}

    @functools.cached_property
    def _drawn(self) -> Drawn:
        seed = hashlib.sha256(self._seed + self._step.to_bytes(4, "big")).digest()
        return Drawn(self._clock, seed, self._change)

    @functools.cached_property
    def special(self) -> Mapping[tuple[type, str], Callable[..., Any]]:
        """Attributes of shared classes that depend on the execution, or import when they are called."""
        return self._drawn.special()

    def import_(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What the `import` statement of a rule calls.

        C code that formats times imports by the same way, with a list where the statement has a tuple, and
        takes the module from elsewhere afterwards: it gets None.
        """
        if type(fromlist) is list:
            return None
        if level or name not in MEMBERS:
            raise ImportError(f"`{name}` cannot be imported in rules")
        if "." in name and not fromlist:
            return self._module(name.partition(".")[0])
        return self._module(name)

    def _module(self, name: str) -> Module:
        if name not in DRAWN:
            return fixed(name)
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Module(name, FIXED.get(name, {}) | self._drawn.members(name))
        return made


@functools.cache
def fixed(name: str) -> Module:
    """A module that is the same for every step, since no rule can change one."""
    inside = [inner for inner in MEMBERS if inner.rpartition(".")[0] == name]
    return Module(name, FIXED.get(name, {}) | {inner.rpartition(".")[2]: fixed(inner) for inner in inside})
