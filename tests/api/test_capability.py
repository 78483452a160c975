"""What an issuer's protocol cannot carry is left out of the execution, and said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from engine.capability import EVERY_KIND, Capability, Kind, kind_of
from engine.execution import Execution
from engine.models import Transaction
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

JSON = dict[str, Any]
Said = list[tuple[str, str | None, int | None]]  # code, claim and line of each notice
USER = {"user_id": "u1"}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("capability")) as service:
        yield service


async def decided(service: Running, tenant: str, capability: Capability, context: Any = None) -> Execution:
    transaction = Transaction(
        tenant=tenant,
        user=msgspec.json.encode(USER),
        context=msgspec.json.encode(context or {}),
        capability=capability,
    )
    return await service.service.engine.evaluate(transaction)


def notices(execution: Execution) -> Said:
    return [(one.code, one.claim, one.line) for one in execution.warnings]


# The capability, what came in, what the rule does; what goes out, and the notices.
CASES: dict[str, tuple[JSON, JSON, str, JSON, Said]] = {
    "another token": (
        {"tokens": ("idToken",)},
        {"accessToken": {"a": 1}},
        "context.idToken.i = 1\ncontext.accessToken.a = 2\ncontext.accessToken.b = 2",
        {"idToken": {"i": 1}, "accessToken": {"a": 1}},
        [("token_not_issued", "a", 3)],
    ),
    "reserved names": (
        {"reserved": {"idToken": ("role", "client_*")}},
        {"idToken": {"role": "r"}},
        "context.idToken.role = 'admin'\ncontext.idToken.client_x = 1\ncontext.idToken.clients = 1\n"
        "context.accessToken.role = 1",
        {"idToken": {"role": "r", "clients": 1}, "accessToken": {"role": 1}},
        [("claim_reserved", "role", 2), ("claim_reserved", "client_x", 3)],
    ),
    "what is there stays": (
        {"overwrite": False, "remove": False},
        {"idToken": {"a": 1, "b": 1}},
        "context.idToken.a = 2\ndel context.idToken['b']\ncontext.idToken.c = 3",
        {"idToken": {"a": 1, "b": 1, "c": 3}, "accessToken": {}},
        [("claim_not_overwritten", "a", 2), ("claim_not_removed", "b", 3)],
    ),
    "some may be changed": (
        {"overwrite": ("a",), "remove": ("b",)},
        {"idToken": {"a": 1, "b": 1, "c": 1}},
        "context.idToken.a = 2\ndel context.idToken['b']\ncontext.idToken.c = 3",
        {"idToken": {"a": 2, "c": 1}, "accessToken": {}},
        [("claim_not_overwritten", "c", 4)],
    ),
    "the same again is no change": (
        {"overwrite": False, "reserved": {"idToken": ("a",)}, "values": ("string",)},
        {"idToken": {"a": [1]}},
        "context.idToken.a = [1]",
        {"idToken": {"a": [1]}, "accessToken": {}},
        [],
    ),
    "kinds of values": (
        {"values": ("string", "strings"), "as_text": ("boolean", "integer")},
        {},
        "context.idToken.update(s='x', l=['x'], b=True, i=5, f=1.5, o={}, n=None, m=[1])",
        {"idToken": {"s": "x", "l": ["x"], "b": "true", "i": "5"}, "accessToken": {}},
        [
            ("value_as_text", "b", 2),
            ("value_as_text", "i", 2),
            ("value_not_carried", "f", 2),
            ("value_not_carried", "o", 2),
            ("value_not_carried", "n", 2),
            ("value_not_carried", "m", 2),
        ],
    ),
    "of lists, members": (
        {"members": ("a", "b", "c", "d")},
        {"idToken": {"a": ["x", "y"], "b": ["x"], "c": ["x"], "d": ["x", "y"], "e": ["x"]}},
        "context.idToken.a = ['y', 'z']\ncontext.idToken.b = ['x', 'y']\ncontext.idToken.c = 'x'\n"
        "context.idToken.d = ['x', 'x']\ncontext.idToken.e = ['y', 'x']\ncontext.idToken.f = ['x', 'y']",
        {
            "idToken": {"a": ["y", "z"], "b": ["x"], "c": ["x"], "d": ["x", "y"], "e": ["y", "x"], "f": ["x", "y"]},
            "accessToken": {},
        },
        [("value_not_carried", "b", 3), ("value_not_carried", "c", 4), ("value_not_carried", "d", 5)],
    ),
    "the order of members": (
        {"members": ("a", "b", "c")},
        {"idToken": {"a": ["x", "y"], "b": ["x", "y"], "c": ["x", "y", "x"]}},
        "context.idToken.a = ['y', 'x']\ncontext.idToken.b = ['z', 'y']\ncontext.idToken.c = ['x', 'y']",
        {"idToken": {"a": ["x", "y"], "b": ["y", "z"], "c": ["y", "x"]}, "accessToken": {}},
        [("value_not_carried", "a", 2), ("value_not_carried", "b", 3), ("value_not_carried", "c", 4)],
    ),
    "one bag": (
        {"one_bag": True},
        {},
        "context.idToken.a = 1\ncontext.accessToken.a = 2\ncontext.accessToken.b = 2",
        {"idToken": {"a": 1}, "accessToken": {"a": 1, "b": 2}},
        [("value_not_carried", "a", 3)],
    ),
    "no new claims": (
        {"add": False},
        {"idToken": {"a": 1}},
        "context.idToken.a = 2\ncontext.idToken.b = 2",
        {"idToken": {"a": 2}, "accessToken": {}},
        [("claim_not_added", "b", 3)],
    ),
    "kinds of single claims": (
        {"kinds": {"meta": ("object",)}, "as_text": ("integer",), "values": ("string", "object")},
        {"accessToken": {"meta": {}}},
        "context.accessToken.meta = 5\ncontext.accessToken.other = 5",
        {"idToken": {}, "accessToken": {"meta": {}, "other": "5"}},
        [("value_not_carried", "meta", 2), ("value_as_text", "other", 3)],
    ),
    "metadata that can only grow": (
        {"updates": ("user_metadata", "app_metadata"), "update_removes": False},
        {},
        "auth0.users.update_user_metadata('u1', {'a': 1, 'b': None})\nauth0.users.update_app_metadata('u1', {})",
        {"idToken": {}, "accessToken": {}, "updates": {"user_metadata": {"a": 1}, "app_metadata": None}},
        [("update_not_carried", None, 2), ("update_not_carried", None, 3)],
    ),
    "metadata": (
        {"updates": ("user_metadata",)},
        {},
        "auth0.users.update_user_metadata('u1', {'a': 1})\nauth0.users.update_app_metadata('u1', {'b': 1})",
        {"idToken": {}, "accessToken": {}, "updates": {"user_metadata": {"a": 1}, "app_metadata": None}},
        [("update_not_carried", None, 3)],
    ),
    "lifetimes": (
        {"lifetime": {"idToken": (300, 86_400)}},
        {"lifetime": {"idToken": 3600}},
        "context.lifetime.idToken = 300\ncontext.lifetime.accessToken = 300",
        {"idToken": {}, "accessToken": {}, "lifetime": {"idToken": 300}},
        [("lifetime_not_carried", None, 3)],
    ),
    "a lifetime out of bounds": (
        {"lifetime": {"idToken": (300, 86_400)}},
        {},
        "context.lifetime = {'idToken': 299}",
        {"idToken": {}, "accessToken": {}, "lifetime": {}},
        [("lifetime_not_carried", None, 2)],
    ),
    "the scope": (
        {},
        {"accessToken": {"scope": ["a"]}},
        "context.accessToken.scope = ['a', 'b']",
        {"idToken": {}, "accessToken": {"scope": ["a"]}, "scope": None},
        [("scope_not_carried", "scope", 2)],
    ),
    "the scope where it can be": (
        {"scope": True},
        {"accessToken": {"scope": ["a"]}},
        "context.accessToken.scope = ['a', 'b']",
        {"idToken": {}, "accessToken": {"scope": ["a"]}, "scope": ["a", "b"]},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_what_cannot_be_carried_is_left_out_and_said(service: Running, name: str) -> None:
    able, context, body, wanted, said = CASES[name]
    tenant = await fresh.tenant(service, scope_changes=True, lifetime_changes=True)
    await service.add("r", body, tenant=tenant)
    execution = await decided(service, tenant, Capability(issuer="some", **able), context)
    assert execution.decision == "allow"
    assert {member: getattr(execution, member) for member in wanted} == wanted
    assert notices(execution) == said
    assert all(one.rule == "r" for one in execution.warnings)


async def test_what_was_left_out_was_not_set(service: Running) -> None:
    """`groups` is set with a warning, but for issuers that take it from nobody."""
    tenant = await fresh.tenant(service, lifetime_changes=True)
    await service.add("r", "context.idToken.groups = ['a']\ncontext.lifetime = {'idToken': 600}", tenant=tenant)
    execution = await decided(service, tenant, Capability(issuer="some", reserved={"idToken": ("groups",)}))
    assert [one[0] for one in notices(execution)] == ["claim_reserved", "lifetime_not_carried"]
    record = await service.record(execution.id, tenant)
    assert record["steps"][0]["writes"][1]["new"] == {"idToken": 600}  # no token, though it is called so


async def test_too_many_claims_for_the_issuer_deny_the_login(service: Running) -> None:
    """Where it would issue no token for them, and say nothing of why."""
    tenant = await fresh.tenant(service)
    await service.add("r", "context.idToken.a = 'x' * 60\ncontext.accessToken.b = 'x' * 60", tenant=tenant)
    execution = await decided(service, tenant, Capability(issuer="some", limit=100))
    assert (execution.decision, execution.idToken) == ("deny", None)
    assert execution.denial is not None and execution.denial.error == "server_error"
    assert notices(execution) == [("too_large", None, None)]
    assert execution.warnings[0].message == "the claims have 135 bytes together: some takes 100"


@pytest.mark.parametrize("wish", ["context.redirect = {'url': 'https://x.example/'}", "context.multifactor = {'a': 1}"])
async def test_an_issuer_that_can_only_issue_or_refuse_is_told_to_refuse(service: Running, wish: str) -> None:
    tenant = await fresh.tenant(service)
    await service.add("r", wish, tenant=tenant)
    context = {"protocol": "oidc-basic-profile"}
    refused = await decided(service, tenant, Capability(issuer="some"), context)
    assert refused.denial is not None and refused.denial.error == "interaction_required"
    able = await decided(service, tenant, Capability(issuer="some", interaction=True), context)
    assert able.decision in ("redirect", "step_up")


async def test_a_replay_can_carry_no_more(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("r", "context.idToken.a = 1", tenant=tenant)
    execution = await decided(service, tenant, Capability(issuer="some", tokens=("accessToken",)))
    record = await service.record(execution.id, tenant)
    assert (record["issuer"], record["idToken"]) == ("some", {})
    again = await service.call("POST", f"/v1/executions/{execution.id}/replay", {}, tenant=tenant)
    assert again.json()["identical"] is True
    assert [one["code"] for one in again.json()["execution"]["warnings"]] == ["token_not_issued"]


KINDS: list[tuple[Any, Kind]] = [
    ("x", "string"), (1, "integer"), (1.5, "number"), (True, "boolean"), ([], "strings"), (["x"], "strings"),
    (["x", 1], "array"), ({}, "object"), (None, "null"),
]  # fmt: skip


def test_every_value_has_a_kind() -> None:
    assert [(value, kind_of(value)) for value, _ in KINDS] == KINDS
    assert {kind for _, kind in KINDS} == {*EVERY_KIND}
