"""Tenants as a whole: out of one store and into another, on both databases, and files that are none."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.execution_id import first_id
from engine.exports import passphrase
from engine.exports.comparing import Secrets, differences
from engine.exports.lines import LONGEST_LINE, SecretsLine, encoded, end_of, lines_of
from engine.exports.passphrase import BadPassphrase
from engine.exports.reading import BadExport, Reader, Section
from engine.models import Conditions, Recording, TenantSettings
from engine.store import copies
from engine.store.configurations import Entry, SealedSet
from engine.store.content import Content, Deviation, Put, State, Values
from engine.store.errors import Conflict, NotFound
from engine.store.executions import ExecutionRow
from engine.store.hook_secrets import SealedSecret
from engine.store.pipeline import WantedRule
from engine.store.rules import RuleChanges
from engine.store.shadows import Shadow
from engine.store.store import Store
from tests.servers import fresh_database

pytestmark = pytest.mark.anyio

ONE = "def rule(user, context):\n    context.idToken.a = 'ä\u2028'\n"
TWO = "def rule(user, context):\n    pass\n"


# A tenant with something of everything


async def create(store: Store, name: str, *, script: str = ONE, deploy: bool = True, order: int | None = None) -> str:
    rule, _ = await store.create_rule(
        "default", name=name, script=script, order=order, enabled=True, on_failure="skip", deploy=deploy, by="ann"
    )
    return rule.id


def set_of(keys: Sequence[str]) -> Callable[[SealedSet | None, int, datetime], tuple[tuple[Entry, ...], bytes]]:
    return lambda before, number, now: (tuple(Entry(key=key, set_at=now, set_by="cho") for key in keys), b"sealed")


def secret(id: str, issuer: str = "hydra") -> SealedSecret:
    now = datetime.now(UTC)
    return SealedSecret(tenant="default", issuer=issuer, id=id, type="header", sealed=b"s", set_at=now, set_by="dan")


CASES = '{"cases": [{"name": "ü", "user": null, "context": {}, "expect": {}}]}'


async def fill(store: Store) -> None:
    await store.put_module("default", "geo", "x = 1\n", expected=1, by="ann")
    one = await create(store, "one", order=5)
    two = await create(store, "two", order=5)
    gone = await create(store, "gone", script="import geo\n" + TWO)
    await create(store, "draft", deploy=False)
    only = Conditions(clients=("a", "ü"), without_user=True)
    changed = RuleChanges(script=TWO, conditions=only)
    await store.update_rule("default", one, changes=changed, deploy=True, by="bob", message="why two")
    await store.delete_rule("default", gone, "bob")
    await store.put_module("default", "geo", "x = 2\n", expected=7, by="ann")
    await store.activate("default", 5, "cho")
    await store.update_rule("default", two, changes=RuleChanges(name="zwei", script=TWO), deploy=False, by="bob")
    lost = await create(store, "lost")
    await store.delete_rule("default", lost, "bob")
    await store.put_cases("default", two, CASES, 1, by="ann")
    await store.change_settings("default", TenantSettings(recording=Recording(days=7)), "ann")
    await store.change_configuration("default", set_of("AB"), "cho")
    await store.change_configuration("default", set_of("B"), "cho")
    await store.put_hook_secret(secret("a"), lambda before: None)
    await store.put_hook_secret(secret("a", "okta"), lambda before: None)
    await store.start_shadow(
        Shadow(
            tenant="default",
            revision=await store.saved_revision("default", "dan"),
            started_at=datetime.now(UTC),
            started_by="dan",
            reached=first_id(0),
            impact="{}",
        )
    )


def text_of(content: Content) -> bytes:
    lines = list(lines_of(content))
    return b"".join([*lines, end_of(lines)])


def read(text: bytes) -> Section:
    reader = Reader()
    for line in text.splitlines(keepends=True):
        reader.take(line)
    return reader.section()


def values_of(content: Content) -> Values:
    secrets = [msgspec.structs.replace(one, sealed=b"s") for one in content.hook_secrets]
    return Values(configuration=lambda number: b"sealed", hook_secrets=secrets)


def compared(content: Content, found: list[Deviation] | None = None) -> Callable[[State], Sequence[Deviation]]:
    """Secrets, which are not sealed here, by who has set them."""

    def known(configuration: SealedSet | None, secrets: Sequence[SealedSecret]) -> Secrets:
        entries = configuration.entries if configuration else ()
        return Secrets(
            configuration={entry.key: str(entry.set_at) for entry in entries},
            hook_secrets={f"{one.issuer}/{one.id}": str(one.set_at) for one in secrets},
        )

    def compare(state: State) -> Sequence[Deviation]:
        wanted = known(content.configuration, content.hook_secrets)
        different = differences(content, state, wanted, known(state.configuration, state.hook_secrets))
        if found is not None:
            found.extend(different)
        return different

    return compare


async def put(store: Store, content: Content, *, dry_run: bool = False) -> Put:
    begun = content
    if content.shadow is not None:
        begun = msgspec.structs.replace(
            content, shadow=msgspec.structs.replace(content.shadow, reached=first_id(0), impact="{}")
        )
    return await store.put_copy(begun, values_of(content), compared(content), dry_run=dry_run, by="eve")


@pytest.fixture(params=["sqlite", "postgresql"])
async def other(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store, without a tenant."""
    with where(request) as url:
        store = await Store.open(url)
        yield store
        await store.close()


