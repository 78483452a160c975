"""A page with nothing but an editor, served under the console's own policy, whose checks are the sandbox's."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from api.console.pages import HEADERS
from sandbox.compiler import compile_rule
from sandbox.limits import Limits

STATIC = Path(__file__).resolve().parents[2] / "api" / "console" / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".html": "text/html"}
FILES = {
    "/": """<!doctype html>
<html lang="en"><head><title>Editor</title><link rel="stylesheet" href="/page.css"><link rel="icon" href="data:,">
<meta name="htmx-config" content='{"allowEval": false, "includeIndicatorStyles": false}'>
<script src="/console/static/htmx.js"></script><script type="module" src="/page.js"></script></head>
<body><main><h1>Editor</h1><button id="before" data-hx-get="/part" data-hx-target="#part">before</button>
<div id="editor"></div><button id="after">after</button><p id="part"></p></main></body></html>""",
    "/page.css": ":root { color-scheme: light dark; } body { margin: 1rem; } button { min-height: 24px; }",
    "/page.js": """import * as claimsmith from "/console/static/editor.js";
window.claimsmith = claimsmith;
window.at = document.getElementById("editor");
window.check = async (script, signal) => {
  const answer = await fetch("/check", { method: "POST", body: script, signal });
  return (await answer.json()).problems;
};
document.documentElement.dataset.ready = "";""",
    "/part": "a part",
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.removeprefix("/console/static/")
        if name != self.path:
            self._answer((STATIC / name).read_bytes(), TYPES[Path(name).suffix])
        else:
            self._answer(FILES[self.path].encode(), TYPES.get(Path(self.path).suffix, "text/html"))

    def do_POST(self) -> None:
        script = self.rfile.read(int(self.headers["content-length"])).decode()
        problems = compile_rule(script, Limits()).problems
        self._answer(msgspec.json.encode({"problems": problems}), TYPES[".json"])

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Security-Policy", HEADERS["Content-Security-Policy"])
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # a check that nobody waits for any more
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The address of the page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
