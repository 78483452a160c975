"""What code that has taken over a worker finds: nothing of the service, and little of the machine."""

# ruff: noqa: E501

from __future__ import annotations

import os
from typing import Any

import pytest

from sandbox.confinement import NOBODY
from sandbox.pool import Pool
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
        found.append([fd, sys.modules["stat"].S_IFMT(os.fstat(fd).st_mode)])
    except OSError:
        pass
"""
    found = await seen(pool, body)
    # /dev/null three times; the channel, the shared mapping, and the pipe for a hanging rule's line.
    assert [kind for fd, kind in found if fd < 3] == [0o020000] * 3
    assert sorted(kind for fd, kind in found if fd >= 3) == [0o010000, 0o100000, 0o140000]


async def test_the_limits_of_the_kernel(pool: Pool) -> None:
    body = "r = sys.modules['resource']\nfor n in 'AS CPU NOFILE NPROC FSIZE CORE'.split():\n    found.append([*r.getrlimit(r.__dict__['RLIMIT_' + n])])"
    limits = pool.limits
    assert await seen(pool, body) == [
        [value, value] for value in (limits.worker_memory, limits.worker_cpu, 0, 0, 0, 0)
    ]  # fmt: skip
    assert await seen(pool, attempt("sys.modules['resource'].setrlimit(7, (99, 99))")) == ["ValueError"]


async def test_no_new_privileges_and_not_dumpable(pool: Pool) -> None:
    prctl = "ctypes.CDLL(None).prctl"
    assert await seen(pool, attempt(f"{prctl}(39, 0, 0, 0, 0)", f"{prctl}(3, 0, 0, 0, 0)")) == ["1", "0"]


async def test_files_sockets_and_programs_are_out_of_reach(pool: Pool) -> None:
    service = os.getpid()
    found = await seen(
        pool,
        attempt(
            "open('/etc/passwd')",
            "open('/tmp/x', 'w')",
            f"open('/proc/{service}/environ')",
            "channel.__class__()",
            "os.memfd_create('x')",
            "os.pipe()",
            "os.dup(0)",
            f"os.kill({service}, 0)",
        ),
    )
    assert found == ["OSError"] * 7 + (["PermissionError"] if os.getuid() == 0 else found[7:])


async def test_no_process_can_be_made(pool: Pool) -> None:
    if os.getuid() != 0:
        pytest.skip("the limit on processes counts those of the same user")
    assert await seen(pool, attempt("os.fork()")) == ["BlockingIOError"]


async def test_it_has_a_process_group_of_its_own(pool: Pool) -> None:
    found = await seen(pool, "found.extend([os.getpid(), os.getpgid(0), os.getsid(0), os.getppid()])")
    assert found[0] == found[1]
    assert found[2] == found[3] != os.getsid(0)


async def test_memory_ends_at_the_limit(pool: Pool) -> None:
    size = pool.limits.worker_memory
    found = await seen(pool, attempt(f"len(bytearray({size}))"))
    assert found == ["MemoryError"]


async def test_a_write_to_a_file_that_is_open_is_refused(pool: Pool) -> None:
    body = "for fd in (3, 4, 5, 6, 7, 8, 9):\n    try:\n        os.pwrite(fd, b'x' * 10, 10 ** 7)\n        found.append(fd)\n    except OSError:\n        pass"
    assert await seen(pool, "sys.modules['signal'].signal(25, 1)\n" + body) == []
