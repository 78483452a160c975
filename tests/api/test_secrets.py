"""What is secret of a login, the operator's and the person's, stands in nothing that is shown; and what stands there
instead spoils nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.cases import read_cases, run_case
from engine.expecting import differences
from tests.api import fresh
from tests.hosts import Host, Received, host, send
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NETWORKS = {"CLAIMSMITH_HTTP_NETWORKS": "127.0.0.1/32,::1/128"}
NS = "https://example.com/"


@pytest.fixture
async def server() -> AsyncIterator[Host]:
    async with host() as made:
        yield made


@pytest.fixture(scope="module")
async def shared(data: Path, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(data, NETWORKS) as made:
        yield made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets")


@pytest.fixture
async def service(shared: Running, server: Host) -> Running:
    """A tenant of its own, which may call the server."""
    service = shared.within(await fresh.tenant(shared))
    await settings(service, allowed_hosts=[server.url])
    return service


async def settings(service: Running, **given: Any) -> None:
    response = await service.call("PATCH", f"/v1/tenants/{service.tenant}/settings", given)
    assert response.status_code == 200, response.text


async def put(service: Running, key: str, value: str) -> None:
    response = await service.call("PUT", f"/v1/configuration/{key}", {"value": value})
    assert response.status_code == 200, response.text


QUESTIONS = {
    "record": ("GET", ""),
    "why": ("GET", f"/why?claim={NS}plan"),
    "why not": ("GET", "/why?claim=absent"),
    "case": ("GET", "/case?rule=all"),
    "timeline": ("GET", "/timeline"),
    "replay": ("POST", "/replay"),
}


async def told(service: Running, execution_id: str) -> dict[str, Any]:
    """All that can be asked about an execution."""
    answers = {}
    for name, (method, path) in QUESTIONS.items():
        response = await service.call(method, f"/v1/executions/{execution_id}{path}")
        assert response.status_code == 200, (name, response.text)
        answers[name] = response.json()
    return answers


# Words of ours

OURS = """unauthorized access_denied server_error rule_raised function truncated returned not_allowed connection
accessToken app_metadata context/ /context /idToken idToken/ /context/idToken/https:~1""".split()

ALL = f"""\
seen = [configuration.KEY, user.get("password")]
user.app_metadata = {{"n": 1}}
context.idToken["{NS}plan"] = "gold"
context.accessToken["{NS}plan"] = "gold"
try:
    http.get("https://not-allowed.example.com/")
except http.NotAllowed as error:
    print("no call")
if user.get("fail"):
    raise ValueError("no")
if user.get("deny"):
    raise UnauthorizedError("no")"""


@pytest.mark.parametrize("user", [{}, {"fail": True}, {"deny": True}])
async def test_a_secret_that_is_a_word_of_ours_spoils_nothing(service: Running, user: dict[str, Any]) -> None:
    await put(service, "KEY", "nothing-that-we-say")
    await service.add("all", ALL)
    wanted = await spoken(service, {"user_id": "u", "password": "nothing-else-that-we-say", **user})
    assert len(wanted["calls"]) == 1
    for word in OURS:
        await put(service, "KEY", word)
        assert await spoken(service, {"user_id": "u", "password": "nothing-else-that-we-say", **user}) == wanted, word
    await put(service, "KEY", "nothing-that-we-say")
    for word in OURS:
        assert await spoken(service, {"user_id": "u", "password": word, **user}) == wanted, word


async def spoken(service: Running, user: dict[str, Any]) -> dict[str, Any]:
    """The words of ours in everything that is told about one login."""
    answers = await told(service, (await service.execute(user))["execution_id"])
    (step,) = answers["record"]["steps"]
    return {
        "decision": answers["record"]["decision"],
        "denial": answers["record"]["denial"] and answers["record"]["denial"]["error"],
        "outcome": step["outcome"],
        "error": step["error"] and (step["error"]["code"], step["error"]["line"], len(step["error"]["frames"])),
        "writes": [(write["path"], write["op"]) for write in step["writes"]],
        "calls": [(call["kind"], call["request"]["method"], call["answer"]["failure"]) for call in step["calls"]],
        "why": (answers["why"]["present"], len(answers["why"]["history"])),
        "functions": {line["function"] for line in answers["timeline"]["lines"]},
        "identical": (answers["timeline"]["identical"], answers["replay"]["identical"]),
        "case": [one.get("failure") for one in answers["case"]["cases"][0]["http"]],
    }


# Values of the configuration

KEY = "s3cr3t /va~l\"u\\e'\n\x01%&=?-to-the-end"
EVERYWHERE = f"""\
import json
k = configuration.KEY
print(json.dumps(json.dumps({{"a": k}})), repr(k), [k])
user[k] = 1
context.idToken[k] = 1
context.idToken["{NS}plan"] = {{k: k}}
context.accessToken.scope = ["a", k]
user.app_metadata = {{k: k}}
twice = json.dumps({{"a": k}})
http.post("SERVER/echo", params={{"q": k}}, data={{"x": k, k: "y"}})
http.post("SERVER/echo", json={{"x": k, k: "y"}})
cache.set(k, {{k: k}})
def last(a, b):
    if user.get("fail"):
        raise ValueError(json.dumps({{"k": a}}))
    if user.get("deny"):
        raise UnauthorizedError(a)
    if user.get("redirect"):
        context.redirect = {{"url": "https://e.example.com/?k=" + a}}
    if user.get("second"):
        context.multifactor = {{"provider": a}}
    if user.get("slow"):
        while True:
            pass
    if user.get("large"):
        context.idToken[a + "large"] = "x" * 200_000
    if user.get("odd"):
        context.idToken[a + "odd"] = {{1, 2}}
