"""`POST /v1/execute` as an issuer sees it: every decision, every warning, whole answers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from api.service import limits_of
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NS = "https://example.com/"
NO_UPDATES: dict[str, Any] = {"user_metadata": None, "app_metadata": None}
UPDATE = "auth0.users.update_user_metadata(user.user_id, {{'n': {0}}})"
FAILED = "the login could not be decided: a rule failed"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("execute")) as service:
        yield service


@pytest.fixture(scope="module")
async def patient(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    """It waits long until it kills: a busy machine can keep a worker from ending a rule itself within 50 ms."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("api.service.limits_of", lambda given: replace(limits_of(given), kill_grace=10.0))
        async with running(tmp_path_factory.mktemp("patient")) as service:
            yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


def answer(got: dict[str, Any], **expected: Any) -> dict[str, Any]:
    """The whole answer that is expected: what is not named is as in an empty `allow`."""
    allowed = expected.get("decision", "allow") == "allow"
    return {
        "execution_id": got["execution_id"],
        "revision": got["revision"],
        "decision": "allow",
        "idToken": {} if allowed else None,
        "accessToken": {} if allowed else None,
        "updates": NO_UPDATES,
        "redirect": None,
        "multifactor": None,
        "denial": None,
        "warnings": [],
        **expected,
    }


def warning(code: str, message: str, claim: str | None, rule: str | None, line: int | None) -> dict[str, Any]:
    return {"code": code, "message": message, "claim": claim, "rule": rule, "line": line}


def denial(error: str, description: str, rule: str | None) -> dict[str, Any]:
    return {"error": error, "description": description, "rule": rule}


def callback_form(body: str) -> str:
    return "def rule(user, context, callback):\n" + "".join(f"    {line}\n" for line in body.splitlines())


# Decisions


@pytest.mark.parametrize("form", ["plain", "callback"])
async def test_allow(service: Running, tenant: str, form: str) -> None:
    body = f"context.idToken['{NS}a'] = user.email\ncontext['accessToken']['{NS}b'] = [1, {{'c': None}}]"
    script = {"script": callback_form(body + "\ncallback(None, user, context)")} if form == "callback" else {}
    await service.add("r", body, tenant=tenant, **script)
    got = await service.execute({"user_id": "u1", "email": "a@b.c"}, tenant=tenant)
    assert got == answer(got, revision=2, idToken={NS + "a": "a@b.c"}, accessToken={NS + "b": [1, {"c": None}]})
    assert "scope" not in got


async def test_the_map_replaces_what_came_in(service: Running, tenant: str) -> None:
    await service.add("r", f"del context.idToken['gone']\ncontext.idToken['{NS}n'] = 1.5\n", tenant=tenant)
    came = {"sub": "u1", "gone": 1, "name": "Ada", NS + "kept": {"deep": [True, 1, 1.0, None, "é"]}}
    got = await service.execute(context={"idToken": came, "accessToken": {"aud": "api"}}, tenant=tenant)
    kept = {"sub": "u1", "name": "Ada", NS + "kept": {"deep": [True, 1, 1.0, None, "é"]}, NS + "n": 1.5}
    assert got == answer(got, idToken=kept, accessToken={"aud": "api"})


@pytest.mark.parametrize("context", [{}, {"idToken": None}, {"idToken": {}, "accessToken": None}])
async def test_both_maps_start_empty(service: Running, tenant: str, context: dict[str, Any]) -> None:
    got = await service.execute(context=context, tenant=tenant)
    assert got == answer(got, revision=1)
    await service.add("r", f"context.idToken['{NS}a'] = context.accessToken == {{}}", tenant=tenant)
    got = await service.execute(context=context, tenant=tenant)
    assert got == answer(got, idToken={NS + "a": True})


