"""The module for pages of sample_rules: what its cases and the demo issuer do not show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.folder import read_modules
from tests.service import Running, running
from tests.test_sample_rules import SAMPLES

pytestmark = pytest.mark.anyio

PAGE = "https://page.example/"
SECRET = "a-secret-that-the-page-knows-too!"
CLAIM = "https://example.com/x"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("redirects")) as service:
        yield service


async def tried(
    service: Running, body: str, context: dict[str, Any], user: Any = None, secret: str = SECRET
) -> dict[str, Any]:
    """The record of a login of rules that have this body, each of its parts one."""
    scripts = [
        "import redirects\ndef rule(user, context):\n" + "".join(f"    {line}\n" for line in part.splitlines())
        for part in body.split("\n---\n")
    ]
    request = {
        "user": {"user_id": "u1"} if user is None else user,
        "context": context,
        "rules": [{"name": f"r{place}", "script": script} for place, script in enumerate(scripts)],
        "modules": read_modules(SAMPLES),
        "configuration": {"SESSION_TOKEN_SECRET": secret} if secret else {},
    }
    response = await service.call("POST", "/v1/try", request)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("context", "possible"),
    [
        ({}, True),
        ({"protocol": "oidc-basic-profile", "request": {"query": {"prompt": "login consent"}}}, True),
        ({"protocol": "samlp", "request": {"query": {"prompt": 7}, "body": "none"}}, True),
        ({"redirect": {}}, True),
        ({"protocol": "oauth2-password"}, False),
        ({"protocol": "oauth2-refresh-token"}, False),
        ({"protocol": "oauth2-resource-owner"}, False),
        ({"protocol": "oauth2-resource-owner-jwt-bearer"}, False),
        ({"protocol": "redirect-callback"}, False),
        ({"request": {"query": {"prompt": "none"}}}, False),
        ({"request": {"query": {"prompt": "login none"}}}, False),
        ({"request": {"query": {"prompt": ["none"]}}}, False),
        ({"redirect": {"url": "https://other.example/"}}, False),
    ],
)
async def test_whether_a_page_can_be_shown(service: Running, context: dict[str, Any], possible: bool) -> None:
    """Where it says that one can, the engine does so; where it says no, the engine shows none, or another one."""
    body = f"print(redirects.possible(context))\nredirects.send(user, context, '{PAGE}')"
    record = await tried(service, body, context)
    assert record["steps"][0]["logs"][0]["text"] == str(possible)
    shown = (record["redirect"] or {}).get("url", "").startswith(PAGE)
    assert shown == possible


@pytest.mark.parametrize(
    ("call", "context", "user", "secret"),
    [
        (f"redirects.send(user, context, '{PAGE}')", {"protocol": "redirect-callback"}, None, SECRET),
        (f"redirects.send(user, context, '{PAGE}')", {}, None, ""),
        (f"redirects.send(user, context, '{PAGE}')", {}, None, "-----BEGIN PUBLIC KEY-----" + "x" * 40),
        (f"redirects.send(user, context, '{PAGE}')", {}, {"user_id": 7}, SECRET),
        (f"redirects.send(user, context, '{PAGE}', {{'sub': 'u2'}})", {}, None, SECRET),
        (f"redirects.send(user, context, '{PAGE}', {{'state': 's'}})", {}, None, SECRET),
        (f"redirects.send(user, context, '{PAGE}', {{'a': {{1}}}})", {}, None, SECRET),
        (f"redirects.answer(user, context, '{PAGE}')", {}, None, SECRET),
        (f"redirects.answer(user, context, '{PAGE}')", {"protocol": "redirect-callback"}, None, SECRET),
        (
            f"redirects.answer(user, context, '{PAGE}')",
            {"protocol": "redirect-callback", "request": {"body": {"session_token": ["a.b.c"]}}},
            None,
            SECRET,
        ),
        (
            f"redirects.answer(user, context, '{PAGE}')",
            {"protocol": "redirect-callback", "request": {"query": {"session_token": "a.b.c"}}},
            None,
            "-----BEGIN PUBLIC KEY-----" + "x" * 40,
        ),
    ],
)
async def test_a_failure_is_a_denial_and_not_an_error(
    service: Running, call: str, context: dict[str, Any], user: Any, secret: str
) -> None:
    """An error undoes a rule with `on_failure: skip`, and the login would go on without its page."""
    record = await tried(service, call, context, user, secret)
    assert (record["decision"], record["denial"]["error"]) == ("deny", "unauthorized")
    step = record["steps"][0]
    assert (step["outcome"], step["writes"]) == ("denied", [])
    assert step["logs"][0]["text"].startswith("redirects: ")


async def test_the_first_of_two_pages_is_shown(service: Running) -> None:
    body = f"redirects.send(user, context, '{PAGE}')\n---\nredirects.send(user, context, 'https://other.example/?a=1')"
    record = await tried(service, body, {})
    assert record["redirect"]["url"].startswith(f"{PAGE}?session_token=")
    record = await tried(service, body.split("\n---\n")[1], {})
    assert record["redirect"]["url"].startswith("https://other.example/?a=1&session_token=")