last(k, {{"k": [k]}})"""


@pytest.mark.parametrize("case", ["", "fail", "deny", "redirect", "second", "slow", "large", "odd"])
async def test_a_value_is_masked_wherever_it_stands(service: Running, server: Host, data: Path, case: str) -> None:
    await settings(service, strict_claims=True, scope_changes=True)
    await put(service, "KEY", KEY)
    await service.add("all", EVERYWHERE.replace("SERVER", server.url))
    # What the issuer sends may hold it, too: a rule compares the two.
    answer = await service.execute({"user_id": "u", case: True, "given": KEY}, {"request": {"query": {"key": KEY}}})
    assert "to-the-end" not in json.dumps([answer["warnings"], answer["denial"]])
    answers = await told(service, answer["execution_id"])
    for name, said in answers.items():
        assert "s3cr3t" not in json.dumps(said), name
        assert "to-the-end" not in json.dumps(said), name
    assert answers["record"]["transaction"]["context"]["request"]["query"] == {"key": "***"}
    assert answers["replay"]["identical"], answers["replay"]["differences"]
    while service.service.records.waiting:
        await asyncio.sleep(0.01)
    draft = {"name": "all", "script": f"def rule(user, context):\n    context.idToken['{NS}a'] = configuration.KEY\n"}
    for method, path, body in (
        ("GET", "/v1/executions", None),
        ("GET", "/metrics", None),
        ("POST", "/v1/impact", {"since": "1h", "rules": [draft]}),
    ):
        assert "to-the-end" not in (await service.call(method, path, body)).text
    with sqlite3.connect(data / "claimsmith.db") as connection:
        stored = "\n".join(connection.iterdump())
    connection.close()
    assert "s3cr3t" not in stored


async def test_why_is_asked_by_the_name_that_the_claim_has(service: Running) -> None:
    await put(service, "NAMESPACE", NS)
    await service.add("all", "context.idToken[configuration.NAMESPACE + 'plan'] = 'gold'")
    answer = await service.execute()
    assert answer["idToken"] == {f"{NS}plan": "gold"}
    found = await service.call("GET", f"/v1/executions/{answer['execution_id']}/why?claim={NS}plan")
    assert (found.json()["present"], found.json()["claim"], len(found.json()["history"])) == (True, "***plan", 1)


# What is secret by its name

ASKS = """\
http.post("SERVER/echo", headers={"X-Api-Key": "secret-of-header"}, params={"token": "secret-of-params", "page": "1"},
    data={"password": "secret-of-form"})
