"""The policy that compiles rules: RestrictedPython's rewriter with ordinary Python let back in.

Every node is looked up in the table of the language, and every identifier in the tree is checked, whatever
visitor the node has. The rewrites below are the relaxations, each one with the reason it is safe. Iteration and
unpacking stay native: guards on them would protect nothing, since no object that a rule can hold hides items
from it.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from RestrictedPython.transformer import INSPECT_ATTRIBUTES, IOPERATOR_TO_STR, RestrictingNodeTransformer

from sandbox.advice import UNAVAILABLE_MAGIC
from sandbox.checks import attribute_place
from sandbox.language import (
    ALLOWED,
    ATTRIBUTE_PATTERN,
    MAGIC_METHODS,
    MATCHED_WHOLE,
    MODULE_NAMES,
    REFUSED,
    SYNTAX,
    TEXT_FIELDS,
    refused_name,
)
from sandbox.wire import Problem

SUPER_ADVICE = "write `super().method(...)` directly in a method of a class"

LONGEST_F_STRING = 16  # parts; of more than 30 CPython makes something else
# CPython 3.12 and 3.13 write past the end of a table when they compile comprehensions in comprehensions: each takes
# a place, and each `try` around them up to three. There are 20, of which a generator has one.
MOST_HANDLERS = 18


class RulePolicy(RestrictingNodeTransformer):
    """Rewrites a rule's tree, collecting all problems. Columns count bytes of UTF-8, as the tree does."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[Problem] = []
        self._place: ast.AST = ast.Pass(lineno=1, col_offset=0)  # the innermost node that has a position
        self._in_class = False
        self._self: str | None = None  # the first parameter, directly in a method
        self._class_of: ast.Attribute | None = None  # what is asked for its `__name__`
        self._handlers = 0  # places for exception handlers that are taken here

    # How problems are said

    def problem(self, node: ast.AST, code: str, message: str) -> None:
        place: Any = node if hasattr(node, "col_offset") else self._place
        self.problems.append(Problem(line=place.lineno, column=place.col_offset + 1, code=code, message=message))

    def error(self, node: Any, info: str) -> None:
        self.problem(node, "not_allowed", info[:1].lower() + info[1:].rstrip("."))

    def warn(self, node: Any, info: str) -> None:
        pass

    # Every node

    def visit(self, node: ast.AST) -> Any:
        """Look `node` up, check its identifiers, then carry out its rewrite. What is inside a refused node is looked
        at as well, so that all problems are told at once."""
        outer = self._place
        if hasattr(node, "col_offset"):
            self._place = node
        kind = type(node).__name__
        allowed, reason = SYNTAX.get(kind, (REFUSED, f"`{kind}` is not part of the language of rules"))
        self._check_identifiers(node, kind)
        if allowed is ALLOWED:
            # Not by way of the base class, which would cost a frame on every level of nesting.
            node = getattr(self, f"visit_{kind}", self.generic_visit)(node)
        else:
            self.problem(node, "syntax_not_allowed", reason)
            node = self.node_contents_visit(node)
        self._place = outer
        return node

    def generic_visit(self, node: ast.AST) -> Any:
        """A node of the table without a visitor of RestrictedPython's or ours: its parts are looked at."""
        return self.node_contents_visit(node)

    def not_allowed(self, node: ast.AST) -> None:
        self.problem(node, "syntax_not_allowed", f"`{type(node).__name__}` is not part of the language of rules")

    # Names

    def _check_identifiers(self, node: ast.AST, kind: str) -> None:
        for field, value in ast.iter_fields(node):
            if (kind, field) in TEXT_FIELDS:
                continue
            for name in value if type(value) is list else [value]:
                if type(name) is str:
                    self._check_identifier(node, name)

    def _check_identifier(self, node: ast.AST, name: str) -> None:
        read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        if name == "super" and not isinstance(node, ast.keyword):
            self.problem(node, "name_not_available", f"`super` is part of the language: {SUPER_ADVICE}")
        elif not (read and name in MODULE_NAMES):
            self.check_name(node, name)

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        if name is None or (allow_magic_methods and self._in_class and name in MAGIC_METHODS):
            return
        reason = _refused(name)
        if reason is not None:
            self.problem(node, "name_not_allowed", reason)

    def visit_Name(self, node: ast.Name) -> Any:
        self.visit(node.ctx)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> Any:
        return node

    def inject_print_collector(self, node: Any, position: int = 0) -> None:
        """Nothing: `print` is an ordinary function here, which writes to the trace."""

    # Attributes, items and calls

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self._check_attribute(node)
        self.visit(node.ctx)
        if node.attr == "__name__" and isinstance(node.value, ast.Attribute):
            self._class_of = node.value  # `error.__class__.__name__`
        holder = self.visit(node.value)
        if isinstance(node.ctx, ast.Load):
            return _call(_at_name(node, node), "_getattr_", holder, _constant(node, node.attr))
        node.value = _call(node.value, "_write_", holder)
        return node

    def _check_attribute(self, node: ast.Attribute) -> None:
        """Whether `node.attr` may be written. Names with one underscore in front are decided on by the guards, which
        know them on objects of a rule's classes and as keys of dicts only."""
        name = node.attr
        if _is_super(node.value) and name in MAGIC_METHODS and isinstance(node.ctx, ast.Load):
            return  # found in the rule's own classes, or in the short list of `sandbox.classes`
        if name == "__name__" and isinstance(node.ctx, ast.Load):
            return  # of a class, as in `type(error).__name__`: the guards know it of nothing else
        of_self = isinstance(node.value, ast.Name) and node.value.id == self._self
        if name == "__class__" and isinstance(node.ctx, ast.Load) and (of_self or node is self._class_of):
            return  # the guards know it of a rule's objects and of exceptions only
        if name == "_" or name in INSPECT_ATTRIBUTES:
            reason: str | None = f"`{name}` is not available in rules"
        else:
            reason = _refused(name)
        if reason is not None:
            if name == "__init__" and isinstance(node.ctx, ast.Load):
                reason += ": write `super().__init__(...)`"
            if not (name.startswith("__") or name in INSPECT_ATTRIBUTES):
                reason += f'; a field of that name is `["{name}"]`'
            line, column = attribute_place(node)
            text = f"the attribute {reason}"
            self.problems.append(Problem(line=line, column=column, code="attribute_not_allowed", message=text))

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        self.visit(node.ctx)
        holder = self.visit(node.value)
        key = self.visit(node.slice)
        if isinstance(node.ctx, ast.Load):
            return _call(node, "_getitem_", holder, key)
        node.value, node.slice = _call(node.value, "_write_", holder), key
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        """A call stays as it is. `super()` becomes a hook, which looks in the rule's own classes only."""
        if not _is_super(node):
            if isinstance(node.func, ast.Attribute):
                ast.copy_location(node, _at_name(node, node.func))
            return self.node_contents_visit(node)
        if node.args:
            return _call(node, "_super_", *[self.visit(argument) for argument in node.args])
        if self._self is None:
            self.problem(node, "name_not_available", f"`super()` has no object here: {SUPER_ADVICE}")
            return node
        return _call(node, "_super_", _name(node, "__class__"), _name(node, self._self))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        """A long f-string becomes one of f-strings: the compiler would put `"".join` in its place, and reading an
        attribute natively is what no rule's code may do."""
        node = self.node_contents_visit(node)
        while len(node.values) > LONGEST_F_STRING:
            node.values = [
                ast.copy_location(
                    ast.FormattedValue(
                        ast.copy_location(ast.JoinedStr(node.values[first : first + LONGEST_F_STRING]), node), -1, None
                    ),
                    node,
                )
                for first in range(0, len(node.values), LONGEST_F_STRING)
            ]
        return node

    # Assignments

    def visit_Assign(self, node: ast.Assign) -> Any:
        """Native, with guarded places: the right side is evaluated once, however many targets there are."""
        node = self.node_contents_visit(node)
        return self.stored(node)

    def stored(self, node: ast.Assign) -> ast.stmt:
        """The statement in its cheapest form.

        To a single place: one call, whose arguments stand in the order in which Python evaluates them. A new list or
        dict that gets a name is noted as the rule's own: whether it stands in the data is asked at every change of it,
        and a search for it costs more than an ordinary rule.
        """
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name) and isinstance(value, ast.List | ast.Dict | ast.ListComp | ast.DictComp):
            node.value = _call(value, "_own_", value)
        if len(node.targets) > 1 or not isinstance(target, ast.Subscript | ast.Attribute):
            return node
        holder = target.value
        if not (isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name) and holder.func.id == "_write_"):
            return node  # a problem was told
        (inner,) = holder.args
        if isinstance(target, ast.Subscript):
            put = _call(target, "_put_", value, inner, target.slice)
        else:
            put = _call(target, "_put_attribute_", value, inner, _constant(target, target.attr))
        return ast.copy_location(ast.Expr(put), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """An annotation would be executed, so it is dropped. What Python does besides stays: a name becomes local,
        and the parts of a place are evaluated."""
        target, value = self.visit(node.target), node.value and self.visit(node.value)
        if value is not None:
            return self.stored(ast.copy_location(ast.Assign([target], value), node))
        if isinstance(target, ast.Name):
            if not node.simple:
                return ast.copy_location(ast.Pass(), node)
            never = ast.copy_location(ast.Assign([target], _constant(node, None)), node)
            return ast.copy_location(ast.If(_constant(node, False), [never], []), node)
        holder = target.value
        parts = [*(holder.args if isinstance(holder, ast.Call) else [holder])]  # without the `_write_` around it
        if isinstance(target, ast.Subscript):
            parts.append(target.slice)
        return [ast.copy_location(ast.Expr(part), node) for part in parts]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """`o[k] += v` becomes a guarded read and a guarded write, with `o` and `k` evaluated once and in order.

        The values in between have names that no rule can write.
        """
        target = node.target
        operator = _constant(node, IOPERATOR_TO_STR[type(node.op)])
        self.visit(node.op)
        if isinstance(target, ast.Name):
            self.visit(target)
            new = _call(node, "_inplacevar_", operator, _name(target, target.id), self.visit(node.value))
            return ast.copy_location(ast.Assign([target], new), node)
        holder = self.gen_tmp_name()
        before = [_assign(target.value, holder, self.visit(target.value))]
        place: ast.Attribute | ast.Subscript
        if isinstance(target, ast.Attribute):
            self._check_attribute(target)
            read = _call(_at_name(target, target), "_getattr_", _name(target, holder), _constant(target, target.attr))
            place = ast.Attribute(_call(target, "_write_", _name(target, holder)), target.attr, ast.Store())
        else:
            key = self.gen_tmp_name()
            before.append(_assign(target.slice, key, self.visit(target.slice)))
            read = _call(target, "_getitem_", _name(target, holder), _name(target, key))
            place = ast.Subscript(_call(target, "_write_", _name(target, holder)), _name(target, key), ast.Store())
        new = _call(node, "_inplacevar_", operator, read, self.visit(node.value))
        return [*before, self.stored(ast.copy_location(ast.Assign([ast.copy_location(place, target)], new), node))]

    # Control flow

    def guard_iter(self, node: Any) -> Any:
        if getattr(node, "is_async", 0):
            self.problem(node.target, "syntax_not_allowed", SYNTAX["AsyncFor"][1])
        return self.node_contents_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        """A bare `except` must not see the time limit, so it means `except Exception`."""
        node = self.node_contents_visit(node)
        if node.type is None:
            node.type = _name(node, "_Exception_")
        return node

    def visit_Try(self, node: ast.Try) -> Any:
        """What leaves `finally` would drop the time limit that is on its way through it."""
        for statement in node.finalbody:
            for jump in _jumps(statement, in_loop=False):
                word = "yield" if isinstance(jump, ast.Yield | ast.YieldFrom) else type(jump).__name__.lower()
                self.problem(
                    jump,
                    "syntax_not_allowed",
                    f"`{word}` would leave `finally` and swallow the time limit: move it behind the `try`",
                )
        self._handlers += 3
        node = self.node_contents_visit(node)
        self._handlers -= 3
        return node

    def visit_ListComp(self, node: ast.ListComp) -> Any:
        return self._visit_comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> Any:
        return self._visit_comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        return self._visit_comprehension(node)

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp) -> Any:
        self._handlers += 1
        if self._handlers > MOST_HANDLERS:
            self.problem(node, "too_complex", "comprehensions are nested too deeply: write loops, or a function")
        node = self.node_contents_visit(node)
        self._handlers -= 1
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> Any:
        return self._visit_constants(node, [node.value], "case x if x == ...")

    def visit_MatchMapping(self, node: ast.MatchMapping) -> Any:
        return self._visit_constants(node, node.keys, "case x if ...")

    def visit_MatchClass(self, node: ast.MatchClass) -> Any:
        """`case str():` and `case int(n):` look at the type only. Every other class pattern reads attributes."""
        named = isinstance(node.cls, ast.Name)
        most = 1 if isinstance(node.cls, ast.Name) and node.cls.id in MATCHED_WHOLE else 0
        if not named or node.kwd_patterns or len(node.patterns) > most:
            self.problem(node, "syntax_not_allowed", ATTRIBUTE_PATTERN)
            return node
        return self.node_contents_visit(node)

    def _visit_constants(self, node: ast.AST, values: list[ast.expr], advice: str) -> Any:
        """Patterns read dotted names natively, so they hold constants only."""
        for value in values:
            if any(isinstance(part, ast.Attribute) for part in ast.walk(value)):
                text = f"a dotted name in a pattern: write `{advice}` instead"
                self.problem(value, "syntax_not_allowed", text)
                return node
        return self.node_contents_visit(node)

    # Imports

    def visit_Import(self, node: ast.Import) -> Any:
        return self.node_contents_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        if node.module == "__future__" and not node.level:
            return ast.copy_location(ast.Pass(), node)
        return self.node_contents_visit(node)

    def visit_alias(self, node: ast.alias) -> Any:
        if "*" in node.name:
            self.problem(
                node, "syntax_not_allowed", "a star imports nothing here: write the names, `from math import pi`"
            )
        return node

    # Functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.check_name(node, node.name, allow_magic_methods=True)
        if node.name == "super":
            self._check_identifier(node, node.name)
        node.returns = None
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.args = self.visit(node.args)
        for parameter in getattr(node, "type_params", ()):
            self.visit(parameter)
        with self._scope(in_class=False, first=_first_parameter(node) if self._in_class else None):
            node.body = self._visit_body(node.body)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        node.args = self.visit(node.args)
        with self._scope(in_class=False, first=None):
            node.body = self.visit(node.body)
        return node

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """The metaclass is ours: it decides on the bases, and on which methods are kept."""
        for keyword in node.keywords:
            self.problem(keyword, "syntax_not_allowed", "keywords in a class statement are not available")
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.bases = [self.visit(base) for base in node.bases]
        for part in (*node.keywords, *getattr(node, "type_params", ())):
            self.visit(part)
        with self._scope(in_class=True, first=None):
            node.body = self._visit_body(node.body)
        node.keywords = [ast.copy_location(ast.keyword("metaclass", _name(node, "__metaclass__")), node)]
        return node

    def _visit_body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        new: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            new.extend(result if isinstance(result, list) else [result])
        return new

    @contextlib.contextmanager
    def _scope(self, in_class: bool, first: str | None) -> Iterator[None]:
        outer = self._in_class, self._self, self._handlers
        self._in_class, self._self, self._handlers = in_class, first, 0
        try:
            yield
        finally:
            self._in_class, self._self, self._handlers = outer