DENIALS: dict[str, tuple[str, str, str, str, str]] = {
    # name: (form, body, error, description, outcome)
    "raised UnauthorizedError": ("plain", "raise UnauthorizedError('not you')", "unauthorized", "not you", "denied"),
    "UnauthorizedError called back": (
        "callback", "callback(UnauthorizedError('not you'))", "unauthorized", "not you", "denied"),
    "UnauthorizedError raised in the callback form": (
        "callback", "raise UnauthorizedError('not you')", "unauthorized", "not you", "denied"),
    "a string called back": ("callback", "callback('Access denied')", "access_denied", "Access denied", "denied"),
    "another error called back": ("callback", "callback(ValueError('no'))", "access_denied", "no", "denied"),
    "the first call decides": (
        "callback", "callback('first')\ncallback(None, user, context)", "access_denied", "first", "denied"),
    "work after a denial does not undo it": (
        "callback", "callback(UnauthorizedError('no'))\nraise ValueError('secret')", "unauthorized", "no", "denied"),
    "raised": ("plain", "x = 'secret'\nraise ValueError(x)", "server_error", FAILED, "raised"),
    "missing attribute": ("plain", "user.secret", "server_error", FAILED, "raised"),
    "not called back": ("callback", "x = 'secret'", "server_error", FAILED, "raised"),
    "called back twice": (
        "callback", "callback(None, user, context)\ncallback('secret')", "server_error", FAILED, "raised"),
    "another object": ("callback", "callback(None, {'secret': 1}, context)", "server_error", FAILED, "raised"),
    "timed out": ("plain", "secret = 0\nwhile True:\n    secret += 1", "server_error", FAILED, "timed_out"),
    "killed": ("plain", "secret = sum(range(10 ** 12))", "server_error", FAILED, "timed_out"),
    "memory": ("plain", "secret = [0] * 10 ** 10", "server_error", FAILED, "exhausted"),
    "recursion": ("plain", "def secret(): return secret()\nsecret()", "server_error", FAILED, "exhausted"),
    "idToken replaced by a list": ("plain", "context.idToken = ['secret']", "server_error", FAILED, "raised"),
    "idToken replaced by None": ("plain", "context.idToken = None", "server_error", FAILED, "raised"),
    "idToken deleted": ("plain", "del context.idToken", "server_error", FAILED, "raised"),
}  # fmt: skip


@pytest.mark.parametrize("name", DENIALS)
async def test_deny(service: Running, patient: Running, tenant: str, name: str) -> None:
    form, body, error, description, outcome = DENIALS[name]
    if name == "timed out":
        service, tenant = patient, await fresh.tenant(patient)
    script = {"script": callback_form(body)} if form == "callback" else {}
    await service.add("before", f"context.idToken['{NS}a'] = 1\n{UPDATE.format(1)}", tenant=tenant)
    await service.add("denier", body, tenant=tenant, **script)
    await service.add("after", "print('ran')", tenant=tenant)
    got = await service.execute(context={"idToken": {"sub": "u1"}}, tenant=tenant)
    updates: dict[str, Any] = {"user_metadata": {"n": 1}, "app_metadata": None}
    if name == "killed":
        updates = NO_UPDATES  # the worker that knew of them is gone
    assert got == answer(got, decision="deny", denial=denial(error, description, "denier"), updates=updates)
    assert "secret" not in str(got)
    record = await service.record(got["execution_id"], tenant)
    assert [(step["rule"], step["outcome"]) for step in record["steps"]] == [("before", "passed"), ("denier", outcome)]
    if error == "server_error":
        problem = record["steps"][1]["error"]
        assert problem["message"]
        if name in ("raised", "missing attribute"):
            assert "secret" in problem["message"]
            assert problem["line"] == (3 if name == "raised" else 2)


SKIPPED = {
    "raised": "raise ValueError('x')",
    "timed_out": "while True: pass",
    "killed": "sum(range(10 ** 12))",
    "exhausted": "[0] * 10 ** 10",
}


@pytest.mark.parametrize("name", SKIPPED)
async def test_a_rule_that_may_be_skipped_is_undone(service: Running, tenant: str, name: str) -> None:
    await service.add(
        "one",
        f"context.idToken['{NS}a'] = 1\nauth0.users.update_user_metadata(user.user_id, {{'n': 1}})",
        tenant=tenant,
    )
    await service.add(
        "two",
        f"user.x = 1\ncontext.idToken['{NS}a'] = 2\n{UPDATE.format(2)}\n{SKIPPED[name]}",
        tenant=tenant,
        on_failure="skip",
    )
    await service.add("three", f"context.idToken['{NS}x'] = user.get('x', 'none')", tenant=tenant)
    got = await service.execute(tenant=tenant)
    outcome = "timed_out" if name == "killed" else name
    code = {"raised": "rule_raised", "exhausted": "rule_memory"}.get(name, "rule_timed_out")
    text = f"the rule was skipped, and what it did undone: {outcome} ({code})"
    line = got["warnings"][0]["line"] if name == "timed_out" else 5
    assert got == answer(
        got,
        idToken={NS + "a": 1, NS + "x": "none"},
        updates={"user_metadata": {"n": 1}, "app_metadata": None},
        warnings=[warning("rule_skipped", text, None, "two", line)],
    )
    record = await service.record(got["execution_id"], tenant)
    steps = record["steps"]
    assert [(step["rule"], step["outcome"]) for step in steps] == [
        ("one", "passed"), ("two", outcome), ("three", "passed")]  # fmt: skip
    assert [(write["path"], write["rolled_back"]) for write in steps[1]["writes"]] == [
        ("/user/x", True), (f"/context/idToken/{NS.replace('/', '~1')}a", True), ("/updates/user_metadata", True),
    ]  # fmt: skip
    assert not any(write["rolled_back"] for step in (steps[0], steps[2]) for write in step["writes"])


