"""Another issuer of tokens, for tests: its keys, what it signs, and a real HTTP server that publishes them."""

from __future__ import annotations

import base64
import hmac
import json
import time
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


@cache
def private(name: str) -> Any:
    if name.startswith("rsa"):
        return rsa.generate_private_key(65_537, 1_024 if name == "rsa-weak" else 2_048)
    return ec.generate_private_key(ec.SECP256R1()) if name.startswith("ec") else ed25519.Ed25519PrivateKey.generate()


ALGORITHMS: dict[str, Any] = {"rsa": RSAAlgorithm, "ec": ECAlgorithm, "ed": OKPAlgorithm}
NAMES = {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA"}


def jwk(name: str, **members: object) -> dict[str, object]:
    kind = name.partition("-")[0]
    public = ALGORITHMS[kind].to_jwk(private(name).public_key(), as_dict=True)
    return {**public, "kid": name, "alg": NAMES[kind], "use": "sig", **members}


def handmade(header: object, payload: object, secret: bytes) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    signature = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def public_pem() -> bytes:
    public = private("rsa").public_key()
    return bytes(public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


class JwksServer:
    """A real HTTP server whose answer can be changed."""

    def __init__(self) -> None:
        self.document: object = {"keys": [jwk("rsa"), jwk("ec"), jwk("ed")]}
        self.status = 200
        self.asked = 0
        self.slow = 0.0  # seconds
        self.answering = Event()  # while it is not set, who asks waits
        self.answering.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # What is changed by who has seen that it was asked is for the next one.
                status, body = server.status, json.dumps(server.document).encode()
                server.asked += 1
                time.sleep(server.slow)
                server.answering.wait()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(BrokenPipeError):  # nobody waits for it any more
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/jwks"

    def close(self) -> None:
        self.answering.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
