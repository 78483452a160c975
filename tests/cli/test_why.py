"""`claimsmith why`: the question that the project began with."""

from __future__ import annotations

import re

import pytest

from tests.cli.command import Commands

PERMISSIONS = "def rule(user, context):\n    user.permissions = ['read:x']\n"
COPY = """def rule(user, context):
    context.idToken['https://example.com/list'] = [1]
    context.idToken['https://example.com/list'].append('\\x1b[31m\\u202e')
    context.accessToken['https://example.com/list'] = None
    context.idToken['https://example.com/gone'] = 1
    del context.idToken['https://example.com/gone']
"""
CLAIM = "https://example.com/list"


def test_a_claim_that_is_missing(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "authorization-extension", "script": PERMISSIONS})
    (login,) = commands.logins(({"user_id": "u1"}, {}))
    done = commands.support("why", login, "permissions")
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[0] == f"permissions is not in the idToken of {login}"
    assert lines[2].startswith("1. rule authorization-extension, line 2: `user.permissions` was set by rule ")
    assert lines[2].endswith('`context.idToken["https://example.com/permissions"] = user.permissions`  (on_user)')
    assert lines[3] == "2. no rule set `permissions` on `context.idToken` in this login  (never_set)"
    machine = commands.support("why", login.lower(), "permissions", "--json")
    assert machine.code == 1
    assert (machine.json["execution_id"], machine.json["present"]) == (login, False)
    assert [reason["code"] for reason in machine.json["reasons"]] == ["on_user", "never_set"]


def test_a_claim_that_is_there(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "copy", "script": COPY})
    (login,) = commands.logins(({"user_id": "u1"}, {"idToken": {"sent": True}}))
    done = commands.support("why", login, CLAIM)
    assert (done.code, done.err) == (0, "")
    first, _, *table = done.out.splitlines()
    assert first == f'{CLAIM} is in the idToken of {login}: [1, "\\u001b[31m\\u202e"]'
    assert [re.split(" {2,}", line) for line in table] == [
        ["rule", "version", "line", "change", "source"],
        ["copy", "1", "2", "(none) -> [1]", f"context.idToken['{CLAIM}'] = [1]"],
        [
            *("copy", "1", "3"),
            '/context/idToken/https:~1~1example.com~1list/1: (none) -> "\\u001b[31m\\u202e"',
            f"context.idToken['{CLAIM}'].append('\\x1b[31m\\u202e')",
        ],
    ]
    other = commands.support("why", login, CLAIM, "--access-token")
    assert (other.code, other.out.splitlines()[0]) == (0, f"{CLAIM} is in the accessToken of {login}: null")
    sent = commands.support("why", login, "sent")
    assert (sent.code, sent.out.splitlines()[2:]) == (0, ["no rule wrote it: it is as the issuer sent it"])
    gone = commands.support("why", login, "https://example.com/gone")
    assert gone.code == 1
    assert gone.out.splitlines()[2].startswith("1. rule copy, line 6: ")
    assert gone.out.splitlines()[-1].split()[:6] == ["copy", "1", "6", "1", "->", "(none)"]


def test_what_a_rolled_back_rule_wrote(commands: Commands) -> None:
    script = "def rule(user, context):\n    context.idToken['a'] = 1\n    raise ValueError('x')\n"
    commands.call("POST", "/v1/rules", {"name": "skipped", "script": script, "on_failure": "skip"})
    (login,) = commands.logins(({"user_id": "u1"}, {}))
    done = commands.support("why", login, "a")
    assert done.code == 1
    assert "(rolled_back)" in done.out
    assert "(none) -> 1 (undone: the rule failed later)" in done.out


def test_the_newest_of_somebody(commands: Commands) -> None:
    one, two, three = commands.logins(
        ({"user_id": "u1"}, {"clientID": "web", "idToken": {"n": 1}}),
        ({"user_id": "u2"}, {"clientID": "web", "idToken": {"n": 2}}),
        ({"user_id": "u1"}, {"clientID": "app", "idToken": {"n": 3}}),
    )
    for words, login, n in (
        ([], three, 3),
        (["--user", "u2"], two, 2),
        (["--client", "web"], two, 2),
        (["--user", "u1", "--client", "web"], one, 1),
    ):
        done = commands.support("why", "last", "n", "--json", *words)
        assert (done.code, done.json["execution_id"], done.json["value"]) == (0, login, n)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["last", "a"], "there is no execution; one is recorded about a second after its login"),
        (["last", "a", "--user", "\x1b[2J"], "there is no execution with user `\\x1b[2J`; one is recorded"),
        (["../rules", "a"], "`../rules` is no execution id, which has 26 letters and digits; or say `last`"),
        (["0" * 26, "a"], f"execution `{'0' * 26}` does not exist"),
        (["0" * 26, "a", "--user", "u"], "--user chooses among executions: give it with `last`, not with an id"),
        (["0" * 26, ""], "`claim`: `` cannot be taken: give the name of the claim"),
    ],
)
def test_what_cannot_be_answered(commands: Commands, words: list[str], says: str) -> None:
    done = commands.support("why", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"claimsmith: {says}")


def test_a_token_that_may_not_read_is_told_which_may(commands: Commands) -> None:
    done = commands.run("why", "last", "a")
    assert done.code == 2
    assert done.err.endswith('make one with `claimsmith token --scope "executions:read"`\n')
