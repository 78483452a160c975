"""`cache`: values that a tenant's rules keep from one login to another, for a time."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.calls import Calls
from sandbox.exchanges import LARGEST_VALUE, LONGEST_KEY, LONGEST_TTL, CacheAnswer, CacheRequest
from sandbox.modules import Namespace
from sandbox.plain import NotPlain, plain

TTL = 3600

_answer = msgspec.json.Decoder(CacheAnswer)


def cache(calls: Calls, depth: int) -> Namespace:
    """One step's `cache`."""

    def ask(request: CacheRequest) -> CacheAnswer:
        answer = _answer.decode(calls.ask("cache", request))
        if answer.failure is not None:
            raise RuntimeError(answer.failure)
        if answer.warning is not None:
            calls.warn(answer.warning)
        return answer

    def get(key: str, default: Any = None) -> Any:
        answer = ask(CacheRequest("get", _key(key)))
        return answer.value if answer.found else default

    def set(key: str, value: Any, ttl: float = TTL) -> None:  # noqa: A001  its errors name it
        if type(ttl) not in (int, float) or not 0 < ttl <= LONGEST_TTL:
            raise ValueError(f"`ttl` is a number of seconds above 0, and at most {LONGEST_TTL} (30 days)")
        try:
            text = msgspec.json.encode(plain(value, depth))
        except NotPlain as error:
            raise ValueError(f"the value: {error}") from None
        if len(text) > LARGEST_VALUE:
            raise ValueError(f"the value has {len(text)} bytes of JSON: the limit is {LARGEST_VALUE}")
        ask(CacheRequest("set", _key(key), msgspec.Raw(text), float(ttl)))

    def delete(key: str) -> None:
        ask(CacheRequest("delete", _key(key)))

    return Namespace("cache", {"get": get, "set": set, "delete": delete})


def _key(key: Any) -> str:
    if type(key) is not str:
        raise TypeError(f"a key is a string, not a `{type(key).__name__}`")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise ValueError("a key holds half a surrogate pair") from None
    if not 0 < len(key) <= LONGEST_KEY:
        raise ValueError(f"a key has 1 to {LONGEST_KEY} characters")
    return key
