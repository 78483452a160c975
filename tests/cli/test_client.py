"""Every failure of a service is one clear line, and the token is in none of them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cli.client import Client, Lost, Rejected
from cli.refusal import Refused
from tests.cli.command import Commands, claimsmith

TOKEN = "secret.token.value"
Answering = tuple[int, dict[str, str], bytes]


class Answer(BaseHTTPRequestHandler):
    """Answers with what is next in `answers`: a status, headers and a body, or None to break off."""

    answers: ClassVar[list[Answering | None]]
    asked: ClassVar[list[str]]

    def do_GET(self) -> None:
        self.asked.append(self.command)
        self.rfile.read(int(self.headers.get("content-length", "0")))
        answer = self.answers.pop(0)
        if answer is None:
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def answering(*answers: Answering | None) -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the methods it was asked with. For what no healthy service does."""
    handler = type("Handler", (Answer,), {"answers": list(answers), "asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


BUSY: Answering = (503, {"Retry-After": "0"}, b'{"error": "temporarily_unavailable", "error_description": "busy"}')
FINE: Answering = (200, {}, b'{"n": 1}')


def test_what_changes_nothing_is_asked_again() -> None:
    for first in (BUSY, None, (429, {"Retry-After": "0"}, BUSY[2])):
        with answering(first, FINE) as (url, asked), Client(url, TOKEN, "admin") as client:
            assert client.get("/x", dict[str, int]) == {"n": 1}
        assert asked == ["GET", "GET"]
        with answering(first, FINE) as (url, asked), Client(url, TOKEN, "admin") as client:
            assert client.ask("/x", {}, dict[str, int]) == {"n": 1}
        assert asked == ["POST", "POST"]
    with answering(BUSY, BUSY, BUSY) as (url, asked), Client(url, TOKEN, "admin") as client:
        with pytest.raises(Rejected, match=r"^busy; try again in 0 s$"):
            client.get("/x", dict[str, int])
        assert len(asked) == 3


def test_what_changes_something_is_sent_once() -> None:
    with answering(BUSY) as (url, asked), Client(url, TOKEN, "admin") as client:
        with pytest.raises(Rejected) as rejected:
            client.change("PUT", "/x", {}, dict[str, int])
        assert (rejected.value.status, asked) == (503, ["PUT"])
    with answering(None) as (url, asked), Client(url, TOKEN, "admin") as client:
        with pytest.raises(Refused) as refused:
            client.change("PUT", "/x", {}, dict[str, int])
        assert str(refused.value).startswith(f"{url} broke off: ")
        assert str(refused.value).endswith("; it may have been carried out: look with `claimsmith diff`")
        assert asked == ["PUT"]


def test_an_answer_line_by_line() -> None:
    text = "a\u2028b\n\nc".encode()  # a line ends where JSON texts do, and nowhere else
    with answering(BUSY, (200, {}, text)) as (url, asked), Client(url, TOKEN, "admin") as client:
        with client.lines("GET", "/x", None) as lines:
            assert list(lines) == ["a\u2028b".encode(), b"", b"c"]
        assert asked == ["GET", "GET"]
    with answering((200, {"Content-Length": "99"}, text)) as (url, asked), Client(url, TOKEN, "admin") as client:
        with client.lines("GET", "/x", None) as lines, pytest.raises(Lost, match=f"^{url} broke off: "):
            list(lines)
        assert asked == ["GET"]
    error = b'{"error": "not_found", "error_description": "there is no such thing here"}'
    with (
        answering((404, {}, error)) as (url, _),
        Client(url, TOKEN, "admin") as client,
        pytest.raises(Rejected, match=r"^there is no such thing here$"),
        client.lines("GET", "/x", None),
    ):
        pass


def test_a_line_that_does_not_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:

        def answer() -> socket.socket:
            connection, _ = server.accept()
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nfirst\n")
            return connection

        answered = threads.submit(answer)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Client(url, TOKEN, "admin") as client, client.lines("GET", "/x", None, within=2) as lines:
            assert next(lines) == b"first"
            with pytest.raises(Lost, match=f"^nothing more from {url} within 2 s$"):
                next(lines)
        answered.result().close()


def test_an_answer_that_does_not_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(url, TOKEN, "admin") as client, pytest.raises(Refused) as refused:
            client.change("PUT", "/x", {}, dict[str, int], within=0.1)
    assert str(refused.value) == (
        f"no answer from {url} within 0.1 s; it may have been carried out: look with `claimsmith diff`"
    )


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, {}, b"<html>"), "URL does not answer like Claimsmith (status 200): is that its address?"),
        ((200, {}, b'{"n": "x"}'), "URL does not answer like Claimsmith (status 200): is that its address?"),
        (
            (302, {"Location": "http://x/"}, b""),
            "URL does not answer like Claimsmith (status 302): is that its address?",
        ),
        ((404, {}, b"[" * 100_000), "URL does not answer like Claimsmith (status 404): is that its address?"),
        ((500, {}, b'{"error": "server_error", "error_description": "id `1`"}'), "id `1`"),
        (
            (401, {}, b'{"error": "invalid_token", "error_description": "the token has expired"}'),
            'the token has expired; make a token with `claimsmith token --scope "rules:read"`',
        ),
    ],
)
def test_answers_that_are_none(answer: tuple[int, dict[str, str], bytes], says: str) -> None:
    with answering(answer) as (url, _), Client(url, TOKEN, "rules:read") as client, pytest.raises(Refused) as refused:
        client.get("/x", dict[str, int])
    assert str(refused.value) == says.replace("URL", url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:8100", "--url: `localhost:8100` is not the address of a service; give one like "),
        ("ftp://x", "--url: `ftp://x` is not the address of a service; give one like "),
        ("http://", "--url: `http://` is not the address of a service; give one like "),
        ("http://[", "--url: not a URL; give one like "),
        ("http://a\nb", "--url: not a URL; give one like "),
        (f"http://{'a' * 70}.x", "--url: not a URL; give one like "),
        ("http://x:99999", "--url: not a URL; give one like "),
        ("http://user:password@x", "--url: it holds a user name or a password; give the address alone"),
        ("http://x/?token=s", "--url: `http://x/?token=s` is not the address of a service"),
        (
            "http://127.0.0.1:1",
            "no connection to http://127.0.0.1:1: connection refused; is the service running there?",
        ),
        ("http://nowhere.invalid", "no connection to http://nowhere.invalid: "),
    ],
)
def test_addresses(tmp_path: Path, url: str, says: str) -> None:
    done = claimsmith("try", "--user", "-", "--url", url, "--token", TOKEN, cwd=tmp_path, stdin="{}")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"claimsmith: {says}")
    assert "password@" not in done.err


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ä", "x\x7f"])
def test_tokens_that_are_none(tmp_path: Path, token: str) -> None:
    done = claimsmith("try", "--user", "-", "--token", token, cwd=tmp_path, stdin="{}")
    assert (done.code, done.err) == (
        2,
        "claimsmith: --token: it has characters that no token has; was it copied whole, and nothing else?\n",
    )


