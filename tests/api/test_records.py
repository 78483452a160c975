"""Records over HTTP: found by what they are, shown without secrets, kept as the tenant wants, erased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from engine.record import text_of
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NS = "https://example.com/"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("records")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def written(service: Running) -> None:
    while service.service.records.waiting:
        await asyncio.sleep(0.01)


async def listed(service: Running, tenant: str, **query: Any) -> list[dict[str, Any]]:
    response = await service.call("GET", path(**query), tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()["executions"]  # type: ignore[no-any-return]


def path(**query: Any) -> str:
    return "/v1/executions?" + "&".join(f"{name}={quote(str(value))}" for name, value in query.items())


RULE = f"""\
if user.user_id == 'mallory':
    raise UnauthorizedError('not you')
if user.get('plan'):
    context.idToken['{NS}plan'] = user.plan
context.accessToken['{NS}id'] = user.user_id"""


async def test_found_by_what_they_are(service: Running, tenant: str) -> None:
    rule = await service.add("plans", RULE, tenant=tenant)
    logins = [
        ({"user_id": "ada", "plan": "gold"}, "web"),
        ({"user_id": "bob"}, "web"),
        ({"user_id": "mallory"}, "app"),
        ({"user_id": "ada"}, "app"),
    ]
    ids = []
    for user, client in logins:
        ids.append((await service.execute(user, {"clientID": client}, tenant=tenant))["execution_id"])
        await asyncio.sleep(0.002)  # an id sorts by its millisecond
    await written(service)
    ada, bob, mallory, again = ids

    async def found(**query: Any) -> list[str]:
        return [one["execution_id"] for one in await listed(service, tenant, **query)]

    assert await found() == [again, mallory, bob, ada]
    assert await found(decision="deny") == [mallory]
    assert await found(client="web") == [bob, ada]
    assert await found(user="ada") == [again, ada]
    assert await found(claim=f"{NS}plan") == [ada]
    assert await found(claim=f"{NS}id") == [again, bob, ada]
    assert await found(rule="plans") == await found(rule=rule.id) == ids[::-1]
    assert await found(rule="other") == await found(claim="none") == await found(user="nobody") == []
    assert await found(user="ada", client="app", rule="plans") == [again]
    assert await found(since="1h") == ids[::-1]
    assert await found(until="1h") == []
    assert await found(since="2026-01-01", until="2199-12-31T23:59:59+01:00") == ids[::-1]
    assert await found(limit=2) == [again, mallory]
    page = (await service.call("GET", path(limit=2), tenant=tenant)).json()
    assert await found(limit=2, cursor=page["cursor"]) == [bob, ada]
    (one,) = await listed(service, tenant, decision="deny")
    assert one == {
        "execution_id": mallory,
        "revision": 2,
        "clock": one["clock"],
        "ms": one["ms"],
        "decision": "deny",
        "client": "app",
        "user": "mallory",
        "claims": [],
        "failed": ["plans"],
        "denial": {"error": "unauthorized", "description": "not you", "rule": "plans"},
        "warnings": [],
    }


ENDS = """\
if user.user_id == 'denied':
    raise UnauthorizedError('no')
if user.user_id == 'raised':
    1 / 0
if user.user_id == 'slow':
    while True: pass
