"""A trace of each login for OpenTelemetry: a span for the execution, below the one that the issuer has sent, and one
for each rule.

They are made when all is over, of what the execution has recorded, by a thread of their own: a login only leaves a few
things here. What waits is bounded, and what finds no room, or no collector, is counted. Nothing of a user, a claim or a
rule's texts is in a span.

OpenTelemetry is imported when it is asked for, and may not be there else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import structlog

from api.settings import BadSetting
from engine.execution import Execution
from engine.models import Origin
from engine.trace import Trace
from sandbox.wire import MOST_LINES

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

log = structlog.get_logger("claimsmith.spans")

MOST = 2_000  # executions that wait
MOST_BYTES = 16 * 1024 * 1024  # of what their rules did
BATCH = 100
CODE = re.compile(r"[a-z_]{1,64}")
PAUSE = 0.5  # seconds between batches
TIMEOUT = 5.0  # seconds that a collector may take
LAST_WORDS = 2.0  # for what waits when the service stops
VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
NO_TRACES: Mapping[str, int] = {"sent": 0, "failed": 0, "dropped": 0}


class _Ended(msgspec.Struct, frozen=True):
    """What a trace is made of."""

    id: str
    tenant: str
    revision: int
    decision: str
    error: str | None
    issuer: str
    origin: Origin | None
    trace: Trace
    end: int  # nanoseconds since the epoch
    seconds: float


def exporter(endpoint: str) -> SpanExporter:
    """To the collector at `endpoint`; headers and certificates are those of OpenTelemetry's own variables. Raises
    `BadSetting`."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise BadSetting(
            VARIABLE, "OpenTelemetry is not installed: install `claimsmith[otel]`, or leave it unset"
        ) from None
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=TIMEOUT)


class Spans:
    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._waiting: deque[_Ended] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._maker = _Maker()
        self._thread = threading.Thread(target=self._work, name="spans", daemon=True)
        self._failing = False
        self.counts: Counter[str] = Counter(NO_TRACES)

    def start(self) -> None:
        self._thread.start()

    async def close(self) -> None:
        """Send what waits, within a bounded time."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, LAST_WORDS)
        with contextlib.suppress(Exception):
            await asyncio.to_thread(self._exporter.shutdown)  # it gives up what it tries again and again
        await asyncio.to_thread(self._thread.join, LAST_WORDS)
        self.counts["dropped"] += len(self._waiting)

    def note(self, execution: Execution, issuer: str) -> None:
        """A login that was decided. One whose trace the caller does not keep has none here."""
        origin = execution.transaction.origin
        if origin is not None and origin.trace_id is not None and not origin.sampled:
            return
        size = len(bytes(execution.trace.journal))
        if len(self._waiting) >= MOST or self._bytes + size > MOST_BYTES:
            self.counts["dropped"] += 1
            return
        with self._lock:
            self._bytes += size
        self._waiting.append(
            _Ended(
                execution.id,
                execution.tenant,
                execution.revision,
                execution.decision,
                None if execution.denial is None else execution.denial.error,
                issuer,
                origin,
                msgspec.structs.replace(execution.trace, calls=()),  # which may be large
                time.time_ns(),
                execution.seconds,
            )
        )

    def _work(self) -> None:
        while not self._stopping.wait(PAUSE) or self._waiting:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                with self._lock:
                    self._bytes -= sum(len(bytes(one.trace.journal)) for one in batch)
                self._send(batch)
                if self._failing:
                    break
            if self._failing and self._stopping.is_set():
                return

    def _send(self, batch: Sequence[_Ended]) -> None:
        spans = [span for one in batch for span in self._made(one)]
        if not spans:  # by the sampler
            return
        try:
            good = self._exporter.export(spans).name == "SUCCESS"
        except Exception as error:  # whatever it is, the next batch has its turn
            log.debug("the exporter of traces failed", error=type(error).__name__)
            good = False
        self.counts["sent" if good else "failed"] += len(batch)
        if good is self._failing:
            if good:
                log.info("traces are sent again")
            else:
                log.warning("traces cannot be sent: the collector does not take them", setting=VARIABLE)
        self._failing = not good

    def _made(self, one: _Ended) -> Sequence[ReadableSpan]:
        try:
            return self._maker.spans(one)
        except Exception:  # what a rule has done to its own trace is no other's loss
            log.exception("a trace cannot be made", execution_id=one.id, tenant=one.tenant)
            return ()


class _Maker:
    """Makes spans of what is over, with OpenTelemetry's own sampler, limits and resource."""

    def __init__(self) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

        ended: list[ReadableSpan] = []

        class Kept(SpanProcessor):
            def on_end(self, span: ReadableSpan) -> None:
                ended.append(span)

        own = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "claimsmith"}
        provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
        provider.add_span_processor(Kept())
        self._tracer = provider.get_tracer("claimsmith")
        self._ended = ended

    def spans(self, one: _Ended) -> list[ReadableSpan]:
        self._ended.clear()
        self._trace(one)
        return list(self._ended)

    def _trace(self, one: _Ended) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        begin = one.end - round(one.seconds * 1e9)
        attributes: dict[str, str | int] = {
            "claimsmith.execution_id": one.id,
            "claimsmith.tenant": one.tenant,
            "claimsmith.revision": one.revision,
            "claimsmith.decision": one.decision,
            "claimsmith.issuer": one.issuer,
        }
        if one.error is not None:
            attributes["claimsmith.error"] = one.error
        span = self._tracer.start_span(
            "execution", _above(one.origin), kind=SpanKind.SERVER, attributes=attributes, start_time=begin
        )
        if span.is_recording():
            if one.error == "server_error":
                span.set_status(Status(StatusCode.ERROR))
            self._rules(one, begin, set_span_in_context(span))
        span.end(one.end)

    def _rules(self, one: _Ended, begin: int, above: Context) -> None:
        """One behind the other, up to the end: how long each took was measured, and not when it began."""
        from opentelemetry.trace import Status, StatusCode

        steps = one.trace.steps()
        at = max(begin, one.end - sum(round(step.ms * 1e6) for step in steps))
        for step in steps:
            attributes: dict[str, str | int] = {
                "claimsmith.rule": step.rule,
                "claimsmith.rule_id": step.rule_id,
                "claimsmith.version": step.version,
                "claimsmith.outcome": step.outcome,
            }
            if step.error is not None:
                # A worker has said so, and may say anything.
                attributes["claimsmith.error"] = step.error.code if CODE.fullmatch(step.error.code) else "unknown"
                if step.error.line is not None and 0 < step.error.line <= MOST_LINES:
                    attributes["claimsmith.line"] = step.error.line
            span = self._tracer.start_span(f"rule {step.rule}", above, attributes=attributes, start_time=at)
            if step.error is not None:
                span.set_status(Status(StatusCode.ERROR))
            at = min(at + max(0, round(step.ms * 1e6)), one.end)
            span.end(at)


def _above(origin: Origin | None) -> Context:
    """Where the caller's trace goes on; a new one where it has none."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if origin is None or origin.trace_id is None or origin.span_id is None:
        return Context()
    parent = SpanContext(int(origin.trace_id, 16), int(origin.span_id, 16), is_remote=True, trace_flags=TraceFlags(1))
    return set_span_in_context(NonRecordingSpan(parent), Context())
