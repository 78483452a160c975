"""From source to a compiled rule, or to every problem that stands against it.

Runs only in a single-use child that has run no rule. Compiling hostile source is hostile work: whatever the
compiler raises is a problem of the source, never an error of the service.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Iterator

import msgspec

from sandbox import checks
from sandbox.advice import of_slip
from sandbox.limits import Limits
from sandbox.opcodes import foreign
from sandbox.program import LINE_END, dump, names_by_line
from sandbox.recorder import FILENAME
from sandbox.scopes import Names
from sandbox.transformer import RulePolicy
from sandbox.wire import Compiled, Problem

MOST_PROBLEMS = 200
TOO_COMPLEX = "the rule is nested too deeply to compile: split it up"
NOT_TEXT = re.compile("[\0\ud800-\udfff]")
MARK = "\ufeff"  # the byte order mark, which editors put in front of a file


def compile_rule(source: str, limits: Limits) -> Compiled:
    """All problems of `source`, and its marshalled code when none of them is an error."""
    try:
        return _compile(source, limits)
    except (RecursionError, MemoryError):
        return _refused(1, 1, "too_complex", TOO_COMPLEX)


def _refused(line: int, column: int, code: str, message: str) -> Compiled:
    return Compiled(problems=[Problem(line=line, column=max(column, 1), code=code, message=message)])


def _compile(source: str, limits: Limits) -> Compiled:
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > limits.source:
        return _refused(1, 1, "too_large", f"the script has {size} bytes: the limit is {limits.source}")
    source = source.removeprefix(MARK)
    lines = LINE_END.split(source)
    if wrong := NOT_TEXT.search(source):
        before = LINE_END.split(source[: wrong.start()])
        return _refused(len(before), len(before[-1]) + 1, "syntax_error", f"the character {wrong[0]!r} is not text")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a SyntaxWarning is not worth refusing a rule, and has no reader here
        try:
            tree = ast.parse(source, FILENAME)
        except (SyntaxError, ValueError) as error:
            return Compiled(problems=[_syntax_error(error, lines)])
        names, on_lines, nodes = Names(tree), names_by_line(tree), [*ast.walk(tree)]
        problems = [
            *checks.rule_function(tree),
            *checks.imports(nodes),
            *checks.members(nodes, names),
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
            return Compiled(problems=_shown([*problems, *hints], lines))
        try:
            code = compile(tree, FILENAME, "exec", dont_inherit=True)
        except SyntaxError as error:
            return Compiled(problems=_shown([_late_problem(error), *hints], lines))
    for what in foreign(code, sys.version_info.minor):
        # The policy has let something through that it should have refused.
        return _refused(1, 1, "code_not_allowed", f"`{what}` is not available in rules")
    return Compiled(problems=_shown(hints, lines), code=dump(code, source, on_lines), mentions=mentions)


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
