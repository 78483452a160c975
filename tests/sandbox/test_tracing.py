"""A traced execution is the same execution, watched from where no rule can see or stop it."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox import timeline
from sandbox.limits import Limits
from sandbox.pool import Killed, Pool
from sandbox.timeline import MOST_ENTRIES, Entry
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.takeover import takeover
from tests.sandbox.test_escapes import ESCAPES
from tests.sandbox.test_ordinary import ORDINARY, read
from tests.sandbox.trial import Refused, rule

pytestmark = pytest.mark.anyio

ADDRESSES = {"syntax_rule_replaced_by_print"}  # prints one, which is another in every execution


def same(answer: Answer) -> tuple[object, ...]:
    """Everything of an answer but its times, and what of an error is left out where the machine is busy."""
    events = json.loads(bytes(answer.journal))
    for event in events:
        if event[0] == "end":
            error = event[4] and {name: event[4].get(name) for name in ("code", "message", "line")}
            event[3:] = [0, error]
    return answer.returns, answer.updates, answer.denial, answer.skipped, answer.calm, events


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
        count = len(script.split("\n"))
        assert entries
        assert all((1 <= entry.line <= count or entry.truncated) and entry.step == 0 for entry in entries)


async def test_attacks_end_as_they_do_untraced(pool: Pool) -> None:
    """What an attack can see is in what it leaves: each leaves the same."""
    count = 0
    for path in ESCAPES:
        script = path.read_text()
        if path.stem in ADDRESSES or path.stem.startswith("bomb_") or " stops: " in script.split("\n")[0]:
            continue
        with contextlib.suppress(Refused):
            code = await trial.compiled(pool, script)
            plain = await pool.run(trial.request(code))
            if "timed_out" in trial.outcomes(plain):
                continue  # a traced one has more time
            watched = await pool.run(trial.request(code, traced=True))
            assert isinstance(plain, Answer), path
            assert isinstance(watched, Answer), path
            assert same(watched) == same(plain), path
            assert timeline.read(watched.timeline), path
            count += 1
    assert count > 500


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


async def ran(pool: Pool, body: str) -> list[tuple[int, str, str | None, str | None]]:
    """Line (1 is the first of the body), function, what it returned and what it raised, of each line that ran."""
    _, entries = await traced(pool, rule(body))
    return [(e.line - 1, e.function, e.returned, e.raised) for e in entries if e.function != "<module>"]


async def test_an_exception_that_leaves_a_function_returns_nothing(pool: Pool) -> None:
    body = """\
def f():
    try:
        return 1 / 0
    except KeyError:
        pass
    finally:
        x = 1
try:
    f()
except ArithmeticError:
    return user"""
    assert await ran(pool, body) == [
        (1, "rule", None, None),
        (8, "rule", None, None),
        (9, "rule", None, "ZeroDivisionError"),
        (2, "f", None, None),
        (3, "f", None, "ZeroDivisionError"),
        (4, "f", None, None),
        (7, "f", None, None),
        (10, "rule", None, None),
        (11, "rule", None, None),  # `user` is shown by its writes
    ]


async def test_generators_and_classes(pool: Pool) -> None:
    body = """\
def numbers():
    yield 1
    yield 2
class Pair:
    half = 0.5
for n in numbers():
    pass"""
    assert await ran(pool, body) == [
        (1, "rule", None, None),
        (4, "rule", None, None),
        (4, "Pair", None, None),
        (5, "Pair", None, None),
        (6, "rule", None, None),
        (2, "numbers", "1", None),
        (7, "rule", None, None),
        (6, "rule", None, None),
        (3, "numbers", "2", None),
        (7, "rule", None, None),
        (6, "rule", "None", None),
    ]
    sent = await lines(pool, "def f():\n    x = yield 1\n    yield x\ng = f()\nnext(g)\ng.send(2)")
    assert (2, {"x": "2"}) in sent  # set when it goes on


async def test_match_and_early_return(pool: Pool) -> None:
    body = """\
match user.get('kind'), len(user.permissions):
    case 'staff', _:
        return
    case None, 1:
        plan = 'free'
    case _:
        plan = 'none'
if plan == 'free':
    return
