"""A client for the Redis that the operator names: one server, or whichever Sentinel says is the master."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

SENTINEL = "redis+sentinel"
PORT = 26_379
TIMEOUT = 0.25  # seconds: a cache that is slower than compiling is none
FORM = f"{SENTINEL}://[user:password@]host[:port][,host[:port]...]/service[/database]"


class Sentinels(NamedTuple):
    """Where the Sentinels are, and what they watch. `of_master` and `of_sentinels` are user and password."""

    hosts: list[tuple[str, int]]
    service: str
    database: int
    of_master: dict[str, str]
    of_sentinels: dict[str, str]


def read_sentinels(url: str) -> Sentinels:
    """Raises `ValueError` saying what is wrong, without repeating the address: it may hold a password."""
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    if parts.scheme != SENTINEL or not hosts or not service or not (database or "0").isdigit():
        raise ValueError(f"not an address of Sentinels: give {FORM}")
    user, _, password = credentials.partition(":")
    query = parse_qs(parts.query)
    if unknown := query.keys() - {"sentinel_username", "sentinel_password"}:
        raise ValueError(
            f"`{min(unknown)}` is no parameter of Sentinels: `sentinel_username` and `sentinel_password` are"
        )
    return Sentinels(
        hosts=[_host(text) for text in hosts.split(",")],
        service=unquote(service),
        database=int(database or 0),
        of_master=_given(username=unquote(user), password=unquote(password)) if at else {},
        of_sentinels={name.removeprefix("sentinel_"): values[0] for name, values in query.items()},
    )


def _given(**members: str) -> dict[str, str]:
    return {name: text for name, text in members.items() if text}


def _host(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    try:
        if not parts.hostname:
            raise ValueError
        return parts.hostname, parts.port or PORT
    except ValueError:
        raise ValueError(f"not an address of Sentinels: give {FORM}") from None


def redis_client(url: str) -> redis.asyncio.Redis:
    """A client that gives up soon, and tries nothing twice. Behind Sentinels it follows the master."""
    options: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    retry = Retry(NoBackoff(), 0)
    if not url.startswith(f"{SENTINEL}:"):
        return redis.asyncio.from_url(url, retry=retry, **options)
    found = read_sentinels(url)
    sentinels = Sentinel(found.hosts, sentinel_kwargs={**options, **found.of_sentinels}, **options)  # type: ignore[no-untyped-call]
    of_master: dict[str, Any] = {**found.of_master, "db": found.database, "retry": retry}
    client: redis.asyncio.Redis = sentinels.master_for(found.service, **of_master)
    return client


async def close(client: redis.asyncio.Redis) -> None:
    """Close it, and what it asks for the master."""
    await client.aclose()
    pool = client.connection_pool
    if isinstance(pool, SentinelConnectionPool):
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()
