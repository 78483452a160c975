"""The instructions that a compiled rule may consist of: a belt for what the transformer has let through.

The transformer sends every attribute, item and change through a hook, so the instructions that would do these
things unguarded never occur. Should a rule bring one of them about all the same, it is refused.
"""

from __future__ import annotations

import opcode
import types
from collections.abc import Callable, Iterator

from sandbox.language import COMPILER_CELLS, COMPILER_NAMES, HOOKS, MAGIC_METHODS, is_own_name, is_temporary

# (first minor version, last one, reason, instructions)
_ROWS: tuple[tuple[int, int, str, str], ...] = (
    (11, 13, "moves values on the stack", "CACHE COPY EXTENDED_ARG NOP POP_TOP PUSH_NULL RESUME SWAP"),
    (11, 13, "constants", "LOAD_CONST LOAD_ASSERTION_ERROR"),
    (
        11,
        13,
        "names, which are checked",
        """COPY_FREE_VARS DELETE_DEREF DELETE_FAST DELETE_GLOBAL DELETE_NAME LOAD_CLOSURE LOAD_DEREF LOAD_FAST
        LOAD_GLOBAL LOAD_NAME MAKE_CELL STORE_DEREF STORE_FAST STORE_GLOBAL STORE_NAME""",
    ),
    (11, 11, "a free name in a class's body", "LOAD_CLASSDEREF"),
    (
        12,
        13,
        "names in inlined comprehensions and in a class's body",
        "LOAD_FAST_AND_CLEAR LOAD_FAST_CHECK LOAD_FROM_DICT_OR_DEREF LOAD_LOCALS STORE_FAST_MAYBE_NULL",
    ),
    (13, 13, "two names at once", "LOAD_FAST_LOAD_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST"),
    (
        11,
        13,
        "operators",
        "BINARY_OP COMPARE_OP CONTAINS_OP IS_OP UNARY_INVERT UNARY_NEGATIVE UNARY_NOT",
    ),
    (11, 11, "operators", "UNARY_POSITIVE LIST_TO_TUPLE"),
    (13, 13, "truth of a value", "TO_BOOL"),
    (
        11,
        13,
        "makes data",
        """BUILD_CONST_KEY_MAP BUILD_LIST BUILD_MAP BUILD_SET BUILD_SLICE BUILD_STRING BUILD_TUPLE DICT_MERGE
        DICT_UPDATE LIST_APPEND LIST_EXTEND MAP_ADD SET_ADD SET_UPDATE""",
    ),
    (11, 12, "f-strings", "FORMAT_VALUE"),
    (13, 13, "f-strings", "CONVERT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC"),
    (
        11,
        13,
        "the left side of an assignment, where `_write_` has made the holder",
        "DELETE_ATTR DELETE_SUBSCR STORE_ATTR STORE_SUBSCR UNPACK_EX UNPACK_SEQUENCE",
    ),
    (12, 13, "a slice on the left side of an assignment", "STORE_SLICE"),
    (11, 13, "calls and functions", "CALL CALL_FUNCTION_EX LOAD_BUILD_CLASS MAKE_FUNCTION RETURN_VALUE"),
    (11, 11, "calls", "PRECALL KW_NAMES"),
    (12, 12, "calls", "KW_NAMES"),
    (12, 13, "returns a constant", "RETURN_CONST"),
    (13, 13, "calls and functions", "CALL_KW SET_FUNCTION_ATTRIBUTE"),
    (12, 13, "various, under `CONDITIONS`", "CALL_INTRINSIC_1"),
    (11, 13, "iteration", "FOR_ITER GET_ITER"),
    (12, 13, "iteration", "END_FOR"),
    (11, 13, "generators", "GET_YIELD_FROM_ITER RETURN_GENERATOR SEND YIELD_VALUE"),
    (12, 13, "generators", "CLEANUP_THROW END_SEND"),
    (11, 13, "jumps", "JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT JUMP_FORWARD"),
    (
        11,
        11,
        "jumps",
        """JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP POP_JUMP_BACKWARD_IF_FALSE POP_JUMP_BACKWARD_IF_NONE
        POP_JUMP_BACKWARD_IF_NOT_NONE POP_JUMP_BACKWARD_IF_TRUE POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_NONE
        POP_JUMP_FORWARD_IF_NOT_NONE POP_JUMP_FORWARD_IF_TRUE""",
    ),
    (
        12,
        13,
        "jumps",
        "POP_JUMP_IF_FALSE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_IF_TRUE",
    ),
    (11, 13, "exceptions", "CHECK_EXC_MATCH POP_EXCEPT PUSH_EXC_INFO RAISE_VARARGS RERAISE"),
    (11, 13, "`match`", "GET_LEN MATCH_KEYS MATCH_MAPPING MATCH_SEQUENCE"),
    (11, 13, "`match`, under `CONDITIONS`", "BINARY_SUBSCR MATCH_CLASS"),
    (11, 13, "facades: `__import__` is the sandbox's", "IMPORT_FROM IMPORT_NAME"),
)