async def test_a_denial_is_not_skipped(service: Running, tenant: str) -> None:
    await service.add("r", "raise UnauthorizedError('no')", tenant=tenant, on_failure="skip")
    got = await service.execute(tenant=tenant)
    assert got == answer(got, decision="deny", denial=denial("unauthorized", "no", "r"))


# Redirects and second factors


async def test_redirect(service: Running, tenant: str) -> None:
    await service.add("r", "context.redirect = {'url': 'https://consent.example', 'other': 1}", tenant=tenant)
    await service.add("later", "user.seen = 1\ncontext.idToken.x = 1", tenant=tenant)
    got = await service.execute(context={"protocol": "oidc-basic-profile", "idToken": {"sub": "u"}}, tenant=tenant)
    assert got == answer(got, decision="redirect", redirect={"url": "https://consent.example"})
    assert [step["rule"] for step in (await service.record(got["execution_id"], tenant))["steps"]] == ["r", "later"]
    got = await service.execute(context={"protocol": "redirect-callback"}, tenant=tenant)
    assert got == answer(got, idToken={"x": 1})


NOBODY: list[dict[str, Any]] = [
    {"protocol": "oauth2-refresh-token"},
    {"protocol": "oidc-basic-profile", "request": {"query": {"prompt": "none"}}},
    {"request": {"query": {"prompt": "none", "other": 1}, "body": {}}},
    {"request": {"query": {"prompt": "login none"}}},
    {"request": {"query": {"prompt": ["none"]}}},
]
NO_BROWSER: list[dict[str, Any]] = [
    {"protocol": "oauth2-password"},
    {"protocol": "oauth2-resource-owner"},
    {"protocol": "oauth2-resource-owner-jwt-bearer"},
]


@pytest.mark.parametrize("context", NO_BROWSER + NOBODY)
async def test_a_redirect_that_is_not_possible(service: Running, tenant: str, context: dict[str, Any]) -> None:
    await service.add("r", "context.redirect = {'url': 'https://consent.example'}", tenant=tenant)
    got = await service.execute(context=context, tenant=tenant)
    text = "the login needs a redirect, which is not possible here"
    assert got == answer(got, decision="deny", denial=denial("interaction_required", text, "r"))


@pytest.mark.parametrize("value", ["{'URL': 'x'}", "{'url': ''}", "{'url': 1}", "'https://consent.example'", "[1]"])
async def test_a_redirect_without_an_address(service: Running, tenant: str, value: str) -> None:
    await service.add("r", f"context.redirect = {value}", tenant=tenant)
    got = await service.execute(tenant=tenant)
    text = "the login could not be decided: a redirect without a `url`"
    assert got == answer(got, decision="deny", denial=denial("server_error", text, "r"))


@pytest.mark.parametrize("value", ["{}", "None", "False", "''"])
async def test_no_redirect_and_no_factor(service: Running, tenant: str, value: str) -> None:
    await service.add("r", f"context.redirect = {value}\ncontext.multifactor = {value}", tenant=tenant)
    got = await service.execute(tenant=tenant)
    assert got == answer(got)


async def test_step_up(service: Running, tenant: str) -> None:
    await service.add("r", "context.multifactor = {'provider': 'any', 'allowRememberBrowser': False}", tenant=tenant)
    got = await service.execute(context={"idToken": {"sub": "u"}}, tenant=tenant)
    assert got == answer(got, decision="step_up", multifactor={"provider": "any", "allowRememberBrowser": False})
    await service.add("s", "context.multifactor = 'any'", tenant=tenant)
    got = await service.execute(tenant=tenant)
    text = "the login could not be decided: `context.multifactor` is not an object"
    assert got == answer(got, decision="deny", denial=denial("server_error", text, "s"))