class where:  # noqa: N801
    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def __enter__(self) -> str:
        if self._request.param == "sqlite":
            self._folder = tempfile.TemporaryDirectory()
            return f"sqlite:///{self._folder.name}/other.db"
        self._database = fresh_database(self._request.getfixturevalue("postgres_url"))
        return self._database.__enter__()

    def __exit__(self, *exc: Any) -> None:
        if self._request.param == "sqlite":
            self._folder.cleanup()
        else:
            self._database.__exit__(None, None, None)


async def test_out_of_one_store_and_into_another(store: Store, other: Store) -> None:
    await fill(store)
    content = await store.copy("default")
    text = text_of(content)
    section = read(text)
    assert section.content.live == await store.live_revision("default")
    done = await put(other, section.content)
    assert (done.outcome, done.live) == ("made", content.live)
    # The same again, by what is there and by what is told of it.
    assert text_of(await other.copy("default")) == text
    for what in ("tenant", "rules", "live_revision", "configuration"):
        assert await getattr(other, what)("default") == await getattr(store, what)("default")
    assert await other.revisions("default", None, 100) == await store.revisions("default", None, 100)
    assert await other.live_stamps() == await store.live_stamps()
    assert (await other.hook_secrets(["default"]))["default"].secrets == (
        (await store.hook_secrets(["default"]))["default"].secrets
    )
    # It goes on as it would have.
    for one in (store, other):
        _, revision = await one.create_rule(
            "default", name="next", script=ONE, order=5, enabled=True, on_failure="deny", deploy=True, by="x"
        )
        assert revision is not None
        assert [rule.name for rule in revision.rules] == ["one", "two", "next", "gone"]
        restored = await one.activate("default", 5, "x")
        assert [rule.name for rule in restored.rules] == ["one", "two", "gone"]


async def test_twice_is_the_same(store: Store, other: Store) -> None:
    await fill(store)
    content = read(text_of(await store.copy("default"))).content
    assert (await put(store, content)).outcome == "unchanged"
    await put(other, content)
    before = await other.copy("default")
    assert (await put(other, content)).outcome == "unchanged"
    assert await other.copy("default") == before


async def test_a_dry_run_leaves_nothing_behind(store: Store, other: Store) -> None:
    await fill(store)
    content = await store.copy("default")
    assert (await put(other, content, dry_run=True)).outcome == "made"
    assert await other.tenants() == []
    assert await other.scripts([rule.sha256 for rule in content.live.rules]) == {}
    await other.create_tenant("default", "root")
    untouched = await other.copy("default")
    assert (await put(other, content, dry_run=True)).outcome == "made"
    assert await other.copy("default") == untouched
    await create(other, "mine")
    before = await other.copy("default")
    assert (await put(other, content, dry_run=True)).outcome == "replaced"
    assert await other.copy("default") == before


@pytest.mark.parametrize(
    "used",
    [
        lambda store: create(store, "mine", deploy=False),
        lambda store: store.change_settings("default", TenantSettings(strict_claims=True), "x"),
        lambda store: store.change_configuration("default", set_of("A"), "x"),
        lambda store: store.put_hook_secret(secret("a"), lambda before: None),
        lambda store: store.add_executions([execution()]),
    ],
)
async def test_what_was_used_keeps_its_history(store: Store, used: Any, tmp_path: Path) -> None:
    """Executions name revisions: what a number means must not change."""
    await fill(store)
    content = await store.copy("default")
    other = await Store.open(f"sqlite:///{tmp_path}/other.db")
    await other.create_tenant("default", "root")
    assert (await put(other, content, dry_run=True)).outcome == "made"
    await used(other)
    history = await other.revisions("default", None, 100)
    done = await put(other, content)
    assert (done.outcome, done.live.number) == ("replaced", len(history) + 1)
    assert (await other.revisions("default", None, 100))[1:] == history
    await other.close()


