"""Made-up logins, the same for everybody who asks for the same ones."""

from __future__ import annotations

import json
import random
from typing import Any

FIRST = "ada grace alan edsger barbara donald zoë jürgen 小林".split()
LAST = "lovelace hopper turing dijkstra liskov knuth müller".split()
DOMAINS = "example.com example.org example.net EXAMPLE.COM".split()
THINGS = "reports users keys invoices plans tenants".split()
SEED = 20_260_214


def bodies(count: int, size: int = 3000, seed: int = SEED) -> list[bytes]:
    """`count` bodies of `POST /v1/execute` of about `size` bytes each, and of 1,250 at least."""
    draw = random.Random(seed)
    return [_body(draw, size) for _ in range(count)]


def _body(draw: random.Random, size: int) -> bytes:
    first, last = draw.choice(FIRST), draw.choice(LAST)
    user: dict[str, Any] = {
        "user_id": f"auth0|{draw.getrandbits(96):024x}",
        "email": f"{first}{draw.choice('._')}{last}@{draw.choice(DOMAINS)}",
        "email_verified": draw.random() < 0.9,
        "name": f"{first.title()} {last.title()}",
        "created_at": "2024-01-02T03:04:05.678Z",
        "identities": [{"provider": "auth0", "connection": "Username-Password", "isSocial": False}],
        "app_metadata": {"flags": draw.sample(THINGS, 2), "limits": {"seats": draw.randrange(100), "rate": 0.5}},
        "user_metadata": {"language": "en", "preferences": {"theme": "dark", "newsletter": draw.random() < 0.5}},
    }
    if draw.random() < 0.9:
        user["permissions"] = [f"{draw.choice(('read', 'write'))}:{thing}" for thing in draw.sample(THINGS, 5)]
    if draw.random() < 0.8:
        user["app_metadata"]["roles"] = draw.sample(("admin", "staff", "guest", "auditor"), draw.randrange(4))
    if draw.random() < 0.5:
        user["app_metadata"]["plan"] = draw.choice(("gold", "silver"))
    context: dict[str, Any] = {
        "clientID": f"{draw.getrandbits(96):024x}",
        "clientName": "Dashboard",
        "connection": "Username-Password",
        "protocol": "oidc-basic-profile",
        "stats": {"loginsCount": draw.randrange(1000)},
        "request": {
            "ip": f"203.0.113.{draw.randrange(256)}",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari",
            "query": {
                "response_type": "code",
                "scope": "openid profile email",
                "state": f"{draw.getrandbits(256):064x}",
            },
            "body": {},
        },
        "authentication": {"methods": [{"name": "pwd", "timestamp": 1_700_000_000_000}]},
        "idToken": {"sub": user["user_id"], "iss": "https://login.example.com/", "aud": "client", "iat": 1_700_000_000},
        "accessToken": {"scope": ["openid", "profile"]},
    }
    if draw.random() < 0.8:
        context["request"]["geoip"] = {"country_code": draw.choice(("DE", "NL", "PT")), "city_name": "Springfield"}
    missing = size - len(_text(user, context))
    # Of many entries rather than one long text: what a body costs is its parts.
    for number in range(max(missing, 0) // 53):
        user["user_metadata"][f"answer_{number:05}"] = {"text": f"{draw.getrandbits(64):016x}", "at": number}
    return _text(user, context)


def _text(user: dict[str, Any], context: dict[str, Any]) -> bytes:
    return json.dumps({"user": user, "context": context}, separators=(",", ":"), ensure_ascii=False).encode()


# What the service without decisions answers: as long as a usual answer.
ANSWER = json.dumps(
    {
        "idToken": {f"https://example.com/claim{number}": ["read:reports", "write:reports"] for number in range(8)},
        "accessToken": {"https://example.com/readable": THINGS, "scope": ["openid", "profile"]},
        "updates": {"user_metadata": None, "app_metadata": None},
        "warnings": [],
    }
).encode()
