"""The language of rules as literal tables: which syntax may be written, which names, and why.

Every class of syntax tree that Python 3.11, 3.12 and 3.13 can make has a row. Syntax without one is refused, so
a new Python's new syntax fails closed. The transformer looks every node up here, also those that it leaves as
they are.
"""

from __future__ import annotations

import re
from typing import Final

ALLOWED: Final = True
REFUSED: Final = False

_NO_ASYNC = "rules are not asynchronous"
_NO_WITH = "there is nothing to open in a rule: no context managers are available"
_NO_TYPE_PARAMETERS = "type parameters are not available: leave them out"
_NOT_A_SCRIPT = "it is not what a script is parsed to"
_NUMBERS = "an operator on values: objects of a rule's class answer by its own methods, data by CPython's"
_TRUTH = "an operator on truth and identity: at most it calls `__bool__` or `__len__` of a rule's class"
_MATCHED = "part of `match`"

# node class: (allowed or refused, what makes it safe or what to write instead).
SYNTAX: dict[str, tuple[bool, str]] = {
    # What stands at the root
    "Module": (ALLOWED, "the script"),
    "Interactive": (REFUSED, _NOT_A_SCRIPT),
    "Expression": (REFUSED, _NOT_A_SCRIPT),
    "FunctionType": (REFUSED, _NOT_A_SCRIPT),
    "TypeIgnore": (REFUSED, _NOT_A_SCRIPT),
    # Statements
    "FunctionDef": (ALLOWED, "its name and parameters are checked; annotations are dropped, since they would be run"),
    "AsyncFunctionDef": (REFUSED, f"{_NO_ASYNC}: write `def`"),
    "ClassDef": (ALLOWED, "made by `RuleClass`, which checks bases and keeps only the methods listed here"),
    "Return": (ALLOWED, "leaves the rule's own function; not out of `finally`"),
    "Delete": (ALLOWED, "places go through `_write_`, names are checked"),
    "Assign": (ALLOWED, "places go through `_write_`, names are checked; unpacking hides nothing"),
    "TypeAlias": (REFUSED, "type aliases are not available: annotations are accepted and ignored"),
    "AugAssign": (ALLOWED, "rewritten to a guarded read and a guarded write"),
    "AnnAssign": (ALLOWED, "rewritten to an assignment without its annotation"),
    "For": (ALLOWED, "iterates natively: no object that a rule can hold hides items"),
    "AsyncFor": (REFUSED, f"{_NO_ASYNC}: write `for`"),
    "While": (ALLOWED, "an endless one meets the time limit"),
    "If": (ALLOWED, "control flow"),
    "With": (REFUSED, _NO_WITH),
    "AsyncWith": (REFUSED, _NO_WITH),
    "withitem": (REFUSED, _NO_WITH),
    "Match": (ALLOWED, "values, sequences and mappings read no attributes, nor do the class patterns of the row"),
    "match_case": (ALLOWED, _MATCHED),
    "Raise": (ALLOWED, "exceptions that a rule can name, or its own"),
    "Try": (ALLOWED, "no handler can name the time limit; nothing jumps out of `finally`"),
    "TryStar": (REFUSED, "exception groups are not available: write `except`"),
    "ExceptHandler": (ALLOWED, "without a type it means `except Exception`; its name is checked"),
    "Assert": (ALLOWED, "raises CPython's own AssertionError"),
    "Import": (ALLOWED, "facades only: `__import__` is the sandbox's"),
    "ImportFrom": (ALLOWED, "members of facades only; no star"),
    "alias": (ALLOWED, "part of `import`: its names are checked"),
    "Global": (ALLOWED, "binds checked names of the script, which is run anew for every login"),
    "Nonlocal": (ALLOWED, "binds checked names of the rule's own functions"),
    "Expr": (ALLOWED, "a value that is not used"),
    "Pass": (ALLOWED, "nothing"),
    "Break": (ALLOWED, "control flow; not out of `finally`"),
    "Continue": (ALLOWED, "control flow; not out of `finally`"),
    # Expressions
    "BoolOp": (ALLOWED, _TRUTH),
    "NamedExpr": (ALLOWED, "binds a checked name"),
    "BinOp": (ALLOWED, _NUMBERS),
    "UnaryOp": (ALLOWED, _NUMBERS),
    "Lambda": (ALLOWED, "a function of the rule's own; its parameters are checked"),
    "IfExp": (ALLOWED, "control flow"),
    "Dict": (ALLOWED, "makes a dict; `**` reads keys of dicts in C, which hides nothing"),
    "Set": (ALLOWED, "makes a set"),
    "ListComp": (ALLOWED, "iterates natively"),
    "SetComp": (ALLOWED, "iterates natively"),
    "DictComp": (ALLOWED, "iterates natively"),
    "GeneratorExp": (ALLOWED, "iterates natively; the attributes of a generator are not readable"),
    "comprehension": (ALLOWED, "part of a comprehension; `async for` in it is refused"),
    "Await": (REFUSED, f"{_NO_ASYNC}: call the function without `await`"),
    "Yield": (ALLOWED, "a generator of the rule's own; not inside `finally`"),
    "YieldFrom": (ALLOWED, "a generator of the rule's own; not inside `finally`"),
    "Compare": (ALLOWED, _NUMBERS),
    "Call": (ALLOWED, "calls what the rule holds, and it holds nothing that the tables do not give it"),
    "keyword": (ALLOWED, "part of a call: its name is checked"),
    "FormattedValue": (ALLOWED, "text of a value by a specification; walks no attributes but those written out"),
    "JoinedStr": (ALLOWED, "an f-string: its parts are checked like all expressions"),
    "Constant": (ALLOWED, "data"),
    "Attribute": (ALLOWED, "rewritten to `_getattr_` or `_write_`; its name is checked"),
    "Subscript": (ALLOWED, "rewritten to `_getitem_` or `_write_`"),
    "Slice": (ALLOWED, "part of a subscript"),
    "Starred": (ALLOWED, "iterates natively"),
    "Name": (ALLOWED, "checked: the sandbox's own names cannot be written"),
    "List": (ALLOWED, "makes a list, or unpacks"),
    "Tuple": (ALLOWED, "makes a tuple, or unpacks"),
    # How a name or place is used
    "Load": (ALLOWED, "read"),
    "Store": (ALLOWED, "bound"),
    "Del": (ALLOWED, "unbound"),
    # Operators
    "And": (ALLOWED, _TRUTH),
    "Or": (ALLOWED, _TRUTH),
    "Not": (ALLOWED, _TRUTH),
    "Is": (ALLOWED, _TRUTH),
    "IsNot": (ALLOWED, _TRUTH),
    "Add": (ALLOWED, _NUMBERS),
    "Sub": (ALLOWED, _NUMBERS),
    "Mult": (ALLOWED, _NUMBERS),
    "MatMult": (ALLOWED, "no value has it: it raises TypeError"),
    "Div": (ALLOWED, _NUMBERS),
    "Mod": (ALLOWED, f"{_NUMBERS}; `%` on text walks no attributes"),
    "Pow": (ALLOWED, f"{_NUMBERS}; long powers meet the time limit"),
    "LShift": (ALLOWED, f"{_NUMBERS}; long numbers meet the memory limit"),
    "RShift": (ALLOWED, _NUMBERS),
    "BitOr": (ALLOWED, _NUMBERS),
    "BitXor": (ALLOWED, _NUMBERS),
    "BitAnd": (ALLOWED, _NUMBERS),
    "FloorDiv": (ALLOWED, _NUMBERS),
    "Invert": (ALLOWED, _NUMBERS),
    "UAdd": (ALLOWED, _NUMBERS),
    "USub": (ALLOWED, _NUMBERS),
    "Eq": (ALLOWED, _NUMBERS),
    "NotEq": (ALLOWED, _NUMBERS),
    "Lt": (ALLOWED, _NUMBERS),
    "LtE": (ALLOWED, _NUMBERS),
    "Gt": (ALLOWED, _NUMBERS),
    "GtE": (ALLOWED, _NUMBERS),
    "In": (ALLOWED, _NUMBERS),
    "NotIn": (ALLOWED, _NUMBERS),
    # Parameters
    "arguments": (ALLOWED, "part of a function"),
    "arg": (ALLOWED, "part of a function: its name is checked, its annotation dropped"),
    "TypeVar": (REFUSED, _NO_TYPE_PARAMETERS),
    "ParamSpec": (REFUSED, _NO_TYPE_PARAMETERS),
    "TypeVarTuple": (REFUSED, _NO_TYPE_PARAMETERS),
    # Patterns
    "MatchValue": (ALLOWED, "constants only: a dotted name would be an unguarded attribute access"),
    "MatchSingleton": (ALLOWED, "None, True and False"),
    "MatchSequence": (ALLOWED, "reads items of lists and tuples in C, which hides nothing"),
    "MatchMapping": (ALLOWED, "reads keys of dicts in C, which hides nothing"),
    "MatchClass": (ALLOWED, "`case str():` and `case int(n):` only, which look at the type and read no attribute"),
    "MatchStar": (ALLOWED, "binds a checked name"),
    "MatchAs": (ALLOWED, "binds a checked name"),
    "MatchOr": (ALLOWED, _MATCHED),
}

