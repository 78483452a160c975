"""From source to a compiled rule, or to every problem that stands against it.

Runs only in a single-use child that has run no rule. Compiling hostile source is hostile work: whatever the
compiler raises is a problem of the source, never an error of the service.
"""

from __future__ import annotations

import ast
import keyword
import re
import symtable
import sys
import types
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from sandbox import checks
from sandbox.advice import of_slip
from sandbox.limits import Limits
from sandbox.members import MEMBERS
from sandbox.opcodes import foreign
from sandbox.program import LINE_END, dump, names_by_line
from sandbox.recorder import FILENAME, MODULE
from sandbox.scopes import Names
from sandbox.transformer import RulePolicy
from sandbox.wire import Compiled, Mention, Problem

MOST_PROBLEMS = 200
TOO_COMPLEX = "the rule is nested too deeply to compile: split it up"
NOT_TEXT = re.compile("[\0\ud800-\udfff]")
NO_SOURCES: Mapping[str, str] = {}
NO_NAMES: Mapping[int, tuple[str, ...]] = {}
MARK = "\ufeff"  # the byte order mark, which editors put in front of a file


def compile_rule(source: str, limits: Limits, modules: Mapping[str, str] = NO_SOURCES, module: str = "") -> Compiled:
    """All problems of `source`, and its marshalled code when none of them is an error. It may import `modules`; with
    `module` it is itself the one of this name, and has no function `rule`."""
    try:
        if module in MEMBERS or keyword.iskeyword(module):
            text = f"`{module}` is the language's own: give the module another name"
            return _refused(1, 1, "name_taken", text)
        sources = {name: text for name, text in modules.items() if name not in MEMBERS}
        if module:
            sources[module] = source
        return _compile(source, limits, Library(sources, limits), module)
    except (RecursionError, MemoryError):
        return _refused(1, 1, "too_complex", TOO_COMPLEX)


class Library:
    """A tenant's modules, each compiled when it is first imported, and with it those that it imports."""

    def __init__(self, sources: Mapping[str, str], limits: Limits) -> None:
        self._sources = sources
        self._limits = limits
        self._under_way: list[str] = []
        self.codes: dict[str, types.CodeType] = {}
        # What each has for those who import it; None while it is not compiled.
        self.names: dict[str, Collection[str] | None] = dict.fromkeys(sources)

    def problems(self, nodes: list[ast.AST], importer: str) -> Iterator[Problem]:
        """Compiles what these nodes of a module, or of a rule (`""`), import; what stands against that, at the place of
        the import."""
        self._under_way += [importer] if importer else []
        for node, name in checks.imported(nodes):
            if name in self._under_way:
                ring = " -> ".join([*self._under_way[self._under_way.index(name) :], name])
                yield checks.at(node, "import_cycle", f"`{name}` imports itself: {ring}")
            elif name in self._sources and name not in self.codes:
                yield from self._compile(node, name)
        del self._under_way[len(self._under_way) - bool(importer) :]

    def _compile(self, node: ast.AST, name: str) -> Iterator[Problem]:
        made = _part(self._sources[name], self._limits, self, name)
        wrong = next((problem for problem in made.problems if problem.severity == "error"), None)
        if made.code is not None:
            self.codes[name], self.names[name] = made.code, made.binds
        elif wrong is not None and wrong.code == "import_cycle":
            yield checks.at(node, wrong.code, wrong.message)
        elif wrong is not None:
            text = f"module `{name}` has an error in line {wrong.line}: {wrong.message}"
            yield checks.at(node, "module_refused", text)


class Part(NamedTuple):
    """One script, compiled, or refused (without code)."""

    problems: Sequence[Problem]
    code: types.CodeType | None = None
    source: str = ""
    names: Mapping[int, tuple[str, ...]] = NO_NAMES
    binds: Collection[str] = ()  # at its top level
    mentions: Sequence[Mention] = ()


def _refused(line: int, column: int, code: str, message: str) -> Compiled:
    return Compiled(problems=_wrong(line, column, code, message))


def _wrong(line: int, column: int, code: str, message: str) -> list[Problem]:
    return [Problem(line=line, column=max(column, 1), code=code, message=message)]


def _compile(source: str, limits: Limits, library: Library, module: str) -> Compiled:
    part = _part(source, limits, library, module)
    if part.code is None:
        return Compiled(problems=[*part.problems])
    code = dump(part.code, part.source, part.names, library.codes)
    return Compiled(problems=[*part.problems], code=code, mentions=[*part.mentions])


