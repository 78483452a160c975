"""`why`, `replay`, `step` and `tail`: support staff and authors at a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree

import pytest

from tests.cli.command import COMMAND, Commands, environment

SCOPES = "execute executions:read replay rules:read rules:write rules:deploy"
CLAIM = "https://example.com/roles"
ROLES = f"""\
def rule(user, context):
    roles = user.get("roles", [])
    if not roles:
        return
    context.idToken["{CLAIM}"] = sorted(roles)
"""
STRICT = f"""\
def rule(user, context):
    if "admin" in user.get("roles", []):
        raise UnauthorizedError("no admins")
    context.idToken["{CLAIM}"] = user.get("roles", [])
"""


@pytest.fixture
def staff(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Of a tenant with a rule and three logins."""
    whole = commands.token(SCOPES)
    monkeypatch.setattr(commands, "token", lambda scope=SCOPES, subject="ann": whole)
    commands.call("POST", "/v1/rules", {"name": "roles", "script": ROLES})
    for user, roles in (("ada", ["b", "a"]), ("bob", ["admin"]), ("eve", [])):
        login(commands, user, roles)
    return commands


def login(commands: Commands, user: str, roles: list[str]) -> str:
    body = {"user": {"user_id": user, "roles": roles}, "context": {"clientID": "web"}}
    answer = commands.call("POST", "/v1/execute", body)
    written(commands, answer["execution_id"])
    return str(answer["execution_id"])


def written(commands: Commands, execution: str) -> None:
    end = time.monotonic() + 20
    while execution not in str(commands.call("GET", "/v1/executions")):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_why_it_is_there(staff: Commands) -> None:
    done = staff.run("why", "last", CLAIM, "--user", "ada")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert re.fullmatch(r"execution [0-9A-Z]{26}", lines[0])
    assert lines[1] == f'idToken {CLAIM}  ["a", "b"]'
    assert lines[2] == '  add     roles version 1, line 5: null -> ["a", "b"]'
    assert lines[3].strip() == f'context.idToken["{CLAIM}"] = sorted(roles)'


def test_why_it_is_not(staff: Commands) -> None:
    done = staff.run("why", "last", CLAIM)
    assert done.code == 1
    assert f"idToken {CLAIM} is not there" in done.out
    assert "  1. returned_before: rule `roles` sets it in line 5, but it had ended at the `if` in line 3" in done.out
    found = staff.run("why", "last", CLAIM, "--json").json
    assert [reason["code"] for reason in found["reasons"]][:1] == ["returned_before"]
    assert staff.run("why", "last", CLAIM, "--access-token", "--user", "ada").code == 1


def test_whom_there_is_not(staff: Commands) -> None:
    for words, says in (
        (("why", "last", "a", "--user", "nobody"), "no execution is recorded that fits"),
        (("why", "01J00000000000000000000000", "a"), "does not exist"),
        (("why", "x/../..", "a"), "there is no such thing here"),
        (("why", "01J00000000000000000000000", "a", "--user", "ada"), "filters go with `last`"),
        (("replay",), "give ids of executions, or --since"),
        (("replay", "last", "--since", "1h"), "give ids of executions, or --since"),
        (("replay", "--since", "soon"), "`since`: `soon` is no time"),
        (("replay", "last", "--rule", "missing.py"), "missing.py: no such file or directory"),
        (("replay", "last", "--html", "x"), "--html: there is a report of many logins"),
        (("replay", "--since", "1h", "--revision", "99"), "revision `99` does not exist"),
        (("step", "nothing"), "does not exist"),
        (("tail", "--decision", "maybe"), "`decision`: `maybe` is none of"),
    ):
        done = staff.run(*words)
        assert (done.code, done.out) == (2, ""), words
        assert says in done.err, (words, done.err)
        assert len(done.err.splitlines()) == 1


def test_replay_as_it_was(staff: Commands) -> None:
    done = staff.run("replay", "last")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(r"[0-9A-Z]{26}  identical\n", done.out)
    assert staff.run("replay", "--since", "1h").out == "3 logins replayed: 3 identical, 0 different\n"
    assert [one["identical"] for one in staff.run("replay", "--since", "1h", "--json").json] == [True] * 3


