"""`claimsmith step`: a recorded execution, line by line."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cli.client import Client
from cli.timeline import Line, Timeline, Told, Write, fetch
from tests.cli.command import SUPPORT, Commands, Terminal

FIRST = """def rule(user, context):
    groups = user.get('groups', [])
    user.permissions = groups + ['read:x']
"""
SECOND = """NS = 'https://example.com/'

def put(context, name, value):
    context.idToken[NS + name] = value

def rule(user, context):
    plan = 'free'
    if user.get('paid'):
        plan = 'pro\\x1b[31m'
    put(context, 'plan', plan)
    put(context, 'permissions', user.permissions)
    plan = None
"""
RIGHT, LEFT, UP, ESCAPE = "\x1b[C", "\x1b[D", "\x1b[A", "\x1b"


@pytest.fixture
def login(commands: Commands) -> str:
    commands.call("POST", "/v1/rules", {"name": "first", "script": FIRST, "order": 1})
    commands.call("POST", "/v1/rules", {"name": "second", "script": SECOND, "order": 2})
    (login,) = commands.logins(({"user_id": "u1", "groups": ["a"]}, {"clientID": "web"}))
    return login


class Walker:
    """Somebody at the keys. Of a screen only the last page counts."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.page = ""
        self._await_page()

    def press(self, keys: str) -> str:
        """The page that the last of the keys leads to."""
        for key in re.findall(r"\x1b\[.|.", keys, re.DOTALL):
            self._terminal.type(key)
            self._await_page()
        return self.page

    def leave(self, key: str) -> int:
        self._terminal.type(key)
        return self._terminal.ended()

    def _await_page(self) -> None:
        # A page is drawn when its last line is: one of keys, a prompt, or what was said.
        found = self._terminal.until_match(r"\x1b\[2J(?!.*\x1b\[2J)(.*(?:\n.*){24}(?:\x1b\[0m|_))$")
        self.page = re.sub(r"\x1b\[[0-9;]*m", "", found)
        self._terminal.seen = ""


def test_walking(commands: Commands, login: str) -> None:
    terminal = commands.terminal("step", "last", scope=SUPPORT)
    walker = Walker(terminal)
    assert "1/13  first version 1, line 1 in <module>" in walker.page
    page = walker.press("n")
    assert ">      2      groups = user.get('groups', [])" in page
    assert 'changes    groups = ["a"]' in page
    assert "       3      user.permissions = groups + ['read:x']" in page
    page = walker.press(RIGHT)
    assert 'values     groups = ["a"]' in page
    assert 'variables  groups = ["a"]' in page
    assert 'writes     /user/permissions  (none) -> ["a", "read:x"]' in page
    assert "returns    None" in page
    page = walker.press("\r")
    assert "4/13  second version 1, line 1 in <module>" in page
    assert "groups" not in page
    assert "3/13  first" in walker.press(LEFT)
    assert "4/13  second" in walker.press("N")
    assert "there is no rule behind" in walker.press("N")
    assert "1/13  first" in walker.press("P")
    assert "there is no rule before" in walker.press("P")
    assert "that is the beginning" in walker.press("p")
    assert "13/13  second version 1, line 12 in rule" in walker.press("e")
    assert "that is the end" in walker.press("n")
    assert "1/13  first" in walker.press("b")
    assert "w NAME        who last changed a variable" in walker.press("?")
    assert "1/13  first" in walker.press("\r")
    assert walker.leave("q") == 0
    # The terminal is as it was before: its own screen, with a cursor.
    assert terminal.seen.endswith("\x1b[?1049l\x1b[?25h")


def test_jumping(commands: Commands, login: str) -> None:
    walker = Walker(commands.terminal("step", login, scope=SUPPORT))
    page = walker.press("ew")
    assert "who wrote: _" in page
    page = walker.press('context.idToken["https://example.com/plan"]\n')
    assert "second version 1, line 4 in put  >" in page
    assert 'writes     /context/idToken/https:~1~1example.com~1plan  (none) -> "free"' in page
    assert 'NS = "https://example.com/"' in page
    assert "line 3 in <module>" in walker.press("p" * 5)
    for name, place in (
        ("https://example.com/permissions", "line 4 in put"),
        ("/context/idToken/https:~1~1example.com~1plan", "line 4 in put"),
        ("plan", "line 7 in rule"),
        ("user.permissions", "first version 1, line 3 in rule"),
        ("user", "first version 1, line 3 in rule"),
        ("NS", "second version 1, line 1 in <module>"),
    ):
        assert place in walker.press(f"ew{name}\n"), name
    assert "nothing before this line has changed `never`" in walker.press("wnever\n")
    assert walker.press("wxy\x7f").endswith("who wrote: x_")
    assert "g line" in walker.press(ESCAPE)
    assert "line 4 in put" in walker.press("eg4\n")
    first = walker.page.split("/")[0]
    assert "line 4 in put" in walker.press("g4\n")
    assert walker.page.split("/")[0] != first
    assert "line 9 of rule second did not run" in walker.press("g9\n")
    assert "line x of rule second did not run" in walker.press("gx\n")
    assert "line 4 in put" in walker.press(UP)
    assert walker.leave("\x04") == 0


