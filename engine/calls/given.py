"""Answers that are given together with an execution, in place of the outside: for trying and testing rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from sandbox.exchanges import CacheAnswer, CacheRequest, Failure, HttpAnswer, HttpRequest, Method


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a host answers to one call of this method and address: `json`, or `body` as text; or how it fails."""

    method: Method = "GET"
    url: str
    status: int = 200
    headers: dict[str, str] = {}
    body: str = ""
    json: Any = None
    failure: Failure | None = None


class Given:
    """Each exchange answers one call, the first that is left with its method and address, as `shown` writes that.
    Nothing goes outside; values are kept for this execution only. `answered` are those that did, with the addresses
    that were asked, and `left` the others."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        kept: Mapping[str, Any] | None = None,
        shown: Callable[[str], str] = str,
    ) -> None:
        self.left = list(exchanges)
        self.answered: list[Exchange] = []
        self._kept = dict(kept or {})
        self._shown = shown

    async def http(self, tenant: str, request: HttpRequest, hosts: tuple[str, ...], seconds: float) -> bytes:
        asked = request.method, self._shown(request.url)
        found = next((one for one in self.left if (one.method, one.url) == asked), None)
        if found is None:
            text = f"no answer is given to `{request.method} {request.url[:200]}`"
            return msgspec.json.encode(HttpAnswer(failure="failed", message=text))
        self.left.remove(found)
        self.answered.append(msgspec.structs.replace(found, url=request.url))
        if found.failure is not None:
            text = f"`{request.method} {request.url[:200]}` fails, as it was given: {found.failure}"
            return msgspec.json.encode(HttpAnswer(failure=found.failure, message=text))
        headers = {name.lower(): value for name, value in found.headers.items()}
        body = found.body
        if found.json is not None:
            body = msgspec.json.encode(found.json).decode()
            headers.setdefault("content-type", "application/json")
        return msgspec.json.encode(HttpAnswer(status=found.status, url=request.url, headers=headers, body=body))

    async def cache(self, tenant: str, request: CacheRequest) -> bytes:
        found = CacheAnswer()
        if request.op == "get" and request.key in self._kept:
            found = CacheAnswer(found=True, value=self._kept[request.key])
        elif request.op == "set":
            self._kept[request.key] = msgspec.json.decode(request.value)
        elif request.op == "delete":
            self._kept.pop(request.key, None)
        return msgspec.json.encode(found)
