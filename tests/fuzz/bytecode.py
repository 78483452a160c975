"""What compiled rules may be made of: a second reading of the code that the compiler lets through.

The table of instructions is the sandbox's own. Read here beside it: which names are looked up, which modules are
imported, and that an attribute is only ever changed on the result of a call, which is `_write_(...)`.
"""

from __future__ import annotations

import ast
import dis
import re
import sys
import types
from collections.abc import Iterator

from sandbox.exposed import NAMES
from sandbox.language import HOOKS, MAGIC_METHODS
from sandbox.members import MEMBERS
from sandbox.opcodes import foreign


def _numbers(names: str) -> frozenset[int]:
    return frozenset(dis.opmap[name] for name in names.split() if name in dis.opmap)


CACHES = _numbers("CACHE EXTENDED_ARG") | {0}
EXTENDED = dis.opmap["EXTENDED_ARG"]
CALLS = _numbers("CALL")
READS = _numbers("LOAD_GLOBAL LOAD_NAME LOAD_FROM_DICT_OR_GLOBALS")
WITH_A_FLAG = _numbers("LOAD_GLOBAL")  # the lowest bit of its argument is no part of the name's number
BINDS = _numbers("STORE_NAME STORE_GLOBAL DELETE_NAME DELETE_GLOBAL")
IMPORTS = _numbers("IMPORT_NAME")
CHANGES = _numbers("STORE_ATTR DELETE_ATTR")
LOOKED_AT = READS | BINDS | IMPORTS | CHANGES
INSIDE_CLASSES = frozenset(
    "__name__ __module__ __qualname__ __doc__ __classcell__ __firstlineno__ __static_attributes__ .0".split()
)
# An author's own: one underscore at the front, and no other beside one or at the end.
OWN = re.compile(r"_(?!tmp[0-9]+$)([^\W_]+(_[^\W_]+)*)?")
TEMPORARY = re.compile(r"_tmp[0-9]+")


def strange(code: types.CodeType, script: str) -> list[str]:
    """What no accepted rule may hold: each as text; empty for a good one."""
    found = {f"not in the table: {what}" for what in foreign(code, sys.version_info.minor)}
    read: set[str] = set()
    bound: set[str] = set()
    for each in _nested(code):
        names = {*each.co_names, *each.co_varnames, *({*each.co_cellvars, *each.co_freevars} - {"__class__"})}
        found.update(f"name {name}" for name in names if name[:1] in "_." and not _may_begin_so(name))
        raw, numbered = each.co_code, each.co_names
        operations = raw[::2]
        for at, op in enumerate(operations):
            if op not in LOOKED_AT:
                continue
            argument = _argument(raw, at)
            if op in READS:
                read.add(numbered[argument >> 1 if op in WITH_A_FLAG else argument])
            elif op in BINDS:
                bound.add(numbered[argument])
            elif op in IMPORTS:
                if numbered[argument] not in MEMBERS:
                    found.add(f"import of {numbered[argument]}")
            elif operations[_before(operations, at)] not in CALLS:
                found.add(f"change of the attribute {numbered[argument]} of something other than a call's result")
    unknown = read - bound - NAMES - HOOKS.keys() - INSIDE_CLASSES
    if unknown:  # where the compiler has left out what can never run, the name is bound in the text alone
        unknown -= set(_bound_in(script))
    found.update(f"read of {name}" for name in unknown)
    return sorted(found)


def _bound_in(script: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.MatchAs | ast.MatchStar | ast.ExceptHandler):
            yield node.name or ""


def _argument(raw: bytes, at: int) -> int:
    value, shift = raw[2 * at + 1], 8
    while at > 0 and raw[2 * at - 2] == EXTENDED:
        at -= 1
        value |= raw[2 * at + 1] << shift
        shift += 8
    return value


def _before(operations: bytes, at: int) -> int:
    """Where the instruction before the one at `at` stands. There is one: code begins with `RESUME`."""
    at -= 1
    while operations[at] in CACHES:
        at -= 1
    return at


def _may_begin_so(name: str) -> bool:
    known = name in HOOKS or name in MAGIC_METHODS or name in INSIDE_CLASSES
    return known or OWN.fullmatch(name) is not None or TEMPORARY.fullmatch(name) is not None


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
