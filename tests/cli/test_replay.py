"""`claimsmith replay`: recorded logins again, as they were, and under other rules."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from tests.cli.command import OTHER, RULE, SUPPORT, Commands
from tests.cli.test_client import answering

CHANGED = """def rule(user, context):
    context.idToken['https://example.com/a'] = user.user_id
    if user.user_id == 'u1':
        context.idToken['https://example.com/a'] = '<script>\\x1b[31m'
    if user.user_id == 'u2':
        raise UnauthorizedError('no')
    if user.user_id == 'u3':
        context.idToken['<b>\\u202e'] = 1 / 0
"""
TOLD = b'{"replayed": 1, "of": 2}\n'


def people(commands: Commands, count: int) -> list[str]:
    return commands.logins(*(({"user_id": f"u{n}"}, {"clientID": ("web", "<app>")[n % 2]}) for n in range(count)))


def test_some_as_they_were(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE})
    logins = people(commands, 3)
    done = commands.support("replay", *logins)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [f"{login}  identical" for login in logins]
    assert commands.support("replay", "last", "--user", "u1").out == f"{logins[1]}  identical\n"


def test_some_under_other_rules(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE, "order": 1})
    commands.call("POST", "/v1/rules", {"name": "off", "script": "def rule(user, context):\n    1 / 0\n", "order": 2})
    commands.edit("off", enabled=False)
    _, login = people(commands, 2)
    (commands.folder / "first.py").write_text(CHANGED)
    (commands.folder / "new.py").write_text(OTHER)
    done = commands.support("replay", login, "--rule", "first.py", "--rule", "new.py")
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        f"{login}  differs",
        '  idToken["https://example.com/a"]  "u1" -> "<script>\\u001b[31m"',
        '  idToken["https://example.com/b"]  (none) -> 1',
    ]
    machine = commands.support("replay", login, "--revision", "1", "--json")
    assert machine.code == 1
    (found,) = machine.json["executions"]
    assert (found["execution_id"], found["identical"], found["problem"]) == (login, False, None)
    (difference,) = found["differences"]
    assert (difference["name"], difference["old"], difference["is_present"]) == ("https://example.com/a", "u1", False)
    # One that is switched off runs where a file is put in its place, and then where it stands.
    (commands.folder / "off.py").write_text(
        "def rule(user, context):\n    context.idToken['https://example.com/a'] = 2\n"
    )
    done = commands.support("replay", login, "--rule", "off.py")
    assert done.out.splitlines()[1] == '  idToken["https://example.com/a"]  "u1" -> 2'


def test_everything_of_a_time_as_it_was(commands: Commands) -> None:
    script = "import random\ndef rule(user, context):\n    context.idToken['https://example.com/n'] = random.random()\n"
    commands.call("POST", "/v1/rules", {"name": "chance", "script": script})
    people(commands, 250)
    done = commands.support("replay", "--since", "1h")
    assert (done.code, done.out, done.err) == (0, "250 replayed as they were: 250 identical, 0 different\n", "")
    some = commands.support("replay", "--since", "1h", "--client", "web", "--limit", "7", "--json")
    assert some.json == {
        "replayed": 7,
        "identical": 7,
        "different": 0,
        "not_replayed": 0,
        "remarks": {},
        "executions": [],
    }
    assert commands.support("replay", "--since", "1h", "--decision", "deny").out.startswith("0 replayed as they were")


def test_the_impact_of_a_rule(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE})
    logins = people(commands, 20)
    (commands.folder / "first.py").write_text(CHANGED)
    done = commands.support("replay", "--since", "1h", "--rule", "first.py", "--html", "report.html")
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[0] == "under the live rules with first replaced"
    summary = r"20 replayed: 1 token changes, 2 newly denied, 0 newly allowed, 1 error; p95 \d+\.\d ms -> \d+\.\d ms"
    assert re.fullmatch(summary, lines[1])
    rows = [line.split() for line in lines]
    assert ["first", "3", logins[3], logins[2]] in rows
    assert ["https://example.com/a", "3", logins[3], logins[2]] in rows
    assert ["<app>", "2", logins[3], logins[1]] in rows
    assert lines[-1] == "the report is in report.html"
    page = (commands.folder / "report.html").read_text()
    read = Page(page)
    assert read.open == []
    assert {"script", "img", "link", "a", "b"}.isdisjoint(read.tags)
    assert "20 replayed: 1 token changes" in read.text
    assert "&lt;app&gt;" in page
    assert all(login in read.text for login in logins[1:4])
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "http" not in re.sub(r"https?://(example\.com|127\.0\.0\.1)", "", page).replace("http-equiv", "")


def test_the_impact_of_what_changes_nothing(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE})
    people(commands, 5)
    (commands.folder / "first.py").write_text(RULE + "    # a remark\n")
    done = commands.support("replay", "--since", "1h", "--rule", "first.py", "--json", "--user", "u1")
    assert done.code == 0
    assert (done.json["replayed"], done.json["unchanged"], done.json["would_change"]) == (1, 1, False)
    under = commands.support("replay", "--since", "1h", "--revision", "2")
    assert (under.code, under.out.splitlines()[0]) == (0, "under revision 2")
    assert under.out.splitlines()[1].startswith("5 replayed: 0 tokens change, 0 newly denied, ")
    assert (
        commands.support("replay", "--since", "1h", "--revision", "1", "--limit", "2")
        .out.splitlines()[1]
        .startswith("2 replayed: 2 tokens change, ")
    )


def test_a_bar_on_a_terminal(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE})
    people(commands, 20)
    terminal = commands.terminal("replay", "--since", "1h", "--revision", "1", scope=SUPPORT)
    assert terminal.ended() == 1
    assert "replaying" in terminal.seen
    assert "20/20" in terminal.seen
    terminal = commands.terminal("replay", "--since", "1h", scope=SUPPORT)
    assert terminal.ended() == 0
    assert "20 identical" in terminal.seen


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say which logins: their ids (or `last`), or --since 24h"),
        (["last", "--since", "1h"], "say which logins: their ids (or `last`), or --since 24h"),
        (["last", "--rule", "a.py", "--revision", "1"], "give --rule or --revision, not both"),
        (["last", "--limit", "3"], "--until and --limit go with --since"),
        (["last", "--html", "x.html"], "--html goes with --since and with --rule or --revision"),
        (["--since", "1h", "--html", "x.html"], "--html goes with --since and with --rule or --revision"),
        (["--since", "1h", "--revision", "1", "--html", "none/x.html"], "none/x.html: no file can be written there"),
        (["--since", "yesterday"], "`since`: `yesterday` is no time; give one like "),
        (["--since", "1h", "--revision", "99"], "revision `99` does not exist"),
        (["last"], "there is no execution; one is recorded about a second after its login"),
        (["0" * 26], f"execution `{'0' * 26}` does not exist"),
        (["last", "--rule", "none.py"], "none.py: no such file or directory"),
        (["last", "--rule", "a.py", "--rule", "b/a.py"], "two of the files have the same name: "),
    ],
)
def test_what_cannot_be_replayed(commands: Commands, words: list[str], says: str) -> None:
    (commands.folder / "b").mkdir()
    for name in ("a.py", "b/a.py"):
        (commands.folder / name).write_text(RULE)
    done = commands.support("replay", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"claimsmith: {says}")


def test_a_rule_that_is_none(commands: Commands) -> None:
    (commands.folder / "wrong.py").write_text("import os\n")
    done = commands.support("replay", "--since", "1h", "--rule", "wrong.py")
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines()[-1].startswith("wrong.py:1:8: import_not_allowed ")
    machine = commands.support("replay", "--since", "1h", "--rule", "wrong.py", "--json")
    assert (machine.code, machine.json["problems"][-1]["code"]) == (1, "import_not_allowed")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (TOLD + b'{"error": "temporarily_unavailable"}\n', "the service has broken off the analysis (temporarily_un"),
        (TOLD, "the service has ended before its analysis was complete; try again"),
        (b"<html>\n", "URL does not answer like Claimsmith: is that its address?"),
        (b'{"impact": {"replayed": "\x1b"}}', "URL does not answer like Claimsmith: is that its address?"),
    ],
)
def test_an_analysis_that_does_not_end_well(commands: Commands, lines: bytes, says: str) -> None:
    with answering((200, {}, lines)) as (url, _):
        done = commands.support("replay", "--since", "1h", "--revision", "1", "--url", url)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"claimsmith: {says.replace('URL', url)}")


def test_what_is_gone_or_finds_no_room_meanwhile(commands: Commands) -> None:
    """It is told, and is no success."""
    page = json.dumps({"executions": [{"execution_id": "0" * 26}], "cursor": None}).encode()
    for status, code in ((404, "not_found"), (503, "temporarily_unavailable")):
        error = json.dumps({"error": code, "error_description": "gone\x1b"}).encode()
        refusal = (status, {"Retry-After": "0"}, error)
        with answering((200, {}, page), *[refusal] * (1 if status == 404 else 3)) as (url, _):
            done = commands.support("replay", "--since", "1h", "--url", url)
        assert done.code == 1
        first, last = done.out.splitlines()
        assert first.startswith(f"{'0' * 26}  not replayed: gone\\x1b")
        assert last == "0 replayed as they were: 0 identical, 0 different, 1 not replayed"


def test_what_differs_as_it_was_and_why(commands: Commands) -> None:
    page = json.dumps({"executions": [{"execution_id": "0" * 26}] * 2, "cursor": None}).encode()
    values = {"old": "a", "new": None, "was_present": True, "is_present": True}
    answer = {
        "identical": False,
        "differences": [
            {"part": "steps[0].logs", "name": "first", **values},
            {"part": "denial", "name": None, **values},
        ],
        "remarks": [{"code": "engine_differs", "text": "it was run by `x`"}],
    }
    with answering((200, {}, page), *[(200, {}, json.dumps(answer).encode())] * 2) as (url, _):
        done = commands.support("replay", "--since", "1h", "--url", url)
    one = [
        f"{'0' * 26}  differs",
        '  steps[0].logs of rule first  "a" -> null',
        '  denial  "a" -> null',
        "  engine_differs: it was run by `x`",
    ]
    assert (done.code, done.out.splitlines()) == (
        1,
        [
            *one,
            *one,
            "engine_differs of 2, for example: it was run by `x`",
            "2 replayed as they were: 0 identical, 2 different",
        ],
    )


class Page(HTMLParser):
    """The tags of a page, what is open at its end, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
