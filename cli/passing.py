"""What lets a simulated call pass: a secret of its own, which is gone afterwards, or one that is set already."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from api.issuers.issuer import Issuer
from api.issuers.kinds import ENTRA_CALLER, KINDS, Entra, JwePayload, JwtPayload, Secret, StandardWebhooks, read_secret
from api.issuers.payloads import encrypted, signed_payload
from api.issuers.signing import signed
from cli.client import Client
from cli.refusal import Refused

LOOK = "claimsmith simulate"
LIFE = 300  # seconds of a token
KEY = "simulation"
PUBLISHED = ("entra", "jwt_payload", "jwe_payload")  # kinds for which the issuer has keys at an address
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Sent(NamedTuple):
    """A call as it goes over the wire."""

    body: bytes
    headers: dict[str, str]


class Pass(NamedTuple):
    """A secret, and the issuer's own key behind it, if there is one: that of its tokens, or of its payloads."""

    secret: Secret
    token: str | None = None
    web_key: rsa.RSAPrivateKey | None = None

    def sent(self, issuer: Issuer, call: bytes) -> Sent:
        """The call with all that lets it pass. Raises `Refused` for a secret that only the issuer can speak for."""
        if self.token is not None:
            return Sent(call, {"authorization": f"Bearer {self.token}"})
        body = self._payload(call) if isinstance(self.secret, JwtPayload) else call
        try:
            return Sent(body, signed(self.secret, issuer.scheme, body, time.time()))
        except ValueError as exc:
            raise Refused(f"the secret cannot be used here: {exc}") from None

    def _payload(self, call: bytes) -> bytes:
        if self.web_key is None:
            raise Refused("the secret cannot be used here: a payload is signed by the key of the issuer that sends it")
        body = signed_payload(call, self.web_key, KEY, "RS256")
        return encrypted(body, self.secret.key, KEY) if isinstance(self.secret, JwePayload) else body


def given(path: Path) -> Pass:
    """A secret as it was set, from a file or standard input. Raises `Refused`."""
    try:
        text = Path("/dev/stdin").read_bytes() if str(path) == "-" else path.read_bytes()
    except OSError as exc:
        raise Refused(f"{path}: {(exc.strerror or type(exc).__name__).lower()}") from None
    try:
        return Pass(read_secret(text))
    except (ValueError, msgspec.DecodeError) as exc:
        raise Refused(f"{path}: {exc}") from None


@contextmanager
def temporary(client: Client, issuer: Issuer, kind: str, tenant_of_entra: str) -> Iterator[Pass]:
    """A secret of the simulation's own and of this kind: set for one call, and deleted behind it."""
    path = f"/v1/issuers/{issuer.name}/secrets/simulation-{secrets.token_hex(4)}"
    with _made(client, issuer, kind, tenant_of_entra) as made:
        client.change("PUT", path, _plain(made.secret), dict[str, Any], look=LOOK)
        try:
            yield made
        finally:
            client.delete(path, look=LOOK)


@contextmanager
def _made(client: Client, issuer: Issuer, kind: str, tenant_of_entra: str) -> Iterator[Pass]:
    if kind in PUBLISHED:
        if urlsplit(client.url).hostname not in LOOPBACK:
            raise Refused(f"a simulated {issuer.title} publishes its keys on this machine: run it beside the service")
        with _publishing() as (key, address):
            if kind == "entra":
                secret = Entra(tenant_id=tenant_of_entra, audience="simulation", jwks_url=address)
                yield Pass(secret, _entra_token(secret, key))
            else:
                made = msgspec.convert(
                    {"value": secrets.token_urlsafe(32), "jwks_url": address, "type": kind}, KINDS[kind]
                )
                yield Pass(made, web_key=key)
        return
    value = secrets.token_urlsafe(32)
    if kind == "standard_webhooks":
        yield Pass(StandardWebhooks(value="whsec_" + base64.b64encode(value.encode()).decode()))
        return
    member = {"basic": {"username": "simulation", "password": value}, "cookie": {"name": "simulation", "value": value}}
    yield Pass(read_secret(msgspec.json.encode({"type": kind, **member.get(kind, {"value": value})})))


def _plain(secret: Secret) -> dict[str, Any]:
    return dict(msgspec.to_builtins(secret))


def _entra_token(secret: Entra, key: rsa.RSAPrivateKey) -> str:
    now = int(time.time())
    claims = {
        "iss": f"https://login.microsoftonline.com/{secret.body_tenant}/v2.0",
        "aud": secret.audience,
        "azp": ENTRA_CALLER,
        "ver": "2.0",
        "iat": now,
        "nbf": now,
        "exp": now + LIFE,
    }
    return jwt.encode(claims, key, "RS256", {"kid": KEY})


@contextmanager
def _publishing() -> Iterator[tuple[rsa.RSAPrivateKey, str]]:
    """A key, and the address where its public half is to be had."""
    key = rsa.generate_private_key(65_537, 2_048)
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    document = msgspec.json.encode({"keys": [{**public, "kid": KEY, "alg": "RS256", "use": "sig"}]})

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a command's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield key, f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
