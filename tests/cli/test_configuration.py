"""`claimsmith configuration`: values go in, and nobody reads one back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.command import Commands, Done

READS = 'def rule(user, context):\n    context.idToken["https://example.com/a"] = configuration.KEY\n'


def run(commands: Commands, *words: str, scope: str = "configuration:write", **fields: Any) -> Done:
    return commands.run("configuration", *words, CLAIMSMITH_TOKEN=commands.token(scope), **fields)


def value(commands: Commands) -> Any:
    """What a rule reads."""
    body = {"user": {"user_id": "u"}, "script": READS}
    record = commands.call("POST", "/v1/try", body, scope="rules:write configuration:use")
    return record["idToken"]["https://example.com/a"]


def test_values_are_set_listed_and_deleted(commands: Commands) -> None:
    assert run(commands, "list").out == "no values are set\n"
    done = run(commands, "set", "KEY", stdin="1\n2\n")
    assert (done.code, done.out, done.err) == (0, "KEY is set: configuration 1 is live\n", "")
    assert run(commands, "set", "B", "--json", stdin="b").json == {"key": "B", "number": 2}
    lines = [line.split() for line in run(commands, "list").out.splitlines()]
    assert [(line[0], line[-1]) for line in lines] == [("name", "by"), ("B", "ann"), ("KEY", "ann")]
    listed = run(commands, "list", "--json").json
    assert listed["number"] == 2
    assert [set(entry) for entry in listed["values"]] == [{"key", "set_at", "set_by"}] * 2
    assert value(commands) == "1\n2"
    assert run(commands, "delete", "KEY").out == "KEY is deleted\n"
    assert run(commands, "delete", "B", "--json").json == {"key": "B", "deleted": True}
    assert run(commands, "list").out == "no values are set\n"


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("set", "KEY"), "", "the value is empty: nothing was set"),
        (("set", "KEY"), "\n", "the value is empty: nothing was set"),
        (("set", "KEY"), "x" * 100_000, "standard input: the value has more than 65536 bytes"),
        (("set", "a/b"), "x", "`a/b` is not a name: it has 1 to 127 letters"),
        (("set", ".."), "x", "`..` is not a name"),
        (("set", ""), "x", "`` is not a name"),
        (("delete", "NONE"), "", "configuration `NONE` does not exist"),
    ],
)
def test_what_cannot_be_done(commands: Commands, words: tuple[str, ...], stdin: str, said: str) -> None:
    done = run(commands, *words, stdin=stdin)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"claimsmith: {said}")
    assert done.err.count("\n") == 1


def test_it_needs_its_scope(commands: Commands) -> None:
    done = run(commands, "list", scope="rules:read")
    assert done.code == 2
    assert 'make one with `claimsmith token --scope "configuration:write"`' in done.err


def test_on_a_terminal_it_asks_and_shows_nothing(commands: Commands) -> None:
    terminal = commands.terminal("configuration", "set", "KEY", scope="configuration:write")
    terminal.until("Value of KEY")
    terminal.type("typed-in-secret\n")
    assert terminal.ended() == 0
    assert "KEY is set: configuration 1 is live" in terminal.seen
    assert "typed-in-secret" not in terminal.seen
    assert value(commands) == "***"  # it was set: a record shows it so


def test_the_value_is_no_argument(commands: Commands) -> None:
    done = run(commands, "set", "KEY", "the-secret")
    assert done.code == 2
    assert run(commands, "list").out == "no values are set\n"
