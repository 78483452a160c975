"""`claimsmith audit`: who changed what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cli.command import RULE, Commands, Done


def audit(commands: Commands, *words: str, scope: str = "admin", **environ: str) -> Done:
    return commands.run("audit", *words, CLAIMSMITH_TOKEN=commands.token(scope), **environ)


def changed(commands: Commands) -> None:
    rule = commands.call("POST", "/v1/rules", {"name": "one", "script": RULE, "order": 4}, subject="ann")
    commands.call("PATCH", f"/v1/rules/{rule['id']}", {"enabled": False, "script": RULE + "\n"})
    commands.call("DELETE", f"/v1/rules/{rule['id']}", subject="cho\x1b[31m")


def test_it_tells_who_changed_what(commands: Commands) -> None:
    changed(commands)
    lines = [re.split(" {2,}", line) for line in audit(commands).out.splitlines()]
    whole = "order 4, enabled {}, on_failure deny, conditions {{}}"
    assert [line[1:] for line in lines] == [
        ["by", "act", "what", "revision", "change"],
        ["cho\\x1b[31m", "rule.delete", "one", "4", "version 2, " + whole.format("false")],
        ["bob", "rule.change", "one", "3", "version 1 -> 2, enabled true -> false"],
        ["ann", "rule.create", "one", "2", "version 1, " + whole.format("true")],
        ["cli", "tenant.create", commands.tenant, "1"],
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", line[0]) for line in lines[1:])


def test_json_filters_and_tenants(commands: Commands) -> None:
    changed(commands)
    found: list[dict[str, Any]] = audit(commands, "--json").json["entries"]
    assert [entry["act"] for entry in found] == ["rule.delete", "rule.change", "rule.create", "tenant.create"]
    assert set(found[0]) == {"id", "tenant", "at", "by", "act", "what", "revision", "before", "after"}
    for words, count in (
        (("--limit", "2"), 2),
        (("--act", "rule"), 3),
        (("--act", "rule.change", "--by", "bob"), 1),
        (("--what", found[0]["what"]), 3),
        (("--since", "1h"), 4),
        (("--until", "1h"), 0),
    ):
        assert len(audit(commands, "--json", *words).json["entries"]) == count
    assert audit(commands, "--until", "1h").out == "nothing was changed\n"
    # As another tenant's administrator; and of all.
    commands.tenant, own = "default", commands.tenant
    assert audit(commands, "--json", "--tenant", own).json["entries"] == found
    every = audit(commands, "--all", "--limit", "1000")
    assert every.out.splitlines()[0].split() == ["time", "tenant", "by", "act", "what", "revision", "change"]
    assert f" {own} " in every.out
    assert "  default  claimsmith " in every.out


@pytest.mark.parametrize(
    ("words", "scope", "said"),
    [
        ((), "rules:read", 'make one with `claimsmith token --scope "admin"`'),
        (("--act", "rule.made"), "admin", "`act`: `rule.made` is none of tenant.create, "),
        (("--since", "soon"), "admin", "`since`: `soon` is no time"),
        (("--tenant", "A"), "admin", "the header `Claimsmith-Tenant` is not a tenant name"),
    ],
)
def test_what_cannot_be_asked(commands: Commands, words: tuple[str, ...], scope: str, said: str) -> None:
    done = audit(commands, *words, scope=scope)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
