"""`copy` and `operator.itemgetter` for rules, made of what a rule can do itself."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any


def shallow(x: Any) -> Any:
    """`copy.copy` of data. Raises TypeError for an object of a rule's class."""
    return _copied(x, lambda part: part)


def deep(x: Any) -> Any:
    """`copy.deepcopy` of data: what it holds twice, or what holds itself, does so in the copy. Raises TypeError for
    an object of a rule's class."""
    made: dict[int, Any] = {}
    kept: list[Any] = []  # while an object lives, no other one has its `id`

    def copy(part: Any) -> Any:
        if id(part) not in made:
            kept.append(part)
            made[id(part)] = _copied(part, copy, lambda new: made.__setitem__(id(part), new))
        return made[id(part)]

    return copy(x)


def _copied(x: Any, part: Callable[[Any], Any], begun: Callable[[Any], None] = lambda new: None) -> Any:
    """A copy of `x` whose parts are `part` of its own. `begun` gets a copy before its parts are made."""
    kind = type(x)
    new: Any
    if kind is list or kind is collections.deque:
        new = [] if kind is list else collections.deque(maxlen=x.maxlen)
        begun(new)
        new.extend([part(item) for item in x])
    elif kind in (dict, collections.OrderedDict, collections.Counter, collections.defaultdict):
        new = kind(x.default_factory) if kind is collections.defaultdict else kind()
        begun(new)
        for key, value in x.items():
            new[part(key)] = part(value)
    elif kind in (tuple, set, frozenset):
        new = kind([part(item) for item in x])
    elif type(kind) is type:
        return x  # a value that never changes, or one that Python would not copy
    else:
        raise TypeError(f"a `{kind.__name__}` is not copied in rules: give its class a method that makes a new one")
    return new


def itemgetter(item: Any, /, *items: Any) -> Callable[[Any], Any]:
    """`operator.itemgetter`."""

    def get(obj: Any, /) -> Any:
        if isinstance(obj, type):
            raise TypeError(f"`{obj.__name__}` has no items")
        return tuple([obj[key] for key in (item, *items)]) if items else obj[item]

    return get
