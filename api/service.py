"""The service as one object: everything a request needs, opened once and closed in order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import redis.asyncio
import structlog

from api.callers import Callers
from api.console.openid import OpenId
from api.console.session import Sessions
from api.issuers.key_sets import KeySets
from api.issuers.kinds import SIGNING, Secret, key_addresses, read_secret
from api.metrics import Metrics
from api.process import Process
from api.rates import Rates
from api.redis_client import close, redis_client
from api.settings import NO_REDIS, BadSetting, Settings
from api.spans import Spans, exporter
from api.sparing import Sparing
from engine.announcements import Announcements
from engine.authoring import Authoring
from engine.calls.outside import Outside
from engine.compiled import CompiledRules
from engine.configuration import Configurations
from engine.data_folder import FolderInUse, sole_use
from engine.engine import Engine
from engine.explaining import Explainer
from engine.exports.exports import Exports
from engine.hook_secrets import HookSecrets
from engine.keys import Keys, read_or_make_secret
from engine.last_calls import LastCalls
from engine.live import Live
from engine.private_redis import PrivateRedis, RedisNotStarted, find_server
from engine.records import Records
from engine.replay import Replayer
from engine.retention import Retention
from engine.seal import Seal, new_key, unwrapped, wrapped_again
from engine.shadowing import Shadowing
from engine.store.store import Store
from engine.validity import Validity
from sandbox import layers
from sandbox.limits import Limits
from sandbox.pool import Pool

log = structlog.get_logger("claimsmith.service")

DEFAULT_TENANT = "default"
SWITCHED_OFF = "switched off"
OURSELVES = "claimsmith"  # who has made what nobody asked for


@dataclass(frozen=True, kw_only=True)
class Service:
    settings: Settings
    keys: Keys
    store: Store
    pool: Pool
    live: Live
    compiled: CompiledRules
    records: Records
    engine: Engine
    replayer: Replayer
    shadowing: Shadowing
    explainer: Explainer
    authoring: Authoring
    exports: Exports
    validity: Validity
    configurations: Configurations
    hook_secrets: HookSecrets[Secret]
    last_calls: LastCalls
    key_sets: KeySets
    outside: Outside
    callers: Callers
    sessions: Sessions
    openid: OpenId | None
    metrics: Metrics
    rates: Rates
    spans: Spans | None
    process: Process | None
    private_redis: PrivateRedis | None
    redis_note: str
    analysed: set[str] = field(default_factory=set)  # tenants of which an analysis is going on
    followers: Counter[str] = field(default_factory=Counter)  # of each tenant's executions
    strangers: Sparing = field(default_factory=Sparing)  # lines about calls of hooks by nobody whom we know
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # answers that go on and on end
    started: float = field(default_factory=time.time)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: Settings, process: Process | None = None) -> AsyncIterator[Service]:
        """Everything started; everything ended again on the way out, also when the start fails half-way. With others
        beside it, `process` says which of them it is: the data folder is claimed for all of them then.

        Raises `BadSetting`, `BadSecret`, `SandboxUnavailable` and the store's errors: reasons not to start.
        """
        async with contextlib.AsyncExitStack() as stack:
            if process is None:
                claim(settings, stack)
            spans = None if settings.otel_endpoint is None else Spans(exporter(settings.otel_endpoint))
            if spans is not None:
                spans.start()
                stack.push_async_callback(spans.close)
            keys = Keys(settings.secret or read_or_make_secret(settings.data), settings.secret_previous)
            store = await Store.open(database_of(settings))
            stack.push_async_callback(store.close)
            await _require_same_secret(store, keys)
            await store.create_tenant(DEFAULT_TENANT, OURSELVES)
            client, private, note = await _redis(settings, stack, process)
            share = _whole if process is None else process.share
            pool = Pool(
                limits_of(settings),
                workers=share(settings.workers),
                workers_per_tenant=share(settings.workers_per_tenant),
                queue=settings.queue,
                calling_per_tenant=settings.calling_per_tenant,
                unconfined_by=settings.run_unconfined_by or (),
            )
            stack.push_async_callback(pool.close)
            await pool.start()
            announcements = Announcements(client)
            announce = announcements.announce
            configurations = Configurations(store, keys, pool.limits, announce)
            key_sets = KeySets()
            key_sets.start()
            stack.push_async_callback(key_sets.aclose)
            hook_secrets = HookSecrets(
                store, keys, read_secret, lambda all_: key_sets.keep(key_addresses(all_)), announce, SIGNING
            )
            if settings.secret_previous is not None:
                await configurations.seal_again()
                await hook_secrets.seal_again()
            await hook_secrets.refresh()
            live = Live(store, configurations, hook_secrets, announcements=announcements)
            live.start()
            stack.push_async_callback(live.close)
            last_calls = LastCalls(keys, client, live.exists)
            last_calls.start()
            stack.push_async_callback(last_calls.close)
            records = Records(
                store, await _seal(store, keys), settings.records_queue, settings.records_queue_mb * 1024 * 1024
            )
            records.start()
            stack.push_async_callback(records.close)
            retention = Retention(store, settings.audit_days)
            retention.start()
            stack.push_async_callback(retention.close)
            callers = Callers(
                keys,
                jwks_url=settings.jwks_url,
                jwks_issuer=settings.jwks_issuer,
                jwks_audience=settings.jwks_audience,
                jwks_algorithms=settings.jwks_algorithms,
                jwks_tenant=settings.jwks_tenant,
            )
            stack.push_async_callback(callers.aclose)
            openid = None if settings.oidc_issuer is None else OpenId(settings)
            if openid is not None:
                stack.push_async_callback(openid.aclose)
            compiled = CompiledRules(pool, keys, client)
            validity = Validity(store, compiled)
            authoring = Authoring(store, live, validity)
            outside = Outside(keys, client, settings.http_networks or (), pool.limits.call_answer)
            stack.push_async_callback(outside.close)
            engine = Engine(store, live, pool, compiled, records, outside, configurations)
            replayer = Replayer(engine, store, configurations)
            shadowing = Shadowing(store, records, replayer)
            shadowing.start()
            stack.push_async_callback(shadowing.close)
            service = cls(
                settings=settings,
                keys=keys,
                store=store,
                pool=pool,
                live=live,
                compiled=compiled,
                records=records,
                engine=engine,
                replayer=replayer,
                shadowing=shadowing,
                explainer=Explainer(store, records, engine, replayer, pool, configurations),
                authoring=authoring,
                exports=Exports(store, authoring, validity, configurations, hook_secrets),
                validity=validity,
                configurations=configurations,
                hook_secrets=hook_secrets,
                last_calls=last_calls,
                key_sets=key_sets,
                outside=outside,
                callers=callers,
                sessions=Sessions(keys.derive_all("console-sessions")),
                openid=openid,
                metrics=Metrics(engine, pool, compiled, records, outside, spans),
                rates=Rates(settings.calls_per_second and share(settings.calls_per_second)),
                spans=spans,
                process=process,
                private_redis=private,
                redis_note=note,
            )
            service.metrics.degraded = service.degraded
            yield service

    def degraded(self) -> list[str]:
        """What does not work while logins are answered all the same."""
        return [
            name
            for name, good in (
                ("redis", self.redis_note == SWITCHED_OFF or (self.compiled.redis_available and not self.live.deaf)),
                ("database", self.live.database_available),
                ("records", not self.records.held_back and self.records.waiting < self.settings.records_queue),
                ("confinement", not self.unconfined()),
            )
            if not good
        ]

    def unconfined(self) -> dict[str, str]:
        """The layers of confinement that should be in force and are not, each with the reason."""
        return layers.missing(self.pool.hello.layers) if self.pool.hello is not None else {}


def limits_of(settings: Settings) -> Limits:
    return Limits(
        rule_time=settings.rule_ms / 1000,
        execution_time=settings.execution_ms / 1000,
        worker_memory=settings.worker_memory_mb * 1024 * 1024,
        recycle_executions=settings.recycle_after,
    )


def database_of(settings: Settings) -> str:
    """Its URL."""
    return settings.database_url or f"sqlite:///{settings.data.resolve()}/claimsmith.db"


def _whole(most: int) -> int:
    return most


def claim(settings: Settings, stack: contextlib.AsyncExitStack) -> None:
    """Have the data folder, and be alone in it where it holds more than a secret."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.database_url is None or settings.redis_url is None:
            stack.enter_context(sole_use(settings.data))
    except OSError as error:
        raise BadSetting("CLAIMSMITH_DATA", f"`{settings.data}` cannot be the data folder: {error.strerror}") from None
    except FolderInUse as error:
        raise BadSetting("CLAIMSMITH_DATA", str(error)) from None


