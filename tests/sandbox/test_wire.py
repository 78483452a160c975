"""A worker that a rule has taken over may send and claim anything: the service lives, and the deadline holds."""

# ruff: noqa: E501

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from sandbox import journal
from sandbox.limits import Limits
from sandbox.pool import Busy, Killed, Pool
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.leaving_off import leaving_off
from tests.sandbox.takeover import takeover
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

# What is sent instead of an answer. The worker is ended at once, tried once more, and then given up.
SENT = {
    "oversize": "channel.sendall(struct.pack('<I', 2 ** 32 - 1) + b'x' * 1000)\nhang()",
    "oversize by one": f"channel.sendall(struct.pack('<I', {8 * 1024 * 1024 + 1}))\nhang()",
    "garbage": "send(b'\\x00garbage')\nhang()",
    "empty": "send(b'')\nhang()",
    "no UTF-8": "send(b'\"\\xff\"')\nhang()",
    "another job": "send(json.dumps({'seq': job.seq + 1}).encode())\nhang()",
    "no job": "send(b'{}')\nhang()",
    "wrong type": "send(json.dumps({'seq': str(job.seq)}).encode())\nhang()",
    "wrong member": "send(json.dumps({'seq': job.seq, 'returns': [1]}).encode())\nhang()",
    "wrong denial": "send(json.dumps({'seq': job.seq, 'denial': {'step': 0, 'kind': 'allow', 'text': ''}}).encode())\nhang()",
    "deep": "send(b'{\"seq\":%d,\"returns\":{\"a\":' % job.seq + b'[' * 100_000)\nhang()",
    "deep and whole": "send(b'{\"seq\":%d,\"returns\":{\"a\":' % job.seq + b'[' * 9000 + b']' * 9000 + b'}}')\nhang()",
    "out of step": "channel.sendall(b'\\x00')",
    "death": "os._exit(3)",
    "a signal": "os.kill(os.getpid(), 11)",
}  # fmt: skip


async def still_works(pool: Pool, key: str) -> None:
    for other in (key, "other"):
        assert await trial.claims(pool, rule("context.idToken.ok = 1"), key=other) == {"ok": 1}


@pytest.mark.parametrize("name", SENT)
async def test_sent(pool: Pool, name: str) -> None:
    began = time.monotonic()
    result = await pool.run(trial.request(takeover(SENT[name]), key="wire"))
    assert isinstance(result, Killed)
    assert (result.step, result.cause) == (None if name == "out of step" else 0, "died")
    assert time.monotonic() - began < 2.0
    await still_works(pool, "wire")


async def test_an_answer_that_never_ends_meets_the_time_limit(pool: Pool) -> None:
    result = await pool.run(
        trial.request(takeover("channel.sendall(struct.pack('<I', 100) + b'{')\nhang()"), key="wire")
    )
    assert isinstance(result, Killed)
    assert (result.step, result.cause) == (0, "time")
    await still_works(pool, "wire")


async def test_more_answers_than_jobs_end_the_worker(pool: Pool) -> None:
    body = "text = json.dumps({'seq': job.seq, 'returns': {'idToken': {'a': 1}}}).encode()\nfor _ in range(1000):\n    send(text)\nhang()"
    result = await pool.run(trial.request(takeover(body), key="wire"))
    assert isinstance(result, Answer)
    assert result.returns == {"idToken": {"a": 1}}
    await still_works(pool, "wire")


FUTURE = "time.monotonic_ns() + 10 ** 15"
# What is claimed in the shared mapping before hanging: (body, seconds until the deadline, step and cause)
CLAIMED: dict[str, tuple[str, float, tuple[int | None, str] | None]] = {
    "a step out of range": (f"claim(job.seq, 99, 1, 0, {FUTURE})\nhang()", 0.4, (None, "deadline")),
    "a negative step": (f"claim(job.seq, -5, 1, 0, {FUTURE})\nhang()", 0.4, (None, "deadline")),
    "a start in the future": (f"claim(job.seq, 0, 1, 0, {FUTURE})\nhang()", 0.4, (0, "deadline")),
    "a start long ago": ("claim(job.seq, 0, 1, 0, 0)\nhang()", 5.0, (0, "time")),
    "a length over all bounds": ("claim(job.seq, 0, 1, 2 ** 32 - 1, 0)\nhang()", 5.0, (0, "time")),
    "another job": (f"claim(job.seq + 7, 0, 1, 0, {FUTURE})\nhang()", 0.4, None),
    "an unknown phase": (f"claim(job.seq, 0, 77, 0, {FUTURE})\nhang()", 0.4, None),
    "idle": (f"claim(job.seq, 0, 0, 0, {FUTURE})\nhang()", 0.4, None),
    "collecting": (f"claim(job.seq, 0, 2, 0, {FUTURE})\nhang()", 0.4, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMED)
async def test_claimed(pool: Pool, name: str) -> None:
    body, seconds, expected = CLAIMED[name]
    began = time.monotonic()
    try:
        result = await pool.run(trial.request(takeover(body), key="wire", seconds=seconds))
    except Busy as error:
        assert (expected, str(error)) == (None, "the deadline came before a worker was free")
    else:
        assert isinstance(result, Killed)
        assert (result.step, result.cause) == expected
        assert 0 <= result.seconds <= 60
        assert len(result.journal) <= 256 * 1024
    assert time.monotonic() - began < 1.0
    await still_works(pool, "wire")


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe", b'["write",0,"add","/x",null,', b'["write","a"],', b'["end",0,"allowed",1,null],', b"[" * 5000],
)
async def test_a_forged_trace_is_no_trace(pool: Pool, text: bytes) -> None:
    body = f"text = {text!r}\nprogress._map[64:64 + len(text)] = text\nclaim(job.seq, 0, 1, len(text), 0)\nhang()"
    result = await pool.run(trial.request(takeover(body), key="wire"))
    assert isinstance(result, Killed)
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
        journal.read(result.journal)


async def test_the_shared_mapping_cannot_be_shrunk_under_the_service(pool: Pool) -> None:
    """The service would end by SIGBUS at its next look."""
    body = """
    for fd in range(3, 64):
        try:
            os.ftruncate(fd, 0)
            context["idToken"]["shrunk"] = fd
        except OSError:
            pass
    """
    result = await pool.run(trial.request(takeover(body), key="wire"))
    assert isinstance(result, Killed)  # by the filter of system calls; the mapping is sealed besides
    assert result.cause == "died"
    await still_works(pool, "wire")


async def test_descriptors_sent_along_do_not_arrive(pool: Pool) -> None:
    body = """
    rights = [(1, 1, struct.pack("i", 0))]
    text = json.dumps({"seq": job.seq}).encode()
    channel.sendmsg([struct.pack("<I", len(text)) + text], rights)
    try:
        for _ in range(50):
            channel.sendmsg([b"x"], rights)
    except OSError:
        pass
    hang()
    """
    assert isinstance(await pool.run(trial.request(takeover(body), key="wire")), Killed)  # by the filter
    await still_works(pool, "wire")
    # Without the filter they leave the worker, and the service does not take them.
    unfiltered = Pool(Limits(), workers=4, workers_per_tenant=2, queue=10, unconfined_by=["system_calls"])
    with leaving_off(["system_calls"]):
        await unfiltered.start()
    before = trial.open_files()
    for _ in range(3):
        assert isinstance(await unfiltered.run(trial.request(takeover(body), key="wire")), Answer)
    await still_works(unfiltered, "wire")
    await asyncio.sleep(0.1)
    assert trial.open_files() <= before + 12
    await unfiltered.close()
