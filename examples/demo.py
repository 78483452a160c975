"""The story of the project, end to end: why the permissions are not in the ID token, and how they get there.

    python -m examples.demo

Starts a Claimsmith of its own in a temporary folder and the demo issuer beside it, logs in, and shows which
rule and line set each claim of the signed ID token; then switches the second rule off, and asks the service
why the claim is missing from that login. Everything it started is stopped when it ends, however it
ends. Exit code 0, or 1 and one line that says what went wrong.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import jwt
import uvicorn
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from examples.issuer import create_issuer

ROOT = Path(__file__).resolve().parent.parent
RULES = ("authorization-extension", "permissions-claim")
CLAIM = "https://example.com/permissions"
CLIENT = ("demo-app", "demo-secret")
LOGIN = {"grant_type": "password", "username": "ada", "password": "analytical", "scope": "openid email"}

# The story is told on embedded defaults, whatever this shell is set up for.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("REDIS_URL", "DATABASE_URL") and not name.startswith("CLAIMSMITH_")
}


class Failed(Exception):
    """Why the story cannot go on, in one line."""


# What runs while the story is told.


@contextmanager
def claimsmith(data: Path) -> Iterator[str]:
    """A real service on a free port, ready to answer; stopped, with all its processes, at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "cli.main", "serve", "--data", str(data), "--port", str(port)]
    log = data.parent / "service.log"
    with log.open("wb") as output:
        # In a session of its own: a Ctrl-C is for us, and we stop it in order.
        process = subprocess.Popen(
            command, cwd=ROOT, env=ENVIRONMENT, stdout=output, stderr=output, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, log)
        yield url
    finally:
        stop(process)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    with httpx2.Client(base_url=url, trust_env=False, timeout=1) as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with suppress(httpx2.TransportError):
                if http.get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
    said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    ended = f"ended with {process.returncode}" if process.poll() is not None else "is not ready after 20 s"
    raise Failed(f"the service {ended}: {said[-1]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask, wait, then insist; a second Ctrl-C must not leave anything behind."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    process.terminate()
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def issuer(execute_url: str, token: str) -> Iterator[str]:
    """The demo issuer, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(create_issuer(execute_url, token, url), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield url  # connections queue at the listener until the server takes them
        finally:
            server.should_exit = True
            thread.join(5)


def service_token(data: Path, scope: str) -> str:
    command = [sys.executable, "-m", "cli.main", "token", "--scope", scope, "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=15)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Failed(f"`claimsmith token` ended with {done.returncode}: {said[-1]}")
    return done.stdout.strip()


# The calls of the story.


def call(http: httpx2.Client, method: str, path: str, expected: int, body: Any = None) -> Any:
    response = http.request(method, path, json=body)
    if response.status_code != expected:
        raise Failed(f"{method} {path} answered {response.status_code}: {response.text:.300}")
    return response.json()


def log_in(http: httpx2.Client) -> tuple[dict[str, Any], str]:
    """The claims of the ID token, its signature checked as an application would, and the execution's id."""
    response = http.post("/oauth/token", data=LOGIN, auth=CLIENT)
    answer = response.json()
    if response.status_code != 200:
        raise Failed(f"the login was refused: {answer['error']}: {answer.get('error_description', '')}")
    metadata = http.get("/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(http.get(metadata["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(answer["id_token"])["kid"]]
    claims: dict[str, Any] = jwt.decode(
        answer["id_token"], key, algorithms=["RS256"], audience=CLIENT[0], issuer=metadata["issuer"]
    )
    return claims, response.headers["Claimsmith-Execution"]


def record_of(http: httpx2.Client, execution: str) -> Any:
    """The record of an execution; it is written just after the answer, so it may take a moment."""
    deadline = time.monotonic() + 5
    while (response := http.get(f"/v1/executions/{execution}")).status_code == 404:
        if time.monotonic() > deadline:
            raise Failed(f"the execution {execution} was not recorded within 5 s")
        time.sleep(0.05)
    if response.status_code != 200:
        raise Failed(f"GET /v1/executions/{execution} answered {response.status_code}: {response.text:.300}")
    return response.json()


def why(http: httpx2.Client, execution: str, claim: str) -> Any:
    """Why a claim is in the ID token of an execution, or all the reasons why it is not."""
    return call(http, "GET", f"/v1/executions/{execution}/why?claim={quote(claim, safe='')}", 200)


# Reading a record.


def pointer(*names: str) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def last_write(record: Any, path: str) -> tuple[str, int] | None:
    """The rule and line that gave the value at `path` its final form; `None` when no rule did."""
    found = None
    for step in record["steps"]:
        for write in step["writes"]:
            touches = path.startswith(write["path"] + "/") or (write["path"] + "/").startswith(path + "/")
            if touches and not write.get("rolled_back"):
                found = (step["rule"], write["line"])
    return found


def claims_table(console: Console, claims: dict[str, Any], record: Any) -> Table:
    table = Table(box=SIMPLE_HEAD if console.is_terminal else None)
    for heading in ("claim", "value", "set by"):
        table.add_column(heading, overflow="fold")  # an ellipsis would hide what this is about
    rows = []
    for name, value in claims.items():
        by_rule = last_write(record, pointer("context", "idToken", name))
        source = f"rule {by_rule[0]}, line {by_rule[1]}" if by_rule else "issuer"
        rows.append((by_rule is None, name, json.dumps(value, ensure_ascii=False), source))
    for from_issuer, *cells in sorted(rows, key=lambda row: row[0]):
        table.add_row(*cells, style="dim" if from_issuer else "bold green")
    return table


# The story.


def tell(console: Console, folder: Path) -> None:
    started = time.monotonic()
    data = folder / "data"
    with claimsmith(data) as url:
        say(console, f"Claimsmith runs at {url}, with everything it needs inside")
        admin = {"Authorization": f"Bearer {service_token(data, 'admin')}"}
        # An issuer gets to execute rules, and nothing else.
        execute = service_token(data, "execute")
        with (
            httpx2.Client(base_url=url, headers=admin, trust_env=False, timeout=10) as service,
            issuer(f"{url}/v1/execute", execute) as issuer_url,
            httpx2.Client(base_url=issuer_url, trust_env=False, timeout=10) as application,
        ):
            rules = {}
            for order, name in enumerate(RULES, 1):
                script = (ROOT / "sample_rules" / f"{name}.py").read_text()
                body = {"name": name, "script": script, "order": order * 10}
                rules[name] = call(service, "POST", "/v1/rules", 201, body)["id"]
            say(console, f"Two rules are live: {RULES[0]}, then {RULES[1]}")
            say(console, f"The demo issuer, an OpenID Provider on Authlib, runs at {issuer_url}")

            headline(console, "Ada logs in: POST /oauth/token, grant_type=password")
            with_claim, record = login_shown(console, application, service)
            if CLAIM not in with_claim:
                raise Failed(f"the ID token has no `{CLAIM}`")

            headline(console, f"The same login with {RULES[1]} switched off")
            call(service, "PATCH", f"/v1/rules/{rules[RULES[1]]}", 200, {"enabled": False})
            without, record = login_shown(console, application, service)
            if CLAIM in without:
                raise Failed(f"the ID token still has `{CLAIM}`")
            console.print(f"\nWhy is {CLAIM} not in this token?", style="bold")
            for reason in why(service, record["execution_id"], CLAIM)["reasons"]:
                console.print(f"  - {reason['text']}")

            headline(console, f"And with {RULES[1]} on again")
            call(service, "PATCH", f"/v1/rules/{rules[RULES[1]]}", 200, {"enabled": True})
            again, _ = log_in(application)
            if again.get(CLAIM) != with_claim[CLAIM]:
                raise Failed(f"`{CLAIM}` did not come back")
            console.print(f"{CLAIM} is back: {json.dumps(again[CLAIM])}")
    console.print(f"\nDone in {time.monotonic() - started:.1f} s; everything is stopped. Next: make run", style="bold")


def login_shown(console: Console, application: httpx2.Client, service: httpx2.Client) -> tuple[dict[str, Any], Any]:
    claims, execution = log_in(application)
    record = record_of(service, execution)
    console.print(f"The ID token's signature is valid. Execution {execution}\n")
    console.print(claims_table(console, claims, record))
    return claims, record


def say(console: Console, text: str) -> None:
    console.print(f"* {text}")


def headline(console: Console, text: str) -> None:
    console.print(f"\n{text}", style="bold cyan")


def main() -> int:
    # No markup: claims contain brackets. Wide when piped: there is no terminal to fold for.
    width = None if sys.stdout.isatty() else 160
    console = Console(markup=False, highlight=False, soft_wrap=True, width=width)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="claimsmith-", ignore_cleanup_errors=True) as folder:
            tell(console, Path(folder))
    except Failed as problem:
        print(f"demo: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print("demo: interrupted; everything is stopped", file=sys.stderr)
    except (httpx2.HTTPError, OSError, subprocess.SubprocessError, jwt.PyJWTError, ValueError, KeyError) as error:
        print(f"demo: {type(error).__name__}: {error}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
