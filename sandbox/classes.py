"""The classes that a rule makes: what they may inherit from and define, and what `super()` answers in them."""

from __future__ import annotations

from typing import Any

from sandbox.exposed import EXCEPTIONS
from sandbox.language import MAGIC_METHODS, is_own_name

_BY_THE_COMPILER = frozenset({"__module__", "__qualname__", "__classcell__"})


class RuleClass(type):
    """The class of a rule's classes: how the guards know an object that the rule has made itself."""


def make_class(name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> RuleClass:
    """A class statement in a rule. Bases are other rule classes, `object` and exceptions only, since our own code
    calls methods of data types and must not find a rule's there."""
    for base in bases:
        if base is not object and type(base) is not RuleClass and base not in EXCEPTIONS:
            raise TypeError(f"`{name}` can only inherit from `object`, exceptions and your own classes")
    kept = {
        key: value
        for key, value in namespace.items()
        if not key.startswith("_") or is_own_name(key) or key in MAGIC_METHODS or key in _BY_THE_COMPILER
    }
    if all(base is object for base in bases):
        # The default text of an object is its address, which differs from one replay to the next.
        kept.setdefault("__repr__", lambda self: f"<{type(self).__name__}>")
    return RuleClass(name, bases, kept)


# Methods that `super()` finds behind a rule's own classes. A rule can have the effect of each by other means.
BEYOND: dict[tuple[type, str], str] = {
    (object, "__init__"): "does nothing",
    (BaseException, "__init__"): "sets the `args` of the rule's own exception",
    (BaseException, "__str__"): "text of its `args`",
    (BaseException, "__repr__"): "text of its `args`",
}


class Super:
    """What `super()` answers: the methods of the classes behind `after` in the order of `holder`'s class.

    Python's own `super` reaches every attribute of every base. This one looks in rule classes, and in `BEYOND`.
    """

    __slots__ = ("_after", "_holder", "_kind")

    def __init__(self, after: Any, holder: Any) -> None:
        """Raises TypeError unless `after` is a rule class, and `holder` an object of it or a class below it."""
        kind: Any = holder if type(holder) is RuleClass else type(holder)
        if type(after) is not RuleClass or type(kind) is not RuleClass or after not in kind.__mro__:
            raise TypeError("`super` takes one of your classes, and an object of it")
        self._after, self._holder, self._kind = after, holder, kind

    def member(self, name: str) -> Any:
        """The next `name`, bound to the object. Raises AttributeError."""
        order = self._kind.__mro__
        for base in order[order.index(self._after) + 1 :]:
            if name in vars(base):
                # `KeyError` has a text of its own, and so on.
                root = BaseException if issubclass(base, BaseException) else base
                if type(base) is RuleClass or (root, name) in BEYOND:
                    return getattr(super(self._after, self._holder), name)
                break
        raise AttributeError(f"`super()` has no `{name}` in rules")

    def __repr__(self) -> str:
        return f"<super of {self._after.__name__}>"
