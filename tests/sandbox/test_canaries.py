"""Code that has taken over a worker looks for canaries in files, networks, environments, and other processes.

With the language off all layers are tried together, then each group alone, then none: the last shows that every
attack here finds its canary where nothing stops it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.confinement import NOBODY
from sandbox.layers import ESSENTIAL
from sandbox.limits import Limits
from sandbox.pool import Pool
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.leaving_off import LANDLOCK, NAMESPACES, leaving_off
from tests.sandbox.takeover import takeover

pytestmark = pytest.mark.anyio

# The layers of which any keeps the canary in. Where another machine gives fewer, less is kept there without the filter.
KEPT_BY = {
    "file": {"system_calls", "landlock_files", "empty_root", "resource_limits"},
    "file's size": {"system_calls", "empty_root"},
    "tcp": {"system_calls", "landlock_tcp", "network_namespace", "resource_limits"},
    "udp": {"system_calls", "network_namespace", "resource_limits"},
    "unix socket": {"system_calls", "empty_root", "resource_limits"},
    "abstract socket": {"system_calls", "landlock_scope", "network_namespace", "resource_limits"},
    "environment": {"system_calls", "landlock_files", "empty_root", "resource_limits"},
    "process's memory": {"system_calls", "landlock_files", "empty_root", "resource_limits"},
    "program": {"system_calls", "landlock_files", "empty_root", "resource_limits"},
    "tenant's memory": {"system_calls", "landlock_domain", "not_dumpable"},
    # Workers share one process namespace, so that this is for Landlock.
    "tenant's process": {"system_calls", "landlock_scope"},
}
FILTER, LIMITS, MEMORY = {"system_calls"}, {"resource_limits"}, {"not_dumpable"}

# What is left off.
VARIANTS: dict[str, set[str]] = {
    "all layers": set(),
    "without the filter": FILTER,
    "without the filter and namespaces": {*FILTER, *NAMESPACES},
    "without the filter and Landlock": {*FILTER, *LANDLOCK},
    "the filter alone": {*LANDLOCK, *NAMESPACES, *LIMITS, *MEMORY},
    "Landlock alone": {*FILTER, *NAMESPACES, *LIMITS, *MEMORY},
    "namespaces alone": {*FILTER, *LANDLOCK, *LIMITS, *MEMORY},
    "resource limits alone": {*FILTER, *LANDLOCK, *NAMESPACES},
    "no layer": {*FILTER, *LANDLOCK, *NAMESPACES, *LIMITS, *MEMORY},
}
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")  # where it is on, no process reads the memory of one beside it

# Each answers with the canary that it found. `at` says where to look.
ATTACKS = {
    "file": "return open(at['path'], 'rb').read()",
    "file's size": "return b'canary of %d' % os.stat(at['path']).st_size",
    "tcp": "s = socket.socket(); s.settimeout(2); s.connect(('127.0.0.1', at['tcp'])); return s.recv(100)",
    "udp": """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(b'hello', ('127.0.0.1', at['udp']))
return s.recv(100)
""",
    "unix socket": "s = socket.socket(socket.AF_UNIX); s.connect(at['unix']); return s.recv(100)",
    "abstract socket": "s = socket.socket(socket.AF_UNIX); s.connect(chr(0) + at['abstract']); return s.recv(100)",
    "environment": "return open('/proc/%d/environ' % at['victim'], 'rb').read()",
    "process's memory": """
lines = open('/proc/%d/maps' % at['victim']).read().splitlines()
low, high = [int(n, 16) for n in [line for line in lines if '[stack]' in line][0].split()[0].split('-')]
with open('/proc/%d/mem' % at['victim'], 'rb', 0) as memory:
    memory.seek(low)
    found = memory.read(high - low)
return found[found.index(b'canary'):][:100]
""",
    "program": """
reading, writing = os.pipe()
if os.fork() == 0:
    try:
        os.dup2(writing, 1)
        os.execv('/bin/cat', ['cat', at['path']])
    finally:
        os._exit(1)
os.close(writing)
return os.read(reading, 100)
""",
    # The zygote's children have the same layout: what is at an address in one is at the same in another.
    "tenant's memory": """