def execution() -> ExecutionRow:
    return ExecutionRow(
        tenant="default", id="e", decision="allow", client=None, user_digest=None, shape=0, marks=(), record=b"{}"
    )


async def test_a_tenant_in_use_is_replaced_by_its_next_revision(store: Store, other: Store) -> None:
    await fill(store)
    content = await store.copy("default")
    await put(other, content)
    kept = {rule.saved.name: rule for rule in await other.rules("default")}
    # Everything is changed since.
    one, two, gone = (kept[name].id for name in ("one", "zwei", "gone"))
    await other.update_rule("default", one, changes=RuleChanges(script=ONE + "\n", order=9), deploy=True, by="x")
    await other.update_rule("default", two, changes=RuleChanges(name="other"), deploy=True, by="x")
    await other.delete_rule("default", gone, "x")
    await other.delete_rule("default", kept["draft"].id, "x")
    await create(other, "mine")
    await create(other, "draft", script=TWO)  # another rule, of a name that is in the file
    live = await other.live_revision("default")
    await other.put_module("default", "mine", "y = 1\n", expected=live.number, by="x")
    await other.change_settings("default", TenantSettings(), "x")
    await other.change_configuration("default", set_of("BC"), "x")
    await other.delete_hook_secret("default", "okta", "a", "x")
    await other.put_hook_secret(secret("b"), lambda before: None)
    history = await other.revisions("default", None, 100)

    found: list[Deviation] = []
    done = await other.put_copy(content, values_of(content), compared(content, found), dry_run=False, by="eve")
    assert done.outcome == "replaced"
    assert sorted((one.kind, one.name, one.how) for one in found) == [
        ("cases", "other", "more"),
        ("cases", "two", "missing"),
        ("configuration", "B", "changed"),
        ("configuration", "C", "more"),
        ("hook_secret", "hydra/b", "more"),
        ("hook_secret", "okta/a", "missing"),
        ("module", "mine", "more"),
        ("order", "the order of the live rules", "changed"),
        ("rule", "draft", "changed"),
        ("rule", "gone", "missing"),
        ("rule", "mine", "more"),
        ("rule", "one", "changed"),
        ("rule", "other", "more"),
        ("rule", "two", "missing"),
        ("settings", "recording", "changed"),
    ]
    # One revision, and the history before it stays.
    assert (await other.revisions("default", None, 100))[1:] == history
    assert done.live.number == history[0].number + 1
    assert [rule.name for rule in done.live.rules] == [rule.name for rule in content.live.rules]
    assert done.live.settings == content.live.settings
    now = {rule.saved.name: rule for rule in await other.rules("default")}
    assert now.keys() == kept.keys()
    assert {name: now[name].id for name in ("one", "zwei", "gone")} == {"one": one, "zwei": two, "gone": gone}
    for name, rule in now.items():
        for here, there in ((rule.saved, kept[name].saved), (rule.live, kept[name].live)):
            assert (here is None) == (there is None)
            if here is not None and there is not None:
                assert msgspec.structs.replace(here, id="", version=0) == msgspec.structs.replace(
                    there, id="", version=0
                )
    # A script that a rule had once is that version again.
    assert [now["one"].saved.version, now["zwei"].saved.version] == [1, 2]
    set_ = await other.configuration("default")
    assert set_ is not None
    assert (set_.number, [entry.key for entry in set_.entries]) == (4, ["B"])
    assert (await other.hook_secrets(["default"]))["default"].secrets == content.hook_secrets
    # And then it is the same.
    before = await other.copy("default")
    assert (await put(other, content)).outcome == "unchanged"
    assert await other.copy("default") == before


async def test_two_rules_of_one_name(store: Store, other: Store) -> None:
    """As a revision brings one back whose name another has by now."""
    gone = await create(store, "one")
    await store.delete_rule("default", gone, "x")
    await create(store, "one", script=TWO)
    await store.activate("default", 2, "x")
    content = read(text_of(await store.copy("default"))).content
    assert [rule.saved.name for rule in content.rules if not rule.deleted] == ["one", "one"]
    await put(other, content)
    assert text_of(await other.copy("default")) == text_of(content)
    assert (await put(other, content)).outcome == "unchanged"
    await other.delete_rule("default", gone, "x")
    found: list[Deviation] = []
    await other.put_copy(content, values_of(content), compared(content, found), dry_run=False, by="eve")
    assert ("rule", "one", "changed") in [(one.kind, one.name, one.how) for one in found]
    assert (await put(other, content)).outcome == "unchanged"


