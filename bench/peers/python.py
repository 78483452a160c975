"""`python -m bench.peers.python KIND PORT RULES`: what one could do instead, each behind Starlette on uvicorn.

bare      a constant answer: what a request costs before anything is decided
trusted   the rules as plain functions of the service
compiled  each rule compiled and executed for each request, as authentik does with its expressions
naive     RestrictedPython the usual way: compiled once, its own guards, copies of `user` and `context` for each rule
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from RestrictedPython import compile_restricted, safe_builtins  # type: ignore[attr-defined]
from RestrictedPython.Eval import default_guarded_getitem, default_guarded_getiter
from RestrictedPython.Guards import full_write_guard, guarded_iter_unpack_sequence, safer_getattr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.bodies import ANSWER

Pair = tuple[Any, Any]


def trusted(sources: list[str]) -> Callable[[Pair], Pair]:
    rules = []
    for source in sources:
        names: dict[str, Any] = {}
        exec(compile(source, "<rule>", "exec"), names)
        rules.append(names["rule"])

    def decide(pair: Pair) -> Pair:
        for rule in rules:
            rule(*pair)
        return pair

    return decide


def compiled(sources: list[str]) -> Callable[[Pair], Pair]:
    return lambda pair: trusted(sources)(pair)


def naive(sources: list[str]) -> Callable[[Pair], Pair]:
    codes = [compile_restricted(source, "<rule>", "exec") for source in sources]
    allowed = {"re": __import__("re")}

    def load(name: str, *rest: Any) -> Any:
        return allowed[name]

    def decide(pair: Pair) -> Pair:
        for code in codes:
            names = {
                "__builtins__": {**safe_builtins, "__import__": load},
                "_getattr_": safer_getattr,
                "_getitem_": default_guarded_getitem,
                "_getiter_": default_guarded_getiter,
                "_iter_unpack_sequence_": guarded_iter_unpack_sequence,
                "_write_": full_write_guard,
            }
            exec(code, names)
            pair = copy.deepcopy(pair)
            names["rule"](*pair)
        return pair

    return decide


KINDS = {"trusted": trusted, "compiled": compiled, "naive": naive}


def application(kind: str, sources: list[str]) -> Starlette:
    decide = KINDS[kind](sources) if kind in KINDS else None

    async def execute(request: Request) -> Response:
        body = await request.body()
        if decide is None:
            return Response(ANSWER, media_type="application/json")
        sent = msgspec.json.decode(body)
        _, context = decide((sent["user"], sent["context"]))
        tokens = {"idToken": context["idToken"], "accessToken": context["accessToken"]}
        return Response(msgspec.json.encode(tokens), media_type="application/json")

    return Starlette(routes=[Route("/v1/execute", execute, methods=["POST"])])


if __name__ == "__main__":
    texts = [Path(path).read_text() for path in sys.argv[3].split(",")]
    app = application(sys.argv[1], texts)
    uvicorn.run(
        app, port=int(sys.argv[2]), loop="uvloop", http="httptools", access_log=False, log_level="error", lifespan="off"
    )
