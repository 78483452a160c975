"""Hostile frames, made of the choices of a `Draw`: what a taken-over worker does, and jobs that are nearly right."""

# ruff: noqa: E501

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from sandbox.pool import RuleCode
from sandbox.progress import SIZE
from sandbox.wire import CompileJob, Job, JobRule, frame, to_worker
from tests.fuzz.draw import Draw, chance, pick
from tests.sandbox import trial

# `deeds` are pairs of a word and its argument; bytes travel as base64. `SEQ` stands for the job's number.
HOSTILE = """
decode, pack = sys.modules["base64"].b64decode, struct.pack

def body_of(text):
    return decode(text).replace(b'"SEQ"', str(job.seq).encode())

for word, argument in user["deeds"]:
    if word == "send":
        channel.sendall(body_of(argument))
    elif word == "frame":
        send(body_of(argument))
    elif word == "slowly":
        text = body_of(argument)
        for byte in pack("<I", len(text)) + text:
            channel.sendall(bytearray([byte]))
    elif word == "claim":
        known = {"seq": job.seq, "now": time.monotonic_ns()}
        header.pack_into(progress._map, 0, *[known.get(value, value) for value in argument])
    elif word == "write":
        text = decode(argument[1])
        progress._map[argument[0] : argument[0] + len(text)] = text
    elif word == "wait":
        until = time.monotonic() + argument
        while time.monotonic() < until:
            pass
    elif word == "die":
        os._exit(argument)
    elif word == "signal":
        os.kill(os.getpid(), argument)
    elif word == "hang":
        hang()
    elif word == "close":
        channel.close()
    elif word == "raise":
        raise builtins.Exception(argument)
"""


# What a worker may send


def answers(draw: Draw) -> bytes:
    """The body of a frame: an answer that is right, or nearly so."""
    value: dict[str, Any] = {
        name: pick(draw, wrong) if chance(draw, 8) else pick(draw, right) for name, (right, wrong) in MEMBERS.items()
    }
    value["returns"] = {"idToken": _json(draw, 3), "accessToken": {}}
    if chance(draw, 15):
        value["journal"] = _json(draw, 2)
    if chance(draw, 10):
        del value[pick(draw, tuple(value))]
    if chance(draw, 20):
        value[pick(draw, ("invalid", "more", "", "seq ", "__class__"))] = _json(draw, 1)
    return json.dumps(value).encode()


# member of an answer: right values, and wrong ones
MEMBERS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "seq": (("SEQ",), (0, -1, 2**63, 2**64, 1.0, None, True, "1", [1])),
    "returns": (({},), (None, [], "x", {"idToken": 1})),
    "updates": (({}, {"user_metadata": None}, {"user_metadata": {"a": 1}}), ({"x": [1]}, None, [])),
    "denial": (
        (None, None, {"step": 0, "kind": "unauthorized", "text": "no"}),
        ({"step": -1, "kind": "x", "text": 1}, [], "no"),
    ),
    "skipped": (([], [0]), ([-1, 2**70], "x", None)),
    "journal": (([["end", 0, "passed", 1, None]], []), (None, "x", {}, [[]], 5)),
    "tired": ((False, True), (0, "yes", None)),
}


def _json(draw: Draw, depth: int) -> Any:
    kind = draw.below(9 if depth > 0 else 6)
    if kind < 6:
        return pick(draw, (0, "x", None, True, -1.5, 2**64, 2**63 - 1, "\u2603" * 5, "a" * 300, 1e308, "\ud800", ""))
    if kind == 6:
        return [_json(draw, depth - 1) for _ in range(draw.below(4))]
    return {
        pick(draw, ("a", "b", "iss", "sub", "", "é", "a" * 50)): _json(draw, depth - 1) for _ in range(draw.below(4))
    }


def mutated(draw: Draw, text: bytes) -> bytes:
    """`text` with some of it changed, as bytes."""
    for _ in range(draw.below(4)):
        at = draw.below(len(text) + 1)
        form = draw.below(9)
        if form == 0:
            text = text[:at] + bytes([draw.below(256)]) + text[at + 1 :]
        elif form == 1:
            text = text[:at] + text[at + 1 + draw.below(8) :]
        elif form == 2:
            text = text[:at] + text[:at][-draw.below(20) - 1 :] + text[at:]
        elif form == 3:
            text = text[:at] + pick(draw, RAW) + text[at:]
        elif form == 4:
            text = text[:at]
        elif form == 5:
            old, new = pick(draw, SWAPS)
            text = text.replace(old, new, 1 + draw.below(3))
        elif form == 6:
            text = text[:at] + bytes(draw.below(256) for _ in range(1 + draw.below(12))) + text[at:]
        elif form == 7:
            text = text * 2
    return text


