"""What a script says, without running it: where it sets claims, and on what that depends.

Made in the compile child, from the author's own text, before the policy rewrites it. It follows what a reader would
follow: names that are assigned once, `context.idToken` by whatever name it goes, helper functions that are given it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from sandbox.wire import (
    MOST_GUARDS,
    MOST_OUTLINED,
    MOST_TEXT,
    Guard,
    GuardKind,
    Outline,
    Reading,
    Setting,
    SettingOp,
    Token,
)

TOKENS: dict[str, Token] = {"idToken": "idToken", "accessToken": "accessToken"}

Path = tuple[str, ...]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def outline(source: str) -> Outline:
    """The outline of a script that compiles; an empty one of another."""
    try:
        tree = ast.parse(source)
        found = _Reader(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Outline()
    lines = sorted({node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt) and not _is_silent(node)})
    return Outline(lines=lines, settings=found.settings[:MOST_OUTLINED], reads=found.reads[:MOST_OUTLINED])


class _Names:
    """What names stand for in one function: a place below `user` or `context`, or a constant text. A name that is
    assigned more than once stands for nothing."""

    def __init__(self, outer: _Names | None, paths: dict[str, Path], body: Iterable[ast.AST]) -> None:
        self._outer = outer
        self._paths = paths
        self._texts: dict[str, str] = {}
        nodes = [node for statement in body for node in _own(statement)]
        counts = Counter(name for node in nodes for name in _assigned(node))
        self._hidden = {name for name, count in counts.items() if count > 1 or name in paths}
        for name in self._hidden:
            self._paths.pop(name, None)
        for node in nodes:
            if (
                isinstance(node, ast.Assign)
                and len(node.targets) == 1
                and isinstance(target := node.targets[0], ast.Name)
            ):
                if target.id in self._hidden:
                    continue
                if (path := self.path(node.value)) is not None:
                    self._paths[target.id] = path
                elif (text := self.text(node.value)) is not None:
                    self._texts[target.id] = text
                else:
                    self._hidden.add(target.id)

    def path(self, node: ast.AST) -> Path | None:
        """The place that an expression reads, as in `context.request.query.get("prompt")`."""
        if isinstance(node, ast.Name):
            if node.id in self._paths:
                return self._paths[node.id]
            return None if self._outer is None or node.id in self._hidden else self._outer.path(node)
        holder: ast.AST
        if isinstance(node, ast.Attribute):
            holder, name = node.value, node.attr
        elif isinstance(node, ast.Subscript):
            text = self.text(node.slice)
            if text is None:
                return None
            holder, name = node.value, text
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("get", "setdefault")
        ):
            text = self.text(node.args[0]) if node.args else None
            if text is None:
                return None
            holder, name = node.func.value, text
        else:
            return None
        above = self.path(holder)
        return None if above is None else (*above, name)

    def text(self, node: ast.AST) -> str | None:
        """The text that an expression always is."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            if node.id in self._texts:
                return self._texts[node.id]
            return None if self._outer is None or node.id in self._hidden else self._outer.text(node)
        parts: Sequence[ast.AST]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = (node.left, node.right)
        elif isinstance(node, ast.JoinedStr):
            parts = node.values
        elif isinstance(node, ast.FormattedValue) and node.conversion == -1 and node.format_spec is None:
            parts = (node.value,)
        else:
            return None
        texts = [self.text(part) for part in parts]
        return None if any(text is None for text in texts) else "".join(text or "" for text in texts)


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self.settings: list[Setting] = []
        self.reads: list[Reading] = []
        self._functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self._module = _Names(None, {}, tree.body)
        self._given: dict[str, dict[str, Path]] = {}
        main = self._functions.get("rule")
        if main is None:
            return
        self._given["rule"] = dict(zip((arg.arg for arg in main.args.args), (("user",), ("context",)), strict=False))
        self._waiting: list[tuple[str, tuple[Guard, ...]]] = [("rule", ())]
        done: set[str] = set()
        while self._waiting:
            name, guards = self._waiting.pop(0)
            if name in done:
                continue
            done.add(name)
            # Called from one place, it runs when that does.
            once = sum(called == name for called, _ in self._waiting) == 0
            self._function(name, self._functions[name], guards if once else ())
        self.settings.sort(key=lambda setting: setting.line)
        self.reads = sorted({*self.reads}, key=lambda read: (read.line, read.path))

    def _function(self, name: str, node: ast.FunctionDef, guards: tuple[Guard, ...]) -> None:
        self._in = name
        self._block(node.body, _Names(self._module, dict(self._given.get(name, {})), node.body), guards)

    def _block(self, statements: Sequence[ast.stmt], names: _Names, guards: tuple[Guard, ...]) -> None:
        for statement in statements:
            self._statement(statement, names, guards)
            if isinstance(statement, ast.If):
                for body, wanted in ((statement.body, False), (statement.orelse, True)):
                    if (end := _end(body)) is not None:
                        guards = (*guards, _guard(statement.test, end, wanted))
                        break

    def _statement(self, node: ast.stmt, names: _Names, guards: tuple[Guard, ...]) -> None:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if isinstance(node, ast.FunctionDef):
                self._block(node.body, _Names(names, {}, node.body), guards)
            return
        for expression in _expressions(node):
            self._expression(expression, node, names, guards)
        if isinstance(node, ast.If):
            self._block(node.body, names, (*guards, _guard(node.test, "if", True)))
            self._block(node.orelse, names, (*guards, _guard(node.test, "if", False)))
        elif isinstance(node, ast.While):
            self._block(node.body, names, (*guards, _guard(node.test, "while", True)))
            self._block(node.orelse, names, guards)
        elif isinstance(node, ast.For):
            self._block(node.body, names, (*guards, _guard(node.iter, "for", True)))
            self._block(node.orelse, names, guards)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                text = _cut(f"{ast.unparse(node.subject)}: case {ast.unparse(case.pattern)}")
                here = Guard(line=node.lineno, kind="match", test=text)
                extra = () if case.guard is None else (_guard(case.guard, "if", True),)
                self._block(case.body, names, (*guards, here, *extra))
        elif isinstance(node, ast.Try):
            self._block(node.body, names, guards)
            for handler in node.handlers:
                text = _cut(ast.unparse(handler.type)) if handler.type is not None else ""
                self._block(handler.body, names, (*guards, Guard(line=node.lineno, kind="except", test=text)))
            self._block(node.orelse, names, guards)
            self._block(node.finalbody, names, guards)
        elif isinstance(node, ast.With):
            self._block(node.body, names, guards)
        for target, op in _targets(node):
            self._target(target, op, node, names, guards)

    def _expression(self, expression: ast.AST, node: ast.stmt, names: _Names, guards: tuple[Guard, ...]) -> None:
        called = {id(part.func) for part in ast.walk(expression) if isinstance(part, ast.Call)}
        for part in ast.walk(expression):
            if isinstance(part, ast.Call):
                self._call(part, node, names, guards)
            if id(part) in called:
                continue  # a method is no member of what it is asked of
            path = names.path(part)
            if path is not None and len(path) > 1 and not _is_store(part):
                self.reads.append(Reading(part.lineno, _cut(_pointer(path))))  # type: ignore[attr-defined]

    def _call(self, call: ast.Call, node: ast.stmt, names: _Names, guards: tuple[Guard, ...]) -> None:
        if isinstance(call.func, ast.Name) and call.func.id in self._functions and call.func.id != "rule":
            parameters = [arg.arg for arg in self._functions[call.func.id].args.args]
            given = [(name, names.path(value)) for name, value in zip(parameters, call.args, strict=False)]
            given += [(keyword.arg or "", names.path(keyword.value)) for keyword in call.keywords]
            known = self._given.setdefault(call.func.id, {})
            known |= {name: path for name, path in given if path is not None}
            self._waiting.append((call.func.id, guards))
            return
        if not isinstance(call.func, ast.Attribute):
            return
        token = _token(names.path(call.func.value))
        if token is None:
            return
        method = call.func.attr
        first = names.text(call.args[0]) if call.args else None
        if method == "setdefault":
            self._set(token, first, "set", node, guards)
        elif method in ("pop", "popitem", "clear"):
            self._set(token, first, "remove", node, guards)
        elif method == "update":
            keys = [keyword.arg for keyword in call.keywords]
            if call.args:
                keys += _keys(call.args[0], names)
            for key in keys:
                self._set(token, key, "set", node, guards)

    def _target(self, target: ast.AST, op: SettingOp, node: ast.stmt, names: _Names, guards: tuple[Guard, ...]) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._target(part, op, node, names, guards)
            return
        if isinstance(target, ast.Subscript):
            holder, claim = names.path(target.value), names.text(target.slice)
        elif isinstance(target, ast.Attribute):
            holder, claim = names.path(target.value), target.attr
        else:
            return
        token = _token(holder)
        if token is not None:
            self._set(token, claim, op, node, guards)
        elif holder == ("context",) and claim in TOKENS and isinstance(node, ast.Assign):
            self._set(TOKENS[claim], None, "remove", node, guards)
            for key in _keys(node.value, names):
                self._set(TOKENS[claim], key, "set", node, guards)

    def _set(self, token: Token, claim: str | None, op: SettingOp, node: ast.stmt, guards: tuple[Guard, ...]) -> None:
        self.settings.append(
            Setting(
                line=node.lineno,
                token=token,
                claim=None if claim is None else _cut(claim),
                op=op,
                text=_cut(ast.unparse(node).partition("\n")[0]),
                function=_cut(self._in),
                guards=list(guards[:MOST_GUARDS]),
            )
        )


