"""Everything that rules may ask of the outside, by the kind of the call."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import redis.asyncio

from engine.calls.addresses import LookUp, Network, look_up
from engine.calls.breakers import Breakers
from engine.calls.kept import Kept
from engine.calls.outbound import Outbound, origin
from engine.calls.remembered import Remembered
from engine.keys import Keys
from sandbox.exchanges import CacheRequest, HttpAnswer, HttpRequest

SHORTEST = 0.005  # seconds: with less no call is begun


class Outside:
    def __init__(
        self,
        keys: Keys,
        client: redis.asyncio.Redis | None,
        networks: Sequence[Network],
        most_bytes: int,
        look_up: LookUp = look_up,
    ) -> None:
        """`networks` may be reached though they are not public; `most_bytes` has an answer at most."""
        self._kept = Kept(keys, client)
        self._outbound = Outbound(networks, most_bytes, look_up)
        self._remembered = Remembered()
        self._breakers = Breakers()
        self.counts = {"answered": 0, "timeout": 0, "connection": 0, "not_allowed": 0, "failed": 0}

    async def close(self) -> None:
        self._outbound.close()

    async def forget(self, tenant: str) -> None:
        """What is kept and remembered of a tenant that is no more. Raises nothing."""
        self._remembered.forget(tenant)
        await self._kept.forget(tenant)

    async def http(self, tenant: str, request: HttpRequest, hosts: tuple[str, ...], seconds: float) -> bytes:
        """The answer as JSON, in at most this time. Raises nothing."""
        if request.cache is not None and (known := self._remembered.get(tenant, hosts, request)) is not None:
            return known
        answer = await self._exchange(tenant, request, hosts, min(seconds, request.timeout or seconds))
        self.counts[answer.failure or "answered"] += 1
        text = msgspec.json.encode(answer)
        if request.cache is not None and request.method == "GET" and answer.status == 200:
            self._remembered.put(tenant, hosts, request, text)
        return text

    async def cache(self, tenant: str, request: CacheRequest) -> bytes:
        """The answer as JSON. Raises nothing."""
        return msgspec.json.encode(await self._kept.answer(tenant, request))

    async def _exchange(self, tenant: str, request: HttpRequest, hosts: tuple[str, ...], seconds: float) -> HttpAnswer:
        place = origin(request.url)
        if seconds < SHORTEST:
            return HttpAnswer(failure="timeout", message="the login's deadline leaves no time for the call")
        if (left := self._breakers.left_alone(tenant, place)) > 0:
            text = f"`{place[1]}` has not answered several times in a row: it is left alone for {left:.1f} s more"
            return HttpAnswer(failure="connection", message=text)
        answer = await self._outbound.exchange(tenant, request, hosts, seconds)
        if answer.failure in ("timeout", "connection"):
            self._breakers.failed(tenant, place)
        elif answer.failure is None:
            self._breakers.answered(tenant, place)
        return answer
