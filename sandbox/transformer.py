"""The policy that compiles rules: RestrictedPython's rewriter with ordinary Python let back in.

Every relaxation is one small method with the reason it is safe. Iteration and unpacking stay native: guards on
them would protect nothing, since no object that a rule can hold hides items from it.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from RestrictedPython.transformer import (
    INSPECT_ATTRIBUTES,
    IOPERATOR_TO_STR,
    RestrictingNodeTransformer,
    copy_locations,
)

from sandbox.language import ALLOWED_SYNTAX, MAGIC_METHODS, REFUSED_SYNTAX
from sandbox.wire import Problem

HOOKS = frozenset({"_getattr_", "_getitem_", "_write_", "_inplacevar_", "_Exception_", "__metaclass__"})


class RulePolicy(RestrictingNodeTransformer):
    """Rewrites a rule's tree, collecting all problems with their positions."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[Problem] = []

    # How problems are said

    def problem(self, node: Any, code: str, message: str) -> None:
        self.problems.append(
            Problem(
                line=getattr(node, "lineno", 1),
                column=getattr(node, "col_offset", 0) + 1,
                code=code,
                message=message,
            )
        )

    def error(self, node: Any, info: str) -> None:
        self.problem(node, "not_allowed", info[:1].lower() + info[1:].rstrip("."))

    def warn(self, node: Any, info: str) -> None:
        pass

    def not_allowed(self, node: ast.AST) -> None:
        kind = type(node).__name__
        reason = REFUSED_SYNTAX.get(kind, f"`{kind}` is not part of the language of rules")
        self.problem(node, "syntax_not_allowed", reason)

    def generic_visit(self, node: ast.AST) -> Any:
        if type(node).__name__ in ALLOWED_SYNTAX:
            return self.node_contents_visit(node)
        self.not_allowed(node)
        return node

    # Names

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        if name is None or name == "_":
            return
        if name.startswith("_"):
            if allow_magic_methods and name in MAGIC_METHODS and self._in_class:
                return
            if name.startswith("__") and name.endswith("__"):
                self.problem(node, "name_not_allowed", f"`{name}` is not available in rules")
            else:
                plain = name.strip("_") or "name"
                self.problem(
                    node,
                    "name_not_allowed",
                    f"`{name}` begins with an underscore, which is kept for the sandbox: name it `{plain}`",
                )
        elif name.endswith("__roles__"):
            self.problem(node, "name_not_allowed", f"`{name}` is not available in rules")

    def visit_Name(self, node: ast.Name) -> Any:
        self.check_name(node, node.id)
        return node

    def visit_Global(self, node: ast.Global) -> Any:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> Any:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_keyword(self, node: ast.keyword) -> Any:
        self.check_name(node, node.arg)
        return self.node_contents_visit(node)

    def inject_print_collector(self, node: Any, position: int = 0) -> None:
        """Nothing: `print` is an ordinary function here, which writes to the trace."""

    # Attributes, items and calls

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if self._check_attribute(node, node.attr):
            return super().visit_Attribute(node)
        return self.node_contents_visit(node)

    def _check_attribute(self, node: ast.AST, name: str) -> bool:
        if name.startswith("_") or name.endswith("__roles__") or name in INSPECT_ATTRIBUTES:
            inner = name.startswith("__") or name in INSPECT_ATTRIBUTES
            advice = "" if inner else f': write `["{name}"]` for a field of that name'
            self.problem(node, "attribute_not_allowed", f"the attribute `{name}` is not available in rules{advice}")
            return False
        return True

    def visit_Call(self, node: ast.Call) -> Any:
        return self.node_contents_visit(node)

    # Assignments

    def visit_Assign(self, node: ast.Assign) -> Any:
        return self.node_contents_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """An annotation would be executed, so it is dropped."""
        if node.value is None:
            self.visit(node.target)
            new: ast.stmt = ast.Pass()
        else:
            new = ast.Assign(targets=[self.visit(node.target)], value=self.visit(node.value))
        copy_locations(new, node)
        return new

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """`o[k] += v` becomes a guarded read and a guarded write, with `o` and `k` evaluated once."""
        operator = ast.Constant(IOPERATOR_TO_STR[type(node.op)])
        value = self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            self.check_name(target, target.id)
            new: list[ast.stmt] = [
                ast.Assign([target], _call("_inplacevar_", operator, ast.Name(target.id, ast.Load()), value))
            ]
        elif isinstance(target, ast.Attribute):
            holder = self.gen_tmp_name()
            self._check_attribute(target, target.attr)
            read = _call("_getattr_", ast.Name(holder, ast.Load()), ast.Constant(target.attr))
            store = ast.Attribute(_call("_write_", ast.Name(holder, ast.Load())), target.attr, ast.Store())
            new = [
                ast.Assign([ast.Name(holder, ast.Store())], self.visit(target.value)),
                ast.Assign([store], _call("_inplacevar_", operator, read, value)),
            ]
        else:
            holder, key = self.gen_tmp_name(), self.gen_tmp_name()
            read = _call("_getitem_", ast.Name(holder, ast.Load()), ast.Name(key, ast.Load()))
            place = ast.Subscript(
                _call("_write_", ast.Name(holder, ast.Load())), ast.Name(key, ast.Load()), ast.Store()
            )
            new = [
                ast.Assign([ast.Name(holder, ast.Store())], self.visit(target.value)),
                ast.Assign([ast.Name(key, ast.Store())], self.visit(target.slice)),
                ast.Assign([place], _call("_inplacevar_", operator, read, value)),
            ]
        for statement in new:
            ast.copy_location(statement, node)
            ast.fix_missing_locations(statement)
        return new

    # Control flow

    def guard_iter(self, node: Any) -> Any:
        return self.node_contents_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        """A bare `except` must not see the time limit, so it means `except Exception`."""
        self.check_name(node, node.name)
        node = self.node_contents_visit(node)
        if node.type is None:
            node.type = ast.copy_location(ast.Name("_Exception_", ast.Load()), node)
        return node

    def visit_Try(self, node: ast.Try) -> Any:
        for statement in node.finalbody:
            for jump in _jumps(statement, in_loop=False):
                word = type(jump).__name__.lower()
                self.problem(
                    jump,
                    "syntax_not_allowed",
                    f"`{word}` would leave `finally` and swallow the time limit: move it behind the `try`",
                )
        return self.node_contents_visit(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> Any:
        if any(isinstance(part, ast.Attribute) for part in ast.walk(node.value)):
            self.problem(node, "syntax_not_allowed", "a dotted name in a pattern: write `case x if x == ...` instead")
            return node
        return self.node_contents_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> Any:
        self.check_name(node, node.name)
        return node

    def visit_MatchAs(self, node: ast.MatchAs) -> Any:
        self.check_name(node, node.name)
        return self.node_contents_visit(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> Any:
        self.check_name(node, node.rest)
        if any(isinstance(part, ast.Attribute) for key in node.keys for part in ast.walk(key)):
            self.problem(node, "syntax_not_allowed", "a dotted name in a pattern: write `case x if ...` instead")
            return node
        return self.node_contents_visit(node)

    def visit_With(self, node: ast.With) -> Any:
        self.not_allowed(node)
        return node

    def visit_TemplateStr(self, node: ast.AST) -> Any:
        self.not_allowed(node)
        return node

    visit_Interpolation = visit_TemplateStr

    # Imports

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        if node.module == "__future__":
            return ast.copy_location(ast.Pass(), node)
        return super().visit_ImportFrom(node)

    # Functions and classes

    _in_class = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.check_name(node, node.name, allow_magic_methods=True)
        node.returns = None
        self._refuse_type_parameters(node)
        return self._visit_function(node)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return self._visit_function(node)

    def _visit_function(self, node: Any) -> Any:
        self.check_function_argument_names(node)
        with self._scope(in_class=False):
            return self.node_contents_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.check_name(node, node.name)
        self._refuse_type_parameters(node)
        if node.keywords:
            self.problem(node, "syntax_not_allowed", "keywords in a class statement are not available")
            node.keywords = []
        with self._scope(in_class=True):
            node = self.node_contents_visit(node)
        metaclass = ast.keyword("metaclass", ast.Name("__metaclass__", ast.Load()))
        node.keywords = [metaclass]
        ast.copy_location(metaclass, node)
        ast.fix_missing_locations(node)
        return node

    def _refuse_type_parameters(self, node: Any) -> None:
        if getattr(node, "type_params", None):
            self.problem(node, "syntax_not_allowed", "type parameters are not available: leave them out")

    @contextlib.contextmanager
    def _scope(self, in_class: bool) -> Iterator[None]:
        outer, self._in_class = self._in_class, in_class
        try:
            yield
        finally:
            self._in_class = outer


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def _jumps(node: ast.AST, in_loop: bool) -> Iterable[ast.AST]:
    """The statements below `node` that would leave it by `return`, `break` or `continue`."""
    if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.AsyncFunctionDef):
        return
    if isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not in_loop):
        yield node
    for field, value in ast.iter_fields(node):
        # The `else` of a loop is not in it.
        inside = in_loop or (isinstance(node, ast.For | ast.While) and field == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _jumps(child, inside)
