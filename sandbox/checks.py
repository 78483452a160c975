"""What is wrong with a rule's tree though every part of it may be written: each would fail in a login.

`nodes` are all of the tree, since walking through it takes time. Columns count bytes of UTF-8, as the tree does; the
compiler turns them into characters.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from sandbox.advice import JAVASCRIPT_METHODS, UNAVAILABLE, UNAVAILABLE_MODULES
from sandbox.exposed import NAMES
from sandbox.language import MODULE_NAMES, is_own_name
from sandbox.members import MEMBERS, UNAVAILABLE_MEMBERS
from sandbox.scopes import Names
from sandbox.wire import MOST_MENTIONS, Mention, Problem

Known = Mapping[str, Collection[str] | None]  # modules, and the names that each has, where that is known
KNOWN = NAMES | MODULE_NAMES.keys() | {"super"}  # the policy says where `super` may stand
PYTHON_NAMES = frozenset(dir(builtins))


def rule_function(tree: ast.Module) -> Iterator[Problem]:
    """A script has one function `rule(user, context)` or `rule(user, context, callback)` at its top level."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "rule"]
    if not found:
        elsewhere = next(
            (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == "rule"),
            None,
        )
        if isinstance(elsewhere, ast.AsyncFunctionDef):
            return  # the policy says so
        place = f"`rule` on line {elsewhere.lineno} is not at the top level: " if elsewhere else ""
        yield at(
            elsewhere or tree,
            "no_rule_function",
            f"{place}a script needs a function `def rule(user, context):` at its top level",
        )
    for node in found[1:]:
        yield at(node, "second_rule_function", f"`rule` is defined already on line {found[0].lineno}: keep one of them")
    for node in found:
        args = node.args
        count = len(args.posonlyargs) + len(args.args)
        if count not in (2, 3) or args.vararg or args.kwarg or args.kwonlyargs or args.defaults:
            yield at(
                node,
                "wrong_arguments",
                "`rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
            )
        if node.decorator_list:
            yield at(node, "wrong_arguments", "`rule` takes no decorators: call the function inside it")
        if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in _own(node)):
            yield at(node, "wrong_arguments", "`rule` must not `yield`: it would never run")
    for statement in tree.body:
        for part in _own(statement, into=False):
            if isinstance(part, ast.Name) and part.id == "rule" and not isinstance(part.ctx, ast.Load):
                yield at(part, "second_rule_function", "`rule` is the rule's function: use another name here")


def _own(node: ast.AST, into: bool = True) -> Iterator[ast.AST]:
    """The parts of `node` without what stands inside further functions and classes."""
    inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
    if not into and isinstance(node, inner):
        return
    pending: list[ast.AST] = [node]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(child for child in ast.iter_child_nodes(part) if not isinstance(child, inner))


def imports(nodes: list[ast.AST], shared: Known) -> Iterator[Problem]:
    """Modules and members of modules that rules do not have. `shared` are the tenant's own, with what each binds."""
    known = {**shared, **MEMBERS}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in known:
                    yield _no_module(alias, alias.name, known)
        elif isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level:
            for alias in node.names:
                if alias.name not in __future__.all_feature_names:
                    yield at(alias, "import_not_allowed", f"Python has no future `{alias.name}`")
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            if name not in known:
                yield _no_module(node, name, known)
                continue
            for alias in node.names:
                if alias.name != "*" and not _has(known, name, alias.name):
                    yield at(alias, "import_not_allowed", _no_member(name, alias.name, known))


