"""Shared modules: compiled with the rule that imports them, run anew for each step, and no way out of the sandbox."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest

from sandbox.pool import Pool, RuleCode
from sandbox.wire import Answer
from tests.sandbox import trial

pytestmark = pytest.mark.anyio

NAMES = "import re\ndef clean(text):\n    return re.sub('[^A-Z]', '', text)\n"
GEO = "import names\nKNOWN = ['DE', 'FR']\ndef country(user):\n    return names.clean(user.country)\n"
MODULES = {"names": NAMES, "geo": GEO}


def script(body: str, imports: str = "import geo") -> str:
    return f"{imports}\n{trial.rule(body)}"


async def compiled(pool: Pool, text: str, modules: Mapping[str, str] = MODULES) -> RuleCode:
    found = await pool.compile(text, modules=modules)
    if not found.code:
        raise trial.Refused(found.problems)
    digest = hashlib.sha256(repr((text, sorted(modules.items()))).encode()).hexdigest()
    return RuleCode(digest, found.code, False)


async def run(pool: Pool, *texts: str, modules: Mapping[str, str] = MODULES) -> Answer:
    codes = [await compiled(pool, text, modules) for text in texts]
    answer = await pool.run(trial.request(*codes, user={**trial.USER, "country": "D-E!"}))
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("imports", "said"),
    [
        ("import geo", "geo.country(user)"),
        ("import geo as g", "g.country(user)"),
        ("from geo import country", "country(user)"),
        ("from geo import country as c, KNOWN", "c(user) if KNOWN else None"),
        ("import geo", "geo.names.clean('D1E')"),
        ("import names, geo", "names.clean(geo.country(user))"),
    ],
)
async def test_what_a_module_has_is_there(pool: Pool, imports: str, said: str) -> None:
    answer = await run(pool, script(f"context.idToken.c = {said}", imports))
    assert (trial.errors(answer), answer.returns["idToken"]) == ([], {"c": "DE"})


async def test_it_may_be_imported_inside_a_function(pool: Pool) -> None:
    answer = await run(pool, trial.rule("import geo\nfrom names import clean\ncontext.idToken.c = clean(geo.KNOWN[0])"))
    assert answer.returns["idToken"] == {"c": "DE"}


async def test_each_step_has_a_module_of_its_own(pool: Pool) -> None:
    text = script("geo.KNOWN.append(len(geo.KNOWN))\ncontext.idToken[f'{len(context.idToken)}'] = list(geo.KNOWN)")
    for _ in range(2):
        answer = await run(pool, text, text)
        assert answer.returns["idToken"] == {"0": ["DE", "FR", 2], "1": ["DE", "FR", 2]}


async def test_it_runs_once_in_a_step(pool: Pool) -> None:
    modules = {"counted": "SEEN = []\nprint('run')\n", "other": "import counted\ncounted.SEEN.append(1)\n"}
    body = "import counted, other\nfrom counted import SEEN\ncontext.idToken.n = len(SEEN)"
    answer = await run(pool, trial.rule(body), modules=modules)
    assert answer.returns["idToken"] == {"n": 1}
    assert trial.logs(answer) == ["run"]


async def test_a_change_of_a_module_is_another_rule(pool: Pool) -> None:
    """Also for a worker that has run the rule with the module as it was."""
    text = script("context.idToken.c = geo.KNOWN[0]")
    for first in ("DE", "AT", "DE"):
        answer = await run(pool, text, modules={"geo": f"KNOWN = ['{first}']\n"})
        assert answer.returns["idToken"] == {"c": first}


async def test_a_write_is_of_the_line_of_the_rule(pool: Pool) -> None:
    modules = {"claims": "def put(context, value):\n    context.idToken.put = value\n"}
    answer = await run(pool, script("x = 1\nclaims.put(context, x)", "import claims"), modules=modules)
    assert answer.returns["idToken"] == {"put": 1}
    assert trial.writes(answer) == [("add", "/context/idToken/put", None, 1, 4)]


async def test_an_error_in_a_module_names_both_places(pool: Pool) -> None:
    modules = {"deep": "def fail(user):\n    x = 1\n    return user.nowhere\n"}
    answer = await run(pool, script("x = 2\ndeep.fail(user)", "import deep"), modules=modules)
    ((_, message, line),) = trial.errors(answer)
    assert line == 4
    assert message.endswith("(line 3 of module `deep`)")


async def test_an_error_that_a_rule_raises_itself_names_no_module(pool: Pool) -> None:
    modules = {"calls": "def call(f):\n    return f()\n"}
    body = "def f():\n    raise ValueError('mine')\ncalls.call(f)"
    answer = await run(pool, script(body, "import calls"), modules=modules)
    assert trial.errors(answer) == [("rule_raised", "ValueError: mine", 4)]


async def test_a_module_that_hangs_is_ended_in_its_rule(pool: Pool) -> None:
    for body in ("while True:\n    pass\n", "def rule(user, context):\n    pass\nsum(range(10**12))\n"):
        code = await compiled(pool, script("geo.KNOWN", "import geo"), {"geo": body + "KNOWN = 1\n"})
        found = await pool.run(trial.request(code))
        outcomes = trial.outcomes(found) if isinstance(found, Answer) else [found.cause]
        assert outcomes in (["timed_out"], ["time"])


REFUSED = {
    "import_cycle": [
        ({"geo": "import names\n", "names": "import geo\n"}, "`geo` imports itself: geo -> names -> geo"),
        ({"geo": "import geo\n"}, "`geo` imports itself: geo -> geo"),
        (
            {"geo": "import a\n", "a": "import b\n", "b": "from a import x\n"},
            "`a` imports itself: a -> b -> a",
        ),
    ],
    "module_refused": [
        ({"geo": "import os\n"}, "module `geo` has an error in line 1: `os` cannot be imported"),
        ({"geo": "x = 1\nx.__class__\n"}, "module `geo` has an error in line 2:"),
        ({"geo": "def f(:\n"}, "module `geo` has an error in line 1:"),
        ({"geo": "import names\n", "names": "exec('1')\n"}, "module `geo` has an error in line 1: module `names` has"),
        ({"geo": "x" * 70_000}, "module `geo` has an error in line 1: the script has 70000 bytes"),
        ({"geo": "(" * 5000}, "module `geo` has an error in line 1:"),
    ],
    "unknown_member": [
        ({"geo": "def country(user):\n    hidden = 1\n"}, "`geo` has no `land` in rules: it has country"),
        ({"geo": "_land = 1\n"}, "`geo` has no `land` in rules: it has no names"),
    ],
    "import_not_allowed": [({}, "`geo` cannot be imported"), ({"geos": ""}, "did you mean `geos`?")],
}


@pytest.mark.parametrize(
    ("code", "modules", "message"),
    [(code, modules, message) for code, cases in REFUSED.items() for modules, message in cases],
)
async def test_what_cannot_be_imported(pool: Pool, code: str, modules: dict[str, str], message: str) -> None:
    found = await pool.compile(script("context.idToken.l = geo.land"), modules=modules)
    first = next(problem for problem in found.problems if problem.severity == "error")
    assert (first.code, found.code) == (code, b"")
    assert message in first.message


@pytest.mark.parametrize("name", ["json", "urllib", "class", "jwt"])
async def test_no_module_takes_the_name_of_another(pool: Pool, name: str) -> None:
    found = await pool.compile("x = 1\n", module=name)
    assert [problem.code for problem in found.problems] == ["name_taken"]
    # Nor does one that was sent all the same stand in for it.
    answer = await run(
        pool, trial.rule("import json\ncontext.idToken.j = json.dumps(1)"), modules={"json": "dumps = 1\n"}
    )
    assert answer.returns["idToken"] == {"j": "1"}


@pytest.mark.parametrize(
    "body",
    [
        "geo.country.__globals__",
        "geo.__dict__",
        "geo._Module__members",
        "getattr(geo, '__init__')",
        "getattr(geo, '_Module__members')",
        "geo.KNOWN = []",
        "setattr(geo, 'KNOWN', [])",
        "del geo.KNOWN",
        "geo.member('KNOWN')",
        "geo.__builtins__",
        "getattr(geo, '__builtins__')",
        "geo._getattr_",
        "getattr(geo, '_getattr_')",
        "geo.__getattr__('KNOWN')",
        "type(geo)",
        "'{0.country.__globals__}'.format(geo)",
        "geo['KNOWN']",
        "from geo import __builtins__",
        "from geo import _getattr_",
        "from geo import *",
        "import geo.names",
    ],
)
async def test_a_module_leads_nowhere(pool: Pool, body: str) -> None:
    found = await pool.compile(script(f"context.idToken.x = 1\n{body}"), modules=MODULES)
    if not found.code:
        return
    code = RuleCode(hashlib.sha256(body.encode()).hexdigest(), found.code, False)
    answer = await pool.run(trial.request(code))
    assert isinstance(answer, Answer)
    assert trial.outcomes(answer) == ["raised"], trial.errors(answer)


async def test_no_module_goes_from_one_rule_to_the_next(pool: Pool) -> None:
    first = script("user.geo = geo\nuser.f = geo.country\nuser.n = geo.KNOWN")
    answer = await run(
        pool, first, trial.rule("context.idToken.left = [str(user.get('geo')), str(user.get('f')), user.n]")
    )
    assert trial.outcomes(answer) == ["passed", "passed"], trial.errors(answer)
    assert answer.returns["idToken"] == {"left": ["None", "None", ["DE", "FR"]]}
    assert {path for path, _ in trial.refusals(answer)} == {"/user/geo", "/user/f"}


async def test_hostile_names_of_modules_are_names(pool: Pool) -> None:
    modules = {"../x": "1", "": "1", "a.b": "x = 1", "geo\n": "1", "__builtins__": "x = 1"}
    found = await pool.compile(trial.rule("pass"), modules=modules)
    assert found.code
    refused = await pool.compile(f"import __builtins__\n{trial.rule('pass')}", modules=modules)
    assert not refused.code
