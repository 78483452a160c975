"""A Claimsmith for a provider to ask, and a proxy before it, which counts and can be a Claimsmith that misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

from tests.servers import TRUST

# Beginnings of the headers that reach the service.
PASSED_ON = ("authorization", "content-type", "claimsmith-", "webhook-")


class Service:
    """How to set up a running Claimsmith. `execute` is the token for the provider."""

    def __init__(self, url: str, admin: str, execute: str) -> None:
        self.url, self.execute = url, execute
        headers = {"Authorization": f"Bearer {admin}"}
        self.http = httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=10, verify=TRUST)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        response = self.http.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def set_rules(self, *, conditions: dict[str, Any] | None = None, **scripts: str) -> None:
        """These rules live, in this order, and no others."""
        rules: list[dict[str, Any]] = [
            {"name": name, "script": script, "order": order} for order, (name, script) in enumerate(scripts.items())
        ]
        for one in rules if conditions else ():
            one["conditions"] = conditions
        revision = self.call("GET", "/v1/rules")["revision"]
        self.call("PUT", "/v1/rules", {"expected": revision, "prune": True, "rules": rules})


class Between:
    """`asked` are the bodies of all requests, `authorization` the last one's header, `answered` the service's last
    answer. `says` answers instead of it: (status, body) at once, or a function that writes to the connection as it
    likes."""

    def __init__(self, service: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self.authorization = ""
        self.answered: httpx2.Response | None = None
        self.says: tuple[int, bytes] | Callable[[BaseHTTPRequestHandler], None] | None = None
        self.over = threading.Event()  # what waits, waits for this
        self.upstream = httpx2.Client(base_url=service, trust_env=False, timeout=10, verify=TRUST)
        between = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                between.asked.append(json.loads(body))
                between.authorization = self.headers["authorization"]
                if callable(between.says):
                    between.says(self)
                    return
                if between.says is None:
                    kept = {name: value for name, value in self.headers.items() if name.lower().startswith(PASSED_ON)}
                    between.answered = response = between.upstream.post(self.path, content=body, headers=kept)
                    self.say(response.status_code, response.content)
                else:
                    self.say(*between.says)

            def say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def reset(self) -> None:
        """Nothing asked, and the service answers itself."""
        self.asked.clear()
        self.says = None


@contextmanager
def between(service: str) -> Iterator[Between]:
    proxy = Between(service)
    thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        proxy.server.shutdown()
        thread.join()
        proxy.server.server_close()
        proxy.upstream.close()
