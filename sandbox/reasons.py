"""Which part of a line is to blame for Python's commonest complaints: "`user.app_metadata.roles` is None".

The text comes from the source alone: the expression that failed is read again, and none of it is evaluated.
"""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Callable

from sandbox.advice import JAVASCRIPT_METHODS
from sandbox.frames import own_calls, place_of

MOST_SEGMENT = 1_000  # characters that are read again
MOST_SUBJECT = 80
GUARDS = "sandbox.guards"


def _holder(node: ast.AST, kinds: tuple[str, ...]) -> ast.expr | None:
    return node.value if isinstance(node, ast.Attribute | ast.Subscript) else None


def _called(node: ast.AST, kinds: tuple[str, ...]) -> ast.expr | None:
    return node.func if isinstance(node, ast.Call) else None


def _only_argument(node: ast.AST, kinds: tuple[str, ...]) -> ast.expr | None:
    return node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords else None


def _iterated(node: ast.AST, kinds: tuple[str, ...]) -> ast.expr | None:
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return node.generators[0].iter if len(node.generators) == 1 else None
    if isinstance(node, ast.For):
        return node.iter
    return node if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else None


def _container(node: ast.AST, kinds: tuple[str, ...]) -> ast.expr | None:
    return node.comparators[0] if isinstance(node, ast.Compare) and len(node.ops) == 1 else None


def _operand(node: ast.AST, kinds: tuple[str, ...]) -> ast.expr | None:
    """The one of two operands that is None."""
    sides: tuple[ast.expr, ast.expr] | None = None
    if isinstance(node, ast.BinOp):
        sides = node.left, node.right
    elif isinstance(node, ast.AugAssign):
        sides = node.target, node.value
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        sides = node.left, node.comparators[0]
    if sides is None or kinds.count(NONE) != 1:
        return None
    return sides[kinds.index(NONE)]


def _right(node: ast.AST, kinds: tuple[str, ...]) -> ast.expr | None:
    return node.right if isinstance(node, ast.BinOp) else node.value if isinstance(node, ast.AugAssign) else None


NONE = "NoneType"
GUARD, PYTHON = (GUARDS,), (None,)
Part = Callable[[ast.AST, tuple[str, ...]], ast.expr | None]

# (the whole text, with the types in it; the part of the expression that is to blame; who says so)
COMPLAINTS: tuple[tuple[re.Pattern[str], Part, tuple[str | None, ...]], ...] = tuple(
    (re.compile(pattern), part, speakers)
    for pattern, part, speakers in (
        (r"a `(NoneType)` has no attribute `\w+` in rules", _holder, GUARD),
        (r"attributes of a `(NoneType)` cannot be changed", _holder, GUARD),
        (r"a `(NoneType)` cannot be changed", _holder, GUARD),
        (r"'(\w+)' object is not subscriptable", _holder, GUARD),
        (r"'(\w+)' object is not callable", _called, PYTHON),
        (r"object of type '(NoneType)' has no len\(\)", _only_argument, PYTHON),
        (r"'(NoneType)' object is not iterable", _iterated, PYTHON),
        (r"argument of type '(NoneType)' is not iterable", _container, PYTHON),
        (r"unsupported operand type\(s\) for .{1,20}: '(\w+)' and '(\w+)'", _operand, GUARD + PYTHON),
        (r"'.{1,2}' not supported between instances of '(\w+)' and '(\w+)'", _operand, GUARD + PYTHON),
        (r"can only concatenate \w+ \(not \"(NoneType)\"\) to \w+", _right, GUARD + PYTHON),
    )
)


def reason(error: BaseException | None, lines: list[str]) -> str | None:
    """What Python's own text for `error` does not say, where the source does. None for other errors."""
    if error is None or type(error) not in (AttributeError, TypeError):
        return None
    if len(error.args) != 1 or type(error.args[0]) is not str:
        return None
    calls = own_calls(error, 1)
    if not calls:
        return None
    for pattern, part, speakers in COMPLAINTS:
        found = pattern.fullmatch(error.args[0])
        if found and _said_by(calls[-1]) in speakers:
            segment, node = _expression(calls[-1], lines)
            subject = None if node is None else part(node, found.groups())
            return None if subject is None else _is(segment, subject, found.groups(), calls[-1].tb_frame)
    return _javascript(error, calls[-1], lines)


def _is(segment: str, subject: ast.expr, kinds: tuple[str, ...], frame: types.FrameType) -> str | None:
    if isinstance(subject, ast.Name) and type(_value(frame, subject.id)).__name__ not in kinds:
        return None  # it was something further in, such as what an iterator gave
    text = " ".join((ast.get_source_segment(segment, subject) or "").split())
    if not text or len(text) > MOST_SUBJECT or text == "None":
        return None
    article = "an" if kinds[0][:1] in "aeiou" else "a"
    return f"`{text}` is None" if NONE in kinds else f"`{text}` is {article} `{kinds[0]}`"


def _value(frame: types.FrameType, name: str) -> object:
    return frame.f_locals.get(name, frame.f_globals.get(name))


def _javascript(error: BaseException, call: types.TracebackType, lines: list[str]) -> str | None:
    if type(error) is AttributeError and _said_by(call) == GUARDS and " in rules" in error.args[0]:
        _, node = _expression(call, lines)
        if isinstance(node, ast.Attribute) and node.attr in JAVASCRIPT_METHODS:
            return f"write {JAVASCRIPT_METHODS[node.attr]}"
    return None


def _said_by(call: types.TracebackType) -> str | None:
    """The module right behind the rule's innermost call that raised; None for the interpreter itself."""
    return None if call.tb_next is None else str(call.tb_next.tb_frame.f_globals.get("__name__"))


def _expression(call: types.TracebackType, lines: list[str]) -> tuple[str, ast.AST | None]:
    """What the failing instruction was made of: its text, and that text read again. Of a loop it is the first line."""
    place = place_of(call)
    if place.column is None or place.end_column is None or not 1 <= place.line <= place.end_line <= len(lines):
        return "", None
    head = lines[place.line - 1].encode()[place.column :].decode(errors="replace")
    if head.startswith("for ") and len(head) <= MOST_SEGMENT:
        return head, _statement(head if place.line == place.end_line else f"{head}\n pass")
    own = lines[place.line - 1 : place.end_line]
    own[-1] = own[-1].encode()[: place.end_column].decode(errors="replace")
    own[0] = own[0].encode()[place.column :].decode(errors="replace")
    # In brackets, so that it may go over several lines.
    segment = "(" + "\n".join(own) + "\n)"
    if len(segment) > MOST_SEGMENT:
        return "", None
    try:
        return segment, ast.parse(segment, mode="eval").body
    except (SyntaxError, ValueError):
        return segment[1:-2], _statement(segment[1:-2])


def _statement(text: str) -> ast.AST | None:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    return body[0] if len(body) == 1 else None
