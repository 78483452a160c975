"""What goes wrong at a site: one after the other, each with its name. They return when all is started again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable

import httpx2
import redis

from tests.soak.site import Site, frozen
from tests.test_degraded import _children, _psql

Fault = Callable[[Site, random.Random], object]
AWAY = 3.0  # seconds


def worker_killed(site: Site, chance: random.Random) -> None:
    """Of what has the zygote's name, the first is itself, and the second its namespace's own process."""
    place = chance.randrange(len(site.replicas))
    for pid in sorted(site.below(place, "zygote"))[2:][-2:]:
        _kill(pid, signal.SIGKILL)


def zygote_killed(site: Site, chance: random.Random) -> None:
    place = chance.randrange(len(site.replicas))
    for pid in sorted(site.below(place, "zygote"))[:1]:
        _kill(pid, signal.SIGKILL)


def replica_killed(site: Site, chance: random.Random) -> None:
    place = chance.randrange(len(site.replicas))
    site.replicas[place].process.kill()
    site.replicas[place].process.wait()
    time.sleep(1)
    site.start_again(place)


def replica_restarted(site: Site, chance: random.Random) -> None:
    place = chance.randrange(len(site.replicas))
    site.replicas[place].stop()
    site.start_again(place)


def postgresql_restarted(site: Site, chance: random.Random) -> None:
    site.postgres.stop()
    time.sleep(AWAY)
    site.postgres.start()


def postgresql_hangs(site: Site, chance: random.Random) -> None:
    process = site.postgres._process
    assert process is not None
    frozen([process.pid, *_children(process.pid)], AWAY)


def postgresql_read_only(site: Site, chance: random.Random) -> None:
    _psql(site.postgres, "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()")
    time.sleep(AWAY)
    _psql(site.postgres, "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only")
    _psql(site.postgres, "SELECT pg_reload_conf()")


def redis_restarted(site: Site, chance: random.Random) -> None:
    site.redis.kill()
    time.sleep(AWAY)
    site.redis.start()


def redis_hangs(site: Site, chance: random.Random) -> None:
    frozen([site.redis.process.pid], AWAY)


def redis_poisoned(site: Site, chance: random.Random) -> None:
    """Every entry becomes another one's."""
    client = redis.Redis.from_url(site.redis.url)
    keys = [key for key in client.keys("*") if client.type(key) == b"string"]
    values = [client.get(key) for key in keys]
    chance.shuffle(values)
    for key, value in zip(keys, values, strict=True):
        client.set(key, value or b"\x80garbage")
    client.close()


def redis_full(site: Site, chance: random.Random) -> None:
    client = redis.Redis.from_url(site.redis.url)
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    time.sleep(AWAY)
    client.config_set("maxmemory", 0)
    client.close()


def hostile_tenant(site: Site, chance: random.Random) -> None:
    """Endless rules, and as many logins as there is room for."""
    end = time.monotonic() + AWAY

    def flood() -> None:
        with httpx2.Client(base_url=site.url, trust_env=False, timeout=10) as client:
            headers = {"Authorization": f"Bearer {site.token}", "Claimsmith-Tenant": "hostile"}
            while time.monotonic() < end:
                with contextlib.suppress(httpx2.HTTPError):
                    client.post("/v1/execute", json={"user": {"user_id": "u"}, "context": {}}, headers=headers)

    threads = [threading.Thread(target=flood) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


FAULTS: dict[str, Fault] = {
    "a worker is killed": worker_killed,
    "a zygote is killed": zygote_killed,
    "a replica is killed": replica_killed,
    "a replica is restarted": replica_restarted,
    "PostgreSQL is restarted": postgresql_restarted,
    "PostgreSQL hangs": postgresql_hangs,
    "PostgreSQL takes no writes": postgresql_read_only,
    "Redis is restarted": redis_restarted,
    "Redis hangs": redis_hangs,
    "Redis is poisoned": redis_poisoned,
    "Redis is full": redis_full,
    "a tenant floods with endless rules": hostile_tenant,
}


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
