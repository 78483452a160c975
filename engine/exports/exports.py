"""Tenants out of a service and into another: for backups, and from one stage to the next.

Everything of an export is checked before anything is changed, and a tenant is changed as a whole or not at all. Values
of secrets leave the service only under a passphrase, and are in nobody's hands in clear on their way.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from engine.authoring import Authoring
from engine.configuration import Configurations
from engine.execution_id import first_id
from engine.exports import comparing, passphrase
from engine.exports.comparing import Secrets
from engine.exports.lines import encoded, end_of, lines_of
from engine.exports.reading import BadExport, Section
from engine.hook_secrets import HookSecrets
from engine.impact import Impact
from engine.store.configurations import SealedSet
from engine.store.content import Content, Deviation, Put, State, Values
from engine.store.hook_secrets import SealedSecret
from engine.store.store import Store
from engine.validity import Validity

log = structlog.get_logger("claimsmith.exports")

BREATH = 1024 * 1024  # bytes after which logins may go on

_secrets = msgspec.json.Decoder(Secrets)


class Differs(Exception):
    """The tenant is there already, and not as the export says. Nothing was changed."""

    def __init__(self, tenant: str, differences: Sequence[Deviation]) -> None:
        super().__init__(f"the tenant `{tenant}` is there already, and is not what the export says")
        self.tenant = tenant
        self.differences = tuple(differences)


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` are names without a value here: those that the export did not bring."""

    put: Put
    missing_configuration: tuple[str, ...]
    missing_hook_secrets: tuple[str, ...]