async def test_without_values_secrets_stay_as_they_are(store: Store, other: Store) -> None:
    await fill(store)
    content = await store.copy("default")
    done = await other.put_copy(content, None, lambda state: [], dry_run=False, by="eve")
    assert done.outcome == "made"
    assert await other.configuration("default") is None
    assert (await other.hook_secrets(["default"]))["default"].secrets == ()
    await other.change_configuration("default", set_of("Z"), "x")
    before = await other.copy("default")
    changed = [Deviation("settings", "recording", "changed")]
    again = await other.put_copy(content, None, lambda state: changed, dry_run=False, by="eve")
    assert again.outcome == "replaced"
    assert (await other.copy("default")).configuration == before.configuration


async def test_rules_of_another_tenant_are_not_taken(store: Store) -> None:
    await fill(store)
    content = await store.copy("default")
    foreign = msgspec.structs.replace(content, tenant=msgspec.structs.replace(content.tenant, id="acme"))
    before = await store.copy("default")
    for make in (False, True):
        if make:
            await store.create_tenant("acme", "root")
            await store.change_settings("acme", TenantSettings(strict_claims=True), "root")
        with pytest.raises(Conflict, match="is another tenant's: an export belongs to one tenant"):
            await put(store, foreign)
    assert await store.copy("default") == before
    assert await store.rules("acme") == []


@pytest.mark.parametrize("used", [False, True])
async def test_what_fails_half_way_leaves_nothing(store: Store, tmp_path: Path, used: bool) -> None:
    await fill(store)
    content = await store.copy("default")
    other = await Store.open(f"sqlite:///{tmp_path}/other.db")
    await other.create_tenant("default", "root")
    if used:
        await create(other, "mine")
    before = await other.copy("default")
    for step in ("audit.add", "revisions.row"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"engine.store.{step}", fails)
            with pytest.raises(RuntimeError, match="half-way"):
                await put(other, content)
        assert await other.copy("default") == before
    await other.close()


def fails(*_: Any, **__: Any) -> None:
    raise RuntimeError("half-way")


async def test_a_tenant_that_is_not_there_has_no_copy(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.copy("nobody")


async def test_a_long_history_is_read_page_by_page(store: Store, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "AT_ONCE", 3)
    rule = await create(store, "one")
    for order in range(10):
        await store.update_rule("default", rule, changes=RuleChanges(order=order + 10), deploy=True, by="x")
    content = await store.copy("default")
    assert [one.number for one in content.revisions] == list(range(1, 13))
    # Of each only what is another.
    assert all(len(one.rules) <= 1 and one.settings is None for one in content.revisions[1:])
    await put(other, content)
    assert await other.revisions("default", None, 100) == await store.revisions("default", None, 100)


# Anything that can be done to a tenant

names = st.sampled_from(["a", "b", "c", "d e"])
scripts = st.sampled_from([ONE, TWO, "import geo\n" + TWO, "# ☃\x01\x7f" + TWO])
acts = st.one_of(
    st.tuples(st.just("create"), names, scripts, st.integers(0, 3), st.booleans()),
    st.tuples(st.just("change"), st.integers(0, 9), scripts, st.integers(0, 3), st.booleans()),
    st.tuples(st.just("rename"), st.integers(0, 9), names, st.booleans()),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("cases"), st.integers(0, 9), st.integers(0, 2)),
    st.tuples(st.just("order"), st.randoms(use_true_random=False)),
    st.tuples(st.just("put"), st.lists(st.tuples(names, scripts), max_size=3, unique_by=lambda one: one[0])),
    st.tuples(st.just("module"), st.sampled_from(["geo", "other"]), st.sampled_from(["x = 1\n", "x = 2\n"])),
    st.tuples(st.just("drop"), st.sampled_from(["geo", "other"])),
    st.tuples(st.just("activate"), st.integers(1, 12)),
    st.tuples(st.just("settings"), st.booleans(), st.integers(1, 9)),
    st.tuples(st.just("configuration"), st.lists(st.sampled_from("ABC"), unique=True)),
    st.tuples(st.just("secret"), st.sampled_from("abc"), st.sampled_from(["hydra", "okta"])),
)


