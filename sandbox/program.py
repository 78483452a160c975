"""A compiled rule as it travels: its code, its source, and which names stand on which line.

The source goes along so that a worker can show the line that failed without asking anybody. The names are those
that the author wrote, taken before the policy rewrites the tree: no hook and no temporary is among them.
"""

from __future__ import annotations

import ast
import marshal
import re
import types
from collections.abc import Mapping
from typing import NamedTuple

from sandbox.vocabulary import Vocabulary, vocabulary

LINE_END = re.compile(r"\r\n|\r|\n")  # as Python counts lines; `splitlines` would count more
Names = Mapping[int, tuple[str, ...]]
NO_MODULES: Mapping[str, types.CodeType] = {}


class Shared(NamedTuple):
    """A module of the tenant's that a rule imports."""

    code: types.CodeType
    vocabulary: Vocabulary


NONE_SHARED: Mapping[str, Shared] = {}


class Program(NamedTuple):
    code: types.CodeType
    source: str
    names: Names  # by line, in the order they stand there
    vocabulary: Vocabulary
    modules: Mapping[str, Shared]  # those that it imports, and that they import

    def lines(self) -> list[str]:
        return LINE_END.split(self.source)


def dump(code: types.CodeType, source: str, names: Names, modules: Mapping[str, types.CodeType] = NO_MODULES) -> bytes:
    return marshal.dumps((code, source, dict(names), dict(modules)))


def load(text: bytes) -> Program:
    """Only for what a compile child of ours has made: `marshal` believes what it reads."""
    code, source, names, modules = marshal.loads(text)  # noqa: S302  signed, and whoever reads it is confined
    shared = {name: Shared(part, vocabulary(part)) for name, part in modules.items()}
    return Program(code, source, names, vocabulary(code), shared)


def names_by_line(tree: ast.AST) -> Names:
    """The variables on each line of a tree that is not yet rewritten."""
    found: dict[int, list[tuple[int, str]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.setdefault(node.lineno, []).append((node.col_offset, node.id))
    return {line: tuple(dict.fromkeys(name for _, name in sorted(found[line]))) for line in sorted(found)}
