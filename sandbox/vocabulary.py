"""Which of the builtins a compiled rule names: no others are there for it."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.exposed import BUILTINS, PER_STEP

FIXED = {name: value for name, (value, _) in BUILTINS.items()}


class Vocabulary(NamedTuple):
    """A rule can name a builtin in its code only. To make all of them for every step would cost more than an ordinary
    rule."""

    fixed: Mapping[str, Any]
    made: tuple[str, ...]  # anew for every step: rows of `PER_STEP`


def vocabulary(code: types.CodeType) -> Vocabulary:
    return of_words(_words(code))


def of_words(words: Iterable[str]) -> Vocabulary:
    named = set(words)
    # Its opcode names it, and no code does.
    fixed = {name: FIXED[name] for name in FIXED.keys() & named} | {"__build_class__": __build_class__}
    return Vocabulary(fixed, tuple(sorted(PER_STEP.keys() & named)))


def _words(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _words(constant)
