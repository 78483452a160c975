"""A script out of the grammar: all forms of statement together."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import blocks, definitions, statements
from tests.fuzz.draw import Draw
from tests.fuzz.grammar import Writer

# One entry for every form of statement; what rules mostly do stands more than once.
FORMS: tuple[Callable[[Writer], None], ...] = (
    statements.small,
    statements.assign,
    statements.assign,
    statements.assign,
    statements.assign_table,
    statements.assign_table,
    statements.annotated,
    statements.write,
    statements.write,
    statements.write,
    statements.change,
    statements.change,
    statements.alias,
    statements.augmented,
    statements.delete,
    statements.unpack,
    blocks.if_,
    blocks.for_,
    blocks.while_,
    blocks.try_,
    blocks.match_,
    definitions.function,
    definitions.generator_function,
    definitions.klass,
    definitions.late,
    statements.attempt,
    statements.attempt,
)
HELPERS = (statements.assign, definitions.function, definitions.klass, definitions.generator_function)


def writer(draw: Draw) -> Writer:
    return Writer(draw, FORMS, HELPERS)


def written(draw: Draw) -> str:
    """A script out of the grammar."""
    return writer(draw).script()
