"""Why a claim is in a token, or is not: each reason by a real login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from engine.capability import Capability
from engine.models import Conditions, Transaction
from engine.why import REASONS
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NS = "https://example.com/"
CLAIM = f"{NS}permissions"
SEEN: set[str] = set()


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("why")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def asked(service: Running, tenant: str, execution: str, claim: str = CLAIM, token: str = "") -> dict[str, Any]:

    query = f"claim={quote(claim, safe='')}" + (f"&token={token}" if token else "")
    response = await service.call("GET", f"/v1/executions/{execution}/why?{query}", tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


async def why(
    service: Running, tenant: str, user: Any = None, context: Any = None, claim: str = CLAIM, **fields: Any
) -> dict[str, Any]:
    """Of a login now."""
    answer = await service.execute(user, context, tenant=tenant)
    return await asked(service, tenant, answer["execution_id"], claim, **fields)


def codes(found: dict[str, Any]) -> list[str]:
    assert found["present"] is False
    SEEN.update(reason["code"] for reason in found["reasons"])
    return [reason["code"] for reason in found["reasons"]]


async def test_the_story(service: Running, tenant: str) -> None:
    extension = "user.permissions = ['read:x']"
    await service.add("authorization-extension", extension, tenant=tenant)
    found = await why(service, tenant, claim="permissions")
    assert codes(found) == ["on_user", "never_set"]
    first = found["reasons"][0]
    assert (first["rule"], first["line"]) == ("authorization-extension", 2)
    assert first["text"] == (
        "`user.permissions` was set by rule `authorization-extension` in line 2; only what stands on `context.idToken` "
        "or `context.accessToken` reaches a token: copy it in a rule that runs later: "
        '`context.idToken["https://example.com/permissions"] = user.permissions`'
    )
    await service.add("add-permissions", f"context.idToken['{CLAIM}'] = user.permissions", tenant=tenant)
    found = await why(service, tenant)
    assert (found["present"], found["value"], found["reasons"]) == (True, ["read:x"], [])
    assert found["history"] == [
        {
            "rule": "add-permissions",
            "version": 1,
            "line": 2,
            "source": f"context.idToken['{CLAIM}'] = user.permissions",
            "op": "add",
            "path": "/context/idToken/https:~1~1example.com~1permissions",
            "old": None,
            "new": ["read:x"],
            "rolled_back": False,
        }
    ]
    found = await why(service, tenant, claim="permissions")
    assert codes(found)[:1] == ["other_name"]
    assert CLAIM in found["reasons"][0]["text"]


async def test_the_chain_of_a_claim_that_is_there(service: Running, tenant: str) -> None:
    await service.add("one", "context.idToken['a'] = 1\ncontext.idToken['a'] = [1]", tenant=tenant)
    await service.add("two", "context.idToken.a.append(2)", tenant=tenant)
    await service.add("three", "context.idToken['a'] = 'gone'\n1 / 0", tenant=tenant, on_failure="skip")
    found = await why(service, tenant, context={"idToken": {"a": 0}}, claim="a")
    assert (found["present"], found["value"]) == (True, [1, 2])
    assert [(one["rule"], one["line"], one["old"], one["new"], one["rolled_back"]) for one in found["history"]] == [
        ("one", 2, 0, 1, False),
        ("one", 3, 1, [1], False),
        ("two", 2, None, 2, False),
        ("three", 2, [1, 2], "gone", True),
    ]


SET = f"context.idToken['{CLAIM}'] = user.permissions"
GIVEN = {"user_id": "u1", "permissions": ["read:x"]}


@pytest.mark.parametrize(
    ("rules", "login", "first", "place", "says"),
    [
        ({"r": "pass"}, {}, "never_set", (None, None), f"no rule set `{CLAIM}` on `context.idToken` in this login"),
        ({}, {}, "no_rules", (None, None), "no rule that is enabled"),
        ({"r": f"raise UnauthorizedError('blocked')\n{SET}"}, {}, "denied", ("r", None), "by rule `r`: blocked"),
        ({"r": f"user.nothing.at_all\n{SET}"}, {}, "denied", ("r", 2), "AttributeError"),
        ({"r": "context.redirect = {'url': 'https://x.example/'}"}, {}, "redirected", (None, None), "another page"),
        ({"r": f"context.multifactor = {{'provider': 'any'}}\n{SET}"}, {}, "stepped_up", (None, None), "second factor"),
        ({"r": "context.idToken['sub'] = 'me'"}, {"claim": "sub"}, "protected", ("r", 2), "only the issuer may set"),
        ({"r": "context.idToken['o'] = float('nan')"}, {"claim": "o"}, "not_json", ("r", 2), "JSON"),
        ({"r": f"{SET}\nif True:\n    1 / 0"}, {"skip": "r"}, "rolled_back", ("r", 2), "ZeroDivisionError"),
        ({"r": SET, "s": f"del context.idToken['{CLAIM}']"}, {}, "removed", ("s", 2), "rule `r` set it in line 2"),
        ({"r": SET, "s": "context.idToken = {'other': 1}"}, {}, "removed", ("s", 2), "context.idToken = {'other': 1}"),
        ({"s": f"context.idToken.pop('{CLAIM}')"}, {"sent": 1}, "removed", ("s", 2), "it came with the login"),
        ({"r": f"print(user.missing)\n{SET}"}, {"skip": "r"}, "raised_before", ("r", 3), "was raised in line 2"),
        ({"r": f"while True:\n    pass\n{SET}"}, {"skip": "r"}, "ended_before", ("r", 4), "timed_out"),
        ({"a": "raise UnauthorizedError('no')", "r": SET}, {}, "denied", ("a", None), "no"),
        ({"r": f"context.accessToken['{CLAIM}'] = 1"}, {}, "other_token", (None, None), "`context.accessToken` has"),
        ({"r": "context.stats.permissions = 1"}, {"context": {"stats": {}}}, "in_context", ("r", 2), "`context.stats."),
        ({"r": "pass"}, {}, "on_user", (None, None), "`user.permissions` came with the login"),
        ({"r": "for n in ['a', 'b']:\n    context.idToken['x' + n] = 1"}, {}, "computed_name", ("r", 3), "computes"),
    ],
)  # fmt: skip
async def test_reasons(
    service: Running,
    tenant: str,
    rules: dict[str, str],
    login: dict[str, Any],
    first: str,
    place: tuple[str | None, int | None],
    says: str,
) -> None:
    for name, body in rules.items():
        await service.add(name, body, tenant=tenant, on_failure="skip" if login.get("skip") == name else "deny")
    user = (
        {"user_id": "u1"} if first in ("never_set", "no_rules", "computed_name", "other_token", "in_context") else GIVEN
    )
    context = login.get("context", {}) | ({"idToken": {CLAIM: 0}} if "sent" in login else {})
    found = await why(service, tenant, user, context, login.get("claim", CLAIM))
    assert first in codes(found)
    reason = next(reason for reason in found["reasons"] if reason["code"] == first)
    assert (reason["rule"], reason["line"]) == place, found["reasons"]
    assert says in reason["text"]
    if first not in ("on_user", "never_set", "computed_name", "no_rules"):
        assert found["reasons"][0]["code"] == first, found["reasons"]


async def test_a_rule_that_is_disabled_or_was_not_come_to(service: Running, tenant: str) -> None:
    await service.add("off", SET, tenant=tenant, enabled=False)
    await service.add("no", "if user.user_id == 'eve':\n    raise UnauthorizedError('no')", tenant=tenant)
    await service.add("late", SET, tenant=tenant)
    found = await why(service, tenant, {"user_id": "eve"})
    assert [(reason["code"], reason["rule"]) for reason in found["reasons"]] == [
        ("denied", "no"),
        ("rule_disabled", "off"),
        ("rule_not_run", "late"),
        ("never_set", None),
    ]
    codes(found)
    assert found["reasons"][1]["text"] == "rule `off` sets it in line 2, and is disabled: enable it"


async def test_a_rule_that_is_saved_and_not_live(service: Running, tenant: str) -> None:
    rule = await service.add("r", "pass", tenant=tenant)
    saved = {"script": f"def rule(user, context):\n    {SET}\n", "deploy": False}
    await service.call("PATCH", f"/v1/rules/{rule.id}", saved, tenant=tenant)
    found = await why(service, tenant)
    assert codes(found) == ["not_deployed", "never_set"]
    assert "line 2 of its version 2" in found["reasons"][0]["text"]


async def test_settings_of_the_tenant(service: Running, tenant: str) -> None:
    body = "context.idToken['roles'] = ['a']\ncontext.accessToken.scope = ['openid', 'admin']"
    await service.add("r", body, tenant=tenant)
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"strict_claims": True}, tenant=tenant)
    found = await why(service, tenant, claim="roles")
    assert codes(found)[0] == "restricted"
    found = await why(service, tenant, claim="scope", token="accessToken")
    assert codes(found)[0] == "scope_refused"


async def test_without_a_user(service: Running, tenant: str) -> None:
    await service.add("r", SET, tenant=tenant)
    body: dict[str, Any] = {"user": None, "context": {}}
    answer = await service.call("POST", "/v1/execute", body, tenant=tenant)
    found = await asked(service, tenant, answer.json()["execution_id"])
    assert codes(found)[0] == "no_user"


async def test_secrets_are_not_quoted(service: Running, tenant: str) -> None:
    body = "user.permissions = user.password\nif user.password == 'x':\n    " + SET
    await service.add("r", body, tenant=tenant)
    found = await why(service, tenant, {"user_id": "u1", "password": "s3cr3t!"}, claim="permissions")
    assert "s3cr3t" not in str(found)
    assert codes(found)


@pytest.mark.parametrize("query", ["", "?claim=", "?claim=a&token=refreshToken", "?claim=a&other=1", "?token=idToken"])
async def test_what_cannot_be_asked(service: Running, tenant: str, query: str) -> None:
    answer = await service.execute(tenant=tenant)
    response = await service.call("GET", f"/v1/executions/{answer['execution_id']}/why{query}", tenant=tenant)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_strange_names(service: Running, tenant: str) -> None:
    await service.add(
        "r", "context.idToken['a/b~c'] = 1\ncontext.idToken['ü'] = 2\ncontext.idToken[''] = 3", tenant=tenant
    )
    for name, value in (("a/b~c", 1), ("ü", 2)):
        found = await why(service, tenant, claim=name)
        assert (found["present"], found["value"], found["history"][0]["new"]) == (True, value, value)
    for name in ("\0", "/", ":", "https://example.com/", "x" * 3000):
        assert codes(await why(service, tenant, claim=name))[-1] == "never_set"


async def test_a_rule_for_other_logins(service: Running, tenant: str) -> None:
    only = Conditions(clients=("shop",))
    await service.add("for-the-shop", f"context.idToken['{CLAIM}'] = 1", tenant=tenant, conditions=only)
    found = await why(service, tenant, context={"clientID": "blog"})
    assert codes(found) == ["conditions_unmet", "never_set"]
    assert found["reasons"][0]["text"] == (
        "rule `for-the-shop` sets it in line 2, and was skipped: it runs only for the clients `shop`: "
        "`context.clientID` is `blog`"
    )


async def carried(service: Running, tenant: str, **able: Any) -> str:
    """The id of a login of an issuer that is able to do no more."""
    capability = Capability(issuer="some", **able)
    transaction = Transaction(tenant=tenant, user=b'{"user_id": "u1"}', context=b"{}", capability=capability)
    return (await service.service.engine.evaluate(transaction)).id


async def test_what_an_issuer_cannot_carry(service: Running, tenant: str) -> None:
    await service.add("r", f"context.idToken['{CLAIM}'] = {{'a': 1}}", tenant=tenant)
    found = await asked(service, tenant, await carried(service, tenant, values=("string",)))
    assert codes(found)[0] == "not_carried"
    assert (found["reasons"][0]["rule"], found["reasons"][0]["line"]) == ("r", 2)
    assert "some takes no objects at all" in found["reasons"][0]["text"]
    found = await asked(service, tenant, await carried(service, tenant, tokens=("accessToken",)))
    assert codes(found)[0] == "not_issued"
    assert found["reasons"][0]["text"].startswith("this call of some was about `accessToken`")


def test_every_reason_was_seen() -> None:
    """The ones by which way a rule took are in `tests/api/test_ways.py`."""
    ways = "branch returned_before nothing_to_go_through another_case nothing_failed ran_before_input not_reached"
    assert REASONS.keys() - SEEN - {*ways.split()} == set()


@pytest.mark.parametrize("claim", ["token", "https_secret", f"{NS}token"])
async def test_a_claim_of_a_hidden_name_is_there(service: Running, tenant: str, claim: str) -> None:
    await service.call(
        "PATCH", f"/v1/tenants/{tenant}/settings", {"recording": {"redact": [f"/**/{claim.replace('/', '~1')}"]}}
    )
    await service.add("sets", f"context.idToken[{claim!r}] = 'correct horse'", tenant=tenant)
    found = await why(service, tenant, claim=claim)
    assert (found["present"], found["value"], found["reasons"]) == (True, "***", [])
    assert [(one["rule"], one["line"], one["new"]) for one in found["history"]] == [("sets", 2, "***")]
