"""Rules that call other services and keep values: through the whole service, with real hosts and a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from tests import hosts
from tests.api import fresh
from tests.hosts import Host, host
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NETWORKS = {"CLAIMSMITH_HTTP_NETWORKS": "127.0.0.1/32,::1/128"}


@pytest.fixture
async def server() -> AsyncIterator[Host]:
    async with host() as made:
        yield made


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("calls"), NETWORKS) as made:
        yield made


@pytest.fixture
async def service(shared: Running, server: Host) -> Running:
    """A tenant of its own, which may call the server."""
    service = shared.within(await fresh.tenant(shared))
    await allow(service, server.url)
    return service


async def allow(service: Running, *names: str) -> None:
    response = await service.call("PATCH", f"/v1/tenants/{service.tenant}/settings", {"allowed_hosts": list(names)})
    assert response.status_code == 200, response.text


async def calls_of(service: Running, execution: dict[str, Any]) -> list[dict[str, Any]]:
    record = await service.record(execution["execution_id"])
    return [call for step in record["steps"] for call in step["calls"]]


async def test_a_rule_asks_another_service(service: Running, server: Host) -> None:
    await service.add(
        "ask",
        f'answer = http.get("{server.url}/echo", params={{"user": user.user_id}})\n'
        'context.idToken["https://example.com/asked"] = answer.json()["target"]',
    )
    answer = await service.execute()
    assert answer["idToken"] == {"https://example.com/asked": "/echo?user=u1"}
    (call,) = await calls_of(service, answer)
    assert (call["kind"], call["line"]) == ("http", 2)
    assert call["ms"] > 0
    assert call["request"] == {"method": "GET", "url": f"{server.url}/echo?user=u1"}
    assert call["answer"]["status"] == 200
    assert '"target":"/echo?user=u1"' in call["answer"]["body"].replace(" ", "")


async def test_no_host_may_be_called_by_default(shared: Running, server: Host) -> None:
    service = shared.within(await fresh.tenant(shared))
    await service.add("ask", f'http.get("{server.url}/echo")')
    answer = await service.execute()
    assert answer["denial"]["error"] == "server_error"
    record = await service.record(answer["execution_id"])
    assert record["steps"][0]["error"]["message"] == (
        f"NotAllowed: `{server.name}` may not be called: add it to the tenant's setting `allowed_hosts`"
    )
    assert server.connections == 0


async def test_private_networks_are_the_operators_to_allow(tmp_path: Path, server: Host) -> None:
    async with running(tmp_path) as service:
        await allow(service, server.url)
        await service.add("ask", f'http.get("{server.url}/echo")')
        record = await service.record((await service.execute())["execution_id"])
        assert "CLAIMSMITH_HTTP_NETWORKS" in record["steps"][0]["error"]["message"]
        assert server.connections == 0


@pytest.mark.parametrize(
    "name", ["https://example.com", "example.com/path", "a b", "", "user@example.com", "*", "http://"]
)
async def test_a_host_that_is_none_is_refused(service: Running, name: str) -> None:
    response = await service.call("PATCH", f"/v1/tenants/{service.tenant}/settings", {"allowed_hosts": [name]})
    assert response.status_code == 400, name


async def test_credentials_are_not_recorded(service: Running, server: Host) -> None:
    await service.add(
        "ask",
        f'http.post("{server.url}/echo?access_token=query-token-1", auth=("name", "a-password-of-mine"),\n'
        '    headers={"X-Api-Key": "key-in-a-header"}, json={"client_secret": "secret-in-a-body"})\n'
        f'http.post("{server.url}/echo", data={{"password": "secret-in-a-form"}})',
    )
    answer = await service.execute()
    assert answer["decision"] == "allow"
    record = await service.record(answer["execution_id"])
    shown = str(record)
    calls = await calls_of(service, answer)
    assert calls[0]["request"]["headers"]["Authorization"] == "***"
    assert calls[0]["request"]["headers"]["X-Api-Key"] == "***"
    assert calls[0]["request"]["url"] == f"{server.url}/echo?access_token=***"
    assert calls[0]["request"]["body"] == '{"client_secret":"***"}'
    assert calls[1]["request"]["body"] == "password=***"
    for secret in ("query-token-1", "key-in-a-header", "secret-in-a-body", "secret-in-a-form"):
        assert secret not in shown


async def test_many_logins_that_wait_for_a_slow_host(tmp_path: Path, server: Host) -> None:
    """All of them at once, and the logins of another tenant go on."""
    waiting = 0
    all_wait = asyncio.Event()

    async def together(received: hosts.Received, writer: Any) -> None:
        nonlocal waiting
        waiting += 1
        await all_wait.wait()
        hosts.send(writer, 200, b"slow")

    server.answers["/together"] = together
    async with running(tmp_path, {**NETWORKS, "CLAIMSMITH_EXECUTION_MS": "30000"}) as service:
        await allow(service, server.url)
        body = f'context.idToken["https://example.com/a"] = http.get("{server.url}/together").text'
        await service.add("slow", body)
        await service.call("PUT", "/v1/tenants/other")
        await service.add("quick", 'context.idToken["https://example.com/b"] = 1', tenant="other")
        logins = [asyncio.create_task(service.execute()) for _ in range(64)]
        async with asyncio.timeout(25):
            while waiting < 64:
                assert (await service.execute(tenant="other"))["decision"] == "allow"
                await asyncio.sleep(0.01)
        assert (await service.execute(tenant="other"))["decision"] == "allow"
        assert not any(login.done() for login in logins)
        all_wait.set()
        for login in logins:
            assert (await login)["idToken"] == {"https://example.com/a": "slow"}
        assert waiting == 64


async def test_an_answer_is_remembered_where_the_rule_says_so(service: Running, server: Host) -> None:
    await service.add(
        "ask", f'context.idToken["https://example.com/a"] = http.get("{server.url}/echo", cache=60).status_code'
    )
    for _ in range(3):
        assert (await service.execute())["idToken"] == {"https://example.com/a": 200}
    assert len(server.received) == 1


async def test_a_host_that_hangs_up_is_left_alone(service: Running, server: Host) -> None:
    await service.add(
        "ask",
        f'try:\n    http.get("{server.url}/hangs-up")\nexcept http.ConnectionError as error:\n'
        '    context.idToken["https://example.com/why"] = str(error)',
    )
    texts = [(await service.execute())["idToken"]["https://example.com/why"] for _ in range(6)]
    assert [text.startswith("no answer from `localhost`: ") for text in texts] == [True] * 5 + [False]
    assert "is left alone for" in texts[5]
    assert len(server.received) == 5


async def test_a_rule_that_is_skipped_has_made_its_calls_and_those_before_make_theirs_once(
    service: Running, server: Host
) -> None:
    await service.add("first", f'context.idToken["https://example.com/a"] = http.post("{server.url}/echo").status_code')
    await service.add("hangs", f'http.get("{server.url}/echo")\nsum(range(10 ** 12))', on_failure="skip")
    await service.add("last", f'context.idToken["https://example.com/b"] = http.get("{server.url}/echo").status_code')
    answer = await service.execute()
    assert answer["idToken"] == {"https://example.com/a": 200, "https://example.com/b": 200}
    assert [received.method for received in server.received] == ["POST", "GET", "GET"]
    record = await service.record(answer["execution_id"])
    assert [len(step["calls"]) for step in record["steps"]] == [1, 1, 1]


async def test_a_call_that_outlasts_the_login_is_in_its_record(service: Running, server: Host) -> None:
    await service.add("waits", f'http.get("{server.url}/never")')
    answer = await service.execute(deadline_ms=1500)
    assert answer["denial"]["error"] == "server_error"
    (call,) = await calls_of(service, answer)
    assert call["answer"]["failure"] == "timeout"
    assert 500 < call["ms"] < 3000


async def test_a_record_has_room_for_so_much(service: Running, server: Host) -> None:
    async def long(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, b"a" * 900_000)

    server.answers["/long"] = long
    await service.add("ask", f'for n in range(3):\n    http.get("{server.url}/long")', on_failure="deny")
    answer = await service.execute()
    assert answer["decision"] == "allow"
    calls = await calls_of(service, answer)
    assert [call["answer"] is None for call in calls] == [False, False, True]
    replay = (await service.call("POST", f"/v1/executions/{answer['execution_id']}/replay")).json()
    assert (replay["identical"], replay["remarks"][0]["code"]) == (False, "not_reproducible")


async def test_a_record_has_room_for_so_much_that_was_asked(service: Running, server: Host) -> None:
    body = f'for n in range(20):\n    http.post("{server.url}/missing", data="a" * 200_000)'
    await service.add("ask", body)
    answer = await service.execute()
    assert answer["decision"] == "allow"
    calls = await calls_of(service, answer)
    assert len(calls) == 20
    assert calls[0]["request"]["body"] == "a" * 200_000
    assert calls[19]["request"] == {"method": "POST", "url": f"{server.url}/missing"}
    assert calls[19]["answer"] is None
    assert len(str(calls)) < 3_000_000


async def test_a_login_has_room_for_so_many_answers(service: Running, server: Host) -> None:
    """All of them are held until its end: a byte of an answer may be six of JSON."""

    async def zeros(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, bytes(900_000))

    server.answers["/zeros"] = zeros
    await service.add(
        "ask",
        f'for n in range(3):\n    try:\n        http.get("{server.url}/zeros")\n'
        '    except http.Error as error:\n        context.idToken[f"https://example.com/{n}"] = str(error)',
    )
    answer = await service.execute()
    text = "the answers of this login have more than 8 MB"
    assert answer["idToken"] == {"https://example.com/1": text, "https://example.com/2": text}


async def test_a_password_in_an_address_is_not_recorded(service: Running, server: Host) -> None:
    await service.add(
        "ask",
        f'for url in ("http://name:secret-in-it@{server.name}/a", "http://n:secret-in-it@{server.name}/?token=of-mine"):\n'
        "    try:\n        http.get(url)\n    except http.Error as error:\n        print(error)",
    )
    answer = await service.execute()
    calls = await calls_of(service, answer)
    assert [call["request"]["url"] for call in calls] == [
        f"http://***@{server.name}/a",
        f"http://***@{server.name}/?token=***",
    ]
    assert server.received == []


# Replay


async def test_a_replay_has_the_answers_of_then(service: Running, server: Host) -> None:
    count = 0

    async def counts(received: hosts.Received, writer: Any) -> None:
        nonlocal count
        count += 1
        hosts.send(writer, 200, str(count).encode())

    server.answers["/count"] = counts
    body = f'context.idToken["https://example.com/n"] = http.get("{server.url}/count").json()'
    rule = await service.add("ask", body)
    answer = await service.execute()
    assert answer["idToken"] == {"https://example.com/n": 1}
    id = answer["execution_id"]  # noqa: A001
    replay = (await service.call("POST", f"/v1/executions/{id}/replay")).json()
    assert (replay["identical"], replay["remarks"], count) == (True, [], 1)
    timeline = (await service.call("GET", f"/v1/executions/{id}/timeline")).json()
    assert (timeline["identical"], count) == (True, 1)
    # Under another rule: the same call has its answer, another one has none.
    draft = {"name": "ask", "script": f"def rule(user, context):\n    pass\n    {body}\n"}
    replay = (await service.call("POST", f"/v1/executions/{id}/replay", {"rules": [draft]})).json()
    assert (replay["identical"], replay["remarks"], count) == (True, [], 1)
    draft["script"] = draft["script"].replace("/count", "/count?again=1")
    replay = (await service.call("POST", f"/v1/executions/{id}/replay", {"rules": [draft]})).json()
    assert not replay["identical"]
    assert replay["remarks"] == [
        {
            "code": "not_reproducible",
            "text": "rule `ask` makes a call in line 3 that the record has no answer to",
        }
    ]
    error = replay["execution"]["steps"][0]["error"]
    assert error["message"] == "Error: the recorded execution has no answer to this call"
    assert count == 1
    assert rule.id


# cache


@pytest.fixture(scope="module")
async def keeping(
    tmp_path_factory: pytest.TempPathFactory, redis_server: str, anyio_backend: str
) -> AsyncIterator[Running]:
    await forget_all(redis_server)  # what other tests have kept
    async with running(tmp_path_factory.mktemp("kept"), {"REDIS_URL": redis_server}) as made:
        yield made


@pytest.fixture
async def kept(keeping: Running) -> Running:
    """A tenant of its own, of which nothing is kept."""
    return keeping.within(await fresh.tenant(keeping))


COUNTS = (
    'n = cache.get("n", 0) + 1\ncache.set("n", n, ttl=60)\ncontext.idToken["https://example.com/n"] = n\n'
    'if n == 3:\n    cache.delete("n")'
)


async def test_values_are_kept_from_login_to_login(kept: Running) -> None:
    another = kept.within(await fresh.tenant(kept))
    for one in (kept, another):
        await one.add("count", COUNTS)
    seen = [(await kept.execute())["idToken"]["https://example.com/n"] for _ in range(4)]
    assert seen == [1, 2, 3, 1]
    other = await another.execute()
    assert other["idToken"] == {"https://example.com/n": 1}
    calls = await calls_of(kept, await kept.execute())
    assert [call["request"] for call in calls] == [
        {"op": "get", "key": "n"},
        {"op": "set", "key": "n", "value": 2, "ttl": 60.0},
    ]
    assert [call["answer"] for call in calls] == [{"found": True, "value": 1}, {}]


async def test_a_draft_neither_reads_nor_changes_what_live_rules_keep(kept: Running) -> None:
    await kept.add("count", COUNTS)
    await kept.execute()
    draft = {"user": {"user_id": "u"}, "context": {}, "script": ""}
    draft["script"] = "def rule(user, context):\n" + "".join(f"    {line}\n" for line in COUNTS.splitlines())
    seen = []
    for scope in ("rules:write", "rules:write", "rules:write configuration:use"):
        response = await kept.call("POST", "/v1/try", draft, scope=scope)
        seen.append(response.json()["idToken"]["https://example.com/n"])
    assert seen == [1, 2, 2]
    assert (await kept.execute())["idToken"] == {"https://example.com/n": 3}


async def names_in(client: redis.asyncio.Redis, tenant: str) -> list[bytes]:
    names = [name async for name in client.scan_iter(f"claimsmith:kept:v1:{{{tenant}}}:*")]
    return [name for name in names if not name.endswith(b":index")]


async def test_a_tenant_that_is_made_again_finds_nothing_of_the_one_before(kept: Running) -> None:
    for expected in (1, 1):
        assert (await kept.call("PUT", "/v1/tenants/again")).status_code == 201
        body = 'n = cache.get("n", 0) + 1\ncache.set("n", n, ttl=60)\ncontext.idToken["https://example.com/n"] = n'
        await kept.add("count", body, tenant="again")
        for number in (expected, expected + 1):
            answer = await kept.execute(tenant="again")
            assert answer["idToken"] == {"https://example.com/n": number}
        lines = body.replace("\n", "\n    ")
        draft = {"user": {"user_id": "u"}, "context": {}, "script": f"def rule(user, context):\n    {lines}\n"}
        tried = await kept.call("POST", "/v1/try", draft, scope="rules:write", tenant="again")
        assert tried.json()["idToken"] == {"https://example.com/n": 1}
        assert (await kept.call("DELETE", "/v1/tenants/again")).status_code == 204


async def test_redis_sees_no_value_and_cannot_swap_one(kept: Running, redis_server: str) -> None:
    await kept.add(
        "keep",
        'context.idToken["https://example.com/a"] = [cache.get("one"), cache.get("two")]\n'
        'cache.set("one", "value-number-one")\ncache.set("two", "value-number-two")',
    )
    await kept.execute()
    assert (await kept.execute())["idToken"] == {"https://example.com/a": ["value-number-one", "value-number-two"]}
    client = redis.asyncio.from_url(redis_server)
    try:
        names = await names_in(client, kept.tenant)
        held = {name: bytes(await client.get(name) or b"") for name in names}  # type: ignore[arg-type]
        assert not any(b"value-number" in value or b"one" in name for name, value in held.items())
        values = list(reversed(held.values()))
        for name, value in zip(names, values, strict=True):
            await client.set(name, value)
        assert (await kept.execute())["idToken"] == {"https://example.com/a": [None, None]}
    finally:
        await client.aclose()


async def test_a_tenant_keeps_so_many_values(kept: Running, redis_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.calls.kept.MOST_KEYS", 5)
    await kept.add("keep", 'for n in range(10): cache.set(f"many-{n}", n, ttl=100 + n)')
    await kept.execute()
    client = redis.asyncio.from_url(redis_server)
    try:
        names = await names_in(client, kept.tenant)
        assert len(names) == 5
    finally:
        await client.aclose()


async def test_what_was_deleted_takes_no_room(
    kept: Running, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.calls.kept.MOST_KEYS", 3)
    await kept.add(
        "keep",
        'for n in range(5):\n    cache.set(f"many-{n}", n, ttl=1000)\n    cache.delete(f"many-{n}")\n'
        'cache.set("short", 1, ttl=100)\ncontext.idToken["https://example.com/n"] = cache.get("short")',
    )
    assert (await kept.execute())["idToken"] == {"https://example.com/n": 1}


async def test_a_value_that_redis_refuses_is_one_tenants_alone(kept: Running, redis_server: str) -> None:
    another = kept.within(await fresh.tenant(kept))
    for one in (kept, another):
        await one.add("count", COUNTS)
    client = redis.asyncio.from_url(redis_server)
    try:
        await client.set(f"claimsmith:kept:v1:{{{kept.tenant}}}:index", "not an index")
    finally:
        await client.aclose()
    for seen in (1, 2):
        record = await kept.record((await kept.execute())["execution_id"])
        assert [line["text"] for line in record["steps"][0]["logs"]] == [
            "the cache refuses: nothing is found in it, and nothing kept"
        ]
        other = await another.execute()
        assert other["idToken"] == {"https://example.com/n": seen}


async def test_without_redis_nothing_is_found_and_a_line_says_so(service: Running) -> None:
    await service.add("count", COUNTS)
    answer = await service.execute()
    assert answer["idToken"] == {"https://example.com/n": 1}
    record = await service.record(answer["execution_id"])
    text = "the cache does not answer: nothing is found in it, and nothing kept"
    assert record["steps"][0]["logs"] == [
        {"level": "warning", "text": text, "line": 2},
        {"level": "warning", "text": text, "line": 3},
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('cache.set("a", "x" * 20_000)', "ValueError: the value has 20002 bytes of JSON: the limit is 16384"),
        ('cache.set("a", {1})', "ValueError: the value: a `set` is not JSON: write `sorted(...)`"),
        ('cache.set("a", 1, ttl=0)', "ValueError: `ttl` is a number of seconds above 0, and at most 2592000 (30 days)"),
        ('cache.get("")', "ValueError: a key has 1 to 200 characters"),
        ("cache.get(1)", "TypeError: a key is a string, not a `int`"),
    ],
)
async def test_what_cannot_be_kept(kept: Running, body: str, message: str) -> None:
    await kept.add("keep", body)
    record = await kept.record((await kept.execute())["execution_id"])
    assert record["steps"][0]["error"]["message"] == message


# Many logins

CALLING = """\
import hashlib, json, random, secrets, time, uuid
ns = "https://example.com/"
n = user.n
cached = cache.get(f"seen-{n % 7}", 0)
cache.set(f"seen-{n % 7}", cached + 1)
context.idToken[ns + "seen"] = cached
count = http.get("SERVER/count", headers={"Authorization": "Bearer " + configuration.KEY})
context.idToken[ns + "count"] = count.json()
if n % 2:
    remembered = http.get("SERVER/count", params={"remembered": n % 3}, cache=60)
    context.idToken[ns + "remembered"] = remembered.json()
