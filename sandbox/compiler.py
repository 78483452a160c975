"""From source to a compiled rule, or to every problem that stands against it.

Runs only in a single-use child that has run no rule. Compiling hostile source is hostile work: whatever the
compiler raises is a problem of the source, never an error of the service.
"""

from __future__ import annotations

import ast
import builtins
import marshal
import symtable
import types
import warnings
from collections.abc import Iterator

from sandbox.exposed import NAMES
from sandbox.language import MAGIC_METHODS, UNAVAILABLE, UNAVAILABLE_MODULES
from sandbox.limits import Limits
from sandbox.modules import MEMBERS
from sandbox.recorder import FILENAME
from sandbox.transformer import HOOKS, RulePolicy
from sandbox.wire import Compiled, Problem

MOST_PROBLEMS = 200
MODULE_NAMES = frozenset({"__name__"})
# What the compiler itself puts into a class's body.
COMPILER_NAMES = frozenset(
    {"__name__", "__module__", "__qualname__", "__doc__", "__firstlineno__", "__static_attributes__"}
)


def compile_rule(source: str, limits: Limits) -> Compiled:
    """All problems of `source`, and its marshalled code when none of them is an error."""
    try:
        return _compile(source, limits)
    except (RecursionError, MemoryError):
        return _refused(1, 1, "too_complex", "the rule is nested too deeply to compile: split it up")
    except (SyntaxError, ValueError) as error:
        return _refused(
            getattr(error, "lineno", None) or 1,
            getattr(error, "offset", None) or 1,
            "syntax_error",
            str(getattr(error, "msg", None) or error),
        )


def _refused(line: int, column: int, code: str, message: str) -> Compiled:
    return Compiled(problems=[Problem(line=line, column=max(column, 1), code=code, message=message)])


def _compile(source: str, limits: Limits) -> Compiled:
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > limits.source:
        return _refused(1, 1, "too_large", f"the script has {size} bytes: the limit is {limits.source}")
    for line, text in enumerate(source.split("\n"), 1):
        for column, character in enumerate(text, 1):
            if character == "\0" or "\ud800" <= character <= "\udfff":
                return _refused(line, column, "syntax_error", f"the character {character!r} is not text")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a SyntaxWarning is not worth refusing a rule, and has no reader here
        tree = ast.parse(source, FILENAME)
        problems = [*_rule_function(tree), *_imports(tree), *_undefined_names(source, tree)]
        hints = [*_hints(tree)]
        policy = RulePolicy()
        tree = policy.visit(tree)
        problems += policy.problems
        if problems:
            return Compiled(
                problems=_cut(sorted({*problems, *hints}, key=lambda p: (p.line, p.column, p.code, p.message)))
            )
        code = compile(tree, FILENAME, "exec", dont_inherit=True)
    for name in _hidden_names(code):
        return _refused(1, 1, "name_not_allowed", f"`{name}` is not available in rules")
    return Compiled(problems=hints, code=marshal.dumps(code))


def _cut(problems: list[Problem]) -> list[Problem]:
    """The first of many problems, and how many there are."""
    more = len(problems) - MOST_PROBLEMS
    if more <= 0:
        return problems
    last = problems[MOST_PROBLEMS]
    text = f"{more} more problems are not shown"
    end = Problem(line=last.line, column=last.column, code="too_many_problems", message=text)
    return [*problems[:MOST_PROBLEMS], end]


def _hidden_names(code: types.CodeType) -> Iterator[str]:
    """Names in compiled code that no rule can have written: a belt for the policy's braces."""
    for name in (*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars):
        if name.startswith("_") and name != "_" and not (name in HOOKS or _made_by_compiler(name)):
            yield name
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _hidden_names(constant)


def _made_by_compiler(name: str) -> bool:
    return name in COMPILER_NAMES or name in MAGIC_METHODS or (name.startswith("_tmp") and name[4:].isdigit())


