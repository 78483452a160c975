"""The function of examples/cognito between an emulator of Cognito (`cognito-local`) and the real service: what people's
tokens say then. The emulator is installed beside this file, once (`cognito_local/package.json`).

It is not Cognito: it knows the first version of the event alone, which it calls 0, and sends neither groups nor scopes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from tests.cli.conftest import served as served
from tests.examples.installation import Way, way_to
from tests.node import NODE, absent, install, needs_node
from tests.test_lifecycle import Served

pytestmark = needs_node

FOLDER = Path(__file__).parent / "cognito_local"
TENANT = "cognito-local"
SECRET = "whsec_Y29nbml0by1zZWNyZXQtZm9yLXRlc3Rz"
PASSWORD = "correct-Horse-7"
UNDECIDED = "claimsmith failed with error The sign-in is not possible just now."
JSON = dict[str, Any]


@contextlib.contextmanager
def node(*words: str | Path, cwd: Path, **environ: str) -> Iterator[Iterator[str]]:
    """A program of Node.js while it is needed; the lines that it prints."""
    assert NODE is not None
    process = subprocess.Popen(
        [NODE, *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        yield iter(process.stdout.readline, "")
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Pool:
    """A user pool of the emulator, with one app client."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=url, trust_env=False, timeout=30)
        self.id = self._done("CreateUserPool", PoolName="shop")["UserPool"]["Id"]
        made = self._done("CreateUserPoolClient", UserPoolId=self.id, ClientName="web")
        self.client = made["UserPoolClient"]["ClientId"]

    def add(self, email: str, **attributes: str) -> None:
        named = [{"Name": name, "Value": value} for name, value in {"email": email, **attributes}.items()]
        who = {"UserPoolId": self.id, "Username": email}
        self._done("AdminCreateUser", **who, UserAttributes=named, MessageAction="SUPPRESS")
        self._done("AdminSetUserPassword", **who, Password=PASSWORD, Permanent=True)

    def sign_in(self, email: str) -> httpx2.Response:
        how = {"USERNAME": email, "PASSWORD": PASSWORD}
        return self._asked("InitiateAuth", ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=how)

    def refresh(self, token: str) -> httpx2.Response:
        how = {"REFRESH_TOKEN": token}
        return self._asked("InitiateAuth", ClientId=self.client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=how)

    def claims(self, response: httpx2.Response, token: str = "IdToken") -> JSON:
        """Of a token that the pool has signed."""
        assert response.status_code == 200, response.text
        (key,) = self._http.get(f"/{self.id}/.well-known/jwks.json").json()["keys"]
        text = response.json()["AuthenticationResult"][token]
        claims: JSON = jwt.decode(text, jwt.PyJWK(key).key, ["RS256"], {"verify_aud": False})
        return claims

    def close(self) -> None:
        self._http.close()

    def _asked(self, target: str, **body: Any) -> httpx2.Response:
        headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{target}"}
        headers |= {"Content-Type": "application/x-amz-json-1.1"}
        return self._http.post("/", content=json.dumps(body).encode(), headers=headers)

    def _done(self, target: str, **body: Any) -> JSON:
        response = self._asked(target, **body)
        assert response.status_code == 200, response.text
        answer: JSON = response.json()
        return answer


class World:
    """The emulator, the service with its rules, and the way from the function to it."""

    def __init__(self, pool: Pool, way: Way, http: httpx2.Client) -> None:
        self.pool = pool
        self.way = way
        self._http = http

    def rule(self, body: str) -> None:
        """The one rule that is live."""
        lines = "\n".join("    " + line for line in body.splitlines())
        rules = [{"name": "r", "script": f"def rule(user, context):\n{lines}\n", "order": 1}]
        live = self._http.get("/v1/rules").json()["revision"]
        response = self._http.put("/v1/rules", json={"expected": live, "prune": True, "rules": rules})
        assert response.status_code == 200, response.text

    def say_version(self, version: str | None) -> None:
        body = {"hooks": {"cognito": {"version": version}}}
        response = self._http.patch(f"/v1/tenants/{TENANT}/settings", json=body)
        assert response.status_code == 200, response.text


