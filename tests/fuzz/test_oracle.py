"""Each thing that the fuzzing looks for is found when it is there: planted by code that a worker runs without the policy."""

# ruff: noqa: E501

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.wire import Compiled, Problem
from tests.fuzz import bytecode
from tests.fuzz.campaign import Campaign
from tests.fuzz.canaries import Canaries
from tests.fuzz.findings import Finding, Findings
from tests.fuzz.interpreter import overflows_the_stack
from tests.fuzz.laboratory import EARLIER, Laboratory
from tests.fuzz.minimise import minimised
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

pytestmark = pytest.mark.anyio

STORE = "store = sys.modules['sandbox.limits'].__dict__.setdefault('store', [])\n"
# what is planted: (code, the kind of the finding, a part of its text)
PLANTED: dict[str, tuple[str, str, str]] = {
    "a claim without a write": ("context['idToken']['x'] = 1", "provenance", "has the keys"),
    "a value without a write": ("context['stats'] = 1\ncontext['redirect'] = {}", "provenance", "context.redirect is there"),
    "a member that is gone": (
        "send(json.dumps({'seq': job.seq, 'returns': {'idToken': {}}, 'journal': [['end', 0, 'passed', 1, None]]}).encode())",
        "provenance", "context.accessToken is gone"),
    "an update without a write": (
        "send(json.dumps({'seq': job.seq, 'updates': {'user_metadata': {'a': 1}}, 'journal': [['end', 0, 'passed', 1, None]]}).encode())",
        "provenance", "updates.user_metadata"),
    "a write that cannot have been": (
        "send(json.dumps({'seq': job.seq, 'journal': [['write', 0, 'remove', '/user/nothing', 1, None, 1], ['end', 0, 'passed', 1, None]]}).encode())",
        "provenance", "removal of /user/nothing"),
    "a journal that cannot be read": ("send(json.dumps({'seq': job.seq, 'journal': [['end']]}).encode())", "journal", "cannot be read"),
    "no end": ("send(json.dumps({'seq': job.seq}).encode())", "journal", "no step has ended"),
    "claims over the limit": (
        "send(json.dumps({'seq': job.seq, 'returns': {'idToken': {'a': 'x' * 200000}}}).encode())", "limits", "context.idToken has"),
    "another answer each time": (
        STORE + "store.append(1)\nbuiltins.Exception\nraise builtins.ValueError(str(len(store)))", "determinism", "ValueError"),
    "a worker that is changed": ("sys.modules['json'].dumps = lambda *a, **k: '[]'", "next login", "idToken"),
    "a login of somebody else": (STORE + "store.append(user['email'])\nraise builtins.ValueError(' '.join(store))", "canary", EARLIER),
    "a death": ("os._exit(3)", "death", "the worker died"),
}  # fmt: skip


@pytest.fixture(scope="module")
async def laboratory(anyio_backend: str) -> AsyncIterator[Laboratory]:
    laboratory = Laboratory(8)
    await laboratory.start()
    yield laboratory
    await laboratory.close()


def kinds(findings: list[tuple[str, str]]) -> set[str]:
    return {kind for kind, _ in findings}


@pytest.mark.parametrize("name", PLANTED)
async def test_what_is_planted_is_found(laboratory: Laboratory, name: str) -> None:
    code, kind, detail = PLANTED[name]
    verdict = await laboratory.examine(name, name, Compiled(code=takeover(code).code), 0)
    assert [text for its, text in verdict.findings if its == kind and detail in text] != [], verdict


@pytest.mark.parametrize("secret", ["environment", "file", "other tenant", "memory"])
@pytest.mark.parametrize(
    "form", ["{}", "{}[::-1]", "{}.encode().hex()", "base64.b64encode(b'xy' + {}.encode()).decode()"]
)
async def test_a_canary_is_found_in_every_form(laboratory: Laboratory, secret: str, form: str) -> None:
    value = form.format(repr(laboratory.canaries.values[secret]))
    code = takeover(f"base64 = sys.modules['base64']\nraise builtins.ValueError({value})")
    verdict = await laboratory.examine("leak", secret + form, Compiled(code=code.code), 0)
    assert ("canary", secret) in verdict.findings


# what ends the worker: whether it is a stack overflow
DEATHS = {
    "t = ()\nfor i in builtins.range(200_000):\n    t = (t,)\n{t}": True,
    "os._exit(3)": False,
    "os.kill(os.getpid(), 11)": False,
}


@pytest.mark.parametrize("body", DEATHS)
async def test_a_stack_overflow_is_told_from_other_deaths(laboratory: Laboratory, body: str) -> None:
    rule = takeover(body)
    verdict = await laboratory.examine("overflow", body, Compiled(code=rule.code), 0)
    assert "death" in kinds(verdict.findings)
    assert await overflows_the_stack(rule) is DEATHS[body]


async def test_an_address_is_no_finding(laboratory: Laboratory) -> None:
    for at, body in enumerate(
        ("print([str(x) for x in {print, len, object(), print.__init__}])", "print(len, lambda: 0)")
    ):
        code = takeover(
            "print = builtins.print\nlen = builtins.len\nstr, object = builtins.str, builtins.object\n"
            + body.replace("print(", "found = (", 1)
            + "\nraise builtins.ValueError(str(found))"
        )
        verdict = await laboratory.examine("address", f"address {at}", Compiled(code=code.code), 0)
        assert kinds(verdict.findings) - {"provenance"} == set(), verdict.findings


