"""What code that has taken over a worker finds: nothing of the service, and little of the machine."""

# ruff: noqa: E501

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.confinement import NOBODY
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


async def test_the_layers_are_reported(pool: Pool) -> None:
    assert pool.hello is not None
    assert pool.hello.layers == {
        "empty_environment": "active",
        "own_session": "active",
        "other_user": f"uid {NOBODY}" if os.getuid() == 0 else "already an ordinary user",
        "no_new_privileges": "active",
        "not_dumpable": "active",
        "death_with_parent": "active",
        "resource_limits": "active",
        "closed_descriptors": "active",
        "own_process_group": "active",
        "system_calls": "active",
    }


async def test_it_is_nobody(pool: Pool) -> None:
    expected = NOBODY if os.getuid() == 0 else os.getuid()
    found = await seen(pool, "found.extend([*os.getresuid(), *os.getresgid(), len(os.getgroups())])")
    groups = 0 if os.getuid() == 0 else len(os.getgroups())
    assert found[:3] == [expected] * 3
    assert found[6] == groups
    if os.getuid() == 0:
        assert await seen(pool, attempt("os.setuid(0)", "os.setgid(0)", "os.seteuid(0)")) == ["PermissionError"] * 3


async def test_the_environment_is_empty(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await seen(pool, "found.extend([*os.environ])")
    assert set(found) <= {"PYTHONHASHSEED", "TZ", "LC_CTYPE"}


async def test_no_descriptor_is_open_but_its_own(pool: Pool) -> None:
    body = """
for fd in range(1024):
    try:
        os.lseek(fd, 0, 1)
        found.append([fd, "file"])
    except OSError as error:
        if error.errno != 9:
            found.append([fd, "channel"])
"""
    found = await seen(pool, body)
    # /dev/null three times; the channel, the shared mapping, and the pipe for a hanging rule's line.
    assert found[:3] == [[0, "file"], [1, "file"], [2, "file"]]
    assert sorted(kind for fd, kind in found[3:]) == ["channel", "channel", "file"]


async def test_the_limits_of_the_kernel(pool: Pool) -> None:
    body = "r = sys.modules['resource']\nfor n in 'AS CPU NOFILE NPROC FSIZE CORE'.split():\n    found.append([*r.getrlimit(r.__dict__['RLIMIT_' + n])])"
    limits = pool.limits
    assert await seen(pool, body) == [
        [value, value] for value in (limits.worker_memory, limits.worker_cpu, 0, 0, 0, 0)
    ]  # fmt: skip
    assert await seen(pool, attempt("sys.modules['resource'].setrlimit(7, (99, 99))")) == ["ValueError"]


async def test_no_new_privileges_and_a_filter_of_system_calls(pool: Pool) -> None:
    (pid,) = await seen(pool, "found.append(os.getpid())")
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


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


FORBIDDEN = {
    "fork": "os.fork()",
    "exec": "os.execv('/bin/true', ['true'])",
    "kill the service": f"os.kill({os.getpid()}, 9)",
    "kill the zygote": "os.kill(os.getppid(), 9)",
    "signal itself": "os.kill(os.getpid(), 0)",
    "thread": "ctypes.CDLL(None).syscall(56, 0x10f00, 0, 0, 0, 0)",
    "memfd": "os.memfd_create('x')",
    "pipe": "os.pipe()",
    "socketpair": "ctypes.CDLL(None).socketpair(1, 1, 0, ctypes.create_string_buffer(8))",
    "write beyond the file": "os.pwrite(4, b'x', 10 ** 7)",
    "truncate": "os.ftruncate(4, 0)",
    "unlink": "os.unlink('/tmp/x')",
    "mkdir": "os.mkdir('/tmp/x')",
    "chmod": "os.chmod('/tmp', 0)",
    "ptrace": "ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
    "another process's memory": "ctypes.CDLL(None).process_vm_readv(os.getppid(), 0, 0, 0, 0, 0)",
    "namespaces": "ctypes.CDLL(None).unshare(0x10000000)",
    "mount": "ctypes.CDLL(None).mount(0, 0, 0, 0, 0)",
    "io_uring": "ctypes.CDLL(None).syscall(425, 1, 0)",
    "bpf": "ctypes.CDLL(None).syscall(321, 0, 0, 0)",
    "keyctl": "ctypes.CDLL(None).syscall(250, 0, 0, 0)",
    "userfaultfd": "ctypes.CDLL(None).syscall(323, 0)",
    "the second table of calls": "ctypes.CDLL(None).syscall(0x40000000 + 39)",
    "sleep": "time.sleep(1)",
}


@pytest.mark.parametrize("call", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_forbidden_call_ends_the_worker_and_nothing_else(pool: Pool, call: str) -> None:
    result = await pool.run(trial.request(takeover(f"{call}\ncontext['idToken']['done'] = 1\n"), key="forbidden"))
    assert isinstance(result, Killed), result
    assert (result.step, result.cause) == (0, "died")
    assert pool.hello is not None
    assert await seen(pool, "found.append(1)") == [1]


async def test_it_has_a_process_group_of_its_own(pool: Pool) -> None:
    found = await seen(pool, "found.extend([os.getpid(), os.getpgid(0), os.getsid(0), os.getppid()])")
    assert found[0] == found[1]
    assert found[2] == found[3] != os.getsid(0)


async def test_memory_ends_at_the_limit(pool: Pool) -> None:
    size = pool.limits.worker_memory
    found = await seen(pool, attempt(f"len(bytearray({size}))"))
    assert found == ["MemoryError"]
