"""What a traced execution tells: each line of a rule that ran, in order, with what it changed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from sandbox.journal import Line, Name, Shown

# The tracer keeps to them, and a timeline that does not is none.
MOST_ENTRIES = 20_000
MOST_PATH = 300  # characters
MOST_VALUES = 20  # of one line
MOST_CHANGED = 20  # variables of one line

Number = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Dotted = Annotated[str, msgspec.Meta(max_length=MOST_PATH)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as it ran. `values` are those of the names and paths on it just before, as short text; one that plain
    data do not have is `<missing>`, and one that cannot be told without running code of the rule is not there.
    `changed` are the variables that are different after it; `writes` is how many changes of the data it made itself,
    without those of the functions it called, which are in the journal in the same order. `depth` counts the rule's own
    calls around it. `returned` is what the function gave back there, or a generator handed out; `raised` the type of
    what came up. The last entry of a timeline that is not complete is `truncated`, and means no line."""

    step: Number
    line: Line
    function: Name = ""
    depth: Number = 0
    values: Annotated[dict[Dotted, Shown], msgspec.Meta(max_length=MOST_VALUES)] = {}
    changed: Annotated[dict[Name, Shown], msgspec.Meta(max_length=MOST_CHANGED)] = {}
    writes: Number = 0
    returned: Shown | None = None
    raised: Name | None = None
    truncated: bool = False


_decoder: msgspec.json.Decoder[list[Entry]] = msgspec.json.Decoder(
    Annotated[list[Entry], msgspec.Meta(max_length=MOST_ENTRIES + 1)]
)


def read(text: bytes | msgspec.Raw) -> list[Entry]:
    """The entries of a timeline; none of a text that no honest worker writes."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
