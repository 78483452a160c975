"""What rules keep by `cache`: values in Redis, each of one tenant, encrypted and bound to its name.

Whoever reads Redis reads none of them, and one that was put there by somebody else is none. Without Redis nothing is
found and nothing kept, which a line in the trace says.
"""

from __future__ import annotations

import time

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import RedisError, ResponseError

from engine.keys import Keys
from engine.seal import NONCE, Broken, Seal
from sandbox.exchanges import LARGEST_VALUE, CacheAnswer, CacheRequest

log = structlog.get_logger("claimsmith.calls")

PREFIX = "claimsmith:kept:v1:"
MOST_KEYS = 1_000  # of one tenant; then those go that would end soonest
LONGEST = NONCE + LARGEST_VALUE + 16  # as it is stored
RETRY = 1.0  # seconds that Redis is left alone after a failure
AWAY = "the cache does not answer: nothing is found in it, and nothing kept"
REFUSED = "the cache refuses: nothing is found in it, and nothing kept"

# KEYS: the index, the value. ARGV: now, its end, its name, the value, its time in ms, how many there may be, prefix.
SET = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], math.floor(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] * 1000) + 1000)
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[6])
if over > 0 then
  for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, over - 1)) do
    redis.call('ZREM', KEYS[1], name)
    redis.call('DEL', ARGV[7] .. name)
  end
end
"""


class Kept:
    def __init__(self, keys: Keys, client: redis.asyncio.Redis | None) -> None:
        self._seals = [Seal(key) for key in keys.derive_all("kept-values")]
        self._redis = client
        self._left_alone_until = 0.0

    async def answer(self, tenant: str, request: CacheRequest) -> CacheAnswer:
        """What a rule has asked for."""
        if self._redis is None or time.monotonic() < self._left_alone_until:
            return CacheAnswer(warning=AWAY)
        try:
            match request.op:
                case "get":
                    return await self._get(self._redis, tenant, request.key)
                case "set":
                    return await self._set(self._redis, tenant, request)
                case "delete":
                    return await self._delete(self._redis, tenant, request.key)
        except ResponseError as error:  # it is there, but has no room or holds something else
            log.warning("Redis refuses what a rule asks of it", tenant=tenant, error=str(error)[:200])
            return CacheAnswer(warning=REFUSED)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("Redis does not answer: what rules keep is not there", error=type(error).__name__)
            self._left_alone_until = time.monotonic() + RETRY
            return CacheAnswer(warning=AWAY)

    async def forget(self, tenant: str) -> None:
        """Nothing is kept of a tenant any more: one that is made again with its name finds nothing. Where Redis does
        not answer, what it holds stays until its time ends; raises nothing."""
        if self._redis is None:
            return
        index = f"{_prefix(tenant)}index"
        try:
            names = await self._redis.zrange(index, 0, -1)
            values = [_prefix(tenant) + name.decode("ascii", "replace") for name in names if isinstance(name, bytes)]
            await self._redis.delete(index, *values)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("what a tenant's rules kept could not be removed", tenant=tenant, error=type(error).__name__)

    async def _get(self, client: redis.asyncio.Redis, tenant: str, key: str) -> CacheAnswer:
        for seal in self._seals:  # of the current secret first, then of the one before
            name = self._name(seal, tenant, key)
            # One byte more than a value may have: whatever stands there, no more is read.
            sealed = await client.getrange(_prefix(tenant) + name, 0, LONGEST)
            if not isinstance(sealed, bytes) or not sealed:
                continue
            try:
                text = seal.open(sealed, f"{tenant} {key}")
                return CacheAnswer(found=True, value=msgspec.json.decode(text))
            except (Broken, msgspec.DecodeError):
                log.warning("a kept value was refused: it is not what this service stored", tenant=tenant)
        return CacheAnswer()

    async def _set(self, client: redis.asyncio.Redis, tenant: str, request: CacheRequest) -> CacheAnswer:
        value, seal, ttl = bytes(request.value), self._seals[0], request.ttl
        if len(value) > LARGEST_VALUE or ttl <= 0:
            return CacheAnswer(warning="the value was not kept: it is too long, or has no time to live")
        name, prefix = self._name(seal, tenant, request.key), _prefix(tenant)
        now = time.time()
        sealed = seal.seal(value, f"{tenant} {request.key}")
        given = (now, now + ttl, name, sealed, max(1, int(ttl * 1000)), MOST_KEYS, prefix)
        await client.eval(SET, 2, f"{prefix}index", prefix + name, *given)
        return CacheAnswer()

    async def _delete(self, client: redis.asyncio.Redis, tenant: str, key: str) -> CacheAnswer:
        names = [self._name(seal, tenant, key) for seal in self._seals]
        prefix = _prefix(tenant)
        async with client.pipeline(transaction=True) as together:
            together.delete(*[prefix + name for name in names])
            together.zrem(f"{prefix}index", *names)  # else it counts as one that the tenant keeps
            await together.execute()
        return CacheAnswer()

    @staticmethod
    def _name(seal: Seal, tenant: str, key: str) -> str:
        return seal.digest(tenant, key).hex()


def _prefix(tenant: str) -> str:
    return f"{PREFIX}{{{tenant}}}:"