class Exports:
    def __init__(
        self,
        store: Store,
        authoring: Authoring,
        validity: Validity,
        configurations: Configurations,
        hook_secrets: HookSecrets[Any],
    ) -> None:
        self._store = store
        self._authoring = authoring
        self._validity = validity
        self._configurations = configurations
        self._hook_secrets = hook_secrets
        self._deriving = asyncio.Lock()  # of a key: each takes 128 MB

    async def section(self, tenant: str, phrase: str | None, *, by: str) -> list[bytes]:
        """The tenant's section of an export, line by line; with a passphrase also the values of its secrets, which the
        audit log tells. Raises `NotFound`, `BadPassphrase`, and `Broken` for a value that cannot be read here."""
        content = await self._store.copy(tenant)
        lines: list[bytes] = []
        size = 0
        for line in lines_of(content):
            lines.append(line)
            if (size := size + len(line)) > BREATH:
                size = 0
                await asyncio.sleep(0)
        if phrase is not None:
            secrets = self._opened(content.configuration, content.hook_secrets)
            about = hashlib.sha256(b"".join(lines)).digest()
            async with self._deriving:
                lines.append(encoded(await passphrase.sealed(msgspec.json.encode(secrets), phrase, about)))
            held = {"configuration": len(secrets.configuration), "hook_secrets": len(secrets.hook_secrets)}
            await self._store.note_export(tenant, held, by)
            log.warning("a tenant was exported with its secrets", tenant=tenant, by=by, **held)
        return [*lines, end_of(lines)]

    async def take(self, section: Section, phrase: str | None, *, replace: bool, dry_run: bool, by: str) -> Imported:
        """The tenant becomes what the export says; with `dry_run` only as far as that it could. Twice is the same.

        Raises `BadExport`, `BadPassphrase`, `InvalidScripts`, `TooManyModules`, `InvalidValue`, `InvalidSecret`,
        `Conflict`, and `Differs` where it is there already, is another, and is not to be replaced."""
        content = section.content
        tenant = content.tenant.id
        secrets = None if phrase is None else await self._secrets_of(section, phrase)
        await self._require_compiling(content)
        if content.shadow is not None:  # it begins anew
            begun = {"reached": first_id(time.time_ns()), "impact": msgspec.json.encode(Impact()).decode()}
            content = msgspec.structs.replace(content, shadow=msgspec.structs.replace(content.shadow, **begun))

        def compare(state: State) -> Sequence[Deviation]:
            present = None if secrets is None else self._opened(state.configuration, state.hook_secrets)
            found = comparing.differences(content, state, secrets, present)
            if found and not replace:
                raise Differs(tenant, found)
            return found

        values = None if secrets is None else self._values(content, secrets)
        put = await self._authoring.put_copy(content, values, compare, dry_run=dry_run, by=by)
        if put.outcome != "unchanged" and not dry_run:
            self._configurations.forget(tenant)
            await self._configurations.live(tenant)  # logins do not wait for it
            await self._hook_secrets.refresh()
            log.info("a tenant was imported", tenant=tenant, by=by, outcome=put.outcome, revision=put.live.number)
        return await self._imported(content, put, given=secrets is not None)

    def _opened(self, configuration: SealedSet | None, hook_secrets: Sequence[SealedSecret]) -> Secrets:
        """Raises `Broken`."""
        values = {} if configuration is None else dict(self._configurations.opened(configuration).values)
        texts = {f"{one.issuer}/{one.id}": self._hook_secrets.text(one).decode() for one in hook_secrets}
        return Secrets(configuration=values, hook_secrets=texts)

    async def _secrets_of(self, section: Section, phrase: str) -> Secrets:
        if section.secrets is None:
            raise BadExport("it has no values of secrets, for which the passphrase would be")
        try:
            async with self._deriving:
                opened = await passphrase.opened(section.secrets, phrase, section.about)
            secrets = _secrets.decode(opened)
        except (ValueError, msgspec.MsgspecError) as error:
            raise BadExport(f"its secrets: {error}") from None
        content = section.content
        named = {entry.key for entry in content.configuration.entries} if content.configuration is not None else set()
        types = {f"{one.issuer}/{one.id}": one for one in content.hook_secrets}
        if named != secrets.configuration.keys() or types.keys() != secrets.hook_secrets.keys():
            raise BadExport("its secrets are not those that it names")
        self._configurations.given(secrets.configuration)
        for name, text in secrets.hook_secrets.items():
            self._hook_secrets.require(types[name], text.encode())
        return secrets

    def _values(self, content: Content, secrets: Secrets) -> Values:
        return Values(
            configuration=lambda number: self._configurations.sealed(content.tenant.id, number, secrets.configuration),
            hook_secrets=[
                self._hook_secrets.sealed(one, secrets.hook_secrets[f"{one.issuer}/{one.id}"].encode())
                for one in content.hook_secrets
            ],
        )

    async def _require_compiling(self, content: Content) -> None:
        """What is live does, with its modules. A draft that imports some is looked at when it goes live, as ever."""
        versions = {version.sha256: version.script for version in content.versions}
        scripts = versions | {module.sha256: module.script for module in content.modules}
        saved = [rule.saved for rule in content.rules if not rule.deleted]
        live = {*content.live.rules}
        drafts = [rule for rule in saved if not rule.imports and rule not in live]
        await self._validity.require_revision(content.live, drafts, scripts)

    async def _imported(self, content: Content, put: Put, *, given: bool) -> Imported:
        if given or (content.configuration is None and not content.hook_secrets):
            return Imported(put=put, missing_configuration=(), missing_hook_secrets=())
        tenant = content.tenant.id
        configuration = await self._store.configuration(tenant)
        found = (await self._store.hook_secrets([tenant])).get(tenant)
        keys = {entry.key for entry in configuration.entries} if configuration is not None else set()
        ids = {(one.issuer, one.id) for one in found.secrets} if found is not None else set()
        entries = () if content.configuration is None else content.configuration.entries
        missing = [f"{one.issuer}/{one.id}" for one in content.hook_secrets if (one.issuer, one.id) not in ids]
        return Imported(
            put=put,
            missing_configuration=tuple(entry.key for entry in entries if entry.key not in keys),
            missing_hook_secrets=tuple(missing),
        )