# What must never be there, with the reason: these rows are for readers and tests, the rest is refused likewise.
NEVER: dict[str, str] = {
    "LOAD_ATTR": "an attribute past `_getattr_`",
    "LOAD_METHOD": "an attribute past `_getattr_`",
    "LOAD_SUPER_ATTR": "an attribute past `_getattr_`",
    "BINARY_SLICE": "an item past `_getitem_`",
    "IMPORT_STAR": "names that nobody has checked",
    "BEFORE_WITH": "calls `__enter__` and `__exit__`, and `__exit__` can swallow the time limit",
    "WITH_EXCEPT_START": "calls `__exit__` with the exception",
    "SETUP_ANNOTATIONS": "annotations that are run and kept",
    "CHECK_EG_MATCH": "exception groups",
    "PREP_RERAISE_STAR": "exception groups",
    "GET_AWAITABLE": "coroutines",
    "ASYNC_GEN_WRAP": "coroutines",
    "PRINT_EXPR": "writes past the trace",
}

# The functions of CALL_INTRINSIC_1, by number: the ones that are refused import a star, or make types.
INTRINSICS: dict[int, str] = {
    3: "INTRINSIC_STOPITERATION_ERROR",  # every generator has it
    5: "INTRINSIC_UNARY_POSITIVE",
    6: "INTRINSIC_LIST_TO_TUPLE",
}


def allowed(minor: int) -> frozenset[str]:
    """The instructions that rules compiled by Python 3.`minor` may have."""
    return frozenset(name for first, last, _, names in _ROWS if first <= minor <= last for name in names.split())


def foreign(code: types.CodeType, minor: int) -> Iterator[str]:
    """Instructions and names in `code`, and in all code inside it, that no rule can have brought about."""
    known = allowed(minor)
    pending = [code]
    while pending:
        part = pending.pop()
        present = {opcode.opname[number] for number in set(part.co_code[::2])}
        yield from sorted(present - known)
        if present & CONDITIONS.keys():
            yield from _misplaced(part)
        yield from (name for name in part.co_names if not _may_stand_in_code(name, MAGIC_METHODS | COMPILER_NAMES))
        yield from (name for name in part.co_varnames if not _may_stand_in_code(name))
        yield from (
            name for name in (*part.co_cellvars, *part.co_freevars) if not _may_stand_in_code(name, COMPILER_CELLS)
        )
        pending.extend(constant for constant in part.co_consts if isinstance(constant, types.CodeType))


Instructions = list[tuple[str, int]]


def _instructions(code: types.CodeType) -> Instructions:
    """Names and arguments, without caches and with long arguments put together."""
    found: Instructions = []
    argument = 0
    for place in range(0, len(code.co_code), 2):
        name, argument = opcode.opname[code.co_code[place]], argument << 8 | code.co_code[place + 1]
        if name != "EXTENDED_ARG":
            if name != "CACHE":
                found.append((name, argument))
            argument = 0
    return found


def _misplaced(code: types.CodeType) -> Iterator[str]:
    found = _instructions(code)
    for place, (name, argument) in enumerate(found):
        condition = CONDITIONS.get(name)
        if condition is not None and not condition[1](code, found[:place][-3:], argument):
            yield f"{name} {argument}"


def _known_intrinsic(code: types.CodeType, before: Instructions, argument: int) -> bool:
    return argument in INTRINSICS


def _whole_value(code: types.CodeType, before: Instructions, argument: int) -> bool:
    # The names of a class pattern stand in a constant that is loaded just before.
    name, index = before[-1]
    return argument <= 1 and name == "LOAD_CONST" and code.co_consts[index] == ()


def _of_a_pattern(code: types.CodeType, before: Instructions, argument: int) -> bool:
    names = [name for name, _ in before]
    return names[-2:] == ["COPY", "LOAD_CONST"] or names == ["GET_LEN", "LOAD_CONST", "BINARY_OP"]


# Instructions that are allowed in their place only.
CONDITIONS: dict[str, tuple[str, Callable[[types.CodeType, Instructions, int], bool]]] = {
    "CALL_INTRINSIC_1": ("one of `INTRINSICS`", _known_intrinsic),
    "MATCH_CLASS": ("`case str():` and `case str(x):`, which read no attribute", _whole_value),
    "BINARY_SUBSCR": ("`case [x, *_]:`, which takes items of a sequence by number", _of_a_pattern),
}


def _may_stand_in_code(name: str, more: frozenset[str] = frozenset()) -> bool:
    if not name.startswith("_") or name == "_":
        return True
    return name in HOOKS or name in more or is_own_name(name) or is_temporary(name)
