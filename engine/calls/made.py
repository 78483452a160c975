"""The calls of one execution: made once, however often its rules are run, and noted with their answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from engine.masked import masked_message
from engine.masking import MASK, NOTHING, Masking
from engine.models import NULL, CallRecord
from sandbox.exchanges import READS, CacheAnswer, CacheRequest, HttpAnswer, HttpRequest
from sandbox.limits import Limits
from sandbox.wire import Call, CallKind

MOST_ANSWERED = 8 * 1024 * 1024  # bytes of JSON: answers are held until the execution ends, for another run of it
LONGEST_SHOWN = 200  # characters of an address in a record that has no room for its call
BEFORE_THE_END = 0.05  # seconds before the deadline by which a call ends, for the rule to say what that means
# Not shown in a record, whatever they hold.
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
TOO_MUCH = f"the answers of this login have more than {MOST_ANSWERED // 1024 // 1024} MB"
NOT_RECORDED = "the recorded execution has no answer to this call"

_http = msgspec.json.Decoder(HttpRequest)
_cache = msgspec.json.Decoder(CacheRequest)


class World(Protocol):
    """What is outside (`engine.calls.outside`), or stands in for it."""

    async def http(self, tenant: str, request: HttpRequest, hosts: tuple[str, ...], seconds: float) -> bytes: ...

    async def cache(self, tenant: str, request: CacheRequest) -> bytes: ...


class _Entry:
    __slots__ = ("answer", "call", "ms", "since", "then")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.since = time.monotonic()
        self.ms: float | None = None
        self.answer: bytes | None = None
        self.then: CallRecord | None = None  # the recorded call that it is answered from


class Made:
    """Answers the calls of one execution (`sandbox.brokering.Broker`)."""

    def __init__(
        self,
        outside: World | None,
        tenant: str,
        hosts: tuple[str, ...],
        deadline: float,
        limits: Limits,
        masking: Masking,
        recorded: Sequence[CallRecord] | None = None,
    ) -> None:
        """`hosts` may be called; `deadline` is on the monotonic clock. Where `recorded` calls are given, their answers
        are those of then, and nothing goes outside."""
        self._outside = outside
        self._tenant, self._hosts = tenant, hosts
        self._deadline = deadline
        self._limits = limits
        self._masking = masking
        self._recorded = recorded
        self._entries: dict[tuple[int, int], _Entry] = {}
        self.changes = False
        self.unrecorded: CallRecord | None = None  # the first that the record had no answer to

    async def answer(self, call: Call) -> bytes:
        """See `Broker`. What an earlier run of the same execution has asked is answered as it was then."""
        key = call.step, call.ordinal
        known = self._entries.get(key)
        if known is not None and known.answer is not None and _same(known.call, call):
            return known.answer
        for other in [other for other in self._entries if other[0] == call.step and other[1] >= call.ordinal]:
            del self._entries[other]
        entry = self._entries[key] = _Entry(call)
        try:
            if self._recorded is not None:
                entry.then = self._then(call, self._recorded)
                entry.answer = self._from_record(call, entry.then)
            else:
                entry.answer = await self._from_outside(call)
                if sum(len(other.answer or b"") for other in self._entries.values()) > MOST_ANSWERED:
                    entry.answer = _failed(call.kind, TOO_MUCH)
        except asyncio.CancelledError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            entry.answer = _failed(call.kind, "the call cannot be read")
        finally:
            entry.ms = (time.monotonic() - entry.since) * 1000
        return entry.answer

    def noted(self) -> tuple[CallRecord, ...]:
        """The calls in their order, secrets masked. Those that were cut off have no answer. Those that the record has
        no room for have none either, and of their requests no more than where they went."""
        room = self._limits.calls_kept
        found = []
        for _, entry in sorted(self._entries.items()):
            answer = entry.answer
            room -= len(answer or b"") + len(entry.call.request)
            found.append(self._noted(entry, answer) if room >= 0 else self._noted(entry, None, short=True))
        return tuple(found)

    def _noted(self, entry: _Entry, answer: bytes | None, *, short: bool = False) -> CallRecord:
        ms = entry.ms if entry.ms is not None else (time.monotonic() - entry.since) * 1000
        try:
            request = self._masked(entry.call)
            masked = answer and self._credentials(entry.call).message(self._masking.message(answer))
        except RecursionError:  # no honest worker nests so deep
            request, masked, answer = {}, None, None
        return CallRecord(
            step=entry.call.step,
            ordinal=entry.call.ordinal,
            kind=entry.call.kind,
            line=entry.call.line,
            ms=round(ms, 3),
            request=_shown(_short(request) if short else request),
            answer=NULL if answer is None else msgspec.Raw(answer),
            masked=NULL if masked is None or masked == answer else msgspec.Raw(masked),
        )

    async def _from_outside(self, call: Call) -> bytes:
        if self._outside is None:
            return _failed(call.kind, "calls are not made here")
        seconds = self._deadline - time.monotonic() - BEFORE_THE_END
        if call.kind == "http":
            request = _http.decode(call.request)
            self.changes |= request.method not in READS
            return await self._outside.http(self._tenant, request, self._hosts, seconds)
        # Twice the same value is kept as well as once: that is no change for `changes`.
        return await self._outside.cache(self._tenant, _cache.decode(call.request))

    def _then(self, call: Call, recorded: Sequence[CallRecord]) -> CallRecord | None:
        """The same call of the same rule: at its place, else the first that none was answered from. Another rule may
        make one more or one less."""
        request = self._masked(call)
        taken = {entry.then.ordinal for (step, _), entry in self._entries.items() if step == call.step and entry.then}
        left = [one for one in recorded if (one.step, one.kind) == (call.step, call.kind) and one.ordinal not in taken]
        left.sort(key=lambda one: one.ordinal != call.ordinal)
        return next((one for one in left if msgspec.json.decode(one.request) == request), None)

    def _from_record(self, call: Call, then: CallRecord | None) -> bytes:
        if then is not None and then.answered:
            return bytes(then.answer)
        if self.unrecorded is None:
            self.unrecorded = self._noted(_Entry(call), None)
        return _failed(call.kind, NOT_RECORDED)

    def _credentials(self, call: Call) -> Masking:
        """Of a call, for hosts that repeat them: headers, and what stands in them behind `Bearer` and the like."""
        if b'"headers"' not in bytes(call.request):
            return NOTHING
        request = msgspec.json.decode(call.request)
        headers = request.get("headers") if isinstance(request, dict) else None
        found = [
            str(value)
            for name, value in (headers or {}).items()
            if isinstance(name, str) and name.lower() in SECRET_HEADERS
        ]
        return Masking([*found, *(value.rpartition(" ")[2] for value in found)])

    def _masked(self, call: Call) -> Any:
        """A call's request as JSON data, without its secrets."""
        request = msgspec.json.decode(call.request)
        if isinstance(request, dict) and isinstance(headers := request.get("headers"), dict):
            request["headers"] = {
                name: MASK if name.lower() in SECRET_HEADERS else value for name, value in headers.items()
            }
        return masked_message(request, self._masking.value)


def _same(one: Call, other: Call) -> bool:
    return one.kind == other.kind and bytes(one.request) == bytes(other.request)


def _failed(kind: CallKind, message: str) -> bytes:
    return msgspec.json.encode(_FAILED[kind](message))


_FAILED: Mapping[CallKind, Callable[[str], HttpAnswer | CacheAnswer]] = {
    "http": lambda message: HttpAnswer(failure="failed", message=message),
    "cache": lambda message: CacheAnswer(failure=message),
}


def _short(request: Any) -> Any:
    """Which call it was."""
    if not isinstance(request, dict):
        return {}
    return {
        name: str(value)[:LONGEST_SHOWN] for name, value in request.items() if name in ("method", "url", "op", "key")
    }


def _shown(request: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(request))