def test_replay_under_another_rule(staff: Commands) -> None:
    (staff.folder / "roles.py").write_text(STRICT)
    ada = staff.call("GET", "/v1/executions?user=ada")["executions"][0]["execution_id"]
    done = staff.run("replay", ada, "--rule", "roles.py")
    assert done.code == 1
    assert done.out.splitlines()[1] == f'    idToken["{CLAIM}"]: ["a", "b"] -> ["b", "a"]'
    bob = staff.call("GET", "/v1/executions?user=bob")["executions"][0]["execution_id"]
    assert '    decision: "allow" -> "deny"' in staff.run("replay", bob, "--rule", "roles.py").out
    (staff.folder / "roles.py").write_text(ROLES + "\n# the same\n")
    assert staff.run("replay", ada, bob, "--rule", "roles.py").code == 0


def test_impact(staff: Commands) -> None:
    (staff.folder / "roles.py").write_text(STRICT)
    done = staff.run("replay", "--since", "1h", "--rule", "roles.py", "--html", "report.html")
    assert (done.code, done.err) == (1, "")
    first = done.out.splitlines()[0]
    assert first.startswith("3 replayed: 2 tokens change, 1 newly denied, 0 newly allowed, 0 errors; p95 of the rules ")
    assert re.search(rf"\n{CLAIM} +3 ", done.out)
    report = (staff.folder / "report.html").read_text()
    assert "3 replayed: 2 tokens change, 1 newly denied" in report
    assert "<script" not in report
    ElementTree.fromstring(re.sub(r"<!doctype html>|<meta [^>]*>| scope=\w+| class=number", "", report))
    found = staff.run("replay", "--since", "1h", "--rule", "roles.py", "--json").json
    assert (found["replayed"], found["denied"]["count"]) == (3, 1)
    assert staff.run("replay", "--since", "1h", "--revision", "2").code == 0
    bob = staff.run("replay", "--since", "1h", "--user", "bob", "--rule", "roles.py", "--json").json
    assert bob["replayed"] == 1


def test_names_in_a_report_are_escaped(staff: Commands) -> None:
    (staff.folder / "roles.py").write_text(ROLES.replace(CLAIM, "<script>alert(1)</script>"))
    staff.run("replay", "--since", "1h", "--rule", "roles.py", "--html", "report.html")
    report = (staff.folder / "report.html").read_text()
    assert "<script" not in report
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in report


def test_step_plain(staff: Commands) -> None:
    done = staff.run("step", "last", "--user", "ada")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^roles:2 +roles = user.get\(\"roles\", \[\]\)$", done.out, re.MULTILINE)
    assert 'roles = ["b", "a"]' in done.out
    assert f'wrote context.idToken.{CLAIM}: add ["a", "b"]' in done.out
    assert staff.run("step", "last", "--json").json["identical"] is True


def test_step_walks_forwards_and_back(staff: Commands) -> None:
    terminal = staff.terminal("step", "last", "--user", "ada")
    terminal.until("line 1 of ")
    terminal.type("n")
    terminal.until("line 2 of ")
    terminal.type("e")
    terminal.until("roles:5")
    terminal.seen = ""
    terminal.type("w")
    terminal.until("name or path: ")
    terminal.type("roles\n")
    terminal.until("`roles` was changed here")
    assert "roles:2" in terminal.seen
    terminal.seen = ""
    terminal.type("w")
    terminal.until("name or path: ")
    terminal.type("nothing\n")
    terminal.until("`nothing` was not changed before")
    terminal.type("b")
    terminal.until("line 1 of ")
    terminal.type("q")
    assert terminal.ended() == 0


@contextmanager
def logging_in(commands: Commands) -> Iterator[None]:
    """People log in all the time: nobody tells from when on they are followed."""
    ended = threading.Event()

    def log_in() -> None:
        while not ended.wait(0.2):
            for user in ("ada", "zoe"):
                body = {"user": {"user_id": user, "roles": ["x"]}, "context": {"clientID": "web"}}
                commands.call("POST", "/v1/execute", body)

    thread = threading.Thread(target=log_in)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_tail(staff: Commands) -> None:
    words = [*COMMAND, "tail", "--user", "zoe", "--json"]
    process = subprocess.Popen(words, cwd=staff.folder, env=environment(**staff.environ()), stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        with logging_in(staff):
            seen = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert {(one["user"], one["decision"], *one["claims"]) for one in seen} == {("zoe", "allow", CLAIM)}
        assert len({one["execution_id"] for one in seen}) == 3
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_tail_on_a_terminal_until_ctrl_c(staff: Commands) -> None:
    terminal = staff.terminal("tail")
    with logging_in(staff):
        terminal.until("  web  zoe  1 claims")
    assert "allow" in terminal.seen
    terminal.interrupt()
    assert terminal.ended() == 130
