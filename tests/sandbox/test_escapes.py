"""The attack corpus: each file tries one way out, and says in its first line how that has to end.

    refused: CODE       at upload
    raises: TEXT        inside the rule, with an error whose message begins so
    stops: OUTCOME      by a limit: an outcome of `sandbox.journal`, `killed` (from outside), or `limit` (any of these)
    stops: died         by the end of its worker: only where CPython itself is known to crash
    denies: TEXT        the login is denied, with a text that begins so
    passes: harmless    what it does is allowed, and gains nothing

Where versions of Python or the speed of the machine decide, several stand there with ` or ` between them.

However it ends: no canary appears in anything that comes back, the trace explains every claim, and the next login of
the same tenant is as if nothing had been.
"""

from __future__ import annotations

import ast
import asyncio
import logging
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox import journal
from sandbox.exposed import ATTRIBUTES, CLASS_ATTRIBUTES, NAMES
from sandbox.guards import DICT_CHANGES, LIST_CHANGES
from sandbox.language import HOOKS, MAGIC_METHODS, SINCE, SYNTAX
from sandbox.members import MEMBERS
from sandbox.pool import Killed, Pool, RuleCode
from sandbox.wire import Answer, Problem
from tests.sandbox import trial
from tests.sandbox.explained import explained, whole

pytestmark = pytest.mark.anyio

ESCAPES = sorted((Path(__file__).parent / "escapes").glob("*.py"))
KINDS = ("refused", "raises", "stops", "denies", "passes")
LIMITS = frozenset({"timed_out", "exhausted", "killed"})
# How an error of these names is worded for the author.
SHOWN = {"MemoryError": "the rule used up its memory", "RecursionError": "the rule nests its calls too deeply"}

TOGETHER = 6  # attempts that run into limits, at the same time

SIGNING_KEY = "canary-in-the-service's-memory"
CANARIES = (
    "canary-environment",
    "canary-file",
    "canary-other-tenant",
    "canary-earlier-login",
    "canary-network",
    SIGNING_KEY,
)
EARLIER = {**trial.USER, "email": "canary-earlier-login"}

# A login that says whether anything of the worker has been changed: its globals, its libraries, its clock and seed.
ORDINARY = """
import base64, datetime, decimal, hashlib, json, math, random, re, time, urllib.parse, uuid, zoneinfo

seen = []


def rule(user, context):
    seen.append(user.email)
    class Own:
        kept = []
    Own.kept.append(len(seen))
    context.idToken.seen = seen
    context.idToken.kept = Own.kept
    context.idToken.roles = sorted(user.app_metadata.roles, key=lambda role: role.upper())
    context.idToken.text = '{:>5}|{u[email]}'.format(len(user), u=user)
    context.idToken.numbers = [math.pi, random.random(), str(decimal.Decimal(1) / 3), sum(range(5))]
    context.idToken.times = [time.time_ns(), datetime.datetime.now(datetime.UTC).isoformat()]
    context.idToken.zone = datetime.datetime(2027, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')).isoformat()
    context.idToken.ids = [str(uuid.uuid4()), uuid.NAMESPACE_DNS.hex, hashlib.sha256(b'x').hexdigest()]
    context.idToken.found = re.sub('(?P<a>a)', lambda m: m['a'].upper(), user.email)
    context.idToken.names = sorted(re.compile('(?P<a>x)').groupindex)
    context.idToken.url = [urllib.parse.urlsplit('https://h/p?q').path, urllib.parse.quote('a b')]
    context.idToken.json = json.loads(json.dumps({'a': [1, None, 2.5]}))
    context.idToken.back = base64.b64encode(b'x').decode()
    try:
        raise KeyError('none')
    except KeyError as error:
        context.idToken.error = [str(error), len(error.args)]
"""


# The rule behind it in the pipeline: whatever it was left is plain data, of no behaviour.
NEXT = """
def rule(user, context):
    level = [user, context]
    while level:
        below = []
        for value in level:
            kind = type(value)
            assert kind in (dict, list, str, int, float, bool, type(None)), kind
            if kind is dict:
                assert all(type(key) is str for key in value), list(value)
                below.extend(value.values())
            elif kind is list:
                below.extend(value)
        level = below
"""


@dataclass
class Attempt:
    """One try, and what was seen of it."""

    ends: list[tuple[str, str]]
    problems: list[Problem]
    answer: Answer | Killed | None = None  # None when it was refused
    text: bytes = b""  # everything that came back
    deaths: int = 0
    after: dict[str, Any] | Killed | None = None  # the claims of the tenant's next login


