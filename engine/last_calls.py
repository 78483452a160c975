"""When each tenant's hooks were called last, and how that ended: what an operator asks first when logins do not come.
Whoever makes native calls is one more issuer here, `native`.

A call only leaves a note in this process. Once a second what is new goes to Redis, where every process and replica
finds it, the latest by its own time, for a month. Redis and not the database, because a note is worth little and
changes with every login: in the database it would be a write a second for each tenant and hook, in its log, its
replicas and its backups, and a stranger who calls without a secret would make these writes. Redis forgets by itself,
and outlives restarts of the service as its own settings have it. Without Redis, and while it is away, a process knows
the calls that it has answered itself since it started.

Whoever writes to Redis can hide calls, not make any up: a note is encrypted and bound to its tenant, issuer and time
(AES-256-GCM). What is none is removed, logged, and not shown. Only tenants that exist are remembered.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import RedisError, ResponseError

from engine.keys import Keys
from engine.recurring import Recurring
from engine.seal import NONCE, Broken, Seal

log = structlog.get_logger("claimsmith.last_calls")

Ended = Literal["answered", "refused"]
ENDED: tuple[Ended, Ended] = ("answered", "refused")
Place = tuple[str, Ended]  # issuer, how it ended

PREFIX = "claimsmith:calls:v1:"
EXPIRES = 30 * 24 * 3600
EVERY = 1.0  # seconds between two writes
FORGET = 60  # writes after which tenants that are gone are forgotten
AT_ONCE = 100  # notes that are written together
LAST_WORDS = 1.0
STAMP = 16  # hexadecimal digits of microseconds, in front of what is sealed
LONGEST = STAMP + NONCE + 200 + 16

# KEYS: the note. ARGV: its stamp, its text, the seconds that it is kept. One that is later stays.
PUT = """
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) < ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'EX', ARGV[3])
end
"""


class Noted(msgspec.Struct, frozen=True, array_like=True):
    """A call: when, in microseconds since the epoch, and why it was refused, if it was."""

    at: int
    error: str | None


class LastCalls:
    def __init__(
        self,
        keys: Keys,
        client: redis.asyncio.Redis | None,
        exists: Callable[[str], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`exists` says whether there is such a tenant, without waiting."""
        self._seals = [Seal(key) for key in keys.derive_all("hook-calls")]
        self._redis = client
        self._exists = exists
        self._now = now
        self._own: dict[str, dict[Place, Noted]] = {}
        self._waiting: dict[tuple[str, Place], Noted] = {}
        self._writes = 0
        self._away = False
        self._writer = Recurring(self._act, EVERY, LAST_WORDS)

    def start(self) -> None:
        self._writer.start()

    async def close(self) -> None:
        """Write what waits, within a bounded time, and stop."""
        await self._writer.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._write()

    def note(self, tenant: str, issuer: str, error: str | None) -> None:
        """A hook was called just now: answered, or refused with this error. Returns at once."""
        if not self._exists(tenant):
            return
        place: Place = issuer, "answered" if error is None else "refused"
        noted = Noted(int(self._now() * 1_000_000), error)
        self._own.setdefault(tenant, {})[place] = noted
        if self._redis is not None:
            self._waiting[tenant, place] = noted

    async def of(self, tenant: str, issuers: Iterable[str]) -> tuple[dict[Place, Noted], bool]:
        """The last calls of a tenant's hooks that were answered, and that were refused; and whether these are those of
        all processes, and not of this one alone."""
        found = dict(self._own.get(tenant, {}))
        places: list[Place] = [(issuer, ended) for issuer in issuers for ended in ENDED]
        try:
            for place, noted in await self._read(tenant, places):
                if place not in found or found[place].at < noted.at:
                    found[place] = noted
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("last calls of others are not known: Redis does not answer", error=type(error).__name__)
            return found, False
        return found, self._redis is not None

    async def _read(self, tenant: str, places: list[Place]) -> list[tuple[Place, Noted]]:
        """What is in Redis. What is there and no note of ours is removed: it would keep later ones out."""
        if self._redis is None:
            return []
        asked = [(place, seal, _name(seal, tenant, place)) for place in places for seal in self._seals]
        async with self._redis.pipeline(transaction=False) as pipeline:
            for _, _, name in asked:
                # One byte more than a note may have: whatever stands there, no more is read.
                pipeline.getrange(name, 0, LONGEST)
            answers = await pipeline.execute(raise_on_error=False)
        found, wrong = [], []
        for (place, seal, name), answer in zip(asked, answers, strict=True):
            if answer == b"":
                continue
            if isinstance(answer, ResponseError) and "WRONGTYPE" not in str(answer):
                raise answer
            noted = _opened(seal, tenant, place, answer) if isinstance(answer, bytes) else None
            if noted is None:
                wrong.append(name)
            else:
                found.append((place, noted))
        if wrong:
            log.warning("last calls in Redis were removed: they are not what this service stored", tenant=tenant)
            await self._redis.delete(*wrong)
        return found

    async def _act(self) -> float:
        self._writes += 1
        if self._writes % FORGET == 0:
            for tenant in [tenant for tenant in self._own if not self._exists(tenant)]:
                del self._own[tenant]
        await self._write()
        return EVERY

    async def _write(self) -> None:
        """Of what cannot be written now, the latest is tried again the next time."""
        if self._redis is None or not self._waiting:
            return
        waiting, self._waiting = list(self._waiting.items()), {}
        for first in range(0, len(waiting), AT_ONCE):
            try:
                await self._put(self._redis, waiting[first : first + AT_ONCE])
                self._away = False
            except Exception as error:  # whatever the library makes of what is no Redis: the next time may be better
                if not self._away:
                    log.warning("last calls of hooks cannot be written", error=type(error).__name__)
                self._away = True
                self._waiting = {**dict(waiting[first:]), **self._waiting}
                return

    async def _put(self, client: redis.asyncio.Redis, some: Iterable[tuple[tuple[str, Place], Noted]]) -> None:
        seal = self._seals[0]
        async with client.pipeline(transaction=False) as pipeline:
            for (tenant, place), noted in some:
                sealed = seal.seal(msgspec.json.encode(noted), _about(tenant, place))
                pipeline.eval(PUT, 1, _name(seal, tenant, place), _stamp(noted), sealed, EXPIRES)
            # One that is refused (something else has its name, until somebody asks) takes no other with it.
            await pipeline.execute(raise_on_error=False)


def _opened(seal: Seal, tenant: str, place: Place, text: bytes) -> Noted | None:
    try:
        noted = msgspec.json.decode(seal.open(text[STAMP:], _about(tenant, place)), type=Noted)
    except (Broken, msgspec.DecodeError):
        return None
    return noted if text[:STAMP] == _stamp(noted) else None


def _stamp(noted: Noted) -> bytes:
    return b"%016x" % noted.at


def _name(seal: Seal, tenant: str, place: Place) -> str:
    return PREFIX + seal.digest(tenant, *place).hex()


def _about(tenant: str, place: Place) -> str:
    return " ".join(("hook call", tenant, *place))
