"""`claimsmith test`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cli.command import RULE, Commands, Terminal, claimsmith

SCRIPT = """from datetime import datetime


def rule(user, context):
    print(f"it is {datetime.now().year}")
    context.idToken["https://example.com/roles"] = user.roles
    context.accessToken["https://example.com/n"] = 1
"""
GOOD = {
    "name": "roles",
    "user": {"user_id": "u", "roles": ["a"]},
    "context": {},
    "clock": "2026-01-03T10:00:00Z",
    "expect": {"idToken": {"https://example.com/roles": ["a"]}, "logs": ["it is 2026"], "decision": "allow"},
}
BAD = {
    "name": "wrong claims",
    "user": {"user_id": "u", "roles": ["b"]},
    "context": {"idToken": {"sub": "u"}},
    "expect": {
        "idToken": {"https://example.com/roles": ["a"], "https://example.com/x": True},
        "accessToken": {"https://example.com/n": True},
        "decision": "deny",
    },
}
RAISING = {"name": "no roles", "user": {"user_id": "u"}, "context": {}, "expect": {"decision": "allow"}}


def write(folder: Path, name: str, script: str, *cases: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(script)
    if cases:
        (folder / f"{name}.cases.json").write_text(json.dumps({"cases": cases}))


def without_times(text: str) -> str:
    return "\n".join(
        line.rsplit(" ", 1)[0].rstrip() if line[:6] in ("passed", "FAILED") else line for line in text.split("\n")
    )


EXPLAINED = """
roles: wrong claims
  idToken["https://example.com/roles"]
    expected  ["a"]
    found     ["b"]
  idToken["https://example.com/x"]
    expected  true
    found     nothing
  idToken["sub"]
    expected  nothing
    found     "u"
  accessToken["https://example.com/n"]
    expected  true
    found     1
  decision
    expected  "deny"
    found     "allow"

