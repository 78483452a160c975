"""How the service is, and how logins go: latency and outcomes of a time that is chosen."""

from __future__ import annotations

from typing import Any, NamedTuple

from starlette.responses import Response

from api.console import plots
from api.console.asking import Refused
from api.console.visit import Visit

MINUTES = {15: "15 minutes", 60: "hour", 360: "6 hours", 1440: "day", 10080: "week"}
USUAL = 60
MOST = 1000  # logins that are looked at


class Part(NamedTuple):
    """What may be degraded while logins go on: what that means, and what to do (docs/operations.md)."""

    title: str
    meaning: str
    remedy: str


PARTS = {
    "redis": Part(
        "Redis",
        "Logins go on. New workers get rules from the memory of this process or compile them anew, and rules find "
        "nothing in cache.",
        "Look whether Redis is there and has room: the line Redis below says which one is meant. Nothing else has to "
        "be done when it answers again.",
    ),
    "database": Part(
        "Database",
        "Logins go on for tenants seen before. Rules cannot be changed, and records wait.",
        "Look whether the database answers and takes writes. Up to 10,000 records wait in memory; what comes then is "
        "dropped, and so is what waits if the service stops before.",
    ),
    "records": Part(
        "Records",
        "Logins go on. Records wait, or are dropped already: see below.",
        "Look for room and for what hangs in the database. If it is only slow, record less: a tenant's setting "
        "recording.",
    ),
    "confinement": Part(
        "Confinement",
        "Logins go on with a layer less around each rule.",
        "The layers below say why one is missing. Do not run rules here whose authors you do not trust while "
        "system_calls is missing.",
    ),
}


class Layer(NamedTuple):
    grade: str
    takes_away: str


# docs/operations.md, Confinement.
LAYERS = {
    "network_namespace": Layer("bonus", "every network, and every abstract socket of the machine"),
    "ipc_namespace": Layer("bonus", "shared memory, semaphores and message queues of others"),
    "uts_namespace": Layer("bonus", "the machine's name"),
    "process_namespace": Layer("bonus", "a name for any process but other workers"),
    "empty_root": Layer("bonus", "the file tree: no path leads anywhere, not even to be looked at"),
    "empty_environment": Layer("required", "the variables of the service, with its secrets"),
    "ordinary_user": Layer("required", "root, its files, and every capability"),
    "no_new_privileges": Layer("required", "programs that give rights to whoever starts them"),
    "not_dumpable": Layer("required", "memory and descriptors, to other processes of the same user"),
    "death_with_parent": Layer("required", "a life beyond the service's"),
    "landlock_files": Layer("offered", "opening, making and changing files, and starting programs"),
    "landlock_tcp": Layer("bonus", "TCP connections, also from a socket that was handed over"),
    "landlock_scope": Layer("bonus", "signals and abstract sockets to anything outside the worker"),
    "landlock_domain": Layer("bonus", "other workers' memory: each worker is a domain of its own"),
    "own_process_group": Layer("required", "signals by group, from and to other workers and the service"),
    "closed_descriptors": Layer("required", "everything that was open but its own channel and trace"),
    "resource_limits": Layer("required", "new files, processes and file contents; memory and CPU without end"),
    "system_calls": Layer("required", "all but 17 system calls, and of those most arguments"),
}
UNKNOWN = Layer("", "")
NOT_READY = Part("", "The service says of it only its name.", "Look into the service's log.")
# Bars stand before one another: a login whose rule failed is mostly one that was denied, too.
BARS = {"count": 0.86, "denied": 0.6, "failed": 0.3}


async def one(visit: Visit) -> Response:
    """The page; for htmx its part that changes."""
    minutes = _minutes(visit)
    ready, down = await _ready(visit)
    traffic = await visit.api.get("/v1/traffic", minutes=minutes, limit=MOST)
    values: dict[str, Any] = {
        "minutes": minutes,
        "choices": MINUTES,
        "ready": ready,
        "down": down,
        "parts_of": [(name, PARTS.get(name, NOT_READY)) for name in ready["degraded"]],
        "traffic": traffic,
        "latency": plots.of_lines(traffic["series"], ("p50", "p95")),
        "outcomes": plots.of_bars(traffic["series"], BARS),
        "size": plots,
        "most": MOST,
    }
    if visit.is_part:
        return visit.page("health_part.html", **values, oob=True)
    layers = [(name, said, LAYERS.get(name, UNKNOWN)) for name, said in ready.get("confinement", {}).items()]
    return visit.page("health.html", **values, layers=layers, oob=False)


def _minutes(visit: Visit) -> int:
    text = visit.query.get("minutes", "")
    return int(text) if text in map(str, MINUTES) else USUAL


async def _ready(visit: Visit) -> tuple[dict[str, Any], str]:
    """What `/readyz` knows, and why no login can be answered: "" where they can."""
    try:
        return await visit.api.get("/readyz"), ""
    except Refused as refused:
        if refused.status != 503:
            raise
        return {"ready": False, "degraded": []}, refused.description
