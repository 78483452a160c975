"""Secrets of issuers' hooks: sealed, each tenant's own, and known without the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.hook_secrets import LONGEST, MOST, MOST_COSTLY, HookSecrets, InvalidSecret
from engine.keys import Keys
from engine.live import Live
from engine.store.database import Database
from engine.store.errors import NotFound, Unavailable
from engine.store.store import Store

pytestmark = pytest.mark.anyio

OLD, NEW = "the-old-secret-of-this-service-123456", "the-new-secret-of-this-service-123456"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/claimsmith.db")
    for tenant in ("default", "acme"):
        await store.create_tenant(tenant, "root")
    yield store
    await store.close()


async def opened(store: Store, *secrets: str, changed: Any = None) -> HookSecrets[Any]:
    made: HookSecrets[Any] = HookSecrets(store, Keys(*(secrets or (OLD,))), json.loads, changed or (lambda all_: None))
    await made.refresh()
    return made


async def put(secrets: HookSecrets[Any], id: str, value: Any, tenant: str = "default", issuer: str = "hydra") -> None:
    await secrets.put(tenant, issuer, id, "header", json.dumps(value).encode(), by="ann")


async def test_tenants_and_issuers_have_their_own(store: Store) -> None:
    secrets = await opened(store)
    await put(secrets, "a", 1)
    await put(secrets, "b", 2)
    await put(secrets, "a", 3, tenant="acme")
    await put(secrets, "a", 4, issuer="okta")
    for known in (secrets, await opened(store)):
        assert known.live("default", "hydra") == {"a": 1, "b": 2}
        assert known.live("acme", "hydra") == {"a": 3}
        assert known.live("default", "okta") == {"a": 4}
        for tenant, issuer in (("acme", "okta"), ("nobody", "hydra"), ("default", "")):
            assert known.live(tenant, issuer) == {}
    await secrets.delete("default", "hydra", "a", by="ann")
    assert secrets.live("default", "hydra") == {"b": 2}
    assert [(one.id, one.type, one.set_by) for one in await secrets.stored("default", "hydra")] == [
        ("b", "header", "ann")
    ]
    with pytest.raises(NotFound):
        await secrets.delete("default", "hydra", "a", by="ann")
    with pytest.raises(NotFound):
        await secrets.stored("nobody", "hydra")


async def test_what_is_stored_is_sealed_for_its_place(store: Store, tmp_path: Path) -> None:
    secrets = await opened(store)
    await put(secrets, "a", "s3cr3t-value")
    await put(secrets, "b", "another-value")
    assert b"s3cr3t" not in (tmp_path / "claimsmith.db").read_bytes()
    assert b"s3cr3t" not in (tmp_path / "claimsmith.db-wal").read_bytes()
    # A row in another's place: its tenant's, its issuer's or its id's.
    for moved in ("tenant = 'acme'", "issuer = 'okta'", "id = 'c'"):
        await changed(store, f"UPDATE hook_secrets SET {moved} WHERE id = 'a'")
        other = await opened(store)
        assert [other.live(*place) for place in (("default", "hydra"), ("acme", "hydra"), ("default", "okta"))] == [
            {"b": "another-value"},
            {},
            {},
        ]
        await changed(store, "UPDATE hook_secrets SET tenant = 'default', issuer = 'hydra', id = 'a' WHERE id <> 'b'")


async def changed(store: Store, statement: str) -> None:
    async with store._database.writing() as connection:
        await connection.execute(text(statement))


async def test_what_cannot_be_read_lets_nobody_pass_and_stops_no_other(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = await opened(store)
    for name in ("a", "b"):
        await put(secrets, name, f"s3cr3t-{name}")
    await secrets.put("default", "hydra", "c", "header", b"s3cr3t, but no JSON", by="ann")
    await changed(store, "UPDATE hook_secrets SET sealed = x'00' WHERE id = 'a'")
    other = await opened(store)
    assert other.live("default", "hydra") == {"b": "s3cr3t-b"}
    assert [one.id for one in await other.stored("default", "hydra")] == ["a", "b", "c"]
    said = capsys.readouterr().out
    assert said.count("cannot be read: nobody may call with it") == 3
    assert "s3cr3t" not in said
    wrong = await opened(store, NEW)
    assert wrong.live("default", "hydra") == {}


async def test_a_rotation_of_the_services_own_secret(store: Store) -> None:
    await put(await opened(store, OLD), "a", 1)
    await changed(
        store, "INSERT INTO hook_secrets SELECT tenant, issuer, 'z', type, x'00', set_at, set_by FROM hook_secrets"
    )
    both = await opened(store, NEW, OLD)
    assert both.live("default", "hydra") == {"a": 1}
    await put(both, "b", 2)
    await both.seal_again()
    assert (await opened(store, NEW)).live("default", "hydra") == {"a": 1, "b": 2}
    assert (await opened(store, OLD)).live("default", "hydra") == {}


async def test_ids_sizes_and_numbers_are_bounded(store: Store) -> None:
    secrets = await opened(store)
    for name in ("", "-a", "a b", "a/b", "ä", "a\n", "x" * 65):
        with pytest.raises(InvalidSecret, match="is no id of a secret"):
            await put(secrets, name, 1)
    with pytest.raises(InvalidSecret, match=f"the limit is {LONGEST}"):
        await put(secrets, "a", "x" * LONGEST)
    for n in range(MOST):
        await put(secrets, f"s{n}", n)
    with pytest.raises(InvalidSecret, match="has 20 secrets already"):
        await put(secrets, "one-more", 1)
    await put(secrets, "s0", "again")
    await put(secrets, "one-more", 1, issuer="okta")
    await put(secrets, "one-more", 1, tenant="acme")
    with pytest.raises(NotFound):
        await put(secrets, "a", 1, tenant="nobody")
    assert len(secrets.live("default", "hydra")) == MOST
    assert secrets.live("default", "hydra")["s0"] == "again"


async def test_of_costly_types_there_are_few(store: Store) -> None:
    secrets: HookSecrets[Any] = HookSecrets(store, Keys(OLD), json.loads, lambda all_: None, costly=("key", "pair"))

    async def put(id: str, type: str, tenant: str = "default", issuer: str = "hydra") -> None:
        await secrets.put(tenant, issuer, id, type, b"1", by="ann")

    for n in range(MOST_COSTLY):
        await put(f"s{n}", "key" if n % 2 else "pair")
    for costly in ("key", "pair"):
        with pytest.raises(InvalidSecret, match=f"has {MOST_COSTLY} secrets already that sign"):
            await put("one-more", costly)
    await put("one-more", "header")
    await put("s0", "key")  # in the place of one of them
    await put("one-more", "key", issuer="okta")
    await put("one-more", "key", tenant="acme")
    await secrets.delete("default", "hydra", "s1", by="ann")
    await put("another", "key")


async def test_whoever_needs_to_know_is_told_all_that_there_are(store: Store) -> None:
    told: list[list[Any]] = []

    def tell(all_: Iterable[Any]) -> None:
        told.append(sorted(all_))

    secrets = await opened(store, changed=tell)
    assert told == []
    await put(secrets, "a", 1)
    await put(secrets, "a", 2, tenant="acme")
    await secrets.refresh()
    await secrets.delete("default", "hydra", "a", by="ann")
    secrets.forget("acme")
    secrets.forget("acme")
    mine, theirs = ("default", 1), ("acme", 2)
    assert told == [[mine], [theirs, mine], [theirs], []]


async def test_many_tenants_that_are_gone_are_told_of_once(store: Store) -> None:
    told: list[int] = []
    one = await opened(store)
    for number in range(20):
        await store.create_tenant(f"t{number}", "root")
        await put(one, "a", 1, tenant=f"t{number}")
    other = await opened(store, changed=lambda all_: told.append(len(list(all_))))
    for number in range(20):
        await store.delete_tenant(f"t{number}", "root")
    await other.refresh()
    assert told == [20, 0]


async def test_a_change_elsewhere_is_known_within_a_second_and_a_deleted_tenant_is_forgotten(
    store: Store, tmp_path: Path
) -> None:
    elsewhere = await Store.open(f"sqlite:///{tmp_path}/claimsmith.db")
    secrets, other = await opened(store), await opened(elsewhere)
    live = Live(elsewhere, other)
    live.start()

    async def until(tenant: str, expected: dict[str, Any]) -> None:
        async with asyncio.timeout(5):
            while other.live(tenant, "hydra") != expected:
                await asyncio.sleep(0.01)

    try:
        for value in (1, 2):
            await put(secrets, "a", value)
            await until("default", {"a": value})
        await put(secrets, "a", 3, tenant="acme")
        await secrets.delete("default", "hydra", "a", by="ann")
        await until("default", {})
        await until("acme", {"a": 3})
        await store.delete_tenant("acme", "root")
        await store.create_tenant("acme", "root")
        await until("acme", {})
    finally:
        await live.close()
        await elsewhere.close()


async def test_without_the_database_what_is_known_stays_and_nothing_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = await opened(store)
    await put(secrets, "a", 1)

    def gone(self: Database) -> Any:
        raise Unavailable("gone")

    monkeypatch.setattr(Database, "reading", gone)
    monkeypatch.setattr(Database, "writing", gone)
    with pytest.raises(Unavailable):
        await secrets.refresh()
    with pytest.raises(Unavailable):
        await put(secrets, "b", 2)
    with pytest.raises(Unavailable):
        await secrets.delete("default", "hydra", "a", by="ann")
    assert secrets.live("default", "hydra") == {"a": 1}


async def test_of_a_change_and_a_look_at_once_the_change_stays(store: Store) -> None:
    secrets = await opened(store)
    for n in range(20):
        await asyncio.gather(secrets.refresh(), put(secrets, "a", n), secrets.refresh())
        assert secrets.live("default", "hydra") == {"a": n}
