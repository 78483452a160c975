"""A traced execution is the same execution, watched from where no rule can see or stop it."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import timeline
from sandbox.limits import Limits
from sandbox.pool import Killed, Pool
from sandbox.process import LOW
from sandbox.timeline import Entry
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.takeover import takeover
from tests.sandbox.test_ordinary import ORDINARY, read
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio


def same(answer: Answer) -> tuple[object, ...]:
    """Everything of an answer but its times."""
    journal = re.sub(rb'(\["end",\d+,"\w+",)\d+', rb"\g<1>0", bytes(answer.journal))
    return answer.returns, answer.updates, answer.denial, answer.skipped, answer.calm, journal


async def traced(pool: Pool, *scripts: str, **changes: Any) -> tuple[Answer, list[Entry]]:
    found = await trial.answer(pool, *scripts, traced=True, background=True, **changes)
    return found, timeline.read(found.timeline)


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.stem)
async def test_it_is_the_same_execution(pool: Pool, path: Path) -> None:
    script, logins = read(path)
    for login in logins[:2]:
        plain = await trial.answer(pool, script, user=login.user, context=login.context)
        watched, entries = await traced(pool, script, user=login.user, context=login.context)
        assert same(watched) == same(plain)
        assert bytes(plain.timeline) == b"[]"
        lines = script.split("\n")
        assert entries
        # A rule that goes as deep as it may ends the watching, which is said at the end.
        ran = entries[:-1] if entries[-1].truncated else entries
        assert all(1 <= entry.line <= len(lines) and entry.step == 0 for entry in ran)


async def lines(pool: Pool, body: str) -> list[tuple[int, dict[str, str]]]:
    """The lines of the rule's body that ran, from 1, with what they changed."""
    _, entries = await traced(pool, rule(body))
    return [(entry.line - 1, entry.changed) for entry in entries if entry.function != "<module>"]


async def test_what_changes(pool: Pool) -> None:
    assert await lines(pool, "a = 1\nb = a\nl = [a]\nl.append(2)\na += 1\ndel b") == [
        (1, {"a": "1"}),
        (2, {"b": "1"}),
        (3, {"l": "[1]"}),
        (4, {"l": "[1, 2]"}),
        (5, {"a": "2"}),
        (6, {}),
    ]
    assert await lines(pool, "if user.email:\n    x = 1\nelse:\n    x = 2\nreturn\nx = 3") == [
        (1, {}),
        (2, {"x": "1"}),
        (5, {}),
    ]
    assert await lines(pool, "try:\n    x = {}['k']\nexcept KeyError:\n    x = 0\nfinally:\n    y = 1") == [
        (1, {}), (2, {}), (3, {}), (4, {"x": "0"}), (6, {"y": "1"}),
    ]  # fmt: skip


async def test_values_and_ends(pool: Pool) -> None:
    body = """\
def inner(n):
    if n == 0:
        raise ValueError('no')
    return n * 2
x = inner(user.app_metadata.level)
context.idToken['a'] = context.request.query.get('q') if context.get('request') else user['email']
try:
    inner(0)
except ValueError:
    user.x = user.permissions[0], user.get('nothing')"""
    _, entries = await traced(pool, rule(body))
    by_line = {entry.line - 1: entry for entry in entries}
    assert by_line[5].values == {"user.app_metadata.level": "3"}
    assert by_line[4].returned == "6"
    assert by_line[6].values["user.email"] == '"ada@example.com"'
    assert by_line[6].values["context.request.query.q"] == "<missing>"
    assert by_line[6].writes == 1
    assert (by_line[3].raised, by_line[8].raised) == ("ValueError", "ValueError")
    assert by_line[3].depth == by_line[5].depth + 1
    assert by_line[10].values["user.permissions[0]"] == '"read"'
    assert by_line[10].values["user.nothing"] == "<missing>"


async def test_several_rules(pool: Pool) -> None:
    _, entries = await traced(pool, rule("a = 1"), rule("raise ValueError()"), rule("b = 2"), skip=True)
    assert [(entry.step, entry.line) for entry in entries if entry.function == "rule"] == [(0, 2), (1, 2), (2, 2)]


