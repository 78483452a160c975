"""`claimsmith try` and `claimsmith new`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.command import OTHER, RULE, Commands

BUSY = """def rule(user, context):
    print("first line\\n\\x1b[31msecond")
    context.idToken["https://example.com/list"] = [1]
    context.idToken["https://example.com/list"].append(2)
    del context.idToken["old"]
    context.accessToken.sub = "x"
    auth0.users.update_user_metadata(user.user_id, {"seen": True})
"""


def write(commands: Commands, **files: Any) -> None:
    for name, value in files.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (commands.folder / f"{name}.{'py' if text.startswith('def') else 'json'}").write_text(text)


def test_what_was_decided_and_where_each_claim_comes_from(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE})
    commands.call("POST", "/v1/rules", {"name": "busy", "script": BUSY})
    write(commands, user={"user_id": "u1"}, context={"idToken": {"old": 1, "kept": "k"}})
    done = commands.run("try", "--user", "user.json", "--context", "context.json")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == ["decision  allow  revision 3", 'update    user_metadata {"seen": true}']
    assert [line.split() for line in lines[3:7]] == [
        ["token", "claim", "value", "rule", "line"],
        ["idToken", "kept", '"k"', "(from", "the", "issuer)"],
        ["idToken", "https://example.com/a", '"u1"', "first", "2"],
        ["idToken", "https://example.com/list", "[1,", "2]", "busy", "4"],
    ]
    assert "  line 2: first line\\n\\x1b[31msecond" in lines
    assert lines[-1].startswith("warning   protected_claim (rule busy, line 6): ")
    assert "\x1b" not in done.out
    machine = commands.run("try", "--user", "user.json", "--json").json
    assert (machine["decision"], machine["revision"], len(machine["steps"])) == ("deny", 3, 2)
    missing = commands.call_status("GET", f"/v1/executions/{machine['execution_id']}")
    assert missing == 404


def test_given_rules_and_revisions(commands: Commands) -> None:
    commands.call(
        "POST", "/v1/rules", {"name": "first", "script": "def rule(user, context):\n    raise ValueError('x')\n"}
    )
    write(commands, a=RULE, b=OTHER)
    denied = commands.run("try", "--user", "-", stdin='{"user_id": "u"}')
    assert denied.code == 0
    assert denied.out.splitlines()[:2] == [
        "decision  deny  revision 2",
        "denial    server_error: the login could not be decided: a rule failed (rule first)",
    ]
    assert "  rule_raised (line 2): ValueError: x" in denied.out.splitlines()
    tried = commands.run("try", "--user", "-", "--rule", "a.py", "--rule", "b.py", "--json", stdin='{"user_id": "u"}')
    assert tried.json["idToken"] == {"https://example.com/a": "u", "https://example.com/b": 1}
    assert [step["rule"] for step in tried.json["steps"]] == ["a", "b"]
    before = commands.run("try", "--user", "-", "--revision", "1", stdin="null")
    assert before.out.startswith("decision  allow  revision 1\n")
    (commands.folder / "wrong.py").write_text("import os\n")
    wrong = commands.run("try", "--user", "-", "--rule", "a.py", "--rule", "wrong.py", stdin="{}")
    assert (wrong.code, wrong.out.splitlines()[-1].startswith("wrong.py:1:8: import_not_allowed ")) == (1, True)


@pytest.mark.parametrize(
    ("words", "stdin", "line"),
    [
        (["--user", "none.json"], "", "none.json: no such file or directory"),
        (["--user", "."], "", ".: is a directory"),
        (["--user", "-"], "", "standard input:1:1: it is empty; JSON is expected"),
        (["--user", "-"], '{\n "a": }', "standard input:2:7: no JSON: invalid character"),
        (["--user", "-"], "[]", "standard input: Expected `object | null`, got `array`"),
        (["--user", "-", "--context", "-"], "{}", "standard input can be the user or the context, not both"),
        (["--user", "-", "--rule", "a.py", "--revision", "1"], "{}", "give --rule or --revision, not both"),
        (["--user", "-", "--rule", "none.py"], "{}", "none.py: no such file or directory"),
        (["--user", "-", "--revision", "99"], "{}", "revision `99` does not exist"),
        (["--user", "-", "--context", "null.json"], "{}", "null.json: Expected `object`, got `null`"),
        (["--user", "big.json"], "", "the body is larger than 1048576 bytes"),
        (["--user", "-"], '{"a": "\\ud800"}', ""),
    ],
)
def test_what_cannot_be_tried(commands: Commands, words: list[str], stdin: str, line: str) -> None:
    write(commands, a=RULE, null="null", big={"a": "x" * 10_000_000})
    done = commands.run("try", *words, stdin=stdin)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"claimsmith: {line}")


def test_a_new_rule_passes_its_own_cases(commands: Commands) -> None:
    done = commands.run("new", "my-rule")
    assert (done.code, done.err) == (0, "")
    assert done.out == "my-rule.py and my-rule.cases.json: try them with `claimsmith test my-rule.py`\n"
    assert commands.run("check", "my-rule.py", "--strict").code == 0
    tested = commands.run("test", ".")
    assert (tested.code, tested.out.splitlines()[-1]) == (0, "2 cases: 2 passed, 0 failed")
    script = (commands.folder / "my-rule.py").read_text()
    (commands.folder / "my-rule.py").write_text(RULE)
    again = commands.run("new", "my-rule")
    assert (again.code, again.err) == (2, "claimsmith: my-rule.py is there already: choose another name\n")
    assert (commands.folder / "my-rule.py").read_text() == RULE
    commands.write("rules", first=RULE)
    listed = commands.run("new", "my-rule", "--folder", "rules")
    assert listed.out.splitlines()[1] == (
        'to push it, list it in rules/rules.json: {"file": "my-rule.py", "order": 1000}'
    )
    assert (commands.folder / "rules" / "my-rule.py").read_text() == script
    # What it says works.
    rules = [{"file": "first.py", "order": 1}, {"file": "my-rule.py", "order": 1000}]
    (commands.folder / "rules" / "rules.json").write_text(json.dumps({"rules": rules}))
    assert commands.run("push", "rules", "--yes").code == 0


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x-", "ä", "a\x1b[2J", "x" * 129])
def test_names_that_are_none(commands: Commands, name: str) -> None:
    done = commands.run("new", name)
    assert (done.code, done.out) == (2, "")
    assert "is no name for a rule: letters and digits" in done.err
    assert "\x1b" not in done.err
    assert list(commands.folder.iterdir()) == []


def test_a_new_rule_needs_its_folder(commands: Commands) -> None:
    done = commands.run("new", "x", "--folder", "none")
    assert (done.code, done.err) == (2, "claimsmith: none: no such folder\n")