# Classes whose pattern takes the whole value, `case int(n):`, where that of others would read attributes. A rule can
# give the names to its own classes: those have no `__match_args__`, so that the pattern raises TypeError.
MATCHED_WHOLE = frozenset("bool bytes dict float frozenset int list set str tuple".split())
ATTRIBUTE_PATTERN = "class patterns read attributes unguarded: test with `isinstance` in a `case _ if ...`"

# Syntax that came after Python 3.11.
SINCE: dict[str, tuple[int, int]] = {
    "TypeAlias": (3, 12),
    "TypeVar": (3, 12),
    "ParamSpec": (3, 12),
    "TypeVarTuple": (3, 12),
}

# Fields of nodes that hold text, or that have a check of their own. Any other text in a tree is an identifier.
TEXT_FIELDS: dict[tuple[str, str], str] = {
    ("Constant", "value"): "data",
    ("Constant", "kind"): "the `u` before a string",
    ("Attribute", "attr"): "checked as an attribute",
    ("FunctionDef", "name"): "checked as the name of a function, which may be a method with two underscores",
    ("ImportFrom", "module"): "checked as a module; binds no name",
    ("MatchClass", "kwd_attrs"): "patterns with attributes are refused",
}

# Methods that a rule's class may define. The others (`__del__`, `__exit__`, `__getattr__` ...) could run at
# times or see names that a rule must not.
MAGIC_METHODS = frozenset(
    """__init__ __str__ __repr__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __bool__ __len__
    __contains__ __iter__ __next__ __getitem__ __setitem__ __call__ __add__ __radd__ __sub__ __mul__
    __truediv__ __floordiv__ __mod__ __neg__ __and__ __or__ __xor__ __delitem__ __reversed__ __abs__
    __rsub__ __rmul__ __pow__ __iadd__ __isub__""".split()
)

