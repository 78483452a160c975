"""The contract of the store, on both databases."""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from engine.models import (
    ALWAYS,
    Conditions,
    OnFailure,
    PipelineRule,
    Recording,
    Revision,
    Rule,
    RuleVersion,
    Tenant,
    TenantSettings,
)
from engine.store.audit import Which
from engine.store.database import Database
from engine.store.errors import (
    Conflict,
    EtagMismatch,
    Incompatible,
    NotFound,
    OrderIncomplete,
    StoreError,
    Unavailable,
    Unstorable,
)
from engine.store.executions import ExecutionRow, Filter
from engine.store.hook_secrets import SealedSecret, TenantSecrets
from engine.store.migrating import OLDEST, newest
from engine.store.pipeline import WantedRule
from engine.store.rules import RuleChanges
from engine.store.store import Store
from engine.store.tables import metadata
from tests.servers import UNPRIVILEGED, postgres_server

pytestmark = pytest.mark.anyio

ONE = "def rule(user, context):\n    context.idToken['https://example.com/one'] = 'ä'\n"
TWO = "def rule(user, context):\n    pass\n"


async def create(
    store: Store,
    name: str,
    *,
    tenant: str = "default",
    script: str = ONE,
    order: int | None = None,
    enabled: bool = True,
    on_failure: OnFailure = "deny",
    deploy: bool = True,
) -> Rule:
    rule, _ = await store.create_rule(
        tenant,
        name=name,
        script=script,
        order=order,
        enabled=enabled,
        on_failure=on_failure,
        deploy=deploy,
        by="ann",
    )
    return rule


def sha256(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()


def row(id: str, *, tenant: str = "default", record: bytes = b'{"a":1}', **found_by: Any) -> ExecutionRow:
    given: dict[str, Any] = {
        "decision": "allow",
        "client": None,
        "user_digest": None,
        "shape": 0,
        "marks": (),
    } | found_by
    return ExecutionRow(id=id, tenant=tenant, record=record, **given)


async def state(store: Store, tenant: str = "default") -> tuple[list[Rule], list[Revision]]:
    return await store.rules(tenant), await store.revisions(tenant, None, 1000)


async def test_conditions_are_kept(store: Store) -> None:
    only = Conditions(clients=("a", "ü\u2028"), protocols=("p",))
    rule, revision = await store.create_rule(
        "default",
        name="one",
        script=ONE,
        order=None,
        enabled=True,
        on_failure="deny",
        conditions=only,
        deploy=True,
        by="a",
    )
    assert revision is not None
    assert (await store.rule("default", rule.id)).saved.conditions == only
    other = RuleChanges(conditions=ALWAYS)
    await store.update_rule("default", rule.id, changes=other, deploy=True, by="a")
    changed = await store.rule("default", rule.id)
    assert changed.live is not None
    assert (changed.saved.conditions, changed.live.conditions) == (ALWAYS, ALWAYS)
    await store.activate("default", revision.number, "a")
    restored = await store.rule("default", rule.id)
    assert restored.live is not None
    assert (restored.saved.conditions, restored.live.conditions) == (only, only)


async def test_sets_of_values_that_were_replaced_are_removed(store: Store) -> None:
    for _ in range(3):
        await store.change_configuration("default", lambda before, new, now: ((), bytes([new])), "a")
    first = await store.numbered_configuration("default", 1)
    assert await store.remove_replaced_configurations("default", first.created_at) == 0
    assert await store.remove_replaced_configurations("nobody", datetime.now(UTC) + timedelta(days=1)) == 0
    assert await store.remove_replaced_configurations("default", datetime.now(UTC) + timedelta(days=1)) == 2
    live = await store.configuration("default")
    assert live is not None
    assert (live.number, live.sealed) == (3, bytes([3]))
    with pytest.raises(NotFound):
        await store.numbered_configuration("default", 1)


# Secrets of issuers' hooks


def sealed(id: str, *, tenant: str = "default", issuer: str = "hydra", text: bytes = b"x") -> SealedSecret:
    now = datetime.now(UTC)
    return SealedSecret(tenant=tenant, issuer=issuer, id=id, type="header", sealed=text, set_at=now, set_by="ann")


async def put_secret(store: Store, one: SealedSecret) -> TenantSecrets:
    return await store.put_hook_secret(one, lambda before: None)


async def test_secrets_of_hooks_are_put_replaced_and_deleted(store: Store) -> None:
    await store.create_tenant("acme", "root")
    assert await store.hook_secrets(["default", "acme", "nobody"]) == {
        tenant: TenantSecrets(stamp=None, secrets=()) for tenant in ("default", "acme")
    }
    first, other = sealed("a", text=b"\0\xff"), sealed("a", issuer="okta")
    await put_secret(store, first)
    await put_secret(store, other)
    made = await put_secret(store, foreign := sealed("a", tenant="acme"))
    assert made.secrets == (foreign,)
    again = sealed("a", text=b"new")
    made = await put_secret(store, again)
    assert made.secrets == (other, again)
    assert await store.hook_secrets(["default", "acme", "nobody"]) == {
        "default": made,
        "acme": TenantSecrets(stamp=(await store.hook_secret_stamps())["acme"], secrets=(foreign,)),
    }
    assert sorted(one.tenant for one in await store.every_hook_secret()) == ["acme", "default", "default"]
    for tenant, issuer, name in (("default", "hydra", "b"), ("acme", "okta", "a"), ("default", "x", "a")):
        with pytest.raises(NotFound, match=f"secret `{name}` does not exist"):
            await store.delete_hook_secret(tenant, issuer, name, "bob")
    assert (await store.delete_hook_secret("default", "hydra", "a", "bob")).secrets == (other,)
    assert (await store.hook_secrets(["acme"]))["acme"].secrets == (foreign,)


async def test_every_change_of_a_secret_is_another_stamp(store: Store) -> None:
    assert await store.hook_secret_stamps() == {}
    stamps = [
        (await put_secret(store, sealed("a"))).stamp,
        (await put_secret(store, sealed("a"))).stamp,
        (await store.delete_hook_secret("default", "hydra", "a", "bob")).stamp,
        (await put_secret(store, sealed("a"))).stamp,
    ]
    assert len(set(stamps)) == 4
    assert await store.hook_secret_stamps() == {"default": stamps[-1]}
    await store.delete_tenant("default", "bob")
    assert await store.hook_secret_stamps() == {}
    assert await store.every_hook_secret() == []
    await store.create_tenant("default", "root")
    assert await store.hook_secrets(["default"]) == {"default": TenantSecrets(stamp=None, secrets=())}


async def test_what_a_guard_of_secrets_raises_stops_the_change(store: Store) -> None:
    one = sealed("a")
    made = await put_secret(store, one)

    def stop(before: Any) -> None:
        assert list(before) == [one]
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        await store.put_hook_secret(sealed("b"), stop)
    assert await store.hook_secrets(["default"]) == {"default": made}
    with pytest.raises(NotFound, match="tenant `nobody`"):
        await store.put_hook_secret(sealed("a", tenant="nobody"), stop)


async def test_of_many_secrets_at_once_no_guard_misses_one(store: Store, url: str) -> None:
    other = await Store.open(url)

    def at_most_three(before: Any) -> None:
        if len(before) >= 3:
            raise RuntimeError("enough")

    puts = [(store, other)[n % 2].put_hook_secret(sealed(f"s{n}"), at_most_three) for n in range(10)]
    results = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(isinstance(result, RuntimeError) for result in results) == 7
    assert len(await store.every_hook_secret()) == 3
    await other.close()


async def test_a_secret_that_was_changed_meanwhile_is_not_sealed_again(store: Store) -> None:
    one = sealed("a", text=b"old")
    made = await put_secret(store, one)
    await store.seal_hook_secret_again(one, b"the same, sealed anew")
    found = (await store.hook_secrets(["default"]))["default"]
    assert (found.stamp, found.secrets[0].sealed, found.secrets[0].set_at) == (
        made.stamp,
        b"the same, sealed anew",
        one.set_at,
    )
    await put_secret(store, sealed("a", text=b"new"))
    await store.seal_hook_secret_again(one, b"too late")
    assert [found.sealed for found in await store.every_hook_secret()] == [b"new"]


async def test_secrets_of_more_tenants_than_one_query_takes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.hook_secrets.AT_ONCE", 2)
    names = [f"t{n}" for n in range(5)]
    for name in names:
        await store.create_tenant(name, "root")
        await put_secret(store, sealed("a", tenant=name))
    found = await store.hook_secrets(names)
    assert {name: [one.tenant for one in found[name].secrets] for name in found} == {name: [name] for name in names}
    assert await store.hook_secrets([]) == {}


# Opening


async def test_migrations_make_the_tables_that_the_queries_expect(url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    database = await Database.open(url)
    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_reopening_sees_the_same(store: Store, url: str) -> None:
    rule = await create(store, "a")
    again = await Store.open(url)
    assert await again.tenants() == await store.tenants()
    assert await state(again) == await state(store)
    assert await again.rules("default") == [rule]
    await again.close()


async def test_replicas_may_open_a_new_database_at_once(url: str) -> None:
    stores = await asyncio.gather(*(Store.open(url) for _ in range(4)))
    tenants = await asyncio.gather(*(store.create_tenant("default", "root") for store in stores))
    assert [await store.tenants() for store in stores] == [[tenants[0]]] * 4
    assert tenants == [tenants[0]] * 4
    await asyncio.gather(*(store.close() for store in stores))


async def newer(url: str, oldest: str | None) -> None:
    """As if a newer version had migrated it, with more tables and columns."""
    database = await Database.open(url)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await connection.execute(text("ALTER TABLE rules ADD COLUMN colour TEXT"))
        await connection.execute(text("CREATE TABLE colours (name TEXT PRIMARY KEY)"))
        if oldest is None:
            await connection.execute(text("DROP TABLE compatibility"))
        else:
            await connection.execute(text("UPDATE compatibility SET oldest = :oldest"), {"oldest": oldest})
    await database.close()


async def test_newer_tables_that_have_only_more_are_worked_with(store: Store, url: str) -> None:
    """An upgrade goes replica by replica: one of the old version is started again meanwhile."""
    rule = await create(store, "a")
    await newer(url, newest())
    again = await Store.open(url)
    assert await again.rules("default") == [rule]
    await create(again, "b")
    await create(store, "c")
    assert [one.saved.name for one in await store.rules("default")] == ["a", "b", "c"]
    assert await Database.version(url) == "9999"
    await again.close()


async def test_a_new_database_says_what_can_work_with_it(url: str) -> None:
    assert await Database.version(url) is None
    await (await Database.open(url)).close()
    assert await Database.version(url) == newest()
    database = await Database.open(url)
    async with database.reading() as connection:
        assert (await connection.scalars(text("SELECT oldest FROM compatibility"))).one() == OLDEST
    await database.close()


@pytest.mark.parametrize("oldest", ["9998", None])
async def test_a_database_of_a_newer_version_is_refused(store: Store, url: str, oldest: str | None) -> None:
    await newer(url, oldest)
    with pytest.raises(
        Incompatible, match=r"^the database belongs to a newer version of claimsmith: upgrade this one$"
    ):
        await Store.open(url)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "claimsmith.db", "", "sqlite+pysqlite:///x.db"])
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError) as raised:
        await Store.open(url)
    assert str(raised.value) == (
        f"database URL with scheme `{url.partition(':')[0]}`: use `sqlite:///path` or `postgresql://user@host/database`"
    )


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///x.db?mode=ro", "sqlite:x.db"])
async def test_sqlite_needs_a_file(url: str) -> None:
    with pytest.raises(ValueError, match=r"^a database URL for SQLite names a file and nothing else: use "):
        await Store.open(url)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "missing"
    with pytest.raises(Unavailable) as raised:
        await Store.open(f"sqlite:///{folder}/claimsmith.db")
    assert str(raised.value) == (
        f"the database is unavailable: `{folder}/claimsmith.db`: the folder `{folder}` does not exist"
    )


