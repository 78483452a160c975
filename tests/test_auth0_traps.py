"""What docs/coming-from-auth0.md says of the twenty traps of Auth0's rules holds.

Each test has the number of its trap. Number 15 is the issuer's, and has none.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import Running, running

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parent.parent / "docs" / "coming-from-auth0.md"
USER = {"user_id": "u1", "email": "ada@example.com"}
NAMESPACE = "https://example.com/"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("traps")) as service:
        yield service


async def tried(
    service: Running, *bodies: str, user: Any = USER, callback: bool = False, on_failure: str = "deny", **context: Any
) -> dict[str, Any]:
    """The record of a login under rules of these bodies."""
    arguments = "user, context, callback" if callback else "user, context"
    rules = [
        {
            "name": f"rule-{place}",
            "script": f"def rule({arguments}):\n" + "".join(f"    {line}\n" for line in body.splitlines()),
            "on_failure": on_failure,
        }
        for place, body in enumerate(bodies, 1)
    ]
    response = await service.call("POST", "/v1/try", {"user": user, "context": context, "rules": rules})
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


def codes(record: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in record["warnings"]]


def errors(record: dict[str, Any]) -> list[str | None]:
    return [step["error"] and step["error"]["code"] for step in record["steps"]]


def test_all_twenty_are_told() -> None:
    section = DOCS.read_text().split("## The twenty traps")[1].split("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", section, re.MULTILINE) == [str(number) for number in range(1, 21)]


async def test_1_what_is_written_to_user_reaches_no_token(service: Running) -> None:
    record = await tried(service, "user.permissions = ['read']")
    assert (record["idToken"], record["accessToken"], record["warnings"]) == ({}, {}, [])


async def test_2_restricted_names_are_set_with_a_warning(service: Running) -> None:
    record = await tried(service, "context.idToken.permissions = ['read']\ncontext.idToken.sub = 'somebody else'")
    assert record["idToken"] == {"permissions": ["read"]}
    assert sorted(codes(record)) == ["protected_claim", "restricted_claim"]


async def test_3_too_many_claims_deny_and_are_named(service: Running) -> None:
    record = await tried(service, f"context.idToken['{NAMESPACE}x'] = 'x' * 103000")
    assert (record["decision"], errors(record)) == ("deny", ["claims_too_large"])
    assert record["denial"]["error"] == "server_error"


async def test_4_app_metadata_is_not_merged_over_the_user(service: Running) -> None:
    user = {**USER, "groups": ["a"], "app_metadata": {"groups": ["b"], "plan": "gold"}}
    body = f"context.idToken['{NAMESPACE}groups'] = user.groups\ncontext.idToken['{NAMESPACE}plan'] = user.get('plan')"
    record = await tried(service, body, user=user)
    assert record["idToken"] == {f"{NAMESPACE}groups": ["a"], f"{NAMESPACE}plan": None}


async def test_5_missing_metadata_raise_and_are_hinted_at(service: Running) -> None:
    script = "def rule(user, context):\n    context.idToken.plan = user.app_metadata.plan\n"
    assert [problem.code for problem in await service.validity.check(script)] == ["optional_field"]
    record = await tried(service, "context.idToken.plan = user.app_metadata.plan")
    assert errors(record) == ["rule_raised"]
    assert '.get("app_metadata")' in record["steps"][0]["error"]["message"]


async def test_6_the_time_limit_is_each_rules_own(service: Running) -> None:
    slow = "total = 0\nwhile True:\n    total += 1"
    record = await tried(service, slow, f"context.idToken['{NAMESPACE}x'] = 1", on_failure="skip")
    assert [step["outcome"] for step in record["steps"]] == ["timed_out", "passed"]
    assert (record["decision"], record["idToken"], codes(record)) == ("allow", {f"{NAMESPACE}x": 1}, ["rule_skipped"])


async def test_7_the_callback_is_called_once(service: Running) -> None:
    assert errors(await tried(service, "pass", callback=True)) == ["callback_not_called"]
    twice = "callback(None, user, context)\ncallback(None, user, context)"
    assert errors(await tried(service, twice, callback=True)) == ["callback_called_twice"]
    assert (await tried(service, "pass"))["decision"] == "allow"


async def test_8_rules_share_nothing_but_data(service: Running) -> None:
    record = await tried(service, "user.count = lambda: 1", f"context.idToken['{NAMESPACE}x'] = 'count' in user")
    assert record["idToken"] == {f"{NAMESPACE}x": False}
    assert codes(record) == ["not_json"]
    with_global = "def rule(user, context):\n    global.tokens = 1\n"
    assert [problem.code for problem in await service.validity.check(with_global)] == ["syntax_error"]


async def test_9_what_follows_the_callback_still_runs_and_counts(service: Running) -> None:
    record = await tried(service, f"callback(None, user, context)\ncontext.idToken['{NAMESPACE}x'] = 1", callback=True)
    assert record["idToken"] == {f"{NAMESPACE}x": 1}


async def test_10_a_refresh_says_so(service: Running) -> None:
    record = await tried(service, "context.idToken.p = context.protocol", protocol="oauth2-refresh-token")
    assert record["idToken"] == {"p": "oauth2-refresh-token"}


async def test_11_without_a_user_no_rule_runs(service: Running) -> None:
    record = await tried(service, "raise UnauthorizedError('never')", user=None)
    assert (record["decision"], codes(record), record["steps"]) == ("allow", ["no_user"], [])


async def test_12_the_audience_is_where_the_issuer_puts_it(service: Running) -> None:
    body = f"context.idToken['{NAMESPACE}audience'] = context.request.body.audience"
    record = await tried(service, body, request={"body": {"audience": "api"}})
    assert record["idToken"] == {f"{NAMESPACE}audience": "api"}


async def test_13_a_redirect_comes_behind_all_rules_and_not_twice(service: Running) -> None:
    first, second = (
        "context.redirect = {'url': 'https://a.example.com'}",
        "context.redirect.url = 'https://b.example.com'",
    )
    record = await tried(service, first, second)
    assert (record["decision"], record["redirect"]) == ("redirect", {"url": "https://b.example.com"})
    assert [step["outcome"] for step in record["steps"]] == ["passed", "passed"]
    assert (await tried(service, first, protocol="redirect-callback"))["decision"] == "allow"
    for context in ({"protocol": "oauth2-password"}, {"request": {"query": {"prompt": "none"}}}):
        assert (await tried(service, first, **context))["denial"]["error"] == "interaction_required"


async def test_14_a_denial_ends_the_pipeline_and_gives_no_claims(service: Running) -> None:
    record = await tried(service, "raise UnauthorizedError('[42] no')", "user.x = 1")
    assert [step["outcome"] for step in record["steps"]] == ["denied"]
    assert (record["idToken"], record["denial"]) == (
        None,
        {"error": "unauthorized", "description": "[42] no", "rule": "rule-1"},
    )


async def test_16_any_error_given_to_the_callback_denies(service: Running) -> None:
    for error, kind in (
        ("'no'", "access_denied"),
        ("Exception('no')", "access_denied"),
        ("UnauthorizedError('no')", "unauthorized"),
    ):
        denial = (await tried(service, f"callback({error})", callback=True))["denial"]
        assert (denial["error"], denial["description"]) == (kind, "no")


async def test_17_the_text_of_an_exception_stays_here(service: Running) -> None:
    record = await tried(service, "raise ValueError('the password is swordfish')")
    assert record["denial"]["error"] == "server_error"
    assert "swordfish" not in record["denial"]["description"]
    assert "swordfish" in record["steps"][0]["error"]["message"]


async def test_18_metadata_are_merged_at_the_root(service: Running) -> None:
    first = "auth0.users.update_app_metadata(user.user_id, {'a': {'b': 1}})"
    record = await tried(service, first, "auth0.users.updateAppMetadata('u1', {'c': None})")
    assert record["updates"] == {"user_metadata": None, "app_metadata": {"a": {"b": 1}, "c": None}}
    cleared = await tried(service, "auth0.users.update_user_metadata(user.user_id, {})")
    assert cleared["updates"]["user_metadata"] == {}
    assert errors(await tried(service, "auth0.users.update_user_metadata('u2', {})")) == ["rule_raised"]
    assert (await tried(service, "user.user_metadata = {'a': 1}"))["updates"]["user_metadata"] is None


async def test_19_nobody_becomes_somebody_else(service: Running) -> None:
    record = await tried(service, "context.primaryUser = 'u2'\ncontext.idToken.sub = 'u2'", idToken={"sub": "u1"})
    assert (record["decision"], record["idToken"]) == ("allow", {"sub": "u1"})
    assert codes(record) == ["protected_claim", "no_effect"]


async def test_20_timestamps_are_as_they_came(service: Running) -> None:
    body = "context.idToken.t = context.authentication.methods[0].timestamp"
    record = await tried(service, body, authentication={"methods": [{"name": "pwd", "timestamp": 1434454643024}]})
    assert record["idToken"] == {"t": 1434454643024}
