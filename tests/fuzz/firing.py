"""Frames fired both ways: workers that a rule has taken over against the service, and mutated jobs against workers.

The first kind runs in real workers, by code that does whatever a list of deeds says. The service has to answer every
login within its deadline, give nobody another's claims, and go on with other tenants. The second kind is sent to a
real worker or compile child: it may answer or end, no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from sandbox import journal
from sandbox.limits import Limits
from sandbox.pool import Busy, Killed, Pool, RuleCode
from sandbox.process import SandboxUnavailable, Worker
from sandbox.progress import SIZE
from sandbox.wire import Answer
from tests.fuzz.draw import Seeded, chance
from tests.fuzz.findings import Finding
from tests.fuzz.frames import HOSTILE, b64, deeds, jobs
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

LIMITS = Limits(rule_time=0.15)
DEADLINE = 0.6
LATE = 6.0  # seconds after the deadline, on a machine that is busy with other things
TENANTS = 4
GOOD = trial.rule("context.idToken.who = user.email\ncontext.idToken.n = len(user.permissions)")


class FrameRange:
    """The place where frames are fired: a pool, its tenants, and what must not be seen."""

    def __init__(self, seed: str, say: Callable[[Finding], None] = lambda _: None) -> None:
        self._seed = seed
        self._say = say
        self.counts: Counter[str] = Counter()
        self.findings: dict[str, Finding] = {}
        self.pool = Pool(LIMITS, workers=TENANTS + 3, workers_per_tenant=1, queue=50)
        self._codes: tuple[RuleCode, RuleCode] | None = None

    async def start(self) -> None:
        await self.pool.start()
        self._codes = (takeover(HOSTILE), await trial.compiled(self.pool, GOOD))

    async def close(self) -> None:
        await self.pool.close()

    def _found(self, kind: str, detail: str, what: Any, number: int) -> None:
        self.counts[f"FOUND {kind}"] += 1
        finding = Finding(kind, detail, json.dumps(what, default=repr) + "\n", f"{self._seed}:{number}")
        if self.findings.setdefault(finding.signature, finding) is finding:
            self._say(finding)

    # Workers against the service

    async def to_service(self, number: int) -> None:
        """One hostile worker, with logins of its tenant before and behind it, and of another tenant beside it."""
        assert self._codes is not None, "started"
        code, good = self._codes
        draw = Seeded(f"{self._seed}:to service:{number}")
        done = deeds(draw)
        tenant = f"tenant {number % TENANTS}"
        began = time.monotonic()

        def login(who: str, rule: RuleCode, key: str, **more: Any) -> asyncio.Task[Any]:
            user = {"email": who, "permissions": ["a"], **more}
            request = trial.request(rule, key=key, user=user, seconds=DEADLINE if more else 8.0)
            return asyncio.ensure_future(self._answer(request))

        before = login("before", good, tenant)
        bad = login("bad", code, tenant, deeds=done)
        behind = login("behind", good, tenant)
        beside = login("beside", good, "beside")
        results = await asyncio.gather(before, bad, behind, beside, return_exceptions=True)
        took = time.monotonic() - began
        self.counts["to the service"] += 1
        for who, result in zip(("before", "bad", "behind", "beside"), results, strict=True):
            if isinstance(result, BaseException):
                self._found("service", f"{who}: {type(result).__name__}: {result}", done, number)
            elif result == "hang" or took > DEADLINE + LATE + 8.0:
                self._found("hang", f"{who}: no answer in {took:.1f} s", done, number)
            elif who == "bad":
                ended = (
                    result if isinstance(result, str) else "answered" if isinstance(result, Answer) else result.cause
                )
                self.counts[f"it ends: {ended}"] += 1
                self._check_hostile(result, done, number)
            elif isinstance(result, Answer):
                if (claims := result.returns.get("idToken")) != {"who": who, "n": 1}:
                    self._found("wrong login", f"{who} got {claims!r}", done, number)
            elif result == "busy":
                self.counts["an ordinary login was refused: busy"] += 1
            else:
                self._found("wrong login", f"{who} was killed: {result.cause}", done, number)

    def _check_hostile(self, result: Any, done: Any, number: int) -> None:
        """What the service passes on of a hostile answer reads like any other."""
        if isinstance(result, Answer):
            try:
                msgspec.json.encode(result)
                json.dumps([result.returns, result.updates], allow_nan=False)
            except (ValueError, RecursionError, TypeError) as error:
                self._found("not plain", f"{type(error).__name__}: {error}", done, number)
        elif isinstance(result, Killed) and (len(result.journal) > SIZE or not 0 <= result.seconds <= 60):
            self._found("not plain", f"{len(result.journal)} bytes of journal, {result.seconds} s", done, number)
        if isinstance(result, Answer | Killed):
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                journal.read(result.journal)

    async def _answer(self, request: Any) -> Answer | Killed | str:
        try:
            return await asyncio.wait_for(self.pool.run(request), 20.0)
        except Busy:
            return "busy"
        except TimeoutError:
            return "hang"

    # The service against workers

    async def to_worker(self, number: int) -> None:
        """One frame for a worker or a compile child of its own, in one or many pieces."""
        assert self._codes is not None, "started"
        draw = Seeded(f"{self._seed}:to worker:{number}")
        kind = "compile" if chance(draw, 20) else "worker"
        text = jobs(draw, self._codes[1])
        zygote = self.pool._workers.zygote
        if zygote is None or not zygote.alive:
            await asyncio.sleep(0.1)
            return
        told: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def answered(worker: Worker, body: bytes) -> None:
            if not told.done():
                told.set_result(body)

        def ended(worker: Worker) -> None:
            if not told.done():
                told.set_result(None)

        try:
            worker = await Worker.start(zygote, kind, answered, ended, LIMITS.answer)
        except SandboxUnavailable:
            return
        self.counts["to a worker"] += 1
        pieces = (
            [text]
            if chance(draw, 70)
            else [text[at : at + 7] for at in range(0, min(len(text), 700), 7)] + [text[700:]]
        )
        try:
            for piece in pieces:
                if not worker.ended:
                    worker.send(piece)
            body = await asyncio.wait_for(told, 1.0)
            self.counts["a worker answered" if body is not None else "a worker ended"] += 1
            if body is not None:
                self._read(body, kind, text, number)
        except TimeoutError:
            state = _state(worker.pid)
            self.counts[f"a worker waits: {state}"] += 1
            if state == "R":
                # The pool would kill it by the deadline of its job.
                self.counts["a worker runs"] += 1
        finally:
            worker.kill()

    def _read(self, body: bytes, kind: str, text: bytes, number: int) -> None:
        try:
            answer = msgspec.json.decode(body, type=Answer)
            journal.read(answer.journal)
        except (msgspec.DecodeError, RecursionError) as error:
            if kind == "worker":
                self._found("not plain", f"an honest worker answered: {error}", b64(text), number)


def _state(pid: int | None) -> str:
    """What the process does: R runs, S waits."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


async def work(firing: FrameRange, numbers: range, stopped: Callable[[], bool] = lambda: False) -> None:
    """Fire the numbers, some at the same time."""
    pending = iter(numbers)

    async def one() -> None:
        for number in pending:
            if stopped():
                return
            await (firing.to_worker(number) if number % 3 == 2 else firing.to_service(number))

    await asyncio.gather(*(one() for _ in range(TENANTS)))


async def main(seed: str, first: int) -> None:
    logging.getLogger("claimsmith.sandbox").setLevel(logging.ERROR)  # that workers are ended is no news here

    def say(what: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    firing = FrameRange(seed, lambda finding: say({"finding": asdict(finding)}))
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the terminal's goes to all: the one that counts decides
    await firing.start()

    async def tell() -> None:
        while True:
            await asyncio.sleep(0.5)
            say({"counts": firing.counts})

    teller = asyncio.create_task(tell())
    await work(firing, range(first, sys.maxsize), stopped.is_set)
    teller.cancel()
    await firing.close()
    say({"counts": firing.counts})


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
