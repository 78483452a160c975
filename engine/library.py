"""The modules of a tenant: which of them a script is compiled with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping

from engine.models import PipelineModule

MOST_MODULES = 100  # of one tenant
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Sources = Mapping[str, str]  # of modules, by their names
NO_MODULES: Sources = {}


def mentioned(script: str, names: Collection[str]) -> tuple[str, ...]:
    """The modules that a script may import: those that it names anywhere. The service reads no more of it than that:
    one that is only named is compiled with it, and does nothing."""
    return tuple(sorted({*_WORD.findall(script)} & {*names}))


def closure(imports: Iterable[str], modules: Collection[PipelineModule]) -> tuple[PipelineModule, ...]:
    """The modules that these imports lead to, directly or through others, by name."""
    known = {module.name: module for module in modules}
    found: dict[str, PipelineModule] = {}
    pending = list(imports)
    while pending:
        name = pending.pop()
        if name in known and name not in found:
            found[name] = known[name]
            pending += known[name].imports
    return tuple(found[name] for name in sorted(found))


def sources_for(script: str, modules: Sources) -> Sources:
    """Those of `modules` that a script is compiled with. Only what it leads to is looked through."""
    found: dict[str, str] = {}
    pending = [*mentioned(script, modules)]
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = modules[name]
            pending += mentioned(modules[name], modules)
    return found


def drafts(modules: Sources) -> tuple[PipelineModule, ...]:
    """Modules as a revision would hold them."""
    return tuple(
        PipelineModule(name=name, version=0, sha256=sha256(text), imports=mentioned(text, modules.keys() - {name}))
        for name, text in sorted(modules.items())
    )


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def whole(script: str, modules: Sources) -> str:
    """What names a script together with the modules that it is compiled with."""
    return digest(sha256(script), {name: sha256(text) for name, text in modules.items()})


def digest(script: str, modules: Mapping[str, str]) -> str:
    """The same where all are given by their SHA-256."""
    if not modules:
        return script
    return sha256("\0".join([script, *(f"{name} {modules[name]}" for name in sorted(modules))]))