def test_interrupted(commands: Commands, login: str) -> None:
    terminal = commands.terminal("step", login, scope=SUPPORT)
    Walker(terminal)
    terminal.interrupt()
    assert terminal.ended() == 130
    assert "\x1b[?1049l\x1b[?25h" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_in_a_pipe_every_line_once(commands: Commands, login: str) -> None:
    done = commands.support("step", login)
    assert (done.code, done.err) == (0, "")
    lines = [re.split(" {2,}", line) for line in done.out.splitlines()]
    assert len(lines) == 13
    assert lines[1] == ["first:2", "groups = user.get('groups', [])", 'user.groups is ["a"]', 'groups = ["a"]']
    assert lines[2] == [
        *("first:3", "user.permissions = groups + ['read:x']", 'groups is ["a"]'),
        '/user/permissions (none) -> ["a", "read:x"]; returns None',
    ]
    assert [line[0] for line in lines[3:]] == [f"second:{number}" for number in (1, 3, 6, 7, 8, 10, 4, 11, 4, 12)]
    terminal = commands.terminal("step", login, "--plain", scope=SUPPORT)
    assert terminal.ended() == 0
    assert "\x1b[?1049h" not in terminal.seen
    machine = commands.support("step", login, "--json").json
    assert (machine["identical"], len(machine["lines"])) == (True, 13)


def test_what_is_hostile_is_shown_and_not_obeyed(commands: Commands, login: str) -> None:
    (login,) = commands.logins(({"user_id": "u1", "paid": True}, {}))
    done = commands.support("step", login)
    assert "\x1b" not in done.out
    assert 'plan = "pro\\u001b[31m"' in done.out
    walker = Walker(commands.terminal("step", login, scope=SUPPORT))
    assert 'plan = "pro\\u001b[31m"' in walker.press("ewplan\n" + "p" * 4 + "n" * 4)
    assert walker.leave("q") == 0


def test_of_a_login_without_rules(commands: Commands) -> None:
    (login,) = commands.logins(({"user_id": "u1"}, {}))
    terminal = commands.terminal("step", login, scope=SUPPORT)
    assert terminal.ended() == 0
    assert f"no line of a rule ran in {login}\n" in terminal.seen


MANY = """def items(context, n):
    for i in range(n):
        context.idToken[f'g{i}'] = i
        yield i

def fact(context, n):
    context.idToken[f'f{n}'] = 1
    r = 1 if n < 2 else n * fact(context, n - 1)
    context.idToken[f'r{n}'] = r
    return r

def rule(user, context):
    for x in items(context, 2):
        context.idToken[f'x{x}'] = x
    context.idToken['total'] = fact(context, 3)
    try:
        context.idToken['bad'] = user.missing
    except AttributeError:
        context.idToken['a'], context.idToken['b'] = 1, fact(context, 1)
"""


def test_each_write_stands_at_its_own_line(commands: Commands) -> None:
    """With generators, recursion and exceptions, as the service counts them."""
    for name in ("one", "two"):
        commands.call("POST", "/v1/rules", {"name": name, "script": MANY})
    (login,) = commands.logins(({"user_id": "u1"}, {}))
    with Client(commands.url, commands.token(SUPPORT), SUPPORT) as client:
        timeline = fetch(client, login)
        steps = client.get(f"/v1/executions/{login}", dict[str, Any])["steps"]
    recorded = [write["path"] for step in steps for write in step["writes"]]
    assert len(recorded) > 2 * 14
    found = [write for writes in timeline.writes for write in writes]
    assert sorted(write.path for write in found) == sorted(recorded)
    for line, writes in zip(timeline.lines, timeline.writes, strict=True):
        assert {write.line for write in writes} <= {line.line}


def line(number: int, depth: int = 0, writes: int = 0, function: str = "rule", returned: str | None = None) -> Line:
    return Line(rule="r", version=1, line=number, depth=depth, writes=writes, function=function, returned=returned)


def write(path: str, number: int) -> Write:
    return Write(path=path, op="add", line=number)


def test_whose_writes_are_whose() -> None:
    """A line may write before, between and after the calls in it."""
    lines = [
        line(1, writes=3),
        line(7, depth=1, writes=1, function="f", returned="1"),
        line(7, depth=1, writes=1, function="f", returned="2"),
        line(2, writes=1),
        line(3),
    ]
    paths = [("/a", 1), ("/f1", 7), ("/b", 1), ("/f2", 7), ("/c", 1), ("/d", 2)]
    timeline = Timeline(
        Told(identical=True, remarks=[], truncated=False, lines=lines), [("r", [write(*path) for path in paths])]
    )
    assert [[one.path for one in writes] for writes in timeline.writes] == [
        ["/a", "/b", "/c"],
        ["/f1"],
        ["/f2"],
        ["/d"],
        [],
    ]
    # What does not fit together, as after a replay that was not identical, is no failure.
    short = Timeline(timeline.told, [])
    assert short.writes == [[], [], [], [], []]
