"""`claimsmith tail`: logins as they happen."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from api.tail import MOST
from tests.cli.command import COMMAND, PATIENCE, RULE, SUPPORT, Commands, environment
from tests.cli.test_client import Answering, answering
from tests.relay import relay
from tests.servers import TRUST
from tests.test_lifecycle import Served

DENY = "def rule(user, context):\n    raise UnauthorizedError('not \\x1b[31m' + user.user_id)\n"
FAIL = "def rule(user, context):\n    1 / 0\n"
TOLD: dict[str, Any] = {
    "execution_id": "x",
    "clock": "2026-11-27T07:29:06Z",
    "ms": 1,
    "decision": "allow",
    "client": None,
    "user": 1,
    "claims": [],
    "failed": [],
    "denial": None,
    "another": "\u2028",
}
EVENT = f"id: x\nevent: execution\ndata: {json.dumps(TOLD, ensure_ascii=False)}\n\n".encode()


class Tail:
    """One that runs, in pipes."""

    def __init__(self, commands: Commands, *words: str, **environ: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "tail", *words],
            cwd=commands.folder,
            env=environment(**commands.environ(CLAIMSMITH_TOKEN=commands.token(SUPPORT), **environ)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out: IO[str] = self.process.stdout
        self.err: IO[str] = self.process.stderr

    def ended(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@contextmanager
def tailing(commands: Commands, *words: str, **environ: str) -> Iterator[Tail]:
    tail = Tail(commands, *words, **environ)
    try:
        yield tail
    finally:
        if tail.process.poll() is None:
            tail.process.kill()
        tail.process.communicate(timeout=PATIENCE)


def first(commands: Commands, tail: Tail) -> str:
    """Logs in until the first line comes, since nobody can tell when it has begun to follow."""
    import select

    while not select.select([tail.out], [], [], 0.2)[0]:
        commands.logins(({"user_id": "first"}, {"clientID": "web"}))
        assert tail.process.poll() is None, tail.ended()
    return tail.out.readline()


def after_first(commands: Commands, tail: Tail, *logins: str) -> list[str]:
    """The lines of these executions, which are the only ones but those of `first`."""
    found: list[str] = []
    while len(found) < len(logins):
        line = tail.out.readline()
        assert line, tail.ended()
        if "first" not in line:
            found.append(line)
    return found


def test_a_line_for_each(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "set", "script": RULE})
    with tailing(commands) as tail:
        first(commands, tail)
        commands.call("POST", "/v1/rules", {"name": "fails", "script": FAIL, "on_failure": "skip"})
        (one,) = commands.logins(({"user_id": "u1"}, {"clientID": "web\x1b[2J"}))
        commands.call("POST", "/v1/rules", {"name": "denies", "script": DENY})
        (two,) = commands.logins(({"user_id": "u2"}, {}))
        allowed, denied = (line.split() for line in after_first(commands, tail, one, two))
        assert allowed[1:-3] == ["allow", "web\\x1b[2J", "u1", "https://example.com/a", "failed:", "fails"]
        assert allowed[-1] == one
        assert denied[1:-3] == [
            *("deny", "-", "u2", "no", "claims", "failed:", "fails", "denies"),
            *("unauthorized:", "not", "\\x1b[31mu2"),
        ]
        tail.process.send_signal(signal.SIGINT)
        code, _, err = tail.ended()
        assert (code, err) == (130, "")


def test_filtered_for_machines(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "set", "script": RULE})
    words = ("--client", "web", "--decision", "allow", "--rule", "set", "--claim", "https://example.com/a", "--json")
    with tailing(commands, *words) as tail:
        assert json.loads(first(commands, tail))["user"] == "first"
        _, other = commands.logins(({"user_id": "u1"}, {"clientID": "app"}), ({"user_id": "u2"}, {"clientID": "web"}))
        (line,) = after_first(commands, tail, other)
        assert (json.loads(line)["execution_id"], json.loads(line)["user"]) == (other, "u2")


def test_only_where_a_rule_failed(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "fails", "script": FAIL.replace("1 /", "user.user_id == 'u1' or 1 /")})
    with tailing(commands, "--rule", "fails", "--outcome", "raised", "--json") as tail:
        assert json.loads(first(commands, tail))["user"] == "first"
        _, other = commands.logins(({"user_id": "u1"}, {}), ({"user_id": "u2"}, {}))
        (line,) = after_first(commands, tail, other)
        assert json.loads(line)["user"] == "u2"


def test_those_before_come_first(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "fails", "script": FAIL.replace("1 /", "user.user_id == 'u1' or 1 /")})
    _, one, two = commands.logins(({"user_id": "u1"}, {}), ({"user_id": "u2"}, {}), ({"user_id": "u3"}, {}))
    with tailing(commands, "--outcome", "raised", "--since", "1h", "--json") as tail:
        assert [json.loads(tail.out.readline())["execution_id"] for _ in range(2)] == [one, two]
        (three,) = commands.logins(({"user_id": "u4"}, {}))
        assert json.loads(tail.out.readline())["execution_id"] == three
    done = commands.support("tail", "--since", "yesterday")
    assert (done.code, "`since`" in done.err) == (2, True)


def test_colours_on_a_terminal(commands: Commands) -> None:
    terminal = commands.terminal("tail", "--user", "u1", scope=SUPPORT)
    while "\x1b[32mallow" not in terminal.seen:
        commands.logins(({"user_id": "u1"}, {}))
        terminal.read_for(0.2)
    terminal.interrupt()
    assert terminal.ended() == 130
    assert "Error" not in terminal.seen
    assert "Abort" not in terminal.seen


def test_a_pipe_that_is_closed(commands: Commands) -> None:
    with tailing(commands) as tail:
        first(commands, tail)
        tail.out.close()
        while tail.process.poll() is None:
            commands.logins(({"user_id": "first"}, {}))
        assert tail.err.read() == ""


def test_a_pipe_that_is_closed_while_nothing_happens(commands: Commands) -> None:
    words = b": following\n\n" * 2
    read, write = os.pipe()
    os.close(read)
    with answering((200, {"Content-Length": "9999"}, words)) as (url, _):
        done = subprocess.run(
            [*COMMAND, "tail", "--url", url],
            env=environment(CLAIMSMITH_TOKEN="x"),
            stdout=write,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_after_a_break_it_goes_on(commands: Commands) -> None:
    answers: tuple[Answering, ...] = (
        (200, {"Content-Length": "9999"}, EVENT),
        (503, {"Retry-After": "0"}, b'{"error": "temporarily_unavailable", "error_description": "busy"}'),
        (503, {"Retry-After": "0"}, b'{"error": "temporarily_unavailable", "error_description": "busy"}'),
        (503, {"Retry-After": "0"}, b'{"error": "temporarily_unavailable", "error_description": "busy"}'),
        (200, {}, b": hello\n\nevent: missed\ndata: {}\n\nevent: unreadable\ndata: {}\n\n" + EVENT),
        (401, {}, b'{"error": "invalid_token", "error_description": "the token has expired"}'),
    )
    with answering(*answers) as (url, _):
        done = commands.support("tail", "--json", "--url", url)
    assert done.code == 2
    assert [json.loads(line) for line in done.out.splitlines()] == [TOLD]
    notes = done.err.splitlines()
    assert len(notes) == 6
    assert notes[0].startswith(f"claimsmith: {url} broke off: ")
    assert notes[0].endswith("; trying again until it works")
    assert notes[1:] == [
        "claimsmith: connected again",
        "claimsmith: more happened at once than can be told: some are not shown",
        "claimsmith: a recorded login cannot be opened, and is not shown: the service's log says which",
        f"claimsmith: {url} has ended its answer; trying again until it works",
        'claimsmith: the token has expired; make a token with `claimsmith token --scope "executions:read"`',
    ]


def test_what_happened_during_a_break_is_shown(commands: Commands) -> None:
    (before,) = commands.logins(({"user_id": "before"}, {}))
    time.sleep(1.0)  # the service is told of whole seconds
    with relay(commands.url) as way, tailing(commands, "--url", way.url) as tail:
        first(commands, tail)
        (one,) = commands.logins(({"user_id": "u1"}, {}))
        after_first(commands, tail, one)
        way.cut()
        assert "trying again" in tail.err.readline()
        two, three = commands.logins(({"user_id": "u2"}, {}), ({"user_id": "u3"}, {}))
        time.sleep(1.5)  # until they are recorded, so that who begins to follow now does not see them
        way.mend()
        lines = after_first(commands, tail, two, three)
        assert [line.split()[-1] for line in lines] == [two, three]
        (four,) = commands.logins(({"user_id": "u4"}, {}))
        lines += after_first(commands, tail, four)
        assert lines[-1].split()[-1] == four
        assert not any(before in line for line in lines)


def test_a_service_that_is_started_again(tmp_path: Path) -> None:
    served = Served(tmp_path / "data", REDIS_URL="none")
    again = None
    try:
        address = served.address()
        commands = Commands(address, (served.data / "secret").read_text().strip(), "default", tmp_path)
        with tailing(commands) as tail:
            first(commands, tail)
            assert served.stop() == 0
            assert tail.err.readline().endswith("; trying again until it works\n")
            port = commands.url.rpartition(":")[2]
            again = subprocess.Popen(
                [*COMMAND, "serve", "--port", port],
                env=served.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert tail.err.readline() == "claimsmith: connected again\n"
            assert "first" in first(commands, tail)
    finally:
        if again is None:
            served.process.kill()
        else:
            again.send_signal(signal.SIGTERM)
            assert again.wait(PATIENCE) == 0
        served.process.wait(PATIENCE)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--url", "http://127.0.0.1:1"], "no connection to http://127.0.0.1:1: connection refused; is the service "),
        (["--token", "x.y.z"], ""),
    ],
)
def test_what_cannot_begin(commands: Commands, words: list[str], says: str) -> None:
    done = commands.support("tail", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"claimsmith: {says}")


@pytest.mark.parametrize("data", [b"[", b"{}", b"[" * 100_000])
def test_what_no_service_tells(commands: Commands, data: bytes) -> None:
    with answering((200, {}, b"event: execution\ndata: " + data + b"\n\n")) as (url, _):
        done = commands.support("tail", "--url", url)
    assert (done.code, done.err) == (
        2,
        f"claimsmith: {url} does not answer like Claimsmith: is that its address?\n",
    )


def test_there_is_an_end_to_followers(commands: Commands) -> None:
    """Of one tenant: each asks the database twice a second. One that ends makes room, and others are not in the way."""
    headers = {"Authorization": f"Bearer {commands.token(SUPPORT)}"}
    path = f"{commands.url}/v1/executions/tail"
    answers: list[Iterator[bytes]] = []
    with contextlib.ExitStack() as stack:

        def follow() -> tuple[int, contextlib.ExitStack]:
            own = stack.enter_context(contextlib.ExitStack())
            client = own.enter_context(httpx2.Client(timeout=PATIENCE, verify=TRUST))
            response = own.enter_context(client.stream("GET", path, headers=headers))
            if response.status_code == 200:
                told = response.iter_bytes()
                answers.append(told)  # which would end else
                assert next(told) == b": following\n\n"
            return response.status_code, own

        followers = [follow() for _ in range(MOST)]
        assert {status for status, _ in followers} == {200}
        assert follow()[0] == 429
        with tailing(commands) as tail:
            code, _, err = tail.ended()
            assert (code, "20 others follow" in err) == (2, True)
        followers[0][1].close()
        end = time.monotonic() + PATIENCE
        while follow()[0] != 200:
            assert time.monotonic() < end
            time.sleep(0.05)