async def _require_same_secret(store: Store, keys: Keys) -> None:
    """The database is ours; after a start with the previous secret it is the current one's."""
    current, *previous = keys.derive_all("key-check")
    if await store.key_check(current):
        return
    if not any([await store.key_check(value) for value in previous]):
        raise BadSetting("CLAIMSMITH_SECRET", "this database belongs to a service with another secret")
    await store.replace_key_check(current, OURSELVES)


async def _seal(store: Store, keys: Keys) -> Seal:
    """What seals records: with the database's own key, wrapped with the service's secret."""
    current, *previous = keys.derive_all("record-key")
    wrapped = await store.record_key(new_key(current))
    if (key := unwrapped(wrapped, current)) is not None:
        return Seal(key)
    for wrapping in previous:
        if (key := unwrapped(wrapped, wrapping)) is not None:
            await store.replace_record_key(wrapped_again(key, current))
            return Seal(key)
    raise BadSetting("CLAIMSMITH_SECRET", "the records of this database were sealed by a service with another secret")


async def _redis(
    settings: Settings, stack: contextlib.AsyncExitStack, process: Process | None
) -> tuple[redis.asyncio.Redis | None, PrivateRedis | None, str]:
    """A client, the private server it leads to if there is one, and a word on it for the operator."""
    url, private, note = settings.redis_url, None, "as configured" if process is None else process.redis_note
    if url == NO_REDIS:
        return None, None, SWITCHED_OFF if process is None else note
    if url is None:
        private, note = await private_redis(settings, stack)
        if private is None:
            return None, None, note
        url = private.url
    client = redis_client(url)
    stack.push_async_callback(close, client)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.ping(), 1.0)
    return client, private, note


async def private_redis(settings: Settings, stack: contextlib.AsyncExitStack) -> tuple[PrivateRedis | None, str]:
    """A Redis of our own, where there is a server for it, and a word on it."""
    server = find_server(settings.redis_server)
    if server is None:
        log.warning("no redis-server was found: compiled rules are kept in this process only")
        return None, "no server found"
    private = PrivateRedis(server, settings.data)
    try:
        await private.start()
    except RedisNotStarted as error:
        log.warning("the private Redis does not start: compiled rules are kept in this process only", error=str(error))
        return None, "does not start"
    stack.push_async_callback(private.stop)
    return private, "private"
