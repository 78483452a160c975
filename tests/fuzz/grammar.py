"""Writes rules out of the grammar of the language: what a script is, and expressions by kind.

A rule is mostly plausible, so that most compile and many pass; here and there a hole is filled with another kind,
a name means something else, or a statement tries what an attacker would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tests.fuzz.draw import Draw, chance, pick
from tests.fuzz.words import FIELDS, HIDDEN, KEYS, LITERALS, MODULES, NAMES, ODD_NAMES, PHRASES, PLACES, TABLE_PHRASES

MEMBER = re.compile(
    rf"(?<![\w.])({'|'.join(re.escape(module) for module in sorted(MODULES, key=len, reverse=True))})\."
)
HOLE = re.compile(r"\$([a-z0-9]+)")
KINDS = (
    "int",
    "str",
    "list",
    "dict",
    "bool",
    "float",
    "tuple",
    "set",
    "bytes",
    "func",
    "none",
    "object",
    "exc",
    "cls",
    "auth0",
)
# Kinds by how often a rule's own values are of them.
COMMON = (
    "int",
    "str",
    "str",
    "list",
    "list",
    "dict",
    "dict",
    "int",
    "tuple",
    "set",
    "float",
    "bool",
    "func",
    "object",
    "bytes",
    "exc",
    "cls",
)
MOST_LINES = 120
ROOTS = ("user", "context")
OWN_DATA = (
    "user = {'email': 'x', 'permissions': [], 'app_metadata': {'roles': []}, 'user_metadata': {}, 'user_id': 'y'}",
    "context = {'idToken': {}, 'accessToken': {}, 'stats': {}}",
)
TABLE_NAMES = tuple(TABLE_PHRASES)


Forms = Sequence[Callable[["Writer"], None]]


class Writer:
    """Writes one script."""

    def __init__(self, draw: Draw, forms: Forms, helpers: Forms) -> None:
        """`forms` are what a statement can be, `helpers` what can stand before the rule."""
        self.draw = draw
        self.forms, self.helpers = forms, helpers
        self.lines: list[str] = []
        self.indent = 0
        self.scope: list[tuple[str, str]] = []  # names that can be read here, with their kinds
        self.functions = 0
        self.generator = False  # whether `yield` may stand here
        self.loop = False
        self.budget = 4 + draw.below(18)
        self.has_callback = chance(draw, 20)

    # The whole

    def script(self) -> str:
        draw = self.draw
        for count in range(draw.below(3)):
            if not count:  # helpers outside the rule have data of their own under the same names
                for line in OWN_DATA:
                    self.line(line)
            pick(draw, self.helpers)(self)
        self.line("def rule(user, context, callback):" if self.has_callback else "def rule(user, context):")
        self.scope += [("user", "dict"), ("context", "dict")]
        if self.has_callback:
            self.scope.append(("callback", "func"))
        self.block(2 + draw.below(14))
        self.indent += 1
        for _ in range(1 + draw.below(3)):
            self.guarded(lambda: self.line(f"context.idToken[{self.key()}] = {self.expression(self.kind(), 2)}"), 60)
        if self.has_callback:
            self.line("callback(None, user, context)")
        self.indent -= 1
        text = "\n".join(self.lines) + "\n"
        if not self.has_callback:
            text = text.replace("callback(", "print(")
        # A name that was bound in a block that has ended is still read: mostly it has a value from the start.
        words = set(re.findall(r"[a-z]\w*", text)) if chance(draw, 92) else set()
        bound = [name for name in (*NAMES, "other", "rest", "error", "z", "yes") if name in words]
        start = f"{' = '.join(bound)} = {draw.below(3)}\n" if bound else ""
        return self.imports(text) + start + text

    def imports(self, text: str) -> str:
        used = sorted({match[1] for match in MEMBER.finditer(text)})
        return "".join(f"import {module}\n" for module in used)

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def block(self, count: int) -> None:
        """An indented block. Names that it binds are known after it, since rules mostly run all of it."""
        self.indent += 1
        start = len(self.lines)
        for _ in range(max(count, 1)):
            if self.budget <= 0 or len(self.lines) > MOST_LINES:
                break
            self.budget -= 1
            self.guarded(self.statement, 35)
        if len(self.lines) == start:
            self.line("pass")
        self.indent -= 1

    def guarded(self, write: Callable[[], None], percent: int) -> None:
        """What `write` writes, in a part of the cases inside a `try` that lets the rule go on."""
        if not chance(self.draw, percent):
            write()
            return
        self.line("try:")
        self.indent += 1
        write()
        self.indent -= 1
        self.line(
            pick(
                self.draw,
                (
                    "except Exception:",
                    "except:",
                    "except Exception as error:",
                    "except (TypeError, ValueError, AttributeError, LookupError):",
                ),
            )
        )
        self.line(pick(self.draw, ("    pass", "    context.idToken.failed = 1", "    print('failed')")))

    # Expressions

    def kind(self) -> str:
        return pick(self.draw, COMMON)

    def key(self) -> str:
        return pick(self.draw, KEYS) if chance(self.draw, 30) else repr(pick(self.draw, FIELDS))

    def name(self) -> str:
        return pick(self.draw, ODD_NAMES) if chance(self.draw, 1) else pick(self.draw, NAMES)

    def expression(self, kind: str, depth: int) -> str:
        draw = self.draw
        if kind == "any":
            if depth > 0 and chance(draw, 25):
                return self.fill(pick(draw, TABLE_PHRASES[pick(draw, TABLE_NAMES)]), depth - 1)
            kind = pick(draw, COMMON)
        elif chance(draw, 3):
            kind = pick(draw, KINDS)
        if depth <= 0 or chance(draw, 35):
            known = [name for name, its in self.scope if its == kind]
            if any(name in ROOTS for name in known) and not chance(draw, 15):
                known = [name for name in known if name not in ROOTS]  # what holds itself mostly ends the rule
            if known and chance(draw, 65):
                return pick(draw, known)
            return pick(draw, LITERALS[kind])
        text = self.fill(pick(draw, PHRASES[kind]), depth - 1)
        return text if chance(draw, 30) else f"({text})"

    def fill(self, phrase: str, depth: int) -> str:
        return HOLE.sub(lambda hole: self.hole(hole[1], depth), phrase)

    def hole(self, what: str, depth: int) -> str:
        draw = self.draw
        if what == "place":
            return pick(draw, PLACES)
        if what == "key":
            return self.key()
        if what == "hidden":
            return repr(pick(draw, HIDDEN))
        if what == "attr":
            return pick(draw, HIDDEN) if chance(draw, 60) else pick(draw, FIELDS)
        if what == "field":
            return pick(draw, FIELDS)
        return self.expression(what, depth)

    # Statements

    def statement(self) -> None:
        pick(self.draw, self.forms)(self)

    def bind(self, name: str, kind: str) -> None:
        self.scope = [entry for entry in self.scope if entry[0] != name]
        self.scope.append((name, kind))
