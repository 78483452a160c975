"""The call for issuers without an event loop: the same answers, from any thread, and never later than promised."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from examples import claims_hook
from examples.blocking_hook import Claimsmith
from examples.demo import ROOT

ALLOW = {
    "execution_id": "01JX",
    "decision": "allow",
    "idToken": {"https://x/a": 1, "sub": "forged", "exp": 0},
    "accessToken": {"https://x/b": 2, "client_id": "forged"},
    "updates": {"user_metadata": None, "app_metadata": {"n": 1}},
}


class Server:
    """Answers as `behaves` has it; `connections` are the peers that asked, call by call."""

    def __init__(self) -> None:
        self.connections: list[int] = []
        self.behaves: Callable[[BaseHTTPRequestHandler], None] = allow
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                server.connections.append(self.client_address[1])
                self.rfile.read(int(self.headers["Content-Length"]))
                server.behaves(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1/execute"


def allow(handler: BaseHTTPRequestHandler) -> None:
    body = json.dumps(ALLOW).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """A byte of the head now and then: no single read waits for long."""
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 30:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.02)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture
def claimsmith(server: Server) -> Iterator[Claimsmith]:
    claimsmith = Claimsmith(server.url, "secret-token")
    yield claimsmith
    claimsmith.close()


def ask(claimsmith: Claimsmith) -> tuple[claims_hook.Decision, float]:
    started = time.monotonic()
    return claimsmith.decide({"user_id": "u1"}, {}), time.monotonic() - started


def test_the_answer_is_that_of_the_asynchronous_call(claimsmith: Claimsmith) -> None:
    decision, _ = ask(claimsmith)
    assert (decision.kind, decision.execution_id) == ("allow", "01JX")
    assert decision.updates == {"app_metadata": {"n": 1}}
    # What the protocol says is the issuer's, whatever the service answers.
    assert (decision.id_token, decision.access_token) == ({"https://x/a": 1}, {"https://x/b": 2})


def test_connections_are_kept_from_login_to_login(claimsmith: Claimsmith, server: Server) -> None:
    for _ in range(3):
        assert ask(claimsmith)[0].kind == "allow"
    assert len(set(server.connections)) == 1


def test_every_thread_may_ask(claimsmith: Claimsmith, server: Server) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(claimsmith)[0].kind, range(40)))
    assert answers == ["allow"] * 40
    assert len(server.connections) == 40


def test_nobody_waits_longer_for_a_service_that_trickles(
    claimsmith: Claimsmith, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_hook, "TIMEOUT_S", 0.3)
    server.behaves = trickle
    decision, took = ask(claimsmith)
    assert (decision.kind, decision.error, decision.status) == ("deny", "temporarily_unavailable", 503)
    assert 0.25 < took < 1.5
    server.behaves = allow
    assert ask(claimsmith)[0].kind == "allow"


def test_nobody_waits_longer_for_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = threading.Event()

    def hang(*args: Any, **kwargs: Any) -> Any:
        resolved.wait(5)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(claims_hook, "TIMEOUT_S", 0.3)
    claimsmith = Claimsmith("http://claimsmith.invalid/v1/execute", "t")
    decision, took = ask(claimsmith)
    resolved.set()
    claimsmith.close()
    assert (decision.kind, decision.error) == ("deny", "temporarily_unavailable")
    assert 0.25 < took < 1.5


def test_closed_it_starts_again_when_asked(claimsmith: Claimsmith) -> None:
    assert ask(claimsmith)[0].kind == "allow"
    claimsmith.close()
    claimsmith.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "claimsmith"]
    assert ask(claimsmith)[0].kind == "allow"


FORKING = """
import os, signal, sys
from examples.blocking_hook import Claimsmith

claimsmith = Claimsmith(sys.argv[1], "t")
assert claimsmith.decide(None, {}).kind == "allow"
child = os.fork()
signal.alarm(10)  # whoever gets no answer is not left behind
answer = claimsmith.decide(None, {}).kind
if child == 0:
    os._exit(0 if answer == "allow" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or answer != "allow")
"""


def test_a_forked_worker_asks_for_itself(server: Server) -> None:
    """As web servers do it: they import, perhaps ask, and fork. A loop without its thread would never answer."""
    done = subprocess.run(
        [sys.executable, "-c", FORKING, server.url], cwd=ROOT, timeout=30, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert len(set(server.connections)) == 2