if user.user_id == 'large':
    x = 'x' * 10**9"""


async def test_found_by_how_a_rule_ended(service: Running, tenant: str) -> None:
    first = await service.add("first", ENDS, tenant=tenant, on_failure="skip")
    await service.add("second", "if user.user_id in ('raised', 'second'):\n    1 / 0", tenant=tenant)
    ids: dict[str, str] = {}
    for user in ("fine", "denied", "raised", "slow", "large", "second"):
        ids[user] = (await service.execute({"user_id": user}, tenant=tenant))["execution_id"]
        await asyncio.sleep(0.002)
    await written(service)
    names = {name: user for user, name in ids.items()}

    async def found(**query: Any) -> list[str]:
        return [names[one["execution_id"]] for one in await listed(service, tenant, **query)]

    assert await found(outcome="failed") == ["second", "large", "slow", "raised"]
    assert await found(outcome="failed", rule="first") == ["large", "slow", "raised"]
    assert await found(outcome="raised", rule=first.id) == await found(outcome="raised", rule="first") == ["raised"]
    assert await found(outcome="raised") == await found(outcome="raised", rule="second") == ["second", "raised"]
    assert await found(outcome="timed_out") == ["slow"]
    assert await found(outcome="exhausted") == ["large"]
    assert await found(outcome="denied") == await found(outcome="denied", rule="first") == ["denied"]
    assert await found(outcome="refused") == await found(outcome="failed", rule="third") == []
    assert await found(outcome="failed", decision="allow") == ["large", "slow"]
    assert await found(outcome="failed", user="slow", limit=1) == ["slow"]
    page = (await service.call("GET", path(outcome="failed", limit=2), tenant=tenant)).json()
    assert await found(outcome="failed", cursor=page["cursor"]) == ["slow", "raised"]
    traffic = (await service.call("GET", "/v1/traffic", tenant=tenant)).json()
    assert traffic["failed"] == 4


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            {"outcome": "passed"},
            "`outcome`: `passed` cannot be taken: give `failed` (with any error), `denied`, `raised`",
        ),
        ({"desicion": "deny"}, "`desicion`: there is no such parameter here; known are decision, client, user, rule,"),
        ({"decision": "maybe"}, "`decision`: `maybe` cannot be taken: give `allow`, `deny`, `redirect` or `step_up`"),
        ({"since": "yesterday"}, "`since`: `yesterday` is no time"),
        ({"until": "24"}, "`until`: `24` is no time"),
        ({"cursor": "x"}, "`cursor`: `x` cannot be taken: give the `cursor` that a page ended with"),
        ({"limit": 0}, "`limit`: `0` cannot be taken: give how many to a page, 1 to 500"),
        ({"limit": 501}, "`limit`: `501` cannot be taken"),
        ({"limit": "ten"}, "`limit`: `ten` cannot be taken"),
        ({"limit": "1e1"}, "`limit`: `1e1` cannot be taken"),
        ({"limit": "null"}, "`limit`: `null` cannot be taken"),
    ],
)
async def test_filters_that_cannot_be(service: Running, tenant: str, query: dict[str, Any], says: str) -> None:
    response = await service.call("GET", path(**query), tenant=tenant)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert says in response.json()["error_description"]


async def test_a_filter_is_given_once(service: Running, tenant: str) -> None:
    response = await service.call("GET", path(client="a") + "&client=b", tenant=tenant)
    assert (response.status_code, response.json()["problems"]) == (
        400,
        [{"parameter": "client", "message": "it is given twice: give it once"}],
    )


async def test_hostile_filters_find_nothing(service: Running, tenant: str) -> None:
    await service.execute({"user_id": "u"}, {"clientID": "c\0", "x": 1}, tenant=tenant)
    await service.execute({"user_id": ["no", "text"]}, {"clientID": 7}, tenant=tenant)
    await written(service)
    assert len(await listed(service, tenant)) == 2
    for name in ("client", "user", "rule", "claim"):
        for text in ("\0", "'; DROP TABLE executions; --", "%", "x" * 5000):
            assert await listed(service, tenant, **{name: text}) == []


async def test_secrets_of_a_login_are_not_shown(service: Running, tenant: str) -> None:
    body = """\