roles: no roles
  decision
    expected  "allow"
    found     "deny"
  the rule raised at rules/roles.py:6: AttributeError: """


def test_results_and_differences_claim_by_claim(tmp_path: Path) -> None:
    write(tmp_path / "rules", "roles", SCRIPT, GOOD, BAD, RAISING)
    write(tmp_path / "rules", "lonely", RULE)
    done = claimsmith("test", "rules", cwd=tmp_path)
    assert (done.code, done.err) == (1, "")
    table, _, rest = done.out.partition("\n\n")
    assert without_times(table).split("\n") == [
        "result  rule   case          ms",
        "passed  roles  roles",
        "FAILED  roles  wrong claims",
        "FAILED  roles  no roles",
    ]
    assert f"\n{rest}".startswith(EXPLAINED)
    assert rest.endswith("\n\nrules/lonely.py has no cases\n3 cases: 1 passed, 2 failed\n")
    machine = claimsmith("test", "rules", "--json", cwd=tmp_path)
    assert (machine.code, machine.json["passed"], machine.json["failed"]) == (1, 1, 2)
    assert machine.json["without_cases"] == ["rules/lonely.py"]
    assert [result["case"] for result in machine.json["results"] if not result["passed"]] == [
        "wrong claims",
        "no roles",
    ]
    assert machine.json["results"][1]["differences"][1] == {
        "part": 'idToken["https://example.com/x"]',
        "expected": True,
    }


def test_on_a_service_it_is_the_same(commands: Commands) -> None:
    write(commands.folder / "rules", "roles", SCRIPT, GOOD, BAD, RAISING)
    write(commands.folder / "rules", "wrong", "import os\n", GOOD)
    here = commands.run("test", "rules")
    there = commands.run("test", "rules", "--url", commands.url)
    assert (here.code, there.code) == (1, 1)
    assert without_times(here.out) == without_times(there.out)


def test_one_or_some_of_them(tmp_path: Path) -> None:
    write(tmp_path / "rules", "roles", SCRIPT, GOOD, BAD)
    write(tmp_path / "rules", "other", RULE, {**RAISING, "name": "anything"})
    for words, code, last in [
        (["rules/roles.py"], 1, "2 cases: 1 passed, 1 failed"),
        (["rules/roles.cases.json"], 1, "2 cases: 1 passed, 1 failed"),
        (["rules/roles.py", "rules"], 1, "3 cases: 2 passed, 1 failed"),
        (["rules", "--filter", "ROLES: roles"], 0, "1 case: 1 passed, 0 failed"),
        (["rules", "--filter", "other"], 0, "1 case: 1 passed, 0 failed"),
    ]:
        done = claimsmith("test", *words, cwd=tmp_path)
        assert (done.code, done.err, done.out.splitlines()[-1]) == (code, "", last)
    done = claimsmith("test", "rules", "--filter", "nothing", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (2, "", "claimsmith: --filter: no case has `nothing` in its name\n")


def test_a_rule_that_does_not_compile_fails_its_cases(tmp_path: Path) -> None:
    write(tmp_path / "rules", "wrong", "import os\n", GOOD, BAD)
    done = claimsmith("test", "rules", cwd=tmp_path)
    assert done.code == 1
    assert done.out.count("wrong.py:1:8: import_not_allowed") == 1
    assert done.out.endswith("2 cases: 0 passed, 2 failed\n")


def test_a_rule_that_has_to_be_killed_fails_only_its_own(tmp_path: Path) -> None:
    write(tmp_path / "rules", "endless", "def rule(user, context):\n    sum(range(10 ** 12))\n", RAISING)
    write(tmp_path / "rules", "quick", RULE, RAISING)
    done = claimsmith("test", "rules", cwd=tmp_path)
    assert (done.code, done.out.splitlines()[-1]) == (1, "2 cases: 1 passed, 1 failed")
    assert "the rule timed_out at rules/endless.py:2: " in done.out


def case(**fields: Any) -> str:
    return json.dumps({"cases": [{"name": "a", "user": {}, "context": {}, "expect": {}} | fields]})


HOSTILE = "\x1b[2J\x00\x1b]0;title\x07\u202e\ufffe\ud7ff<&'\"]]>"


def test_junit(tmp_path: Path) -> None:
    name = HOSTILE
    logs = "def rule(user, context):\n    print(user.text)\n    context.idToken.x = user.text\n"
    hostile = {"name": name, "user": {"text": name}, "context": {}, "expect": {"idToken": {"x": 1}, "logs": []}}
    write(tmp_path / "rules", "hostile", logs, hostile)
    write(tmp_path / "rules", "roles", SCRIPT, GOOD, BAD, RAISING)
    write(tmp_path / "rules", "wrong", "import os\n", GOOD)
    done = claimsmith("test", "rules", "--junit", "out.xml", cwd=tmp_path)
    assert done.code == 1
    assert not any(char in done.out for char in "\x1b\x00\x07\u202e")
    assert "\\x1b[2J\\x00" in done.out
    suites = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert (suites.tag, suites.get("tests"), suites.get("failures")) == ("testsuites", "5", "4")
    assert [(s.get("name"), s.get("tests"), s.get("failures"), len(s)) for s in suites] == [
        ("hostile", "1", "1", 1),
        ("roles", "3", "2", 3),
        ("wrong", "1", "1", 1),
    ]
    good, bad, raising = suites[1]
    assert (good.get("name"), good.get("classname"), len(good)) == ("roles", "roles", 0)
    failure = bad.find("failure")
    assert failure is not None
    assert failure.get("message") == 'idToken["https://example.com/roles"]: expected ["a"], found ["b"]'
    assert (failure.text or "").splitlines()[-1] == 'decision: expected "deny", found "allow"'
    raised = raising.find("failure")
    assert raised is not None
    assert "rules/roles.py:6: raised: AttributeError" in (raised.text or "")
    wrong = suites[2][0].find("failure")
    assert wrong is not None
    assert [line.split(" ")[1] for line in (wrong.text or "").splitlines()] == [
        "no_rule_function",
        "import_not_allowed",
    ]
    done = claimsmith("test", "rules", "--junit", "none/out.xml", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (2, "", "claimsmith: --junit: none/out.xml: no such file or directory\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"cases": [\n  {"name": x}\n]}', ":2:12: no JSON: invalid character"),
        ('{"cases": [', ":1:12: the JSON ends too early"),
        ("", ":1:1: it is empty; JSON is expected"),
        ('\ufeff{"cases": []}', ":1:1: it starts with a byte order mark; leave that out"),
        (case(user=[]), ": Expected `object | null`, got `array` - at `$.cases[0].user`"),
        ('{"cases": [{"name": "a"}]}', ": Object missing required field `user` - at `$.cases[0]`"),
        (case(expect={"claims": {}}), ": case `a` expects `claims`: known are decision, "),
        (case(clock="2300-01-01T00:00:00Z"), ": case `a` has a `clock` outside of 1970 to 2199"),
        ('{"cases": []}', None),
        ('{"cases": [{"user": {"a": ' + "[" * 100_000, ": the JSON is nested too deeply"),
    ],
)
def test_malformed_case_files(tmp_path: Path, text: str, says: str | None) -> None:
    write(tmp_path / "rules", "a", RULE)
    write(tmp_path / "rules", "good", SCRIPT, GOOD) if says else None
    (tmp_path / "rules" / "a.cases.json").write_text(text)
    done = claimsmith("test", "rules", cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    expected = f"claimsmith: rules/a.cases.json{says}" if says else "claimsmith: there are no cases in these files"
    assert done.err.startswith(expected)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("none", "none: no such file or folder"),
        ("rules", "no cases (`*.cases.json`) in rules: `claimsmith new` shows how"),
        ("rules/lonely.py", "rules/lonely.cases.json: no such file, which belongs to lonely.py"),
        ("orphan.cases.json", "orphan.py: no such file, which belongs to orphan.cases.json"),
        ("notes.txt", "notes.txt: neither a rule (`NAME.py`) nor its cases (`NAME.cases.json`)"),
        ("binary.py", "binary.py:1:1: it is not text in UTF-8: invalid start byte"),
        ("long.py", "long.py:1:1: the script is longer than 65536 bytes"),
    ],
)
def test_paths_without_cases(tmp_path: Path, path: str, line: str) -> None:
    write(tmp_path / "rules", "lonely", RULE)
    for name, content in (
        ("orphan.cases.json", b"{}"),
        ("notes.txt", b""),
        ("binary.py", b"\xff"),
        ("long.py", b"#" * 10_000_000),
    ):
        (tmp_path / name).write_bytes(content)
    for name in ("binary", "long"):
        (tmp_path / f"{name}.cases.json").write_text(json.dumps({"cases": [GOOD]}))
    done = claimsmith("test", path, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (2, "", f"claimsmith: {line}\n")


def test_on_a_terminal(tmp_path: Path) -> None:
    write(tmp_path / "rules", "roles", SCRIPT, GOOD, BAD)
    terminal = Terminal("test", "rules", cwd=tmp_path)
    assert terminal.ended() == 1
    assert "\x1b[32mpassed\x1b[0m" in terminal.seen
    assert "\x1b[31mFAILED\x1b[0m" in terminal.seen
    assert "─" in terminal.seen
    assert "testing" in terminal.seen


def test_a_service_shows_what_its_tenant_hides_as_hidden(commands: Commands) -> None:
    script = "def rule(user, context):\n    context.idToken.x = user.token\n"
    case = {"name": "c", "user": {"token": "abcdefgh-1"}, "context": {}, "expect": {"idToken": {"x": "abcdefgh-1"}}}
    write(commands.folder, "hidden", script, case)
    assert commands.run("test", "hidden.py").code == 0
    done = commands.run("test", "hidden.py", "--url", commands.url)
    assert (done.code, '    found     "***"\n' in done.out) == (1, True)


COVERED = """\
NAMES = {
    "a": 1,
}