def _rule_function(tree: ast.Module) -> Iterator[Problem]:
    """A script has one function `rule(user, context)` or `rule(user, context, callback)` at its top level."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "rule"]
    if not found:
        elsewhere = next(
            (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == "rule"),
            None,
        )
        if isinstance(elsewhere, ast.AsyncFunctionDef):
            return
        place = f"`rule` on line {elsewhere.lineno} is not at the top level: " if elsewhere else ""
        yield _at(
            elsewhere or tree,
            "no_rule_function",
            f"{place}a script needs a function `def rule(user, context):` at its top level",
        )
    for node in found[1:]:
        yield _at(
            node,
            "second_rule_function",
            f"`rule` is defined already on line {found[0].lineno}: keep one of them",
        )
    for node in found:
        args = node.args
        count = len(args.posonlyargs) + len(args.args)
        if count not in (2, 3) or args.vararg or args.kwarg or args.kwonlyargs or args.defaults:
            yield _at(
                node,
                "wrong_arguments",
                "`rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
            )
        if node.decorator_list:
            yield _at(node, "wrong_arguments", "`rule` takes no decorators: call the function inside it")
        if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in _own(node)):
            yield _at(node, "wrong_arguments", "`rule` must not `yield`: it would never run")
    for statement in tree.body:
        for part in _own(statement, into=False):
            if isinstance(part, ast.Name) and part.id == "rule" and not isinstance(part.ctx, ast.Load):
                yield _at(part, "second_rule_function", "`rule` is the rule's function: use another name here")


def _own(node: ast.AST, into: bool = True) -> Iterator[ast.AST]:
    """The parts of `node` without what stands inside further functions and classes."""
    if not into and isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _own(child, into)


def _imports(tree: ast.Module) -> Iterator[Problem]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in MEMBERS:
                    yield _no_module(alias, alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            name = "." * node.level + (node.module or "")
            if name not in MEMBERS:
                yield _no_module(node, name)
                continue
            for alias in node.names:
                if alias.name != "*" and alias.name not in MEMBERS[name] and f"{name}.{alias.name}" not in MEMBERS:
                    known = ", ".join(sorted(MEMBERS[name]))
                    yield _at(
                        alias,
                        "import_not_allowed",
                        f"`{name}` has no `{alias.name}` in rules: it has {known}",
                    )


def _no_module(node: ast.AST, name: str) -> Problem:
    top = name.partition(".")[0]
    reason = UNAVAILABLE_MODULES.get(name) or UNAVAILABLE_MODULES.get(top)
    known = ", ".join(sorted(MEMBERS))
    return _at(node, "import_not_allowed", f"`{name}` cannot be imported: {reason or f'rules have {known}'}")


def _undefined_names(source: str, tree: ast.Module) -> Iterator[Problem]:
    """Names that neither the script nor the language defines: each would raise `NameError` in a login."""
    module = symtable.symtable(source, FILENAME, "exec")
    known = NAMES | MODULE_NAMES | {s.get_name() for s in module.get_symbols() if s.is_assigned() or s.is_imported()}
    undefined: set[str] = set()
    tables = [module]
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                known = known | {symbol.get_name()}
            elif symbol.is_referenced() and (symbol.is_global() or table is module):
                undefined.add(symbol.get_name())
    undefined -= known
    annotations = {
        id(part)
        for node in ast.walk(tree)
        for field in ("annotation", "returns")
        if (annotation := getattr(node, field, None)) is not None
        for part in ast.walk(annotation)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in undefined and id(node) not in annotations:
            if node.id.startswith("_"):
                continue  # the policy says why
            if node.id in UNAVAILABLE:
                yield _at(node, "name_not_available", f"`{node.id}` is not available: {UNAVAILABLE[node.id]}")
            elif hasattr(builtins, node.id):
                yield _at(node, "name_not_available", f"`{node.id}` is not available in rules")
            else:
                yield _at(
                    node,
                    "undefined_name",
                    f"`{node.id}` is not defined: a typing error, or a missing import?",
                )


OPTIONAL_FIELDS = frozenset(
    """app_metadata user_metadata permissions groups roles email email_verified phone_number picture nickname
    given_name family_name username last_password_reset multifactor organization riskAssessment
    clientMetadata connectionMetadata authorization authentication geoip""".split()
)


def _hints(tree: ast.Module) -> Iterator[Problem]:
    for rule in tree.body:
        if not (isinstance(rule, ast.FunctionDef) and rule.name == "rule" and len(rule.args.args) >= 2):
            continue
        arguments = {argument.arg for argument in rule.args.args[:2]}
        for node in _own(rule):
            if isinstance(node, ast.Return) and node.value is not None and not _is_plain_exit(node.value):
                yield _at(
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
                yield _at(
                    node,
                    "optional_field",
                    f"`{node.attr}` may be missing, and then this line raises: "
                    f'`{node.value.id}.get("{node.attr}")` gives None instead',
                    "hint",
                )


def _is_plain_exit(value: ast.expr) -> bool:
    """`return None` and `return callback(...)` are habits that mean nothing else."""
    if isinstance(value, ast.Constant) and value.value is None:
        return True
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name)


def _at(node: ast.AST, code: str, message: str, severity: str = "error") -> Problem:
    return Problem(
        line=getattr(node, "lineno", 1),
        column=getattr(node, "col_offset", 0) + 1,
        code=code,
        message=message,
        severity="hint" if severity == "hint" else "error",
    )