def imported(nodes: list[ast.AST]) -> Iterator[tuple[ast.AST, str]]:
    """The modules that are imported, in the order of the tree, each with the place where."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module


def _no_module(node: ast.AST, name: str, known: Known) -> Problem:
    reason = UNAVAILABLE_MODULES.get(name) or UNAVAILABLE_MODULES.get(name.partition(".")[0])
    if reason is None and name.startswith("."):
        reason = "rules are in no package: write `import name` for a module of your tenant's"
    if reason is None:
        near = nearest(name, known)
        reason = f"did you mean `{near}`?" if near else f"rules have {', '.join(sorted(known))}"
    return at(node, "import_not_allowed", f"`{name}` cannot be imported: {reason}")


def _has(known: Known, module: str, name: str) -> bool:
    names = known[module]
    return names is None or name in names or f"{module}.{name}" in MEMBERS


def _no_member(module: str, name: str, known: Known) -> str:
    advice = UNAVAILABLE_MEMBERS.get(module, {}).get(name)
    if advice is None:
        names = known[module] or ()
        near = nearest(name, names)
        advice = f"did you mean `{near}`?" if near else f"it has {', '.join(sorted(names)) or 'no names'}"
    return f"`{module}` has no `{name}` in rules: {advice}"


def members(nodes: list[ast.AST], names: Names, shared: Known) -> Iterator[Problem]:
    """Members that a module does not have, where a name can only stand for that module."""
    known = {**shared, **MEMBERS}
    modules = _modules(nodes, names, known)
    for node in nodes:
        if not isinstance(node, ast.Attribute) or node.attr.startswith("_"):
            continue  # the policy speaks of names with an underscore in front
        module, member = _module_of(node.value, modules), node.attr
        written = ast.unparse(node.value) if module else ""
        if module == _DATETIME_CLASS:
            if member in _IN_THE_MODULE:
                advice = (
                    "leave out one `datetime`" if member == "datetime" else f"write `from datetime import {member}`"
                )
                yield _at_end(node, "unknown_member", f"`{written}` is the class here: {advice}")
        elif module is not None and not _has(known, module, member):
            if module == "datetime" and member in _IN_THE_CLASS:
                message = f"`{written}` is the module here: write `{written}.datetime.{member}`"
            else:
                message = _no_member(module, member, known)
            yield _at_end(node, "unknown_member", message)


_DATETIME_CLASS = "datetime.datetime"
_IN_THE_CLASS = frozenset("now utcnow today strptime strftime fromtimestamp fromisoformat combine min max".split())
_IN_THE_MODULE = frozenset("datetime timedelta timezone UTC".split())


def _modules(nodes: list[ast.AST], names: Names, known: Known) -> dict[str, str]:
    """Names that an import binds to a module, and nothing else to anything."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                found.setdefault(name, []).append(alias.name if alias.asname else name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, []).append(f"{node.module}.{alias.name}")
    return {
        name: modules[0]
        for name, modules in found.items()
        if len(set(modules)) == 1
        and len(modules) == len(names.bindings.get(name, ()))
        and (modules[0] in known or modules[0] == _DATETIME_CLASS)
    }


def _module_of(node: ast.expr, modules: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute):
        outer = _module_of(node.value, modules)
        return f"{outer}.{node.attr}" if outer and f"{outer}.{node.attr}" in MEMBERS else None
    return None


def undefined_names(names: Names) -> Iterator[Problem]:
    """Names that neither the script nor the language defines: each would raise `NameError` in a login."""
    suggestions = _Suggestions(names)
    for node in names.undefined(KNOWN):
        name = node.id
        if name.startswith("_") and name != "_" and not is_own_name(name):
            continue  # the policy says why
        if name in names.bindings:
            line = getattr(names.bindings[name][0], "lineno", 1)
            message = (
                f"`{name}` is not defined here, only where it is bound on line {line}: pass it on, or bind it outside"
            )
            yield at(node, "undefined_name", message)
        elif name in UNAVAILABLE:
            yield at(node, "name_not_available", f"`{name}` is not available: {UNAVAILABLE[name]}")
        elif name in MEMBERS:
            whole = next((module for module in MEMBERS if module.startswith(f"{name}.")), name)
            yield at(node, "undefined_name", f"`{name}` is not defined: write `import {whole}` first")
        elif name in PYTHON_NAMES:
            yield at(node, "name_not_available", f"`{name}` is not available in rules")
        else:
            yield at(node, "undefined_name", f"`{name}` is not defined: {suggestions[name]}")