@dataclass
class Target:
    """The service that is attacked, what it must keep to itself, and what became of the attempts."""

    pool: Pool
    file: Path
    port: int
    ordinary: RuleCode
    following: RuleCode
    expected: dict[str, Any]
    connections: list[object]
    logged: list[str]
    selected: list[Path]
    ends: Counter[str] = field(default_factory=Counter)
    together: dict[Path, Attempt] = field(default_factory=dict)
    escapes: int = 0
    leaks: int = 0


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture(scope="module")
async def target(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Target]:
    os.environ["CLAIMSMITH_SECRET"] = "canary-environment"
    file = tmp_path_factory.mktemp("canary") / "file"
    file.write_text("canary-file")
    connections: list[object] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer.get_extra_info("peername"))
        writer.write(b"canary-network")
        writer.close()

    heard = Heard()
    logging.getLogger().addHandler(heard)
    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    pool = trial.pool(workers=TOGETHER + 3, per_tenant=1)
    await pool.start()
    ordinary, following = await trial.compiled(pool, ORDINARY), await trial.compiled(pool, NEXT)
    other = {**trial.USER, "email": "canary-other-tenant"}
    assert "canary-other-tenant" in str(await trial.claims(pool, ORDINARY, key="other", user=other))
    expected = await trial.claims(pool, ORDINARY, key="untouched")
    port = listener.sockets[0].getsockname()[1]
    chosen = {item.name for item in request.session.items}
    selected = [path for path in ESCAPES if f"test_escape[{path.stem}]" in chosen]
    aim = Target(pool, file, port, ordinary, following, expected, connections, heard.lines, selected)
    yield aim
    await pool.close()
    listener.close()
    logging.getLogger().removeHandler(heard)
    del os.environ["CLAIMSMITH_SECRET"]
    plugins = request.config.pluginmanager
    reporter, capture = plugins.getplugin("terminalreporter"), plugins.getplugin("capturemanager")
    if reporter is None or capture is None:
        return
    ends = ", ".join(f"{count} {end}" for end, count in sorted(aim.ends.items()))
    with capture.global_and_fixture_disabled():
        reporter.write_line(
            f"\nescapes: {aim.ends.total()} attempts ({ends}), {aim.escapes} escapes, {aim.leaks} leaked canaries, "
            f"{pool.counts.zygote_starts - 1} dead services; {pool.counts.workers_killed} workers killed, "
            f"{pool.counts.workers_died} died"
        )


def ends_of(source: str) -> list[tuple[str, str]]:
    """How an attempt may end, by its first line."""
    first = source.partition("\n")[0].removeprefix("# ")
    return [(kind, end.strip()) for part in first.split(" or ") for kind, _, end in [part.partition(":")]]


async def attempt(target: Target, path: Path, key: str) -> Attempt:
    """Compile it, and run it in a worker that has just served somebody else's login and will serve another."""
    pool = target.pool
    source = path.read_text(encoding="utf-8")
    source = source.replace("CANARY_FILE", str(target.file)).replace("CANARY_PORT", str(target.port))
    compiled = await pool.compile(source)
    tried = Attempt(ends_of(source), [p for p in compiled.problems if p.severity == "error"])
    if not compiled.code:
        return tried
    code = RuleCode(path.stem, compiled.code, False)
    # The earlier login runs other code where this one takes its time.
    before = target.ordinary if any(kind == "stops" for kind, _ in tried.ends) else code
    await pool.run(trial.request(before, user=EARLIER, key=key))
    dead, logged = pool.counts.workers_died, len(target.logged)
    tried.answer = await pool.run(trial.request(code, target.following, key=key))
    tried.text = msgspec.json.encode(tried.answer) + "\n".join(target.logged[logged:]).encode()
    tried.deaths = pool.counts.workers_died - dead
    after = await pool.run(trial.request(target.ordinary, key=key))
    tried.after = after.returns["idToken"] if isinstance(after, Answer) and after.denial is None else None
    return tried


def is_long(path: Path) -> bool:
    """Whether it runs into a limit, so that several are run beside each other."""
    ends = ends_of(path.read_text("utf-8"))
    return ("stops", "limit") in ends and ("stops", "died") not in ends


async def tried_together(target: Target, path: Path) -> Attempt:
    """What came of `path`, of which all that run into limits are run now, each as a tenant of its own."""
    if path not in target.together:
        free = asyncio.Semaphore(TOGETHER)

        async def one(path: Path) -> None:
            async with free:
                target.together[path] = await attempt(target, path, key=path.stem)

        await asyncio.gather(*[one(path) for path in target.selected if is_long(path)])
    return target.together[path]


@pytest.mark.parametrize("path", ESCAPES, ids=lambda path: path.stem)
async def test_escape(target: Target, path: Path) -> None:
    tried = await (tried_together(target, path) if is_long(path) else attempt(target, path, key="tenant"))
    answer = tried.answer
    target.ends[how_it_ended(answer)] += 1
    if answer is None:
        # What is refused for another reason than its own may pass when that one is mended.
        codes = {problem.code for problem in tried.problems}
        assert codes & {end for kind, end in tried.ends if kind == "refused"}, tried.problems
        return
    leaked = [canary for canary in CANARIES if canary.encode() in tried.text]
    target.leaks += len(leaked)
    target.escapes += 1  # unless all that follows holds
    assert leaked == []
    assert any(is_so(answer, kind, end) for kind, end in tried.ends), (how_it_ended(answer), answer)
    if not is_long(path) and ("stops", "died") not in tried.ends:
        assert tried.deaths == 0, "it has ended its worker"
    if isinstance(answer, Answer) and how_it_ended(answer) == "passed":
        assert trial.outcomes(answer) == ["passed", "passed"], trial.errors(answer)
        if whole(answer):
            assert_explained(answer)
    assert tried.after == target.expected, "the next login of the tenant is not as it was"
    assert not target.connections
    assert target.pool.counts.zygote_starts == 1
    target.escapes -= 1


