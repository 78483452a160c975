"""People sign up and sign in at Google's own Auth emulator, which asks the real service before it lets them. It is
installed beside this file, once (`google/package.json`)."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.cli.conftest import served as served
from tests.issuers.google_emulator import PROJECT, Emulator, Signer, claims_of, emulator
from tests.issuers.test_cases import CALLS
from tests.jwks import JwksServer
from tests.node import needs_node
from tests.test_lifecycle import Served

pytestmark = needs_node

TENANT = "firebase-emulator"
NAMESPACE = "https://example.com/"


class World:
    """The emulator, the service with its rules, and what lies between."""

    def __init__(self, google: Emulator, signer: Signer, http: httpx2.Client) -> None:
        self.google = google
        self.signer = signer
        self._http = http

    def rule(self, body: str) -> None:
        """The one rule that is live."""
        lines = "\n".join("    " + line for line in body.splitlines())
        rules = [{"name": "r", "script": f"def rule(user, context):\n{lines}\n", "order": 1}]
        live = self._http.get("/v1/rules").json()["revision"]
        response = self._http.put("/v1/rules", json={"expected": live, "prune": True, "rules": rules})
        assert response.status_code == 200, response.text

    def records(self) -> list[dict[str, Any]]:
        """Of all calls in this test, in their order."""
        return [self._record(one) for one in self.signer.executions]

    def _record(self, execution: str) -> dict[str, Any]:
        """It is written behind the answer."""
        end = time.monotonic() + 15
        while (shown := self._http.get(f"/v1/executions/{execution}")).status_code == 404:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert shown.status_code == 200, shown.text
        record: dict[str, Any] = shown.json()
        return record


@pytest.fixture(scope="module")
def world(served: Served) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        keys = JwksServer()
        stack.callback(keys.close)
        signer = Signer(f"{served.address()}/v1/hooks/firebase/{TENANT}")
        stack.callback(signer.close)
        http = stack.enter_context(served.client())
        assert http.put(f"/v1/tenants/{TENANT}").status_code == 201
        http.headers["Claimsmith-Tenant"] = TENANT
        secret = {"type": "firebase", "project": PROJECT, "audience": signer.url, "jwks_url": keys.url}
        assert http.put("/v1/issuers/firebase/secrets/key", json=secret).status_code == 200
        google = stack.enter_context(emulator())
        google.call_before(beforeCreate=signer.url, beforeSignIn=signer.url)
        yield World(google, signer, http)


@pytest.fixture(autouse=True)
def whole(world: World) -> None:
    world.signer.state = "signing"
    world.signer.asked.clear()
    world.signer.executions.clear()


def refused(response: httpx2.Response) -> str:
    """What the person's app is told; there is no token in it."""
    assert response.status_code in (400, 500), response.text
    assert "Token" not in response.text
    message: str = response.json()["error"]["message"]
    assert message.startswith("BLOCKING_FUNCTION_ERROR_RESPONSE")
    return message


def test_who_signs_up_and_in_has_the_claims(world: World) -> None:
    world.rule(f"context.idToken['{NAMESPACE}roles'] = [user.email, context.connection]")
    up = world.google.sign_up("ada@example.com", displayName="Ada")
    assert claims_of(up)[NAMESPACE + "roles"] == ["ada@example.com", "password"]
    assert world.signer.asked == ["beforeCreate", "beforeSignIn"]
    assert claims_of(world.google.sign_in("ada@example.com"))[NAMESPACE + "roles"] == ["ada@example.com", "password"]
    assert world.signer.asked == ["beforeCreate", "beforeSignIn", "beforeSignIn"]


def test_a_session_keeps_its_claims(world: World) -> None:
    world.rule("context.idToken.at = context.issuer.request.event_id")
    up = world.google.sign_up("eva@example.com")
    before = claims_of(up)["at"]
    world.signer.asked.clear()
    refreshed = world.google.refresh(up.json()["refreshToken"])
    assert claims_of(refreshed)["at"] == before
    assert world.signer.asked == []
    assert claims_of(world.google.sign_in("eva@example.com"))["at"] != before


VALUES = {"t": "ü🎉\n", "i": -7, "n": 2.5, "b": False, "l": [1, ["a"]], "o": {"a": {"b": None}}, "e": [], "z": None}


def test_any_json_arrives_as_it_was_set(world: World) -> None:
    world.rule(f"for name, value in {VALUES!r}.items():\n    context.idToken[name] = value")
    claims = claims_of(world.google.sign_up("values@example.com"))
    assert {name: claims[name] for name in VALUES} == VALUES


def test_custom_claims_and_those_of_the_session(world: World) -> None:
    world.rule("pass")
    uid = world.google.sign_up("team@example.com").json()["localId"]
    world.google.set_custom_claims(uid, {"plan": "team", "level": 3})
    world.rule("context.idToken.seen = dict(user.app_metadata)\ncontext.idToken.level = 4\ndel context.idToken.plan")
    claims = claims_of(world.google.sign_in("team@example.com"))
    assert claims["seen"] == {"plan": "team", "level": 3}
    assert (claims["plan"], claims["level"]) == ("team", 4)  # which cannot be taken out
    world.rule("pass")
    claims = claims_of(world.google.sign_in("team@example.com"))
    assert (claims["plan"], claims["level"]) == ("team", 3)


