"""How a task beside the logins is ended."""

from __future__ import annotations

import asyncio

ONCE_MORE = 0.1  # seconds after which what was cancelled and goes on is cancelled again


async def end(task: asyncio.Task[None] | None) -> None:
    """Cancel it until it has ended, whatever it ends with.

    More than once: where a time limit of a client's is over at that very moment, the client takes the cancellation for
    its own, and the task goes on.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=ONCE_MORE)
    if task is not None and not task.cancelled():
        task.exception()  # seen
