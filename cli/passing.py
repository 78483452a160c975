"""What lets a simulated call pass: a secret of its own, which is gone afterwards, or one that is set already."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterator
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

from api.issuers.envelope import payload_in
from api.issuers.issuer import JSON, Issuer
from api.issuers.kinds import (
    ENTRA_CALLER,
    KINDS,
    Entra,
    Firebase,
    JwePayload,
    JwtPayload,
    Secret,
    StandardWebhooks,
    read_secret,
)
from api.issuers.payloads import encrypted, signed_payload
from api.issuers.signing import signed
from cli.client import Client
from cli.refusal import Refused

LOOK = "claimsmith simulate"
LIFE = 300  # seconds of a token
KEY = "simulation"
PUBLISHED = ("entra", "firebase", "jwt_payload", "jwe_payload")  # kinds for which the issuer has keys at an address
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Sent(NamedTuple):
    """A call, and how it goes over the wire."""

    call: bytes
    body: bytes
    headers: dict[str, str]


class Pass(NamedTuple):
    """A secret, and what the issuer makes of a call by a key of its own, if it has one behind that."""

    secret: Secret
    make: Callable[[Issuer, bytes], Sent] | None = None

    def sent(self, issuer: Issuer, call: bytes) -> Sent:
        """The call with all that lets it pass. Raises `Refused` for a secret that only the issuer can speak for."""
        if self.make is not None:
            return self.make(issuer, call)
        if isinstance(self.secret, JwtPayload):
            raise Refused("the secret cannot be used here: a payload is signed by the key of the issuer that sends it")
        try:
            return Sent(call, call, signed(self.secret, issuer.scheme, call, time.time()))
        except ValueError as exc:
            raise Refused(f"the secret cannot be used here: {exc}") from None


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
def temporary(client: Client, issuer: Issuer, kind: str, call: bytes, address: str) -> Iterator[Pass]:
    """A secret of the simulation's own and of this kind: set for one call to this address, and deleted behind it."""
    path = f"/v1/issuers/{issuer.name}/secrets/simulation-{secrets.token_hex(4)}"
    with _made(client, issuer, kind, call, address) as made:
        client.change("PUT", path, _plain(made.secret), dict[str, Any], look=LOOK)
        try:
            yield made
        finally:
            client.delete(path, look=LOOK)


@contextmanager
def _made(client: Client, issuer: Issuer, kind: str, call: bytes, address: str) -> Iterator[Pass]:
    if kind in PUBLISHED:
        if urlsplit(client.url).hostname not in LOOPBACK:
            raise Refused(f"a simulated {issuer.title} publishes its keys on this machine: run it beside the service")
        with _publishing() as (key, keys):
            if kind == "entra":
                yield _of_entra(call, key, keys)
            elif kind == "firebase":
                yield _of_firebase(call, address, key, keys)
            else:
                yield _of_payloads(kind, key, keys)
        return
    value = secrets.token_urlsafe(32)
    if kind == "standard_webhooks":
        yield Pass(StandardWebhooks(value="whsec_" + base64.b64encode(value.encode()).decode()))
        return
    member = {"basic": {"username": "simulation", "password": value}, "cookie": {"name": "simulation", "value": value}}
    yield Pass(read_secret(msgspec.json.encode({"type": kind, **member.get(kind, {"value": value})})))


def _plain(secret: Secret) -> dict[str, Any]:
    return dict(msgspec.to_builtins(secret))


def _of_entra(call: bytes, key: rsa.RSAPrivateKey, keys: str) -> Pass:
    """Of the directory that the call is about; its token has to be for the same."""
    data = _members(call).get("data")
    directory = str(data.get("tenantId") or "") if isinstance(data, dict) else ""
    try:
        secret = Entra(tenant_id=directory, audience="simulation", jwks_url=keys)
    except ValueError as exc:
        raise Refused(f"the call is not of a directory: {exc}") from None
    claims = {
        "iss": f"https://login.microsoftonline.com/{secret.body_tenant}/v2.0",
        "aud": secret.audience,
        "azp": ENTRA_CALLER,
        "ver": "2.0",
    }
    headers = {"authorization": f"Bearer {_token(claims, key)}"}
    return Pass(secret, lambda issuer, call: Sent(call, call, headers))


def _of_firebase(call: bytes, address: str, key: rsa.RSAPrivateKey, keys: str) -> Pass:
    """Of the project that the call is from, where it says so: one that was kept does."""
    try:
        said = _members(payload_in(call) or call)
        project = str(said.get("iss") or KEY).rpartition("/")[2]
        secret = Firebase(project=project, audience=address, jwks_url=keys)
    except (ValueError, msgspec.DecodeError) as exc:
        raise Refused(f"the call is not of a project: {exc}") from None
    token = _token(said | {"iss": secret.check.issuers[0], "aud": address, "sub": "simulation"}, key)
    body = msgspec.json.encode({"data": {"jwt": token}})
    return Pass(secret, lambda issuer, call: Sent(payload_in(body), body, {}))


def _of_payloads(kind: str, key: rsa.RSAPrivateKey, keys: str) -> Pass:
    made = {"type": kind, "value": secrets.token_urlsafe(32), "jwks_url": keys}
    secret = msgspec.convert(made, KINDS[kind])

    def make(issuer: Issuer, call: bytes) -> Sent:
        body = signed_payload(call, key, KEY, "RS256")
        if isinstance(secret, JwePayload):
            body = encrypted(body, secret.key, KEY)
        return Sent(call, body, signed(secret, issuer.scheme, body, time.time()))

    return Pass(secret, make)


def _members(call: bytes) -> JSON:
    """Of a call that is an object; of any other none."""
    members = msgspec.json.decode(call)
    return members if isinstance(members, dict) else {}


def _token(claims: JSON, key: rsa.RSAPrivateKey) -> str:
    now = int(time.time())
    return jwt.encode(claims | {"iat": now, "nbf": now, "exp": now + LIFE}, key, "RS256", {"kid": KEY})


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
