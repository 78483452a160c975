"""The language of rules as literal tables: what may be written, and why.

Syntax that stands in no table is refused, so a new Python's new syntax fails closed. The rows say what makes
a thing safe or why it is refused; the transformer only carries them out.
"""

from __future__ import annotations

# Syntax that passes with its parts checked, beyond what RestrictedPython checks itself.
ALLOWED_SYNTAX = {
    "Match": "values, sequences and mappings read no attributes",
    "match_case": "part of `match`",
    "MatchValue": "constants only: a dotted name would be an unguarded attribute access",
    "MatchSingleton": "None, True and False",
    "MatchSequence": "reads items of lists and tuples in C, which hides nothing",
    "MatchMapping": "reads keys of dicts in C, which hides nothing",
    "MatchStar": "binds a checked name",
    "MatchAs": "binds a checked name",
    "MatchOr": "part of `match`",
    "Nonlocal": "binds checked names of the rule's own functions",
}

# Syntax that is refused, with what to write instead.
REFUSED_SYNTAX = {
    "AsyncFunctionDef": "rules are not asynchronous: write `def`",
    "AsyncFor": "rules are not asynchronous: write `for`",
    "AsyncWith": "rules are not asynchronous",
    "Await": "rules are not asynchronous: call the function without `await`",
    "With": "there is nothing to open in a rule: no context managers are available",
    "TryStar": "exception groups are not available: write `except`",
    "MatchClass": "class patterns read attributes unguarded: test with `isinstance` in a `case _ if ...`",
    "TypeAlias": "type aliases are not available: annotations are accepted and ignored",
    "TemplateStr": "template strings are not available: write an f-string",
    "Interpolation": "template strings are not available: write an f-string",
}

# Methods that a rule's class may define. The others (`__del__`, `__exit__`, `__getattr__` ...) could run at
# times or see names that a rule must not.
MAGIC_METHODS = frozenset(
    """__init__ __str__ __repr__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __bool__ __len__
    __contains__ __iter__ __next__ __getitem__ __setitem__ __call__ __add__ __radd__ __sub__ __mul__
    __truediv__ __floordiv__ __mod__ __neg__ __and__ __or__ __xor__""".split()
)

# Names that authors reach for and that do not exist here: the reason, and the way to do it.
UNAVAILABLE = {
    "open": "rules have no files: put data into `app_metadata`, or into the rule itself",
    "input": "rules have no terminal: read `user` and `context`",
    "exec": "rules cannot run text as code",
    "eval": "rules cannot run text as code: use `json.loads` to read data",
    "compile": "rules cannot run text as code",
    "globals": "rules cannot inspect themselves: use a dict of your own",
    "locals": "rules cannot inspect themselves: use a dict of your own",
    "vars": "rules cannot inspect objects: a dict's keys are `list(d)`",
    "dir": "rules cannot inspect objects: a dict's keys are `list(d)`",
    "id": "addresses differ between executions: compare with `is`",
    "hash": "hashes differ between processes: use `hashlib`",
    "super": "call the parent's function by another name, or do without inheritance",
    "memoryview": "use `bytes`",
    "bytearray": "use `bytes`, or a list of integers",
    "complex": "use `float`",
    "breakpoint": "rules have no debugger: `print` goes to the trace",
    "help": "rules have no terminal",
    "exit": "end a rule with `return`",
    "quit": "end a rule with `return`",
    "BaseException": "it would catch the time limit: use `Exception`",
    "SystemExit": "end a rule with `return`",
    "KeyboardInterrupt": "it never happens in a rule",
    "GeneratorExit": "use `try: ... finally: ...`",
    "console": "use `print(...)`, which goes to the trace",
    "require": "use `import`: see the list of modules",
    "global_": "state does not survive a login",
}

# Modules that authors reach for and that do not exist here.
UNAVAILABLE_MODULES = {
    "os": "rules have no operating system: secrets and settings do not come from the environment",
    "sys": "rules have no interpreter to look at",
    "subprocess": "rules cannot start programs",
    "socket": "rules have no network",
    "requests": "rules have no network of their own",
    "httpx": "rules have no network of their own",
    "urllib.request": "rules have no network of their own",
    "http": "rules have no network of their own",
    "asyncio": "rules are not asynchronous",
    "threading": "rules run alone: there is nothing to wait for",
    "logging": "use `print(...)`, which goes to the trace",
    "pathlib": "rules have no files",
    "io": "rules have no files: build a string",
    "pickle": "use `json`",
    "typing": "annotations are accepted and ignored: write `list[str]` without an import",
    "dataclasses": "use a dict or a class of your own",
    "operator": "write a lambda: `key=lambda x: x['name']`",
}