http.post("SERVER/echo", json={"deep": [{"access_token": "secret-of-json"}]})
cache.set("k", {"client_secret": "secret-of-cache"})
cache.get("k")
context.idToken["https://example.com/plan"] = 1"""
ANY = [
    "url",
    "body",
    "headers",
    "request",
    "answer",
    "calls",
    "message",
    "0",
    "op",
    "key",
    "value",
    "status",
    "*",
    "**",
]


@pytest.mark.parametrize("list_", ["redact", "drop"])
async def test_whatever_a_pattern_names_in_a_call_the_record_is_there(
    service: Running, server: Host, list_: str
) -> None:
    await service.add("all", ASKS.replace("SERVER", server.url))
    for name in ANY:
        await settings(service, recording={list_: [f"/**/{name}"]})
        record = (await told(service, (await service.execute())["execution_id"]))["record"]
        calls = record["steps"][0]["calls"]
        assert [call["kind"] for call in calls] == ["http", "http", "cache", "cache"]
        assert [call["request"].get("method") for call in calls] == ["POST", "POST", None, None]
        if name in ("url", "request", "calls", "**"):
            assert calls[0]["request"]["url"] == "***"
        if name in ("body", "request", "calls", "**"):
            assert calls[1]["request"]["body"] == "***"
        if name in ("headers", "request", "calls", "**"):
            assert set(calls[0]["request"]["headers"].values()) == {"***"}


async def test_what_is_different_in_a_replay_is_shown_like_a_record(service: Running, server: Host) -> None:
    script = "def rule(user, context):\n    print('one')\n" + "".join(
        f"    {line}\n" for line in ASKS.replace("SERVER", server.url).splitlines()
    )
    await service.add("all", "", script=script)
    await settings(service, recording={"drop": ["/**/page"]})  # so a replay has no answer to the call
    answer = await service.execute()
    replay = (await told(service, answer["execution_id"]))["replay"]
    assert not replay["identical"]
    assert any(one["part"] == "steps[0].calls" for one in replay["differences"])
    assert "secret-of" not in json.dumps(replay["differences"])
    assert "secret-of" not in json.dumps(replay["execution"]["steps"][0]["calls"])
    assert len(server.received) == 2


# A case out of a record


async def test_a_case_of_a_rule_that_reads_and_asks_passes_and_holds_no_secret(
    service: Running, server: Host, tmp_path: Path
) -> None:
    await put(service, "KEY", KEY)
    await put(service, "OTHER", "another-value")
    await put(service, "UNREAD", "one-more-value")
    body = (
        f'key = configuration.KEY\nasked = http.get("{server.url}/echo", params={{"q": key, "token": user.email,'
        ' "who": user.password}, headers={"X-Key": configuration.OTHER})\n'
        f'cache.set("k", key)\nprint(key)\n'
        f'context.idToken["{NS}plan"] = [asked.status_code, asked.json()["target"], len(key)]'
    )
    rule = await service.add("all", body)
    user = {"user_id": "u", "email": "ada lovelace@example.com", "password": "correct horse/battery"}
    answer = await service.execute(user)
    record = (await told(service, answer["execution_id"]))["record"]
    for secret in ("to-the-end", "lovelace%40", "correct", "battery"):
        assert secret not in json.dumps(record["steps"]), secret
    found = (await told(service, answer["execution_id"]))["case"]
    assert "to-the-end" not in json.dumps(found)
    assert "battery" not in json.dumps(found)
    (case,) = found["cases"]
    assert case["configuration"] == {name: f"<value of {name}>" for name in ("KEY", "OTHER")}
    assert case["expect"]["decision"] == "allow"
    assert case["expect"]["idToken"][f"{NS}plan"][0] == 200
    (tmp_path / "all.cases.json").write_bytes(msgspec.json.encode(found))
    (read,) = read_cases(tmp_path / "all.cases.json")
    script = (await service.service.store.version(service.tenant, rule.id, 1)).script
    assert differences(read, await run_case(service.service.engine, "all", script, read)) == {}
    assert len(server.received) == 1


async def test_what_a_call_has_answered_is_hidden_line_by_line_too(service: Running, server: Host) -> None:
    body = (
        f'told = http.post("{server.url}/echo", json={{"access_token": "eyJ-token-of-somebody", "n": 1}})\n'
        'data = json.loads(told.json()["body"])\ncontext.idToken["https://example.com/plan"] = str(data)'
    )
    await service.add("all", "import json\n" + body)
    answers = await told(service, (await service.execute())["execution_id"])
    source = [line["source"] for line in answers["timeline"]["lines"]]
    for line in answers["timeline"]["lines"]:
        del line["source"]
    assert any("told.json()" in text for text in source)
    for name in ("record", "timeline"):
        assert "eyJ-token" not in json.dumps(answers[name]), name


# Drafts


async def test_a_draft_does_not_reach_what_live_rules_have_kept(tmp_path: Path, redis_server: str) -> None:
    claim = f'context.idToken["{NS}kept"] = cache.get("k")\n'
    async with running(tmp_path, {"REDIS_URL": redis_server}) as service:
        await service.call("PUT", "/v1/tenants/drafts")
        await service.add("keep", claim + 'if user.get("keep"):\n    cache.set("k", user.keep)', tenant="drafts")
        await service.execute({"user_id": "u", "keep": "a-token-of-another-service"}, tenant="drafts")
        draft = f'def rule(user, context):\n    {claim}    cache.set("k", "of-a-draft")\n'
        body = {"user": {"user_id": "u"}, "script": draft}
        for scope, found in (
            ("rules:write", None),
            ("rules:write", "of-a-draft"),
            ("rules:write configuration:use", "a-token-of-another-service"),
        ):
            assert (await service.execute(tenant="drafts"))["idToken"] == {f"{NS}kept": "a-token-of-another-service"}
            response = await service.call("POST", "/v1/try", body, scope=scope, tenant="drafts")
            assert response.json()["idToken"] == {f"{NS}kept": found}


def always(body: bytes) -> Any:
    async def answer(received: Received, writer: Any) -> None:
        send(writer, 200, body, Content_Type="application/json")

    return answer


async def test_credentials_of_calls_and_what_is_kept_are_hidden(service: Running, server: Host) -> None:
    body = f"""\