# What compiled rules call: names that only the transformer writes.
HOOKS: dict[str, str] = {
    "_getattr_": "reads an attribute",
    "_getitem_": "reads an item",
    "_write_": "stands for the holder on the left side of an assignment",
    "_inplacevar_": "carries out an augmented assignment",
    "_put_": "sets an item, where nothing else is assigned to",
    "_put_attribute_": "sets an attribute, likewise",
    "_own_": "notes that a list or dict is the rule's own until it is put into the data",
    "_super_": "answers `super()` inside a rule's class",
    "_Exception_": "what a bare `except` catches",
    "__metaclass__": "makes a rule's classes",
}

# Names that a rule may read though they have two underscores.
MODULE_NAMES: dict[str, str] = {"__name__": "the text `rule`, so that `if __name__ == ...` works"}

# What the compiler itself puts into a class's body, and the cell that `_super_` is given.
COMPILER_NAMES = frozenset(
    "__name__ __module__ __qualname__ __doc__ __classcell__ __firstlineno__ __static_attributes__".split()
)
COMPILER_CELLS = frozenset({"__class__"})

_OWN_NAME = re.compile(r"_[^\W_](?:[^\W_]|_(?!_|\Z))*\Z")
_TEMPORARY = re.compile(r"_tmp[0-9]+\Z")


def is_own_name(name: str) -> bool:
    """Whether an author may write `name` though it begins with an underscore: `_x`, `_my_helper`.

    Not with a second underscore beside another (`__class__`, and the `_Class__name` that Python makes of a private
    name), not with one at the end (`_getattr_`), and not the transformer's temporaries (`_tmp0`).
    """
    return _OWN_NAME.match(name) is not None and _TEMPORARY.match(name) is None


def is_temporary(name: str) -> bool:
    """Whether `name` is one that the transformer gives to a value in between."""
    return _TEMPORARY.match(name) is not None


def refused_name(name: str) -> str | None:
    """Why `name` cannot be written as a name or an attribute, and what to write instead; None when it can be."""
    if name == "_" or is_own_name(name):
        return None
    if name.startswith("_"):
        plain = name.strip("_") or "name"
        if is_temporary(name):
            return f"`{name}` is kept for the sandbox: name it `{plain}`"
        if name.startswith("__") and name.endswith("__"):
            return f"`{name}` is not available in rules"
        if name.endswith("_"):
            return f"`{name}` begins and ends with an underscore, which is kept for the sandbox: name it `{plain}`"
        if name.startswith("__"):
            return f"`{name}` begins with two underscores, which is kept for Python: name it `_{plain}`"
        return f"`{name}` has two underscores together, which is kept for Python: use one"
    if name.endswith("__roles__"):
        return f"`{name}` is not available in rules"
    return None
