"""What a traced execution tells: each line of a rule that ran, in order, with what it changed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from sandbox.journal import Line, Name, Shown

MOST_PATH = 300  # characters
Depth = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Dotted = Annotated[str, msgspec.Meta(max_length=MOST_PATH)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as it ran. `values` are those of the names and paths on it just before, `changed` the variables that are
    different after it, as short text; `writes` how many changes of the data it made. `depth` counts the rule's own
    calls around it. `returned` and `raised` say that the function ended there, or what came up. The last entry of a
    timeline that is not complete is `truncated`, and means no line."""

    step: int
    line: Line
    function: Name = ""
    depth: Depth = 0
    values: dict[Dotted, Shown] = {}
    changed: dict[Name, Shown] = {}
    writes: Depth = 0
    returned: Shown | None = None
    raised: Name | None = None
    truncated: bool = False


_decoder = msgspec.json.Decoder(list[Entry])


def read(text: bytes | msgspec.Raw) -> list[Entry]:
    """The entries of a timeline; none of a text that no honest worker writes."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