name = user.user_id + "-pass-of-bob"
http.get("{server.url}/echo", headers={{"Authorization": "Bearer tok-" + name}}).json()
http.get("{server.url}/echo", auth=("bob", "basic-" + name)).json()
http.get("{server.url}/deep")
try:
    http.get("http://bob:url-" + name + "@localhost:{server.port}/echo")
except http.Error:
    pass
cache.set("access_token", "kept-" + name)
cache.get("access_token")"""
    server.answers["/deep"] = always(b"[" * 2000 + b'{"access_token":"deep-u1-pass-of-bob"}' + b"]" * 2000)
    await service.add("all", body)
    execution = (await service.execute())["execution_id"]
    record = await service.record(execution)
    (step,) = record["steps"]
    calls = step["calls"]
    assert step["error"] is None, step["error"]
    assert "pass-of-bob" not in json.dumps(calls)
    assert base64.b64encode(b"bob:basic-u1-pass-of-bob").decode() not in json.dumps(calls)
    assert json.loads(calls[0]["answer"]["body"])["headers"]["authorization"] == "***"
    assert calls[3]["request"]["url"] == f"http://***@localhost:{server.port}/echo"
    assert [calls[4]["request"]["value"], calls[5]["request"]["key"]] == ["***", "access_token"]
    assert "/calls/4/request/access_token" in record["removed"]


async def test_an_analysis_names_what_a_record_names(service: Running) -> None:
    await settings(service, recording={"redact": ["/context/clientID", "/user/email"]})
    await service.add("all", f"context.idToken['{NS}' + user.email] = 1")
    await service.execute({"user_id": "u", "email": "ada@example.com"}, {"clientID": "the-client-of-ada"})
    while service.service.records.waiting:
        await asyncio.sleep(0.01)
    draft = {"name": "all", "script": "def rule(user, context):\n    pass\n"}
    said = (await service.call("POST", "/v1/impact", {"since": "1h", "rules": [draft]})).text
    impact = json.loads(said.splitlines()[-1])["impact"]
    assert list(impact["claims"]) == [f"{NS}***"]
    assert list(impact["clients"]) == ["***"]