@pytest.mark.parametrize("context", NOBODY)
async def test_a_second_factor_that_is_not_possible(service: Running, tenant: str, context: dict[str, Any]) -> None:
    await service.add("r", "context.multifactor = {'provider': 'any'}", tenant=tenant)
    got = await service.execute(context=context, tenant=tenant)
    text = "the login needs a second factor, which is not possible here"
    assert got == answer(got, decision="deny", denial=denial("interaction_required", text, "r"))
    await service.add("s", "context.redirect = {'url': 'https://c'}", tenant=tenant)
    got = await service.execute(context=context, tenant=tenant)
    assert (got["denial"]["error"], got["denial"]["rule"]) == ("interaction_required", "s")


@pytest.mark.parametrize("context", [*NO_BROWSER, {"protocol": "redirect-callback"}])
async def test_who_gives_a_password_may_be_asked_for_a_code(
    service: Running, tenant: str, context: dict[str, Any]
) -> None:
    await service.add("r", "context.multifactor = {'provider': 'any'}", tenant=tenant)
    got = await service.execute(context=context, tenant=tenant)
    assert got == answer(got, decision="step_up", multifactor={"provider": "any"})


async def test_the_redirect_goes_before_the_factor(service: Running, tenant: str) -> None:
    await service.add(
        "r", "context.multifactor = {'provider': 'any'}\ncontext.redirect = {'url': 'https://c'}", tenant=tenant
    )
    got = await service.execute(tenant=tenant)
    assert got == answer(got, decision="redirect", redirect={"url": "https://c"})
    got = await service.execute(context={"protocol": "redirect-callback"}, tenant=tenant)
    assert got == answer(got, decision="step_up", multifactor={"provider": "any"})


async def test_a_denial_goes_before_both(service: Running, tenant: str) -> None:
    await service.add(
        "r", "context.multifactor = {'provider': 'any'}\ncontext.redirect = {'url': 'https://c'}", tenant=tenant
    )
    await service.add("d", "raise UnauthorizedError('no')", tenant=tenant)
    got = await service.execute(tenant=tenant)
    assert got == answer(got, decision="deny", denial=denial("unauthorized", "no", "d"))


@pytest.mark.parametrize("name", ["redirect", "multifactor"])
async def test_what_is_not_json_opens_no_door(service: Running, tenant: str, name: str) -> None:
    """The value is taken out, as always; but what a person had to do first is not forgotten with it."""
    body = f"context.{name} = {{'url': 'https://c', 'provider': 'any', 'data': {{1}}}}"
    rule = await service.add("r", body, tenant=tenant)
    text = f"the login could not be decided: `context.{name}` is not JSON"
    got = await service.execute(tenant=tenant)
    not_json = f"`context.{name}` was not set: a `set` is not JSON: write `sorted(...)`"
    warnings = [warning("not_json", not_json, f"context.{name}", "r", 2)]
    assert got == answer(got, decision="deny", denial=denial("server_error", text, "r"), warnings=warnings)
    await service.add("good", "context.redirect = {'url': 'https://c'}", tenant=tenant)
    assert (await service.execute(tenant=tenant))["decision"] == "redirect"
    resumed = await service.execute(context={"protocol": "redirect-callback"}, tenant=tenant)
    assert resumed["decision"] == ("allow" if name == "redirect" else "deny")
    body = f"{body}\nraise ValueError('x')"
    script = "def rule(user, context):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    await service.call("PATCH", f"/v1/rules/{rule.id}", {"script": script, "on_failure": "skip"}, tenant=tenant)
    assert (await service.execute(tenant=tenant))["decision"] == "redirect"


# Updates and scope


