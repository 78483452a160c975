"""Replicas tell each other through Redis that something was changed, so that none waits for its next look.

It is a hint and no more: what has changed is in the database, which all replicas look at once a second whatever they
hear. So nothing is lost when a message is, and whoever writes to Redis can make replicas look, at most every so often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import redis.asyncio
import structlog
from redis.asyncio.client import PubSub

from engine.ending import end

log = structlog.get_logger("claimsmith.announcements")

CHANNEL = "claimsmith:changes"
PAUSE = 1.0  # seconds before another attempt to listen
WAIT = 5.0  # seconds without a message after which Redis is asked whether it is there
ANSWER = 1.0  # seconds in which it then has to answer


class Announcements:
    """This replica's. Without a `client` nobody is told, and nothing heard."""

    def __init__(self, client: redis.asyncio.Redis | None) -> None:
        self._client = client
        self._listening: asyncio.Task[None] | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._again = False
        self._closed = False
        self.heard = 0
        self.deaf = False  # whether Redis cannot be listened to just now

    def start(self, look: Callable[[], None]) -> None:
        """`look` is called for every change that is announced, our own included."""
        if self._client is not None:
            self._listening = asyncio.get_running_loop().create_task(self._listen(self._client, look))

    async def close(self) -> None:
        self._closed = True
        await end(self._listening)
        await end(self._publishing)

    def announce(self) -> None:
        """Something was changed, and is stored. Returns at once; of many changes in a row, the last one is told."""
        if self._client is None:
            return
        if self._publishing is not None and not self._publishing.done():
            self._again = True
            return
        self._publishing = asyncio.get_running_loop().create_task(self._publish(self._client))

    async def _publish(self, client: redis.asyncio.Redis) -> None:
        self._again = True
        while self._again and not self._closed:
            self._again = False
            try:
                await client.publish(CHANNEL, b"")
            except Exception as error:
                log.debug("a change was not announced: others find it by looking", error=type(error).__name__)

    async def _listen(self, client: redis.asyncio.Redis, look: Callable[[], None]) -> None:
        while not self._closed:
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    await self._hear(channel, look)
            except Exception as error:  # whatever the library makes of what is no Redis
                if not self.deaf:
                    log.warning("announcements are not heard", error=type(error).__name__)
                self.deaf = True
            await asyncio.sleep(PAUSE)

    async def _hear(self, channel: PubSub, look: Callable[[], None]) -> None:
        """What Redis says, until it says nothing any more. Raises `TimeoutError` then, and what the library raises."""
        asked = False
        while True:
            message = await channel.get_message(timeout=ANSWER if asked else WAIT)
            if message is None:
                if asked:
                    raise TimeoutError
                await channel.ping()
                asked = True
                continue
            asked = False
            if self.deaf:
                log.info("announcements are heard again")
            self.deaf = False
            # From the moment on that Redis has noted us; what was announced before, nobody has heard.
            if message.get("type") in ("subscribe", "message"):
                self.heard += message["type"] == "message"
                look()