HOSTILE = {
    "methods": """
        class Odd:
            def __eq__(self, other):
                context.idToken['ran'] = 1
                return True
            def __hash__(self):
                return 1
            def __str__(self):
                context.idToken['ran'] = 2
                return 'x'
            def __len__(self):
                context.idToken['ran'] = 3
                return 0
            def __iter__(self):
                context.idToken['ran'] = 4
                return iter([])
        odd = Odd()
        odds = [odd, {'k': odd}]
        user.x = 1
        """,
    "dict that grows": "d = {}\nfor i in range(300):\n    d[str(i)] = d.copy() if i < 8 else i",
    "nested": "l = []\nfor _ in range(900):\n    l = [l]",
    "holds itself": "l = []\nl.append(l)\nd = {}\nd['d'] = d",
    "long": "s = 'x' * 1_000_000\nt = s + 'y'\nn = 10 ** 5000",
    "names": "_a = 1\n_write = 2\n_step = 3\nentry = 4",
    "text": "s = chr(0xd800) + chr(0)\nt = {s: s}",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_watching_runs_nothing_of_the_rule(pool: Pool, name: str) -> None:
    script = rule(HOSTILE[name])
    plain = await trial.answer(pool, script)
    watched, entries = await traced(pool, script)
    assert same(watched) == same(plain)
    assert entries
    assert "ran" not in watched.returns["idToken"]


async def test_it_is_bounded(pool: Pool) -> None:
    body = "n = 0\nfor i in range(60_000):\n    n += i\ncontext.idToken['n'] = n"
    watched, entries = await traced(pool, rule(body))
    assert watched.returns["idToken"] == {"n": sum(range(60_000))}
    assert len(entries) == Limits().timeline_lines + 1
    assert entries[-1].truncated
    wide = "\n".join(f"v{number} = 'x' * 200" for number in range(100))
    many = f"{wide}\nfor i in range(2000):\n    " + ", ".join(f"v{number}" for number in range(100))
    watched, entries = await traced(pool, rule(many))
    assert entries[-1].truncated
    assert len(watched.timeline) <= 2 * Limits().timeline


async def test_it_is_bounded_in_bytes(pool: Pool) -> None:
    """Texts of four bytes a character, of variables and of what functions return: else no answer would take them."""
    script = "def same(s):\n    return s\n\n" + rule("s = chr(0x1F600) * 117\nfor _ in range(9000):\n    same(s)")
    watched, entries = await traced(pool, script)
    assert trial.outcomes(watched) == ["passed"]
    assert entries[-1].truncated
    assert len(watched.timeline) <= Limits().timeline + 100


@pytest.mark.parametrize("end", ["RecursionError", "ValueError"])
async def test_a_rule_that_ends_the_watching_is_not_taken_for_watched(pool: Pool, end: str) -> None:
    """Deep in a recursion there is no stack for the watcher either."""
    deep = "def deep(n):\n    if n > 600:\n        raise ValueError()\n    return deep(n + 1)\n\n"
    script = deep + rule(
        f"try:\n    deep({0 if end == 'RecursionError' else 599})\nexcept {end}:\n    pass\nuser.x = 1"
    )
    plain = await trial.answer(pool, script)
    watched, entries = await traced(pool, script, rule("user.y = 1"))
    assert trial.outcomes(plain) == ["passed"]
    assert trial.outcomes(watched) == ["passed", "passed"]
    seen = any(entry.writes and entry.step == 0 for entry in entries)
    assert entries[-1].truncated is not seen
    assert any(entry.writes and entry.step == 1 for entry in entries), "the next rule is watched again"


async def test_one_that_hangs_is_ended(pool: Pool) -> None:
    began = time.monotonic()
    quick = trial.pool(Limits(tracing_time=0.3))
    await quick.start()
    try:
        for body, cause in (("while True:\n    pass", None), ("sum(range(10 ** 12))", "time")):
            result = await trial.run(quick, rule(body), traced=True, background=True)
            assert isinstance(result, Answer) if cause is None else isinstance(result, Killed) and result.cause == cause
    finally:
        await quick.close()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        "'x'", "{}", "[1]", "[{}]", '[{"step": 0, "line": -1}]', '[{"step": 0, "line": 1, "values": {"a": 1}}]',
        '[{"step": 0, "line": 1, "function": "%s"}]' % ("x" * 101), "[" * 5000,
    ],
)  # fmt: skip
async def test_a_forged_timeline_is_none(pool: Pool, text: str) -> None:
    body = f"""
        answer = '{{"seq": %d, "returns": {{"idToken": {{}}}}, "timeline": %s}}' % (job.seq, {text!r})
        send(answer.encode())
        hang()
        """
    result = await pool.run(trial.request(takeover(body), key="forged", traced=True, background=True))
    assert isinstance(result, Killed) or timeline.read(result.timeline) == []


# In the background


@pytest.fixture
async def own(anyio_backend: str) -> AsyncIterator[Pool]:
    own = trial.pool(per_tenant=1)
    await own.start()
    yield own
    await own.close()


def niceness(pool: Pool, background: bool) -> list[int]:
    found = [worker for worker in pool._workers if worker.key is not None]
    ours = [worker for worker in found if worker.key is not None and worker.key.endswith("(background)") == background]
    return [os.getpriority(os.PRIO_PROCESS, worker.pid) for worker in ours if worker.pid is not None]


async def test_it_has_workers_of_its_own_and_steps_back(own: Pool) -> None:
    code = await trial.compiled(own, rule("for _ in range(200_000):\n    pass\ncontext.idToken.a = 1"))
    slow = [asyncio.create_task(own.run(trial.request(code, background=True))) for _ in range(6)]
    await asyncio.sleep(0.05)
    quick = await trial.compiled(own, rule("context.idToken.b = 1"))
    answers = [await own.run(trial.request(quick)) for _ in range(5)]
    assert all(isinstance(answer, Answer) and answer.returns["idToken"] == {"b": 1} for answer in answers)
    assert niceness(own, True)
    assert set(niceness(own, True)) == {LOW}
    assert set(niceness(own, False)) == {0}
    assert len(niceness(own, True)) <= max(1, min(os.cpu_count() or 1, 2))
    for task in slow:
        result = await task
        assert isinstance(result, Answer)


async def test_it_takes_no_place_of_a_login(own: Pool) -> None:
    """Others have all the workers: the background waits, and logins do not wait for it."""
    code = await trial.compiled(own, rule("context.idToken.a = 1"))
    for number in range(4):
        await own.run(trial.request(code, key=f"t{number}"))
    assert len(own._workers) == 4
    behind = asyncio.create_task(own.run(trial.request(code, key="t0", background=True, seconds=30)))
    await asyncio.sleep(0.1)
    for number in range(5):
        await own.run(trial.request(code, key=f"t{number}"))
    assert not own._homeless
    behind.cancel()
    await asyncio.gather(behind, return_exceptions=True)