class Vector(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
got = ctypes.create_string_buffer(100)
ours, theirs = Vector(ctypes.addressof(got), 100), Vector(at['address'], 100)
for pid in [at['tenant'], *range(1, 64)]:
    if pid != os.getpid() and ctypes.CDLL(None).process_vm_readv(
        pid, ctypes.byref(ours), ctypes.c_ulong(1), ctypes.byref(theirs), ctypes.c_ulong(1), ctypes.c_ulong(0)
    ) > 0 and b'canary' in got.raw:
        return got.raw
raise OSError('nobody has it')
""",
    "tenant's process": """
for pid in [at['tenant'], *range(2, 64)]:
    if pid != os.getpid():
        try:
            os.kill(pid, 0)
        except OSError:
            continue
        return b'canary of a signal to %d' % pid
raise OSError('nobody is there')
""",
}
PROLOGUE = """
import os, socket, ctypes
def attack():
{body}
at = {at}
try:
    found = attack()
    context['idToken']['found'] = found.decode('latin-1')
except (OSError, ValueError, IndexError) as error:
    context['idToken']['error'] = repr(error)
"""


@dataclass
class Place:
    """What the attacker is told about where to look. Each canary is another text."""

    canary: str
    at: dict[str, object]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    canary = "canary-" + secrets.token_hex(8)
    same_user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    with ExitStack() as stack:
        # Where every user may look: pytest's own folder is closed to others.
        folder = Path(tempfile.mkdtemp(prefix="cs"))
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        (folder / "secret").write_text(canary)
        (folder / "secret").chmod(0o644)
        victim = stack.enter_context(subprocess.Popen(["/bin/sleep", "600"], env={"SECRET": canary}, **same_user))
        stack.callback(victim.kill)
        at: dict[str, object] = {"path": str(folder / "secret"), "victim": victim.pid, "unix": str(folder / "socket")}
        at["abstract"] = canary.replace("canary", "name")
        at["tcp"] = stack.enter_context(serving(socket.AF_INET, ("127.0.0.1", 0), canary))[1]
        at["udp"] = stack.enter_context(echoing(canary))[1]
        stack.enter_context(serving(socket.AF_UNIX, str(folder / "socket"), canary))
        (folder / "socket").chmod(0o777)
        stack.enter_context(serving(socket.AF_UNIX, "\0" + str(at["abstract"]), canary))
        yield Place(canary, at)


@contextmanager
def serving(family: int, address: object, canary: str) -> Iterator[tuple[str, int]]:
    """Says the canary to whoever connects."""
    loop = asyncio.get_running_loop()
    listener = socket.socket(family)
    listener.bind(address)  # type: ignore[arg-type]
    listener.listen()
    listener.setblocking(False)

    def greet() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.send(canary.encode())

    loop.add_reader(listener, greet)
    yield listener.getsockname()
    loop.remove_reader(listener)
    listener.close()


@contextmanager
def echoing(canary: str) -> Iterator[tuple[str, int]]:
    """Answers every datagram with the canary."""
    loop = asyncio.get_running_loop()
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ours.bind(("127.0.0.1", 0))
    ours.setblocking(False)
    loop.add_reader(ours, lambda: ours.sendto(canary.encode(), ours.recvfrom(100)[1]))
    yield ours.getsockname()
    loop.remove_reader(ours)
    ours.close()


async def other_tenant(pool: Pool, canary: str) -> dict[str, object]:
    """A worker of another tenant that holds the canary in its memory: where, and which process."""
    keep = takeover(f"sys.kept = b'{canary}'\ncontext['idToken']['address'] = id(sys.kept)")
    result = await pool.run(trial.request(keep, key="other tenant"))
    assert isinstance(result, Answer)
    (worker,) = pool._tenants["other tenant"].workers
    while worker.pid is None:
        await asyncio.sleep(0.01)
    return {"address": result.returns["idToken"]["address"] + 32, "tenant": worker.pid}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_what_comes_out(place: Place, variant: str) -> None:
    off = VARIANTS[variant]
    pool = Pool(Limits(rule_time=5.0), workers=20, workers_per_tenant=1, queue=10, unconfined_by=ESSENTIAL)
    with leaving_off(off):
        hello = await pool.start()
    try:
        active = {name for name, state in hello.layers.items() if state == "active"}
        assert active.isdisjoint(off) and active >= set(ESSENTIAL) - off, hello.layers
        expected = {name for name, keepers in KEPT_BY.items() if keepers.isdisjoint(active)}
        if YAMA.exists() and YAMA.read_text() != "0\n":
            expected -= {"process's memory", "tenant's memory"}
        assert not expected or "system_calls" in off
        place.at |= await other_tenant(pool, place.canary)
        found = {}
        for name, body in ATTACKS.items():
            lines = "\n".join("    " + line for line in body.strip().splitlines())
            code = takeover(PROLOGUE.format(body=lines, at=place.at))
            result = await pool.run(trial.request(code, key=name, seconds=8.0))
            said = repr(result.returns) + str(bytes(result.journal)) if isinstance(result, Answer) else repr(result)
            found[name] = ("canary" in said, said)
        assert {name for name, (out, _) in found.items() if out} == expected, found
    finally:
        await pool.close()


def test_the_filter_and_another_layer_keep_every_canary() -> None:
    assert KEPT_BY.keys() == ATTACKS.keys()
    assert all("system_calls" in keepers and len(keepers) > 1 for keepers in KEPT_BY.values())
