"""A value as an error shows it: short text, much as it is written in a rule.

Goes by exact type and calls no method of an object that a rule has made: such an object shows as `<Name>`. Takes a
bounded time for a value of any size or shape.
"""

from __future__ import annotations

import datetime
import json
import types
from collections.abc import Iterator
from typing import Any

from sandbox.journal import MOST_SHOWN
from sandbox.modules import Module, Namespace

LEVELS = 4
LONGEST_NAME = 60  # of a class
MOST_BITS = 256  # of a number: the text of a long one takes a time that grows with its square

# What is code has no value to show.
CODE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    Module,
    Namespace,
)
CONSTANTS = {None: "None", True: "True", False: "False"}
BRACKETS: dict[type, tuple[str, str]] = {dict: ("{", "}"), list: ("[", "]"), tuple: ("(", ")")}
ZONES = (type(None), datetime.timezone)


def shown(value: Any) -> str | None:
    """At most `MOST_SHOWN` characters; None for code."""
    kind = type(value)
    if kind in CODE or issubclass(kind, type):
        return None
    text = ""
    for piece in _pieces(value, LEVELS):
        text += piece
        if len(text) > MOST_SHOWN:
            return text[: MOST_SHOWN - 3] + "..."
    return text


def _pieces(value: Any, levels: int) -> Iterator[str]:
    kind = type(value)
    if kind is str:
        yield _quoted(value)
    elif kind is bool or value is None:
        yield CONSTANTS[value]
    elif kind is int:
        yield str(value) if value.bit_length() <= MOST_BITS else f"<int of {value.bit_length()} bits>"
    elif kind is float:
        yield repr(value)
    elif kind is bytes:
        yield repr(value[:MOST_SHOWN])
    elif kind in BRACKETS:
        yield from _container(value, levels)
    elif kind is set or kind is frozenset:
        yield f"<{kind.__name__} of {len(value)}>"  # its order is none of the rule's doing
    elif kind is datetime.date or (kind is datetime.datetime and type(value.tzinfo) in ZONES):
        yield f"<{kind.__name__} {value.isoformat()}>"
    else:
        yield f"<{kind.__name__[:LONGEST_NAME]}>"


def _container(value: Any, levels: int) -> Iterator[str]:
    start, end = BRACKETS[type(value)]
    yield start
    if value and levels <= 0:
        yield "..."
    elif type(value) is dict:
        for count, (key, child) in enumerate(value.items()):
            yield ", " if count else ""
            yield from _pieces(key, levels - 1)
            yield ": "
            yield from _pieces(child, levels - 1)
    else:
        for count, child in enumerate(value):
            yield ", " if count else ""
            yield from _pieces(child, levels - 1)
    yield end


def _quoted(text: str) -> str:
    short = text[:MOST_SHOWN]
    return json.dumps(short, ensure_ascii=not short.isprintable())