class _Suggestions(dict[str, str]):
    """What each undefined name may be meant to be."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._own = sorted(names.bindings)

    def __missing__(self, name: str) -> str:
        homes = sorted(module for module, members in MEMBERS.items() if name in members)
        if near := nearest(name, self._own) or nearest(name, KNOWN):
            self[name] = f"did you mean `{near}`?"
        elif homes:
            self[name] = f"write `from {homes[0]} import {name}` first"
        else:
            self[name] = "a typing error, or a missing import?"
        return self[name]


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that `name` was probably meant to be."""
    if len(name) > 50:
        return None
    by_folded: dict[str, str] = {}
    for candidate in sorted(names):
        if not candidate.startswith("__") and len(candidate) <= 50:
            by_folded.setdefault(candidate.lower().replace("_", ""), candidate)
    close = difflib.get_close_matches(name.lower().replace("_", ""), by_folded, n=1, cutoff=0.8)
    return by_folded[close[0]] if close else None


def mentions(nodes: list[ast.AST], names: Names) -> list[Mention]:
    """Where `configuration.NAME` and `configuration["NAME"]` are read: they raise where there is no such value."""
    found: list[Mention] = []
    if "configuration" in names.bindings:
        return found
    for node in nodes:
        if not isinstance(node, ast.Attribute | ast.Subscript) or not isinstance(node.value, ast.Name):
            continue
        if node.value.id != "configuration" or len(found) == MOST_MENTIONS:
            continue
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node.slice, "value", None)
        if isinstance(name, str) and len(name) <= 200 and not (isinstance(node, ast.Attribute) and name in METHODS):
            found.append(Mention(node.lineno, node.col_offset + 1, name))
    return found


METHODS = frozenset({"get", "keys"})  # of `configuration`
OPTIONAL_FIELDS = frozenset(
    """app_metadata user_metadata permissions groups roles email email_verified phone_number picture nickname
    given_name family_name username last_password_reset multifactor organization riskAssessment
    clientMetadata connectionMetadata authorization authentication geoip""".split()
)


def hints(tree: ast.Module, nodes: list[ast.AST], names: Names) -> Iterator[Problem]:
    """What may be meant, and probably is not."""
    for rule in tree.body:
        if not (isinstance(rule, ast.FunctionDef) and rule.name == "rule" and len(rule.args.args) >= 2):
            continue
        arguments = {argument.arg for argument in rule.args.args[:2]}
        for node in _own(rule):
            if isinstance(node, ast.Return) and node.value is not None and not _is_plain_exit(node.value):
                yield at(
                    node,
                    "return_ignored",
                    "the value returned is ignored: set claims on `context.idToken` or `context.accessToken`",
                    "hint",
                )
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Load)
                and isinstance(node.value, ast.Name)
                and node.value.id in arguments
                and node.attr in OPTIONAL_FIELDS
            ):
                yield at(
                    node,
                    "optional_field",
                    f"`{node.attr}` may be missing, and then this line raises: "
                    f'`{node.value.id}.get("{node.attr}")` gives None instead',
                    "hint",
                )
    for node in nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in JAVASCRIPT_METHODS
            and node.func.attr not in names.bindings
        ):
            name = node.func.attr
            message = f"`.{name}(...)` is JavaScript: write {JAVASCRIPT_METHODS[name]}"
            yield _at_end(node.func, "javascript_method", message, "hint")


def _is_plain_exit(value: ast.expr) -> bool:
    """`return None` and `return callback(...)` are habits that mean nothing else."""
    if isinstance(value, ast.Constant) and value.value is None:
        return True
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name)


def at(node: ast.AST, code: str, message: str, severity: str = "error") -> Problem:
    return Problem(
        line=getattr(node, "lineno", 1),
        column=getattr(node, "col_offset", 0) + 1,
        code=code,
        message=message,
        severity="hint" if severity == "hint" else "error",
    )


def _at_end(node: ast.Attribute, code: str, message: str, severity: str = "error") -> Problem:
    """At the name behind the dot, which may stand on another line than the object."""
    line, column = attribute_place(node)
    return msgspec.structs.replace(at(node, code, message, severity), line=line, column=column)


def attribute_place(node: ast.Attribute) -> tuple[int, int]:
    """Line and column of the name behind the dot."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.end_lineno, max(0, node.end_col_offset - len(node.attr.encode())) + 1
