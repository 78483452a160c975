"""Tenants out of a service and into another over HTTP: the same answers to logins, the same export again, no secret in
clear, and nothing half-imported."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.exports import BODIES, MEDIA_TYPE
from api.settings import BadSetting
from engine.exports import passphrase
from engine.store import audit
from tests.api import fresh
from tests.servers import fresh_database
from tests.service import Running, running

pytestmark = pytest.mark.anyio

PHRASE = "correct horse battery staple"
VALUE, SECRET = "a configured value 1", "a secret header value 2"
LINES = {"Content-Type": MEDIA_TYPE}
READS = "from geo import where\ncontext.idToken.key = configuration.KEY\ncontext.idToken.where = where"
DENIES = "raise UnauthorizedError('not you')"


@pytest.fixture(scope="module", autouse=True)
def cheap() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "COST", 2**14)
        yield


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("exports")) as service:
        yield service


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def other(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Running]:
    """Another service, with another secret."""
    with contextlib.ExitStack() as stack:
        environ = {"CLAIMSMITH_SECRET": "another secret " * 3}
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_url")
            environ["DATABASE_URL"] = stack.enter_context(fresh_database(server))
        async with running(tmp_path_factory.mktemp("other"), environ) as service:
            yield service


async def made(service: Running) -> str:
    """A tenant with a history, drafts, modules, secrets and rules on trial."""
    tenant = await fresh.tenant(service, strict_claims=True)
    await service.authoring.put_module(tenant, "geo", "where = 'here'\n", by="ann")
    reads = await service.add("reads", READS, tenant=tenant, order=3)
    denies = await service.add("denies", "if user.get('blocked'):\n    " + DENIES, tenant=tenant, order=3)
    gone = await service.add("gone", "context.idToken.gone = 1", tenant=tenant, on_failure="skip")
    done = [
        await service.call("PUT", "/v1/configuration/KEY", {"value": VALUE}, tenant=tenant),
        await service.call("PUT", "/v1/issuers/hydra/secrets/a", {"type": "header", "value": SECRET}, tenant=tenant),
        await service.call("PATCH", f"/v1/rules/{reads.id}", {"conditions": {"clients": ["web"]}}, tenant=tenant),
        await service.call("PATCH", f"/v1/rules/{denies.id}", {"enabled": False, "deploy": False}, tenant=tenant),
        await service.call("DELETE", f"/v1/rules/{gone.id}", tenant=tenant),
        await service.call("PUT", "/v1/shadow", {}, tenant=tenant),
    ]
    assert all(response.is_success for response in done), [response.text for response in done]
    return tenant


async def export(service: Running, tenant: str, phrase: str | None = None) -> bytes:
    body = None if phrase is None else {"passphrase": phrase}
    response = await service.call("GET" if body is None else "POST", f"/v1/tenants/{tenant}/export", body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    return response.content


async def send(
    service: Running, tenant: str, text: bytes, phrase: str | None = None, query: str = ""
) -> httpx2.Response:
    if phrase is not None:
        text = json.dumps({"kind": "passphrase", "passphrase": phrase}, separators=(",", ":")).encode() + b"\n" + text
    return await service.call("PUT", f"/v1/tenants/{tenant}/import{query}", text, headers=LINES)


async def put(service: Running, tenant: str, text: bytes, phrase: str | None = None, query: str = "") -> dict[str, Any]:
    response = await send(service, tenant, text, phrase, query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def answers(service: Running, tenant: str) -> list[Any]:
    found = []
    for user in ({"user_id": "u1"}, {"user_id": "u1", "blocked": True}):
        for client in ("web", "app"):
            answer = await service.execute(user, {"clientID": client}, tenant=tenant)
            found.append({name: value for name, value in answer.items() if name != "execution_id"})
    hook = await service.client.post(
        f"/v1/hooks/hydra/{tenant}",
        json={
            "session": {"id_token": {"id_token_claims": {}, "subject": "u1"}},
            "request": {"client_id": "web", "grant_types": ["authorization_code"]},
        },
        headers={"Authorization": SECRET},
    )
    return [*found, hook.status_code, hook.content]


async def everything(service: Running, tenant: str) -> list[Any]:
    """What a change would change."""
    paths = ("rules", "revisions", "modules", "configuration", "issuers/hydra/secrets", "audit?tenants=all")
    found = [(await service.call("GET", f"/v1/{path}", tenant=tenant)).json() for path in paths]
    return [*found, (await service.call("GET", "/v1/tenants")).json()]


async def test_a_tenant_in_another_service_is_the_same(service: Running, other: Running) -> None:
    tenant = await made(service)
    plain, text = await export(service, tenant), await export(service, tenant, PHRASE)
    assert await put(other, tenant, text, PHRASE, "?dry_run=true") == {
        "tenant": tenant,
        "outcome": "made",
        "dry_run": True,
        "revision": 8,
        "differences": [],
        "missing": {"configuration": [], "hook_secrets": []},
    }
    assert (await other.call("GET", f"/v1/tenants/{tenant}")).status_code == 404
    assert (await put(other, tenant, text, PHRASE))["outcome"] == "made"
    assert await export(other, tenant) == plain
    expected = await answers(service, tenant)
    assert [answer["decision"] for answer in expected[:4]] == ["allow", "allow", "deny", "deny"]
    assert expected[0]["idToken"] == {"key": VALUE, "where": "here"}
    assert expected[4] == 200
    assert await answers(other, tenant) == expected
    for path in ("rules", "revisions", "revisions/3", "modules", "modules/geo/versions", "configuration"):
        there = await other.call("GET", f"/v1/{path}", tenant=tenant)
        assert there.json() == (await service.call("GET", f"/v1/{path}", tenant=tenant)).json()
    shadow, begun = [(await one.call("GET", "/v1/shadow", tenant=tenant)).json() for one in (service, other)]
    assert {**begun, "reached": shadow["reached"]} == shadow
    assert (await put(other, tenant, text, PHRASE))["outcome"] == "unchanged"
    # Who has done it is in the audit log, on both sides.
    entry = (await other.call("GET", "/v1/audit", tenant=tenant)).json()["entries"][0]
    assert (entry["act"], entry["by"], entry["what"], entry["revision"]) == ("tenant.import", "tester", tenant, 8)
    assert entry["after"] == {"outcome": "made", "revisions": 8, "rules": 2, "modules": 1, "values": True}
    entry = (await service.call("GET", "/v1/audit", tenant=tenant)).json()["entries"][0]
    assert (entry["act"], entry["after"]) == ("tenant.export", {"configuration": 1, "hook_secrets": 1})


async def test_a_default_tenant_that_nobody_has_used(service: Running, tmp_path: Path) -> None:
    tenant = "default"
    await service.add("one", "context.idToken.a = 1")
    text = await export(service, tenant)
    async with running(tmp_path) as empty:
        assert (await put(empty, tenant, text))["outcome"] == "made"
        assert await export(empty, tenant) == text
        assert (await empty.execute())["idToken"] == {"a": 1}
        assert (await put(empty, tenant, text))["outcome"] == "unchanged"


async def test_a_tenant_that_is_another_is_replaced_when_it_is_said_so(service: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant, PHRASE)
    expected = await answers(service, tenant)
    rules = {
        rule["name"]: rule["id"] for rule in (await service.call("GET", "/v1/rules", tenant=tenant)).json()["rules"]
    }
    await service.call("PATCH", f"/v1/rules/{rules['reads']}", {"order": 9}, tenant=tenant)
    await service.add("mine", "context.idToken.mine = 1", tenant=tenant)
    await service.call("PUT", "/v1/configuration/KEY", {"value": "another"}, tenant=tenant)
    await service.call("DELETE", "/v1/issuers/hydra/secrets/a", tenant=tenant)
    changed = await answers(service, tenant)
    assert changed != expected
    before = await everything(service, tenant)
    differences = [
        {"kind": "configuration", "name": "KEY", "how": "changed"},
        {"kind": "hook_secret", "name": "hydra/a", "how": "missing"},
        {"kind": "order", "name": "the order of the live rules", "how": "changed"},
        {"kind": "rule", "name": "mine", "how": "more"},
        {"kind": "rule", "name": "reads", "how": "changed"},
    ]
    for query in ("", "?dry_run=true", "?replace=false"):
        response = await send(service, tenant, text, PHRASE, query)
        assert response.status_code == 409
        said = f"the tenant `{tenant}` is there already, and is not what the export says: configuration `KEY` (changed)"
        assert response.json()["error_description"].startswith(said)
        assert response.json()["error_description"].endswith("(and 2 more)")
        assert response.json()["problems"] == differences
    assert (await put(service, tenant, text, PHRASE, "?dry_run=true&replace=true"))["differences"] == differences
    assert await everything(service, tenant) == before
    assert await answers(service, tenant) == changed
    done = await put(service, tenant, text, PHRASE, "?replace=true")
    assert (done["outcome"], done["revision"], done["differences"]) == ("replaced", 11, differences)
    # The same answers, but for the number of the revision: earlier ones mean what they meant.
    again = await answers(service, tenant)
    assert [{**one, "revision": 0} for one in again[:4]] == [{**one, "revision": 0} for one in expected[:4]]
    assert again[4:] == expected[4:]
    assert (await put(service, tenant, text, PHRASE))["outcome"] == "unchanged"
    history = (await service.call("GET", "/v1/revisions", tenant=tenant)).json()["revisions"]
    assert history[1:] == before[1]["revisions"]
    # What was changed stands in the audit log, thing by thing.
    entries = (await service.call("GET", "/v1/audit", tenant=tenant)).json()["entries"]
    new = [entry for entry in entries if entry not in before[5]["entries"]]
    assert sorted((entry["act"], entry["revision"]) for entry in new) == [
        ("configuration.set", None),
        ("hook_secret.set", None),
        ("rule.change", 11),
        ("rule.delete", 11),
        ("tenant.import", 11),
    ]
    assert {entry["by"] for entry in new} == {"tester"}


async def test_without_secrets_their_names_are_told(service: Running, other: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant)
    done = await put(other, tenant, text)
    assert done["missing"] == {"configuration": ["KEY"], "hook_secrets": ["hydra/a"]}
    await other.call("PUT", "/v1/configuration/KEY", {"value": VALUE}, tenant=tenant)
    done = await put(other, tenant, text)
    assert (done["outcome"], done["missing"]) == ("unchanged", {"configuration": [], "hook_secrets": ["hydra/a"]})
    # An export with secrets, of which they are left aside.
    sealed = await export(service, tenant, PHRASE)
    assert (await put(other, tenant, sealed))["outcome"] == "unchanged"
    response = await send(other, tenant, text, PHRASE)
    assert (response.status_code, response.json()["error_description"]) == (
        422,
        "it has no values of secrets, for which the passphrase would be",
    )


# Secrets


async def test_no_secret_is_anywhere_in_clear(service: Running, capfd: pytest.CaptureFixture[str]) -> None:
    tenant = await made(service)
    plain, text = await export(service, tenant), await export(service, tenant, PHRASE)
    refused = await send(service, tenant, text, "another passphrase")
    done = await put(service, tenant, text, PHRASE)
    log = "".join(capfd.readouterr())
    said = str(await everything(service, tenant))
    for secret in (VALUE, SECRET, PHRASE):
        for where in (plain.decode(), text.decode(), refused.text, str(done), said, log):
            assert secret not in where
    assert "a tenant was exported with its secrets" in log


async def test_a_wrong_passphrase_is_one_clear_line(service: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant, PHRASE)
    before = await everything(service, tenant)
    response = await send(service, tenant, text, PHRASE + "x", "?replace=true")
    assert (response.status_code, response.json()) == (
        422,
        {
            "error": "unprocessable",
            "error_description": "the passphrase is another one, or the file was changed: its secrets cannot be opened",
            "problems": [],
        },
    )
    for phrase in ("", "x" * 11, "x" * 1025):
        short = await service.call("POST", f"/v1/tenants/{tenant}/export", {"passphrase": phrase})
        assert (short.status_code, short.json()["error_description"]) == (
            422,
            f"the passphrase has {len(phrase)} characters: it has to have 12 to 1024",
        )
    assert await everything(service, tenant) == before


def signed(lines: list[bytes]) -> bytes:
    """With an end that is right, as anybody could write it."""
    end = {"kind": "end", "lines": len(lines), "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    return b"".join([*lines, json.dumps(end).encode() + b"\n"])


def edited(text: bytes, old: str, new: str) -> bytes:
    """Another script of a rule, with digests that are right everywhere."""
    sums = [hashlib.sha256(script.encode()).hexdigest() for script in (old, new)]
    lines = text.splitlines(keepends=True)[:-1]
    names = [json.dumps(script).encode() for script in (old, new)]
    assert any(names[0] in line for line in lines)
    return signed([line.replace(names[0], names[1]).replace(sums[0].encode(), sums[1].encode()) for line in lines])


async def test_secrets_open_only_with_the_rules_they_were_exported_with(service: Running, other: Running) -> None:
    """Else somebody who has the file, and not its passphrase, could write a rule that tells them."""
    tenant = await made(service)
    text = await export(service, tenant, PHRASE)
    script = "def rule(user, context):\n" + "\n".join(f"    {line}" for line in READS.splitlines()) + "\n"
    evil = edited(text, script, script.replace("context.idToken.key", "context.idToken.stolen"))
    response = await send(other, tenant, evil, PHRASE)
    assert (response.status_code, "its secrets cannot be opened" in response.text) == (422, True)
    assert (await other.call("GET", f"/v1/tenants/{tenant}")).status_code == 404
    assert (await put(other, tenant, evil))["outcome"] == "made"  # without secrets it is a file like any other


async def test_a_secret_that_cannot_be_read_is_said(service: Running) -> None:
    tenant = await made(service)
    [one] = (await service.service.store.hook_secrets([tenant]))[tenant].secrets
    await service.service.store.seal_hook_secret_again(one, b"changed in the database")
    response = await service.call("POST", f"/v1/tenants/{tenant}/export", {"passphrase": PHRASE})
    assert response.status_code == 503
    assert "secret `a` of `hydra`" in response.json()["error_description"]
    assert await export(service, tenant)  # its name can be exported


# What is refused, and changes nothing


async def test_scripts_that_do_not_compile(service: Running, other: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant)
    module = edited(text, "where = 'here'\n", "where = (\n")
    draft = await service.add("draft", "context.idToken.draft = 1", tenant=tenant, deploy=False)
    drafted = await export(service, tenant)
    script = "def rule(user, context):\n    context.idToken.draft = 1\n"
    for evil, what in ((module, "module `geo`"), (edited(drafted, script, "import os\n"), "rule `draft`")):
        response = await send(other, tenant, evil)
        assert (response.status_code, response.json()["error"]) == (422, "invalid_rule")
        assert response.json()["error_description"].startswith(f"{what}, line 1")
    assert draft.live is None
    assert (await other.call("GET", f"/v1/tenants/{tenant}")).status_code == 404


def with_line(text: bytes, kind: str, **fields: Any) -> bytes:
    lines = [json.loads(line) for line in text.splitlines()[:-1]]
    next(line for line in lines if line["kind"] == kind).update(fields)
    return signed([json.dumps(line).encode() + b"\n" for line in lines])


async def test_what_only_a_service_can_know(service: Running, other: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant)
    settings = json.loads(next(line for line in text.splitlines() if b'"settings"' in line))["settings"]
    lines = text.splitlines(keepends=True)[:-1]
    revision = {"kind": "revision", "number": 9, "created_at": "2026-01-01T00:00:00Z", "created_by": "x"}
    shadow = [line for line in lines if b'"kind":"shadow"' in line]
    for changed, said in (
        ({"hooks": {"other": {}}}, "`hooks`: `other` is none of the issuers"),
        ({"recording": {"redact": ["/nothing"]}}, "`recording.redact`: `/nothing` would never hide anything"),
    ):
        more = revision | {"restores": None, "rules": [], "settings": {**settings, **changed}}
        place = next(place for place, line in enumerate(lines) if b'"kind":"configuration"' in line)
        evil = signed([*lines[:place], json.dumps(more).encode() + b"\n", *lines[place:]])
        response = await send(other, tenant, evil)
        assert response.status_code == 400, response.text
        assert response.json()["error_description"].startswith(said)
    assert shadow
    for fields in ({"issuer": "nobody"}, {"type": "jwt"}, {"type": "none"}):
        response = await send(other, tenant, with_line(text, "hook_secret", **fields))
        assert response.status_code == 422
        assert "that can show a secret of the type" in response.json()["error_description"]
    response = await send(other, "elsewhere", text)
    assert (response.status_code, response.json()["error_description"]) == (
        422,
        f"the export is of the tenant `{tenant}`, not of `elsewhere`",
    )
    assert [one["id"] for one in (await other.call("GET", "/v1/tenants")).json()["tenants"]].count(tenant) == 0


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, "the file ends behind line 0, where more has to come: it is not whole"),
        (b"{}\n", 422, "line 1: this is no export of Claimsmith"),
        (b"x" * 9_000_000, 422, "line 1: longer than 8388608 bytes"),
        (
            b'{"kind":"tenant","format":2,"tenant":"a"}\n',
            422,
            "line 1: the export has the format 2: a newer Claimsmith",
        ),
        (b'{"kind":"passphrase","passphrase":1}\n', 422, "line 1: Expected `str`, got `int` - at `$.passphrase`"),
        (b'{"kind":"passphrase","passphrase":"x","y":1}\n', 422, "line 1: Object contains unknown field `y`"),
        (b'{"kind":"passphrase","passphrase":"x"}\n{}\n', 422, "line 2: this is no export of Claimsmith"),
        (b"\xff" * 100 + b"\n", 422, "line 1: this is no export of Claimsmith"),
        (b"[" * 1_000_000 + b"\n", 422, "line 1: this is no export of Claimsmith"),
        (b"x" * (BODIES * 1024 * 1024 + 1), 413, f"the body is larger than {BODIES * 1024 * 1024} bytes"),
    ],
    ids=range(10),
)
async def test_what_is_no_export(service: Running, body: bytes, status: int, said: str) -> None:
    tenant = await fresh.tenant(service)
    before = await everything(service, tenant)
    response = await send(service, tenant, body)
    assert response.status_code == status
    assert response.json().keys() == {"error", "error_description", "problems"}
    assert response.json()["error_description"].startswith(said)
    assert await everything(service, tenant) == before


async def test_cut_off_or_changed(service: Running, other: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant, PHRASE)
    lines = text.splitlines(keepends=True)
    for part in (text[:-1], text[: len(text) // 2], b"".join(lines[:-1]), b"".join(lines[:3] + lines[4:])):
        assert (await send(other, tenant, part, PHRASE)).status_code == 422
    assert (await send(other, tenant, text.replace(b"where", b"whera", 1), PHRASE)).status_code == 422
    assert (await other.call("GET", f"/v1/tenants/{tenant}")).status_code == 404


async def test_another_type_of_body_or_query(service: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant)
    path = f"/v1/tenants/{tenant}/import"
    for kind in ("application/json", "text/plain", "", "application/x-ndjson; charset=utf-16"):
        assert (await service.call("PUT", path, text, headers={"Content-Type": kind})).status_code == 415
    for query, said in (
        ("?replace=yes", "`replace`: `yes` cannot be taken: give `true`: also a tenant that is there, and another"),
        ("?dry_run=", "`dry_run`: `` cannot be taken: give `true`: do all of it, and take it back"),
        ("?force=true", "`force`: there is no such parameter here; known are replace, dry_run"),
    ):
        response = await send(service, tenant, text, query=query)
        assert (response.status_code, response.json()["error_description"]) == (400, said)


async def test_what_fails_half_way_leaves_the_service_as_it_was(service: Running) -> None:
    tenant = await made(service)
    text = await export(service, tenant, PHRASE)
    await service.call("DELETE", f"/v1/tenants/{tenant}")
    before = await everything(service, tenant)

    async def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("half-way")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "add", fails)
        assert (await send(service, tenant, text, PHRASE)).status_code == 500
    assert await everything(service, tenant) == before
    assert (await service.call("POST", "/v1/execute", {"user": {}}, tenant=tenant)).status_code == 404
    assert (await put(service, tenant, text, PHRASE))["outcome"] == "made"
    assert (await answers(service, tenant))[4] == 200


async def test_an_export_that_could_not_be_imported_is_none(tmp_path: Path) -> None:
    async with running(tmp_path, {"CLAIMSMITH_BODY_BYTES": "1024"}) as small:
        await small.authoring.put_module("default", "geo", "x = '" + "y" * 60_000 + "'\n", by="ann")
        await small.authoring.put_module("default", "geo", "x = '" + "z" * 60_000 + "'\n", by="ann")
        response = await small.call("GET", "/v1/tenants/default/export")
        assert response.status_code == 422
        assert "set CLAIMSMITH_BODY_BYTES higher" in response.json()["error_description"]


async def test_the_database_with_its_secret_is_a_backup(tmp_path: Path) -> None:
    """As docs/operations.md has it: taken while the service runs."""
    here, there = tmp_path / "here", tmp_path / "there"
    async with running(here) as service:
        await service.add("one", "context.idToken.a = configuration.KEY")
        await service.call("PUT", "/v1/configuration/KEY", {"value": VALUE})
        execution = await service.execute()
        await service.service.records.close()
        record = await service.record(execution["execution_id"])
        there.mkdir(mode=0o700)
        with (
            contextlib.closing(sqlite3.connect(here / "claimsmith.db")) as source,
            contextlib.closing(sqlite3.connect(there / "claimsmith.db")) as target,
        ):
            source.backup(target)
        shutil.copy(here / "secret", there)
    async with running(there) as restored:
        assert await restored.record(execution["execution_id"]) == record
        assert (await restored.execute())["idToken"] == {"a": VALUE}
    (there / "secret").write_text("another secret " * 3)
    with pytest.raises(BadSetting, match="this database belongs to a service with another secret"):
        async with running(there):
            pass


async def test_there_is_nothing_of_a_tenant_that_is_not_there(service: Running) -> None:
    for method, body in (("GET", None), ("POST", {"passphrase": PHRASE})):
        response = await service.call(method, "/v1/tenants/nobody/export", body)
        assert (response.status_code, response.json()["error_description"]) == (404, "tenant `nobody` does not exist")
    assert (await service.call("GET", "/v1/audit", tenant="nobody")).json()["entries"] == []