def label(user):
    if user.get("admin"):
        return "admin"
    return "member"


def rule(user, context):
    \"\"\"Labels.\"\"\"
    if user.get("none"):
        return
    for name in NAMES:
        context.idToken[name] = label(user)
"""


def test_coverage_by_line(tmp_path: Path) -> None:
    member = {"name": "m", "user": {"user_id": "u"}, "context": {}, "expect": {"idToken": {"a": "member"}}}
    admin = {"name": "a", "user": {"user_id": "u", "admin": 1}, "context": {}, "expect": {"decision": "allow"}}
    write(tmp_path, "labels", COVERED, member)
    done = claimsmith("test", "labels.py", "--coverage", "--json", cwd=tmp_path)
    assert done.code == 0, done
    assert done.json["coverage"] == [{"file": "labels.py", "lines": 10, "missing": [8, 15]}]
    write(tmp_path, "labels", COVERED, member, admin)
    done = claimsmith("test", "labels.py", "--coverage", cwd=tmp_path)
    assert done.code == 0, done
    last = done.out.rstrip().split("\n")[-3:]
    assert last[0].split() == ["rule", "lines", "run", "not", "run"]
    assert last[1].split() == ["labels.py", "10", "90%", "15"]
    assert last[2] == "90% of 10 lines were run"


def test_coverage_of_a_service_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "r", COVERED, RAISING)
    done = claimsmith("test", ".", "--coverage", "--url", "http://127.0.0.1:1", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "leave out --url" in done.err
