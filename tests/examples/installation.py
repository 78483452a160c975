"""A Claimsmith to test issuers with: the real service in processes of its own, its rules, and the way to it, which can
be cut."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import httpx2

from examples import demo
from tests.servers import TRUST


class Service:
    """A Claimsmith and how to set it up. `execute` is the token of an issuer."""

    def __init__(self, url: str, admin: str, execute: str) -> None:
        self.url = url
        self.execute = execute
        self.http = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {admin}"}, trust_env=False, timeout=10, verify=TRUST
        )

    def put(self, path: str, body: Any) -> Any:
        return self._call("PUT", path, body)

    def set_rules(self, **scripts: str) -> None:
        """These rules live, in this order, and no others."""
        live = self.http.get("/v1/rules").json()["revision"]
        rules = [
            {"name": name, "script": script, "order": order} for order, (name, script) in enumerate(scripts.items())
        ]
        self.put("/v1/rules", {"expected": live, "prune": True, "rules": rules})

    def set_rule(self, body: str) -> None:
        """One rule live, whose function has this body."""
        lines = "\n".join("    " + line for line in body.splitlines())
        self.set_rules(rule=f"def rule(user, context):\n{lines}\n")

    def allow_scope_changes(self, allowed: bool) -> None:
        self._call("PATCH", "/v1/tenants/default/settings", {"scope_changes": allowed})

    def allow_lifetime_changes(self, allowed: bool) -> None:
        self._call("PATCH", "/v1/tenants/default/settings", {"lifetime_changes": allowed})

    def _call(self, method: str, path: str, body: Any) -> Any:
        response = self.http.request(method, path, json=body)
        assert response.status_code in (200, 204), response.text
        return response.json() if response.content else None


@contextlib.contextmanager
def installed(folder: Path) -> Iterator[Service]:
    data = folder / "data"
    with demo.claimsmith(data) as url:
        service = Service(url, demo.service_token(data, "admin"), demo.service_token(data, "execute"))
        with contextlib.closing(service.http):
            yield service


PASSED = ("authorization", "content-type", "webhook-id", "webhook-timestamp", "webhook-signature")


class Way:
    """What lies between an issuer and the service. `asked` are the bodies that came by.

    `state` is `open`; `cut`, where connections end without an answer; `silent`, where none comes in time; `trickle`,
    where it comes a byte at a time; or `garbled`, where it is not the service's.
    """

    def __init__(self, service: str) -> None:
        self.state: Literal["open", "cut", "silent", "trickle", "garbled"] = "open"
        self.asked: list[Any] = []
        self._over = threading.Event()
        self._http = httpx2.Client(base_url=service, trust_env=False, timeout=10, verify=TRUST)
        way = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                way.asked.append(json.loads(body))
                with contextlib.suppress(OSError):  # the issuer has given up
                    way._pass(self, body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _pass(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        match self.state:
            case "cut":
                return
            case "silent":
                self._over.wait(20)
                return
            case "trickle":
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 30:
                    handler.wfile.write(bytes([byte]))
                    if self._over.wait(0.05):
                        return
            case "garbled":
                status, answer = 200, b'{"decision": "allow", "idToken": {}'
            case "open":
                headers = {name: value for name, value in handler.headers.items() if name.lower() in PASSED}
                response = self._http.post(handler.path, content=body, headers=headers)
                status, answer = response.status_code, response.content
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def close(self) -> None:
        self._over.set()
        self.server.shutdown()
        self.server.server_close()
        self._http.close()


@contextlib.contextmanager
def way_to(service: str) -> Iterator[Way]:
    way = Way(service)
    threading.Thread(target=way.server.serve_forever, daemon=True).start()
    try:
        yield way
    finally:
        way.close()


def wait_for(url: str, seconds: float = 30) -> None:
    """Until something answers there."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx2.TransportError):
            httpx2.get(url, trust_env=False, timeout=2, verify=TRUST)
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing answers at {url}")
        time.sleep(0.05)