async def test_the_others_have_noticed_nothing(target: Target) -> None:
    assert await trial.claims(target.pool, ORDINARY, key="untouched") == target.expected
    assert target.pool.hello is not None
    assert not target.connections
    assert target.pool.waiting == target.pool.busy == 0
    # Each that may end its worker was tried once more, and nobody else's worker has ended.
    may_die = [path for path in target.selected if ("stops", "died") in ends_of(path.read_text("utf-8"))]
    assert target.pool.counts.workers_died <= 2 * len(may_die)


def how_it_ended(answer: Answer | Killed | None) -> str:
    if answer is None:
        return "refused"
    if isinstance(answer, Killed):
        return "died" if answer.cause == "died" else "killed"
    return trial.outcomes(answer)[0]


def is_so(answer: Answer | Killed, kind: str, end: str) -> bool:
    """Whether it ended as one part of its first line says."""
    how = how_it_ended(answer)
    if kind == "stops":
        return how == end or (end == "limit" and how in LIMITS)
    if isinstance(answer, Killed):
        return False
    if kind == "raises":
        return how != "denied" and any(error[1].startswith(SHOWN.get(end, end)) for error in trial.errors(answer))
    if kind == "denies":
        return how == "denied" and answer.denial is not None and answer.denial.text.startswith(end)
    return kind == "passes" and how == "passed"


def assert_explained(answer: Answer) -> None:
    """The recorded writes make what came back: nothing was changed without a record, nothing recorded in vain."""
    model = explained(trial.USER, trial.CONTEXT, answer)
    left = {name: model["context"][name] for name in trial.RETURNS if name in model["context"]}
    updates = {store: patch for store, patch in answer.updates.items() if patch is not None}
    for said, was in ((left, answer.returns), (model["updates"], updates)):
        assert msgspec.json.encode(said, order="sorted") == msgspec.json.encode(was, order="sorted"), journal.read(
            answer.journal
        )


# What the corpus covers


def test_the_corpus_is_whole() -> None:
    assert len(ESCAPES) > 600
    for path in ESCAPES:
        for kind, end in ends_of(path.read_text(encoding="utf-8")):
            assert kind in KINDS, path.name
            assert end in ("harmless",) if kind == "passes" else end or kind == "denies", path.name


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in ESCAPES:
        try:
            yield path.stem, ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # refused as that, or new syntax that this Python does not know


# What stands at the root of other trees than a script's.
ROOTS = {"Interactive", "Expression", "FunctionType", "TypeIgnore"}


def test_every_row_of_the_syntax_is_attacked() -> None:
    used = {type(node).__name__ for _, tree in trees() for node in ast.walk(tree)}
    rows = {name for name in SYNTAX if SINCE.get(name, (3, 0)) <= sys.version_info[:2]}
    assert rows - ROOTS - used == set()


def test_every_name_is_attacked() -> None:
    names, methods = set(), set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                methods.add(node.name)
            elif isinstance(node, ast.Constant):
                names.add(str(node.value))  # `None`, `True`, `...`
    names |= {"Ellipsis"} if "..." in names or "Ellipsis" in names else set()
    assert NAMES - names == set()
    assert MAGIC_METHODS - methods == set()
    arguments = {node.arg for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert set(HOOKS) - names - methods - arguments == set()


def test_every_member_of_a_module_is_attacked() -> None:
    missing = {
        f"{module}.{name}"
        for module, names in MEMBERS.items()
        if module != "urllib"
        for name in names - attributes_in(f"sweep_of_module_{module.replace('.', '_')}")
    }
    assert missing == set(), "write each into its sweep: a module's parts lead nowhere and cannot be changed"


def test_every_attribute_of_a_type_is_attacked() -> None:
    changes: dict[type, frozenset[str]] = {dict: frozenset(DICT_CHANGES), list: frozenset(LIST_CHANGES)}
    missing = {
        f"{kind.__name__}.{name}"
        for kind, names in ATTRIBUTES.items()
        for name in (names | changes.get(kind, frozenset())) - attributes_in(f"sweep_of_{sweep(kind)}")
    } | {
        f"class {kind.__name__}.{name}"
        for kind, names in CLASS_ATTRIBUTES.items()
        for name in names - attributes_in(f"sweep_of_class_{sweep(kind)}")
    }
    assert missing == set(), "write each into its sweep: what an attribute answers leads nowhere"


def sweep(kind: type) -> str:
    return {"PatternError": "error"}.get(kind.__name__, kind.__name__).lower()  # its name from 3.13 on


def attributes_in(stem: str) -> set[str]:
    path = Path(__file__).parent / "escapes" / f"{stem}.py"
    if not path.exists():
        return set()
    return {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