async def test_a_database_file_is_for_the_service_alone(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/claimsmith.db")
    await store.create_tenant("default", "root")
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    await store.close()
    assert modes == {f"claimsmith.db{suffix}": 0o600 for suffix in ("", "-shm", "-wal")}


async def test_a_folder_is_no_database_file(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        await Store.open(f"sqlite:///{tmp_path}")
    assert str(raised.value) == f"the database is unavailable: `{tmp_path}`: unable to open database file"


async def test_another_file_is_no_database_file(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear database, " * 100)
    with pytest.raises(Unavailable) as raised:
        await Store.open(f"sqlite:///{file}")
    assert str(raised.value) == f"the database is unavailable: `{file}`: file is not a database"


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Root may write everywhere, so it is somebody else for a moment, who owns the folder."""
    user = os.geteuid()
    if user == 0:
        nobody = pwd.getpwnam(UNPRIVILEGED).pw_uid
        for file in (folder, *folder.iterdir()):
            os.chown(file, nobody, -1)
        os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(user)


async def test_what_cannot_be_written_is_unavailable() -> None:
    # Not under `tmp_path`, which only its owner may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "claimsmith.db"
        store = await Store.open(f"sqlite:///{file}")
        await store.close()
        file.chmod(0o400)
        folder.chmod(0o500)
        with unprivileged(folder):
            with pytest.raises(Unavailable) as readonly:
                await Store.open(f"sqlite:///{file}")
            with pytest.raises(Unavailable) as uncreatable:
                await Store.open(f"sqlite:///{folder}/new.db")
        folder.chmod(0o700)
    assert str(readonly.value) == (f"the database is unavailable: `{file}`: attempt to write a readonly database")
    assert str(uncreatable.value) == f"the database is unavailable: `{folder}/new.db`: Permission denied"


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"^the database is unavailable: .*No such file or directory"):
        await Store.open(f"postgresql://postgres@/postgres?host={tmp_path}")
    with pytest.raises(Unavailable, match=r"^the database is unavailable: .*Connect call failed"):
        await Store.open("postgres://postgres@127.0.0.1:1/postgres")


async def test_a_missing_database_is_unavailable(postgres_url: str) -> None:
    with pytest.raises(Unavailable, match='database "elsewhere" does not exist'):
        await Store.open(postgres_url.replace("/postgres?", "/elsewhere?"))


async def test_a_stopped_server_is_unavailable_until_it_is_back() -> None:
    with postgres_server() as server:
        store = await Store.open(server.url.replace("postgresql://", "postgres://"))
        tenant = await store.create_tenant("default", "root")
        server.stop()
        with pytest.raises(Unavailable) as raised:
            await store.tenants()
        assert raised.value.message == "the database is unavailable"
        with pytest.raises(Unavailable):
            await create(store, "a")
        server.start()
        assert await store.tenants() == [tenant]
        assert (await create(store, "a")).saved.order == 1
        await store.close()


async def test_the_first_key_check_decides(store: Store, url: str) -> None:
    assert [await store.key_check(value) for value in (b"\x00one", b"\x00one", b"two")] == [True, True, False]
    other = await Store.open(url)
    assert [await other.key_check(value) for value in (b"two", b"\x00one")] == [False, True]
    await other.close()


async def test_of_two_keys_at_once_one_is_right(store: Store, url: str) -> None:
    other = await Store.open(url)
    assert sorted(await asyncio.gather(store.key_check(b"one"), other.key_check(b"two"))) == [False, True]
    await other.close()


# Tenants


async def test_a_tenant_begins_with_an_empty_revision(store: Store) -> None:
    before = datetime.now(UTC)
    tenant = await store.create_tenant("acme", "root")
    assert tenant == Tenant(id="acme", created_at=tenant.created_at)
    assert before <= tenant.created_at <= datetime.now(UTC)
    assert tenant.created_at.utcoffset() == timedelta(0)
    assert await store.tenant("acme") == tenant
    assert await store.revisions("acme", None, 10) == [
        Revision(
            tenant="acme",
            number=1,
            rules=(),
            settings=TenantSettings(),
            created_at=tenant.created_at,
            created_by="root",
        )
    ]


async def test_a_tenant_is_created_once(store: Store) -> None:
    await create(store, "a")
    before = await state(store)
    tenant = await store.tenant("default")
    assert await store.create_tenant("default", "somebody else") == tenant
    assert await state(store) == before
    assert await store.tenants() == [tenant]


async def test_settings_make_a_revision_when_they_change(store: Store) -> None:
    rule = await create(store, "a")
    strict = TenantSettings(strict_claims=True)
    changed = await store.change_settings("default", strict, "bob")
    assert changed == Revision(
        tenant="default",
        number=3,
        rules=(rule.saved,),
        settings=strict,
        created_at=changed.created_at,
        created_by="bob",
    )
    assert await store.change_settings("default", strict, "eve") == changed
    assert await store.live_revision("default") == changed
    assert (await store.change_settings("default", TenantSettings(), "eve")).number == 4


async def test_deleting_a_tenant_removes_everything_of_it_and_nothing_else(store: Store) -> None:
    await store.create_tenant("acme", "root")
    gone = await create(store, "a", tenant="acme", script=TWO)
    kept = await create(store, "a")
    await store.add_executions([row("exe_1", tenant="acme"), row("exe_2")])
    await put_secret(store, sealed("a", tenant="acme"))
    await put_secret(store, sealed("a"))
    await store.delete_tenant("acme", "bob")

    assert [tenant.id for tenant in await store.tenants()] == ["default"]
    assert list(await store.live_stamps()) == ["default"]
    assert await store.rules("default") == [kept]
    assert await store.execution("default", "exe_2") == b'{"a":1}'
    assert await store.scripts([sha256(TWO)]) == {}
    assert [one.tenant for one in await store.every_hook_secret()] == ["default"]
    for missing in (
        store.tenant("acme"),
        store.live_revision("acme"),
        store.versions("acme", gone.id),
        store.revision("acme", 2),
        store.execution("acme", "exe_1"),
        store.delete_tenant("acme", "bob"),
    ):
        with pytest.raises(NotFound):
            await missing

    await store.create_tenant("acme", "root")
    assert [revision.number for revision in (await state(store, "acme"))[1]] == [1]
    with pytest.raises(NotFound):
        await store.execution("acme", "exe_1")


async def test_live_stamps_of_all_tenants(store: Store) -> None:
    await store.create_tenant("acme", "root")
    await create(store, "a")
    await create(store, "b")
    await create(store, "c", deploy=False)
    lives = [await store.live_revision(tenant) for tenant in ("acme", "default")]
    assert await store.live_stamps() == {live.tenant: (live.number, live.created_at) for live in lives}
    assert [live.number for live in lives] == [1, 3]


# Rules


async def test_a_created_rule_is_live(store: Store) -> None:
    rule, revision = await store.create_rule(
        "default",
        name="first",
        script=ONE,
        order=None,
        enabled=False,
        on_failure="skip",
        deploy=True,
        by="ann",
    )
    assert re.fullmatch("rul_[a-z0-9_-]{20}", rule.id)
    entry = PipelineRule(
        id=rule.id,
        name="first",
        version=1,
        sha256=sha256(ONE),
        order=1,
        enabled=False,
        on_failure="skip",
    )
    at = rule.created_at
    assert rule == Rule(id=rule.id, saved=entry, live=entry, created_at=at, updated_at=at)
    assert revision == Revision(
        tenant="default",
        number=2,
        rules=(entry,),
        settings=TenantSettings(),
        created_at=at,
        created_by="ann",
    )
    version = RuleVersion(rule_id=rule.id, number=1, script=ONE, sha256=sha256(ONE), created_at=at, created_by="ann")
    assert at.utcoffset() == timedelta(0)
    assert await store.rule("default", rule.id) == rule
    assert await store.rules("default") == [rule]
    assert await store.live_revision("default") == revision
    assert await store.revision("default", 2) == revision
    assert await store.versions("default", rule.id) == [version]
    assert await store.version("default", rule.id, 1) == version


async def test_a_saved_rule_waits_for_its_deployment(store: Store) -> None:
    rule = await create(store, "a", deploy=False)
    assert rule.live is None
    assert await store.rule("default", rule.id) == rule
    assert (await store.live_revision("default")).number == 1

    saved, revision = await store.update_rule(
        "default", rule.id, changes=RuleChanges(script=TWO, name="b"), deploy=False, by="bob"
    )
    assert (saved.saved.version, saved.saved.name, saved.live, revision) == (2, "b", None, None)

    deployed, revision = await store.update_rule("default", rule.id, changes=RuleChanges(), deploy=True, by="cho")
    assert deployed == Rule(
        id=rule.id,
        saved=saved.saved,
        live=saved.saved,
        created_at=rule.created_at,
        updated_at=saved.updated_at,
    )
    assert revision is not None
    assert (revision.number, revision.rules, revision.created_by) == (2, (saved.saved,), "cho")
    assert await store.rule("default", rule.id) == deployed


async def test_a_save_leaves_what_is_live(store: Store) -> None:
    rule = await create(store, "a")
    saved, revision = await store.update_rule(
        "default", rule.id, changes=RuleChanges(script=TWO, enabled=False), deploy=False, by="bob"
    )
    assert revision is None
    assert saved.live == rule.saved
    assert saved.saved == PipelineRule(
        id=rule.id,
        name="a",
        version=2,
        sha256=sha256(TWO),
        order=1,
        enabled=False,
        on_failure="deny",
    )
    assert saved.updated_at > rule.updated_at
    assert await store.rule("default", rule.id) == saved
    assert (await store.live_revision("default")).rules == (rule.saved,)


async def test_every_field_can_change(store: Store) -> None:
    rule = await create(store, "a")
    changes = RuleChanges(name="b", script=TWO, order=-7, enabled=False, on_failure="skip")
    changed, revision = await store.update_rule("default", rule.id, changes=changes, deploy=True, by="bob")
    entry = PipelineRule(
        id=rule.id,
        name="b",
        version=2,
        sha256=sha256(TWO),
        order=-7,
        enabled=False,
        on_failure="skip",
    )
    assert revision is not None
    assert changed == Rule(
        id=rule.id,
        saved=entry,
        live=entry,
        created_at=rule.created_at,
        updated_at=revision.created_at,
    )
    assert await store.versions("default", rule.id) == [
        RuleVersion(
            rule_id=rule.id,
            number=number,
            script=script,
            sha256=sha256(script),
            created_at=at,
            created_by=by,
        )
        for number, script, at, by in (
            (2, TWO, revision.created_at, "bob"),
            (1, ONE, rule.created_at, "ann"),
        )
    ]


async def test_changing_nothing_makes_nothing(store: Store) -> None:
    rule = await create(store, "a")
    before = await state(store)
    for changes in (
        RuleChanges(),
        RuleChanges(script=ONE, name="a", order=1, enabled=True, on_failure="deny"),
    ):
        unchanged = await store.update_rule("default", rule.id, changes=changes, deploy=True, by="bob")
        assert unchanged == (rule, None)
    assert await state(store) == before
    assert len(await store.versions("default", rule.id)) == 1


async def test_the_script_before_last_is_a_new_version(store: Store) -> None:
    rule = await create(store, "a", script=ONE)
    for script in (TWO, ONE, ONE):
        await store.update_rule("default", rule.id, changes=RuleChanges(script=script), deploy=False, by="x")
    versions = await store.versions("default", rule.id)
    assert [(version.number, version.script) for version in versions] == [(3, ONE), (2, TWO), (1, ONE)]


async def test_ties_run_in_order_of_creation(store: Store) -> None:
    names = ["same", "same", "first", "last", "same"]
    orders = [5, 5, -1, None, 5]
    made = [await create(store, name, order=order) for name, order in zip(names, orders, strict=True)]
    assert [rule.saved.order for rule in made] == [5, 5, -1, 6, 5]
    expected = [made[2].id, made[0].id, made[1].id, made[4].id, made[3].id]
    assert [rule.id for rule in await store.rules("default")] == expected
    assert [entry.id for entry in (await store.live_revision("default")).rules] == expected

    await store.update_rule("default", made[3].id, changes=RuleChanges(order=5), deploy=True, by="x")
    expected = [made[2].id, made[0].id, made[1].id, made[3].id, made[4].id]
    assert [rule.id for rule in await store.rules("default")] == expected
    assert [entry.id for entry in (await store.live_revision("default")).rules] == expected


async def test_a_guard_sees_the_rule_and_can_stop_the_change(store: Store) -> None:
    rule = await create(store, "a")
    before = await state(store)
    seen: list[Rule] = []

    def guard(current: Rule) -> None:
        seen.append(current)
        raise EtagMismatch("rule", current.id)

    message = f"^rule `{rule.id}` has changed since it was read: read it again$"
    with pytest.raises(EtagMismatch, match=message):
        await store.update_rule("default", rule.id, changes=RuleChanges(script=TWO), deploy=True, by="x", guard=guard)
    with pytest.raises(EtagMismatch, match=message):
        await store.delete_rule("default", rule.id, "x", guard)
    assert seen == [rule, rule]
    assert await state(store) == before
    assert len(await store.versions("default", rule.id)) == 1

    await store.update_rule("default", rule.id, changes=RuleChanges(name="b"), deploy=True, by="x", guard=seen.append)
    await store.delete_rule("default", rule.id, "x", seen.append)
    assert [current.saved.name for current in seen] == ["a", "a", "a", "b"]


async def test_a_deleted_rule_leaves_its_history(store: Store) -> None:
    first, second = await create(store, "a"), await create(store, "b", script=TWO)
    versions = await store.versions("default", first.id)
    revision = await store.delete_rule("default", first.id, "bob")
    assert revision is not None
    assert revision == Revision(
        tenant="default",
        number=4,
        rules=(second.saved,),
        settings=TenantSettings(),
        created_at=revision.created_at,
        created_by="bob",
    )
    assert await store.rules("default") == [second]
    assert await store.versions("default", first.id) == versions
    assert await store.version("default", first.id, 1) == versions[0]
    assert await store.scripts([sha256(ONE)]) == {sha256(ONE): ONE}
    for missing in (
        store.rule("default", first.id),
        store.delete_rule("default", first.id, "bob"),
        store.update_rule("default", first.id, changes=RuleChanges(), deploy=True, by="bob"),
    ):
        with pytest.raises(NotFound, match=f"^rule `{first.id}` does not exist$"):
            await missing


async def test_deleting_what_is_not_live_makes_no_revision(store: Store) -> None:
    rule = await create(store, "a", deploy=False)
    assert await store.delete_rule("default", rule.id, "bob") is None
    assert await store.rules("default") == []
    assert (await store.live_revision("default")).number == 1
    # The place of a deleted rule is free again.
    assert (await create(store, "b")).saved.order == 1


CASES = '{"cases": [{"name": "a", "user": null, "context": {}, "expect": {}}]}'
NONE = '{"cases": []}'


async def test_cases_are_kept_beside_a_rule(store: Store) -> None:
    rule = await create(store, "a")
    before = await state(store)
    assert await store.cases("default", rule.id) is None
    await store.put_cases("default", rule.id, CASES, 1, by="ann")
    kept = await store.cases("default", rule.id)
    assert kept is not None
    assert (kept.text, kept.count, kept.updated_by) == (CASES, 1, "ann")
    await store.put_cases("default", rule.id, CASES, 1, by="bob")
    assert await store.cases("default", rule.id) == kept  # which was no change
    await store.put_cases("default", rule.id, CASES + " ", 1, by="bob")
    await store.put_cases("default", rule.id, NONE, 0, by="bob")
    await store.put_cases("default", rule.id, NONE, 0, by="bob")
    assert await store.cases("default", rule.id) is None
    assert await state(store) == before
    noted = [entry for entry in await store.audit(Which(tenant="default"), 10) if entry.act == "rule.cases"]
    decode = msgspec.json.decode
    shown = [(entry.by, entry.what, decode(entry.before), decode(entry.after)) for entry in noted]
    first = {"name": "a", "count": 1, "sha256": sha256(CASES)}
    second = {"name": "a", "count": 1, "sha256": sha256(CASES + " ")}
    assert shown == [
        ("bob", rule.id, second, None),
        ("bob", rule.id, first, second),
        ("ann", rule.id, None, first),
    ]


async def test_what_a_guard_of_cases_raises_stops_the_change(store: Store) -> None:
    rule = await create(store, "a")
    await store.put_cases("default", rule.id, CASES, 1, by="ann")
    seen: list[Any] = []

    def guard(before: Any) -> None:
        seen.append(before)
        raise EtagMismatch("cases of rule", rule.id)

    with pytest.raises(EtagMismatch):
        await store.put_cases("default", rule.id, NONE, 0, by="ann", guard=guard)
    assert seen == [await store.cases("default", rule.id)]


async def test_cases_go_with_their_rule(store: Store, url: str) -> None:
    await store.create_tenant("acme", "root")
    rules = {name: await create(store, name) for name in ("deleted", "pruned", "old", "kept")}
    foreign = await create(store, "foreign", tenant="acme")
    for rule in rules.values():
        await store.put_cases("default", rule.id, CASES, 1, by="ann")
    await store.put_cases("acme", foreign.id, CASES, 1, by="ann")

    async def left() -> list[str]:
        database = await Database.open(url)
        async with database.reading() as connection:
            ids = set(await connection.scalars(text("SELECT rule_id FROM rule_cases")))
        await database.close()
        return sorted(name for name, rule in {**rules, "foreign": foreign}.items() if rule.id in ids)

    # An older version knows nothing of cases.
    database = await Database.open(url)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE rules SET deleted = :yes WHERE name = 'old'"), {"yes": True})
    await database.close()
    with pytest.raises(NotFound):
        await store.cases("default", rules["old"].id)
    await store.delete_rule("default", rules["deleted"].id, "bob")
    assert await left() == ["foreign", "kept", "pruned"]
    kept = WantedRule(name="kept", script=ONE, order=1, enabled=True, on_failure="deny")
    live = (await store.live_revision("default")).number
    await store.put_rules("default", [kept], expected=live, prune=True, by="bob")
    assert await left() == ["foreign", "kept"]
    await store.activate("default", live, "bob")
    assert await store.cases("default", rules["pruned"].id) is None
    await store.delete_tenant("acme", "root")
    assert await left() == ["kept"]


async def test_the_order_of_all_rules_at_once(store: Store) -> None:
    a, b, c = await create(store, "a"), await create(store, "b", deploy=False), await create(store, "c")
    revision = await store.set_order("default", [c.id, b.id, a.id], "bob")
    live = await store.live_revision("default")
    assert revision == live
    assert (revision.number, revision.created_by) == (4, "bob")
    assert [(entry.id, entry.order) for entry in live.rules] == [(c.id, 1), (a.id, 3)]
    ordered = await store.rules("default")
    assert [(rule.id, rule.saved.order, rule.live is None) for rule in ordered] == [
        (c.id, 1, False),
        (b.id, 2, True),
        (a.id, 3, False),
    ]
    assert [rule.live for rule in ordered if rule.live] == list(live.rules)
    assert ordered[1] == b

    assert await store.set_order("default", [c.id, b.id, a.id], "eve") == live
    assert await store.rules("default") == ordered


async def test_an_incomplete_order_changes_nothing(store: Store) -> None:
    a, b, c = [await create(store, name) for name in "abc"]
    await store.delete_rule("default", c.id, "bob")
    before = await state(store)
    with pytest.raises(OrderIncomplete) as raised:
        await store.set_order("default", [b.id, c.id, b.id, "rul_\0"], "bob")
    assert (raised.value.missing, raised.value.unknown, raised.value.repeated) == (
        (a.id,),
        (c.id, "rul_\0"),
        (b.id,),
    )
    assert str(raised.value) == (
        f"the order must name every rule exactly once: missing `{a.id}`; unknown `{c.id}`, `rul_\0`; repeated `{b.id}`"
    )
    with pytest.raises(OrderIncomplete):
        await store.set_order("default", [], "bob")
    assert await state(store) == before


def wanted(name: str, script: str = ONE, order: int = 1, **fields: Any) -> WantedRule:
    given: dict[str, Any] = {"enabled": True, "on_failure": "deny"} | fields
    return WantedRule(name=name, script=script, order=order, **given)


async def test_many_rules_at_once_are_one_revision(store: Store) -> None:
    kept = await create(store, "kept", order=5)
    changed = await create(store, "changed", order=6)
    gone = await create(store, "gone", order=7)
    draft = await create(store, "draft", deploy=False)
    given = [
        wanted("new", order=6, on_failure="skip"),
        wanted("another", TWO, order=1, enabled=False),
        wanted("kept", order=5),
        wanted("renamed", TWO, order=6, id=changed.id),
    ]
    revision = await store.put_rules("default", given, expected=4, prune=True, by="bob")
    assert (revision.number, revision.created_by) == (5, "bob")
    # Of the same order the one that was created first.
    assert [(r.name, r.version, r.order, r.enabled, r.on_failure, r.sha256) for r in revision.rules] == [
        ("another", 1, 1, False, "deny", sha256(TWO)),
        ("kept", 1, 5, True, "deny", sha256(ONE)),
        ("renamed", 2, 6, True, "deny", sha256(TWO)),
        ("new", 1, 6, True, "skip", sha256(ONE)),
    ]
    assert [r.id for r in revision.rules][1:3] == [kept.id, changed.id]
    assert await store.live_revision("default") == revision
    present = {rule.id: rule for rule in await store.rules("default")}
    assert gone.id not in present
    assert present[draft.id] == draft
    assert all(rule.live == rule.saved for rule in present.values() if rule.id != draft.id)
    assert [v.created_by for v in await store.versions("default", changed.id)] == ["bob", "ann"]
    assert (await store.scripts([sha256(TWO)])) == {sha256(TWO): TWO}
    # Again: there is nothing to do.
    again = [
        wanted(r.name, ONE if r.sha256 == sha256(ONE) else TWO, r.order, enabled=r.enabled, on_failure=r.on_failure)
        for r in revision.rules
    ]
    assert await store.put_rules("default", again, expected=5, prune=True, by="eve") == revision
    assert await store.put_rules("default", [], expected=5, prune=False, by="eve") == revision
    emptied = await store.put_rules("default", [], expected=5, prune=True, by="eve")
    assert (emptied.number, emptied.rules) == (6, ())
    assert [rule.id for rule in await store.rules("default")] == [draft.id]


async def test_what_is_saved_and_not_live_when_many_rules_are_put(store: Store) -> None:
    one = await create(store, "one", order=1)
    two = await create(store, "two", order=2)
    for rule in (one, two):
        await store.update_rule("default", rule.id, changes=RuleChanges(script=TWO), deploy=False, by="ann")
    never = await create(store, "never", deploy=False, script=TWO)
    given = [wanted("one", order=1), wanted("two", order=3), wanted("never", order=4)]
    revision = await store.put_rules("default", given, expected=3, prune=True, by="bob")
    assert [(r.id, r.version, r.sha256) for r in revision.rules] == [
        (one.id, 1, sha256(ONE)),
        (two.id, 1, sha256(ONE)),
        (never.id, 2, sha256(ONE)),
    ]
    found = {rule.id: rule for rule in await store.rules("default")}
    # Where nothing changes, a draft stays. Where something does, the rule is saved as it is live.
    assert found[one.id].saved.sha256 == sha256(TWO)
    assert found[two.id].saved == found[two.id].live
    # The draft's script is a version already.
    given = [wanted("one", TWO, order=1)]
    revision = await store.put_rules("default", given, expected=revision.number, prune=False, by="bob")
    assert next((r.id, r.version) for r in revision.rules) == (one.id, 2)
    assert len(await store.versions("default", one.id)) == 2


async def test_many_rules_at_once_are_all_or_nothing(store: Store) -> None:
    one = await create(store, "one", order=1)
    two = await create(store, "two", order=2)
    await store.update_rule("default", two.id, changes=RuleChanges(name="saved"), deploy=False, by="ann")
    before = (await store.live_revision("default"), await store.rules("default"))
    new = wanted("new")
    for given, expected, prune, code, says in [
        ([new], 2, False, "revision_race", "revision `3` is live, not `2`"),
        ([new], 4, False, "revision_race", "revision `3` is live, not `4`"),
        ([new, wanted("a"), wanted("a")], 3, False, "name_taken", "2 rules would have the name `a`"),
        ([new, wanted("two", id=one.id)], 3, False, "name_taken", "2 rules would have the name `two`"),
        ([new, wanted("saved", id=one.id)], 3, False, "name_taken", "2 rules would have the name `saved`"),
        ([new, wanted("one"), wanted("x", id=one.id)], 3, True, "rule_repeated", f"`{one.id}` is given 2 times"),
    ]:
        with pytest.raises(Conflict, match=re.escape(says)) as conflict:
            await store.put_rules("default", given, expected=expected, prune=prune, by="bob")
        assert conflict.value.code == code
    for refused, error in [
        (wanted("x", id="rul_never"), NotFound),
        (wanted("x", "a\0"), Unstorable),
        (wanted("x", order=2**31), Unstorable),
    ]:
        with pytest.raises(error):
            await store.put_rules("default", [new, wanted("one", TWO), refused], expected=3, prune=True, by="bob")
    assert (await store.live_revision("default"), await store.rules("default")) == before
    # A name that a pruned rule had is free, and two rules can change names.
    given = [wanted("two", id=one.id), wanted("one", id=two.id, order=2)]
    swapped = await store.put_rules("default", given, expected=3, prune=False, by="bob")
    assert [(r.id, r.name) for r in swapped.rules] == [(one.id, "two"), (two.id, "one")]
    taken = await store.put_rules("default", [wanted("one", id=one.id)], expected=4, prune=True, by="bob")
    assert [(r.id, r.name) for r in taken.rules] == [(one.id, "one")]


async def test_of_many_that_put_rules_at_once_one_wins(store: Store, url: str) -> None:
    replicas = [await Store.open(url) for _ in range(3)]
    try:
        done = await asyncio.gather(
            *(
                replica.put_rules("default", [wanted(f"r{n}")], expected=1, prune=True, by=f"{n}")
                for n, replica in enumerate(replicas * 2)
            ),
            return_exceptions=True,
        )
    finally:
        for replica in replicas:
            await replica.close()
    assert sorted(type(result).__name__ for result in done) == ["Conflict"] * 5 + ["Revision"]
    assert len(await store.rules("default")) == 1


async def test_scripts_by_their_digests(store: Store) -> None:
    await create(store, "a", script=ONE)
    await create(store, "b", script=ONE)
    await create(store, "c", script=TWO)
    many = [sha256(str(number)) for number in range(40_000)]
    assert await store.scripts([]) == {}
    assert await store.scripts({sha256(ONE), sha256(TWO), *many}) == {sha256(ONE): ONE, sha256(TWO): TWO}


# Revisions


async def test_pages_of_revisions(store: Store) -> None:
    for name in "abcd":
        await create(store, name)
    everything = [await store.revision("default", number) for number in (5, 4, 3, 2, 1)]
    assert await store.revisions("default", None, 100) == everything
    assert await store.revisions("default", None, 2) == everything[:2]
    assert await store.revisions("default", 4, 2) == everything[2:4]
    assert await store.revisions("default", 1, 2) == []
    assert await store.revisions("default", 10**30, 1) == everything[:1]
    assert await store.revisions("default", -(10**30), 1) == []


async def test_activating_brings_deleted_rules_back(store: Store) -> None:
    a, b = await create(store, "a"), await create(store, "b", script=TWO, on_failure="skip")
    old = await store.live_revision("default")
    await store.update_rule("default", a.id, changes=RuleChanges(script=TWO, name="z"), deploy=True, by="x")
    await store.change_settings("default", TenantSettings(strict_claims=True), "x")
    await store.delete_rule("default", a.id, "x")
    await store.update_rule("default", b.id, changes=RuleChanges(enabled=False), deploy=True, by="x")
    c = await create(store, "c")
    history = await store.revisions("default", None, 100)

    restored = await store.activate("default", old.number, "bob", expected=history[0].number)
    assert restored == Revision(
        tenant="default",
        number=history[0].number + 1,
        rules=old.rules,
        settings=TenantSettings(),
        created_at=restored.created_at,
        created_by="bob",
        restores=old.number,
    )
    assert await store.live_revision("default") == restored
    assert await store.revisions("default", None, 100) == [restored, *history]
    # `a` and `b` are saved as they are live again, `c` exists but is not live.
    assert await store.rules("default") == [
        Rule(
            id=a.id,
            saved=a.saved,
            live=a.saved,
            created_at=a.created_at,
            updated_at=restored.created_at,
        ),
        Rule(
            id=b.id,
            saved=b.saved,
            live=b.saved,
            created_at=b.created_at,
            updated_at=restored.created_at,
        ),
        Rule(id=c.id, saved=c.saved, live=None, created_at=c.created_at, updated_at=c.created_at),
    ]

    # Version 2 of `a` was stored before, so the next is 3.
    again, _ = await store.update_rule("default", a.id, changes=RuleChanges(script=TWO), deploy=True, by="x")
    assert again.saved.version == 3


async def test_activating_what_is_not_there(store: Store) -> None:
    await create(store, "a")
    before = await state(store)
    for number in (0, 3, -1, 10**30):
        with pytest.raises(NotFound, match=f"^revision `{number}` does not exist$"):
            await store.activate("default", number, "bob")
    with pytest.raises(Conflict) as raised:
        await store.activate("default", 1, "bob", expected=1)
    assert (raised.value.code, raised.value.message) == (
        "revision_race",
        "revision `2` is live, not `1`",
    )
    assert await state(store) == before


async def test_a_number_taken_by_somebody_else_is_a_conflict(store: Store, url: str) -> None:
    rule = await create(store, "a")
    database = await Database.open(url)
    async with database.writing() as connection:
        await connection.execute(
            text(
                "INSERT INTO revisions SELECT tenant, 3, body, created_at, created_by, restores "
                "FROM revisions WHERE number = 2"
            )
        )
    await database.close()
    with pytest.raises(Conflict) as raised:
        await store.update_rule("default", rule.id, changes=RuleChanges(script=TWO), deploy=True, by="x")
    assert (raised.value.code, raised.value.message) == (
        "revision_race",
        "revision `3` of tenant `default` exists already",
    )
    assert await store.rules("default") == [rule]
    assert len(await store.versions("default", rule.id)) == 1


# Many at once


async def test_concurrent_writers_lose_nothing(store: Store, url: str) -> None:
    other = await Store.open(url)
    stores = [store, other]
    await store.create_tenant("acme", "root")
    shared = await create(store, "shared")

    async def work(number: int) -> list[Revision | None]:
        mine = stores[number % 2]
        tenant = "acme" if number % 5 == 0 else "default"
        rule, created = await mine.create_rule(
            tenant,
            name=str(number),
            script=f"# {number}",
            order=None,
            enabled=True,
            on_failure="deny",
            deploy=True,
            by="x",
        )
        _, changed = await mine.update_rule(tenant, rule.id, changes=RuleChanges(enabled=False), deploy=True, by="x")
        _, edited = await mine.update_rule(
            "default", shared.id, changes=RuleChanges(script=f"# shared {number}"), deploy=True, by="x"
        )
        return [created, changed, edited]

    made = [revision for revisions in await asyncio.gather(*map(work, range(20))) for revision in revisions]
    for tenant, first, last in (("default", 3, 2 + 2 * 16 + 20), ("acme", 2, 1 + 2 * 4)):
        of_tenant = [revision for revision in made if revision and revision.tenant == tenant]
        of_tenant.sort(key=lambda revision: revision.number)
        assert [revision.number for revision in of_tenant] == list(range(first, last + 1))
        assert await other.revisions(tenant, first + len(of_tenant), len(of_tenant)) == of_tenant[::-1]
    live = await store.live_revision("default")
    assert sorted(entry.name for entry in live.rules) == sorted(
        ["shared", *(str(number) for number in range(20) if number % 5)]
    )
    assert [entry.enabled for entry in live.rules] == [entry.name == "shared" for entry in live.rules]
    assert [entry.order for entry in live.rules] == list(range(1, 18))
    versions = await store.versions("default", shared.id)
    assert [version.number for version in versions] == list(range(21, 0, -1))
    assert {version.script for version in versions} == {ONE, *(f"# shared {number}" for number in range(20))}
    await other.close()


async def test_one_of_many_activations_that_expect_the_same_wins(store: Store, url: str) -> None:
    await create(store, "a")
    other = await Store.open(url)
    outcomes = await asyncio.gather(
        *([store, other][number % 2].activate("default", 1, "x", expected=2) for number in range(8)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 7 + ["Revision"]
    assert (await other.live_revision("default")).number == 3
    await other.close()


async def test_readers_see_rules_and_revision_of_one_moment(store: Store, url: str) -> None:
    other = await Store.open(url)
    rule = await create(store, "a")

    async def write() -> None:
        for number in range(30):
            await store.update_rule("default", rule.id, changes=RuleChanges(script=f"# {number}"), deploy=True, by="x")

    writing = asyncio.create_task(write())
    while not writing.done():
        seen = await other.rule("default", rule.id)
        assert seen.live == seen.saved
    await writing
    await other.close()


# Executions


async def test_records_come_back_as_they_were(store: Store) -> None:
    await store.add_executions([])
    await store.add_executions([row("exe_1"), row("exe_2", record=b'{"text":"\\u0000\xc3\xa4"}')])
    assert await store.execution("default", "exe_1") == b'{"a":1}'
    assert await store.execution("default", "exe_2") == b'{"text":"\\u0000\xc3\xa4"}'


async def test_a_batch_sent_again_changes_nothing(store: Store) -> None:
    await store.add_executions([row("exe_1"), row("exe_1", record=b"other")])
    await store.add_executions([row("exe_1", record=b"other"), row("exe_2")])
    assert await store.execution("default", "exe_1") == b'{"a":1}'
    assert await store.execution("default", "exe_2") == b'{"a":1}'


async def test_records_of_a_deleted_tenant_do_not_take_the_batch(store: Store) -> None:
    await store.add_executions([row("exe_1", tenant="gone"), row("exe_2")])
    assert await store.execution("default", "exe_2") == b'{"a":1}'
    with pytest.raises(NotFound):
        await store.execution("gone", "exe_1")


async def ids(store: Store, limit: int = 100, tenant: str = "default", **which: Any) -> list[str]:
    return [found.id for found in await store.executions(tenant, Filter(**which), limit)]


async def test_records_are_found_newest_first(store: Store) -> None:
    await store.create_tenant("acme", "root")
    await store.add_executions([row(f"exe_{number}") for number in (3, 1, 5, 2, 4)])
    await store.add_executions([row("exe_9", tenant="acme")])
    assert await ids(store) == ["exe_5", "exe_4", "exe_3", "exe_2", "exe_1"]
    assert await ids(store, limit=2) == ["exe_5", "exe_4"]
    assert await ids(store, limit=2, before="exe_4") == ["exe_3", "exe_2"]
    assert await ids(store, first="exe_2", last="exe_4") == ["exe_4", "exe_3", "exe_2"]
    assert await ids(store, tenant="acme") == ["exe_9"]
    assert await ids(store, tenant="nobody") == []
    (found,) = await store.executions("acme", Filter(), 1)
    assert found.record == b'{"a":1}'


async def test_records_are_found_by_what_they_are(store: Store) -> None:
    await store.add_executions(
        [
            row("exe_1", decision="deny", client="web", user_digest=b"ada"),
            row("exe_2", client="web", user_digest=b"bob", shape=1, marks=("claim a", "rule r")),
            row("exe_3", client="app", user_digest=b"ada", shape=2, marks=("claim a", "claim b", "rule r")),
            row("exe_4", decision="step_up", client="app", shape=3, marks=("rule s",)),
            row("exe_5", client="web", shape=1, marks=("claim a", "rule r")),
        ]
    )
    assert await ids(store, decision="allow") == ["exe_5", "exe_3", "exe_2"]
    assert await ids(store, decision="deny") == ["exe_1"]
    assert await ids(store, client="web") == ["exe_5", "exe_2", "exe_1"]
    assert await ids(store, user_digest=b"ada") == ["exe_3", "exe_1"]
    assert await ids(store, marks=("claim a",)) == ["exe_5", "exe_3", "exe_2"]
    assert await ids(store, marks=("claim a",), limit=1, before="exe_5") == ["exe_3"]
    assert await ids(store, marks=("claim b", "rule r")) == ["exe_3"]
    assert await ids(store, marks=("claim b", "rule s")) == []
    assert await ids(store, marks=("claim a",), client="web", decision="allow") == ["exe_5", "exe_2"]
    assert await ids(store, client="nul\0", decision="deny") == []


@pytest.mark.parametrize("one_by_one", [1000, 50])
async def test_records_of_very_many_shapes_are_found(
    store: Store, one_by_one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.executions.MOST_SHAPES", one_by_one)
    rows = [row(f"exe_{number:03}", shape=number, marks=("claim a", f"claim {number}")) for number in range(350)]
    await store.add_executions(rows)
    assert await ids(store, marks=("claim a",), limit=3, before="exe_300") == ["exe_299", "exe_298", "exe_297"]
    assert await ids(store, marks=("claim 7",)) == ["exe_007"]


async def test_a_persons_records_are_erased(store: Store) -> None:
    await store.create_tenant("acme", "root")
    await store.add_executions([row("exe_1", user_digest=b"ada"), row("exe_2", user_digest=b"bob"), row("exe_3")])
    await store.add_executions([row("exe_4", user_digest=b"ada", tenant="acme")])
    assert await store.erase_executions("default", b"ada", by="bob") == 1
    assert await store.erase_executions("default", b"ada", by="bob") == 0
    assert await ids(store) == ["exe_3", "exe_2"]
    assert await ids(store, tenant="acme") == ["exe_4"]


async def test_old_records_are_removed_a_few_at_a_time(store: Store) -> None:
    await store.add_executions(
        [row(f"exe_{number}", shape=number % 2, marks=(f"claim {number % 2}",)) for number in range(1, 6)]
    )
    assert await store.execution_beyond("default", 2) == "exe_3"
    assert await store.execution_beyond("default", 5) is None
    assert await store.remove_executions("default", "exe_4", 3) == 3
    assert await ids(store) == ["exe_5", "exe_4"]
    assert await store.remove_executions("default", "exe_4", 3) == 1
    await store.remove_unused_marks("default")
    assert await ids(store, marks=("claim 1",)) == ["exe_5"]
    await store.add_executions([row("exe_6", marks=("claim 0",))])
    assert await ids(store, marks=("claim 0",)) == ["exe_6"]


async def test_the_first_key_of_the_records_stays(store: Store) -> None:
    assert await store.record_key(b"one") == b"one"
    assert await store.record_key(b"two") == b"one"
    await store.replace_record_key(b"three")
    assert await store.record_key(b"four") == b"three"


async def test_an_earlier_revision_does_not_bring_back_what_was_recorded_then(store: Store) -> None:
    strict = TenantSettings(strict_claims=True)
    await store.change_settings("default", strict, "ada")
    careful = TenantSettings(recording=Recording(drop=("/user/email",)))
    await store.change_settings("default", careful, "ada")
    restored = await store.activate("default", 2, "ada")
    assert restored.settings == TenantSettings(strict_claims=True, recording=careful.recording)


# What is not there, not yours, or cannot be stored


async def test_unknown_tenants(store: Store) -> None:
    for call in (
        store.tenant("nobody"),
        store.delete_tenant("nobody", "x"),
        store.change_settings("nobody", TenantSettings(), "x"),
        store.live_revision("nobody"),
        store.revisions("nobody", None, 1),
        store.activate("nobody", 1, "x"),
        store.rules("nobody"),
        store.rule("nobody", "rul_x"),
        create(store, "a", tenant="nobody"),
        store.update_rule("nobody", "rul_x", changes=RuleChanges(), deploy=True, by="x"),
        store.delete_rule("nobody", "rul_x", "x"),
        store.set_order("nobody", [], "x"),
    ):
        with pytest.raises(NotFound) as raised:
            await call
        assert (raised.value.kind, raised.value.id) == ("tenant", "nobody")
        assert raised.value.message == "tenant `nobody` does not exist"


@pytest.mark.parametrize("id", ["unknown", "a\0b", "a\ud800b", "foreign"])
async def test_unknown_and_foreign_things(store: Store, id: str) -> None:
    rule = await create(store, "a")
    await store.create_tenant("acme", "root")
    await store.add_executions([row("exe_1")])
    await put_secret(store, sealed("exe_1"))
    before = await state(store)
    rule_id, execution_id = (rule.id, "exe_1") if id == "foreign" else (id, id)
    for call, kind, missing in (
        (store.rule("acme", rule_id), "rule", rule_id),
        (store.versions("acme", rule_id), "rule", rule_id),
        (store.version("acme", rule_id, 1), "version", f"{rule_id}/1"),
        (store.version("default", rule.id, 10**30), "version", f"{rule.id}/{10**30}"),
        (
            store.update_rule("acme", rule_id, changes=RuleChanges(name="b"), deploy=True, by="x"),
            "rule",
            rule_id,
        ),
        (store.delete_rule("acme", rule_id, "x"), "rule", rule_id),
        (store.revision("acme", 2), "revision", "2"),
        (store.activate("acme", 2, "x"), "revision", "2"),
        (store.execution("acme", execution_id), "execution", execution_id),
        (store.delete_hook_secret("acme", "hydra", execution_id, "x"), "secret", execution_id),
    ):
        with pytest.raises(NotFound) as raised:
            await call
        assert (raised.value.kind, raised.value.id) == (kind, missing)
    with pytest.raises(OrderIncomplete):
        await store.set_order("acme", [rule_id], "x")
    assert await store.rules("acme") == []
    assert await state(store) == before


async def test_tenants_that_no_text_can_name(store: Store) -> None:
    for name in ("a\0b", "a\ud800b"):
        with pytest.raises(NotFound):
            await store.tenant(name)
        with pytest.raises(NotFound):
            await store.rules(name)
        with pytest.raises(NotFound):
            await create(store, "a", tenant=name)
        with pytest.raises(Unstorable, match=r"^`tenant` contains a "):
            await store.create_tenant(name, "x")


@pytest.mark.parametrize(
    ("unstorable", "reason"),
    [("a\0b", "contains a NUL character"), ("a\ud800b", "contains a lone surrogate")],
)
async def test_text_that_cannot_be_stored(store: Store, unstorable: str, reason: str) -> None:
    rule = await create(store, "a")
    before = await state(store)

    for call, field in (
        (create(store, unstorable), "name"),
        (create(store, "a", script=unstorable), "script"),
        (store.create_tenant("acme", unstorable), "by"),
        (store.delete_rule("default", rule.id, unstorable), "by"),
        (
            store.update_rule("default", rule.id, changes=RuleChanges(name=unstorable), deploy=True, by="x"),
            "name",
        ),
        (
            store.update_rule("default", rule.id, changes=RuleChanges(script=unstorable), deploy=True, by="x"),
            "script",
        ),
        (
            store.update_rule("default", rule.id, changes=RuleChanges(name="b"), deploy=True, by=unstorable),
            "by",
        ),
        (store.add_executions([row("exe_1"), row(unstorable)]), "execution"),
        (put_secret(store, sealed(unstorable)), "secret"),
    ):
        with pytest.raises(Unstorable) as raised:
            await call
        assert (raised.value.field, raised.value.message) == (field, f"`{field}` {reason}")
        assert isinstance(raised.value, ValueError)
        assert isinstance(raised.value, StoreError)
    assert await state(store) == before
    assert len(await store.tenants()) == 1
    with pytest.raises(NotFound):
        await store.execution("default", "exe_1")


async def test_an_order_beyond_what_databases_count(store: Store) -> None:
    for order in (2**31, -(2**31) - 1, 10**30):
        with pytest.raises(Unstorable, match=r"^`order` must be between -2147483648 and 2147483647$"):
            await create(store, "a", order=order)
    assert await store.rules("default") == []
    assert (await create(store, "a", order=2**31 - 1)).saved.order == 2**31 - 1
