"""What `typing` and `collections.abc` hold in rules: words for annotations.

Annotations are dropped when a rule is compiled. What is left are aliases (`Roles = List[str]`), in which a word stands
for itself, and `isinstance(x, Mapping)`.
"""

from __future__ import annotations

import collections.abc
from typing import Any

# What makes an object of a rule's class an instance; of the other words it can be none, since it cannot inherit.
_METHODS = {
    "Callable": "__call__",
    "Collection": "__len__ __iter__ __contains__",
    "Container": "__contains__",
    "Hashable": "__hash__",
    "Iterable": "__iter__",
    "Iterator": "__iter__ __next__",
    "Reversible": "__iter__ __reversed__",
    "Sized": "__len__",
}


class Word:
    """`Optional`, `Mapping`: says something in an annotation only."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, parameters: Any) -> Word:
        return self

    def __or__(self, other: Any) -> Word:
        return self

    __ror__ = __or__

    def __instancecheck__(self, value: Any) -> bool:
        """As in Python. The library's own check keeps every class that it has seen, so a rule's does not get there."""
        kind = getattr(collections.abc, self._name, None)
        if kind is None:
            raise TypeError(f"`{self._name}` is an annotation: `isinstance` takes a class")
        if type(type(value)) is type:
            return isinstance(value, kind)
        methods = _METHODS.get(self._name, "").split()
        return bool(methods) and all(_defines(type(value), method) for method in methods)

    def __repr__(self) -> str:
        return f"<{self._name}>"


def _defines(kind: type, method: str) -> bool:
    """A class that defines `__eq__` alone has None for `__hash__`."""
    found = [vars(base)[method] for base in kind.__mro__ if method in vars(base)]
    return bool(found) and found[0] is not None


def cast(typ: Any, val: Any) -> Any:
    """`typing.cast`."""
    return val