@pytest.mark.parametrize(
    ("calls", "user", "app"),
    [
        ("auth0.users.updateUserMetadata(user.user_id, {'a': 1, 'b': None})", {"a": 1, "b": None}, None),
        ("auth0.users.update_app_metadata(user.user_id, {})", None, {}),
        (
            "for patch in [{'x': [1]}, {'y': 2}]:\n    auth0.users.updateAppMetadata(user.user_id, patch)",
            None,
            {"x": [1], "y": 2},
        ),
    ],
)
@pytest.mark.parametrize("denied", [False, True])
async def test_updates(
    service: Running, tenant: str, calls: str, user: dict[str, Any] | None, app: dict[str, Any] | None, denied: bool
) -> None:
    await service.add("r", calls + ("\nraise UnauthorizedError('no')" if denied else ""), tenant=tenant)
    got = await service.execute(tenant=tenant)
    updates = {"user_metadata": user, "app_metadata": app}
    ending = {"decision": "deny", "denial": denial("unauthorized", "no", "r")} if denied else {}
    assert got == answer(got, updates=updates, **ending)


async def test_scope(service: Running, tenant: str) -> None:
    await service.add("r", "context.accessToken.scope = ['openid', 'read:x']", tenant=tenant)
    sent = {"accessToken": {"scope": ["openid"], "aud": "api"}}
    got = await service.execute(context=sent, tenant=tenant)
    text = "`scope` was not changed: this tenant does not allow it (its setting `scope_changes`)"
    refused = [warning("scope_refused", text, "scope", "r", 2)]
    assert got == answer(got, accessToken=sent["accessToken"], warnings=refused)
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"scope_changes": True})
    got = await service.execute(context=sent, tenant=tenant)
    assert got == answer(got, accessToken=sent["accessToken"], scope=["openid", "read:x"])
    assert got["scope"] == ["openid", "read:x"]
    same = {"accessToken": {"scope": ["openid", "read:x"]}}
    assert "scope" not in await service.execute(context=same, tenant=tenant)
    got = await service.execute(tenant=tenant)  # the issuer sent none
    assert got == answer(got, scope=["openid", "read:x"])


@pytest.mark.parametrize("value", ["'openid'", "[1]", "{}", "None"])
async def test_a_scope_of_another_type(service: Running, tenant: str, value: str) -> None:
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"scope_changes": True})
    await service.add("r", f"context.accessToken.scope = {value}", tenant=tenant)
    got = await service.execute(context={"accessToken": {"scope": ["openid"]}}, tenant=tenant)
    text = "`scope` was not changed: it is a list of strings"
    expected = [warning("scope_refused", text, "scope", "r", 2)]
    assert got == answer(got, accessToken={"scope": ["openid"]}, warnings=expected)


# Claims


@pytest.mark.parametrize("token", ["idToken", "accessToken"])
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("sub", "['sub'] = 'admin'"),
        ("exp", "['exp'] = True"),
        ("exp", ".pop('exp')"),
        ("exp", "['exp'] = 1.0"),
        ("aud", "['aud'].append('other')"),
        ("nonce", "['nonce'] = 'n'"),
        ("sub", ".clear()"),
    ],
)
async def test_protected_claims(service: Running, tenant: str, token: str, name: str, body: str) -> None:
    await service.add("first", "print('hello')", tenant=tenant)
    await service.add("r", f"x = 1\ncontext.{token}{body}", tenant=tenant)
    sent = {"sub": "u1", "exp": 1, "aud": ["api"]}
    got = await service.execute(context={token: sent}, tenant=tenant)
    assert got == answer(got, **{token: sent}, warnings=got["warnings"])
    assert {"code": got["warnings"][0]["code"]} == {"code": "protected_claim"}
    said = [(w["claim"], w["rule"], w["line"]) for w in got["warnings"]]
    assert said == ([(name, "r", 3)] if body != ".clear()" else [("sub", "r", 3), ("aud", "r", 3), ("exp", "r", 3)])
    assert all(w["message"].startswith(f"only the issuer may set `{w['claim']}`: ") for w in got["warnings"])


async def test_restricted_and_profile_names(service: Running, tenant: str) -> None:
    body = "token = context.idToken\ntoken.permissions = ['a']\ntoken.picture = 'p'\ntoken.plain = 1"
    body += "\ncontext.accessToken.roles = ['b']"
    await service.add("r", body, tenant=tenant)
    got = await service.execute(tenant=tenant)
    advice = "an OpenID Connect consumer expects a custom claim under a namespace: name it `https://.../{0}`"
    text = "`{0}` was set, but " + advice
    assert got == answer(
        got,
        idToken={"permissions": ["a"], "picture": "p", "plain": 1},
        accessToken={"roles": ["b"]},
        warnings=[
            warning("restricted_claim", text.format("permissions"), "permissions", "r", 3),
            warning("restricted_claim", text.format("roles"), "roles", "r", 6),
        ],
    )
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"strict_claims": True})
    sent = {"idToken": {"permissions": ["issuer"]}}
    got = await service.execute(context=sent, tenant=tenant)
    text = "`{0}` was refused (strict_claims): " + advice
    assert got == answer(
        got,
        idToken={"permissions": ["issuer"], "picture": "p", "plain": 1},
        warnings=[
            warning("restricted_claim", text.format("permissions"), "permissions", "r", 3),
            warning("not_namespaced", "`plain` has no namespace: name it `https://.../plain`", "plain", "r", 5),
            warning("restricted_claim", text.format("roles"), "roles", "r", 6),
        ],
    )