print('they typed', context.request.body.password)
context.idToken['leak'] = 'p=' + context.request.body.password
user.client_secret = 'set by a rule'
user.n = [context.request.body]
if user.get('fail'):
    raise ValueError(context.request.body.password)"""
    await service.add("leaky", body, tenant=tenant)
    context = {"request": {"body": {"password": "correct horse battery", "pin": "1"}, "query": {"code": "c0de"}}}
    ids = [
        (await service.execute({"user_id": "u1", "fail": fail}, context, tenant=tenant))["execution_id"]
        for fail in (False, True)
    ]
    await written(service)
    for execution_id in ids:
        record = await service.record(execution_id, tenant)
        assert "correct horse" not in str(record)
        assert "set by a rule" not in str(record)
        assert record["removed"] == ["/context/request/body/password", "/context/request/query/code"]
        assert record["transaction"]["context"]["request"]["body"] == {"password": "***", "pin": "1"}
        (step,) = record["steps"]
        assert step["logs"] == [{"level": "info", "text": "they typed ***", "line": 2}]
    assert step["error"]["message"] == "ValueError: ***"
    assert "correct horse" not in str(await listed(service, tenant))
    # The list that applies is the tenant's of today.
    settings = f"/v1/tenants/{tenant}/settings"
    await service.call("PATCH", settings, {"recording": {"redact": ["/user/user_id"]}})
    record = await service.record(ids[0], tenant)
    assert record["removed"] == ["/user/user_id"]
    assert record["transaction"]["context"]["request"]["body"]["password"] == "correct horse battery"
    assert [one["user"] for one in await listed(service, tenant)] == ["***", "***"]


async def test_the_database_shows_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.add("r", "print(user.email)\ncontext.idToken['mail'] = user.email")
        await service.execute({"user_id": "auth0|ada", "email": "ada@example.com"})
        await written(service)
        assert (await listed(service, "default", user="auth0|ada"))[0]["user"] == "auth0|ada"
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert b"claim mail" in stored
    assert b"ada@example.com" not in stored
    assert b"auth0|ada" not in stored


async def test_records_outlive_a_rotation_of_the_secret(tmp_path: Path) -> None:
    first, second, third = ("first" * 8, "second" * 8, "third" * 8)
    async with running(tmp_path, {"CLAIMSMITH_SECRET": first}) as service:
        execution_id = (await service.execute({"user_id": "ada"}))["execution_id"]
    both = {"CLAIMSMITH_SECRET": second, "CLAIMSMITH_SECRET_PREVIOUS": first}
    for environ in (
        both,
        {"CLAIMSMITH_SECRET": second},
        {"CLAIMSMITH_SECRET": third, "CLAIMSMITH_SECRET_PREVIOUS": second},
    ):
        async with running(tmp_path, environ) as service:
            assert (await service.record(execution_id))["transaction"]["user"] == {"user_id": "ada"}
            assert len(await listed(service, "default", user="ada")) == 1


async def test_what_is_dropped_is_nowhere(service: Running, tenant: str) -> None:
    settings = {"recording": {"drop": ["/user/ssn", "/context/request/body", "/context/idToken/number"]}}
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", settings)
    body = (
        "print(user.ssn)\nuser.twin = user.ssn\ncontext.idToken['number'] = 'n-' + user.ssn\ncontext.idToken['ok'] = 1"
    )
    await service.add("r", body, tenant=tenant)
    answer = await service.execute(
        {"user_id": "u", "ssn": "078-05-1120"},
        {"request": {"body": {"a": "typed by a person"}, "ip": "::1"}},
        tenant=tenant,
    )
    assert answer["idToken"] == {"number": "n-078-05-1120", "ok": 1}
    sealed = text_of(await service.service.records.get(tenant, answer["execution_id"])).decode()
    for text in ("078-05-1120", "typed by a person"):
        assert text not in sealed
    record = await service.record(answer["execution_id"], tenant)
    assert record["transaction"] == {"user": {"user_id": "u"}, "context": {"request": {"ip": "::1"}}}
    assert record["dropped"] == ["/user/ssn", "/context/request/body"]
    assert record["idToken"] == {"ok": 1}
    assert record["steps"][0]["logs"][0]["text"] == "***"
    assert [write["new"] for write in record["steps"][0]["writes"]] == ["***", "***", 1]


@pytest.mark.parametrize(
    ("recording", "kept"),
    [
        ({}, ["ada", "mallory", "eve"]),
        ({"executions": "failures"}, ["mallory", "eve"]),
        ({"executions": "none"}, []),
        ({"share": 0}, ["mallory", "eve"]),
    ],
)
async def test_what_is_recorded(service: Running, tenant: str, recording: dict[str, Any], kept: list[str]) -> None:
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"recording": recording})
    await service.add("a", RULE, tenant=tenant)
    await service.add("b", "if user.user_id == 'eve':\n    1 / 0", tenant=tenant, on_failure="skip")
    before = service.service.records.left_out
    for user in ("ada", "mallory", "eve"):
        await service.execute({"user_id": user}, tenant=tenant)
        await asyncio.sleep(0.002)
    await written(service)
    assert [one["user"] for one in await listed(service, tenant)][::-1] == kept
    assert service.service.records.left_out - before == 3 - len(kept)


async def test_a_person_is_erased(service: Running, tenant: str) -> None:
    other = await fresh.tenant(service)
    for user in ("ada", "bob", "ada"):
        for owner in (tenant, other):
            await service.execute({"user_id": user}, tenant=owner)
    # Some are written, one still waits.
    await written(service)
    waiting = await service.execute({"user_id": "ada"}, tenant=tenant)
    response = await service.call("DELETE", "/v1/executions?user=ada", tenant=tenant)
    assert (response.status_code, response.json()) == (200, {"erased": 3})
    await written(service)
    assert [one["user"] for one in await listed(service, tenant)] == ["bob"]
    assert len(await listed(service, other)) == 3
    gone = await service.call("GET", f"/v1/executions/{waiting['execution_id']}", tenant=tenant)
    assert gone.status_code == 404
    assert (await service.call("DELETE", "/v1/executions?user=ada", tenant=tenant)).json() == {"erased": 0}
    for query in ("", "?user=", "?user=a&client=b", "?client=b"):
        refused = await service.call("DELETE", f"/v1/executions{query}", tenant=tenant)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("user_id", "asked"),
    [(42, "42"), (12345678901234567890123, "12345678901234567890123"), (-1.5, "-1.5"), ("é", "é"), ("a\nb", "a\nb")],
)
async def test_a_person_is_found_and_erased_whatever_the_id(
    service: Running, tenant: str, user_id: Any, asked: str
) -> None:
    await service.execute({"user_id": user_id}, tenant=tenant)
    await service.execute({"user_id": f"{user_id}0"}, tenant=tenant)
    await service.execute({"user_id": None}, tenant=tenant)
    await written(service)
    assert len(await listed(service, tenant, user=asked)) == 1
    erased = await service.call("DELETE", path(user=asked), tenant=tenant)
    assert erased.json() == {"erased": 1}
    assert len(await listed(service, tenant)) == 2


@pytest.mark.parametrize("name", ["a\0b", "x" * 60_000, "\u2028"])
async def test_a_login_is_recorded_whatever_a_rule_calls_a_claim(service: Running, tenant: str, name: str) -> None:
    await service.add("odd", f"context.idToken[{name!a}] = 1", tenant=tenant)
    dropped = service.service.records.dropped
    answer = await service.execute(tenant=tenant)
    assert answer["idToken"] == {name: 1}
    await written(service)
    assert service.service.records.dropped == dropped
    if len(name) < 100:  # as much as a query may have
        assert [one["execution_id"] for one in await listed(service, tenant, claim=name)] == [answer["execution_id"]]


async def test_found_by_some_of_very_many_claims(service: Running, tenant: str) -> None:
    body = "context.idToken.update({f'{user.user_id}{number:04}': 1 for number in range(1800)})"
    await service.add("many", body, tenant=tenant)
    answer = await service.execute({"user_id": "u"}, tenant=tenant)
    await written(service)
    assert [one["execution_id"] for one in await listed(service, tenant, claim="u0099")] == [answer["execution_id"]]
    assert await listed(service, tenant, claim="u0100") == []


SAYS = {
    "a redirect": "context.redirect = {'url': 'https://x/?p=' + user.gone, user.gone: 1}",
    "a second factor": "context.multifactor = {'p': [user.gone]}",
    "a claim's name": "context.idToken['https://e/' + user.gone] = 1",
    "a name in the data": "user.x = {user.gone: 1}",
}


@pytest.mark.parametrize("where", SAYS)
async def test_what_is_dropped_is_kept_nowhere(service: Running, tenant: str, where: str) -> None:
    recording = {"recording": {"drop": ["/user/gone"]}}
    assert (await service.call("PATCH", f"/v1/tenants/{tenant}/settings", recording)).status_code == 200
    await service.add("says", SAYS[where], tenant=tenant)
    answer = await service.execute({"user_id": "u", "gone": "correct horse"}, tenant=tenant)
    found = await service.service.records.get(tenant, answer["execution_id"])
    assert b"correct horse" not in text_of(found)
    await written(service)
    assert await listed(service, tenant, claim="https://e/correct horse") == []


REDIRECTED = {
    "sent": ("context.redirect = {'url': url}", {}),
    "changed": ("context.redirect = {'url': 'https://c'}\ncontext.redirect.url = url", {}),
    "not possible": ("context.redirect = {'url': url}", {"protocol": "oauth2-password"}),
    "ignored": ("context.redirect = {'url': url}", {"protocol": "redirect-callback"}),
    "lost": ("context.redirect = {'url': url}\nraise ValueError(url)", {}),
    "killed": ("context.redirect = {'url': url}\nsum(range(10 ** 12))", {}),
}


@pytest.mark.parametrize("list", ["redact", "drop"])
@pytest.mark.parametrize("how", REDIRECTED)
async def test_what_a_page_is_told_is_not_shown(service: Running, tenant: str, how: str, list: str) -> None:
    """Whoever reads records could else go to the page in somebody's name."""
    if list == "drop":
        recording = {"recording": {"drop": ["/**/session_token"]}}
        assert (await service.call("PATCH", f"/v1/tenants/{tenant}/settings", recording)).status_code == 200
    body, context = REDIRECTED[how]
    url = "url = 'https://page.example/?a=1&session_token=' + user.user_id * 3 + '%21&b=2'\nprint(url)"
    await service.add("sends", f"{url}\n{body}", tenant=tenant)
    answer = await service.execute({"user_id": "0123456789ab"}, context, tenant=tenant)
    record = await service.record(answer["execution_id"], tenant)
    shown = "https://page.example/?a=1&session_token=***&b=2"
    assert record["redirect"] == ({"url": shown} if how in ("sent", "changed") else None)
    writes = [write for step in record["steps"] for write in step["writes"]]
    assert shown in str([write["new"] for write in writes])
    assert "0123456789ab0123456789ab0123456789ab%21" not in str(record)
    if list == "drop":
        assert b"0123456789ab0123456789ab0123456789ab%21" not in text_of(
            await service.service.records.get(tenant, answer["execution_id"])
        )


