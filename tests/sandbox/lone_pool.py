"""A pool in a process of its own, to be started on a poorer kernel or as another user.

Runs one rule, one in the background and one attack, and prints what came of it as JSON: `layers`, `claims`, `niceness`,
`attack`, `service`, `worker`, or `unconfined`, the reason why it did not start. Arguments: layers that may be missing.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from sandbox.layers import LAYERS
from sandbox.limits import Limits
from sandbox.pool import Pool
from sandbox.process import Unconfined
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

ATTACK = takeover("""
for path in ("/etc/passwd", "/proc/self/environ"):
    try:
        context["idToken"]["found"] = open(path).read()
    except OSError as error:
        context["idToken"].setdefault("errors", []).append(error.errno)
""")


async def main() -> None:
    pool = Pool(Limits(), workers=2, workers_per_tenant=1, queue=10, unconfined_by=sys.argv[1:])
    try:
        hello = await pool.start()
    except Unconfined as error:
        print(json.dumps({"unconfined": str(error)}))
        return
    try:
        claims = await trial.claims(pool, trial.rule('context.idToken["name"] = user.email'))
        quiet = await trial.answer(pool, trial.rule("context.idToken.name = 1"), background=True)
        assert quiet.returns["idToken"] == {"name": 1}
        attack = await pool.run(trial.request(ATTACK))
        assert isinstance(attack, Answer)
        pids = [worker.pid for worker in pool._workers if worker.pid is not None]
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pids[0]}/status").read_text().splitlines())
        assert list(hello.layers) == [layer.name for layer in LAYERS]
        print(
            json.dumps(
                {
                    "layers": hello.layers,
                    "claims": claims,
                    "niceness": sorted(os.getpriority(os.PRIO_PROCESS, pid) for pid in pids),
                    "attack": attack.returns["idToken"],
                    "service": os.getuid(),
                    "worker": {name: status[name] for name in ("Uid", "Groups", "CapEff", "CapPrm", "NSpid")},
                }
            )
        )
    finally:
        await pool.close()


if __name__ == "__main__":
    asyncio.run(main())