@pytest.fixture(scope="module")
def world(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if reason := install(FOLDER):
        absent(reason)
    folder = tmp_path_factory.mktemp("cognito")
    with contextlib.ExitStack() as stack:
        http = stack.enter_context(served.client())
        assert http.put(f"/v1/tenants/{TENANT}").status_code == 201
        http.headers["Claimsmith-Tenant"] = TENANT
        secret = {"type": "standard_webhooks", "value": SECRET}
        assert http.put("/v1/issuers/cognito/secrets/key", json=secret).status_code == 200
        way = stack.enter_context(way_to(served.address()))
        hook = f"{way.url}/v1/hooks/cognito/{TENANT}"
        printed = stack.enter_context(node("lambda.mjs", cwd=FOLDER, CLAIMSMITH_URL=hook, CLAIMSMITH_SECRET=SECRET))
        endpoint = f"http://127.0.0.1:{int(next(printed))}"
        (folder / ".cognito").mkdir()
        config = {
            "LambdaClient": {"endpoint": endpoint},
            "TriggerFunctions": {"PreTokenGeneration": "claimsmith"},
            "ServerConfig": {"hostname": "127.0.0.1", "port": 0},
        }
        (folder / ".cognito" / "config.json").write_text(json.dumps(config))
        start = FOLDER / "node_modules" / "cognito-local" / "lib" / "bin" / "start.js"
        printed = stack.enter_context(node(start, cwd=folder, AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1"))
        found = next(found for line in printed if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        pool = stack.enter_context(contextlib.closing(Pool(found[0])))
        made = World(pool, way, http)
        made.say_version("1")
        yield made


@pytest.fixture(autouse=True)
def whole(world: World) -> None:
    world.way.state = "open"
    world.way.asked.clear()


def refused(response: httpx2.Response) -> str:
    """What the person is told; there is no token in it."""
    assert response.status_code == 400, response.text
    answer = response.json()
    assert answer.keys() == {"__type", "message"}
    assert answer["__type"] == "UserLambdaValidationException"
    return str(answer["message"])


def test_claims_are_in_the_id_token(world: World) -> None:
    world.pool.add("ada@example.com", **{"custom:plan": "team", "name": "Ada Løvelace"})
    world.rule(
        "context.idToken.seen = user.name + ' ' + user.app_metadata['plan'] + ' ' + context.connection\n"
        "context.idToken['https://example.com/roles'] = ['a', 'b']\n"
        "context.idToken.level = 3\n"
        "context.accessToken.a = 'x'"
    )
    response = world.pool.sign_in("ada@example.com")
    claims = world.pool.claims(response)
    assert claims["seen"] == f"Ada Løvelace team {world.pool.id}"
    # As all claims of the first version, they are texts.
    assert (claims["https://example.com/roles"], claims["level"]) == ('["a","b"]', "3")
    assert (claims["email"], claims["aud"]) == ("ada@example.com", world.pool.client)
    assert "a" not in world.pool.claims(response, "AccessToken")
    (event,) = world.way.asked
    assert (event["version"], event["triggerSource"]) == ("0", "TokenGeneration_Authentication")
    assert event["response"] == {"claimsOverrideDetails": {}}


def test_claims_are_changed_and_suppressed(world: World) -> None:
    world.pool.add("eva@example.com", **{"custom:plan": "team"})
    world.rule("pass")
    assert world.pool.claims(world.pool.sign_in("eva@example.com"))["custom:plan"] == "team"
    world.rule("context.idToken['custom:plan'] = 'trial'\ndel context.idToken.email")
    claims = world.pool.claims(world.pool.sign_in("eva@example.com"))
    assert claims["custom:plan"] == "trial"
    assert "email" not in claims


def test_what_cognito_keeps_to_itself_stays(world: World) -> None:
    world.pool.add("plain@example.com")
    world.rule("context.idToken.token_use = 'x'\ncontext.idToken['cognito:username'] = 'x'\ncontext.idToken.ok = 'y'")
    claims = world.pool.claims(world.pool.sign_in("plain@example.com"))
    assert (claims["token_use"], claims["ok"]) == ("id", "y")
    assert claims["cognito:username"] != "x"


def test_a_refresh_asks_again(world: World) -> None:
    world.pool.add("again@example.com")
    world.rule("context.idToken.by = context.protocol")
    first = world.pool.sign_in("again@example.com")
    assert world.pool.claims(first)["by"] == "oidc-basic-profile"
    refreshed = world.pool.refresh(first.json()["AuthenticationResult"]["RefreshToken"])
    assert world.pool.claims(refreshed)["by"] == "oauth2-refresh-token"


def test_who_is_denied_has_no_token_and_is_told_why(world: World) -> None:
    world.pool.add("eve@example.com")
    world.rule("raise UnauthorizedError('Eve may not – ever')")
    assert refused(world.pool.sign_in("eve@example.com")) == "claimsmith failed with error Eve may not – ever."


@pytest.mark.parametrize("rule", ["raise ValueError('secret detail')", "while True: pass"])
def test_where_a_rule_fails_there_is_no_token(world: World, rule: str) -> None:
    email = f"failed-{len(rule)}@example.com"
    world.pool.add(email)
    world.rule(rule)
    assert refused(world.pool.sign_in(email)) == UNDECIDED


@pytest.mark.parametrize("state", ["cut", "garbled", "silent"])
def test_where_the_service_is_not_there_there_is_no_token(world: World, state: Any) -> None:
    world.pool.add(f"{state}@example.com")
    world.rule("pass")
    world.way.state = state
    assert refused(world.pool.sign_in(f"{state}@example.com")) == UNDECIDED


def test_a_version_that_there_is_not_has_to_be_said(world: World) -> None:
    """What the setting is for: the emulator says 0."""
    world.pool.add("version@example.com")
    world.rule("context.idToken.ok = 'y'")
    world.say_version(None)
    try:
        assert refused(world.pool.sign_in("version@example.com")) == UNDECIDED
    finally:
        world.say_version("1")
    assert world.pool.claims(world.pool.sign_in("version@example.com"))["ok"] == "y"
