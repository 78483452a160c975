"""Statements without a body: one function for every form, which writes it."""

from __future__ import annotations

from sandbox.guards import INPLACE
from tests.fuzz.draw import chance, pick
from tests.fuzz.forms import CHANGED, CHANGES, SHAPES
from tests.fuzz.grammar import TABLE_NAMES, Writer
from tests.fuzz.words import ATTEMPTS, FIELDS, PLACES, TABLE_PHRASES

OPERATORS = tuple(sorted(INPLACE))


def small(w: Writer) -> None:
    draw = w.draw
    text = pick(
        draw,
        (
            "pass",
            "print($any)",
            "print($str, $any)",
            "assert $bool, $str",
            "$any",
            "$none",
            "$func($any)",
            "context.idToken.$field = $any",
        ),
    )
    if w.loop and chance(draw, 15):
        text = pick(draw, ("break", "continue"))
    elif chance(draw, 2):
        text = pick(draw, ("return", "raise $exc", "raise", "break", "yield $any"))
    w.line(w.fill(text, 2))


def assign(w: Writer) -> None:
    kind, name = w.kind(), w.name()
    w.line(f"{name} = {w.expression(kind, 2)}")
    w.bind(name, kind)


def assign_table(w: Writer) -> None:
    """A row of the language's tables, used and kept."""
    name = w.name()
    text = w.fill(pick(w.draw, TABLE_PHRASES[pick(w.draw, TABLE_NAMES)]), 1)
    w.guarded(lambda: w.line(f"{name} = {text}"), 50)
    w.line(f"print({text})" if chance(w.draw, 10) else "pass")


def annotated(w: Writer) -> None:
    kind, name = w.kind(), w.name()
    w.line(f"{name}: list[{pick(w.draw, ('str', 'Missing', 'user.x'))}] = {w.expression(kind, 1)}")
    w.bind(name, kind)


def write(w: Writer) -> None:
    """A change of the login's data."""
    draw = w.draw
    place = pick(draw, PLACES)
    value = w.expression("any" if chance(draw, 30) else w.kind(), 2)
    form = draw.below(4)
    if form == 0:
        w.line(f"{place}[{w.key()}] = {value}")
    elif form == 1:
        w.line(f"{place}.{pick(draw, FIELDS)} = {value}")
    elif form == 2:
        w.line(
            w.fill(
                f"{place}.update({pick(draw, ('{%s: %s}', 'dict(a=%.0s%s)', '[(%s, %s)]')) % (w.key(), value)})",
                1,
            )
        )
    else:
        w.line(f"{place}.setdefault({w.key()}, {value})")


def change(w: Writer) -> None:
    """A change of something that is there: a list or dict of the login, or a name's."""
    draw = w.draw
    target = pick(draw, CHANGED)
    w.line(w.fill(pick(draw, CHANGES[target[1]]).replace("@", target[0]), 1))


def alias(w: Writer) -> None:
    """One object in several places, changed by one of its names."""
    draw = w.draw
    name, kind = w.name(), pick(draw, ("dict", "list"))
    w.line(f"{name} = {w.expression(kind, 1)}")
    w.bind(name, kind)
    for _ in range(1 + draw.below(3)):
        value = pick(draw, ("@", "[@]", "{'a': @}", "(@, @)")).replace("@", name)
        w.line(f"{pick(draw, PLACES)}[{w.key()}] = {value}")
    for _ in range(1 + draw.below(2)):
        w.line(w.fill(pick(draw, CHANGES[kind]).replace("@", name), 1))


def augmented(w: Writer) -> None:
    draw = w.draw
    kind = pick(draw, tuple(SHAPES))
    operator = pick(draw, OPERATORS) if chance(draw, 10) else pick(draw, SHAPES[kind])
    known = [name for name, its in w.scope if its == kind]
    value = w.expression("int" if operator == "*=" else kind, 1)
    if known and chance(draw, 60):
        w.line(f"{pick(draw, known)} {operator} {value}")
        return
    place, key = pick(draw, PLACES), w.key()
    w.line(f"{place}[{key}] = {w.expression(kind, 1)}")
    w.line(f"{place}[{key}] {operator} {value}")


def delete(w: Writer) -> None:
    draw = w.draw
    place = pick(draw, PLACES)
    w.line(
        w.fill(
            pick(
                draw,
                (
                    f"del {place}[$key]",
                    f"del {place}.$field",
                    f"{place}.pop($key, None)",
                    f"{place}.popitem()",
                    "del $list[$int]",
                ),
            ),
            1,
        )
    )


def unpack(w: Writer) -> None:
    draw = w.draw
    first, second = w.name(), w.name()
    form = draw.below(5)
    if form == 0:
        w.line(f"{first}, {second} = {w.expression('int', 1)}, {w.expression('str', 1)}")
        w.bind(first, "int")
        w.bind(second, "str")
    elif form == 1:
        w.line(f"{first}, *{second} = {w.expression('list', 1)}")
        w.bind(second, "list")
    elif form == 2:
        w.line(f"{first} = {second} = {w.expression('list', 1)}")
        w.bind(first, "list")
        w.bind(second, "list")
    elif form == 3:
        value = f"({w.expression('int', 1)}, {w.expression('any', 1)})"
        w.line(f"({first}, context.idToken[{w.key()}]) = [user.x, {second}] = {value}")
        w.bind(first, "int")
    else:
        w.line(f"for {first}, {second} in {w.expression('dict', 1)}.items():")
        w.bind(first, "str")
        w.block(1)


def attempt(w: Writer) -> None:
    text = w.fill(pick(w.draw, ATTEMPTS), 1)
    if (
        chance(w.draw, 25)
        and "import" not in text
        and "=" not in text
        and not text.startswith(("del", "raise", "assert", "return"))
    ):
        text = f"context.idToken.loot = {text}"
    w.guarded(lambda: w.line(text), 85)
