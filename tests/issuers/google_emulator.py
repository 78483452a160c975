"""Google's Auth emulator in a process of its own, and the way from it to the service: it signs none of its calls, so a
proxy does, with a key of the tests."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import httpx2
import jwt

from api.issuers.envelope import payload_in
from tests.issuers.firebase_tokens import envelope, signed
from tests.node import NODE, absent, install

GOOGLE = Path(__file__).parent / "google"
PROJECT = "demo-shop"
PASSWORD = "correct-horse"
JSON = dict[str, Any]


class Emulator:
    """One project. Nobody but `admin` may change what people cannot change themselves."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=url, trust_env=False, timeout=30)

    def call_before(self, **functions: str) -> None:
        """Whom it calls before each event, with the tokens of other providers."""
        triggers = {event: {"functionUri": url} for event, url in functions.items()}
        how = {"triggers": triggers, "forwardInboundCredentials": {"accessToken": True, "idToken": True}}
        path = f"/identitytoolkit.googleapis.com/v2/projects/{PROJECT}/config?updateMask=blockingFunctions"
        response = self._http.patch(path, json={"blockingFunctions": how}, headers=ADMIN)
        assert response.status_code == 200, response.text

    def sign_up(self, email: str, **more: Any) -> httpx2.Response:
        body = {"email": email, "password": PASSWORD, "returnSecureToken": True, **more}
        return self._account("signUp", body)

    def sign_in(self, email: str) -> httpx2.Response:
        return self._account("signInWithPassword", {"email": email, "password": PASSWORD, "returnSecureToken": True})

    def sign_in_with(self, provider: str, claims: JSON) -> httpx2.Response:
        """By another provider, whose ID token the emulator takes as it is."""
        body = {"postBody": f"providerId={provider}&id_token={json.dumps(claims)}", "requestUri": "http://localhost"}
        return self._account("signInWithIdp", body | {"returnSecureToken": True, "returnIdpCredential": True})

    def refresh(self, token: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self._http.post("/securetoken.googleapis.com/v1/token?key=any", data=form)

    def set_custom_claims(self, uid: str, claims: JSON) -> None:
        body = {"localId": uid, "customAttributes": json.dumps(claims)}
        path = f"/identitytoolkit.googleapis.com/v1/projects/{PROJECT}/accounts:update"
        assert self._http.post(path, json=body, headers=ADMIN).status_code == 200

    def people(self) -> list[str]:
        path = f"/identitytoolkit.googleapis.com/v1/projects/{PROJECT}/accounts:query"
        found = self._http.post(path, json={}, headers=ADMIN).json()
        return [one["email"] for one in found.get("userInfo", [])]

    def close(self) -> None:
        self._http.close()

    def _account(self, verb: str, body: JSON) -> httpx2.Response:
        return self._http.post(f"/identitytoolkit.googleapis.com/v1/accounts:{verb}?key=any", json=body)


ADMIN = {"Authorization": "Bearer owner"}


def claims_of(response: httpx2.Response) -> JSON:
    """Of the ID token, which the emulator does not sign either."""
    assert response.status_code == 200, response.text
    answer = response.json()
    token = answer.get("idToken") or answer["id_token"]
    claims: JSON = jwt.decode(token, options={"verify_signature": False})
    return claims


@contextlib.contextmanager
def emulator() -> Iterator[Emulator]:
    if reason := install(GOOGLE):
        absent(reason)
    assert NODE is not None
    process = subprocess.Popen(
        [NODE, "emulator.js", PROJECT],
        cwd=GOOGLE,
        env={"PATH": os.environ["PATH"], "HOME": str(GOOGLE / "node_modules"), "CI": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        port = process.stdout.readline().strip()
        with contextlib.closing(Emulator(f"http://127.0.0.1:{port}")) as made:
            yield made
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


class Signer:
    """What lies between the emulator and the service: it signs the calls as Google signs its own, unless it is told to
    pass them on as they are, to be gone, or to answer by itself. `asked` are the
    events that came by, `executions` what they have become."""

    def __init__(self, service: str) -> None:
        self.state: Literal["signing", "unsigned", "gone", "garbled"] = "signing"
        self.asked: list[str] = []
        self.executions: list[str] = []
        self._http = httpx2.Client(trust_env=False, timeout=30)
        signer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if signer.state == "gone":
                    return
                status, answer = signer._answer(service, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def _answer(self, service: str, body: bytes) -> tuple[int, bytes]:
        payload = payload_in(body)
        self.asked.append(json.loads(payload)["event_type"])
        if self.state == "garbled":
            return 200, b'{"userRecord": {'
        sent = body if self.state == "unsigned" else envelope(signed(payload))
        response = self._http.post(service, content=sent, headers={"Content-Type": "application/json"})
        if "Claimsmith-Execution" in response.headers:
            self.executions.append(response.headers["Claimsmith-Execution"])
        return response.status_code, response.content

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._http.close()