async def test_a_warning_blames_who_wrote_last_and_stands(service: Running, tenant: str) -> None:
    await service.add("one", "x = 1\ncontext.idToken.groups = [1]", tenant=tenant)
    await service.add("two", "context.idToken.groups = [2]\nraise ValueError('x')", tenant=tenant, on_failure="skip")
    got = await service.execute(tenant=tenant)
    assert [(w["code"], w["rule"], w["line"]) for w in got["warnings"]] == [
        ("rule_skipped", "two", 3),
        ("restricted_claim", "one", 3),
    ]
    await service.add("three", "\n\n\ncontext.idToken['groups'] = [3]", tenant=tenant)
    got = await service.execute(tenant=tenant)
    assert got["warnings"][1]["rule"] == "three"
    assert got["warnings"][1]["line"] == 5


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        ("context.idToken = {'groups': [2]}", "two"),
        ("context.idToken = dict(context.idToken, a=1)", "one"),
        ("context.idToken.groups.append(2)", "two"),
        ("context.idToken.update({'groups': [2]})", "two"),
        ("context.idToken.update({'a': [2]})", "one"),
        ("context.idToken.groupss = 1", "one"),
    ],
)
async def test_a_warning_knows_a_map_that_was_replaced(service: Running, tenant: str, second: str, rule: str) -> None:
    await service.add("one", "context.idToken.groups = [1]", tenant=tenant)
    await service.add("two", second, tenant=tenant)
    got = await service.execute(tenant=tenant)
    line = 1 + len(second.splitlines()) if rule == "two" else 2
    assert [(w["claim"], w["rule"], w["line"]) for w in got["warnings"]] == [("groups", rule, line)]


async def test_many_notices_do_not_hold_up_the_service(service: Running, tenant: str) -> None:
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"strict_claims": True})
    body = "for n in range(1900):\n    user[f'k{n}'] = n\ncontext.idToken = {f'c{n}': n for n in range(5000)}"
    await service.add("r", body, tenant=tenant)
    await service.execute(tenant=tenant)
    began = time.process_time()  # of this process alone, however busy the machine is
    got = await service.execute(tenant=tenant)
    took = time.process_time() - began
    print(f"{took * 1000:.0f} ms")
    assert took < 0.5
    assert {(w["code"], w["rule"], w["line"]) for w in got["warnings"]} == {("not_namespaced", "r", 4)}
    assert len(got["warnings"]) == 5000


NOT_JSON = {
    "{1}": "a `set` is not JSON: write `sorted(...)`",
    "float('nan')": "nan is no number in JSON",
    "2 ** 64": "an integer does not fit into 64 bits: write `str(...)`",
    "b'x'": "a `bytes` is not JSON: write `.decode()`, or `base64.b64encode(...).decode()`",
    "{1: 2}": "a key is a `int`: keys are strings in JSON",
    "(x for x in [])": "a `generator` is not JSON: write `list(...)`",
    "chr(0xd800)": "a string holds half a surrogate pair",
}


@pytest.mark.parametrize("value", NOT_JSON)
async def test_values_that_are_not_json(service: Running, tenant: str, value: str) -> None:
    await service.add("first", "print('hello')", tenant=tenant)
    await service.add("r", f"context.idToken['{NS}ok'] = 1\ncontext.idToken['{NS}x'] = {value}", tenant=tenant)
    got = await service.execute(tenant=tenant)
    text = f"`{NS}x` was not set: {NOT_JSON[value]}"
    assert got == answer(got, idToken={NS + "ok": 1}, warnings=[warning("not_json", text, NS + "x", "r", 3)])


