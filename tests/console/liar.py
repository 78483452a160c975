"""An issuer on loopback that says whatever a test wants: real HTTP, real signatures, and lies where they are wanted."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import jwt

from tests.jwks import NAMES, jwk, private

AUDIENCE = "https://claimsmith.example.com"


class Liar:
    """Each of `metadata`, `id_token`, `access_token` and `answer` overrides what an honest issuer would say."""

    def __init__(self) -> None:
        self.honest()
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                liar.asked.append(self.path)
                found = {"/.well-known/openid-configuration": liar.describes, "/jwks": liar.keys}.get(self.path)
                self._say(404, {}) if found is None else self._say(liar.status, found())

            def do_POST(self) -> None:
                liar.asked.append(self.path)
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                liar.form = dict(parse_qsl(body))
                liar.authorization = self.headers.get("authorization")
                self._say(*liar.tokens())

            def _say(self, status: int, value: Any) -> None:
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                with suppress(ConnectionError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    if status == 302:
                        self.send_header("Location", f"{liar.url}/.well-known/openid-configuration")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def honest(self) -> None:
        self.metadata: Any = {}
        self.id_token: dict[str, Any] = {}
        self.access_token: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.answer: Any = None
        self.key = "rsa"
        self.status = 200
        self.nonce = ""
        self.form: dict[str, str] = {}
        self.authorization: str | None = None
        self.asked: list[str] = []

    def environ(self, **more: str) -> dict[str, str]:
        """The settings of a service that signs in here."""
        return {
            "CLAIMSMITH_JWKS_URL": f"{self.url}/jwks",
            "CLAIMSMITH_JWKS_ISSUER": self.url,
            "CLAIMSMITH_JWKS_AUDIENCE": AUDIENCE,
            "CLAIMSMITH_OIDC_ISSUER": self.url,
            "CLAIMSMITH_OIDC_CLIENT_ID": "console",
            "CLAIMSMITH_OIDC_CLIENT_SECRET": "a secret: of the console",
            **more,
        }

    def describes(self) -> Any:
        if isinstance(self.metadata, bytes):
            return self.metadata
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?kind=login",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            **self.metadata,
        }

    def keys(self) -> Any:
        return {"keys": [jwk("rsa"), jwk("ec"), jwk("ed")]}

    def tokens(self) -> tuple[int, Any]:
        if self.answer is not None:
            status, value = self.answer
            return status, value
        now = int(time.time())
        own = {"iss": self.url, "sub": "ann", "iat": now, "exp": now + 600}
        access = self.sign({**own, "aud": AUDIENCE, "scope": "openid admin", "tenant": "default", **self.access_token})
        half = hashlib.new("sha512" if self.key == "ed" else "sha256", access.encode()).digest()
        claims = {
            **own,
            "aud": "console",
            "nonce": self.nonce,
            "at_hash": base64.urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode(),
            **self.id_token,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": self.sign(claims, **self.header)}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        kind = self.key.partition("-")[0]
        return jwt.encode(claims, private(self.key), NAMES[kind], {"kid": kind, **header})

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
