"""Statements with a body: branches, loops, `try` and `match`."""

from __future__ import annotations

from tests.fuzz.draw import chance, pick
from tests.fuzz.forms import PATTERNS, REFUSED_PATTERNS
from tests.fuzz.grammar import Writer


def if_(w: Writer) -> None:
    draw = w.draw
    w.line(f"if {w.expression('bool', 2)}:")
    w.block(1 + draw.below(3))
    if chance(draw, 30):
        w.line(f"elif {w.expression('bool', 1)}:")
        w.block(1)
    if chance(draw, 40):
        w.line("else:")
        w.block(1 + draw.below(2))


def for_(w: Writer) -> None:
    draw = w.draw
    name = w.name()
    target = name if chance(draw, 85) else pick(draw, ("context.idToken.last", "user['last']"))
    items = w.expression(pick(draw, ("list", "str", "dict", "set", "object")), 1)
    w.line(f"for {target} in {f'range({1 + draw.below(4)})' if chance(draw, 50) else items}:")
    if target == name:
        w.bind(name, pick(draw, ("int", "str")))
    loop, w.loop = w.loop, True
    w.block(1 + draw.below(2))
    w.loop = loop
    if chance(draw, 15):
        w.line("else:")
        w.block(1)


def while_(w: Writer) -> None:
    draw = w.draw
    if chance(draw, 1):
        w.line("while True:")
    else:
        name = f"count{w.indent}"
        w.line(f"{name} = {draw.below(4)}")
        w.line(f"while ({name} := {name} - 1) > 0:")
    loop, w.loop = w.loop, True
    w.block(1 + draw.below(2))
    w.loop = loop


def try_(w: Writer) -> None:
    draw = w.draw
    w.line("try:")
    w.block(1 + draw.below(3))
    caught = draw.below(4)
    for _ in range(1 if caught else 0):
        w.line(
            pick(
                draw,
                (
                    "except Exception as error:",
                    "except KeyError:",
                    "except (TypeError, AttributeError) as error:",
                    "except:",
                    "except ValueError as e:",
                ),
            )
        )
        w.block(1)
        if chance(draw, 20):
            w.line("else:")
            w.block(1)
    if not caught or chance(draw, 30):
        w.line("finally:")
        loop, w.loop = w.loop, False
        w.block(1)
        w.loop = loop


def match_(w: Writer) -> None:
    draw = w.draw
    w.line(f"match {w.expression(w.kind(), 1)}:")
    w.indent += 1
    for _ in range(1 + draw.below(3)):
        guard = f" if {w.expression('bool', 1)}" if chance(draw, 25) else ""
        w.line(f"case {pick(draw, REFUSED_PATTERNS if chance(draw, 1) else PATTERNS)}{guard}:")
        w.block(1)
    if chance(draw, 50):
        w.line(f"case {pick(draw, ('_', 'other'))}:")
        w.block(1)
    w.indent -= 1