@pytest.mark.parametrize("word", ["server_error", "function", "multifactor", "timed_out", "accessToken", "description"])
@pytest.mark.parametrize("list", ["redact", "drop"])
async def test_a_secret_that_is_a_word_of_ours(service: Running, tenant: str, word: str, list: str) -> None:
    """What somebody chose for a password must not keep a record from being made, or read."""
    recording = {"recording": {list: ["/user/password"]}}
    assert (await service.call("PATCH", f"/v1/tenants/{tenant}/settings", recording)).status_code == 200
    await service.add("fails", "x = user.user_id\nraise ValueError(x)", tenant=tenant)
    answer = await service.execute({"user_id": "u", "password": word}, tenant=tenant)
    path = f"/v1/executions/{answer['execution_id']}"
    assert (await service.record(answer["execution_id"], tenant))["denial"].keys() == answer["denial"].keys()
    for reader in ("/why?claim=x", "/timeline"):
        response = await service.call("GET", path + reader, tenant=tenant)
        assert response.status_code == 200, response.text
    assert (await service.call("GET", f"{path}/case?rule=fails", tenant=tenant)).status_code == 200


@pytest.mark.parametrize("pattern", ["/user", "/context", "/**", "/context/idToken"])
@pytest.mark.parametrize("list", ["redact", "drop"])
async def test_a_pattern_that_names_everything(service: Running, tenant: str, pattern: str, list: str) -> None:
    """A record is made, and read, and has nothing of it."""
    recording = {"recording": {list: [pattern]}}
    assert (await service.call("PATCH", f"/v1/tenants/{tenant}/settings", recording)).status_code == 200
    await service.add("sets", "context.idToken['https://e/x'] = user.name", tenant=tenant)
    id_token = {"https://e/given": "correct horse"}
    answer = await service.execute(
        {"user_id": "correct horse", "name": "correct horse"},
        {"clientID": "correct horse", "idToken": id_token},
        tenant=tenant,
    )
    path = f"/v1/executions/{answer['execution_id']}"
    await written(service)
    (row,) = await listed(service, tenant)
    assert row["execution_id"] == answer["execution_id"]
    hides = {"/user": "user", "/context": "client"}.get(pattern)
    assert hides is None or row[hides] in ("***", None)
    record = await service.record(answer["execution_id"], tenant)
    if pattern != "/context/idToken":
        assert record["transaction"]["user"] != {"user_id": "correct horse", "name": "correct horse"}
    assert "correct horse" not in str(record["idToken"])
    for reader in ("/why?claim=x", "/timeline"):
        response = await service.call("GET", path + reader, tenant=tenant)
        assert response.status_code == 200, response.text