async def do(store: Store, act: tuple[Any, ...]) -> None:
    live = await store.live_revision("default")
    rules = await store.rules("default")
    taken = {name for rule in rules for name in (rule.saved.name, rule.live.name if rule.live else rule.saved.name)}
    match act:
        case ("create", name, script, order, deploy) if name not in taken:
            await create(store, name, script=script, order=order, deploy=deploy)
        case ("change", place, script, order, deploy) if rules:
            changes = RuleChanges(script=script, order=order)
            await store.update_rule("default", rules[place % len(rules)].id, changes=changes, deploy=deploy, by="x")
        case ("rename", place, name, deploy) if rules and name not in taken:
            changes = RuleChanges(name=name)
            await store.update_rule("default", rules[place % len(rules)].id, changes=changes, deploy=deploy, by="x")
        case ("delete", place) if rules:
            await store.delete_rule("default", rules[place % len(rules)].id, "x")
        case ("cases", place, count) if rules:
            await store.put_cases("default", rules[place % len(rules)].id, CASES + " " * count, count, by="x")
        case ("order", random):
            ids = [rule.id for rule in rules]
            random.shuffle(ids)
            await store.set_order("default", ids, "x")
        case ("put", given):
            wanted = [
                WantedRule(name=name, script=script, order=1, enabled=True, on_failure="deny") for name, script in given
            ]
            with contextlib.suppress(Conflict):  # a draft has a name of these
                await store.put_rules("default", wanted, None, expected=live.number, prune=True, by="x")
        case ("module", name, script):
            await store.put_module("default", name, script, expected=live.number, by="x")
        case ("drop", name) if any(module.name == name for module in live.modules):
            await store.delete_module("default", name, expected=live.number, by="x")
        case ("activate", number) if number < live.number:
            await store.activate("default", number, "x")
        case ("settings", strict, days):
            wanted_settings = TenantSettings(strict_claims=strict, recording=Recording(days=days))
            await store.change_settings("default", wanted_settings, "x")
        case ("configuration", keys):
            await store.change_configuration("default", set_of(keys), "x")
        case ("secret", id, issuer):
            await store.put_hook_secret(secret(id, issuer), lambda before: None)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=st.lists(acts, max_size=14), since=st.lists(acts, max_size=8), foreign=st.lists(acts, max_size=8))
def test_whatever_was_done_to_a_tenant(first: list[Any], since: list[Any], foreign: list[Any]) -> None:
    async def check(folder: Path) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stores = [await Store.open(f"sqlite:///{folder}/{name}.db") for name in ("one", "copy", "foreign")]
            for store in stores:
                stack.push_async_callback(store.close)
            await compare(*stores)

    async def compare(one: Store, copy: Store, third: Store) -> None:
        for store in (one, third):
            await store.create_tenant("default", "root")
        for act in first:
            await do(one, act)
        content = await one.copy("default")
        text = text_of(content)
        assert read(text).content.live == content.live
        assert (await put(copy, read(text).content)).outcome == "made"
        assert text_of(await copy.copy("default")) == text
        # What has gone on since, and what began elsewhere, becomes the same again; and then is the same.
        for act in since:
            await do(copy, act)
        for act in foreign:
            await do(third, act)
        for store in (copy, third):
            await put(store, content)
            assert (await put(store, content)).outcome == "unchanged"
            live = await store.live_revision("default")
            assert [(rule.name, rule.sha256) for rule in live.rules] == [
                (rule.name, rule.sha256) for rule in content.live.rules
            ]
            # It can be exported again, and read.
            assert read(text_of(await store.copy("default"))).content.live == live

    with tempfile.TemporaryDirectory() as folder:
        anyio.run(check, Path(folder))


# Files that are none


@pytest.fixture(scope="module")
def whole() -> Iterator[bytes]:
    async def make(folder: str) -> bytes:
        store = await Store.open(f"sqlite:///{folder}/claimsmith.db")
        await store.create_tenant("default", "root")
        await fill(store)
        content = await store.copy("default")
        await store.close()
        lines = list(lines_of(content))
        lines.append(
            encoded(
                SecretsLine(kdf="scrypt", n=2**14, r=8, p=1, salt="", nonce="", sealed=base64.b64encode(b"x").decode())
            )
        )
        return b"".join([*lines, end_of(lines)])

    with tempfile.TemporaryDirectory() as folder:
        yield anyio.run(make, folder)


def refused(text: bytes) -> BadExport:
    with pytest.raises(BadExport) as raised:
        read(text)
    return raised.value


def test_it_is_whole(whole: bytes) -> None:
    assert read(whole).secrets is not None


def test_cut_off_anywhere(whole: bytes) -> None:
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for end in [*ends[:-1], 0]:
        assert "it is not whole" in refused(whole[:end]).message
    for end in {*range(1, len(whole), 97), *(end - 1 for end in ends)} - {*ends}:
        assert "in the middle of a line" in refused(whole[:end]).message


