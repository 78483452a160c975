"""The Lambda function for Cognito, in Node.js, against a real service over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest

from tests.cli.conftest import served as served
from tests.node import NODE, needs_node
from tests.servers import nobody
from tests.test_lifecycle import Served

pytestmark = needs_node

JSON = dict[str, Any]
FUNCTION = Path(__file__).parent.parent.parent / "examples" / "cognito" / "index.mjs"
RUN = """
const { handler } = await import(process.argv[1]);
const { readFileSync } = await import("node:fs");
try {
  console.log(JSON.stringify({ answer: await handler(JSON.parse(readFileSync(0, "utf8"))) }));
} catch (error) {
  console.log(JSON.stringify({ thrown: error.message }));
}
"""
SECRET = "whsec_Y29nbml0by1zZWNyZXQtZm9yLXRlc3Rz"
TOKEN = "correct-horse-battery"
SECRETS = {
    "signed": {"type": "standard_webhooks", "value": SECRET},
    "sent": {"type": "bearer", "value": TOKEN},
}
UNDECIDED = "The sign-in is not possible just now"
EVENT: JSON = {
    "version": "2",
    "triggerSource": "TokenGeneration_HostedAuth",
    "region": "eu-central-1",
    "userPoolId": "eu-central-1_shop",
    "userName": "ada",
    "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "4c1shop"},
    "request": {
        "userAttributes": {"sub": "0b0a", "email": "ada@example.com", "email_verified": "true", "name": "Ada Løvelace"},
        "groupConfiguration": {"groupsToOverride": ["buyers"], "iamRolesToOverride": [], "preferredRole": None},
        "scopes": ["openid"],
    },
    "response": {},
}
RULE = """
def rule(user, context):
    if user.email == 'eve@example.com':
        raise UnauthorizedError('Eve may not – ever')
    if user.email == 'bug@example.com':
        raise ValueError('a detail')
    context.idToken.hello = user.name
"""


class Ran(NamedTuple):
    said: JSON
    log: str


def run(url: str, event: JSON = EVENT, **environ: str) -> Ran:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", RUN, str(FUNCTION)],
        env={"PATH": os.environ["PATH"], "CLAIMSMITH_URL": url, **environ},
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return Ran(json.loads(done.stdout), done.stderr)


def of(email: str) -> JSON:
    return EVENT | {"request": EVENT["request"] | {"userAttributes": {"sub": "0b0a", "email": email, "name": "N"}}}


@pytest.fixture(scope="module")
def hook(served: Served) -> str:
    with served.client() as client:
        assert client.put("/v1/tenants/lambda").status_code == 201
        client.headers["Claimsmith-Tenant"] = "lambda"
        for name, secret in SECRETS.items():
            response = client.put(f"/v1/issuers/cognito/secrets/{name}", json=secret)
            assert response.status_code < 300, response.text
        response = client.post("/v1/rules", json={"name": "r", "script": RULE})
        assert response.status_code == 201, response.text
    return f"{served.address()}/v1/hooks/cognito/lambda"


@pytest.mark.parametrize("environ", [{"CLAIMSMITH_SECRET": SECRET}, {"CLAIMSMITH_TOKEN": TOKEN}])
def test_claims_are_set(hook: str, environ: dict[str, str]) -> None:
    ran = run(hook, EVENT, **environ)
    details = {"idTokenGeneration": {"claimsToAddOrOverride": {"hello": "Ada Løvelace"}}}
    assert ran.said == {"answer": EVENT | {"response": {"claimsAndScopeOverrideDetails": details}}}
    assert ran.log == ""


def test_a_denial_is_said_to_the_person(hook: str) -> None:
    assert run(hook, of("eve@example.com"), CLAIMSMITH_SECRET=SECRET).said == {"thrown": "Eve may not – ever"}


@pytest.mark.parametrize(
    ("event", "environ", "logged"),
    [
        (of("bug@example.com"), {"CLAIMSMITH_SECRET": SECRET}, "500"),
        (EVENT, {"CLAIMSMITH_SECRET": "whsec_YW5vdGhlci1zZWNyZXQtZm9yLXRlc3Rz"}, "401"),
        (EVENT, {"CLAIMSMITH_TOKEN": "another"}, "401"),
        (EVENT, {}, "401"),
        (EVENT | {"triggerSource": "PreSignUp_SignUp"}, {"CLAIMSMITH_SECRET": SECRET}, "400"),
    ],
)
def test_all_else_is_not(hook: str, event: JSON, environ: dict[str, str], logged: str) -> None:
    ran = run(hook, event, **environ)
    assert ran.said == {"thrown": UNDECIDED}
    assert logged in ran.log
    assert SECRET not in ran.log and TOKEN not in ran.log


def test_without_a_service_nobody_signs_in() -> None:
    with nobody() as nowhere:
        ran = run(nowhere, CLAIMSMITH_TOKEN=TOKEN)
    assert ran.said == {"thrown": UNDECIDED}
    assert "fetch failed" in ran.log


class Wrong:
    """Something that answers, and is not Claimsmith."""

    def __init__(self, status: int, body: bytes, location: str | None = None, late: bool = False) -> None:
        over = self._over = Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                if location is not None:
                    self.send_header("location", location)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if late:
                    over.wait(20)
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        self._thread = Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def wrong(request: pytest.FixtureRequest) -> Iterator[Wrong]:
    server = Wrong(**request.param)
    yield server
    server.close()


ECHO = json.dumps(EVENT).encode()


@pytest.mark.parametrize(
    ("wrong", "logged"),
    [
        ({"status": 200, "body": ECHO, "late": True}, "TimeoutError"),
        ({"status": 302, "body": b"{}", "location": "/"}, "fetch failed"),
        ({"status": 200, "body": b"<html>"}, "SyntaxError"),
        ({"status": 200, "body": b"null"}, "200 null"),
        ({"status": 200, "body": b"{}"}, "200 {}"),
        ({"status": 503, "body": ECHO}, "503"),
        ({"status": 204, "body": b""}, "SyntaxError"),
    ],
    indirect=["wrong"],
    ids=["slow", "redirect", "no JSON", "null", "another answer", "a copy with an error", "nothing"],
)
def test_what_is_no_answer_of_claimsmith_is_none(wrong: Wrong, logged: str) -> None:
    ran = run(wrong.url, CLAIMSMITH_TOKEN=TOKEN)
    assert ran.said == {"thrown": UNDECIDED}
    assert logged in ran.log
