"""What rules and people have put into a trace, without what is secret of it.

Words of ours stay as they are: what somebody has for a password may be one of them, and a trace that says `***` for a
code or a member can be read no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from engine.models import StepError
from sandbox import journal
from sandbox.journal import Event, parts_of, pointer

Mask = Callable[[Any], Any]  # JSON data without what is secret, in the names of members, too
E = TypeVar("E", journal.Error, StepError)
F = TypeVar("F", bound=msgspec.Struct)

OF_PATHS = frozenset("user context updates idToken accessToken user_metadata app_metadata".split())
# Members of requests and answers (`sandbox.exchanges`) that nobody chooses freely.
OF_CALLS = frozenset("method base64 timeout cache status failure op ttl found".split())


def masked_event(event: Event, mask: Mask) -> Event:
    replace = msgspec.structs.replace
    match event:
        case journal.Write():
            return replace(event, path=masked_path(event.path, mask), old=mask(event.old), new=mask(event.new))
        case journal.Log():
            return replace(event, text=mask(event.text))
        case journal.Deny():
            return replace(event, text=mask(event.text))
        case journal.Refuse():
            return replace(event, path=masked_path(event.path, mask), reason=mask(event.reason))
        case journal.End():
            return event if event.error is None else replace(event, error=masked_error(event.error, mask))


def masked_path(path: str, mask: Mask) -> str:
    """A JSON Pointer, of which each part is looked at as the name it is."""
    return pointer([part if part in OF_PATHS else mask(part) for part in parts_of(path)])


def masked_error(error: E, mask: Mask) -> E:
    frames = [_frame(frame, mask) for frame in error.frames]
    causes = [
        msgspec.structs.replace(
            cause,
            message=mask(cause.message),
            frames=type(cause.frames)([_frame(frame, mask) for frame in cause.frames]),
        )
        for cause in error.causes
    ]
    return msgspec.structs.replace(
        error, message=mask(error.message), frames=type(error.frames)(frames), causes=type(error.causes)(causes)
    )


def _frame(frame: F, mask: Mask) -> F:
    texts = {name: mask(getattr(frame, name)) for name in ("function", "source", "values")}
    return msgspec.structs.replace(frame, **texts)


def masked_message(message: Any, mask: Mask) -> Any:
    """A request or an answer of a call, as JSON data (`sandbox.exchanges`)."""
    if not isinstance(message, dict):
        return mask(message)
    return {name: value if name in OF_CALLS else mask(value) for name, value in message.items()}