def test_a_changed_byte_anywhere(whole: bytes) -> None:
    for place in range(0, len(whole), 61):
        for mask in (1, 0x20, 0x80):
            changed = bytearray(whole)
            changed[place] ^= mask
            refused(bytes(changed))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\n", "this is no export of Claimsmith"),
        (b"{}\n", "this is no export of Claimsmith"),
        (b"[" * 100_000 + b"\n", "this is no export of Claimsmith"),
        (b"\xff\xfe\n", "this is no export of Claimsmith"),
        (b'{"kind":"export","format":1}\n', "this is no export of Claimsmith: a line `tenant` has to stand here"),
        (b'{"kind":"tenant","format":2}\n', "the export has the format 2: a newer Claimsmith has written it: upgrade"),
        (b'{"kind":"tenant","format":0}\n', "the export has the format 0: there is none"),
        (b'{"kind":"tenant","format":"1"}\n', "this is no export of Claimsmith"),
        (b"PK\x03\x04" + b"\0" * 100 + b"\n", "this is no export of Claimsmith"),
        (b"x" * (LONGEST_LINE + 1), f"longer than {LONGEST_LINE} bytes"),
    ],
)
def test_something_else(text: bytes, said: str) -> None:
    assert refused(text).message.startswith(said)
    assert refused(text).line == 1


Lines = list[dict[str, Any]]


def first(lines: Lines, kind: str, **fields: Any) -> dict[str, Any]:
    return next(line for line in lines if line["kind"] == kind and all(line[n] == v for n, v in fields.items()))


def last(lines: Lines, kind: str) -> dict[str, Any]:
    return first(lines[::-1], kind)


def moved(lines: Lines, kind: str, to: int) -> None:
    line = first(lines, kind)
    lines.remove(line)
    lines.insert(to, line)


def again(lines: Lines, kind: str) -> None:
    line = first(lines, kind)
    lines.insert(lines.index(line), dict(line))


def dive(lines: Lines) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    last(lines, "revision")["settings"] = {"hooks": deep}