RAW = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"NaN", b"Infinity", b"-", b"1e999", b"{", b"}", b"[" * 200, b"]", b'"', b"\\u0000", b"\\ud800", b",", b":",
    b"null", b'"a":1,', b"9" * 400, b"[" * 5000, b'{"a":' * 300, b"\xef\xbb\xbf", b"//", b" " * 100, b"\xc1\xc0\xdf\xdd\xdc", b"0" * 30, b"\\", b"\xf4\x90\x80\x80",
)  # fmt: skip
SWAPS = (
    (b"{", b"["), (b"}", b"]"), (b":", b","), (b'"', b""), (b"null", b"NaN"), (b'"idToken"', b'"idToken":{"b":2},"idToken"'), (b"1", b"1.0"), (b"0", b"-0"),
    (b'"seq"', b'"seq":1,"seq"'), (b'"SEQ"', b'"SEQ",'), (b"true", b"True"), (b",", b",,"), (b"}", b"},"), (b'"', b"'"), (b"[]", b"{}"), (b"{}", b"[]"),
)  # fmt: skip
SIZES = (0, 1, 3, 2**16, 8 * 2**20, 8 * 2**20 + 1, 2**31, 2**32 - 1)


def deeds(draw: Draw) -> list[list[Any]]:
    """What a taken-over worker does with its job."""
    done: list[list[Any]] = []
    for _ in range(1 + draw.below(4)):
        form = draw.below(14)
        if form < 5:
            body = answers(draw)
            done.append(["frame", b64(mutated(draw, body) if chance(draw, 70) else body)])
        elif form == 5:
            body = mutated(draw, answers(draw))
            done.append(["send", b64(struct.pack("<I", pick(draw, SIZES)) + body)])
        elif form == 6:
            done.append(["send", b64(bytes(draw.below(256) for _ in range(draw.below(64))))])
        elif form == 7:
            done.append(["slowly", b64(answers(draw))])
        elif form == 8:
            done += [["frame", b64(answers(draw))]] * pick(draw, (2, 5, 50))
        elif form in (9, 10):
            seq = pick(draw, ("seq", "seq", "seq", 0, 1, 2**64 - 1))
            step, phase = pick(draw, (0, 0, 1, -1, 2**62, -(2**63))), pick(draw, (0, 1, 1, 2, 77, -1))
            length = pick(draw, (0, 5, SIZE - 64, SIZE, 2**31, 2**32 - 1))
            started = pick(draw, ("now", "now", 0, 1, 2**63, 2**64 - 1))
            done.append(["claim", [seq, step, phase, length, started]])
        elif form == 11:
            text = mutated(
                draw,
                b'["write",0,"add","/context/idToken/a",null,1,2],["log",0,"info","x",1],["deny",0,"unauthorized","no"],',
            )
            done.append(["write", [pick(draw, (64, 64, 0, 20, SIZE - 70)), b64(text[:60_000])]])
        elif form == 12:
            done.append(["wait", pick(draw, (0.001, 0.02, 0.1))])
        else:
            done.append(
                pick(
                    draw,
                    (
                        ["die", 0],
                        ["die", 3],
                        ["signal", 11],
                        ["signal", 6],
                        ["signal", 9],
                        ["hang", 0],
                        ["close", 0],
                        ["raise", "x"],
                    ),
                )
            )
            break
    return done


def b64(text: bytes) -> str:
    return base64.b64encode(text).decode()


# What is sent to a worker


def jobs(draw: Draw, good: RuleCode) -> bytes:
    """A frame for a worker: a job that is right, or nearly so."""
    rule = JobRule(
        good.digest,
        pick(draw, (good.code, good.code, b"", b"x", good.code[: draw.below(len(good.code))])),
        chance(draw, 20),
    )
    user, context = json.dumps(trial.USER).encode(), json.dumps(trial.CONTEXT).encode()
    job = Job(
        pick(draw, (1, 0, 2**63 - 1, -1)),
        mutated(draw, user) if chance(draw, 40) else user,
        mutated(draw, context) if chance(draw, 40) else context,
        (rule,) * pick(draw, (1, 1, 0, 2, 40)),
        pick(draw, (("idToken", "accessToken"), (), ("stats",), ("clientID",))),
        pick(draw, (trial.RETURNS, (), ("nothing", "stats"))),
        pick(draw, (trial.CLOCK, 0, -1, 2**62, -(2**62))),
        pick(draw, (trial.SEED, b"", b"x" * 4000)),
        pick(draw, ((), (0,), (5, -1))),
    )
    body = to_worker.encode(pick(draw, (job, job, job, CompileJob("def rule(user, context): pass"))))
    if chance(draw, 60):
        body = mutated(draw, body)
    if chance(draw, 10):
        return struct.pack("<I", pick(draw, SIZES)) + body
    return frame(body)
