# Tests by what a value can do, with `collections.abc`.

import collections.abc
from collections.abc import (
    Callable,
    Collection,
    Container,
    Generator,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Reversible,
    Sequence,
    Set,
    Sized,
)

KINDS = {
    "callable": Callable, "collection": Collection, "container": Container, "generator": Generator, "hashable": Hashable,
    "iterable": Iterable, "iterator": Iterator, "mapping": Mapping, "changing mapping": MutableMapping, "reversible": Reversible,
    "changing sequence": MutableSequence, "changing set": MutableSet, "sequence": Sequence, "set": Set, "sized": Sized,
}


class Bag:
    def __init__(self, *items):
        self.items = items

    def __iter__(self):
        return iter(self.items)

    def __contains__(self, item):
        return item in self.items


def flatten(value):
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [part for item in value for part in flatten(item)]
    return [value]


def rule(user, context):
    context.idToken["flat"] = flatten({"a": [1, (2, {3})], "b": Bag("x", ["y"]), "c": b"z".decode()})
    for name, value in (("list", []), ("text", ""), ("dict", {}), ("number", 5), ("set", {1}), ("generator", (x for x in "")),
                        ("bag", Bag()), ("function", len), ("tuple", ()), ("fixed set", frozenset())):
        context.idToken[name] = [word for word, kind in KINDS.items() if isinstance(value, kind)]
    context.idToken["again"] = isinstance(user, collections.abc.Mapping)

# claims {"flat": [1, 2, 3, "x", "y", "z"], "list": ["collection", "container", "iterable", "reversible", "changing
#  sequence", "sequence", "sized"], "text": ["collection", "container", "hashable", "iterable", "reversible",
#  "sequence", "sized"], "dict": ["collection", "container", "iterable", "mapping", "changing mapping", "reversible",
#  "sized"], "number": ["hashable"], "set": ["collection", "container", "iterable", "changing set", "set", "sized"],
#  "generator": ["generator", "hashable", "iterable", "iterator"], "bag": ["container", "hashable", "iterable"],
#  "function": ["callable", "hashable"], "tuple": ["collection", "container", "hashable", "iterable", "reversible",
#  "sequence", "sized"], "fixed set": ["collection", "container", "hashable", "iterable", "set", "sized"], "again":
#  true}