if n % 3 == 0:
    told = http.post("SERVER/echo", json={"key": configuration.KEY, "at": time.time(), "once": secrets.token_hex(8)})
    context.idToken[ns + "told"] = hashlib.sha256(json.loads(told.json()["body"])["key"].encode()).hexdigest()
if n % 5 == 0:
    try:
        http.get("SERVER/hangs-up")
    except http.Error as error:
        print("no answer:", error)
if n % 7 == 0:
    http.get("SERVER/gone").raise_for_status()
user.app_metadata = {"at": time.time(), "id": str(uuid.uuid4()), "drawn": random.random()}"""
CHANCE = """\
import datetime, random
order = ["a", "b", "c", "d", "e"]
random.shuffle(order)
context.accessToken["https://example.com/order"] = order
context.accessToken["https://example.com/now"] = datetime.datetime.now().isoformat()
if user.n % 11 == 0:
    raise UnauthorizedError("not you, " + random.choice(order))
if user.n % 13 == 0:
    context.redirect = {"url": "https://example.com/" + random.choice(order)}"""
SKIPPED = """\
answer = http.get("SERVER/count")
context.idToken["https://example.com/skipped"] = answer.text
if user.n % 4 == 0:
    raise ValueError(answer.text)"""


async def forget_all(redis_server: str) -> None:
    async with redis.asyncio.from_url(redis_server) as client:
        await client.flushall()


async def test_many_logins_are_replayed_as_they_were_when_nobody_answers_any_more(
    tmp_path: Path, redis_server: str
) -> None:
    count = 0

    async def counts(received: hosts.Received, writer: Any) -> None:
        nonlocal count
        count += 1
        hosts.send(writer, 200, str(count).encode())

    await forget_all(redis_server)
    async with running(tmp_path, {**NETWORKS, "REDIS_URL": redis_server}) as service:
        async with host({"/count": counts}) as server:
            await allow(service, server.url)
            for name, script, on_failure in (
                ("skipped", SKIPPED, "skip"),
                ("calling", CALLING, "deny"),
                ("chance", CHANCE, "deny"),
            ):
                await service.add(name, script.replace("SERVER", server.url), on_failure=on_failure)
            answers = []
            for turn in range(4):  # with other values each time
                await service.call("PUT", "/v1/configuration/KEY", {"value": f"the-{turn}-secret-of-ours"})
                logins = (service.execute({"user_id": f"u{n}", "n": n}) for n in range(turn * 20, turn * 20 + 20))
                answers += await asyncio.gather(*logins)
            asked = len(server.received)
        await service.call("DELETE", "/v1/configuration/KEY")
        await forget_all(redis_server)
        assert {answer["decision"] for answer in answers} == {"allow", "deny", "redirect"}
        for answer in answers:
            path = f"/v1/executions/{answer['execution_id']}/replay"
            replay = (await service.call("POST", path)).json()
            assert (replay["identical"], replay["differences"], replay["remarks"]) == (True, [], [])
            for part in ("decision", "redirect", "denial", "warnings", "updates", "idToken", "accessToken"):
                assert replay["execution"][part] == answer[part]
        assert len(server.received) == asked


@pytest.mark.parametrize("on_failure", ["deny", "skip"])
@pytest.mark.parametrize(
    "end", ["while True:\n    pass", "sum(range(10 ** 12))", "l = []\nwhile True:\n    l.append('x' * 10_000_000)"]
)
async def test_a_rule_that_was_ended_has_its_calls_in_a_replay(
    service: Running, server: Host, end: str, on_failure: str
) -> None:
    ask = f'context.idToken["https://example.com/NAME"] = http.get("{server.url}/echo?NAME").status_code\n'
    await service.add("first", ask.replace("NAME", "first"))
    await service.add("ended", ask.replace("NAME", "ended") + end, on_failure=on_failure)
    await service.add("last", ask.replace("NAME", "last"))
    answer = await service.execute()
    assert answer["decision"] == ("allow" if on_failure == "skip" else "deny")
    calls = await calls_of(service, answer)
    assert len(calls) == (3 if on_failure == "skip" else 2)
    asked = len(server.received)
    replay = (await service.call("POST", f"/v1/executions/{answer['execution_id']}/replay")).json()
    assert (replay["identical"], replay["differences"]) == (True, [])
    assert [remark["code"] for remark in replay["remarks"]] == ["as_recorded"]
    assert [call for step in replay["execution"]["steps"] for call in step["calls"]][1]["request"] == calls[1][
        "request"
    ]
    assert len(server.received) == asked


async def test_another_rule_may_make_one_call_more_or_less(service: Running, server: Host) -> None:
    body = "".join(
        f'    context.idToken["https://example.com/{name}"] = http.get("{server.url}/echo?{name}").json()["target"]\n'
        for name in ("a", "b", "c")
    )
    await service.add("ask", "", script=f"def rule(user, context):\n{body}")
    answer = await service.execute()
    a, b, c = body.splitlines(keepends=True)
    more = f'    try:\n        http.get("{server.url}/echo?more")\n    except http.Error:\n        pass\n'
    for lines, same, remarks in (
        (a + c + b, True, []),
        (a + c, False, []),
        (a + more + b + c, True, ["not_reproducible"]),
    ):
        draft = {"name": "ask", "script": f"def rule(user, context):\n{lines}"}
        path = f"/v1/executions/{answer['execution_id']}/replay"
        replay = (await service.call("POST", path, {"rules": [draft]})).json()
        assert (replay["identical"], [remark["code"] for remark in replay["remarks"]]) == (same, remarks), lines
    assert len(server.received) == 3
