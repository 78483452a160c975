"""Replicas behind a proxy, worn out:

python -m tests.soak faults --minutes 10
python -m tests.soak faults --only "a worker is killed" --every 0.15 --minutes 2.5
python -m tests.soak changes --count 1000
python -m tests.soak tenants --count 1000
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from rich.console import Console

from tests.soak.delays import delays, spread
from tests.soak.faults import FAULTS
from tests.soak.load import RULES, Load, number_rule
from tests.soak.site import Site, site
from tests.soak.tenants import tenants as many

SETTLED = 30.0  # seconds after which all records are stored


app = typer.Typer(add_completion=False)


@app.command()
def faults(
    minutes: Annotated[float, typer.Option(help="How long.")] = 10.0,
    replicas: Annotated[int, typer.Option(help="How many services.")] = 3,
    callers: Annotated[int, typer.Option(help="How many ask at once.")] = 6,
    pause: Annotated[float, typer.Option(help="Seconds between two logins of a caller.")] = 0.01,
    every: Annotated[float, typer.Option(help="Seconds from one fault to the next.")] = 10.0,
    only: Annotated[str | None, typer.Option(help="One kind of fault, by its name.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="Of the order of faults.")] = 1,
    out: Annotated[Path, typer.Option(help="The figures.")] = Path("build/soak.json"),
) -> None:
    """Steady logins through HAProxy, and every so often a fault and a changed rule."""
    console = Console()
    chance = random.Random(seed)
    with site(replicas) as one:
        for order, (name, script) in enumerate(RULES.items()):
            _required(one.call("POST", "/v1/rules", {"name": name, "script": script, "order": order}))
        rule = _required(one.call("POST", "/v1/rules", {"name": "number", "script": number_rule(0), "order": 9}))["id"]
        _required(one.call("PUT", "/v1/tenants/hostile"))
        endless = {"name": "endless", "script": "def rule(user, context):\n    while True: pass\n"}
        headers = {"Authorization": f"Bearer {one.token}", "Claimsmith-Tenant": "hostile"}
        httpx2.post(one.url + "/v1/rules", json=endless, headers=headers, timeout=10).raise_for_status()
        time.sleep(1.5)
        load = Load(one, callers, pause)
        load.change(0)
        load.start()
        names: list[str] = []
        end = time.monotonic() + minutes * 60
        changed = refused = 0
        while (now := time.monotonic()) < end:
            names = names or ([only] if only else chance.sample(list(FAULTS), len(FAULTS)))
            load.during = name = names.pop()
            console.print(f"{end - now:5.0f} s left: {name}")
            FAULTS[name](one, chance)
            if changed == 0 or every >= 1:
                changed += 1
                load.change(changed)
                if not _changed(one, rule, changed):
                    refused += 1
                    load.unchanged(changed, changed - 1)
            time.sleep(max(0.0, now + every - time.monotonic()))
        load.during = "nothing"
        time.sleep(2)
        load.stop()
        time.sleep(SETTLED)
        figures = _figures(one, load, changed, refused)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=2))
    console.print_json(data=figures)
    raise typer.Exit(1 if load.wrong else 0)


@app.command()
def changes(
    count: Annotated[int, typer.Option(help="How many.")] = 1000,
    replicas: Annotated[int, typer.Option(help="How many services.")] = 3,
) -> None:
    """How long until a change made on one replica is live on all others."""
    with site(replicas) as one:
        Console().print_json(data={"changes": count, "replicas": replicas, "live, ms": spread(delays(one, count))})


@app.command()
def tenants(
    count: Annotated[int, typer.Option(help="How many.")] = 1000,
    rules: Annotated[int, typer.Option(help="How many rules each has.")] = 10,
) -> None:
    """What many tenants take of memory and time."""
    with site(1) as one:
        Console().print_json(data=many(one, count, rules))


def _required(response: httpx2.Response) -> dict[str, object]:
    assert response.is_success, response.text
    return dict(response.json())


def _changed(one: Site, rule: object, number: int) -> bool:
    try:
        return one.call("PATCH", f"/v1/rules/{rule}", {"script": number_rule(number)}).is_success
    except httpx2.HTTPError:
        return False


def _figures(one: Site, load: Load, changes: int, refused: int) -> dict[str, object]:
    seconds = sorted(load.seconds)
    dropped = 0
    for place in range(len(one.ports)):
        for line in one.call("GET", "/metrics", place=place).text.splitlines():
            if line.startswith('claimsmith_records_total{fate="dropped"}'):
                dropped += int(float(line.split()[-1]))
    return {
        "asked": load.asked,
        "right": load.right,
        "wrong": [str(one)[:500] for one in load.wrong[:10]],
        "wrong_in_all": len(load.wrong),
        "failed": {f"{during}: {why}": count for (during, why), count in sorted(load.failed.items())},
        "longest stall of all callers, s": round(load.stall, 2),
        "ms": {f"p{p}": round(seconds[min(len(seconds) - 1, len(seconds) * p // 100)] * 1000, 1) for p in (50, 95, 99)},
        "slowest, s": round(seconds[-1], 2),
        "starts of replicas": one.starts,
        "changes": changes,
        "changes refused": refused,
        "records": {"of answers": load.asked - sum(load.failed.values()), "stored": one.stored(), "dropped": dropped},
    }


if __name__ == "__main__":
    app()