def _is_silent(node: ast.stmt) -> bool:
    """Whether no code is made of a statement: a text that stands alone, a declaration, a bare annotation."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Global | ast.Nonlocal) or (isinstance(node, ast.AnnAssign) and node.value is None)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, but not what is inside of another function or class."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def _assigned(node: ast.AST) -> Iterator[str]:
    """The names that a node gives a value."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id  # twice with the one above: it is never constant
    elif isinstance(node, ast.For | ast.comprehension):
        yield from (name.id for name in ast.walk(node.target) if isinstance(name, ast.Name))


def _expressions(node: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement itself, without the statements inside of it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.keyword | ast.withitem):
            yield child


def _targets(node: ast.stmt) -> Iterator[tuple[ast.AST, SettingOp]]:
    if isinstance(node, ast.Assign):
        yield from ((target, "set") for target in node.targets)
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For):
        yield node.target, "set"
    elif isinstance(node, ast.Delete):
        yield from ((target, "remove") for target in node.targets)


def _keys(node: ast.AST, names: _Names) -> list[str | None]:
    """The keys of what an expression makes a dict of; None for each that cannot be told."""
    if isinstance(node, ast.Dict):
        return [None if key is None else names.text(key) for key in node.keys]
    return [None]


def _token(path: Path | None) -> Token | None:
    return TOKENS.get(path[1]) if path is not None and len(path) == 2 and path[0] == "context" else None


def _is_store(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def _end(body: Sequence[ast.stmt]) -> Literal["return", "raise"] | None:
    """How a block leaves what stands behind it, if it always does."""
    if not body:
        return None
    last = body[-1]
    if isinstance(last, ast.Raise):
        return "raise"
    return "return" if isinstance(last, ast.Return | ast.Continue | ast.Break) else None


def _guard(test: ast.expr, kind: GuardKind, wanted: bool) -> Guard:
    return Guard(line=test.lineno, kind=kind, test=_cut(ast.unparse(test)), wanted=wanted)


def _pointer(path: Path) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3] + "..."
