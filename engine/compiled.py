"""The cache of compiled rules: this process, then Redis, then a compile child.

An entry in Redis is signed with a key that Redis and workers do not hold, over its own name and the code, so
that it can be neither forged nor swapped. Anything wrong with it is a miss, counted and logged, never code.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import redis.asyncio
import structlog
from redis.exceptions import RedisError, ResponseError

from engine.keys import Keys
from engine.library import NO_MODULES, Sources, whole
from sandbox.pool import Pool
from sandbox.wire import Compiled, Hello

log = structlog.get_logger("claimsmith.compiled")

FORMAT = b"\x01"
HEAD = len(FORMAT) + 32  # before the code: the format and the HMAC
PREFIX = "claimsmith:code:v1:"
EXPIRES = 30 * 24 * 3600  # for garbage only: every use of Redis renews it
MOST_BYTES = 64 * 1024 * 1024  # in this process
RETRY = 1.0  # how long Redis is left alone after a failure

# The script, and those of the modules that it is compiled with.
Source = Callable[[], Awaitable[tuple[str, Sources]]]


class RuleRefused(Exception):
    """A stored rule does not compile with this engine's policy."""

    def __init__(self, compiled: Compiled) -> None:
        super().__init__("; ".join(f"{p.line}:{p.column}: {p.message}" for p in compiled.problems))


@dataclass
class CacheCounts:
    memory: int = 0
    redis: int = 0
    compiled: int = 0
    refused: int = 0  # entries that were tampered with, or belong elsewhere
    redis_errors: int = 0


class CompiledRules:
    def __init__(self, pool: Pool, keys: Keys, client: redis.asyncio.Redis | None) -> None:
        self._pool = pool
        self._keys = keys.derive_all("compiled-rules")
        self._redis = client
        self._left_alone_until = 0.0
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._pending: dict[str, asyncio.Future[bytes]] = {}
        self.counts = CacheCounts()

    @property
    def redis_available(self) -> bool:
        return self._redis is not None and time.monotonic() >= self._left_alone_until

    @property
    def kept_bytes(self) -> int:
        """Of code that is kept in this process."""
        return self._bytes

    async def code(self, whole: str, source: Source) -> bytes:
        """The marshalled code of the script and modules with this digest (`engine.library`), for a worker only.

        `source` is asked for the scripts when nobody has their code. Raises `RuleRefused`, `SandboxUnavailable`,
        and what `source` raises.
        """
        digest = await self._digest(whole)
        code = self._memory.get(digest)
        if code is not None:
            self._memory.move_to_end(digest)
            self.counts.memory += 1
            return code
        waiting = self._pending.get(digest)
        if waiting is None:
            # One login asks; the others of the same moment wait for its answer.
            waiting = self._pending[digest] = asyncio.ensure_future(self._find(digest, source))
            waiting.add_done_callback(lambda done: self._found(digest, done))
        # Who gives up waiting does not take it from the others, nor from the next login.
        return await asyncio.shield(waiting)

    async def compile(self, script: str, modules: Sources = NO_MODULES) -> Compiled:
        """Check and compile a script with the modules that it may import; a good one is kept for the next login."""
        compiled = await self._pool.compile(script, modules=modules)
        if compiled.code:
            self.counts.compiled += 1
            digest = await self._digest(whole(script, modules))
            self._keep(digest, compiled.code)
            await self._store(digest, compiled.code)
        return compiled

    async def compile_module(self, name: str, script: str, modules: Sources) -> Compiled:
        """Check the module of this name, which may import the others."""
        return await self._pool.compile(script, modules=modules, module=name)

    async def holds(self, script: str, modules: Sources = NO_MODULES) -> bool:
        """Whether this has compiled under the present policy, and its code is in this process. Raises
        `SandboxUnavailable`."""
        return await self._digest(whole(script, modules)) in self._memory

    async def _find(self, digest: str, source: Source) -> bytes:
        code = await self._fetch(digest)
        if code is None:
            script, modules = await source()
            compiled = await self._pool.compile(script, modules=modules, stored=True)
            if not compiled.code:
                raise RuleRefused(compiled)
            self.counts.compiled += 1
            code = compiled.code
            await self._store(digest, code)
        self._keep(digest, code)
        return code

    def _found(self, digest: str, done: asyncio.Future[bytes]) -> None:
        self._pending.pop(digest, None)
        if not done.cancelled():
            done.exception()  # seen, even if all who waited have given up

    async def _digest(self, whole: str) -> str:
        """What names the code: the scripts and everything that decides how they are compiled."""
        return digest_of(whole, await self._pool.greeting())

    def _keep(self, digest: str, code: bytes) -> None:
        self._bytes += len(code) - len(self._memory.pop(digest, b""))
        self._memory[digest] = code
        while self._bytes > MOST_BYTES:
            _, dropped = self._memory.popitem(last=False)
            self._bytes -= len(dropped)

    async def _fetch(self, digest: str) -> bytes | None:
        if self._redis is None or not self.redis_available:
            return None
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                # One byte more than an entry may have: whatever stands there, no more is read.
                pipeline.getrange(PREFIX + digest, 0, HEAD + self._pool.limits.code)
                pipeline.expire(PREFIX + digest, EXPIRES)
                entry, exists = await pipeline.execute()
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                self._redis_failed(error)
                return None
            entry, exists = b"", True
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_failed(error)
            return None
        if not exists:
            return None
        code = self._verified(digest, entry if isinstance(entry, bytes) else b"")
        if code is None:
            self.counts.refused += 1
            log.warning("a compiled rule in Redis was refused: it is not what this service stored", key=PREFIX + digest)
            return None
        self.counts.redis += 1
        return code

    async def _store(self, digest: str, code: bytes) -> None:
        if self._redis is None or not self.redis_available:
            return
        entry = FORMAT + sign(self._keys[0], digest, code) + code
        try:
            await self._redis.set(PREFIX + digest, entry, ex=EXPIRES)
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_failed(error)

    def _verified(self, digest: str, entry: bytes) -> bytes | None:
        if entry[:1] != FORMAT or not HEAD < len(entry) <= HEAD + self._pool.limits.code:
            return None
        tag, code = entry[1:HEAD], entry[HEAD:]
        # Both keys are always tried: the time says nothing about which one it was.
        good = [hmac.compare_digest(tag, sign(key, digest, code)) for key in self._keys]
        return code if any(good) else None

    def _redis_failed(self, error: Exception) -> None:
        self.counts.redis_errors += 1
        if self.redis_available:
            log.warning("Redis does not answer: rules are compiled instead", error=type(error).__name__)
        self._left_alone_until = time.monotonic() + RETRY


def digest_of(sha256: str, hello: Hello) -> str:
    stamps = (hello.policy, hello.restrictedpython, hello.magic, hello.cache_tag, sha256)
    return hashlib.sha256("\0".join(stamps).encode()).hexdigest()


def sign(key: bytes, digest: str, code: bytes) -> bytes:
    return hmac.digest(key, b"rule-code\0" + FORMAT + digest.encode() + b"\0" + code, "sha256")