async def test_claims_that_are_too_large(service: Running, tenant: str) -> None:
    await service.add("r", f"context.idToken['{NS}x'] = 'x' * 110_000", tenant=tenant)
    got = await service.execute(tenant=tenant)
    assert got == answer(got, decision="deny", denial=denial("server_error", FAILED, "r"), warnings=got["warnings"])
    assert [(w["code"], w["rule"]) for w in got["warnings"]] == [("too_large", "r")]
    assert "the limit is 102400" in got["warnings"][0]["message"]


async def test_tuples_become_lists(service: Running, tenant: str) -> None:
    await service.add("r", f"context.idToken['{NS}x'] = (1, 2)", tenant=tenant)
    got = await service.execute(tenant=tenant)
    assert got == answer(got, idToken={NS + "x": [1, 2]})


# What runs


@pytest.mark.parametrize(
    "body", [{"context": {"idToken": {"sub": "c"}}}, {"user": None, "context": {"idToken": {"sub": "c"}}}]
)
async def test_without_a_user(service: Running, tenant: str, body: dict[str, Any]) -> None:
    await service.add("r", "raise UnauthorizedError('no')", tenant=tenant)
    response = await service.call("POST", "/v1/execute", body, scope="execute", tenant=tenant)
    got = response.json()
    text = "there is no user to run rules for: the claims are as they came in"
    assert got == answer(got, idToken={"sub": "c"}, warnings=[warning("no_user", text, None, None, None)])
    assert (await service.record(got["execution_id"], tenant))["steps"] == []


async def test_disabled_rules_do_not_run(service: Running, tenant: str) -> None:
    await service.add("off", "raise UnauthorizedError('no')", tenant=tenant, enabled=False)
    got = await service.execute(context={"idToken": {"sub": "u"}}, tenant=tenant)
    assert got == answer(got, idToken={"sub": "u"})
    await service.add("on", "context.idToken.a = 1", tenant=tenant)
    got = await service.execute(tenant=tenant)
    assert got == answer(got, idToken={"a": 1})


async def test_order_and_ties(service: Running, tenant: str) -> None:
    for name, order in (("c", 5), ("a", 5), ("b", 1), ("d", None)):
        await service.add(
            name,
            f"user.seen = user.get('seen', '') + '{name}'\ncontext.idToken.seen = user.seen",
            tenant=tenant,
            order=order,
        )
    assert (await service.execute(tenant=tenant))["idToken"] == {"seen": "bcad"}


async def test_later_rules_see_what_was_written(service: Running, tenant: str) -> None:
    await service.add("one", "user.permissions = ['read']\ncontext.my = {'n': 1}", tenant=tenant)
    await service.add("two", "user['permissions'].append('write')\ncontext.my['n'] += 1", tenant=tenant)
    await service.add(
        "three",
        f"context.idToken['{NS}p'] = user.permissions\ncontext.accessToken['{NS}n'] = context.my.n",
        tenant=tenant,
    )
    got = await service.execute(tenant=tenant)
    assert got == answer(got, idToken={NS + "p": ["read", "write"]}, accessToken={NS + "n": 2})


