"""What a trace says that an execution left behind, by carrying out its writes once more.

Where this differs from what the execution answered, something was changed that nobody recorded, or something was
recorded that did not happen. Exact, and so only for traces that say every value in full; `tests.fuzz.replay` judges the
others too, and what was there before.
"""

from __future__ import annotations

import copy
from typing import Any

from sandbox import journal
from sandbox.wire import Answer


def explained(user: dict[str, Any], context: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """`user`, `context` and `updates` after the recorded writes. Raises `AssertionError` for a write to a place that
    is not there."""
    model: dict[str, Any] = copy.deepcopy({"user": user, "context": context, "updates": {}})
    for event in journal.read(answer.journal):
        if isinstance(event, journal.Write):
            _carry_out(model, event.op, _parts(event.path), event.new)
        elif isinstance(event, journal.Refuse):
            _carry_out(model, "remove", _parts(event.path), None)
    return model


def whole(answer: Answer) -> bool:
    """Whether the trace holds every value in full: those over `Limits.write_value` are only measured."""
    return b'"$truncated"' not in bytes(answer.journal)


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _carry_out(model: dict[str, Any], op: journal.Op, path: list[str], new: Any) -> None:
    holder: Any = model
    for part in path[:-1]:
        assert isinstance(holder, list) or part in holder, f"a write below `{part}` of {path}, which is not there"
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    last = path[-1]
    if isinstance(holder, list):
        index = int(last)
        if op == "add":
            assert index == len(holder), f"an item was added at {path}, which is not the end"
            holder.append(copy.deepcopy(new))
        elif op == "replace":
            holder[index] = copy.deepcopy(new)
        else:
            del holder[index]
    elif op == "remove":
        holder.pop(last, None)
    else:
        assert isinstance(holder, dict), f"a write to {path}, which is neither in a dict nor in a list"
        holder[last] = copy.deepcopy(new)
