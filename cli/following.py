"""Executions as they happen: followed, and followed again after a break."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from cli.client import Client, Lost, Rejected
from cli.refusal import Refused

SILENCE = 45.0  # seconds without a word: the service says every 15 s that there was nothing
PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds between two attempts
NO_ROOM = (429, 503)
LATE = 10  # seconds that a record may come after its login
MOST_SHOWN = 5_000  # ids of what was shown last
LONGEST_BREAK = 999_999  # seconds that the service can be told


class Denial(msgspec.Struct, frozen=True):
    error: str
    description: str


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """As the list shows it. What of the login is here is as it came, of any type."""

    execution_id: str
    clock: str
    ms: float
    decision: str
    client: Any
    user: Any
    claims: list[str]
    failed: list[str]
    denial: Denial | None


class Followed(msgspec.Struct, frozen=True):
    """`plain` is everything that the service told of it."""

    execution: Execution
    plain: dict[str, Any]


def follow(
    client: Client, filters: Mapping[str, str], said: Callable[[str], None], first: str | None = None
) -> Iterator[Followed | None]:
    """Each execution from now on that the filters let through, as the list shows it, and before them those since
    `first`, a time or how long ago; None where there was nothing for a while. Goes on after a break, with what happened
    meanwhile; what there is to know of that, and of what was missed, is `said`. Raises `Refused` where it cannot begin,
    and where the service does not want to go on."""
    begun = heard = 0.0
    broken, pause = False, PAUSE
    shown: dict[str, None] = {}
    since = {} if first is None else {"since": first}
    while True:
        try:
            path = f"/v1/executions/tail?{urlencode({**filters, **since})}"
            with client.lines("GET", path, None, within=SILENCE) as lines:
                if broken:
                    said("connected again")
                begun, broken, pause = begun or time.monotonic(), False, PAUSE
                for found in _executions(client, lines, said):
                    heard = time.monotonic()
                    if found is None or _keep(shown, found.execution.execution_id):
                        yield found
            reason = f"{client.url} has ended its answer"
        except (Lost, Rejected) as exc:
            if not begun or (isinstance(exc, Rejected) and exc.status not in NO_ROOM):
                raise
            reason = str(exc)
        if not broken:
            said(f"{reason}; trying again until it works")
        broken = True
        time.sleep(pause)
        now = time.monotonic()
        # How long ago, since the service's clock may be another: never before the beginning.
        ago = min(now - heard + LATE, now - begun, LONGEST_BREAK)
        since = {"since": f"{math.ceil(ago)}s"}
        pause = min(2 * pause, LONGEST_PAUSE)


def _keep(shown: dict[str, None], id: str) -> bool:
    """Whether it is new; the newest of those that are not are kept in mind."""
    if id in shown:
        return False
    shown[id] = None
    if len(shown) > MOST_SHOWN:
        del shown[next(iter(shown))]
    return True


def _executions(client: Client, lines: Iterable[bytes], said: Callable[[str], None]) -> Iterator[Followed | None]:
    for event, data in _events(lines):
        if event == "missed":
            said("more happened at once than can be told: some are not shown")
        elif event == "unreadable":
            said("a recorded login cannot be opened, and is not shown: the service's log says which")
        elif event == "execution":
            try:
                found = Followed(
                    msgspec.json.decode(data, type=Execution), msgspec.json.decode(data, type=dict[str, Any])
                )
            except (msgspec.DecodeError, RecursionError):
                raise Refused(f"{client.url} does not answer like Claimsmith: is that its address?") from None
            yield found
        else:
            yield None


def _events(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Server-sent events by name, as far as they are used here; a comment is an event without a name."""
    name, data = "", b""
    for line in lines:
        field, _, value = line.partition(b": ")
        if field == b"event":
            name = value.decode(errors="replace")
        elif field == b"data":
            data = value
        elif line.startswith(b":") or (not line and name):
            yield name, data
            name, data = "", b""