context.idToken['plan'] = plan"""
    found = [line for line, *_ in await ran(pool, body)]
    assert set(found) == {1, 2, 4, 5, 8, 9}
    assert found[-2:] == [8, 9]


async def test_each_line_counts_its_own_writes(pool: Pool) -> None:
    """In the order of the journal, so that lines and writes can be put together."""
    body = """\
def put(name):
    context.idToken[name] = 1
    return name
context.idToken[put('a')] = put('b')
context.idToken.update({'c': 1, 'd': 2})"""
    watched, entries = await traced(pool, rule(body))
    made = [entry.line for entry in entries for _ in range(entry.writes)]
    assert sorted(made) == sorted(line for *_, line in trial.writes(watched)) == [3, 3, 5, 6, 6]


async def test_what_cannot_be_told_is_left_out(pool: Pool) -> None:
    """Rather than called missing: names of other scopes, members of objects and modules."""
    script = """\
import math
class Circle:
    def __init__(self, radius):
        self.radius = radius
def rule(user, context):
    circle = Circle(2)
    area = circle.radius ** 2 * math.pi
    names = [role.name for role in [{'name': 'admin'}] if user.email]
    nothing = user.app_metadata.plan if 'plan' in user.app_metadata else user.nick if 'nick' in user else None
    other = nothing.deeper if nothing else 0
"""
    _, entries = await traced(pool, script)
    told = {entry.line: entry.values for entry in reversed(entries) if entry.function == "rule"}
    assert told[7] == {}
    assert told[8] == {"user.email": '"ada@example.com"'}
    assert told[9]["user.app_metadata.plan"] == told[9]["user.nick"] == "<missing>"
    assert told[10] == {"nothing": "None", "nothing.deeper": "<missing>"}


async def test_several_rules(pool: Pool) -> None:
    _, entries = await traced(pool, rule("a = 1"), rule("raise ValueError()"), rule("b = 2"), skip=True)
    assert [(entry.step, entry.line) for entry in entries if entry.function == "rule"] == [(0, 2), (1, 2), (2, 2)]


async def test_user_and_context_are_no_variables_also_after_a_rule_was_undone(pool: Pool) -> None:
    scripts = rule("user.secret = 1\n1 / 0"), rule("user.x = 2\nu = user\nu.y = 3\nreturn u")
    _, entries = await traced(pool, *scripts, skip=True, user={"secret": "s"}, context={})
    assert [entry.changed for entry in entries if entry.step == 1] == [{}] * 5
    assert all(entry.returned in (None, "None") for entry in entries)


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
    "variables of comprehensions and closures": """
        def f(names):
            found = {name: any(name for other in names) for name in names}
            kept = [
                name for name in
                names]
            def g():
                return [
                    kept for kept in
                    names] and kept
            return g()
        context.idToken['names'] = f(user.permissions)
        """,
    "long": "s = 'x' * 1_000_000\nt = s + 'y'\nn = 10 ** 5000",
    "dropped generators": """
        def inner():
            try:
                yield 1
            finally:
                context.idToken['inner'] = 1
        def outer():
            held = inner()
            next(held)
            yield 2
        def drop():
            held = outer()
            next(held)
        drop()
        context.idToken['behind'] = 1
        """,
    "recursion": """
        def f(n):
            try:
                return f(n + 1)
            except RecursionError:
                return n
        context.idToken['depth'] = f(0)
        """,
    "recursion through C": """
        def f(n):
            try:
                return max([n], key=lambda n: f(n + 1))
            except RecursionError:
                context.idToken['depth'] = n
                raise ValueError('deep') from None
        f(0)
        """,
    "paths that are no text": "x = user.get('\\ud800')\ny = user.get('\\0')",
    "many nested paths": "x = [0]\nif not x:\n    y = user" + ".a" * 150,
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
    assert "ran" not in watched.returns.get("idToken", {})


async def test_watching_asks_no_key_whether_it_is_another(pool: Pool) -> None:
    taken = takeover("context['idToken']['hash'] = hash('plan')")
    found = await pool.run(trial.request(taken, key="taken"))
    assert isinstance(found, Answer)
    body = f"""
        class Odd:
            def __hash__(self):
                return {found.returns["idToken"]["hash"]}
            def __eq__(self, other):
                context.idToken['ran'] = 1
                return False
        d = {{Odd(): 1}}
        x = False and d['plan']
        """
    watched, entries = await traced(pool, rule(body))
    assert watched.returns["idToken"] == {}
    assert entries[-1].values == {}
    watched, _ = await traced(pool, rule(body.replace("False and ", "not ").replace("d['plan']", "d.get('plan')")))
    assert watched.returns["idToken"] == {"ran": 1}  # the rule itself does ask


async def test_it_is_bounded(pool: Pool) -> None:
    assert Limits().timeline_lines == MOST_ENTRIES
    body = "n = 0\nfor i in range(60_000):\n    n += i\ncontext.idToken['n'] = n"
    watched, entries = await traced(pool, rule(body))
    assert watched.returns["idToken"] == {"n": sum(range(60_000))}
    assert len(entries) == Limits().timeline_lines + 1
    assert entries[-1].truncated
    wide = "\n".join(f"v{number} = 'x' * 200" for number in range(100))
    many = f"{wide}\nfor i in range(2000):\n    " + ", ".join(f"v{number}" for number in range(100))
    watched, entries = await traced(pool, rule(many))
    assert entries[-1].truncated
    assert len(bytes(watched.timeline)) <= Limits().timeline
    wide = "s = '\u4e2d' * 200\nfor i in range(15_000):\n    t = s\n    s, t = t, s"  # three bytes to a character
    watched, entries = await traced(pool, rule(wide))
    assert entries[-1].truncated
    assert len(bytes(watched.timeline)) <= Limits().timeline


async def test_a_rule_that_is_slow_to_watch_has_its_own_time_still() -> None:
    """The tracing ends by itself, early enough for the rule to go on."""
    body = "\n".join(f"v{number} = [{number}] * 50" for number in range(200))
    script = rule(f"{body}\nfor i in range(15_000):\n    n = i\ncontext.idToken['n'] = n")
    quick = trial.pool(Limits(tracing_time=0.5))
    await quick.start()
    try:
        plain = await trial.answer(quick, script)
        watched, entries = await traced(quick, script)
    finally:
        await quick.close()
    assert same(watched) == same(plain)
    assert entries[-1].truncated


async def test_tracing_ends_with_its_execution(pool: Pool) -> None:
    """Also where the rule ended by a limit: the worker's next execution has no timeline."""
    for body in (
        "x = 1",
        "1 / 0",
        "raise UnauthorizedError('no')",
        "d = {}\nfor i in range(10 ** 9):\n    user[str(i)] = d",
    ):
        watched = await trial.answer(pool, rule(body), traced=True)
        assert timeline.read(watched.timeline)
        plain = await trial.answer(pool, rule(body), background=True)
        assert bytes(plain.timeline) == b"[]"
        assert same(plain) == same(watched)


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


