"""The names and simple paths on each line of a script (`user.app_metadata.plan`), and how one is followed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from sandbox.timeline import MOST_PATH, MOST_VALUES

MISSING = object()  # a dict or list has nothing there
UNKNOWN = object()  # nobody can say without running code of the rule
MOST_KEYS = 20


class Path(NamedTuple):
    """A name and the keys to go by from there, with the text that it is told by: `a.b.c`, whether it is written with
    dots, with brackets or with `get`."""

    text: str
    name: str
    keys: tuple[str | int, ...]


Paths = Mapping[int, tuple[Path, ...]]


def paths_by_line(source: str) -> Paths:
    """What stands on each line of a script that compiles, the longest path of each; nothing where it is nested too
    deeply to be read in a worker. What is only assigned to is left out, and what is called."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
    inside: set[ast.AST] = set()  # of a longer path
    called: set[ast.AST] = set()  # a function has no value to show, and a method is no member
    read: set[ast.AST] = set()  # though it is assigned to
    found: dict[int, dict[str, Path]] = {}
    for node in ast.walk(tree):  # from the outside in
        if isinstance(node, ast.Call):
            called.add(node.func)
        elif isinstance(node, ast.AugAssign):
            read.add(node.target)
        if node in called or (path := path_of(node)) is None:
            continue
        inside.update(_held(node))
        stored = isinstance(getattr(node, "ctx", None), ast.Store) and node not in read
        if node in inside or stored or len(path.text) > MOST_PATH or not path.text.isprintable():
            continue
        on_line = found.setdefault(node.lineno, {})  # type: ignore[attr-defined]
        if len(on_line) < MOST_VALUES:
            on_line[path.text] = path
    return {line: tuple(paths.values()) for line, paths in found.items()}


def path_of(node: ast.AST) -> Path | None:
    """The path that an expression is; None of another."""
    parts: list[str | int] = []
    for _ in range(MOST_KEYS):
        if isinstance(node, ast.Name):
            parts.reverse()
            text = "".join(f"[{part}]" if type(part) is int else f".{part}" for part in parts)
            return Path(node.id + text, node.id, tuple(parts))
        if isinstance(node, ast.Attribute):
            part: Any = node.attr
            node = node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            part, node = node.slice.value, node.value
        elif _is_get(node):
            assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            assert isinstance(node.args[0], ast.Constant)
            part, node = node.args[0].value, node.func.value
        else:
            return None
        if type(part) is not str and type(part) is not int:
            return None
        parts.append(part)
    return None


def member(value: Any, key: str | int) -> Any:
    """What plain data have under a key: something, `MISSING` or `UNKNOWN`.

    A dict that has a key of another type is not asked: the equality of such a key may be the rule's own code.
    """
    kind = type(value)
    if value is MISSING or value is None:
        return MISSING
    if kind is dict and type(key) is str and {*map(type, value)} <= {str}:
        return value.get(key, MISSING)
    if kind is list and type(key) is int:
        return value[key] if -len(value) <= key < len(value) else MISSING
    return UNKNOWN


def _is_get(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and type(node.args[0].value) is str
    )


def _held(node: ast.AST) -> list[ast.AST]:
    """What a path is written with, and is not shown by itself."""
    if _is_get(node):
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        return [node.func, node.func.value]
    if isinstance(node, ast.Attribute | ast.Subscript):
        return [node.value]
    return []