def _part(source: str, limits: Limits, library: Library, module: str) -> Part:
    filename = MODULE.format(module) if module else FILENAME
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > limits.source:
        return Part(_wrong(1, 1, "too_large", f"the script has {size} bytes: the limit is {limits.source}"))
    source = source.removeprefix(MARK)
    lines = LINE_END.split(source)
    if wrong := NOT_TEXT.search(source):
        before = LINE_END.split(source[: wrong.start()])
        text = f"the character {wrong[0]!r} is not text"
        return Part(_wrong(len(before), len(before[-1]) + 1, "syntax_error", text))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a SyntaxWarning is not worth refusing a rule, and has no reader here
        try:
            tree = ast.parse(source, filename)
        except (SyntaxError, ValueError) as error:
            return Part([_syntax_error(error, lines)])
        names, on_lines, nodes = Names(tree), names_by_line(tree), [*ast.walk(tree)]
        problems = [
            *(() if module else checks.rule_function(tree)),
            *library.problems(nodes, module),
            *checks.imports(nodes, library.names),
            *checks.members(nodes, names, library.names),
            *checks.undefined_names(names),
        ]
        hints = [*checks.hints(tree, nodes, names)]
        mentions = checks.mentions(nodes, names)
        policy = RulePolicy()
        tree = policy.visit(tree)
        problems += policy.problems
        if problems:
            if not any(problem.code == "too_complex" for problem in problems):
                places = {problem.line for problem in problems}
                problems += [problem for problem in _late_problems(source) if problem.line not in places]
            return Part(_shown([*problems, *hints], lines))
        try:
            code = compile(tree, filename, "exec", dont_inherit=True)
        except SyntaxError as error:
            return Part(_shown([_late_problem(error), *hints], lines))
    for what in foreign(code, sys.version_info.minor):
        # The policy has let something through that it should have refused.
        return Part(_wrong(1, 1, "code_not_allowed", f"`{what}` is not available in rules"))
    binds = _binds(source, filename) if module else ()
    return Part(_shown(hints, lines), code, source, on_lines, binds, mentions)


def _binds(source: str, filename: str) -> Collection[str]:
    """The names that a module has for those who import it: all that it binds at its top level."""
    symbols = symtable.symtable(source, filename, "exec").get_symbols()
    names = [symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()]
    return sorted(name for name in names if not name.startswith("_"))


def _syntax_error(error: SyntaxError | ValueError, lines: list[str]) -> Problem:
    """CPython's own message, and what to write instead of a slip that is known."""
    if not isinstance(error, SyntaxError):
        return Problem(line=1, column=1, code="syntax_error", message=str(error))
    line, column = error.lineno or 1, max(error.offset or 1, 1)
    message = str(error.msg)
    advice = of_slip(error, lines[line - 1] if line <= len(lines) else "")
    return Problem(line=line, column=column, code="syntax_error", message=f"{message}: {advice}" if advice else message)


def _late_problems(source: str) -> Iterator[Problem]:
    """The error that the compiler finds behind the parser, such as a `return` outside a function: the first one."""
    try:
        compile(source, FILENAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        yield _late_problem(error)
    except (RecursionError, MemoryError, ValueError):
        return  # there are problems enough already


def _late_problem(error: SyntaxError) -> Problem:
    # This one counts bytes, unlike the parser's.
    return Problem(
        line=error.lineno or 1, column=max(error.offset or 1, 1), code="syntax_error", message=str(error.msg)
    )


def _shown(problems: Iterable[Problem], lines: list[str]) -> list[Problem]:
    """Each problem once, in the order of the source, and of many the first ones. Columns that counted bytes of UTF-8
    count characters."""
    found = sorted({*problems}, key=lambda p: (p.line, p.column, p.code, p.message))
    more = len(found) - MOST_PROBLEMS
    if more > 0:
        place, text = found[MOST_PROBLEMS], f"{more} more problems are not shown"
        end = Problem(line=place.line, column=place.column, code="too_many_problems", message=text)
        found = [*found[:MOST_PROBLEMS], end]
    return [msgspec.structs.replace(problem, column=_character(problem, lines)) for problem in found]


def _character(problem: Problem, lines: list[str]) -> int:
    text = lines[problem.line - 1] if problem.line <= len(lines) else ""
    if text.isascii():
        return problem.column
    return len(text.encode()[: problem.column - 1].decode(errors="replace")) + 1
