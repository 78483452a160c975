"""A sandbox with layers of confinement left off, to see what the others hold alone, and what each costs.

It is another program for the zygote, so that the real one has no way to leave anything off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sandbox import kernel, process
from sandbox.child import EACH, Unapplied
from sandbox.confinement import ONCE, Confinement

NAMESPACES = ("network_namespace", "ipc_namespace", "uts_namespace", "process_namespace", "empty_root")
LANDLOCK = ("landlock_files", "landlock_tcp", "landlock_scope", "landlock_domain")


@contextmanager
def leaving_off(names: Collection[str]) -> Iterator[None]:
    """Zygotes that start meanwhile leave off these layers; what is essential has to be accepted as missing too."""
    real = process.BOOT
    program = f"from tests.sandbox.leaving_off import main; main({tuple(names)!r})"
    process.BOOT = f"import sys; sys.path.insert(0, {{root!r}}); {program}"
    try:
        yield
    finally:
        process.BOOT = real


def main(names: tuple[str, ...]) -> None:
    from sandbox import zygote  # in the zygote only: it loads the compiler of rules

    for name in names:
        assert name in ONCE or name in EACH, name
        ONCE.pop(name, None)
        EACH.pop(name, None)
    if "not_dumpable" in names:
        ONCE["not_dumpable"] = _dumpable
    zygote.main()


def _dumpable(_: Confinement) -> None:
    """The change of user has the same effect: it has to be undone."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    raise Unapplied("not applied")