def test_what_it_keeps_to_itself_it_overwrites(world: World) -> None:
    """So nobody is told that it could be set: the names are the account's, even if it has none of them."""
    world.rule("pass")
    email = "plain@example.com"
    before = claims_of(world.google.sign_up(email))
    names = ["email", "email_verified", "phone_number", "provider_id", "user_id"]
    world.rule("context.idToken.ok = 1\n" + "\n".join(f"context.idToken.{name} = 'other'" for name in names))
    after = claims_of(world.google.sign_in(email))
    assert {name: after.get(name) for name in names} == {name: before.get(name) for name in names}
    assert after["ok"] == 1
    *_, record = world.records()
    assert [one["code"] for one in record["warnings"]] == ["claim_reserved"] * len(names)


def test_name_and_picture_can_be_others(world: World) -> None:
    world.rule("context.idToken.name = 'Countess'\ncontext.idToken.picture = 'https://example.com/c.png'")
    claims = claims_of(world.google.sign_up("name@example.com", displayName="Ada"))
    assert (claims["name"], claims["picture"]) == ("Countess", "https://example.com/c.png")


def test_who_comes_by_another_provider(world: World) -> None:
    world.rule(
        "call = context.issuer.request\n"
        "seen = [context.connection, user.identities[0]['provider'], 'google-sub' in call.raw_user_info]\n"
        "context.idToken.seen = [*seen, 'oauth_id_token' in call]"
    )
    said = {"sub": "google-sub", "email": "by.google@example.com", "email_verified": True, "name": "By Google"}
    response = world.google.sign_in_with("google.com", said)
    assert claims_of(response)["seen"] == ["google.com", "google.com", True, True]
    assert "google-sub" not in str(world.records()[0]["transaction"]["context"]["issuer"]["request"]["oauth_id_token"])


def test_who_is_denied_is_not_signed_in(world: World) -> None:
    world.rule("pass")
    world.google.sign_up("eve@example.com")
    world.rule("raise UnauthorizedError('Not on Sundays: „zu“')")
    said = refused(world.google.sign_in("eve@example.com"))
    assert "HTTP error 403" in said
    assert '{"error":{"status":"PERMISSION_DENIED","message":"Not on Sundays: „zu“"}}' in said


def test_who_may_not_register_has_no_account(world: World) -> None:
    world.rule(
        "if context.issuer.request.event_type == 'beforeCreate' and 'staff' not in user.email:\n"
        "    raise UnauthorizedError('by invitation only')"
    )
    assert "by invitation only" in refused(world.google.sign_up("nobody@example.com"))
    assert world.signer.asked == ["beforeCreate"]
    assert "nobody@example.com" not in world.google.people()
    claims_of(world.google.sign_up("staff@example.com"))
    assert "staff@example.com" in world.google.people()


@pytest.mark.parametrize(
    "rule", ["raise ValueError('secret detail')", "while True: pass", "context.idToken.a = 'x' * 1000"]
)
def test_where_a_rule_fails_nobody_is_signed_in(world: World, rule: str) -> None:
    world.rule("pass")
    email = f"failed-{len(rule)}@example.com"
    world.google.sign_up(email)
    world.rule(rule)
    said = refused(world.google.sign_in(email))
    assert '{"error":{"status":"INTERNAL","message":"rule execution failed"}}' in said
    assert "secret detail" not in said


def test_where_the_service_is_not_there_nobody_is_signed_in(world: World) -> None:
    world.rule("pass")
    world.google.sign_up("gone@example.com")
    for state, said in (("gone", "Failed to make request"), ("garbled", "not valid JSON"), ("unsigned", "error 401")):
        world.signer.state = state  # type: ignore[assignment]
        assert said in refused(world.google.sign_in("gone@example.com")), state
    world.signer.state = "signing"
    claims_of(world.google.sign_in("gone@example.com"))


def test_its_calls_hold_what_ours_hold(world: World) -> None:
    """The calls that all other tests make up have the members of those of the emulator, but for what it leaves out."""
    world.rule("pass")
    claims_of(world.google.sign_up("shape@example.com", displayName="Shape"))
    creates, signs_in = world.records()
    for record, event in ((signs_in, "beforeSignIn"), (creates, "beforeCreate")):
        call = record["transaction"]["context"]["issuer"]["request"]
        assert call["event_type"] == event
        assert call["iss"] == f"https://securetoken.google.com/{PROJECT}"
        assert call["aud"] == world.signer.url
        known = json.loads((CALLS / "firebase.json").read_text())["sign-in"]
        assert call.keys() <= known.keys() | {"raw_user_info"}
        assert call["user_record"].keys() <= known["user_record"].keys()
        assert {type(value) for value in call["user_record"].get("metadata", {}).values()} <= {int}
