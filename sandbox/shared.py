"""The modules of a tenant that one step imports: each run once for it, in names of its own.

They are made anew for every step, so that what a rule does to a module is gone with the rule: nothing that has
behaviour gets from one rule to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.modules import Module
from sandbox.program import Shared
from sandbox.vocabulary import Vocabulary


class SharedModules:
    def __init__(self, programs: Mapping[str, Shared], names: Callable[[Vocabulary], dict[str, Any]]) -> None:
        """`names` makes the globals of one of them."""
        self._programs = programs
        self._names = names
        self._made: dict[str, Module] = {}
        self._globals: list[dict[str, Any]] = []

    def module(self, name: str) -> Module:
        """Raises what the module's own statements raise."""
        made = self._made.get(name)
        if made is None:
            shared = self._programs[name]
            namespace = self._names(shared.vocabulary)
            ours = frozenset(namespace)
            self._globals.append(namespace)
            exec(shared.code, namespace)  # noqa: S102  as a rule is
            made = Module(name, {word: value for word, value in namespace.items() if word not in ours})
            self._made[name] = made
        return made

    def clear(self) -> None:
        """Their functions and their globals hold each other no more."""
        for namespace in self._globals:
            namespace.clear()