# New nodes stand where the author's stand, so that a traceback names the author's line.


def _at_name(node: ast.expr, attribute: ast.Attribute) -> ast.AST:
    """A place for `node` that begins at the name behind the dot where this stands on another line than the object,
    as CPython has it."""
    line, column = attribute_place(attribute)
    if line == node.lineno:
        return node
    return ast.Pass(lineno=line, col_offset=column - 1, end_lineno=node.end_lineno, end_col_offset=node.end_col_offset)


def _name(at: ast.AST, name: str) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), at)


def _constant(at: ast.AST, value: object) -> ast.Constant:
    return ast.copy_location(ast.Constant(value), at)  # type: ignore[arg-type]


def _call(at: ast.AST, name: str, *args: ast.expr) -> ast.Call:
    return ast.copy_location(ast.Call(_name(at, name), list(args), []), at)


def _assign(at: ast.AST, name: str, value: ast.expr) -> ast.Assign:
    target = ast.copy_location(ast.Name(name, ast.Store()), at)
    return ast.copy_location(ast.Assign([target], value), at)


def _refused(name: str) -> str | None:
    """Why `name` cannot be written, with what to write instead where that is known."""
    reason, advice = refused_name(name), UNAVAILABLE_MAGIC.get(name)
    return f"{reason}: {advice}" if reason and advice else reason


def _is_super(node: ast.expr) -> bool:
    """Whether `node` is `super()`, or `super(Class, object)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "super"
        and len(node.args) in (0, 2)
        and not node.keywords
        and not any(isinstance(argument, ast.Starred) for argument in node.args)
    )


def _first_parameter(node: ast.FunctionDef) -> str | None:
    parameters = [*node.args.posonlyargs, *node.args.args]
    return parameters[0].arg if parameters else None


def _jumps(node: ast.AST, in_loop: bool) -> Iterable[ast.AST]:
    """What would leave `node`: `return`, `break`, `continue`, and `yield`, which may never come back."""
    if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.AsyncFunctionDef):
        return
    if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
        yield node
    if isinstance(node, ast.Break | ast.Continue) and not in_loop:
        yield node
    for field, value in ast.iter_fields(node):
        # The `else` of a loop is not in it.
        inside = in_loop or (isinstance(node, ast.For | ast.While) and field == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _jumps(child, inside)
