"""What code that has taken over a worker finds: nothing of the service, and little of the machine."""

# ruff: noqa: E501

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.child import EACH
from sandbox.confinement import NOBODY, ONCE
from sandbox.layers import ESSENTIAL, LAYERS
from sandbox.pool import Killed, Pool
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

pytestmark = pytest.mark.anyio


async def seen(pool: Pool, body: str) -> Any:
    result = await pool.run(trial.request(takeover("found = []\n" + body + "\ncontext['idToken']['found'] = found\n")))
    assert isinstance(result, Answer), result
    assert trial.outcomes(result) == ["passed"], trial.errors(result)
    return result.returns["idToken"]["found"]


def attempt(*expressions: str) -> str:
    """Each expression's value as text, or the error's name."""
    return (
        "".join(
            f"try:\n    found.append(str({expression}))\nexcept Exception as error:\n    found.append(type(error).__name__)\n"
            for expression in expressions
        )
        .replace("str(", "'%s' % (")
        .replace("type(error)", "error.__class__")
    )


async def worker_of(pool: Pool) -> int:
    """The process id of a worker, as the machine knows it: the worker itself may have another one, or none."""
    await seen(pool, "pass")
    worker = max(pool._tenants["tenant"].workers, key=lambda worker: worker.idle_since)
    while worker.pid is None:
        await asyncio.sleep(0.01)
    return worker.pid


async def status_of(pool: Pool) -> dict[str, str]:
    text = Path(f"/proc/{await worker_of(pool)}/status").read_text()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in text.splitlines())}


async def test_the_layers_are_reported(pool: Pool) -> None:
    assert pool.hello is not None
    states = pool.hello.layers
    assert list(states) == [layer.name for layer in LAYERS]
    assert {states[name] for name in ESSENTIAL} == {"active"}
    assert all(state == "active" or state.startswith("not given by the kernel: ") for state in states.values())


def test_the_table_of_layers() -> None:
    assert {*ONCE, *EACH} == {layer.name for layer in LAYERS}
    assert all(layer.takes_away for layer in LAYERS)


async def test_it_is_nobody_with_no_rights(pool: Pool) -> None:
    status = await status_of(pool)
    user, group = (NOBODY, NOBODY) if os.getuid() == 0 else (os.getuid(), os.getgid())
    assert status["Uid"].split() == [str(user)] * 4
    assert status["Gid"].split() == [str(group)] * 4
    assert len(status["Groups"].split()) == (0 if os.getuid() == 0 else len(os.getgroups()))
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[capabilities], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert await seen(pool, attempt("os.setuid(0)", "os.setgid(0)", "os.setresuid(0, 0, 0)")) == ["PermissionError"] * 3


async def test_the_environment_is_empty(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await seen(pool, "found.extend([*os.environ])")
    assert set(found) <= {"PYTHONHASHSEED", "TZ", "LC_CTYPE"}


async def test_no_descriptor_is_open_but_its_own(pool: Pool) -> None:
    body = """
libc = ctypes.CDLL(None, use_errno=True)
for fd in range(1024):
    # Nothing, to nobody: what a descriptor that is no socket says to it tells that it is open.
    if libc.send(fd, b"", 0, 0) == 0:
        found.append([fd, "channel"])
    elif ctypes.get_errno() != 9:
        found.append([fd, "other"])
"""
    found = await seen(pool, body)
    # /dev/null three times; the channel, and the pipe for a hanging rule's line.
    assert found[:3] == [[0, "other"], [1, "other"], [2, "other"]]
    assert sorted(kind for fd, kind in found[3:]) == ["channel", "other"]


async def test_the_limits_of_the_kernel(pool: Pool) -> None:
    text = Path(f"/proc/{await worker_of(pool)}/limits").read_text()
    rows = {line[:26].strip(): line[26:].split()[:2] for line in text.splitlines()[1:]}
    for name, value in {
        "Max address space": pool.limits.worker_memory,
        "Max cpu time": pool.limits.worker_cpu,
        "Max open files": 0,
        "Max processes": 0,
        "Max file size": 0,
        "Max core file size": 0,
    }.items():
        assert rows[name] == [str(value)] * 2
    assert await seen(pool, attempt("sys.modules['resource'].setrlimit(7, (99, 99))")) == ["ValueError"]


async def test_files_and_sockets_are_out_of_reach(pool: Pool) -> None:
    found = await seen(
        pool,
        attempt(
            "open('/etc/passwd')",
            "open('/tmp/x', 'w')",
            f"open('/proc/{os.getpid()}/environ')",
            "os.stat('/etc/passwd')",
            "os.listdir('/')",
            "os.readlink('/proc/self/exe')",
            "os.getcwd()",
            "channel.__class__()",
            "os.dup(0)",
            "os.setuid(0)",
            "sys.modules['mmap'].mmap(-1, 4096, prot=7)",
        ),
    )
    assert found == ["PermissionError"] * 11


# As code would do it; tests/sandbox/test_system_calls.py has every call there is.
FORBIDDEN = {
    "fork": "os.fork()",
    "exec": "os.execv('/bin/true', ['true'])",
    "kill the service": f"os.kill({os.getpid()}, 9)",
    "kill its namespace": "os.kill(1, 9)",
    "memfd": "os.memfd_create('x')",
    "pipe": "os.pipe()",
    "socketpair": "ctypes.CDLL(None).socketpair(1, 1, 0, ctypes.create_string_buffer(8))",
    "a descriptor over the channel": "sys.modules['socket'].send_fds(channel, [b'x'], [0])",
    "write beyond the file": "os.pwrite(4, b'x', 10 ** 7)",
    "truncate": "os.ftruncate(4, 0)",
    "unlink": "os.unlink('/tmp/x')",
    "mkdir": "os.mkdir('/tmp/x')",
    "chmod": "os.chmod('/tmp', 0)",
    "ptrace": "ctypes.CDLL(None).ptrace(16, 1, 0, 0)",
    "another process's memory": "ctypes.CDLL(None).process_vm_readv(1, 0, 0, 0, 0, 0)",
    "namespaces": "ctypes.CDLL(None).unshare(0x10000000)",
    "mount": "ctypes.CDLL(None).mount(0, 0, 0, 0, 0)",
    "sleep": "time.sleep(1)",
    "abort": "os.abort()",
}


@pytest.mark.parametrize("call", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_forbidden_call_ends_the_worker_and_nothing_else(pool: Pool, call: str) -> None:
    result = await pool.run(trial.request(takeover(f"{call}\ncontext['idToken']['done'] = 1\n"), key="forbidden"))
    assert isinstance(result, Killed), result
    assert (result.step, result.cause) == (0, "died")
    assert pool.hello is not None
    assert await seen(pool, "found.append(1)") == [1]


async def test_it_has_a_process_group_of_its_own(pool: Pool) -> None:
    pid = await worker_of(pool)
    assert pool._workers.zygote is not None
    assert os.getpgid(pid) == pid
    assert os.getsid(pid) == pool._workers.zygote.pid != os.getsid(0)


async def test_memory_ends_at_the_limit(pool: Pool) -> None:
    size = pool.limits.worker_memory
    found = await seen(pool, attempt(f"len(bytearray({size}))"))
    assert found == ["MemoryError"]