# What somebody who knows how the digest is made could write.
HOSTILE: dict[str, tuple[Callable[[Lines], Any], str]] = {
    "kind": (lambda lines: lines[1].update(kind="other"), "Invalid value 'other' - at `$.kind`; perhaps a newer"),
    "field": (lambda lines: lines[1].update(other=1), "Object contains unknown field `other`; perhaps a newer"),
    "tenant name": (lambda lines: lines[0].update(tenant="../x"), "Expected `str` matching regex"),
    "no time zone": (
        lambda lines: lines[0].update(created_at="2026-01-01T00:00:00"),
        "Expected `datetime` with",
    ),
    "year 1": (lambda lines: lines[0].update(created_at="0001-01-01T00:00:00+14:00"), "`created_at` is not a time"),
    "year 9999": (lambda lines: lines[0].update(created_at="9999-12-31T23:59:59-14:00"), "`created_at` is not a time"),
    "no tenant": (lambda lines: lines.pop(0), "this is no export of Claimsmith"),
    "two tenants": (lambda lines: again(lines, "tenant"), "this kind of line does not come here"),
    "no revision": (lambda lines: lines.__setitem__(slice(None), lines[:1]), "the section has no revision"),
    "late": (lambda lines: moved(lines, "configuration", len(lines)), "this kind of line does not come here"),
    "a gap": (lambda lines: lines.remove(first(lines, "revision", number=3)), "revision `4` stands where `3` has to"),
    "begins late": (lambda lines: lines.remove(first(lines, "revision")), "revision `2` stands where `1` has to"),
    "order first": (
        lambda lines: first(lines, "revision").pop("settings"),
        "the first revision has to have `settings`",
    ),
    "restores itself": (lambda lines: last(lines, "revision").update(restores=12), "revision `12` cannot restore `12`"),
    "twice in order": (
        lambda lines: last(lines, "revision").update(order=[lines[3]["saved"]["id"]] * 2),
        "`order` has a rule twice",
    ),
    "unknown in order": (
        lambda lines: last(lines, "revision").update(order=["rul_" + "x" * 20]),
        "`order` has the rule `rul_xxxxxxxxxxxxxxxxxxxx`, of which nothing is said",
    ),
    "not in order": (lambda lines: first(lines, "revision", number=3).update(order=[]), "is not in `order`"),
    "id": (lambda lines: lines[3]["saved"].update(id="rul_x"), "Expected `str` matching regex"),
    "rule name": (lambda lines: lines[3]["saved"].update(name="../x"), "Expected `str` matching regex"),
    "NUL": (lambda lines: lines[3]["saved"].update(name="a\0"), "Expected `str` matching regex"),
    "same rule": (lambda lines: again(lines, "rule"), "stands twice"),
    "deleted": (lambda lines: first(lines, "rule").update(deleted=True), "is deleted, and live"),
    "version": (lambda lines: lines[3]["saved"].update(version=9), "there is no version `9` of the rule"),
    "version 0": (lambda lines: lines[3]["saved"].update(version=0), "Expected `int` >= 1"),
    "huge": (lambda lines: lines[3]["saved"].update(version=10**30), "Expected `int`"),
    "other digest": (lambda lines: lines[3]["saved"].update(sha256="0" * 64), "with this SHA-256"),
    "in a revision": (
        lambda lines: first(lines, "revision", number=3)["rules"][0].update(version=7),
        "there is no version `7` of the rule",
    ),
    "another script": (lambda lines: first(lines, "version").update(script=TWO + "#"), "not that of the script"),
    "a long script": (
        lambda lines: first(lines, "version").update(script="#" * 65_537),
        "the script is longer than 65536 bytes",
    ),
    "whose version": (
        lambda lines: first(lines, "version").update(rule="rul_" + "x" * 20),
        "a version of `rul_xxxxxxxxxxxxxxxxxxxx` has to stand below that rule",
    ),
    "same version": (lambda lines: again(lines, "version"), "stands behind"),
    "same module": (lambda lines: again(lines, "module"), "stands behind"),
    "module name": (lambda lines: first(lines, "module").update(name="os.path"), "Expected `str` matching regex"),
    "no module": (lambda lines: lines.remove(first(lines, "module")), "there is no version `1` of the module `geo`"),
    "cases twice": (lambda lines: again(lines, "cases"), "have to stand below that rule, once"),
    "whose cases": (lambda lines: moved(lines, "cases", 3), "have to stand below that rule, once"),
    "no cases": (lambda lines: first(lines, "cases").update(text='{"cases": []}'), "are none"),
    "cases of another kind": (lambda lines: first(lines, "cases").update(text='{"case": []}'), "these are no cases: "),
    "deep cases": (lambda lines: first(lines, "cases").update(text='{"cases":' + "[" * 9999), "these are no cases: "),
    "long cases": (lambda lines: first(lines, "cases").update(text=" " * 600_000), "longer than 524288 bytes"),
    "cases of a deleted rule": (
        lambda lines: lines.insert(
            lines.index(first(lines, "revision")), {**first(lines, "cases"), "rule": last(lines, "version")["rule"]}
        ),
        "is deleted, and has cases",
    ),
    "expected of nothing": (
        lambda lines: first(lines, "cases").update(text=CASES.replace('"expect": {}', '"expect": {"a": 1}')),
        "case `ü` expects `a`",
    ),
    "settings": (
        lambda lines: first(lines, "revision")["settings"].update(allowed_hosts=["*"]),
        "Expected `str` matching regex",
    ),
    "setting": (lambda lines: first(lines, "revision")["settings"].update(x=1), "Object contains unknown field `x`"),
    "depth": (dive, "Expected `object`, got `array`"),
    "a name twice": (
        lambda lines: first(lines, "configuration")["values"].append(first(lines, "configuration")["values"][0]),
        "a name stands twice in the configuration",
    ),
    "key": (
        lambda lines: first(lines, "configuration")["values"][0].update(key="a/b"),
        "Expected `str` matching regex",
    ),
    "set at": (
        lambda lines: first(lines, "configuration")["values"][0].update(set_at="0001-01-01T00:00:00Z"),
        "`set_at` is not a time of this world",
    ),
    "two sets": (lambda lines: again(lines, "configuration"), "this kind of line does not come here"),
    "same secret": (lambda lines: again(lines, "hook_secret"), "the secret `a` of `hydra` stands twice"),
    "many secrets": (
        lambda lines: lines.__setitem__(slice(-2, None), [{**lines[-3], "id": f"s{n}"} for n in range(21)]),
        "`okta` has more than 20 secrets",
    ),
    "a long subject": (lambda lines: first(lines, "hook_secret").update(set_by="x" * 256), "length <= 255"),
    "shadow": (lambda lines: first(lines, "shadow")["rules"][0].update(version=7), "there is no version `7`"),
    "two shadows": (lambda lines: again(lines, "shadow"), "this kind of line does not come here"),
    "two secrets": (lambda lines: again(lines, "secrets"), "this kind of line does not come here"),
    "kdf": (lambda lines: first(lines, "secrets").update(kdf="none"), "Invalid enum value 'none'"),
}


def signed(lines: Lines) -> bytes:
    """With a digest that is right."""
    texts = [msgspec.json.encode(line) + b"\n" for line in lines if line["kind"] != "end"]
    return b"".join([*texts, end_of(texts)])


