"""Rules made of other rules: the attack corpus, the ordinary rules and the samples, changed, mixed and renamed."""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.draw import Draw, chance, pick
from tests.fuzz.words import FIELDS, HIDDEN, NAMES, ODD_NAMES
from tests.fuzz.writing import writer
from tests.sandbox import trial
from tests.sandbox.test_language import ORDINARY

HERE = Path(__file__).resolve().parent.parent
OPERATORS = (
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "@",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "is",
    "in",
    "and",
    "or",
)
TOKEN = re.compile(r"""\w+|"[^"\n]*"|'[^'\n]*'|\*\*|//|<<|>>|[=!<>]=|[^\s\w]""")
LONGEST = 12_000


@functools.cache
def attacks() -> tuple[str, ...]:
    return _read(HERE / "sandbox" / "escapes")


@functools.cache
def ordinary() -> tuple[str, ...]:
    table = (trial.rule(body) for body, _ in ORDINARY.values())
    return (*table, *_read(HERE / "sandbox" / "ordinary"), *_read(HERE.parent / "sample_rules"))


def _read(folder: Path) -> tuple[str, ...]:
    return tuple(path.read_text() for path in sorted(folder.glob("*.py")))


def _pieces(script: str) -> tuple[list[str], list[int]]:
    """The script cut at its tokens, roughly, and which of the pieces are names, values and operators."""
    pieces: list[str] = []
    changed: list[int] = []
    at = 0
    for match in TOKEN.finditer(script):
        pieces += (script[at : match.start()], match[0])
        changed.append(len(pieces) - 1)
        at = match.end()
    return [*pieces, script[at:]], changed


@functools.lru_cache(1024)
def _expressions(script: str) -> tuple[str, ...]:
    """The text of every expression in the script that stands on one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(script)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    lines = [line.encode() for line in script.split("\n")]
    texts = (
        lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode("utf-8", "replace")
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and node.lineno == node.end_lineno
    )
    return tuple(text for text in dict.fromkeys(texts) if 0 < len(text) < 200)


def mutated(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    """`script` with one to three changes; parts come from `others` and from the grammar."""
    for _ in range(1 + draw.below(3) // 2 + draw.below(4) // 3):
        change: Mutation = pick(draw, MUTATIONS)
        script = change(draw, script, others)
        if len(script) > LONGEST:
            break
    return script


def _replace_token(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    pieces, changed = _pieces(script)
    if not changed:
        return script
    at = pick(draw, changed)
    return "".join((*pieces[:at], _instead(draw, pieces[at], script), *pieces[at + 1 :]))


def _instead(draw: Draw, token: str, script: str) -> str:
    """Something of the same sort as `token`."""
    if token in OPERATORS:
        return pick(draw, OPERATORS)
    if token.isidentifier():
        names: tuple[str, ...] = pick(
            draw, (NAMES, FIELDS, ODD_NAMES, HIDDEN, tuple(re.findall(r"[A-Za-z_]\w*", script)))
        )
        return pick(draw, names)
    if token[:1].isdigit():
        return pick(draw, ("0", "1", "-1", "2 ** 64", "10 ** 9", "1.5", "True", "'1'"))
    if token[-1:] in "'\"":
        return pick(
            draw,
            ("''", repr(pick(draw, HIDDEN)), repr(pick(draw, FIELDS)), "b'a'", "'{0.__class__}'", "'{}'", "f'{user}'"),
        )
    return token


def _drop_token(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    pieces, changed = _pieces(script)
    if not changed:
        return script
    at = pick(draw, changed)
    return "".join((*pieces[:at], *pieces[at + 1 :]))


def _swap_tokens(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    pieces, changed = _pieces(script)
    if not changed:
        return script
    alike = [at for at in changed if pieces[at].isidentifier()] or list(changed)
    one, other = pick(draw, alike), pick(draw, alike)
    swapped = list(pieces)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    return "".join(swapped)


def _rename(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    names = sorted(set(re.findall(r"\b[a-z]\w*\b", script)))
    if not names:
        return script
    new = pick(draw, ODD_NAMES if chance(draw, 60) else NAMES)
    return re.sub(rf"\b{pick(draw, names)}\b", new, script)


def _replace_expression(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    """One expression by another one: of this script, of another, or of the grammar."""
    own = _expressions(script)
    if not own:
        return script
    source = draw.below(3)
    theirs = own if source == 0 else _expressions(pick(draw, others)) if source == 1 else ()
    new = pick(draw, theirs) if theirs else writer(draw).expression("any", 1)
    old = pick(draw, own)
    at = script.find(old)
    return f"{script[:at]}{new}{script[at + len(old) :]}"


def _insert_line(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    """A statement of another script, or of the grammar, with the indent of its neighbour."""
    lines = script.splitlines()
    places = [
        at
        for at, line in enumerate(lines)
        if line.strip() and not line.lstrip().startswith(("except", "else", "elif", "finally", "case", "@"))
    ]
    if not places:
        return script
    at = pick(draw, places)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    if chance(draw, 50):
        simple = [
            line.strip()
            for line in pick(draw, others).splitlines()
            if line.strip() and not line.rstrip().endswith((":", ",", "(", "[", "{"))
        ]
        new = [pick(draw, simple)] if simple else ["pass"]
    else:
        author = writer(draw)
        author.statement()
        new = author.lines
    if chance(draw, 60):
        new = ["try:", *(f"    {line}" for line in new), "except Exception:", "    pass"]
    return "\n".join([*lines[:at], *(indent + line for line in new), *lines[at:]]) + "\n"


def _drop_line(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    lines = script.splitlines()
    at = draw.below(len(lines)) if lines else 0
    return "\n".join([*lines[:at], *lines[at + 1 :]]) + "\n"


def _repeat_line(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    lines = script.splitlines()
    at = draw.below(len(lines)) if lines else 0
    return "\n".join([*lines[: at + 1], *lines[at:]]) + "\n"


def _swap_lines(draw: Draw, script: str, others: tuple[str, ...]) -> str:
    lines = script.splitlines()
    if len(lines) < 3:
        return script
    at = draw.below(len(lines) - 1)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    return "\n".join(lines) + "\n"


Mutation = Callable[[Draw, str, tuple[str, ...]], str]
# What keeps a script a script stands more than once.
MUTATIONS: tuple[Mutation, ...] = (
    _replace_expression,
    _replace_expression,
    _replace_expression,
    _insert_line,
    _insert_line,
    _insert_line,
    _replace_token,
    _replace_token,
    _swap_tokens,
    _rename,
    _repeat_line,
    _swap_lines,
    _drop_line,
    _drop_token,
)
