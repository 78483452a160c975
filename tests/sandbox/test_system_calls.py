"""The filter of system calls: what the kernel reads of it on both architectures, and what it does to a worker here."""

from __future__ import annotations

import asyncio
import errno
import platform
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from sandbox import seccomp
from sandbox.limits import Limits
from sandbox.process import Worker, ZygoteProcess
from sandbox.seccomp import ALLOW, ALLOWED, ARCHITECTURES, KILL_PROCESS, REFUSE, REFUSED, X32, program
from sandbox.wire import Answer, Job, JobRule, frame, to_worker
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

ROWS = [line.split() for line in (Path(__file__).parent / "system_calls.txt").read_text().splitlines()]
NUMBERS = {
    machine: {row[0]: int(row[column]) for row in ROWS if row[0] != "#" and row[column] != "-" and len(row) == 3}
    for machine, column in (("x86_64", 1), ("aarch64", 2))
}
MACHINES = list(ARCHITECTURES)
HERE = platform.machine()
ENDLESS = 0xFFFFFFFFFFFFFFFF  # -1 as the kernel reads it


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the program answers to a call: classic BPF, run here as the kernel runs it."""
    words = {0: number, 4: ARCHITECTURES[machine] if audit is None else audit}
    for index, argument in enumerate((*arguments, *(0,) * (6 - len(arguments)))):
        words[16 + 8 * index] = argument & 0xFFFFFFFF
        words[20 + 8 * index] = argument >> 32
    lines = program(machine)
    accumulator = position = 0
    while True:
        code, on_true, on_false, value = lines[position]
        position += 1
        if code == seccomp.LOAD:
            accumulator = words[value]
        elif code == seccomp.AND:
            accumulator &= value
        elif code == seccomp.EQUAL:
            position += on_true if accumulator == value else on_false
        elif code == seccomp.AT_LEAST:
            position += on_true if accumulator >= value else on_false
        else:
            assert code == seccomp.RETURN, code
            return value


def test_every_call_is_known_by_its_number() -> None:
    assert {machine: len(known) > 300 for machine, known in NUMBERS.items()} == dict.fromkeys(MACHINES, True)
    for row in ALLOWED:
        assert (row.x86_64, row.aarch64) == tuple(NUMBERS[machine][row.name] for machine in MACHINES), row.name
    for name, numbers in REFUSED.items():
        assert numbers == tuple(NUMBERS[machine].get(name) for machine in MACHINES), name


def test_every_row_says_why_and_stands_once() -> None:
    assert all(row.why for row in ALLOWED)
    names = [*(row.name for row in ALLOWED), *REFUSED]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_number(machine: str) -> None:
    """Whatever is in neither table ends the worker, also what Linux has not invented yet."""
    column = MACHINES.index(machine)
    allowed = {(row.x86_64, row.aarch64)[column] for row in ALLOWED}
    refused = {numbers[column] for numbers in REFUSED.values()}
    for number in range(1001):
        answers = {verdict(machine, number), verdict(machine, number, *[ENDLESS] * 6)}
        expected = {ALLOW, REFUSE} if number in allowed else {REFUSE} if number in refused else {KILL_PROCESS}
        assert answers <= expected, number
    assert {verdict(machine, X32 + number) for number in range(1001)} == {KILL_PROCESS}
    assert verdict(machine, 0xFFFFFFFF) == KILL_PROCESS


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_by_the_table_of_another_architecture(machine: str) -> None:
    others = {audit for name, audit in ARCHITECTURES.items() if name != machine} | {0x40000003, 0x40000028, 0}
    for audit in others:
        assert {verdict(machine, number, audit=audit) for number in range(500)} == {KILL_PROCESS}


def test_an_architecture_without_a_table() -> None:
    with pytest.raises(seccomp.Unsupported, match="no table of system calls for `riscv64`"):
        program("riscv64")


MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_HUGETLB = 1, 2, 0x10, 0x20, 0x40000
A = 0x7F00_0000_0000  # some address
# Each allowed call with arguments that a worker has to do with, and with such as nobody should give.
GOOD: list[tuple[str, tuple[int, ...]]] = [
    ("recvfrom", (3, A, 4096, 0, 0, 0)),
    ("sendto", (3, A, 4096, 0, 0, 0)),
    ("write", (5, A, 100)),
    ("setitimer", (0, A, 0)),
    ("clock_gettime", (0, A)),
    ("clock_gettime", (1, A)),
    ("clock_gettime", (3, A)),
    ("getrusage", (0, A)),
    ("brk", (A,)),
    ("mmap", (0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, ENDLESS, 0)),
    ("mmap", (0, 1 << 20, 0, MAP_PRIVATE | MAP_ANONYMOUS, ENDLESS, 0)),
    ("mprotect", (A, 4096, 3)),
    ("mremap", (A, 4096, 8192, 1, 0)),
    ("munmap", (A, 4096)),
    ("rt_sigaction", (14, A, A, 8)),
    ("sigaltstack", (A, 0)),
    ("rt_sigreturn", ()),
    ("futex", (A, 129, 0x7FFFFFFF)),
    ("futex", (A, 0, 0)),
    ("getrandom", (A, 16, 0)),
    ("exit_group", (0,)),
]
BAD: list[tuple[str, tuple[int, ...]]] = [
    ("recvfrom", (3, A, 4096, 1, 0, 0)),  # out of band
    ("recvfrom", (3, A, 4096, 2, 0, 0)),  # peek
    ("sendto", (3, A, 1, 1, 0, 0)),  # out of band
    ("sendto", (3, A, 1, 0x4000, 0, 0)),
    ("sendto", (3, A, 1, 0, A, 110)),  # to an address
    ("sendto", (3, A, 1, 0, 1 << 32, 110)),
    ("setitimer", (1, A, 0)),  # another timer
    ("clock_gettime", (0xFFFFFFFE, A)),  # another process's
    ("clock_gettime", (8, A)),
    ("getrusage", (0xFFFFFFFF, A)),  # of its children
    ("mmap", (0, 4096, 4, MAP_PRIVATE | MAP_ANONYMOUS, ENDLESS, 0)),  # to be executed
    ("mmap", (0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, ENDLESS, 0)),
    ("mmap", (0, 4096, 3 | 0x01000000, MAP_PRIVATE | MAP_ANONYMOUS, ENDLESS, 0)),  # grows down
    ("mmap", (0, 4096, 1, MAP_PRIVATE, 4, 0)),  # a file
    ("mmap", (0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, ENDLESS, 0)),
    ("mmap", (A, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ENDLESS, 0)),
    ("mmap", (0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, ENDLESS, 0)),
    ("mprotect", (A, 4096, 5)),
    ("mprotect", (A, 4096, 4)),
    ("mremap", (A, 4096, 4096, 5, 0)),  # and leave the old place
    ("mremap", (A, 4096, 4096, 3, A)),  # to a fixed place
    ("futex", (A, 3, 1)),  # requeue
    ("futex", (A, 6, 1)),  # with priorities
    ("futex", (A, 9, 1)),
    ("futex", (A, 128 | 12, 1)),
]


@pytest.mark.parametrize("machine", MACHINES)
def test_the_arguments_of_allowed_calls(machine: str) -> None:
    assert {name for name, _ in GOOD} == {row.name for row in ALLOWED}
    assert {name for name, _ in BAD} == {row.name for row in ALLOWED if row.checks}
    for name, arguments in GOOD:
        assert verdict(machine, NUMBERS[machine][name], *arguments) == ALLOW, (name, arguments)
    for name, arguments in BAD:
        assert verdict(machine, NUMBERS[machine][name], *arguments) == REFUSE, (name, arguments)


CALL = """
libc = ctypes.CDLL(None, use_errno=True)
arguments = [ctypes.c_ulong(argument) for argument in {arguments}]
result = libc.syscall({number}, *arguments)
context['idToken']['result'] = [result, ctypes.get_errno()]
"""


class Tried:
    """One worker of its own for one call: what it answered, or that it ended."""

    def __init__(self) -> None:
        self.end: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

    async def call(self, zygote: ZygoteProcess, number: int, arguments: tuple[int, ...]) -> list[int] | None:
        """The result and `errno`; None where the worker has ended instead."""
        worker = await Worker.start(zygote, "worker", self._answered, self._ended, 1 << 20)
        code = takeover(CALL.format(number=number, arguments=arguments))
        request = trial.request(code)
        rules = (JobRule(code.digest, code.code, False),)
        job = Job(
            1, request.user, request.context, rules, request.maps, request.returns, request.clock, request.seed
        )  # fmt: skip
        worker.send(frame(to_worker.encode(job)))
        answer = await asyncio.wait_for(self.end, 20)
        worker.kill()
        if answer is None:
            return None
        assert trial.outcomes(answer) == ["passed"], trial.errors(answer)
        result: list[int] = answer.returns["idToken"]["result"]
        return result

    def _answered(self, worker: Worker, body: bytes) -> None:
        self.end.set_result(msgspec.json.decode(body, type=Answer))

    def _ended(self, worker: Worker) -> None:
        if not self.end.done():
            self.end.set_result(None)


@pytest.fixture
async def zygote() -> AsyncIterator[ZygoteProcess]:
    zygote = ZygoteProcess(Limits(), lambda _: None)
    await zygote.start()
    yield zygote
    await zygote.stop()


async def results(
    zygote: ZygoteProcess, calls: list[tuple[str, tuple[int, ...]]]
) -> list[tuple[str, list[int] | None]]:
    at_once = asyncio.Semaphore(8)

    async def one(name: str, arguments: tuple[int, ...]) -> list[int] | None:
        async with at_once:
            return await Tried().call(zygote, NUMBERS[HERE][name], arguments)

    found = await asyncio.gather(*(one(name, arguments) for name, arguments in calls))
    return [(name, result) for (name, _), result in zip(calls, found, strict=True)]


@pytest.mark.anyio
async def test_every_call_of_linux_in_a_worker(zygote: ZygoteProcess) -> None:
    """Sockets, files, processes, signals, namespaces, mounts, keys, io_uring, bpf and all the rest."""
    permitted = {row.name for row in ALLOWED}
    calls: list[tuple[str, tuple[int, ...]]] = [(name, ()) for name in NUMBERS[HERE] if name not in permitted]
    assert len(calls) > 280
    for name, result in await results(zygote, calls):
        assert result == ([-1, errno.EPERM] if name in REFUSED else None), name


@pytest.mark.anyio
async def test_allowed_calls_with_other_arguments_in_a_worker(zygote: ZygoteProcess) -> None:
    for name, result in await results(zygote, BAD):
        assert result == [-1, errno.EPERM], name