async def test_a_short_secret_takes_no_step_away(service: Running, tenant: str) -> None:
    """What stands in an error a hundred times is masked, and the error is still one that can be read."""
    await service.add("fails", "x = [user.password] * 100\nraise ValueError(len(x))", tenant=tenant)
    answer = await service.execute({"user_id": "u", "password": "a"}, tenant=tenant)
    (step,) = (await service.record(answer["execution_id"], tenant))["steps"]
    assert step["error"]["frames"][0]["values"]["x"].count("***") > 10
    assert (step["error"]["line"], '"a"' in str(step)) == (3, False)
    (row,) = [one for one in await listed_when_written(service, tenant) if one["failed"]]
    assert row["failed"] == ["fails"]


async def test_words_of_ours_are_shown(service: Running, tenant: str) -> None:
    """Codes are none of the login's secrets, whatever its secrets are."""
    await service.add("sets", "context.idToken['sub'] = 'x'\nuser.y.z", tenant=tenant)
    secrets = {"password": "server_error", "token": "protected_claim"}
    answer = await service.execute({"user_id": "u", **secrets}, tenant=tenant)
    (row,) = await listed_when_written(service, tenant)
    record = await service.record(answer["execution_id"], tenant)
    assert row["denial"]["error"] == record["denial"]["error"] == answer["denial"]["error"] == "server_error"
    assert row["warnings"] == [notice["code"] for notice in record["warnings"]]


async def listed_when_written(service: Running, tenant: str) -> list[dict[str, Any]]:
    await written(service)
    return await listed(service, tenant)
