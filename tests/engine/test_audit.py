"""The audit log in the store, on both databases: every change has its entry, and no entry is without its change."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.execution_id import first_id, last_id
from engine.models import Conditions, Recording, Rule, TenantSettings
from engine.retention import Retention
from engine.store import audit as log
from engine.store.audit import ACTS, EPOCH, LONGEST, AuditEntry, Which
from engine.store.configurations import Entry as Value
from engine.store.configurations import SealedSet
from engine.store.content import Deviation
from engine.store.errors import Conflict, NotFound, Unstorable
from engine.store.hook_secrets import SealedSecret
from engine.store.pipeline import WantedRule
from engine.store.rules import RuleChanges
from engine.store.shadows import Shadow
from engine.store.store import Store

pytestmark = pytest.mark.anyio

ONE = "def rule(user, context):\n    context.idToken.a = 1\n"
TWO = "def rule(user, context):\n    pass\n"
SHA = {script: hashlib.sha256(script.encode()).hexdigest() for script in (ONE, TWO, "x = 1\n", "x = 2\n")}

Told = tuple[str, str | None, Any, Any, int | None]  # act, what, before, after, revision


async def entries(store: Store, **which: Any) -> list[AuditEntry]:
    """Oldest first."""
    return (await store.audit(Which(**which), 1000))[::-1]


async def told(store: Store, since: int = 1, **which: Any) -> list[Told]:
    """Those behind the first, by which the tenant was made."""
    return [_told(entry) for entry in await entries(store, **which)][since:]


def _told(entry: AuditEntry) -> Told:
    before, after = (msgspec.json.decode(side) for side in (entry.before, entry.after))
    return entry.act, entry.what, before, after, entry.revision


def rule(name: str, script: str = ONE, version: int = 1, order: int = 1, **fields: Any) -> dict[str, Any]:
    known = {"name": name, "version": version, "sha256": SHA[script], "order": order}
    return known | {"enabled": True, "on_failure": "deny", "conditions": {}} | fields


async def create(store: Store, name: str = "one", *, deploy: bool = True, script: str = ONE) -> Rule:
    made, _ = await store.create_rule(
        "default", name=name, script=script, order=None, enabled=True, on_failure="deny", deploy=deploy, by="ann"
    )
    return made


def wanted(name: str, script: str = ONE, order: int = 1, id: str | None = None) -> WantedRule:
    return WantedRule(name=name, script=script, order=order, enabled=True, on_failure="deny", id=id)


async def test_rules(store: Store) -> None:
    one = await create(store)
    only = Conditions(clients=("a",))
    await store.update_rule("default", one.id, changes=RuleChanges(script=TWO, conditions=only), deploy=False, by="bob")
    await store.update_rule("default", one.id, changes=RuleChanges(), deploy=True, by="cho")
    await store.update_rule("default", one.id, changes=RuleChanges(name="uno", order=7), deploy=True, by="dan")
    draft = await create(store, "two", deploy=False)
    await store.update_rule("default", draft.id, changes=RuleChanges(), deploy=True, by="ann")
    await store.delete_rule("default", one.id, "eve")
    sha = {"version": 1, "sha256": SHA[ONE]}, {"version": 2, "sha256": SHA[TWO]}
    others = {**sha[0], "conditions": {}}, {**sha[1], "conditions": {"clients": ["a"]}}
    changed = rule("uno", TWO, 2, 7, conditions={"clients": ["a"]})
    assert await told(store) == [
        ("rule.create", one.id, None, rule("one"), 2),
        ("rule.change", one.id, {"name": "one"} | others[0], {"name": "one"} | others[1], None),
        ("rule.deploy", one.id, {"name": "one"} | others[0], {"name": "one"} | others[1], 3),
        ("rule.change", one.id, {"name": "one", "order": 1}, {"name": "uno", "order": 7}, 4),
        ("rule.create", draft.id, None, rule("two", order=8), None),
        ("rule.deploy", draft.id, None, rule("two", order=8), 5),
        ("rule.delete", one.id, changed, None, 6),
    ]
    found = await entries(store)
    assert [entry.by for entry in found] == ["root", "ann", "bob", "cho", "dan", "ann", "ann", "eve"]
    assert {entry.tenant for entry in found} == {"default"}
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)
    assert all(abs(datetime.now(UTC) - entry.at) < timedelta(minutes=1) for entry in found)


async def test_the_order(store: Store) -> None:
    one, two = await create(store), await create(store, "two")
    await store.set_order("default", [two.id, one.id], "bob")
    await store.set_order("default", [two.id, one.id], "bob")
    before, after = {one.id: 1, two.id: 2}, {two.id: 1, one.id: 2}
    assert (await told(store))[2:] == [("rule.order", None, before, after, 4)]


async def test_an_order_by_which_only_numbers_change(store: Store) -> None:
    one = await create(store)
    await store.update_rule("default", one.id, changes=RuleChanges(order=40), deploy=True, by="ann")
    await store.set_order("default", [one.id], "bob")
    assert (await told(store))[2:] == [("rule.order", None, {one.id: 40}, {one.id: 1}, 4)]


async def test_many_rules_at_once(store: Store) -> None:
    one, two = await create(store), await create(store, "two")
    draft = await create(store, "draft", deploy=False)
    given = [wanted("new", order=9), wanted("uno", TWO, id=one.id), wanted("draft", order=3)]
    await store.put_rules("default", given, {"geo": "x = 1\n"}, expected=3, prune=True, by="bob")
    made = next(rule for rule in await store.rules("default") if rule.saved.name == "new")
    old = {"name": "one", "version": 1, "sha256": SHA[ONE]}
    new = {"name": "uno", "version": 2, "sha256": SHA[TWO]}
    found = (await told(store))[3:]
    assert sorted(found, key=str) == sorted(
        [
            ("rule.create", made.id, None, rule("new", order=9), 4),
            ("rule.change", one.id, old, new, 4),
            ("rule.delete", two.id, rule("two", order=2), None, 4),
            ("rule.deploy", draft.id, None, rule("draft", order=3), 4),
            ("module.put", "geo", None, {"version": 1, "sha256": SHA["x = 1\n"]}, 4),
        ],
        key=str,
    )
    await store.put_rules("default", given, {"geo": "x = 1\n"}, expected=4, prune=True, by="bob")
    await store.put_rules("default", given, {}, expected=4, prune=True, by="eve")
    assert (await told(store))[8:] == [
        ("module.delete", "geo", {"version": 1, "sha256": SHA["x = 1\n"]}, None, 5),
    ]


async def test_modules(store: Store) -> None:
    await store.put_module("default", "geo", "x = 1\n", expected=1, by="ann")
    await store.put_module("default", "geo", "x = 1\n", expected=2, by="ann")
    await store.put_module("default", "geo", "x = 2\n", expected=2, by="bob")
    await store.delete_module("default", "geo", expected=3, by="cho")
    first, second = ({"version": n, "sha256": SHA[f"x = {n}\n"]} for n in (1, 2))
    assert await told(store) == [
        ("module.put", "geo", None, first, 2),
        ("module.put", "geo", first, second, 3),
        ("module.delete", "geo", second, None, 4),
    ]


async def test_settings_and_revisions(store: Store) -> None:
    await create(store)
    strict = TenantSettings(strict_claims=True, recording=Recording(days=7))
    await store.change_settings("default", strict, "bob")
    await store.change_settings("default", strict, "bob")
    await store.activate("default", 1, "cho", expected=3)
    recording = msgspec.json.decode(msgspec.json.encode(Recording()))
    assert (await told(store))[1:] == [
        (
            "settings.change",
            None,
            {"strict_claims": False, "recording": recording},
            {"strict_claims": True, "recording": recording | {"days": 7}},
            3,
        ),
        ("revision.activate", "1", {"revision": 3}, {"revision": 4, "restores": 1}, 4),
    ]


def sealed_set(values: dict[str, str]) -> Callable[[SealedSet | None, int, datetime], Any]:
    def change(before: SealedSet | None, number: int, now: datetime) -> tuple[tuple[Value, ...], bytes]:
        kept = {} if before is None else {entry.key: entry for entry in before.entries}
        entries = [kept.get(key) or Value(key=key, set_at=now, set_by=by) for key, by in values.items()]
        return tuple(entries), b"a secret"

    return change


async def test_configuration_is_told_by_names(store: Store) -> None:
    await store.change_configuration("default", sealed_set({"A": "ann", "B": "ann"}), "ann")
    await store.change_configuration("default", sealed_set({"B": "bob"}), "bob")
    found = await told(store)
    when = (await entries(store))[1].at.isoformat().replace("+00:00", "Z")
    assert found == [
        ("configuration.set", "A", None, {"number": 1}, None),
        ("configuration.set", "B", None, {"number": 1}, None),
        ("configuration.delete", "A", {"set_at": when, "set_by": "ann"}, {"number": 2}, None),
    ]


def secret(id: str, type: str = "header", by: str = "ann") -> SealedSecret:
    now = datetime.now(UTC)
    return SealedSecret(tenant="default", issuer="hydra", id=id, type=type, sealed=b"a secret", set_at=now, set_by=by)


async def test_secrets_of_issuers_are_told_by_id_and_type(store: Store) -> None:
    await store.put_hook_secret(secret("a"), lambda before: None)
    await store.put_hook_secret(secret("a", "cookie", "bob"), lambda before: None)
    await store.delete_hook_secret("default", "hydra", "a", "cho")
    assert await told(store) == [
        ("hook_secret.set", "hydra/a", None, {"type": "header"}, None),
        ("hook_secret.set", "hydra/a", {"type": "header"}, {"type": "cookie"}, None),
        ("hook_secret.delete", "hydra/a", {"type": "cookie"}, None, None),
    ]
    assert [entry.by for entry in await entries(store)] == ["root", "ann", "bob", "cho"]


async def start_shadow(store: Store, number: int | None = None) -> None:
    live = await store.live_revision("default")
    shadow = Shadow(
        tenant="default",
        revision=live if number else msgspec.structs.replace(live, number=0),
        started_at=datetime.now(UTC),
        started_by="ann",
        reached="0",
        impact="{}",
    )
    await store.start_shadow(shadow)


async def test_rules_on_trial(store: Store) -> None:
    one = await create(store)
    await start_shadow(store, 2)
    await start_shadow(store)
    await store.end_shadow("default", "bob")
    await store.end_shadow("default", "bob")
    rules = [{"id": one.id, "name": "one", "version": 1}]
    assert (await told(store))[1:] == [
        ("shadow.start", None, None, {"revision": 2, "rules": rules}, None),
        ("shadow.start", None, None, {"revision": None, "rules": rules}, None),
        ("shadow.end", None, None, None, None),
    ]


async def test_erased_records_are_counted_also_where_there_were_none(store: Store) -> None:
    assert await store.erase_executions("default", b"ada", waiting=2, by="ann") == 2
    assert await store.erase_executions("default", b"bob", by="ann") == 0
    assert await told(store) == [
        ("records.erase", None, {"records": 2}, {"records": 0}, None),
        ("records.erase", None, {"records": 0}, {"records": 0}, None),
    ]
    with pytest.raises(NotFound):
        await store.erase_executions("nobody", b"ada", by="ann")
    assert await entries(store, tenant="nobody") == []


async def test_tenants_and_the_service_itself(store: Store) -> None:
    await store.create_tenant("default", "somebody")
    await store.create_tenant("acme", "ann")
    await store.replace_key_check(b"x", "claimsmith")
    await store.delete_tenant("acme", "bob")
    await store.create_tenant("acme", "cho")
    found = await entries(store)
    assert [(entry.tenant, entry.by, *_told(entry)) for entry in found] == [
        ("default", "root", "tenant.create", "default", None, None, 1),
        ("acme", "ann", "tenant.create", "acme", None, None, 1),
        (None, "claimsmith", "secret.rotate", None, None, None, None),
        ("acme", "bob", "tenant.end", "acme", {"revision": 1, "rules": 0}, None, None),
        ("acme", "cho", "tenant.create", "acme", None, None, 1),
    ]
    assert [entry.by for entry in await entries(store, tenant="acme")] == ["ann", "bob", "cho"]


# Neither without the other

CHANGES: dict[str, Callable[[Store, Rule], Awaitable[Any]]] = {
    "tenant.create": lambda store, one: store.create_tenant("acme", "x"),
    "tenant.end": lambda store, one: store.delete_tenant("default", "x"),
    "tenant.export": lambda store, one: store.note_export("default", {"configuration": 1}, "x"),
    "tenant.import": lambda store, one: import_other(store),
    "settings.change": lambda store, one: store.change_settings("default", TenantSettings(strict_claims=True), "x"),
    "rule.create": lambda store, one: create(store, "two"),
    "rule.change": lambda store, one: store.update_rule(
        "default", one.id, changes=RuleChanges(script=TWO), deploy=True, by="x"
    ),
    "rule.deploy": lambda store, one: store.update_rule("default", one.id, changes=RuleChanges(), deploy=True, by="x"),
    "rule.delete": lambda store, one: store.delete_rule("default", one.id, "x"),
    "rule.cases": lambda store, one: store.put_cases("default", one.id, '{"cases":[]}', 1, by="x"),
    "rule.order": lambda store, one: store.set_order("default", [one.id], "x"),
    "module.put": lambda store, one: store.put_module("default", "b", "x = 2\n", expected=3, by="x"),
    "module.delete": lambda store, one: store.delete_module("default", "geo", expected=3, by="x"),
    "revision.activate": lambda store, one: store.activate("default", 1, "x"),
    "shadow.start": lambda store, one: start_shadow(store, 3),
    "shadow.end": lambda store, one: store.end_shadow("default", "x"),
    "configuration.set": lambda store, one: store.change_configuration("default", sealed_set({"B": "x"}), "x"),
    "configuration.delete": lambda store, one: store.change_configuration("default", sealed_set({}), "x"),
    "hook_secret.set": lambda store, one: store.put_hook_secret(secret("b"), lambda before: None),
    "hook_secret.delete": lambda store, one: store.delete_hook_secret("default", "hydra", "a", "x"),
    "records.erase": lambda store, one: store.erase_executions("default", b"ada", by="x"),
    "secret.rotate": lambda store, one: store.replace_key_check(b"other", "x"),
}


async def import_other(store: Store) -> None:
    content = await store.copy("default")
    live = msgspec.structs.replace(content.live, settings=TenantSettings(strict_claims=True))
    other = [Deviation("settings", "strict_claims", "changed")]
    content = msgspec.structs.replace(content, live=live)
    await store.put_copy(content, None, lambda state: other, dry_run=False, by="x")


async def prepared(store: Store) -> Rule:
    """A tenant with one of everything: every change of the table changes something."""
    one = await create(store)
    await store.update_rule("default", one.id, changes=RuleChanges(order=5), deploy=False, by="ann")
    await store.put_module("default", "geo", "x = 1\n", expected=2, by="ann")
    await store.change_configuration("default", sealed_set({"A": "ann"}), "ann")
    await store.put_hook_secret(secret("a"), lambda before: None)
    await start_shadow(store)
    assert await store.key_check(b"x")
    return one


async def everything(store: Store) -> tuple[Any, ...]:
    return (
        [entry.id for entry in await entries(store)],
        await store.tenants(),
        await store.rules("default"),
        [await store.cases("default", rule.id) for rule in await store.rules("default")],
        await store.revisions("default", None, 100),
        await store.configuration("default"),
        await store.every_hook_secret(),
        await store.shadows(),
        await store.key_check(b"x"),
    )


def test_every_act_can_fail_here() -> None:
    assert CHANGES.keys() == ACTS.keys()


@pytest.mark.parametrize("act", ACTS)
async def test_without_its_entry_nothing_is_changed(store: Store, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await prepared(store)
    before = await everything(store)
    monkeypatch.setattr(log, "_bounded", lambda value: "\0")  # what no database takes
    with pytest.raises(Unstorable):
        await CHANGES[act](store, one)
    assert await everything(store) == before
    monkeypatch.undo()
    await CHANGES[act](store, one)
    new = [entry for entry in await entries(store) if entry.id not in before[0]]
    assert act in {entry.act for entry in new}


async def test_what_fails_leaves_no_entry(store: Store) -> None:
    one = await prepared(store)
    before = await everything(store)

    def stop(*_: Any) -> None:
        raise RuntimeError("enough")

    for call in (
        store.update_rule("default", one.id, changes=RuleChanges(script=TWO), deploy=True, by="x", guard=stop),
        store.delete_rule("default", one.id, "x", stop),
        store.put_hook_secret(secret("b"), stop),
        store.change_configuration("default", lambda *_: stop(), "x"),  # type: ignore[arg-type]
        store.put_rules("default", [wanted("a"), wanted("a")], expected=3, prune=True, by="x"),
        store.activate("default", 1, "x", expected=1),
        store.delete_hook_secret("default", "hydra", "none", "x"),
        store.delete_tenant("nobody", "x"),
    ):
        with pytest.raises((RuntimeError, Conflict, NotFound)):
            await call
    assert await everything(store) == before


async def test_of_many_writers_at_once_everyone_has_an_entry(store: Store, url: str) -> None:
    other = await Store.open(url)
    await asyncio.gather(
        *(
            (store, other)[n % 2].create_rule(
                "default",
                name=f"r{n}",
                script=ONE,
                order=n,
                enabled=True,
                on_failure="deny",
                deploy=True,
                by=f"{n}",
            )
            for n in range(20)
        )
    )
    found = (await entries(store))[1:]
    assert {entry.by for entry in found} == {str(n) for n in range(20)}
    # In the order in which they went live.
    assert [entry.revision for entry in found] == list(range(2, 22))
    await other.close()


# Found again


async def test_pages_and_filters(store: Store) -> None:
    one = await prepared(store)
    await store.create_tenant("acme", "bob")
    whole = await entries(store)
    assert [entry.id for entry in whole] == sorted(entry.id for entry in whole)
    paged: list[AuditEntry] = []
    while page := await store.audit(Which(beneath=paged[-1].id if paged else None), 2):
        paged += page
    assert paged[::-1] == whole
    assert await entries(store, by="bob") == [whole[-1]]
    assert await entries(store, what=one.id) == whole[1:3]
    assert await entries(store, acts=("rule.create", "rule.change"), tenant="default") == whole[1:3]
    assert await entries(store, tenant="default", by="bob") == []
    moment = round((whole[2].at - EPOCH) / timedelta(microseconds=1)) * 1000
    assert whole[2] in await entries(store, first=first_id(moment), last=last_id(moment))
    assert await entries(store, first=first_id(moment + 10**12)) == []
    for name in ("a\0", "\ud800"):
        assert await entries(store, by=name) == []
        assert await entries(store, what=name) == []


async def test_a_long_side_is_told_by_its_size_and_digest(store: Store) -> None:
    hosts = tuple(f"host-{n:04}.{'x' * 200}.example.com" for n in range(200))
    await store.change_settings("default", TenantSettings(allowed_hosts=hosts), "ann")
    text = msgspec.json.encode({"allowed_hosts": hosts})
    assert len(text) > LONGEST
    left_out = {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    assert await told(store) == [("settings.change", None, {"allowed_hosts": []}, {"left_out": left_out}, 2)]


async def test_entries_of_one_change_keep_their_order(store: Store) -> None:
    given = [wanted(f"r{n}", order=n) for n in range(1, 1500)]
    await store.put_rules("default", given, expected=1, prune=False, by="ann")
    found = (await store.audit(Which(), 2000))[::-1][1:]
    assert [msgspec.json.decode(entry.after)["order"] for entry in found] == list(range(1, 1500))


async def test_old_entries_are_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        days = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - timedelta(days=cls.days)

    monkeypatch.setattr("engine.store.store.datetime", Clock)
    for Clock.days in (401, 399):
        for n in range(250):
            await store.replace_key_check(bytes([n]), "x")
    assert len(await entries(store)) == 501
    await Retention(store, 400).sweep()
    assert len(await entries(store)) == 251
    await Retention(store, 1).sweep()
    assert [entry.act for entry in await entries(store)] == ["tenant.create"]


moments = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
places = st.integers(0, 2**22 - 1)


@settings(deadline=None)
@given(one=moments, other=moments, at=places, beside=places)
def test_ids_sort_by_time_and_then_by_place(one: datetime, other: datetime, at: int, beside: int) -> None:
    ids = log._id(one, at), log._id(other, beside)
    if (one, at) != (other, beside):
        assert (ids[0] < ids[1]) == ((one, at) < (other, beside))
    nanoseconds = (one - EPOCH) // timedelta(microseconds=1) * 1000
    assert first_id(nanoseconds) <= ids[0] <= last_id(nanoseconds)
