"""Functions, generators and classes, each with a use of it."""

from __future__ import annotations

import re

from tests.fuzz.draw import chance, pick
from tests.fuzz.forms import GENERATOR_USES, INSTANCE_USES, METHOD_ARGUMENTS, METHOD_KINDS, SIGNATURES
from tests.fuzz.grammar import Writer
from tests.fuzz.words import FIELDS, METHODS, NAMES


def function(w: Writer) -> None:
    """A function and a call of it."""
    draw = w.draw
    w.functions += 1
    name = f"f{w.functions}"
    parameters, arguments = pick(draw, SIGNATURES)
    w.line(f"def {name}({w.fill(parameters, 1)}):")
    outer, w.scope = w.scope, [*w.scope, ("a", "int"), ("b", "str")]
    loop, w.loop = w.loop, False
    if chance(draw, 20) and w.indent:
        shared = [known for known, _ in outer if known in NAMES and known not in ("a", "b")]
        if shared and "self" not in parameters:
            bound = pick(draw, shared)
            w.line(f"    {'nonlocal' if _bound_here(w, bound) else 'global'} {bound}")
    w.block(1 + draw.below(4))
    w.line(f"    return {w.expression(w.kind(), 2)}")
    w.scope, w.loop = outer, loop
    w.bind(name, "func")
    if w.indent:
        w.line(
            pick(
                draw,
                (
                    f"r = {name}({arguments})",
                    f"context.idToken.{name} = {name}({arguments})",
                    f"list(map({name}, {w.expression('list', 1)}))",
                ),
            )
        )


def _bound_here(w: Writer, name: str) -> bool:
    """Whether an enclosing function binds `name`, as far as the text says."""
    pattern = re.compile(rf"^ {{4,}}(for )?{re.escape(name)}\b[^(\[.]*(=|in)\s")
    return any(pattern.match(line) for line in w.lines)


def generator_function(w: Writer) -> None:
    draw = w.draw
    w.functions += 1
    name = f"g{w.functions}"
    w.line(f"def {name}(a=1):")
    outer, w.scope = w.scope, [*w.scope, ("a", "int")]
    late = chance(draw, 25)
    w.indent += 1
    if late:
        w.line("try:")
        w.indent += 1
    w.line(
        pick(
            draw,
            (
                f"yield {w.expression(w.kind(), 1)}",
                f"got = yield {w.expression('any', 1)}",
                f"yield from {w.expression('list', 1)}",
            ),
        )
    )
    w.indent -= 1
    w.block(1 + draw.below(2))
    w.indent += 1
    if late:
        w.indent -= 1
        w.line("finally:")
        w.block(1)
    else:
        w.line("yield a")
    w.indent = max(w.indent - 1, 0)
    w.scope = outer
    w.bind(name, "func")
    if w.indent:
        w.line(w.fill(pick(draw, GENERATOR_USES).replace("@", name), 1).replace("\n", "\n" + "    " * w.indent))


def klass(w: Writer) -> None:
    draw = w.draw
    w.functions += 1
    name = f"C{w.functions}"
    base = pick(draw, ("", "", "(object)", "(Exception)", "(ValueError)", "(UnauthorizedError)", "(str)", "(dict)"))
    if base in ("(str)", "(dict)") and not chance(draw, 10):
        base = ""
    classes = [known for known, kind in w.scope if kind == "cls" and known.startswith("C")]
    if classes and chance(draw, 30):
        base = f"({pick(draw, classes)})"
    w.line(f"class {name}{base}:")
    outer, w.scope = w.scope, [*w.scope, ("self", "object")]
    loop, w.loop = w.loop, False
    w.indent += 1
    if chance(draw, 30):
        w.line(f"x = {w.expression(w.kind(), 1)}")
    for _ in range(1 + draw.below(4)):
        if chance(draw, 75):
            method = pick(draw, METHODS)
            w.line(f"def {method}({METHOD_ARGUMENTS.get(method, 'self, other=None')}):")
        else:
            w.line(pick(draw, ("@property", "@staticmethod", "@classmethod", "")))
            w.lines = w.lines if w.lines[-1].strip() else w.lines[:-1]
            w.line(f"def {pick(draw, FIELDS[:10])}(self, *a):")
        if chance(draw, 50):
            w.block(1)
        kind = METHOD_KINDS.get(w.lines[-1].strip().partition("(")[0].removeprefix("def "), w.kind())
        w.line(f"    return {w.expression(kind, 1)}")
    w.indent -= 1
    w.scope, w.loop = outer, loop
    w.bind(name, "cls")
    if w.indent:
        instance = w.name()
        w.guarded(
            lambda: w.line(
                f"{instance} = {name}({pick(draw, ('', '1', '$any'.replace('$any', w.expression('any', 0))))})"
            ),
            60,
        )
        if chance(draw, 70):
            w.guarded(lambda: w.line(w.fill(pick(draw, INSTANCE_USES).replace("@", name), 1)), 80)


def late(w: Writer) -> None:
    """A finaliser that runs after the rule, from a cycle that only the collector ends."""
    w.functions += 1
    name = f"late{w.functions}"
    w.line(f"def {name}():")
    w.line("    try:")
    w.line("        yield 1")
    w.line("    finally:")
    w.indent += 1
    w.block(2)
    w.indent -= 1
    w.line(f"kept = [{name}()]")
    w.line("next(kept[0])")
    w.line("kept.append(kept)")
