"""Which names of a script are bound where, as Python's own rules of scope have it.

Annotations are not looked at: they are dropped before a rule is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator


class Scope:
    """A module, class, function or comprehension, and the names that it binds."""

    def __init__(self, node: ast.AST, outer: Scope | None) -> None:
        self.outer = outer
        self.is_class = isinstance(node, ast.ClassDef)
        self.is_comprehension = isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
        self.bound: set[str] = set()
        self.global_: set[str] = set()  # declared so


class Names:
    """All names of a script: where each is bound, and which reads find nothing."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope(tree, None)
        self.bindings: dict[str, list[ast.AST]] = {}  # in whatever scope
        self._reads: list[tuple[ast.Name, Scope]] = []
        self._visit_all(tree.body, self.module)

    def undefined(self, known: frozenset[str]) -> Iterator[ast.Name]:
        """The reads of names that neither the script nor `known` has."""
        for node, scope in self._reads:
            if node.id not in known and not self._finds(node.id, scope):
                yield node

    def _finds(self, name: str, scope: Scope) -> bool:
        at: Scope | None = scope
        while at is not None and at is not self.module:
            if name in at.global_:
                break
            if name in at.bound and (at is scope or not at.is_class):
                return True
            at = at.outer
        return name in self.module.bound

    def _bind(self, name: str | None, node: ast.AST, scope: Scope) -> None:
        if name is None:
            return
        self.bindings.setdefault(name, []).append(node)
        (self.module if name in scope.global_ else scope).bound.add(name)

    def _visit_all(self, nodes: list[ast.stmt] | list[ast.expr], scope: Scope) -> None:
        for statement in nodes:
            # A declaration stands before every use, so it is seen first.
            self._visit(statement, scope)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Name():
                if isinstance(node.ctx, ast.Load):
                    self._reads.append((node, scope))
                else:
                    self._bind(node.id, node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._bind(node.name, node, scope)
                self._visit_all(node.decorator_list, scope)
                self._visit_function(node, scope, node.body)
            case ast.Lambda():
                self._visit_function(node, scope, [node.body])
            case ast.ClassDef():
                self._bind(node.name, node, scope)
                for part in (*node.decorator_list, *node.bases, *node.keywords):
                    self._visit(part, scope)
                self._visit_all(node.body, Scope(node, scope))
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                inner = Scope(node, scope)
                self._visit(node.generators[0].iter, scope)  # in the outer scope, unlike all the rest
                for index, generator in enumerate(node.generators):
                    self._visit(generator.target, inner)
                    for part in (*([generator.iter] if index else []), *generator.ifs):
                        self._visit(part, inner)
                for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                    self._visit(part, inner)
            case ast.NamedExpr():
                self._visit(node.value, scope)
                outer = scope
                while outer.is_comprehension and outer.outer is not None:
                    outer = outer.outer
                self._bind(node.target.id, node, outer)
            case ast.Global():
                scope.global_.update(node.names)
            case ast.AnnAssign():
                if node.value is not None:
                    self._visit(node.value, scope)
                self._visit(node.target, scope)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    whole = alias.name if isinstance(node, ast.ImportFrom) else alias.name.partition(".")[0]
                    self._bind(alias.asname or whole, alias, scope)
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
                self._bind(node.name, node, scope)
                self._visit_parts(node, scope)
            case ast.MatchMapping():
                self._bind(node.rest, node, scope)
                self._visit_parts(node, scope)
            case _:
                self._visit_parts(node, scope)

    def _visit_function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        scope: Scope,
        body: list[ast.stmt] | list[ast.expr],
    ) -> None:
        arguments = node.args
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self._visit(default, scope)
        inner = Scope(node, scope)
        for parameter in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ):
            if parameter is not None:
                self._bind(parameter.arg, parameter, inner)
        self._visit_all(body, inner)

    def _visit_parts(self, node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)