def test_without_a_token_it_says_how_to_make_one(tmp_path: Path) -> None:
    command = 'claimsmith token --scope "rules:write"'
    done = claimsmith("try", "--user", "-", cwd=tmp_path, stdin="{}")
    assert (done.code, done.err) == (
        2,
        "claimsmith: no token: give one by --token or CLAIMSMITH_TOKEN; where the service runs, "
        f"`{command}` makes one\n",
    )
    assert claimsmith("token", "--scope", "execute", cwd=tmp_path).code == 0
    for words in ({}, {"CLAIMSMITH_DATA": str(tmp_path / "data")}, {"CLAIMSMITH_SECRET": "s" * 40}):
        done = claimsmith("try", "--user", "-", cwd=tmp_path, stdin="{}", **words)
        assert done.err == (
            f"claimsmith: no token: run `export CLAIMSMITH_TOKEN=$({command})`, or give one by --token\n"
        )


def test_a_token_that_is_refused_is_not_repeated(commands: Commands) -> None:
    good = commands.token()
    for token in (TOKEN, good[:-4], "x" * 20_000):
        done = commands.run("try", "--user", "-", stdin="{}", CLAIMSMITH_TOKEN=token)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert done.err.endswith('make a token with `claimsmith token --scope "rules:write"`\n')
        assert token not in done.err