async def test_changes_are_live_on_the_very_next_login(service: Running, tenant: str) -> None:
    async def seen() -> str:
        got = await service.execute(context={"idToken": {"s": ""}}, tenant=tenant)
        return str(got["idToken"]["s"])

    async def send(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        response = await service.call(method, path, body, tenant=tenant)
        assert response.status_code < 300, response.text
        return response.json() if response.content else {}

    def script(name: str) -> str:
        return f"def rule(user, context):\n    context.idToken.s += '{name}'\n"

    assert await seen() == ""
    a = await send("POST", "/v1/rules", {"name": "a", "script": script("a")})
    assert await seen() == "a"
    b = await send("POST", "/v1/rules", {"name": "b", "script": script("b")})
    assert await seen() == "ab"
    await send("PUT", "/v1/rules/order", {"rules": [b["id"], a["id"]]})
    assert await seen() == "ba"
    await send("PATCH", f"/v1/rules/{b['id']}", {"enabled": False})
    assert await seen() == "a"
    await send("PATCH", f"/v1/rules/{b['id']}", {"enabled": True, "script": script("B")})
    assert await seen() == "Ba"
    await send("DELETE", f"/v1/rules/{a['id']}")
    assert await seen() == "B"
    await send("POST", "/v1/revisions/3/activate")
    assert await seen() == "ab"


async def test_tenants_are_apart(service: Running, tenant: str) -> None:
    other = await fresh.tenant(service)
    await service.add("r", "context.idToken.who = 'one'", tenant=tenant)
    got = await service.execute(tenant=other)
    assert got == answer(got, revision=1)
    foreign = await service.call("GET", f"/v1/executions/{got['execution_id']}", tenant=tenant)
    assert foreign.status_code == 404


async def test_a_tenant_that_does_not_exist(service: Running) -> None:
    response = await service.call("POST", "/v1/execute", {"user": {}}, scope="execute", tenant="nobody")
    assert (response.status_code, response.json()) == (
        404,
        {"error": "not_found", "error_description": "tenant `nobody` does not exist", "problems": []},
    )


# The envelope


async def test_a_deadline_only_shortens(tmp_path: Path) -> None:
    async with running(tmp_path, {"CLAIMSMITH_RULE_MS": "2000", "CLAIMSMITH_EXECUTION_MS": "20000"}) as service:
        await service.add("warm", "print('warm')")
        await service.add("slow", "while True: pass")
        got = await service.execute(deadline_ms=1000)
        assert got == answer(got, decision="deny", denial=denial("server_error", FAILED, "slow"))
        record = await service.record(got["execution_id"])
        assert record["steps"][1]["error"]["code"] == "execution_timed_out"
        assert record["steps"][1]["ms"] < 2000  # the rule's own limit
        got = await service.execute(deadline_ms=600_000)
        record = await service.record(got["execution_id"])
        assert record["steps"][1]["error"]["code"] == "rule_timed_out"


@pytest.mark.parametrize("value", [0, -1, 600_001, 1.5, "5", True])
async def test_a_deadline_that_is_none(service: Running, tenant: str, value: Any) -> None:
    response = await service.call("POST", "/v1/execute", {"user": {}, "deadline_ms": value}, tenant=tenant)
    assert response.status_code == 400
    assert response.json()["problems"][0]["path"] == "$.deadline_ms"


@pytest.mark.parametrize("value", ["abc-123", "~" * 200])
async def test_the_request_id_comes_back(service: Running, tenant: str, value: str) -> None:
    headers = {"X-Request-ID": value}
    for body, status in (({"user": {}}, 200), ({"user": []}, 400), (b"{", 400)):
        response = await service.call("POST", "/v1/execute", body, tenant=tenant, headers=headers)
        assert (response.status_code, response.headers["x-request-id"]) == (status, value)
    for path, status in (("/healthz", 200), ("/nowhere", 404), ("/v1/rules", 401)):
        response = await service.client.get(path, headers=headers)
        assert (response.status_code, response.headers["x-request-id"]) == (status, value)


@pytest.mark.parametrize("value", ["a\tb", "a b", "\x01", "x" * 201, "\x7f", b"\xe9"])
async def test_a_request_id_that_is_none_stays_out(service: Running, tenant: str, value: Any) -> None:
    response = await service.call("POST", "/v1/execute", {"user": {}}, tenant=tenant, headers={"X-Request-ID": value})
    assert response.status_code == 200
    assert "x-request-id" not in response.headers


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("context.samlConfiguration = {'mappings': {}}", "samlConfiguration"),
        ("context.samlConfiguration.mappings = {'a': 'b'}", "samlConfiguration"),
        ("context.jwtConfiguration = {'lifetimeInSeconds': 60}", "jwtConfiguration"),
        ("context.primaryUser = 'auth0|2'", "primaryUser"),
    ],
)
async def test_what_meant_something_to_auth0_is_said_to_mean_nothing(
    service: Running, tenant: str, body: str, field: str
) -> None:
    await service.add("saml", f"x = 1\n{body}", tenant=tenant)
    answer = await service.execute(context={"samlConfiguration": {}}, tenant=tenant)
    assert answer["decision"] == "allow"
    ((code, rule, line, message),) = [(w["code"], w["rule"], w["line"], w["message"]) for w in answer["warnings"]]
    assert (code, rule, line) == ("no_effect", "saml", 3)
    assert message.startswith(f"`context.{field}` was changed, which has no effect here: ")


async def test_reading_it_is_no_change(service: Running, tenant: str) -> None:
    await service.add("reads", "context.idToken.s = context.samlConfiguration == {}", tenant=tenant)
    answer = await service.execute(context={"samlConfiguration": {}}, tenant=tenant)
    assert (answer["idToken"], answer["warnings"]) == ({"s": True}, [])