async def test_the_depth_of_calls_is_no_finding(laboratory: Laboratory) -> None:
    """A rule can find it out, and CPython 3.11 counts otherwise when it has seen the code often."""
    script = (
        "def rule(user, context, callback):\n    def f(n):\n        callback(UnauthorizedError('no')) if n == 0 else f(n - 1)\n"
        "    for n in range(399, 300, -1):\n        try:\n            f(n)\n        except RecursionError:\n            pass\n"
    )
    compiled, _ = await laboratory.compile(script)
    for _ in range(3):
        assert (await laboratory.examine("depth", script, compiled, 0)).findings == []


async def test_a_good_rule_has_nothing_to_it(laboratory: Laboratory) -> None:
    script = trial.rule(
        "context.idToken.a = [user.email]\nuser.permissions.append('x')\ncontext.idToken.b = {1}\nprint(user.email)"
    )
    compiled, found = await laboratory.compile(script)
    assert found == []
    for login in range(3):
        verdict = await laboratory.examine("good", script, compiled, login)
        assert (verdict.outcome, verdict.findings) == ("passed", [])


async def test_waiting_too_long_is_a_hang() -> None:
    laboratory = Laboratory(1, patience=0.0)
    await laboratory.start()
    try:
        compiled, _ = await laboratory.compile(trial.rule("pass"))
        verdict = await laboratory.examine("slow", "pass", compiled, 0)
        assert kinds(verdict.findings) == {"hang"}
    finally:
        await laboratory.close()


async def test_what_the_compiler_says_is_checked(laboratory: Laboratory) -> None:
    def check(compiled: Compiled) -> set[str]:
        return kinds(laboratory.check_compiled("a\nb\n", compiled))

    def problem(line: int = 1, code: str = "x", message: str = "m") -> Problem:
        return Problem(line=line, column=1, code=code, message=message)

    code = takeover("pass").code
    assert check(Compiled()) == {"compile"}
    assert check(Compiled(problems=[problem()], code=code)) >= {"compile"}
    assert check(Compiled(problems=[problem(line=9)])) == {"compile"}
    assert check(Compiled(problems=[problem(code="compile_crashed")])) == {"compile"}
    assert check(Compiled(problems=[problem(message=laboratory.canaries.values["file"])])) == {"canary"}
    assert check(Compiled(problems=[problem()])) == set()
    assert check(Compiled(code=code)) == {"bytecode"}


# source: what has to be strange about its code
STRANGE = {
    "user.email": "not in the table: LOAD_ATTR",
    "user['a']": "not in the table: BINARY_SUBSCR",
    "user.a = 1": "change of the attribute a",
    "del user.a": "change of the attribute a",
    "import os": "import of os",
    "from os import path": "import of os",
    "open('x')": "read of open",
    "__builtins__": "name __builtins__",
    "_getattr_ = 1": "",
    "a.__class__ = 1": "name __class__",
    "with user: pass": "not in the table: ",
    "async def f(): await user": "not in the table: ",
    "match user:\n    case object(a=1): pass": "not in the table: MATCH_CLASS",
    "match user:\n    case str(): pass": "",
    "match user:\n    case [x, *_]: pass": "",
    "_write_(user).a = _getitem_(user, 'a')": "",
    "def f(_tmp1): return _tmp1": "",
    "def f(__x): return __x": "name __x",
    "class C:\n    def __init__(self): pass": "",
    "class C:\n    def __del__(self): pass": "name __del__",
}


@pytest.mark.parametrize("source", STRANGE)
def test_strange_code_is_seen(source: str) -> None:
    found = bytecode.strange(
        compile(f"user = a = None\n{source}", "<rule>", "exec", dont_inherit=True), f"user = a = None\n{source}"
    )
    expected = STRANGE[source]
    assert any(text.startswith(expected) for text in found) if expected else found == [], found


def test_of_one_kind_the_shortest_finding_is_kept(tmp_path: Path) -> None:
    findings = Findings(tmp_path)
    for number, script in enumerate(("x = 1\n" * 300, "short\n", "x = 1\n" * 500)):
        assert findings.add(Finding("death", f"the worker died {number}", script, f"s:{number}")) == (number == 0)
    assert findings.add(Finding("death", "of something else", "y\n", "s:9"))
    assert sorted(findings.counts.values()) == [1, 3]
    (kept,) = [path for path in tmp_path.iterdir() if "short" in path.read_text()]
    assert kept.read_text() == "# death: the worker died 1\n# origin: s:1\nshort\n"


async def test_a_script_is_made_smaller() -> None:
    script = "import json\ndef rule(user, context):\n    a = 1\n    if a:\n        try:\n            b = 2\n            bad()\n        except E:\n            pass\n    c = 3\n"

    async def happens(text: str) -> bool:
        compile(text, "x", "exec")
        return "bad()" in text and "def rule" in text

    async def safe(text: str) -> bool:
        try:
            return await happens(text)
        except SyntaxError:
            return False

    assert await minimised(script, safe) == "def rule(user, context):\n    bad()\n"


def test_canaries_are_told_apart() -> None:
    canaries = Canaries(("a", "b"))
    text = f"x{canaries.values['a'][::-1]}y {canaries.values['b']}".encode()
    assert canaries.seen(text) == ["a", "b"]
    assert canaries.seen(text, but="b") == ["a"]
    assert canaries.seen(b"1234567890" * 10) == []


def test_a_process_that_ends_is_a_finding(tmp_path: Path) -> None:
    """The service's part of the sandbox has to outlive every program."""
    campaign = Campaign("end", 1, False, tmp_path)
    console = Console(file=io.StringIO())
    campaign._start("programs", 0, 0)
    (member,) = campaign._members
    member.process.kill()
    for _ in range(100):
        campaign._listen(0.1, console)
        if campaign.findings.counts:
            break
    campaign._end(console)
    assert [path.read_text().splitlines()[0] for path in tmp_path.iterdir()] == [
        "# service: programs: the process ended by -9"
    ]