def entry(**members: object) -> str:
    return json.dumps([{"step": 0, "line": 1} | members])


@pytest.mark.parametrize(
    "text",
    [
        "'x'", "{}", "[1]", "[{}]", "[" * 5000 + "]" * 5000, entry(line=-1), entry(step=-1), entry(line=10**7),
        entry(values={"a": 1}), entry(values={"a": "x" * 121}), entry(values={str(i): "" for i in range(21)}),
        entry(changed={str(i): "" for i in range(21)}), entry(function="x" * 101), entry(raised="x" * 101),
        entry(returned=["x"]), entry(depth=10**7), entry(writes=-1),
        "[" + ",".join(['{"step":0,"line":1}'] * 20_002) + "]",
    ],
    ids=range(18),
)  # fmt: skip
async def test_a_forged_timeline_is_none(pool: Pool, text: str) -> None:
    assert timeline.read(entry().encode()) == [Entry(step=0, line=1)]
    body = f"""
        answer = '{{"seq": %d, "returns": {{"idToken": {{}}}}, "timeline": %s}}' % (job.seq, {text!r})
        send(answer.encode())
        hang()
        """
    result = await pool.run(trial.request(takeover(body), key="forged", traced=True))
    if text == "'x'":
        assert isinstance(result, Killed)  # no JSON at all: no answer
    else:
        assert isinstance(result, Killed) or timeline.read(result.timeline) == []
        assert isinstance(result, Answer) or "[" * 5000 in text