def test_the_digest_of_a_hostile_file_is_right(whole: bytes) -> None:
    assert signed([json.loads(line) for line in whole.splitlines()]) == whole


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files(whole: bytes, what: str) -> None:
    change, said = HOSTILE[what]
    lines = [json.loads(line) for line in whole.splitlines()][:-1]
    change(lines)
    error = refused(signed(lines))
    assert said in error.message
    assert len(error.message) < 400


def test_nothing_comes_behind_the_end(whole: bytes) -> None:
    for more in (b"\n", b"x\n", whole.splitlines(keepends=True)[-1], whole):
        assert refused(whole + more).message == "the section has ended already"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_changed_it_is_read_or_refused(whole: bytes, data: st.DataObject) -> None:
    """With a digest that is right: nothing but a refusal comes of it."""
    lines = [json.loads(line) for line in whole.splitlines()][:-1]
    for _ in range(data.draw(st.integers(1, 4))):
        line = lines[data.draw(st.integers(0, len(lines) - 1))]
        name = data.draw(st.sampled_from(sorted(line)))
        line[name] = data.draw(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.text(max_size=5),
                st.just([]),
                st.just({}),
                st.sampled_from([other[key] for other in lines for key in other]),
            )
        )
    try:
        read(signed(lines))
    except BadExport as error:
        assert error.line is not None
        assert "\n" not in error.message


# The passphrase


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "COST", 2**14)


async def test_what_is_sealed_is_opened_by_its_passphrase_alone(cheap: None) -> None:
    line = await passphrase.sealed(b"a text", "correct horse", b"about")
    assert b"a text" not in encoded(line)
    assert await passphrase.opened(line, "correct horse", b"about") == b"a text"
    other = await passphrase.sealed(b"a text", "correct horse", b"about")
    assert (line.salt, line.nonce, line.sealed) != (other.salt, other.nonce, other.sealed)
    assert line.salt != other.salt
    for phrase, about in (("correct horsf", b"about"), ("", b"about"), ("correct horse", b"elsewhere")):
        with pytest.raises(BadPassphrase, match="the passphrase is another one, or the file was changed"):
            await passphrase.opened(line, phrase, about)


async def test_the_parameters_are_those_that_are_used() -> None:
    """As RFC 7914 and AES-256-GCM have it, without this module: a file can be opened without Claimsmith."""
    line = await passphrase.sealed(b"a text", "correct hörse", b"about")
    assert (line.n, line.r, line.p) == (131_072, 8, 1)
    salt, nonce, sealed = (base64.b64decode(part) for part in (line.salt, line.nonce, line.sealed))
    key = hashlib.scrypt("correct hörse".encode(), salt=salt, n=line.n, r=line.r, p=line.p, dklen=32, maxmem=2**28)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    assert AESGCM(key).decrypt(nonce, sealed, b"claimsmith export 1\0about") == b"a text"


async def test_one_character_written_in_two_ways_is_one(cheap: None) -> None:
    line = await passphrase.sealed(b"x", "passphrase \u00fc", b"")
    assert await passphrase.opened(line, "passphrase u\u0308", b"") == b"x"


@pytest.mark.parametrize("phrase", ["", "x" * 11, "x" * 1025])
async def test_a_passphrase_that_keeps_nothing(phrase: str) -> None:
    with pytest.raises(BadPassphrase, match=f"the passphrase has {len(phrase)} characters: it has to have 12 to 1024"):
        await passphrase.sealed(b"x", phrase, b"")


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2**30},
        {"n": 2**13},
        {"n": 2**14 + 1},
        {"n": 0},
        {"n": -1},
        {"r": 1_000_000},
        {"p": 1_000_000},
        {"salt": "x"},
        {"salt": ""},
        {"salt": "é" * 16},
        {"nonce": "AAAA"},
        {"sealed": "!"},
    ],
)
async def test_parameters_that_would_cost_too_much_or_are_none(cheap: None, fields: dict[str, Any]) -> None:
    line = msgspec.structs.replace(await passphrase.sealed(b"x", "correct horse", b""), **fields)
    with pytest.raises(ValueError, match=r"scrypt|base64|bytes"):
        await passphrase.opened(line, "correct horse", b"")


async def test_a_changed_byte_of_what_is_sealed(cheap: None) -> None:
    line = await passphrase.sealed(b"x", "correct horse", b"")
    for name in ("salt", "nonce", "sealed"):
        text = bytearray(base64.b64decode(getattr(line, name)))
        text[0] ^= 1
        changed = msgspec.structs.replace(line, **{name: base64.b64encode(text).decode()})
        with pytest.raises(BadPassphrase):
            await passphrase.opened(changed, "correct horse", b"")
